"""Who came along to an appointment: names sealed, roles in the appointment's row. For the case's own coach.

An interpreter is named by the number of the service that sends them. The row holds a keyed mark of it, so that two
bookings of one interpreter at one time show, and the number itself is sealed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.access.shaping import narrowed, shape
from vault.cases.appointments import (
    ATTENDEE_FIELDS,
    Appointment,
    ClashKind,
    Company,
    Status,
    interpreter_number,
)
from vault.errors import Clash, InvalidInput, StaleVersion
from vault.freetext.normalise import refuse_unwritable
from vault.ids import AppointmentId, CaseId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, reference
from vault.usecases.slots import appointment_of, receipt
from vault.vocabulary import Action, Kind, Provenance, Purpose

#: Rooms have doors: nobody comes with more people than that.
MOST_ATTENDEES: Final = 10


@dataclass(frozen=True, slots=True, repr=False)
class RecordCompany:
    """based_on: the version that was read, 0 where there was none. despite: although the interpreter is busy then."""

    case: CaseId
    appointment: AppointmentId
    company: Company
    based_on: int
    despite: bool = False


def record_company(uow: UnitOfWork, actor: Actor, cmd: RecordCompany, casework: Casework) -> Values:
    """Write down who comes along: names sealed, roles in the appointment's row.

    Raises NotFound, StaleVersion, Clash for an interpreter who is booked elsewhere at that time.
    """
    if len(cmd.company.attendees) > MOST_ATTENDEES:
        raise InvalidInput(f"at most {MOST_ATTENDEES} people come along", field="attendees")
    for attendee in cmd.company.attendees:
        _check_shown(attendee.name, attendee.organisation)
    case = uow.cases.get(cmd.case)
    old = appointment_of(uow, cmd.case, cmd.appointment)
    record = company_record(uow, old, casework) if old is not None else RecordId(cmd.appointment.raw)
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.ATTENDEES, case if old is not None else None, purpose=Purpose.COACHING,
        asked=record.hex(), outcome="recorded",
    )  # fmt: skip
    assert old is not None
    newest = uow.records.head(record)
    current = newest.version if newest is not None else 0
    if current != cmd.based_on:
        raise StaleVersion(expected=cmd.based_on, current=current)
    mark = interpreter_mark(cmd.company.interpreter, casework)
    found = _clashes(uow, old, mark, casework)
    if found and not cmd.despite:
        raise Clash(found)
    seal_company(uow, permit, old, cmd.company, current + 1, casework, actor=actor)
    changed = replace(old, company=cmd.company.roles, interpreter=mark, version=old.version + 1)
    uow.agenda.update(changed, permit.entry)
    return receipt(uow, permit, changed, found)


def _clashes(uow: UnitOfWork, appointment: Appointment, mark: bytes, casework: Casework) -> tuple[str, ...]:
    """Whether an interpreter who is named now is busy then. Of what is over nothing stands in the way any more."""
    ahead = appointment.status is Status.BOOKED and appointment.slot.starts_at > casework.clock.now()
    if not ahead or not mark or mark == appointment.interpreter:
        return ()
    busy = uow.agenda.booked(appointment.slot, interpreter=mark, besides=appointment.id)
    return (ClashKind.INTERPRETER_BUSY.value,) if busy else ()


def _check_shown(*texts: str) -> None:
    """Raises InvalidInput for what a screen would show otherwise than it is: line ends, signs that reorder others."""
    for text in texts:
        try:
            refuse_unwritable(text)
        except InvalidInput as refused:
            raise InvalidInput(str(refused), field="attendees") from None
        if any(sign in text for sign in "\n\r\t"):
            raise InvalidInput("a name stands on one line, without tabs", field="attendees")


def read_company(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, appointment: AppointmentId, casework: Casework
) -> Values:  # fmt: skip
    """Who came along: a logged act. Raises NotFound, Erased."""
    case = uow.cases.get(case_id)
    found = appointment_of(uow, case_id, appointment)
    record = company_record(uow, found, casework) if found is not None else RecordId(appointment.raw)
    permit = casework.ask(
        uow, actor, Action.READ, Kind.ATTENDEES, case if found is not None else None, purpose=Purpose.COACHING,
        asked=record.hex(),
    )  # fmt: skip
    newest = uow.records.head(record)
    company = Company.decode(casework.keeper.open(uow, permit, newest).expose()) if newest is not None else Company()
    each = narrowed(permit.profile, ATTENDEE_FIELDS, inside=True)
    return shape(
        narrowed(permit.profile, ATTENDEE_FIELDS, inside=False),
        {
            "reference": reference(case_id),
            "appointment": appointment.hex(),
            "attendees": [shape(each, attendee.to_json()) for attendee in company.attendees],
            "interpreter": company.interpreter,
            "version": newest.version if newest is not None else 0,
        },
    )


def company_record(uow: UnitOfWork, appointment: Appointment, casework: Casework) -> RecordId:
    """One record for an appointment and those that were put in its place: an interpreter is named once."""
    first = appointment
    while first.before is not None and (earlier := uow.agenda.get(first.before)) is not None:
        first = earlier
    return RecordId(casework.index.token("record/attendees", first.id.hex())[:16])


def seal_company(
    uow: UnitOfWork, permit: Permit, appointment: Appointment, company: Company, version: int, casework: Casework, *,
    actor: Actor,
) -> None:  # fmt: skip
    """Store one version. permit: to write who came along, or to book the appointment."""
    casework.keeper.write(
        uow, permit, kind=Kind.ATTENDEES, case=appointment.case, record=company_record(uow, appointment, casework),
        version=version, plaintext=company.encode(), author=actor.id, at=casework.clock.now(),
        provenance=Provenance.INTERVIEW,
    )  # fmt: skip


def interpreter_mark(number: str, casework: Casework) -> bytes:
    """16 bytes that tell one interpreter from another, and nothing to whoever has not the index key. b"" for none."""
    return casework.index.token("interpreter", interpreter_number(number))[:16] if number else b""
