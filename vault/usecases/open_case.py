"""Open a case: identity, contact and the facts of the official file, in one operation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.cases.calendar import belgian_day
from vault.cases.deadlines import term_end
from vault.cases.eligibility import check_facts
from vault.cases.families import Composition, composition_of
from vault.cases.history import FIRST_STATE
from vault.cases.identifiers import normalise_for_index
from vault.cases.journey import coach_type_of
from vault.cases.model import LANGUAGES, REGIONS, AdminFacts, Case, CoachType, Origin, Place
from vault.cases.people import Contact, Identity
from vault.errors import InvalidInput
from vault.ids import CaseId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, receipt
from vault.usecases.coaches import entrust
from vault.vocabulary import Action, Facts, Kind, Provenance, Purpose, Role


@dataclass(frozen=True, slots=True, repr=False)
class OpenCase:
    region: str
    language: str
    identity: Identity
    contact: Contact
    facts: AdminFacts
    origin: Origin = Origin.WALK_IN
    place: Place = Place.KNOWN_ADDRESS
    coach_type: CoachType | None = None


#: Who opens a case how: the desk registers orders and calls, a coach meets who stands at the walk-in desk.
_OPENED_BY: Final = {
    Role.COACH: frozenset({Origin.WALK_IN}),
    Role.DESK_OFFICER: frozenset({Origin.ORDER, Origin.SELF_REFERRAL}),
}


def open_case(uow: UnitOfWork, actor: Actor, cmd: OpenCase, casework: Casework) -> Values:
    """Open a case: a coach's own at the intake, a desk's with the order. Returns the receipt profile's fields.

    Raises AccessDenied, InvalidInput, UnaccompaniedMinor.
    """
    return receipt(*begin(uow, actor, cmd, casework))


def begin(uow: UnitOfWork, actor: Actor, cmd: OpenCase, casework: Casework) -> tuple[Permit, Case]:
    """Ask whether the actor opens a case, and store it with its people and how they are reached. Raises the same."""
    if cmd.region not in REGIONS:
        raise InvalidInput(f"region must be one of {', '.join(REGIONS)}", field="region")
    if cmd.language not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    if not cmd.identity.people:
        raise InvalidInput("a case needs at least one person", field="people")
    now = casework.clock.now()
    today = belgian_day(now)
    check_facts(cmd.origin, cmd.facts, cmd.identity, casework.parameters, today)
    case = CaseId(casework.entropy.bytes(16))
    item = Item(Kind.CASE, "", case, casework.subject(case))
    permit = casework.guard.permit(
        uow, actor, Action.CREATE, item, purpose=Purpose.CASE_ADMINISTRATION, facts=Facts(), outcome="opened",
        config=casework.config,
    )  # fmt: skip
    majority = casework.parameters.flow.majority.value
    composition = composition_of(cmd.identity.people, on=today, majority=majority)
    if cmd.origin not in _OPENED_BY.get(actor.role, frozenset()):
        raise InvalidInput(f"a {actor.role} opens no case as {cmd.origin}", field="origin")
    opened = _new_case(case, cmd, composition, actor, casework, now)
    uow.cases.add(opened, permit.entry)
    entrust(uow, permit, opened, actor)
    write_identity(uow, permit, case, cmd.identity, casework, actor=actor, version=1, at=now)
    write_contact(uow, permit, case, cmd.contact, casework, actor=actor, version=1, at=now)
    uow.cases.index(case, index_tokens(cmd.identity, casework), permit.entry)
    return permit, opened


def _new_case(
    case: CaseId, cmd: OpenCase, composition: Composition, actor: Actor, casework: Casework, now: datetime
) -> Case:
    """The case as it begins. The end of the term is computed where the file does not say it."""
    facts = replace(cmd.facts, term_end=term_end(cmd.facts, casework.parameters))
    own = cmd.origin is Origin.WALK_IN
    return Case(
        case, FIRST_STATE[cmd.origin], cmd.region, cmd.language, actor.id if own else None, now, None, None, facts, 1,
        origin=cmd.origin, place=cmd.place,
        coach_type=cmd.coach_type or coach_type_of(facts, composition, cmd.place),
    )  # fmt: skip


def record_for(case: CaseId, kind: Kind, casework: Casework) -> RecordId:
    """A case has one identity, contact and token-map record: its id is derived, so no second one can be begun."""
    return RecordId(casework.index.token(f"record/{kind.value}", case.hex())[:16])


def write_identity(
    uow: UnitOfWork, permit: Permit, case: CaseId, identity: Identity, casework: Casework, *, actor: Actor,
    version: int, at: datetime,
) -> None:  # fmt: skip
    casework.keeper.write(
        uow, permit, kind=Kind.IDENTITY, case=case, record=record_for(case, Kind.IDENTITY, casework), version=version,
        plaintext=identity.encode(), author=actor.id, at=at, provenance=Provenance.ADMIN,
    )  # fmt: skip


def write_contact(
    uow: UnitOfWork, permit: Permit, case: CaseId, contact: Contact, casework: Casework, *, actor: Actor,
    version: int, at: datetime,
) -> None:  # fmt: skip
    casework.keeper.write(
        uow, permit, kind=Kind.CONTACT, case=case, record=record_for(case, Kind.CONTACT, casework), version=version,
        plaintext=contact.encode(), author=actor.id, at=at, provenance=contact.provenance,
    )  # fmt: skip


def index_tokens(identity: Identity, casework: Casework) -> list[bytes]:
    """Blind index tokens of everything a case can be found by: exact identifiers only, never names."""
    fields = [("national_number", person.national_number) for person in identity.people]
    fields += [("ov_number", identity.ov_number), ("oqt_reference", identity.oqt_reference)]
    return [casework.index.token(field, normalise_for_index(field, value)) for field, value in fields if value]
