"""Take a case's steps: give the notice, begin the closing, close, resume, reopen; revise who and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vault.access.actor import Actor
from vault.access.shaping import shape
from vault.cases.flow import Outcome, Step
from vault.cases.model import LANGUAGES, CaseEvent
from vault.cases.people import Contact, Identity
from vault.errors import InvalidInput, NotFound, StaleVersion
from vault.ids import CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.open_case import index_tokens, record_for, write_contact, write_identity
from vault.vocabulary import Action, Kind, Provenance, Purpose

#: How each step is asked of the firewall. HAND_OVER is not here: it releases, see hand_over.py.
_ASKED: Final[dict[Step, tuple[Action, Kind, Purpose]]] = {
    Step.GIVE_NOTICE: (Action.WRITE, Kind.NOTICE, Purpose.COACHING),
    Step.BEGIN_CLOSING: (Action.CLOSE, Kind.CASE, Purpose.CASE_ADMINISTRATION),
    Step.CLOSE: (Action.CLOSE, Kind.CASE, Purpose.CASE_ADMINISTRATION),
    Step.RESUME: (Action.WRITE, Kind.CASE, Purpose.CASE_ADMINISTRATION),
    Step.REOPEN: (Action.WRITE, Kind.CASE, Purpose.CASE_ADMINISTRATION),
}


@dataclass(frozen=True, slots=True)
class TakeStep:
    """explained: that the consequences of non-collaboration were explained; needed to begin such a closing.

    leaflet, language: of the privacy notice, for GIVE_NOTICE.
    """

    case: CaseId
    step: Step
    outcome: Outcome | None = None
    explained: bool = False
    leaflet: str = ""
    language: str = ""


def take_step(uow: UnitOfWork, actor: Actor, cmd: TakeStep, casework: Casework) -> Values:
    """Take one step. Returns the receipt. Raises NotFound, IllegalStep (with what is possible), InvalidInput."""
    if cmd.step not in _ASKED:
        raise InvalidInput("this step is taken by another road", field="step")
    action, kind, purpose = _ASKED[cmd.step]
    case = uow.cases.get(cmd.case)
    permit = casework.ask(uow, actor, action, kind, case, purpose=purpose, asked=cmd.case.hex(), outcome=cmd.step.value)
    case = existing(case)
    now = casework.clock.now()
    changed = case.take(cmd.step, at=now, outcome=cmd.outcome)
    note = cmd.outcome.value if cmd.outcome is not None else ""
    if cmd.step is Step.BEGIN_CLOSING and not cmd.explained:
        raise InvalidInput(
            "explain the consequences first, or send the letter that does, and say so", field="explained"
        )
    if cmd.step is Step.GIVE_NOTICE:
        note = _leaflet(cmd)
    uow.cases.update(changed, permit.entry)
    events = uow.cases.events(cmd.case)
    event = CaseEvent(len(events) + 1, cmd.step, changed.state, now, actor.id, note)
    uow.cases.add_event(cmd.case, event, permit.entry)
    return shape(
        permit.profile,
        {
            "reference": reference(cmd.case),
            "note": None,
            "release": None,
            "version": changed.version,
            "state": changed.state.value,
        },
    )


def _leaflet(cmd: TakeStep) -> str:
    if cmd.language not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    plain = cmd.leaflet.replace("-", "").replace(".", "")
    if not (plain.isascii() and plain.isalnum() and len(cmd.leaflet) <= 40):
        raise InvalidInput("name the leaflet's version in letters, digits, '-' and '.'", field="leaflet")
    return f"{cmd.language} {cmd.leaflet}"


def revise_identity(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, identity: Identity, based_on: int, casework: Casework
) -> Values:
    """Write a new version of who the people are; the old one stays. Raises NotFound, StaleVersion."""
    if not identity.people:
        raise InvalidInput("a case needs at least one person", field="people")
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
    return shape(
        permit.profile,
        {
            "reference": reference(case_id),
            "note": None,
            "release": None,
            "version": based_on + 1,
            "state": case.state.value,
        },
    )
