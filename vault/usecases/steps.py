"""Take a case's steps, all but the hand-over, which releases something (`hand_over.py`); revise who and where.

    take_step(uow, actor, TakeStep(case, Step.INVITE, Details(day=day, language="fr", leaflet="2026-1")), casework)

The firewall is asked first, with a question of the step's own; then the table and its guards decide whether this case
can take it. What may not stand in a status row (an avenue, a ground) is sealed in the same operation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.cases.calendar import belgian_day
from vault.cases.details import NOTHING, SEALED, Details, note_of, sealed_of
from vault.cases.families import composition_of
from vault.cases.flow import QUESTIONS, Step
from vault.cases.guards import Situation
from vault.cases.journey import take
from vault.cases.model import Case, CaseEvent
from vault.cases.people import Contact, Identity
from vault.errors import AccessDenied, InvalidInput, NotAssignable, NotFound, StaleVersion
from vault.ids import CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, receipt, relation, with_excuses
from vault.usecases.coaches import barred, changed_by_step
from vault.usecases.open_case import index_tokens, record_for, write_contact, write_identity
from vault.usecases.slots import expect_no_more
from vault.vocabulary import CASEWORK, Action, Kind, Provenance, Purpose, Role


@dataclass(frozen=True, slots=True)
class TakeStep:
    """coach: the login of the coach to assign, for the steps that assign one; "" for none.

    based_on: the version of the case that the actor looked at; None to take the step whatever came in between.
    """

    case: CaseId
    step: Step
    details: Details = NOTHING
    coach: str = ""
    based_on: int | None = None


def take_step(uow: UnitOfWork, actor: Actor, cmd: TakeStep, casework: Casework) -> Values:
    """Take one step. Returns the receipt.

    Raises NotFound, AccessDenied, IllegalStep (with the reason and what is possible), StaleVersion, InvalidInput.
    """
    if cmd.step is Step.HAND_OVER:
        raise InvalidInput("a hand-over is taken by another road", field="step")
    action, kind, purpose = QUESTIONS[cmd.step]
    case = uow.cases.get_to_change(cmd.case)
    events = uow.cases.events(cmd.case)  # looked for whether or not there is a case: both roads are as long
    situation = casework.situation(case, events, actor) if case is not None else None
    permit = casework.ask(
        uow, actor, action, kind, case, purpose=purpose, asked=cmd.case.hex(),
        facts=relation(actor, case, second=second_person(situation)), outcome=cmd.step.value, config=casework.config,
    )  # fmt: skip
    case = existing(case)
    assert situation is not None
    if cmd.based_on is not None and cmd.based_on != case.version:
        raise StaleVersion(expected=cmd.based_on, current=case.version)
    situation = with_excuses(uow, situation)
    details = _with_coach(uow, cmd, case, events)
    now = casework.clock.now()
    changed = take(situation, cmd.step, details, at=now)
    event = CaseEvent(len(situation.history.events) + 1, cmd.step, changed.state, now, actor.id, note_of(details))
    uow.cases.update(changed, permit.entry)
    uow.cases.add_event(cmd.case, event, permit.entry)
    changed_by_step(uow, permit, case, changed, cmd.step, actor=actor, at=now)
    if changed.closed_at is not None:
        expect_no_more(uow, permit.entry, cmd.case, casework, actor=actor, at=now)
    _seal(uow, permit, cmd, event.number, casework, actor)
    return receipt(permit, changed)


def second_person(situation: Situation | None) -> bool:
    """Whether somebody else than the actor began the closing that runs; signature and hand-over need two people."""
    begun = situation.history.begun_by if situation is not None else None
    return situation is not None and begun is not None and begun != situation.actor


def _with_coach(uow: UnitOfWork, cmd: TakeStep, case: Case, events: Sequence[CaseEvent]) -> Details:
    """The details with the coach whom the login names: one who works in the case's region.

    A case in which something can have been confided has its coach, whom no step replaces. Raises AccessDenied.
    """
    if not cmd.coach:
        return cmd.details
    found = uow.staff.by_login(CASEWORK, cmd.coach)
    region = cmd.details.region or case.region
    if found is None or not found.active or found.role != Role.COACH.value or found.region != region:
        raise InvalidInput("no coach of this name works in the region", field="coach")
    if found.id in barred(uow, case.id):
        raise NotAssignable("this coach cannot take this case", ())
    confided = any(event.step is Step.GIVE_NOTICE for event in events)  # nothing is before it, in whichever period
    if confided and case.coach is not None and found.id != case.coach:
        raise AccessDenied("this case has its coach: a regional head gives it to another", reasons=("needs_head",))
    return replace(cmd.details, coach=found.id)


def _seal(uow: UnitOfWork, permit: Permit, cmd: TakeStep, number: int, casework: Casework, actor: Actor) -> None:
    """Write down why the step was taken, where only the case's own coach reads it: a version of one record each."""
    sealed = sealed_of(cmd.step, cmd.details)
    if not sealed:
        return
    kind, provenance = SEALED[cmd.step]
    record = record_for(cmd.case, kind, casework)
    before = uow.records.versions(record)
    casework.keeper.write(
        uow, permit, kind=kind, case=cmd.case, record=record, version=before[0].version + 1 if before else 1,
        plaintext=json.dumps({"number": number, "step": cmd.step.value, **sealed}, sort_keys=True).encode(),
        author=actor.id, at=casework.clock.now(), provenance=provenance, template=cmd.step.value,
    )  # fmt: skip


def revise_identity(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, identity: Identity, based_on: int, casework: Casework
) -> Values:
    """Write a new version of who the people are; the old one stays.

    Raises NotFound, StaleVersion, InvalidInput, UnaccompaniedMinor.
    """
    today, majority = belgian_day(casework.clock.now()), casework.parameters.flow.majority.value
    composition_of(identity.people, on=today, majority=majority)
    return _revise(uow, actor, case_id, Kind.IDENTITY, identity, based_on, casework)


def revise_contact(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, contact: Contact, based_on: int, casework: Casework
) -> Values:
    """Write a new version of how they are reached; the old one stays. Raises NotFound, StaleVersion, InvalidInput."""
    return _revise(uow, actor, case_id, Kind.CONTACT, contact, based_on, casework)


def _stays_confided(before: Provenance, after: Provenance) -> None:
    """What was confided never becomes a fact of the official file by being edited. Raises InvalidInput."""
    if after is Provenance.ADMIN and before is not Provenance.ADMIN:
        raise InvalidInput(
            "this sheet holds what was confided or came from a partner; an edit does not make it the official file's",
            field="provenance",
        )


def _revise(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, kind: Kind, content: Identity | Contact, based_on: int,
    casework: Casework,
) -> Values:  # fmt: skip
    case = uow.cases.get(case_id)
    permit = casework.ask(
        uow, actor, Action.WRITE, kind, case, purpose=Purpose.COACHING, asked=case_id.hex(), outcome="revised"
    )
    case = existing(case)
    record = uow.records.head(record_for(case_id, kind, casework))
    if record is None:
        raise NotFound("no such item, or not for you")
    if record.version != based_on:
        raise StaleVersion(expected=based_on, current=record.version)
    if isinstance(content, Contact):
        _stays_confided(record.provenance, content.provenance)
    now = casework.clock.now()
    if isinstance(content, Identity):
        write_identity(uow, permit, case_id, content, casework, actor=actor, version=based_on + 1, at=now)
        known = index_tokens(content, casework)
        fresh = [token for token in known if case_id not in uow.cases.find(token)]
        uow.cases.index(case_id, fresh, permit.entry)
    else:
        write_contact(uow, permit, case_id, content, casework, actor=actor, version=based_on + 1, at=now)
    return receipt(permit, case, version=based_on + 1)
