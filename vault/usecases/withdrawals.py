"""The person takes a consent back: the partner's sight ends at once, and it is asked for a receipt.

In casework the coach withdraws one referral, or the coach or the regional head all of a case: a person must be able
to take back as easily as to give, also while the coach is away. What was not sent yet simply ends. What was sent is
closed behind a fence (`Withdrawals.fence`): once the withdrawal is acknowledged, nothing answers from it any more.

The partner lists the withdrawals addressed to it and confirms them. Coach and data protection officer see which
receipts are overdue.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from vault.access.actor import Actor
from vault.access.correspondence import Correspondence, receipt_values
from vault.access.enforcement import Item, Permit
from vault.access.shaping import shape
from vault.audit.events import Event, Happening, Verdict
from vault.between_zones import ReceiptRow, WithdrawalRow
from vault.cases.referrals import WITHDRAWABLE, ReceiptOutcome, Referral, ReferralStatus, ReferralStep
from vault.errors import InvalidInput
from vault.ids import CaseId, ReferralId, ReleaseId
from vault.pseudonyms import Pseudonym, domain_of
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.received import Reception
from vault.usecases.referrals import is_overdue, moved, of_case, receipt, release_of, there
from vault.usecases.trail import Oversight
from vault.vocabulary import Action, Facts, Kind, Purpose

LIST_LIMIT: Final = 200
#: A coach's referrals that a list looks through; a caseload of years has a few hundred.
SCAN_LIMIT: Final = 5_000


# -- casework ----------------------------------------------------------------------------------------


def withdraw(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, referral_id: ReferralId, casework: Casework,
    correspondence: Correspondence,
) -> Values:  # fmt: skip
    """End one referral; one that ended so already stays as it is. Raises NotFound, IllegalStep."""
    case, referral = of_case(uow, case_id, referral_id, to_change=True)
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.WITHDRAWAL, case, purpose=Purpose.CASE_ADMINISTRATION,
        asked=referral_id.hex(), outcome=ReferralStep.WITHDRAW.value, config=casework.rules.digest.hex(),
    )  # fmt: skip
    referral = there(referral)
    if referral.status is not ReferralStatus.WITHDRAWN:
        [referral] = _end(uow, actor, permit, [referral], casework, correspondence)
    return receipt(permit, referral)


def withdraw_all(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework, correspondence: Correspondence
) -> Values:
    """End every referral of a case that can be ended; whoever asks need not know which there are. Raises NotFound."""
    case = uow.cases.get(case_id)
    # Looked for whether or not there is a case, and all at once: both roads are as long.
    found = uow.referrals.of_case(case_id, to_change=True)
    open_ones = [referral for referral in found if referral.status in WITHDRAWABLE]
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.WITHDRAWAL, case, purpose=Purpose.CASE_ADMINISTRATION, asked=case_id.hex(),
        outcome=ReferralStep.WITHDRAW.value, count=len(open_ones), config=casework.rules.digest.hex(),
    )  # fmt: skip
    case = existing(case)
    _end(uow, actor, permit, open_ones, casework, correspondence)
    return shape(
        permit.profile,
        {
            "reference": reference(case.id),
            "referral": None,
            "status": ReferralStatus.WITHDRAWN.value,
            "release": None,
            "receipt_due": None,
            "version": case.version,
        },
    )


def _end(
    uow: UnitOfWork, actor: Actor, permit: Permit, referrals: Sequence[Referral], casework: Casework,
    correspondence: Correspondence,
) -> list[Referral]:  # fmt: skip
    """Close the sight of each, and ask for receipts. The fences are taken in one order, whoever withdraws."""
    readers = sorted({referral.partner for referral in referrals if referral.sent_at is not None})
    alone = {reader: uow.withdrawals.fence(reader) for reader in readers}
    now = casework.clock.now()
    due = now + casework.rules.receipt.length
    ended = []
    for referral in referrals:
        after = referral.withdrawn(now, due)
        if referral.consent is not None:
            uow.referrals.withdraw_consent(referral.consent, now, permit.entry)
        moved(uow, after, ReferralStep.WITHDRAW, now, actor, permit.entry)
        if after.receipt_due is not None:
            _close_sight(uow, actor, permit, after, casework, correspondence, alone=alone[referral.partner])
        ended.append(after)
    return ended


def _close_sight(
    uow: UnitOfWork, actor: Actor, permit: Permit, referral: Referral, casework: Casework,
    correspondence: Correspondence, *, alone: bool,
) -> None:  # fmt: skip
    """One row for the partner, with an entry of its own in the partner's pseudonym domain."""
    assert referral.withdrawn_at is not None
    assert referral.receipt_due is not None
    subject = casework.pseudonyms.token(domain_of(referral.partner), referral.case)
    release = release_of(referral.id, casework)
    event = Event(
        Happening.RELEASE_WITHDRAWN.value, Kind.REFERRAL.value, Verdict.ALLOW, actor=actor.log_name,
        role=actor.role.value, session=actor.session.hex(), object=release.hex(), subject=subject.text,
        purpose=permit.purpose.value, rule=permit.rule, policy=casework.guard.policy_digest.hex(),
        # A reader that did not let go in time may have answered a moment later: the log says so.
        outcome=str(referral.partner) if alone else f"{referral.partner} reader_held_on",
    )  # fmt: skip
    correspondence.withdraw(
        uow, release, referral.partner, subject.token, at=referral.withdrawn_at, due=referral.receipt_due,
        entry=uow.audit.append(event, actor.detail()),
    )  # fmt: skip


def list_own(
    uow: UnitOfWork, actor: Actor, casework: Casework, correspondence: Correspondence, *, overdue: bool = True
) -> list[Values]:
    """Withdrawals of the coach's own cases for which a receipt was asked, the earliest due first.

    overdue: only those whose receipt should be there by now and is not.
    """
    permit = casework.guard.permit(
        uow, actor, Action.LIST, Item(Kind.WITHDRAWAL), purpose=Purpose.COACHING, facts=Facts.of(own=True)
    )
    now = casework.clock.now()
    found = [
        (release_of(referral.id, casework), referral)
        for referral in uow.referrals.of_coach(actor.id, (ReferralStatus.WITHDRAWN,), SCAN_LIMIT)
        if referral.receipt_due is not None
    ]
    receipts = uow.receipts.of([release for release, _ in found])
    lines = []
    for release, referral in sorted(found, key=lambda pair: (pair[1].receipt_due, pair[1].id)):
        subject = casework.pseudonyms.token(domain_of(referral.partner), referral.case).token
        confirmed = correspondence.confirmed(receipts, release, partner=referral.partner, subject=subject)
        late = is_overdue(referral.receipt_due, confirmed, now)
        if overdue and not late:
            continue
        values = {
            "reference": reference(referral.case),
            "referral": referral.id.hex(),
            "partner": referral.partner.organisation,
            "withdrawn_at": referral.withdrawn_at,
            "receipt_due": referral.receipt_due,
            "overdue": late,
            **receipt_values(confirmed),
        }
        lines.append(shape(permit.profile, values))
    return lines


# -- partner -----------------------------------------------------------------------------------------


def list_addressed(
    uow: UnitOfWork, actor: Actor, reception: Reception, *, limit: int = 50, before: datetime | None = None
) -> list[Values]:
    """What ended of what was sent to this partner, newest first, with the receipts it gave."""
    _check_limit(limit)
    permit = reception.guard.permit(
        uow, actor, Action.LIST, Item(Kind.WITHDRAWAL), purpose=Purpose.REFERRAL, facts=Facts.of(addressed=True)
    )
    own = reception.correspondence
    rows = uow.withdrawals.addressed(own.zone, limit, before)
    receipts = uow.receipts.of([row.release for row in rows])
    now = own.clock.now()
    return [
        shape(
            permit.profile,
            _withdrawn(row, _confirmed(own, receipts, row), now) | {"authentic": own.is_authentic(row)},
        )
        for row in rows
    ]


def give_receipt(
    uow: UnitOfWork, actor: Actor, release: ReleaseId, outcome: ReceiptOutcome, reception: Reception
) -> Values:
    """Confirm what became of the copies. Raises NotFound, Conflict if it was confirmed already, EnvelopeRejected."""
    own = reception.correspondence
    row = uow.withdrawals.get(release)
    mine = row is not None and row.reader == actor.zone
    subject = Pseudonym(domain_of(own.zone), row.subject).text if row is not None and mine else ""
    permit = reception.guard.permit(
        uow, actor, Action.WRITE, Item(Kind.WITHDRAWAL, release.hex(), None, subject), purpose=Purpose.REFERRAL,
        facts=Facts.of(addressed=mine), outcome=outcome.value,
    )  # fmt: skip
    assert row is not None
    given = own.give_receipt(uow, row, outcome, permit.entry)
    return shape(permit.profile, _withdrawn(row, given, own.clock.now()))


# -- oversight ---------------------------------------------------------------------------------------


def list_watched(
    uow: UnitOfWork, actor: Actor, oversight: Oversight, correspondence: Correspondence, *, overdue: bool = True,
    limit: int = 50, before: datetime | None = None,
) -> list[Values]:  # fmt: skip
    """Withdrawals by every partner, newest first, by the partner's own pseudonym. overdue: without a receipt by now."""
    _check_limit(limit)
    permit = oversight.guard.permit(
        uow, actor, Action.LIST, Item(Kind.WITHDRAWAL), purpose=Purpose.DATA_PROTECTION,
        facts=Facts.of(addressed=True),
    )  # fmt: skip
    now = correspondence.clock.now()
    due_by = now if overdue else None
    lines: list[Values] = []
    while len(lines) < limit:
        rows = uow.withdrawals.addressed(None, LIST_LIMIT, before, due_by=due_by)
        receipts = uow.receipts.of([row.release for row in rows])
        for row in rows:
            before, confirmed = row.withdrawn_at, _confirmed(correspondence, receipts, row)
            # A receipt that its partner did not sign is a row, and takes nothing off this list.
            if not overdue or confirmed is None:
                told = {"recipient": row.reader.organisation, "authentic": correspondence.is_authentic(row)}
                lines.append(shape(permit.profile, _withdrawn(row, confirmed, now) | told))
        if len(rows) < LIST_LIMIT:
            break
    return lines[:limit]


# -- both --------------------------------------------------------------------------------------------


def _confirmed(
    correspondence: Correspondence, receipts: dict[ReleaseId, ReceiptRow], row: WithdrawalRow
) -> ReceiptRow | None:
    return correspondence.confirmed(receipts, row.release, partner=row.reader, subject=row.subject)


def _withdrawn(row: WithdrawalRow, confirmed: ReceiptRow | None, now: datetime) -> Values:
    return {
        "release": row.release.hex(),
        "pseudonym": Pseudonym(domain_of(row.reader), row.subject).text,
        "withdrawn_at": row.withdrawn_at.isoformat(),  # whole: lists are paged by it
        "receipt_due": row.receipt_due,
        "overdue": is_overdue(row.receipt_due, confirmed, now),
        **receipt_values(confirmed),
    }


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= LIST_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {LIST_LIMIT}", field="limit")
