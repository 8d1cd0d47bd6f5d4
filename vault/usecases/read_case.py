"""Look at a case: its status, its people, how they are reached; list and find cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.access.shaping import narrowed, shape
from vault.cases.calendar import belgian_day
from vault.cases.flow import State
from vault.cases.identifiers import normalise_for_index
from vault.cases.people import PERSON_FIELDS, Contact, Identity
from vault.errors import InvalidInput, NotFound
from vault.ids import ActorId, CaseId
from vault.pseudonyms import LOG, parse_pseudonym
from vault.sensitive import Sensitive
from vault.unit_of_work import CaseRow, UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.open_case import record_for
from vault.vocabulary import Action, Facts, Kind, Purpose, Role

PAGE_LIMIT = 200
LOG_NAME = "log_name"
FINDABLE = ("national_number", "ov_number", "oqt_reference", LOG_NAME)


@dataclass(frozen=True, slots=True)
class ListCases:
    """before: opening moment of the last line seen, to page backwards in time."""

    states: Sequence[State] = ()
    language: str = ""
    limit: int = 50
    before: datetime | None = None


def read_case(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> Values:
    """Where a case stands. Raises NotFound."""
    case = uow.cases.get(case_id)
    permit = casework.ask(
        uow, actor, Action.READ, Kind.CASE, case, purpose=Purpose.CASE_ADMINISTRATION, asked=case_id.hex()
    )
    case = existing(case)
    history = casework.situation(case, uow.cases.events(case_id)).history
    facts = case.facts
    notes = uow.records.heads(case_id, Kind.NOTE)
    return shape(
        permit.profile,
        {
            "reference": reference(case.id),
            "phase": case.phase.value,
            "state": case.state.value,
            "region": case.region,
            "language": case.language,
            "opened_on": belgian_day(case.opened_at).isoformat(),
            "opened_at": case.opened_at.isoformat(),
            "coach": _staff_name(uow, case.coach),
            "notice_given": history.notice_given,
            "notes": len(notes),
            "closing_outcome": case.outcome.value if case.outcome else None,
            "version": case.version,
            "origin": case.origin.value,
            "place": case.place.value,
            "coach_type": case.coach_type.value if case.coach_type else None,
            "criterion": case.criterion or None,
            "annex": facts.annex or None,
            "notified_on": facts.notified_on.isoformat() if facts.notified_on else None,
            "term_end": facts.term_end.isoformat() if facts.term_end else None,
            "extended": facts.extended,
            "procedure_pending": facts.procedure_pending,
        },
    )


def read_identity(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> Values:
    """Who the people of the case are: a logged act. Raises NotFound, Erased."""
    permit, version, plaintext = _open_one(uow, actor, case_id, Kind.IDENTITY, casework)
    identity = Identity.decode(plaintext.expose())
    each = narrowed(permit.profile, PERSON_FIELDS, inside=True)
    return shape(
        narrowed(permit.profile, PERSON_FIELDS, inside=False),
        {
            "people": [shape(each, person.to_json()) for person in identity.people],
            "ov_number": identity.ov_number,
            "oqt_reference": identity.oqt_reference,
            "version": version,
        },
    )


def read_contact(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> Values:
    """How the people of the case are reached: a logged act. Raises NotFound, Erased."""
    permit, version, plaintext = _open_one(uow, actor, case_id, Kind.CONTACT, casework)
    contact = Contact.decode(plaintext.expose())
    return shape(
        permit.profile,
        {
            "address": contact.address,
            "phone": contact.phone,
            "email": contact.email,
            "whereabouts_note": contact.whereabouts_note,
            "provenance": contact.provenance.value,
            "version": version,
        },
    )


def _open_one(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, kind: Kind, casework: Casework
) -> tuple[Permit, int, Sensitive[bytes]]:
    """Ask for, and open, the one record of this kind that a case has: the permit, the version, the plaintext."""
    case = uow.cases.get(case_id)
    wanted = record_for(case_id, kind, casework)
    permit = casework.ask(uow, actor, Action.READ, kind, case, purpose=Purpose.COACHING, asked=wanted.hex())
    record = uow.records.head(wanted)
    if record is None:
        raise NotFound("no such item, or not for you")
    return permit, record.version, casework.keeper.open(uow, permit, record)


def list_cases(uow: UnitOfWork, actor: Actor, cmd: ListCases, casework: Casework) -> list[Values]:
    """The actor's own caseload; for a regional head or a desk officer, the region's. Newest first."""
    if not 1 <= cmd.limit <= PAGE_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {PAGE_LIMIT}", field="limit")
    coach, region = scope(actor)
    permit = casework.guard.permit(
        uow,
        actor,
        Action.LIST,
        Item(Kind.CASE),
        purpose=Purpose.CASE_ADMINISTRATION,
        facts=Facts.of(own=coach is not None, region=region is not None),
    )
    rows = uow.cases.caseload(
        coach=coach, region=region, states=cmd.states, language=cmd.language, limit=cmd.limit, before=cmd.before
    )
    names = staff_names(uow, [row.case.coach for row in rows])
    return [shape(permit.profile, case_line(row, names[row.case.coach])) for row in rows]


def find_case(uow: UnitOfWork, actor: Actor, field: str, value: str, casework: Casework) -> list[Values]:
    """Cases within the actor's reach that bear this exact identifier; an unknown and a foreign one give the same [].

    field: one of FINDABLE; LOG_NAME is the case's pseudonym in the log, which nothing stored leads back from: every
    case within reach is given its name anew, and the entry says that this one's was asked for.
    Raises InvalidIdentifier, InvalidInput.
    """
    if field not in FINDABLE:
        raise InvalidInput(f"a case is found by one of {', '.join(FINDABLE)}", field="field")
    coach, region = scope(actor)
    if field == LOG_NAME:
        wanted = parse_pseudonym(value, LOG)
        cases = [one for one in uow.cases.within(coach, region) if casework.pseudonyms.token(LOG, one) == wanted]
    else:
        cases = uow.cases.find(
            casework.index.token(field, normalise_for_index(field, value)), coach=coach, region=region
        )
    named = casework.subject(cases[0]) if field == LOG_NAME and cases else ""
    permit = casework.guard.permit(
        uow,
        actor,
        Action.SEARCH,
        Item(Kind.CASE, subject=named),
        purpose=Purpose.CASE_ADMINISTRATION,
        facts=Facts.of(own=coach is not None, region=region is not None),
        outcome=LOG_NAME if field == LOG_NAME else "",
    )
    found = []
    for case_id in cases:
        case = existing(uow.cases.get(case_id))
        heads = uow.records.heads(case_id, Kind.NOTE)
        row = CaseRow(case, len(heads), heads[0].written_at if heads else None)
        found.append(shape(permit.profile, case_line(row, _staff_name(uow, case.coach))))
    return found


def scope(actor: Actor) -> tuple[ActorId | None, str | None]:
    """What a role's lists are limited to, in the query itself: a coach's own cases, or a region."""
    return (actor.id, None) if actor.role is Role.COACH else (None, actor.region)


def staff_names(uow: UnitOfWork, ids: Sequence[ActorId | None]) -> dict[ActorId | None, str]:
    """What members of staff are called; nobody (None) is called ""."""
    found = uow.staff.by_ids([one for one in dict.fromkeys(ids) if one is not None])
    return {None: ""} | {one: row.display_name for one, row in found.items()}


def case_line(row: CaseRow, coach: str) -> Values:
    """A case in a list, from its status row: nothing sealed is opened for it. coach: their name."""
    case = row.case
    return {
        "reference": reference(case.id),
        "state": case.state.value,
        "region": case.region,
        "language": case.language,
        "opened_on": belgian_day(case.opened_at).isoformat(),
        "opened_at": case.opened_at.isoformat(),
        "coach": coach,
        "notes": row.notes,
        "last_note_on": belgian_day(row.last_note_at).isoformat() if row.last_note_at else None,
    }


def _staff_name(uow: UnitOfWork, actor: ActorId | None) -> str:
    return staff_names(uow, [actor])[actor]
