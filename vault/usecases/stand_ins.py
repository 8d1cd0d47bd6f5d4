"""Text about a case, with stand-ins for what names its people: before anything is stored."""

from __future__ import annotations

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.cases.model import Case
from vault.cases.people import Contact, Identity
from vault.errors import NotFound
from vault.freetext import KnownIdentities, KnownPerson, TokenMap, pseudonymise
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework
from vault.usecases.open_case import record_for
from vault.vocabulary import Kind, Provenance


def with_stand_ins(
    uow: UnitOfWork, permit: Permit, case: Case, text: str, language: str, casework: Casework, actor: Actor
) -> str:
    """The text with stand-ins; the case's token map grows with it, in the same operation.

    Raises InvalidInput, Surviving, NotFound for a case without its people.
    """
    identity_record = uow.records.head(record_for(case.id, Kind.IDENTITY, casework))
    contact_record = uow.records.head(record_for(case.id, Kind.CONTACT, casework))
    map_id = record_for(case.id, Kind.TOKEN_MAP, casework)
    map_record = uow.records.head(map_id)
    open_ = casework.keeper.open
    if identity_record is None or contact_record is None:
        raise NotFound("no such item, or not for you")
    identity = Identity.decode(open_(uow, permit, identity_record).expose())
    contact = Contact.decode(open_(uow, permit, contact_record).expose())
    before = TokenMap.decode(open_(uow, permit, map_record).expose()) if map_record is not None else TokenMap.empty()
    done = pseudonymise(text, known_identities(identity, contact), before, language)
    if done.token_map != before:
        casework.keeper.write(
            uow, permit, kind=Kind.TOKEN_MAP, case=case.id, record=map_id,
            version=map_record.version + 1 if map_record is not None else 1, plaintext=done.token_map.encode(),
            author=actor.id, at=casework.clock.now(), provenance=Provenance.INTERVIEW,
        )  # fmt: skip
    return done.text


def known_identities(identity: Identity, contact: Contact) -> KnownIdentities:
    """What the case already knows about its people: the detector that decides which stand-in is meant."""
    people = tuple(
        KnownPerson(str(place), person.family_name, person.given_names, person.aliases, person.national_number)
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
