"""Book, move, cancel and settle appointments, with the step of the case that each of them is.

An invitation is an appointment and a step (INVITE) at once: one use case, one transaction, each asked and logged. A
booking that clashes is refused with what stands in the way; sent again with `despite`, it stands. The desk's time
itself is never shared: of two bookings at once one wins, and the other is told that the slot is taken. Whoever changes
an appointment has its case to change as well: it does not end in between, and nobody counts an absence meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.access.shaping import shape
from vault.cases.appointments import (
    Appointment,
    Around,
    AttendeeRole,
    Busy,
    Channel,
    ClashKind,
    Company,
    Occasion,
    Slot,
    Status,
    check_words,
    clashes,
    interpreter_number,
)
from vault.cases.calendar import belgian_day
from vault.cases.model import Case, Place
from vault.cases.organisation import Desk, is_open
from vault.errors import Clash, Conflict, InvalidInput, NotFound
from vault.ids import AppointmentId, CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing
from vault.usecases.company import company_record, interpreter_mark, seal_company
from vault.usecases.invitations import absence_recorded, attended, check_invitable, invited, moved, walked_in
from vault.usecases.slots import appointment_of, appointment_values, cells_of, desk_of, receipt, settled, times
from vault.vocabulary import Action, Kind, Phase, Purpose

ADMIN: Final = Purpose.CASE_ADMINISTRATION


@dataclass(frozen=True, slots=True, repr=False)
class Booking:
    """When, where and in which words. interpreter: their number at the service that sends them, "" for none.

    despite: that what stands in the way is known and the appointment is meant all the same.
    """

    slot: Slot
    language: str
    leaflet: str = ""
    interpreter: str = ""
    interpreting: str = ""
    despite: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Book:
    case: CaseId
    occasion: Occasion
    booking: Booking


def book(uow: UnitOfWork, actor: Actor, cmd: Book, casework: Casework) -> Values:
    """Book an appointment; an invitation also moves the case on.

    Raises NotFound, InvalidInput, SlotTaken, Clash (with everything that stands in the way), IllegalStep.
    """
    now = casework.clock.now()
    booking = _checked(cmd.booking, cmd.occasion, casework, now)
    case = uow.cases.get_to_change(cmd.case)
    permit = _ask(uow, actor, Action.WRITE, case, cmd.case.hex(), casework, "booked")
    case = existing(case)
    inviting = cmd.occasion is Occasion.INVITATION
    if inviting:
        check_invitable(uow, case, casework)
    if cmd.occasion is Occasion.WALK_IN:
        raise InvalidInput("who walks in has no appointment", field="occasion")
    if case.phase is Phase.PENDING and not inviting:
        raise InvalidInput("before the intake an appointment is an invitation", field="occasion")
    if inviting and any(one.status is Status.BOOKED for one in _invitations(uow, cmd.case)):
        raise Conflict("an invitation is out already: move or cancel it")
    found = _clashes(uow, case, booking, casework)
    if found and not booking.despite:
        raise Clash(tuple(found))
    earlier = _invitations(uow, cmd.case)
    appointment = _new(uow, permit, case, cmd.occasion, booking, casework, actor=actor, at=now)
    if inviting:
        invited(uow, actor, case, appointment, earlier, casework)
    return receipt(uow, permit, appointment, found)


@dataclass(frozen=True, slots=True, repr=False)
class Move:
    appointment: AppointmentId
    case: CaseId
    booking: Booking


def move(uow: UnitOfWork, actor: Actor, cmd: Move, casework: Casework) -> Values:
    """Put another appointment in the place of one that is booked; the old one is kept. Raises as `book`."""
    now = casework.clock.now()
    case, old, permit = _about(uow, actor, cmd.case, cmd.appointment, casework, "moved")
    booking = _checked(cmd.booking, old.occasion, casework, now)
    found = _clashes(uow, case, booking, casework, besides=old)
    if found and not booking.despite:
        raise Clash(tuple(found))
    kept = cells_of(booking.slot, casework) if booking.slot.desk == old.slot.desk else ()
    settled(uow, permit.entry, old, Status.MOVED, casework, actor=actor, at=now, kept=kept)
    new = _new(uow, permit, case, old.occasion, booking, casework, actor=actor, at=now, before=old)
    if old.occasion is Occasion.INVITATION:
        moved(uow, actor, case, new, casework)
    return receipt(uow, permit, new, found)


def cancel(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, appointment: AppointmentId, casework: Casework
) -> Values:  # fmt: skip
    """Take a booked appointment back; the desk's time is free again. The case stays in its state. Raises NotFound."""
    _, old, permit = _about(uow, actor, case_id, appointment, casework, "cancelled")
    taken_back = settled(uow, permit.entry, old, Status.CANCELLED, casework, actor=actor, at=casework.clock.now())
    return receipt(uow, permit, taken_back, ())


@dataclass(frozen=True, slots=True, repr=False)
class Settle:
    """What became of an appointment: attended, absent, absent with an excuse. company: roles of who came along."""

    case: CaseId
    appointment: AppointmentId
    status: Status
    company: frozenset[AttendeeRole] | None = None


def settle(uow: UnitOfWork, actor: Actor, cmd: Settle, casework: Casework) -> Values:
    """Record who came. Absence at an invitation, and the coach's meeting of who was invited, are steps as well.

    Raises NotFound, InvalidInput (too early), Conflict, IllegalStep.
    """
    if cmd.status not in {Status.ATTENDED, Status.NO_SHOW, Status.EXCUSED}:
        raise InvalidInput("an appointment is attended, missed or excused", field="status")
    if cmd.company is not None and cmd.status is not Status.ATTENDED:
        raise InvalidInput("who does not come brings nobody", field="company")
    case, old, permit = _about(uow, actor, cmd.case, cmd.appointment, casework, cmd.status.value)
    told = settled(
        uow, permit.entry, old, cmd.status, casework, actor=actor, at=casework.clock.now(), company=cmd.company
    )
    if old.occasion is Occasion.INVITATION:
        if cmd.status is Status.NO_SHOW:
            absence_recorded(uow, actor, case, casework)
        elif cmd.status is Status.ATTENDED:
            attended(uow, actor, case, told, casework)
    return receipt(uow, permit, told, ())


@dataclass(frozen=True, slots=True)
class WalkIn:
    """Somebody of a known case stands at a desk without an appointment. despite: although it is closed for that."""

    case: CaseId
    desk: str
    company: frozenset[AttendeeRole] = frozenset()
    despite: bool = False


def walk_in(uow: UnitOfWork, actor: Actor, cmd: WalkIn, casework: Casework) -> Values:
    """Receive who walks in: an appointment that is kept as it is made, and the step. Raises as `book`."""
    now = casework.clock.now()
    case = uow.cases.get_to_change(cmd.case)
    permit = _ask(uow, actor, Action.WRITE, case, cmd.case.hex(), casework, "walked_in")
    case = existing(case)
    desk = desk_of(cmd.desk, case, casework)
    if not is_open(desk.walk_in, now) and not cmd.despite:
        raise Clash((ClashKind.DESK_CLOSED.value,))
    waiting = [one for one in _invitations(uow, cmd.case) if one.status is Status.BOOKED]
    for one in waiting:
        settled(uow, permit.entry, one, Status.MOVED, casework, actor=actor, at=now)
    length = casework.agenda_rules.walk_in_length
    slot = Slot(now, now + length, Channel.DESK, desk.code)
    appointment = Appointment(
        AppointmentId(casework.entropy.bytes(16)), case.id, Occasion.WALK_IN, slot, case.language, "",
        Status.ATTENDED, cmd.company, b"", "", waiting[-1].id if waiting else None, now, actor.id, now, actor.id, 1,
    )  # fmt: skip
    uow.agenda.add(appointment, permit.entry)
    walked_in(uow, actor, case, appointment, casework)
    return receipt(uow, permit, appointment, ())


def list_appointments(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> list[Values]:
    """A case's appointments, those that were moved or cancelled among them, by time. Raises NotFound."""
    case = uow.cases.get(case_id)
    permit = _ask(uow, actor, Action.LIST, case, case_id.hex(), casework, "")
    return [shape(permit.profile, appointment_values(one)) for one in uow.agenda.of_case(case_id)]


@dataclass(frozen=True, slots=True, repr=False)
class LookForClashes:
    case: CaseId
    booking: Booking


def look_for_clashes(uow: UnitOfWork, actor: Actor, cmd: LookForClashes, casework: Casework) -> Values:
    """What stands in the way of a time, before anybody is told of it. free: whether the desk is. Raises NotFound."""
    booking = _checked(cmd.booking, Occasion.INTERVIEW, casework, casework.clock.now())
    case = uow.cases.get(cmd.case)
    permit = _ask(uow, actor, Action.READ, case, cmd.case.hex(), casework, "")
    case = existing(case)
    slot = booking.slot
    found = _clashes(uow, case, booking, casework)
    free = not uow.agenda.taken(slot.desk, slot.starts_at, slot.ends_at) & set(cells_of(slot, casework))
    return shape(permit.profile, {**times(slot), "clashes": list(found), "free": free})


# -- shared -----------------------------------------------------------------------------------------------


def _checked(booking: Booking, occasion: Occasion, casework: Casework, now: datetime) -> Booking:
    """The booking in canonical words, if it can be meant at all. Raises InvalidInput."""
    booking.slot.check(casework.agenda_rules, now)
    check_words(booking.language, booking.leaflet, booking.interpreting)
    if occasion is Occasion.INVITATION and not booking.leaflet:
        raise InvalidInput("an invitation names the leaflet that goes with it", field="leaflet")
    if booking.interpreter and not booking.interpreting:
        raise InvalidInput("name the language that is interpreted", field="interpreting")
    cells_of(booking.slot, casework)
    return replace(booking, interpreter=interpreter_number(booking.interpreter) if booking.interpreter else "")


def _clashes(
    uow: UnitOfWork, case: Case, booking: Booking, casework: Casework, besides: Appointment | None = None
) -> Sequence[str]:
    """Codes of everything that stands in the way. Raises InvalidInput for a desk of another region."""
    slot = booking.slot
    day = belgian_day(slot.starts_at)
    own = besides.id if besides is not None else None
    mark = interpreter_mark(booking.interpreter, casework) or (besides.interpreter if besides is not None else b"")
    busy = Busy(
        uow.agenda.booked(slot, coach=case.coach, besides=own) if case.coach is not None else (),
        uow.agenda.booked(slot, interpreter=mark, besides=own) if mark else (),
        uow.agenda.booked(slot, case=case.id, besides=own),
    )
    desk = desk_of(slot.desk, case, casework) if slot.desk else None
    around = Around(
        has_coach=case.coach is not None,
        coach_absent=case.coach is not None and case.coach in uow.coaches.away([case.coach], day),
        holiday=casework.calendar.holiday(day),
        open=desk is None or is_open(desk.hours, slot.starts_at, slot.ends_at),
        walk_in=desk is not None and any(_meets(desk, slot)),
        # Before the intake an appointment is an invitation.
        no_address=case.phase is Phase.PENDING and case.place is Place.NO_KNOWN_ADDRESS,
        lived_in=desk is not None and desk.site.open_return_place and case.place is not Place.OPEN_RETURN_PLACE,
    )
    return [kind.value for kind in clashes(slot, busy, around)]


def _meets(desk: Desk, slot: Slot) -> list[bool]:
    """For each minute of the slot, whether the desk receives who walks in."""
    minutes = int((slot.ends_at - slot.starts_at).total_seconds()) // 60
    return [is_open(desk.walk_in, slot.starts_at + timedelta(minutes=minute)) for minute in range(minutes)]


def _new(
    uow: UnitOfWork, permit: Permit, case: Case, occasion: Occasion, booking: Booking, casework: Casework, *,
    actor: Actor, at: datetime, before: Appointment | None = None,
) -> Appointment:  # fmt: skip
    """The row, the desk's cells, and the interpreter's number sealed. Raises SlotTaken."""
    mark = interpreter_mark(booking.interpreter, casework) or (before.interpreter if before is not None else b"")
    interpreting = booking.interpreting or (before.interpreting if before is not None else "")
    company = frozenset({AttendeeRole.INTERPRETER}) if mark else frozenset[AttendeeRole]()
    appointment = Appointment(
        AppointmentId(casework.entropy.bytes(16)), case.id, occasion, booking.slot, booking.language, booking.leaflet,
        Status.BOOKED, company, mark, interpreting, before.id if before is not None else None, at, actor.id, None,
        None, 1,
    )  # fmt: skip
    uow.agenda.add(appointment, permit.entry)
    uow.agenda.take_cells(
        booking.slot.desk, cells_of(booking.slot, casework), appointment.id, permit.entry,
        instead_of=before.id if before is not None else None,
    )  # fmt: skip
    if booking.interpreter:
        newest = uow.records.head(company_record(uow, appointment, casework))
        version = newest.version + 1 if newest is not None else 1
        seal_company(uow, permit, appointment, Company(interpreter=booking.interpreter), version, casework, actor=actor)
    return appointment


def _about(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, appointment: AppointmentId, casework: Casework, outcome: str
) -> tuple[Case, Appointment, Permit]:
    """A permit about one appointment of one case; an appointment of another case is none of this one."""
    case, found = uow.cases.get_to_change(case_id), appointment_of(uow, case_id, appointment)
    permit = _ask(
        uow, actor, Action.WRITE, case if found is not None else None, appointment.hex(), casework, outcome
    )  # fmt: skip
    if found is None:
        raise NotFound("no such item, or not for you")
    return existing(case), found, permit


def _ask(
    uow: UnitOfWork, actor: Actor, action: Action, case: Case | None, asked: str, casework: Casework, outcome: str
) -> Permit:
    return casework.ask(
        uow, actor, action, Kind.APPOINTMENT, case, purpose=ADMIN, asked=asked, outcome=outcome,
        config=casework.organisation.digest.hex(),
    )  # fmt: skip


def _invitations(uow: UnitOfWork, case: CaseId) -> list[Appointment]:
    return [one for one in uow.agenda.of_case(case) if one.occasion is Occasion.INVITATION]
