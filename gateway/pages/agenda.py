"""Appointments on the screen: a coach's week, a desk's day, the appointments of a case; book, move, settle, walk in.

What stands in the way of a time is shown before anything is booked, and again where somebody books all the same: the
form then carries the tick that says so.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from starlette.responses import Response

from gateway.api.appointments import BookingBody
from gateway.pages.casework import CaseworkPages
from gateway.pages.forms import parsed
from gateway.pages.site import Visit
from gateway.pages.steps import LEAFLET
from vault.access.actor import Actor
from vault.cases.appointments import AttendeeRole, Channel, Occasion, Status
from vault.cases.calendar import belgian_day
from vault.cases.model import LANGUAGES
from vault.errors import Clash, InvalidInput, NotFound, SlotTaken
from vault.ids import AppointmentId, CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases import appointments, days
from vault.vocabulary import Phase

_WEEK: Final = 7
_WORKING: Final = 5  # of these, shown also where nobody is expected
_TYPED: Final = ("occasion", "day", "time", "minutes", "channel", "desk", "language", "leaflet", "interpreter",
                 "interpreting")  # fmt: skip
#: What a field of the use case is called on the form.
_FIELD_OF: Final = {"starts_at": "time"}
_BROUGHT: Final = (AttendeeRole.LAWYER.value, AttendeeRole.TRUSTED_PERSON.value, AttendeeRole.INTERPRETER.value)
_ATTENDANCE: Final = {Status.ATTENDED, Status.NO_SHOW, Status.EXCUSED}


class AgendaPages(CaseworkPages):
    """Each look and each button is the act of the log that the API's route is."""

    # -- days ---------------------------------------------------------------------------------------

    async def week(self, visit: Visit) -> Response:
        """Whom the coach expects in a week, by day and by name."""
        today = belgian_day(self.casework.clock.now())
        asked = visit.asked_day("week", today)
        monday = asked - timedelta(days=asked.weekday())
        rows = await visit.run(
            lambda uow, actor: days.coach_days(uow, actor, monday, _WEEK, self.casework), quick=False
        )
        week = [(monday + timedelta(days=number)).isoformat() for number in range(_WEEK)]
        by_day = [(day, [row for row in rows if row["starts_at"][:10] == day]) for day in week]
        by_day = [(day, found) for day, found in by_day if found or day in week[:_WORKING]]
        shift = timedelta(days=_WEEK)
        return visit.draw(
            "week.html", by_day=by_day, today=today.isoformat(), earlier=(monday - shift).isoformat(),
            later=(monday + shift).isoformat(), clashing=_overlapping(rows), desk_names=self._desk_names(),
        )  # fmt: skip

    async def day(self, visit: Visit) -> Response:
        """Whom the desks of the region receive on a day; by name today."""
        today = belgian_day(self.casework.clock.now())
        asked = visit.asked_day("day", today)

        def work(uow: UnitOfWork, actor: Actor) -> list[tuple[Any, Any]]:
            return [
                (desk, days.desk_day(uow, actor, desk["desk"], asked, self.casework))
                for desk in days.list_desks(uow, actor, self.casework)
            ]

        desks = await visit.run(work, quick=False)
        return visit.draw(
            "desk_day.html", desks=desks, day=asked.isoformat(), today=today.isoformat(),
            earlier=(asked - timedelta(days=1)).isoformat(), later=(asked + timedelta(days=1)).isoformat(),
        )  # fmt: skip

    # -- the appointments of a case -----------------------------------------------------------------

    async def all(self, visit: Visit) -> Response:
        """A case's appointments, the newest first; what became of each is recorded here, or it is taken back."""
        case = self.wanted(visit)
        if visit.saving and await self._settled(visit, case):
            back = "/day" if visit.form.text("_return") == "day" else f"/cases/{visit.place('case')}/appointments"
            return visit.go(back, done="appointment_" + visit.form.text("act"))

        def work(uow: UnitOfWork, actor: Actor) -> tuple[Any, Any]:
            return (
                self.status(uow, actor, case),
                appointments.list_appointments(uow, actor, case, self.casework),
            )

        status, rows = await visit.run(work)
        return visit.draw(
            "appointments.html", case=status, rows=rows[::-1], reference=visit.place("case"), brought=_BROUGHT,
            today=belgian_day(self.casework.clock.now()).isoformat(), desk_names=self._desk_names(),
        )  # fmt: skip

    def _desk_names(self) -> dict[str, str]:
        return {code: desk.name for code, desk in self.casework.organisation.desks.items()}

    async def _settled(self, visit: Visit, case: CaseId) -> bool:
        form, act = visit.form, visit.form.text("act")
        which = AppointmentId.parse(form.text("appointment"))
        if act == Status.CANCELLED.value:
            reply = await visit.attempt(lambda uow, actor: appointments.cancel(uow, actor, case, which, self.casework))
        elif act in _ATTENDANCE:
            cmd = appointments.Settle(case, which, Status(act), _company(visit) if act == Status.ATTENDED else None)
            reply = await visit.attempt(lambda uow, actor: appointments.settle(uow, actor, cmd, self.casework))
        else:
            raise NotFound("no such page")
        return reply is not None

    async def book(self, visit: Visit) -> Response:
        """A new appointment; what stands in the way is said first."""
        return await self._booking(visit, None)

    async def move(self, visit: Visit) -> Response:
        """Another time in the place of a booked one."""
        return await self._booking(visit, AppointmentId.parse(visit.place("appointment")))

    async def walk_in(self, visit: Visit) -> Response:
        """Somebody of this case stands at a desk."""
        case, form = self.wanted(visit), visit.form
        found: tuple[str, ...] = ()
        if visit.saving:
            if not form.text("desk"):
                visit.faults.add("desk", "missing")
            else:
                cmd = appointments.WalkIn(case, form.text("desk"), _company(visit), form.ticked("despite"))
                reply, found = await self._kept(
                    visit, lambda uow, actor: appointments.walk_in(uow, actor, cmd, self.casework)
                )
                if reply is not None:
                    return visit.go(f"/cases/{visit.place('case')}", done="walked_in")
        desks = await visit.run(lambda uow, actor: days.list_desks(uow, actor, self.casework))
        return visit.draw(
            "walk_in.html", reference=visit.place("case"), desks=desks, chosen=form.text("desk"), clashes=found,
            brought=_BROUGHT, company=form.all("company"),
        )  # fmt: skip

    # -- shared -------------------------------------------------------------------------------------

    async def _booking(self, visit: Visit, moved: AppointmentId | None) -> Response:
        case = self.wanted(visit)
        status, desks, rows = await visit.run(
            lambda uow, actor: (
                self.status(uow, actor, case),
                days.list_desks(uow, actor, self.casework),
                appointments.list_appointments(uow, actor, case, self.casework),
            )
        )
        old = next((row for row in rows if moved is not None and row["appointment"] == moved.hex()), None)
        if moved is not None and (old is None or old["status"] != Status.BOOKED.value):
            raise NotFound("no such item, or not for you")
        last = {row["desk"] for row in rows[-1:]} & {desk["desk"] for desk in desks}
        values = self._values(visit, status, old, last)
        found: tuple[str, ...] = ()
        free: bool | None = None
        if visit.saving and "_language" not in visit.form:
            booking = self._command(visit, values)
            if booking is not None and "_look" in visit.form:
                look = appointments.LookForClashes(case, booking)
                told = await visit.attempt(
                    lambda uow, actor: appointments.look_for_clashes(uow, actor, look, self.casework), main="time"
                )
                if told is not None:
                    found, free = tuple(told["clashes"]), bool(told["free"])
            elif booking is not None:
                reply, found = await self._kept(visit, self._work(case, moved, values, booking))
                if reply is not None:
                    return visit.go(f"/cases/{visit.place('case')}/appointments", done="appointment")
            told_by = visit.faults.by_field
            visit.faults.by_field = {_FIELD_OF.get(name, name): code for name, code in told_by.items()}
            if booking is not None and visit.faults.by_field.get("time") == "unusable":
                visit.faults.by_field["time"] = self._untimely(booking)
        return visit.draw(
            "appointment_form.html", case=status, reference=visit.place("case"), desks=desks, values=values, moved=old,
            clashes=found, free=free, occasions=self._occasions(status), channels=tuple(Channel),
            languages_of=tuple(LANGUAGES), cell=_of_minutes(self.casework.organisation.cell),
            shortest=_of_minutes(self.casework.agenda_rules.shortest),
            longest=_of_minutes(self.casework.agenda_rules.longest),
        )  # fmt: skip

    def _untimely(self, booking: appointments.Booking) -> str:
        """Why nobody can be told to come at this time."""
        now, rules = self.casework.clock.now(), self.casework.agenda_rules
        if booking.slot.starts_at <= now:
            return "time_past"
        return "time_far" if booking.slot.starts_at > now + rules.horizon else "time_off_grid"

    def _work(
        self, case: CaseId, moved: AppointmentId | None, values: dict[str, str], booking: appointments.Booking
    ) -> Any:
        if moved is not None:
            move = appointments.Move(moved, case, booking)
            return lambda uow, actor: appointments.move(uow, actor, move, self.casework)
        book = appointments.Book(case, Occasion(values["occasion"]), booking)
        return lambda uow, actor: appointments.book(uow, actor, book, self.casework)

    async def _kept(self, visit: Visit, work: Any) -> tuple[Any, tuple[str, ...]]:
        """The receipt; or, without it, what stands in the way."""
        try:
            return await visit.attempt(work, main="time"), ()
        except Clash as refused:
            visit.faults.add("despite", "clash")
            return None, refused.clashes
        except SlotTaken:
            visit.faults.add("time", "slot_taken")
            return None, ()

    @staticmethod
    def _occasions(status: Any) -> tuple[str, ...]:
        """Before the intake an appointment is an invitation; afterwards it is none."""
        if status.get("phase") == Phase.PENDING.value or status.get("state") in {"oqt_notified", "triaged"}:
            return (Occasion.INVITATION.value,)
        return (Occasion.INTERVIEW.value, Occasion.CONCLUSIONS.value)

    def _values(self, visit: Visit, status: Any, old: Any, desks: set[str]) -> dict[str, str]:
        """What was typed; else the appointment that is moved; else what most are. desks: that of the last one."""
        tomorrow = belgian_day(self.casework.clock.now()) + timedelta(days=1)
        worked = self.casework.calendar.next_working_day(tomorrow)
        usual = dict.fromkeys(_TYPED, "") | {
            "day": worked.isoformat(), "time": "09:00", "minutes": "60", "channel": Channel.DESK.value,
            "language": status["language"], "leaflet": LEAFLET, "occasion": self._occasions(status)[0],
            "desk": next(iter(desks), ""),
        }  # fmt: skip
        if old is not None:
            usual |= {
                "day": old["starts_at"][:10], "time": old["starts_at"][11:16], "channel": old["channel"],
                "minutes": str(_minutes(old)),
                "desk": old["desk"] or "", "language": old["language"], "leaflet": old["leaflet"],
                "occasion": old["occasion"], "interpreting": old.get("interpreting") or "",
            }  # fmt: skip
        return {name: visit.form.text(name, usual[name]).strip() for name in _TYPED}

    @staticmethod
    def _command(visit: Visit, values: dict[str, str]) -> appointments.Booking | None:
        """The booking through the API's own body; None, with the faults told, where it cannot be used."""
        for name in ("day", "time", "minutes"):
            if not values[name]:
                visit.faults.add(name, "missing")
        if values["channel"] == Channel.DESK.value and not values["desk"]:
            visit.faults.add("desk", "missing")
        if values["occasion"] not in set(Occasion):
            visit.faults.add("occasion", "missing")
        minutes = values["minutes"]
        if minutes and not (minutes.isascii() and minutes.isdigit() and len(minutes) < 5):
            visit.faults.add("minutes", "unusable")
        if visit.faults:
            return None
        told: dict[str, Any] = {name: values[name] for name in ("channel", "language", "interpreter", "interpreting")}
        told |= {
            "starts_at": f"{values['day']}T{values['time']}", "minutes": int(minutes), "leaflet": values["leaflet"],
            "desk": values["desk"] if values["channel"] == Channel.DESK.value else "",
            "despite_clashes": visit.form.ticked("despite"),
        }  # fmt: skip
        body = parsed(BookingBody, told, visit.faults)
        if body is None:
            return None
        try:
            booking: appointments.Booking = body.booking()
        except InvalidInput as refused:
            visit.faults.add(refused.field or "time", "unusable")
            return None
        return booking


def _of_minutes(length: timedelta) -> int:
    return int(length.total_seconds()) // 60


def _minutes(row: Any) -> int:
    """How long an appointment lasts."""
    return _of_minutes(datetime.fromisoformat(row["ends_at"]) - datetime.fromisoformat(row["starts_at"]))


def _company(visit: Visit) -> frozenset[AttendeeRole]:
    return frozenset(AttendeeRole(one) for one in visit.form.all("company") if one in _BROUGHT)


def _overlapping(rows: list[Any]) -> frozenset[str]:
    """The booked appointments that share a moment with another one: somebody said that it is meant."""
    booked = [row for row in rows if row["status"] == Status.BOOKED.value]
    return frozenset(
        one["appointment"]
        for one in booked
        for other in booked
        if one is not other and one["starts_at"] < other["ends_at"] and other["starts_at"] < one["ends_at"]
    )
