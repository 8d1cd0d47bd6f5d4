"""Letters to the person: compose one as data, keep it sealed, list and read what was sent.

Composing opens who the person is and where they live; nothing that was confided has a field in a letter. What each
letter says stands in the office's own texts (`vault.cases.letters`); rendering is somebody else's work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vault.access.actor import Actor
from vault.access.shaping import shape
from vault.cases.calendar import belgian_day
from vault.cases.letters import KIND_OF_LETTER, Value, check_added, check_languages, decode
from vault.cases.people import Contact, Identity
from vault.cases.templates import parse_stored
from vault.errors import InvalidInput, NotFound
from vault.ids import CaseId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.open_case import record_for
from vault.vocabulary import Action, Kind, Provenance, Purpose

#: Invitations are the desk's work too, so they are asked for in its purpose.
PURPOSE_OF: Final = {Kind.INVITATION: Purpose.CASE_ADMINISTRATION, Kind.LETTER: Purpose.COACHING}


@dataclass(frozen=True, slots=True, repr=False)
class ComposeLetter:
    """letter: its name. languages: of the texts, the first one first. added: what the sender adds, see ADDED."""

    case: CaseId
    kind: Kind
    letter: str
    languages: Sequence[str]
    added: Mapping[str, Value]


def compose_letter(uow: UnitOfWork, actor: Actor, cmd: ComposeLetter, casework: Casework) -> Values:
    """Compose, seal, keep. Returns the letter's fields and finished texts. Raises NotFound, InvalidInput, Erased."""
    if KIND_OF_LETTER.get(cmd.letter) is not cmd.kind:
        wanted = ", ".join(name for name, kind in KIND_OF_LETTER.items() if kind is cmd.kind)
        raise InvalidInput(f"letter must be one of {wanted}", field="letter")
    check_languages(cmd.languages)
    check_added(cmd.letter, cmd.added, sorted(zone.organisation for zone in casework.rules.organisations))
    case = uow.cases.get(cmd.case)
    permit = casework.ask(
        uow, actor, Action.WRITE, cmd.kind, case, purpose=PURPOSE_OF[cmd.kind], asked=cmd.case.hex(),
        outcome=cmd.letter,
    )  # fmt: skip
    case = existing(case)
    open_ = casework.keeper.open
    identity_record = uow.records.head(record_for(cmd.case, Kind.IDENTITY, casework))
    contact_record = uow.records.head(record_for(cmd.case, Kind.CONTACT, casework))
    if identity_record is None or contact_record is None:
        raise NotFound("no such item, or not for you")
    identity = Identity.decode(open_(uow, permit, identity_record).expose())
    contact = Contact.decode(open_(uow, permit, contact_record).expose())
    now = casework.clock.now()
    coach = uow.staff.by_ids([case.coach]).get(case.coach) if case.coach is not None else None
    grown_up = [person for person in identity.people if person.relation in {"head", "partner"}] or identity.people[:1]
    values: dict[str, Value] = {
        "letter_date": belgian_day(now),
        "recipients": tuple(f"{person.given_names} {person.family_name}" for person in grown_up),
        "address": contact.address,
        "ov_number": identity.ov_number,
        "coach": coach.display_name if coach is not None else "",
        **cmd.added,
    }
    letter = casework.texts.letters.compose(cmd.letter, cmd.languages, values)
    record = RecordId(casework.entropy.bytes(16))
    casework.keeper.write(
        uow, permit, kind=cmd.kind, case=cmd.case, record=record, version=1, plaintext=letter.encode(),
        author=actor.id, at=now, provenance=Provenance.INTERVIEW, template=letter.stored, language=cmd.languages[0],
    )  # fmt: skip
    return shape(
        permit.profile,
        {
            **letter.to_json(),
            "reference": reference(cmd.case),
            "record": record.hex(),
            "written_at": now.isoformat(),
        },
    )


def read_letter(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, kind: Kind, letter: RecordId, casework: Casework
) -> Values:
    """What the person was told. Raises NotFound, Erased."""
    record = uow.records.head(letter)
    case = None
    if record is not None and record.case == case_id and record.kind is kind:
        case = uow.cases.standing(record)
    permit = casework.ask(uow, actor, Action.READ, kind, case, purpose=PURPOSE_OF[kind], asked=letter.hex())
    assert record is not None
    assert case is not None
    return shape(
        permit.profile,
        {
            **decode(casework.keeper.open(uow, permit, record).expose()),
            "reference": reference(case_id),
            "record": record.id.hex(),
            "written_at": record.written_at.isoformat(),
        },
    )


def list_letters(uow: UnitOfWork, actor: Actor, case_id: CaseId, kind: Kind, casework: Casework) -> list[Values]:
    """Which letters were composed, and when; without what they say. Raises NotFound."""
    case = uow.cases.get(case_id)
    heads = uow.records.heads(case_id, kind)
    permit = casework.ask(uow, actor, Action.LIST, kind, case, purpose=PURPOSE_OF[kind], asked=case_id.hex())
    return [
        shape(
            permit.profile,
            {
                "record": head.id.hex(),
                "letter": parse_stored(head.template)[0],
                "letter_version": parse_stored(head.template)[1],
                "language": head.language,
                "written_at": head.written_at.isoformat(),
            },
        )
        for head in heads
    ]
