"""Release from casework, in two halves: the entries commit first, then the thing is sealed and leaves.

A hand-over gives the outcome sheet to follow-up, and a copy without the file's numbers to oversight. A
referral gives a partner what the person consented to. Each release has an entry of its own, about the
case's pseudonym in the *reader's* domain, so that no stored row joins two domains; the act as a whole is
logged under casework's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.access.releases import (
    REFERRAL_FIELDS,
    REFERRAL_SCHEMA,
    SHEET_SCHEMA,
    Sender,
    outcome_sheet,
    referral,
)
from vault.access.shaping import shape
from vault.audit.events import Event, Happening, Verdict
from vault.cases.details import NOTHING
from vault.cases.facts import NEEDS
from vault.cases.flow import Step
from vault.cases.journey import take
from vault.cases.model import Case, CaseEvent
from vault.cases.people import Contact, Identity
from vault.errors import InvalidInput, NotFound, StaleVersion
from vault.ids import CaseId, EntryId, ReleaseId
from vault.pseudonyms import Pseudonym, domain_of
from vault.unit_of_work import ConsentRow, UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference, relation
from vault.usecases.known_names import index_name
from vault.usecases.open_case import record_for
from vault.usecases.steps import second_person
from vault.vocabulary import (
    FOLLOW_UP,
    OVERSIGHT,
    Action,
    Compartment,
    Kind,
    Purpose,
    Zone,
)

CONSENT_LONGEST: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Planned:
    """One release that was authorised: its entry is committed and good for this release only."""

    release: ReleaseId
    reader: Zone
    subject: Pseudonym
    entry: EntryId


@dataclass(frozen=True, slots=True)
class Authorised:
    """The first half's result. version: the case's, so that nothing changes in between."""

    permit: Permit
    case: CaseId
    version: int
    releases: tuple[Planned, ...]
    need: str = ""
    fields: tuple[str, ...] = ()
    expires_at: datetime | None = None


def _plan(
    uow: UnitOfWork, actor: Actor, permit: Permit, kind: Kind, case: CaseId, reader: Zone, casework: Casework
) -> Planned:
    subject = casework.pseudonyms.token(domain_of(reader), case)
    release = ReleaseId(casework.entropy.bytes(16))
    event = Event(
        Happening.RELEASE_BEGUN.value, kind.value, Verdict.ALLOW, actor=actor.log_name, role=actor.role.value,
        object=release.hex(), subject=subject.text, purpose=permit.purpose.value, rule=permit.rule,
        policy=casework.guard.policy_digest.hex(), outcome=str(reader),
    )  # fmt: skip
    return Planned(release, reader, subject, uow.audit.append(event, actor.detail()))


# -- outcome sheet -----------------------------------------------------------------------------------


def authorise_hand_over(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework, based_on: int | None = None
) -> Authorised:
    """The second signature, by another person than the one who began the closing.

    based_on: the version of the case that the actor looked at. Raises NotFound, StaleVersion, IllegalStep.
    """
    case = uow.cases.get(case_id)
    events = uow.cases.events(case_id)  # looked for whether or not there is a case: both roads are as long
    situation = casework.situation(case, events, actor) if case is not None else None
    permit = casework.ask(
        uow, actor, Action.RELEASE, Kind.OUTCOME_SHEET, case, purpose=Purpose.CASE_ADMINISTRATION,
        asked=case_id.hex(), facts=relation(actor, case, second=second_person(situation)), outcome="signed",
        config=casework.config,
    )  # fmt: skip
    case = existing(case)
    assert situation is not None
    if based_on is not None and based_on != case.version:
        raise StaleVersion(expected=based_on, current=case.version)
    take(situation, Step.HAND_OVER, NOTHING, at=casework.clock.now())
    plans = tuple(
        _plan(uow, actor, permit, Kind.OUTCOME_SHEET, case_id, reader, casework) for reader in (FOLLOW_UP, OVERSIGHT)
    )
    return Authorised(permit, case_id, case.version, plans)


def hand_over(uow: UnitOfWork, actor: Actor, granted: Authorised, casework: Casework, sender: Sender) -> Values:
    """Seal the sheets and move the case on, all or nothing. Raises StaleVersion if the case changed since."""
    case = _unchanged(uow, actor, granted)
    now = casework.clock.now()
    situation = casework.situation(case, uow.cases.events(case.id), actor)
    closed = take(situation, Step.HAND_OVER, NOTHING, at=now)
    identity = _identity(uow, granted, casework)
    done = _completed(uow, actor, granted, Kind.OUTCOME_SHEET, casework)
    for plan in granted.releases:
        sheet = outcome_sheet(closed, identity, naming=plan.reader == FOLLOW_UP)
        sender.seal(
            uow, granted.permit, sheet, release=plan.release, reader=plan.reader, subject=plan.subject.token,
            kind=Kind.OUTCOME_SHEET, compartment=Compartment.OUTCOME_SHEET, purpose=_sheet_purpose(plan.reader),
            decision=plan.entry, policy=casework.guard.policy_digest, schema=SHEET_SCHEMA, expires_at=None,
        )  # fmt: skip
    index_name(uow, case.id, casework, done)
    uow.cases.update(closed, done)
    number = len(situation.history.events) + 1
    uow.cases.add_event(granted.case, CaseEvent(number, Step.HAND_OVER, closed.state, now, actor.id), done)
    return _receipt(granted, closed, granted.releases[0].release)


def _sheet_purpose(reader: Zone) -> Purpose:
    return Purpose.OQT_FOLLOW_UP if reader == FOLLOW_UP else Purpose.ACCESS_REVIEW


# -- referral ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordConsent:
    """That the person agreed: to whom, to which fields, until when."""

    case: CaseId
    partner: Zone
    fields: tuple[str, ...]
    expires_at: datetime


def record_consent(uow: UnitOfWork, actor: Actor, cmd: RecordConsent, casework: Casework) -> Values:
    """Write down a consent. Raises NotFound, InvalidInput."""
    now = casework.clock.now()
    if cmd.partner not in casework.partners:
        raise InvalidInput("no such partner organisation", field="partner")
    if not cmd.fields or set(cmd.fields) - set(REFERRAL_FIELDS):
        raise InvalidInput(f"name at least one of {', '.join(REFERRAL_FIELDS)}", field="fields")
    if not now < cmd.expires_at <= now + CONSENT_LONGEST:
        raise InvalidInput(f"a consent lasts at most {CONSENT_LONGEST.days} days", field="expires_on")
    case = uow.cases.get(cmd.case)
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.REFERRAL, case, purpose=Purpose.COACHING, asked=cmd.case.hex(),
        outcome="consent_recorded",
    )  # fmt: skip
    case = existing(case)
    consent = ConsentRow(
        casework.entropy.bytes(16), cmd.case, cmd.partner, tuple(sorted(set(cmd.fields))), now, cmd.expires_at, None
    )
    uow.cases.add_consent(consent, permit.entry)
    return shape(
        permit.profile,
        {
            "reference": reference(cmd.case),
            "note": None,
            "release": None,
            "version": case.version,
            "state": case.state.value,
        },
    )


def authorise_referral(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, partner: Zone, need: str, casework: Casework
) -> Authorised:
    """Ask to refer the person to `partner` within the newest live consent. Raises NotFound, InvalidInput."""
    if partner not in casework.partners:
        raise InvalidInput("no such partner organisation", field="partner")
    if need not in NEEDS:
        raise InvalidInput(f"need must be one of {', '.join(NEEDS)}", field="need")
    case = uow.cases.get(case_id)
    now = casework.clock.now()
    consents = uow.cases.consents(case_id, partner)
    live = [consent for consent in consents if consent.withdrawn_at is None and now < consent.expires_at]
    permit = casework.ask(
        uow, actor, Action.RELEASE, Kind.REFERRAL, case, purpose=Purpose.COACHING, asked=case_id.hex(),
        facts=relation(actor, case, consent=bool(live)), outcome=str(partner),
    )  # fmt: skip
    case = existing(case)
    plan = _plan(uow, actor, permit, Kind.REFERRAL, case_id, partner, casework)
    consent = live[0]
    return Authorised(permit, case_id, case.version, (plan,), need, consent.fields, consent.expires_at)


def refer(uow: UnitOfWork, actor: Actor, granted: Authorised, casework: Casework, sender: Sender) -> Values:
    """Seal the consented fields to the partner. Raises StaleVersion if the case changed since, InvalidInput."""
    case = _unchanged(uow, actor, granted)
    identity = _identity(uow, granted, casework)
    record = uow.records.head(record_for(granted.case, Kind.CONTACT, casework))
    if record is None:
        raise NotFound("no such item, or not for you")
    contact = Contact.decode(casework.keeper.open(uow, granted.permit, record).expose())
    _completed(uow, actor, granted, Kind.REFERRAL, casework)
    plan = granted.releases[0]
    sender.seal(
        uow, granted.permit, referral(case, identity, contact, granted.need, granted.fields), release=plan.release,
        reader=plan.reader, subject=plan.subject.token, kind=Kind.REFERRAL, compartment=Compartment.CONTACT,
        purpose=Purpose.REFERRAL, decision=plan.entry, policy=casework.guard.policy_digest, schema=REFERRAL_SCHEMA,
        expires_at=granted.expires_at,
    )  # fmt: skip
    return _receipt(granted, case, plan.release)


# -- both --------------------------------------------------------------------------------------------


def _unchanged(uow: UnitOfWork, actor: Actor, granted: Authorised) -> Case:
    granted.permit.used_by(actor.id)
    case = uow.cases.get(granted.case)
    if case is None or case.version != granted.version:
        raise StaleVersion(expected=granted.version, current=case.version if case else 0)
    return case


def _identity(uow: UnitOfWork, granted: Authorised, casework: Casework) -> Identity:
    record = uow.records.head(record_for(granted.case, Kind.IDENTITY, casework))
    if record is None:
        raise NotFound("no such item, or not for you")
    return Identity.decode(casework.keeper.open(uow, granted.permit, record).expose())


def _completed(uow: UnitOfWork, actor: Actor, granted: Authorised, kind: Kind, casework: Casework) -> EntryId:
    event = Event(
        Happening.RELEASED.value, kind.value, Verdict.ALLOW, actor=actor.log_name, role=actor.role.value,
        session=actor.session.hex(), subject=casework.subject(granted.case),
        purpose=granted.permit.purpose.value, rule=granted.permit.rule, policy=casework.guard.policy_digest.hex(),
        count=len(granted.releases),
    )  # fmt: skip
    return uow.audit.append(event, actor.detail())


def _receipt(granted: Authorised, case: Case, release: ReleaseId) -> Values:
    return shape(
        granted.permit.profile,
        {
            "reference": reference(case.id),
            "note": None,
            "release": release.hex(),
            "version": case.version,
            "state": case.state.value,
        },
    )
