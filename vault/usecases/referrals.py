"""A referral in casework: propose it, record what the person decided, send what they agreed to, look at it.

What the person decides stands in the database, and the decision to send reads it there, in the same transaction.
The release that leaves bears an id that is derived from the referral's by a key: no stored row relates casework's
case to the partner's pseudonym.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.correspondence import Correspondence, receipt_values
from vault.access.enforcement import Permit, with_event
from vault.access.releases import REFERRAL_SCHEMA, Sender
from vault.access.shaping import narrowed, shape
from vault.between_zones import AnswerHead, ReceiptRow
from vault.cases.model import Case
from vault.cases.protocols import categories_of_referral
from vault.cases.referrals import (
    WITH_PARTNER,
    Consent,
    Referral,
    ReferralEvent,
    ReferralStatus,
    ReferralStep,
    next_status,
)
from vault.errors import ConsentMissing, InvalidInput, NotFound, StaleVersion
from vault.ids import CaseId, ConsentId, EntryId, ReferralId, ReleaseId
from vault.pseudonyms import domain_of
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference, relation
from vault.usecases.received import last_day
from vault.usecases.referral_fields import Taking, consented_values
from vault.usecases.releasing import Planned, completed, plan, unchanged
from vault.vocabulary import KIND_COMPARTMENT, Action, Fact, Kind, Purpose, Zone

_STEP_FIELDS: Final = ("step", "to_status", "at", "by_partner")
_ANSWER_FIELDS: Final = ("answer", "answer_sent_at", "taken_at")


def release_of(referral: ReferralId, casework: Casework) -> ReleaseId:
    """The release of a referral: derived by casework's key, so that it leaves once and a dump joins nothing."""
    return ReleaseId(casework.index.token("release/referral", referral.hex())[:16])


# -- what the person decides -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Propose:
    """fields: what the coach suggests to send; the person may agree to fewer."""

    case: CaseId
    partner: Zone
    need: str
    fields: tuple[str, ...]


def propose(uow: UnitOfWork, actor: Actor, cmd: Propose, casework: Casework) -> Values:
    """Begin a referral: nothing leaves before the person agreed. Raises NotFound, InvalidInput."""
    organisation = casework.rules.organisation(cmd.partner)
    organisation.check_need(cmd.need)
    organisation.check_fields(cmd.fields)
    case = uow.cases.get(cmd.case)
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.REFERRAL, case, purpose=Purpose.COACHING, asked=cmd.case.hex(),
        outcome=ReferralStep.PROPOSE.value,
    )  # fmt: skip
    case = existing(case)
    now = casework.clock.now()
    referral = Referral(
        ReferralId(casework.entropy.bytes(16)), case.id, cmd.partner, cmd.need, tuple(sorted(set(cmd.fields))),
        ReferralStatus.PROPOSED, now,
    )  # fmt: skip
    uow.referrals.add(referral, permit.entry)
    first = ReferralEvent(1, ReferralStep.PROPOSE, referral.status, now, actor.id)
    uow.referrals.add_event(referral.id, first, permit.entry)
    return receipt(permit, referral)


@dataclass(frozen=True, slots=True)
class RecordConsent:
    """That the person agreed: to which of the proposed fields, until when (exclusive)."""

    case: CaseId
    referral: ReferralId
    fields: tuple[str, ...]
    expires_at: datetime


def record_consent(uow: UnitOfWork, actor: Actor, cmd: RecordConsent, casework: Casework) -> Values:
    """Write down a consent; one that was given before for the same referral ends. Raises NotFound, IllegalStep."""
    now = casework.clock.now()
    longest = casework.rules.longest_consent
    if not now < cmd.expires_at <= now + longest.length:
        raise InvalidInput(f"a consent lasts at most {longest.days} days", field="expires_on")
    case, referral = of_case(uow, cmd.case, cmd.referral, to_change=True)
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.REFERRAL, case, purpose=Purpose.COACHING, asked=cmd.referral.hex(),
        outcome=ReferralStep.CONSENT.value, config=casework.rules.digest.hex(),
    )  # fmt: skip
    referral = there(referral)
    casework.rules.organisation(referral.partner).check_fields(cmd.fields)
    consent = Consent(
        ConsentId(casework.entropy.bytes(16)), cmd.case, referral.partner, tuple(sorted(set(cmd.fields))), now,
        cmd.expires_at,
    )  # fmt: skip
    agreed = referral.agreed(consent)
    if referral.consent is not None:
        uow.referrals.withdraw_consent(referral.consent, now, permit.entry)
    uow.referrals.add_consent(consent, permit.entry)
    moved(uow, agreed, ReferralStep.CONSENT, now, actor, permit.entry)
    return receipt(permit, agreed)


def record_refusal(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, referral_id: ReferralId, casework: Casework
) -> Values:
    """Write down that the person said no. Raises NotFound, IllegalStep."""
    case, referral = of_case(uow, case_id, referral_id, to_change=True)
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.REFERRAL, case, purpose=Purpose.COACHING, asked=referral_id.hex(),
        outcome=ReferralStep.DECLINE.value,
    )  # fmt: skip
    declined = there(referral).declined()
    moved(uow, declined, ReferralStep.DECLINE, casework.clock.now(), actor, permit.entry)
    return receipt(permit, declined)


# -- sending -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sending:
    """The first half's result. case_version, referral: as they were, so that nothing changes in between."""

    permit: Permit
    case_version: int
    referral: Referral
    planned: Planned


def authorise_sending(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, referral_id: ReferralId, casework: Casework
) -> Sending:
    """Ask to send the referral within the person's consent. Raises NotFound, IllegalStep, ConsentMissing."""
    case, referral = of_case(uow, case_id, referral_id, to_change=False)
    consent = live_consent(uow, referral, casework.clock.now())
    facts = relation(actor, case, consent=consent is not None)
    try:
        permit = casework.ask(
            uow, actor, Action.RELEASE, Kind.REFERRAL, case, purpose=Purpose.COACHING, asked=referral_id.hex(),
            facts=facts, outcome=str(referral.partner) if referral is not None else "",
        )  # fmt: skip
    except NotFound as refusal:
        # To the case's own coach the referral is no secret, so the reason is none either.
        if referral is None or consent is not None or not facts.holds(Fact.OWN) or not isinstance(refusal.audit, tuple):
            raise
        missing = ConsentMissing("the person has not agreed to this referral, or that agreement has ended")
        raise with_event(missing, *refusal.audit) from None
    referral = there(referral)
    next_status(referral.status, ReferralStep.SEND)
    case = existing(case)
    agreed = consent.fields if consent is not None else ()
    casework.protocols.require(referral.partner, Purpose.REFERRAL, categories_of_referral(agreed), casework.clock.now())
    release = release_of(referral.id, casework)
    planned = plan(uow, actor, permit, Kind.REFERRAL, case.id, referral.partner, casework, release)
    return Sending(permit, case.version, referral, planned)


def send(uow: UnitOfWork, actor: Actor, granted: Sending, casework: Casework, sender: Sender) -> Values:
    """Seal the consented fields to the partner. Raises StaleVersion if anything changed since, InvalidInput."""
    asked = granted.referral
    case = unchanged(uow, actor, granted.permit, asked.case, granted.case_version)
    referral = uow.referrals.get_to_change(asked.id)
    now = casework.clock.now()
    consent = live_consent(uow, referral, now)
    if referral is None or referral.version != asked.version or consent is None:
        raise StaleVersion(expected=asked.version, current=referral.version if referral is not None else 0)
    organisation = casework.rules.organisation(referral.partner)
    content = consented_values(Taking(uow, granted.permit, case, casework), organisation, consent.fields, referral.need)
    done = completed(uow, actor, granted.permit, Kind.REFERRAL, case.id, casework, count=1)
    planned = granted.planned
    sender.seal(
        uow, granted.permit, content, release=planned.release, reader=planned.reader, subject=planned.subject.token,
        kind=Kind.REFERRAL, compartment=KIND_COMPARTMENT[Kind.REFERRAL], purpose=Purpose.REFERRAL,
        decision=planned.entry, policy=casework.guard.policy_digest, schema=REFERRAL_SCHEMA,
        expires_at=consent.expires_at,
    )  # fmt: skip
    sent = referral.sent(now)
    moved(uow, sent, ReferralStep.SEND, now, actor, done)
    return receipt(granted.permit, sent, release=planned.release)


# -- looking -----------------------------------------------------------------------------------------


def list_referrals(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> list[Values]:
    """The referrals of a case, newest first. Raises NotFound."""
    case = uow.cases.get(case_id)
    permit = casework.ask(uow, actor, Action.LIST, Kind.REFERRAL, case, purpose=Purpose.COACHING, asked=case_id.hex())
    referrals, consents = uow.referrals.of_case(case_id), uow.referrals.consents(case_id)
    releases = {release_of(referral.id, casework): referral.id for referral in referrals}
    waiting: dict[ReferralId, int] = {}
    for head in uow.answers.heads(list(releases), waiting=True):
        waiting[releases[head.release]] = waiting.get(releases[head.release], 0) + 1
    now = casework.clock.now()
    return [
        shape(
            permit.profile,
            _line(referral, consents.get(referral.consent) if referral.consent else None, now)
            | {"waiting": waiting.get(referral.id, 0)},
        )
        for referral in referrals
    ]


def read_referral(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, referral_id: ReferralId, casework: Casework,
    correspondence: Correspondence,
) -> Values:  # fmt: skip
    """One referral with its steps, the partner's answers (unopened) and its receipt. Raises NotFound."""
    case, referral = of_case(uow, case_id, referral_id, to_change=False)
    permit = casework.ask(
        uow, actor, Action.READ, Kind.REFERRAL, case, purpose=Purpose.COACHING, asked=referral_id.hex()
    )
    referral = there(referral)
    consent = uow.referrals.consent(referral.consent) if referral.consent is not None else None
    release = release_of(referral.id, casework)
    confirmed = confirmed_by(uow, referral, release, casework, correspondence)
    now = casework.clock.now()
    return shape(
        narrowed(permit.profile, (*_STEP_FIELDS, *_ANSWER_FIELDS), inside=False),
        {
            **_line(referral, consent, now),
            **receipt_values(confirmed),
            "reference": reference(referral.case),
            "fields": list(referral.fields),
            "consented_fields": list(consent.fields) if consent is not None else [],
            "receipt_due": referral.receipt_due,
            "overdue": is_overdue(referral.receipt_due, confirmed, now),
            "version": referral.version,
            "steps": _steps(permit, uow.referrals.events(referral.id)),
            "answers": _answers(permit, uow.answers.heads([release])),
        },
    )


def is_overdue(due: datetime | None, confirmed: ReceiptRow | None, now: datetime) -> bool:
    """Whether a receipt should be there by now and is not."""
    return due is not None and confirmed is None and now >= due


def confirmed_by(
    uow: UnitOfWork, referral: Referral, release: ReleaseId, casework: Casework, correspondence: Correspondence
) -> ReceiptRow | None:
    """The receipt that the partner signed for this referral; None where none came, or none was asked for."""
    if referral.receipt_due is None:
        return None
    subject = casework.pseudonyms.token(domain_of(referral.partner), referral.case).token
    receipts = uow.receipts.of([release])
    return correspondence.confirmed(receipts, release, partner=referral.partner, subject=subject)


def _line(referral: Referral, consent: Consent | None, now: datetime) -> dict[str, Any]:
    return {
        "referral": referral.id.hex(),
        "partner": referral.partner.organisation,
        "need": referral.need,
        "status": referral.status.value,
        "expires_on": last_day(consent.expires_at).isoformat() if consent is not None else None,
        "open_to_partner": referral.status in WITH_PARTNER and consent is not None and consent.live_at(now),
        "proposed_at": referral.proposed_at,
        "sent_at": referral.sent_at,
        "withdrawn_at": referral.withdrawn_at,
    }


def _steps(permit: Permit, events: Sequence[ReferralEvent]) -> list[Values]:
    each = narrowed(permit.profile, _STEP_FIELDS, inside=True)
    return [
        shape(
            each,
            {
                "step": event.step.value,
                "to_status": event.to_status.value,
                "at": event.at,
                "by_partner": event.actor is None,
            },
        )
        for event in events
    ]


def _answers(permit: Permit, heads: Sequence[AnswerHead]) -> list[Values]:
    each = narrowed(permit.profile, _ANSWER_FIELDS, inside=True)
    return [
        shape(each, {"answer": head.id.hex(), "answer_sent_at": head.sent_at, "taken_at": head.taken_at})
        for head in heads
    ]


# -- shared with answers and withdrawals ---------------------------------------------------------------


def of_case(
    uow: UnitOfWork, case_id: CaseId, referral_id: ReferralId, *, to_change: bool
) -> tuple[Case | None, Referral | None]:
    """The case and its referral; neither, if the referral is unknown or another case's: both roads are as long."""
    found = uow.referrals.get_to_change(referral_id) if to_change else uow.referrals.get(referral_id)
    case = uow.cases.get(case_id)
    if found is None or found.case != case_id:
        return None, None
    return case, found


def there(referral: Referral | None) -> Referral:
    """After a permit about a referral it exists; this says so to the type checker and to a reader."""
    if referral is None:
        raise NotFound("no such item, or not for you")
    return referral


def live_consent(uow: UnitOfWork, referral: Referral | None, now: datetime) -> Consent | None:
    """The consent that the referral rests on, if it holds now. Looked for also where there is none: see `of_case`."""
    resting = referral.consent if referral is not None else None
    consent = uow.referrals.consent(resting or ConsentId(bytes(16)))
    return consent if resting is not None and consent is not None and consent.live_at(now) else None


def moved(
    uow: UnitOfWork, referral: Referral, step: ReferralStep, at: datetime, actor: Actor | None, entry: EntryId
) -> None:
    """Store a referral after a step, with the step. actor None: the partner took it."""
    uow.referrals.update(referral, entry)
    number = len(uow.referrals.events(referral.id)) + 1
    event = ReferralEvent(number, step, referral.status, at, actor.id if actor is not None else None)
    uow.referrals.add_event(referral.id, event, entry)


def receipt(permit: Permit, referral: Referral, *, release: ReleaseId | None = None) -> Values:
    """What the coach is told after a step."""
    return shape(
        permit.profile,
        {
            "reference": reference(referral.case),
            "referral": referral.id.hex(),
            "status": referral.status.value,
            "release": release.hex() if release is not None else None,
            "receipt_due": referral.receipt_due,
            "version": referral.version,
        },
    )
