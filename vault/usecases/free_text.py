"""Free text on its way into a record: whatever the case knows to name somebody becomes a stand-in, in one operation.

A note is looked through by every stage and reviewed (`note_review`). What else is typed in words (details of facts,
captions, titles of tasks, reasons of corrections) is short, and stored at once: in it the names that the case knows,
and those that its notes gave a stand-in, are replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.cases.people import Contact, Identity
from vault.errors import Conflict, InvalidInput, NotFound, StaleVersion
from vault.freetext import KnownIdentities, KnownPerson, TokenMap, pseudonymise
from vault.ids import CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework
from vault.usecases.open_case import record_for
from vault.vocabulary import Kind, Provenance


@dataclass(frozen=True, slots=True, repr=False)
class MapAt:
    """A case's token map and the version of its record; 0 if there is none yet."""

    token_map: TokenMap
    version: int


@dataclass(frozen=True, slots=True, repr=False)
class Names:
    """What a case knows of its people, and which stand-ins it gave."""

    known: KnownIdentities
    at: MapAt


def replace_names(
    uow: UnitOfWork, permit: Permit, case: CaseId, texts: Mapping[str, str], language: str, casework: Casework, *,
    actor: Actor,
) -> dict[str, str]:  # fmt: skip
    """The texts with stand-ins, by their field's name; the case's token map grows with them. Empty ones stay empty.

    Raises InvalidInput (naming the field), Surviving, NotFound, Erased, Conflict.
    """
    if not any(texts.values()):
        return dict(texts)
    names = open_names(uow, permit, case, casework)
    replaced, grown = with_stand_ins(texts, names.known, names.at.token_map, language)
    store_map(uow, permit, case, names.at, grown, actor, casework)
    return replaced


def with_stand_ins(
    texts: Mapping[str, str], known: KnownIdentities, token_map: TokenMap, language: str
) -> tuple[dict[str, str], TokenMap]:
    """The texts with stand-ins, and the grown map. Raises InvalidInput (naming the field), Surviving."""
    replaced: dict[str, str] = {}
    for field, text in texts.items():
        if not text:
            replaced[field] = text
            continue
        try:
            done = pseudonymise(text, known, token_map, language)
        except InvalidInput as fault:
            if fault.field == "text":
                fault.field = field
            raise
        replaced[field], token_map = done.text, done.token_map
    return replaced, token_map


def open_names(uow: UnitOfWork, permit: Permit, case: CaseId, casework: Casework) -> Names:
    """Raises NotFound, Erased."""
    identity_record = uow.records.head(record_for(case, Kind.IDENTITY, casework))
    contact_record = uow.records.head(record_for(case, Kind.CONTACT, casework))
    if identity_record is None or contact_record is None:
        raise NotFound("no such item, or not for you")
    identity = Identity.decode(casework.keeper.open(uow, permit, identity_record).expose())
    contact = Contact.decode(casework.keeper.open(uow, permit, contact_record).expose())
    return Names(known_identities(identity, contact), open_map(uow, permit, case, casework))


def open_map(uow: UnitOfWork, permit: Permit, case: CaseId, casework: Casework) -> MapAt:
    record = uow.records.head(record_for(case, Kind.TOKEN_MAP, casework))
    if record is None:
        return MapAt(TokenMap.empty(), 0)
    return MapAt(TokenMap.decode(casework.keeper.open(uow, permit, record).expose()), record.version)


def store_map(
    uow: UnitOfWork, permit: Permit, case: CaseId, before: MapAt, grown: TokenMap, actor: Actor, casework: Casework
) -> None:
    """Write the map if it changed. Raises Conflict if another text of the case was stored at the same moment."""
    if grown == before.token_map:
        return
    try:
        casework.keeper.write(
            uow, permit, kind=Kind.TOKEN_MAP, case=case, record=record_for(case, Kind.TOKEN_MAP, casework),
            version=before.version + 1, plaintext=grown.encode(), author=actor.id, at=casework.clock.now(),
            provenance=Provenance.INTERVIEW,
        )  # fmt: skip
    except StaleVersion:
        raise Conflict("another text of this case was stored at the same moment: send this one again") from None


def known_identities(identity: Identity, contact: Contact) -> KnownIdentities:
    """What the case already knows about its people: it decides which stand-in is meant."""
    people = tuple(
        KnownPerson(
            str(place),
            person.family_name,
            person.given_names,
            person.aliases,
            person.national_number,
            person.birth_date,
        )
        for place, person in enumerate(identity.people, start=1)
    )
    return KnownIdentities(
        people=people,
        addresses=(contact.address,) if contact.address else (),
        phones=(contact.phone,) if contact.phone else (),
        emails=(contact.email,) if contact.email else (),
        ov_numbers=(identity.ov_number,) if identity.ov_number else (),
        oqt_references=(identity.oqt_reference,) if identity.oqt_reference else (),
    )
