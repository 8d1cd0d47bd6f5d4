"""Referrals, their steps, and the consents they rest on: casework's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from vault.cases.referrals import Consent, Referral, ReferralEvent, ReferralStatus, ReferralStep
from vault.errors import StaleVersion
from vault.ids import ActorId, CaseId, ConsentId, EntryId, ReferralId
from vault.storage import tables as t
from vault.storage.transaction import Transaction
from vault.vocabulary import Zone

_REFERRAL = [c for c in t.referrals.c if c.name != "entry_id"]
_CONSENT = [c for c in t.consents.c if c.name != "entry_id"]


def _referral(r: Any) -> Referral:
    return Referral(
        ReferralId(bytes(r.referral_id)), CaseId(bytes(r.case_id)), Zone.parse(r.partner), r.need,
        tuple(r.fields.split(",")), ReferralStatus(r.status), r.proposed_at,
        ConsentId(bytes(r.consent_id)) if r.consent_id is not None else None, r.sent_at, r.withdrawn_at, r.receipt_due,
        r.version,
    )  # fmt: skip


def _changing(referral: Referral) -> dict[str, Any]:
    """What a step may change; the rest of the row stays as it was proposed."""
    return {
        "status": referral.status.value,
        "consent_id": referral.consent.raw if referral.consent is not None else None,
        "sent_at": referral.sent_at,
        "withdrawn_at": referral.withdrawn_at,
        "receipt_due": referral.receipt_due,
        "version": referral.version,
    }


class ReferralRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    # -- referrals --------------------------------------------------------------------------------

    def get(self, referral: ReferralId) -> Referral | None:
        return self._one(referral, to_change=False)

    def get_to_change(self, referral: ReferralId) -> Referral | None:
        return self._one(referral, to_change=True)

    def _one(self, referral: ReferralId, *, to_change: bool) -> Referral | None:
        statement = select(*_REFERRAL).where(t.referrals.c.referral_id == referral.raw)
        # SQLite knows no row locks and needs none: it has one writer at a time.
        row = self._tx.read(statement.with_for_update() if to_change else statement).first()
        return _referral(row) if row is not None else None

    def of_case(self, case: CaseId, *, to_change: bool = False) -> list[Referral]:
        c = t.referrals.c
        statement = select(*_REFERRAL).where(c.case_id == case.raw).order_by(c.proposed_at.desc(), c.referral_id)
        rows = self._tx.read(statement.with_for_update() if to_change else statement)
        return [_referral(row) for row in rows]

    def of_coach(self, coach: ActorId, statuses: Sequence[ReferralStatus], limit: int) -> list[Referral]:
        c = t.referrals.c
        rows = self._tx.read(
            select(*_REFERRAL)
            .join(t.cases, t.cases.c.case_id == c.case_id)
            .where(t.cases.c.coach == coach.raw, c.status.in_([status.value for status in statuses]))
            .order_by(c.proposed_at.desc(), c.referral_id)
            .limit(limit)
        )
        return [_referral(row) for row in rows]

    def add(self, referral: Referral, entry: EntryId) -> None:
        self._tx.write(
            insert(t.referrals).values(
                referral_id=referral.id.raw,
                case_id=referral.case.raw,
                partner=str(referral.partner),
                need=referral.need,
                fields=",".join(referral.fields),
                proposed_at=referral.proposed_at,
                entry_id=entry.raw,
                **_changing(referral),
            )
        )

    def update(self, referral: Referral, entry: EntryId) -> None:
        """Raises StaleVersion if somebody changed the referral since it was read."""
        result = self._tx.write(
            update(t.referrals)
            .where(t.referrals.c.referral_id == referral.id.raw, t.referrals.c.version == referral.version - 1)
            .values(entry_id=entry.raw, **_changing(referral))
        )
        if result.rowcount != 1:
            raise StaleVersion(expected=referral.version - 1, current=referral.version)

    # -- steps ------------------------------------------------------------------------------------

    def events(self, referral: ReferralId) -> list[ReferralEvent]:
        c = t.referral_events.c
        rows = self._tx.read(
            select(c.number, c.step, c.to_status, c.at, c.actor_id)
            .where(c.referral_id == referral.raw)
            .order_by(c.number)
        )
        return [
            ReferralEvent(
                r[0], ReferralStep(r[1]), ReferralStatus(r[2]), r[3],
                ActorId(bytes(r[4])) if r[4] is not None else None,
            )
            for r in rows
        ]  # fmt: skip

    def add_event(self, referral: ReferralId, event: ReferralEvent, entry: EntryId) -> None:
        self._tx.write(
            insert(t.referral_events).values(
                referral_id=referral.raw,
                number=event.number,
                step=event.step.value,
                to_status=event.to_status.value,
                at=event.at,
                actor_id=event.actor.raw if event.actor is not None else None,
                entry_id=entry.raw,
            )
        )

    # -- consents ---------------------------------------------------------------------------------

    def consent(self, consent: ConsentId) -> Consent | None:
        row = self._tx.read(select(*_CONSENT).where(t.consents.c.consent_id == consent.raw)).first()
        return _consent(row) if row is not None else None

    def consents(self, case: CaseId) -> dict[ConsentId, Consent]:
        rows = self._tx.read(select(*_CONSENT).where(t.consents.c.case_id == case.raw))
        found = [_consent(row) for row in rows]
        return {consent.id: consent for consent in found}

    def add_consent(self, consent: Consent, entry: EntryId) -> None:
        self._tx.write(
            insert(t.consents).values(
                consent_id=consent.id.raw,
                case_id=consent.case.raw,
                recipient=str(consent.recipient),
                fields=",".join(consent.fields),
                given_at=consent.given_at,
                expires_at=consent.expires_at,
                withdrawn_at=consent.withdrawn_at,
                entry_id=entry.raw,
            )
        )

    def withdraw_consent(self, consent: ConsentId, at: datetime, entry: EntryId) -> None:
        self._tx.write(
            update(t.consents)
            .where(t.consents.c.consent_id == consent.raw, t.consents.c.withdrawn_at.is_(None))
            .values(withdrawn_at=at, entry_id=entry.raw)
        )


def _consent(r: Any) -> Consent:
    return Consent(
        ConsentId(bytes(r.consent_id)), CaseId(bytes(r.case_id)), Zone.parse(r.recipient), tuple(r.fields.split(",")),
        r.given_at, r.expires_at, r.withdrawn_at,
    )  # fmt: skip
