"""Free text on its way into a record: whatever the case knows to name somebody becomes a stand-in, in one operation."""

from __future__ import annotations

from collections.abc import Mapping

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.cases.people import Contact, Identity
from vault.errors import InvalidInput, NotFound
from vault.freetext import KnownIdentities, KnownPerson, TokenMap, pseudonymise
from vault.ids import CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework
from vault.usecases.open_case import record_for
from vault.vocabulary import Kind, Provenance


def replace_names(
    uow: UnitOfWork, permit: Permit, case: CaseId, texts: Mapping[str, str], language: str, casework: Casework, *,
    actor: Actor,
) -> dict[str, str]:  # fmt: skip
    """The texts with stand-ins, by their field's name; the case's token map grows with them. Empty ones stay empty.

    Raises InvalidInput (naming the field), Surviving, NotFound, Erased.
    """
    if not any(texts.values()):
        return dict(texts)
    identity_record = uow.records.head(record_for(case, Kind.IDENTITY, casework))
    contact_record = uow.records.head(record_for(case, Kind.CONTACT, casework))
    map_id = record_for(case, Kind.TOKEN_MAP, casework)
    map_record = uow.records.head(map_id)
    open_ = casework.keeper.open
    if identity_record is None or contact_record is None:
        raise NotFound("no such item, or not for you")
    known = known_identities(
        Identity.decode(open_(uow, permit, identity_record).expose()),
        Contact.decode(open_(uow, permit, contact_record).expose()),
    )
    before = TokenMap.decode(open_(uow, permit, map_record).expose()) if map_record is not None else TokenMap.empty()
    grown = before
    replaced: dict[str, str] = {}
    for field, text in texts.items():
        if not text:
            replaced[field] = text
            continue
        try:
            done = pseudonymise(text, known, grown, language)
        except InvalidInput as fault:
            if fault.field == "text":
                fault.field = field
            raise
        replaced[field], grown = done.text, done.token_map
    if grown != before:
        casework.keeper.write(
            uow, permit, kind=Kind.TOKEN_MAP, case=case, record=map_id,
            version=map_record.version + 1 if map_record is not None else 1, plaintext=grown.encode(),
            author=actor.id, at=casework.clock.now(), provenance=Provenance.INTERVIEW,
        )  # fmt: skip
    return replaced


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
