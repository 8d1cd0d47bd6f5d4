"""Open a case: identity, contact and the facts of the official file, in one operation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.access.shaping import shape
from vault.cases.flow import State
from vault.cases.identifiers import normalise_for_index
from vault.cases.model import LANGUAGES, REGIONS, AdminFacts, Case
from vault.cases.people import Contact, Identity
from vault.errors import InvalidInput
from vault.ids import CaseId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, reference
from vault.vocabulary import Action, Facts, Kind, Provenance, Purpose


@dataclass(frozen=True, slots=True, repr=False)
class OpenCase:
    region: str
    language: str
    identity: Identity
    contact: Contact
    facts: AdminFacts


def open_case(uow: UnitOfWork, actor: Actor, cmd: OpenCase, casework: Casework) -> Values:
    """Open a case assigned to the actor. Returns the receipt profile's fields. Raises AccessDenied, InvalidInput."""
    if cmd.region not in REGIONS:
        raise InvalidInput(f"region must be one of {', '.join(REGIONS)}", field="region")
    if cmd.language not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    if not cmd.identity.people:
        raise InvalidInput("a case needs at least one person", field="people")
    now = casework.clock.now()
    case = CaseId(casework.entropy.bytes(16))
    item = Item(Kind.CASE, "", case, casework.subject(case))
    permit = casework.guard.permit(
        uow, actor, Action.CREATE, item, purpose=Purpose.CASE_ADMINISTRATION, facts=Facts(), outcome="opened"
    )
    uow.cases.add(
        Case(case, State.INTAKE, cmd.region, cmd.language, actor.id, now, None, None, cmd.facts, 1), permit.entry
    )
    write_identity(uow, permit, case, cmd.identity, casework, actor=actor, version=1, at=now)
    write_contact(uow, permit, case, cmd.contact, casework, actor=actor, version=1, at=now)
    uow.cases.index(case, index_tokens(cmd.identity, casework), permit.entry)
    return shape(
        permit.profile,
        {"reference": reference(case), "note": None, "release": None, "version": 1, "state": State.INTAKE.value},
    )


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
