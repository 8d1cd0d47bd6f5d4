"""What of a case still runs, asked of the rows: one look for each sort of hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, and_, exists, or_, select

from vault.cases.access_requests import Act
from vault.cases.referrals import WITH_PARTNER, ReferralStatus
from vault.erasures import Names
from vault.ids import CaseId
from vault.lifecycle.holds import Hold
from vault.storage import tables as t
from vault.storage.transaction import Transaction
from vault.vocabulary import CASEWORK, OVERSIGHT, Kind


def holds(tx: Transaction, case: CaseId, names: Names, now: datetime) -> list[Hold]:
    """In the order of `Hold`; its state, whether it is due, and which receipts have come are the caller's."""
    return [hold for hold, wanted in _looks(case.raw, dict(names).get(OVERSIGHT, b""), now)
            if tx.read(wanted.limit(1)).first() is not None]  # fmt: skip


def _looks(case: bytes, in_oversight: bytes, now: datetime) -> Iterator[tuple[Hold, Select[Any]]]:
    referrals, consents = t.referrals.c, t.consents.c
    of_case = select(referrals.referral_id).where(referrals.case_id == case)
    live = exists().where(
        consents.consent_id == referrals.consent_id, consents.withdrawn_at.is_(None), consents.expires_at > now
    )
    yield Hold.REFERRAL, of_case.where(referrals.status.in_([s.value for s in WITH_PARTNER]), live)
    yield Hold.RECEIPT, of_case.where(referrals.status == ReferralStatus.WITHDRAWN.value, referrals.receipt_due > now)
    yield from _requests(case, now)
    emergencies = t.break_glass.c
    waits = and_(emergencies.decided_at.is_(None), emergencies.lapses_at > now)
    runs = and_(emergencies.decided_at.is_not(None), emergencies.expires_at > now)
    yield (
        Hold.EMERGENCY,
        select(emergencies.emergency_id).where(
            emergencies.case_id == case, emergencies.ended_at.is_(None), or_(waits, runs)
        ),
    )
    samples, ends = t.case_samples.c, t.case_sample_ends.c
    ended = exists().where(ends.sample_id == samples.sample_id)
    yield Hold.SAMPLE, select(samples.sample_id).where(samples.case_id == case, samples.expires_at > now, ~ended)
    sent = t.releases.c
    mine = and_(sent.reader == str(OVERSIGHT), sent.subject == in_oversight)
    yield (
        Hold.REPORT,
        select(sent.release_id).where(mine, sent.kind == Kind.ACCESS_REPORT.value, sent.expires_at > now),
    )


#: What ends a request for good, besides time and what was let go upon it.
_ANSWERED: Final = (Act.REFUSED.value,)


def _requests(case: bytes, now: datetime) -> Iterator[tuple[Hold, Select[Any]]]:
    requests, taken, answers = t.access_requests.c, t.taken_requests.c, t.access_answers.c
    grants, ceremonies = t.grants.c, t.ceremonies.c
    of_case = (
        select(requests.request_id)
        .join(t.taken_requests, taken.request_id == requests.request_id)
        .where(taken.case_id == case)
    )

    def said(*acts: str) -> Any:
        return exists().where(answers.request_id == requests.request_id, answers.act.in_(acts))

    given = exists().where(grants.request_id == requests.request_id)
    begun = exists().where(ceremonies.request_id == requests.request_id)
    yield Hold.REQUEST, of_case.where(requests.due_at > now, ~said(*_ANSWERED), ~given, ~begun)
    open_grant = exists().where(
        grants.request_id == requests.request_id, grants.revoked_at.is_(None), grants.expires_at > now,
        ~said(Act.STOPPED.value),
    )  # fmt: skip
    ends = or_(
        and_(ceremonies.opened_at.is_(None), ceremonies.open_until > now),
        and_(ceremonies.opened_at.is_not(None), ceremonies.expires_at > now),
    )
    open_ceremony = exists().where(ceremonies.request_id == requests.request_id, ceremonies.ended_at.is_(None), ends)
    yield Hold.COPY, of_case.where(or_(open_grant, open_ceremony))
    yield Hold.NOTICE, of_case.where(requests.zone == str(CASEWORK), given, ~said(Act.NOTIFIED.value))
