"""Routes of appointments: book, move, cancel, settle; who came along; a day's work; desks."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, Field, StringConstraints
from starlette.responses import Response

from gateway.api.json import json_response
from gateway.api.models import LARGEST_VERSION, Body, Language, Name, Short, clean
from gateway.api.routes import casework_of, casework_router
from gateway.gate import Gate
from vault.cases.appointments import Attendee, AttendeeRole, Channel, Company, Occasion, Slot, Status
from vault.cases.calendar import plausible
from vault.cases.organisation import moment_of
from vault.errors import InvalidInput
from vault.ids import AppointmentId
from vault.usecases import appointments, company, days
from vault.usecases.casework import parse_reference
from vault.vocabulary import Action, Kind, Purpose

_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::00)?(?:Z|[+-][0-9]{2}:[0-9]{2})?")
ADMIN, COACHING = Purpose.CASE_ADMINISTRATION, Purpose.COACHING


def _written_time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError("a time is written YYYY-MM-DDTHH:MM, as Belgium's clocks show it, or with its offset")
    return text


Time = Annotated[str, StringConstraints(max_length=25), AfterValidator(_written_time)]
DeskCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{0,40}$")]
Role = Annotated[AttendeeRole, Field(strict=False)]


class BookingBody(Body):
    starts_at: Time = Field(description="as Belgium's clocks show it, or with an offset")
    minutes: Annotated[int, Field(ge=5, le=720)] = 60
    channel: Annotated[Channel, Field(strict=False)] = Channel.DESK
    desk: DeskCode = ""
    language: Language
    leaflet: Annotated[str, StringConstraints(max_length=40)] = ""
    interpreter: Annotated[str, StringConstraints(max_length=40)] = Field(
        default="", description="the interpreter's number at the service that sends them"
    )
    interpreting: Annotated[str, StringConstraints(pattern=r"^[a-z]{0,3}$")] = ""
    despite_clashes: bool = Field(default=False, description="book although something stands in the way")

    def booking(self) -> appointments.Booking:
        """Raises InvalidInput for a time that no clock in Belgium shows."""
        starts_at = moment(self.starts_at)
        slot = Slot(starts_at, starts_at + timedelta(minutes=self.minutes), self.channel, self.desk)
        return appointments.Booking(
            slot, self.language, self.leaflet, self.interpreter, self.interpreting, self.despite_clashes
        )


class NewBookingBody(BookingBody):
    occasion: Annotated[Occasion, Field(strict=False)]


class AttendanceBody(Body):
    status: Literal["attended", "no_show", "excused"]
    company: Annotated[list[Role], Field(max_length=10)] | None = None


class WalkInBody(Body):
    desk: DeskCode
    company: Annotated[list[Role], Field(max_length=10)] | None = None
    despite_clashes: bool = False


class AttendeeBody(Body):
    role: Role
    name: Name
    organisation: Short = ""

    def attendee(self) -> Attendee:
        clean(self.name, self.organisation)
        return Attendee(self.role, self.name, self.organisation)


class AttendeesBody(Body):
    attendees: Annotated[list[AttendeeBody], Field(max_length=10)]
    interpreter: Annotated[str, StringConstraints(max_length=40)] = ""
    based_on: Annotated[int, Field(ge=0, le=LARGEST_VERSION)]
    despite_clashes: bool = Field(default=False, description="although the interpreter is busy at that time")


def moment(text: str) -> datetime:
    """The moment (UTC) that is written. Raises InvalidInput."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput("no such day or time", field="starts_at") from None
    if not plausible(read.date()):
        raise InvalidInput("no such day or time", field="starts_at")
    return moment_of(read, field="starts_at") if read.tzinfo is None else read.astimezone(UTC)


class _Appointments:
    """The handlers share the gate and casework's services."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.casework = casework_of(gate)

    async def book_appointment(self, request: Request, case: str, body: NewBookingBody) -> Response:
        """Book an appointment. An invitation also moves the case on. 409 `clash` says what stands in the way."""
        cmd = appointments.Book(parse_reference(case), body.occasion, body.booking())
        return json_response(
            await self.gate.run(request, lambda uow, actor: appointments.book(uow, actor, cmd, self.casework)), 201
        )

    async def list_appointments(self, request: Request, case: str) -> Response:
        """A case's appointments, also those that were moved or cancelled."""
        wanted = parse_reference(case)
        rows = await self.gate.run(
            request, lambda uow, actor: appointments.list_appointments(uow, actor, wanted, self.casework)
        )
        return json_response({"appointments": rows})

    async def look_for_clashes(self, request: Request, case: str, body: BookingBody) -> Response:
        """What would stand in the way of a booking. Books nothing."""
        cmd = appointments.LookForClashes(parse_reference(case), body.booking())
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: appointments.look_for_clashes(uow, actor, cmd, self.casework)
            )
        )

    async def move_appointment(self, request: Request, case: str, appointment: str, body: BookingBody) -> Response:
        """Put another appointment in the place of a booked one."""
        cmd = appointments.Move(AppointmentId.parse(appointment), parse_reference(case), body.booking())
        return json_response(
            await self.gate.run(request, lambda uow, actor: appointments.move(uow, actor, cmd, self.casework)), 201
        )

    async def cancel_appointment(self, request: Request, case: str, appointment: str) -> Response:
        """Take a booked appointment back; its time is free again."""
        wanted, which = parse_reference(case), AppointmentId.parse(appointment)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: appointments.cancel(uow, actor, wanted, which, self.casework)
            )
        )

    async def settle_appointment(self, request: Request, case: str, appointment: str, body: AttendanceBody) -> Response:
        """Record that the person came, was absent, or was absent with an excuse."""
        brought = frozenset(body.company) if body.company is not None else None
        cmd = appointments.Settle(parse_reference(case), AppointmentId.parse(appointment), Status(body.status), brought)
        return json_response(
            await self.gate.run(request, lambda uow, actor: appointments.settle(uow, actor, cmd, self.casework))
        )

    async def receive_walk_in(self, request: Request, case: str, body: WalkInBody) -> Response:
        """Receive somebody of a known case who comes without an appointment."""
        cmd = appointments.WalkIn(parse_reference(case), body.desk, frozenset(body.company or ()), body.despite_clashes)
        return json_response(
            await self.gate.run(request, lambda uow, actor: appointments.walk_in(uow, actor, cmd, self.casework)), 201
        )

    async def read_attendees(self, request: Request, case: str, appointment: str) -> Response:
        """Who came along. Logged as a look at names."""
        wanted, which = parse_reference(case), AppointmentId.parse(appointment)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: company.read_company(uow, actor, wanted, which, self.casework)
            )
        )

    async def record_attendees(self, request: Request, case: str, appointment: str, body: AttendeesBody) -> Response:
        """Write down who comes along: names are sealed, roles stand with the appointment. 409 `clash`: see booking."""
        told = Company(tuple(attendee.attendee() for attendee in body.attendees), body.interpreter)
        cmd = company.RecordCompany(
            parse_reference(case), AppointmentId.parse(appointment), told, body.based_on, body.despite_clashes
        )
        return json_response(
            await self.gate.run(request, lambda uow, actor: company.record_company(uow, actor, cmd, self.casework))
        )

    # -- days and desks ---------------------------------------------------------------------------

    async def coach_days(
        self, request: Request, day: date, days_ahead: Annotated[int, Query(alias="days", ge=1, le=31)] = 1
    ) -> Response:
        """Whom the coach expects, by name and time, from `day` on."""
        rows = await self.gate.run(
            request, lambda uow, actor: days.coach_days(uow, actor, day, days_ahead, self.casework)
        )
        return json_response({"appointments": rows})

    async def desk_day(self, request: Request, desk: str, day: date) -> Response:
        """Whom a desk receives on a day; by name on the day itself alone."""
        rows = await self.gate.run(request, lambda uow, actor: days.desk_day(uow, actor, desk, day, self.casework))
        return json_response({"appointments": rows})

    async def list_desks(self, request: Request) -> Response:
        """The desks of the region, with their hours."""
        rows = await self.gate.run(request, lambda uow, actor: days.list_desks(uow, actor, self.casework))
        return json_response({"desks": rows})

    async def free_times(self, request: Request, desk: str, day: date) -> Response:
        """When a desk of the region is free on a day."""
        return json_response(
            await self.gate.run(request, lambda uow, actor: days.free_times(uow, actor, desk, day, self.casework))
        )


def router(gate: Gate) -> APIRouter:
    """Every route declares what it asks of the firewall."""
    own = _Appointments(gate)
    case = "/casework/cases/{case}"
    every, one = f"{case}/appointments", f"{case}/appointments/{{appointment}}"
    return casework_router(
        (
            ("POST", every, own.book_appointment, Action.WRITE, Kind.APPOINTMENT, ADMIN),
            ("GET", every, own.list_appointments, Action.LIST, Kind.APPOINTMENT, ADMIN),
            ("POST", f"{every}/clashes", own.look_for_clashes, Action.READ, Kind.APPOINTMENT, ADMIN),
            ("POST", f"{one}/move", own.move_appointment, Action.WRITE, Kind.APPOINTMENT, ADMIN),
            ("POST", f"{one}/cancel", own.cancel_appointment, Action.WRITE, Kind.APPOINTMENT, ADMIN),
            ("POST", f"{one}/attendance", own.settle_appointment, Action.WRITE, Kind.APPOINTMENT, ADMIN),
            ("GET", f"{one}/attendees", own.read_attendees, Action.READ, Kind.ATTENDEES, COACHING),
            ("PUT", f"{one}/attendees", own.record_attendees, Action.WRITE, Kind.ATTENDEES, COACHING),
            ("POST", f"{case}/walk-in", own.receive_walk_in, Action.WRITE, Kind.APPOINTMENT, ADMIN),
            ("GET", "/casework/days", own.coach_days, Action.LIST, Kind.DAY_LIST, ADMIN),
            ("GET", "/casework/desks", own.list_desks, Action.LIST, Kind.DESK, ADMIN),
            ("GET", "/casework/desks/{desk}/free", own.free_times, Action.READ, Kind.DESK, ADMIN),
            ("GET", "/casework/desks/{desk}/day", own.desk_day, Action.LIST, Kind.DAY_LIST, ADMIN),
        )
    )
