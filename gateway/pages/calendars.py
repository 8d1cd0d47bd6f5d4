"""Around one's appointments: secret addresses for calendar programs, and who came along, by name."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from gateway.api.appointments import AttendeesBody
from gateway.pages.casework import CaseworkPages
from gateway.pages.forms import parsed
from gateway.pages.site import Visit
from vault.access.actor import Actor
from vault.cases.appointments import AttendeeRole, Company
from vault.cases.calendar import belgian_day
from vault.cases.model import LANGUAGES
from vault.errors import Clash, Conflict, InvalidInput, NotFound, StaleVersion
from vault.ids import AppointmentId, SessionId
from vault.unit_of_work import UnitOfWork
from vault.usecases import appointments, calendars, company

#: Lines of the form: who is there already, and this many more.
_SPARE: Final = 3
_ROLES: Final = (AttendeeRole.LAWYER.value, AttendeeRole.TRUSTED_PERSON.value)


class CalendarPages(CaseworkPages):
    """Looking is a click and an entry; a list of addresses shows no secret, for nobody has them."""

    async def programs(self, visit: Visit) -> Response:
        """Addresses for calendar programs: made, shown once, revoked."""
        made = None
        if visit.saving:
            wanted = visit.form.text("revoke")
            if wanted:
                feed = SessionId.parse(wanted)
                await visit.run(lambda uow, actor: calendars.revoke_feed(uow, actor, feed, self.casework))
                return visit.go("/calendar/programs", done="calendar_revoked")
            language = visit.form.text("language") or visit.language
            try:
                made = await visit.run(lambda uow, actor: calendars.make_feed(uow, actor, language, self.casework))
            except InvalidInput:
                visit.faults.add("language", "unusable")
            except Conflict:
                visit.faults.add("language", "too_many_calendars")
        today = belgian_day(self.casework.clock.now()).isoformat()
        feeds = await visit.run(lambda uow, actor: calendars.list_feeds(uow, actor, self.casework))
        live = [feed for feed in feeds if feed["revoked_at"] is None and feed["expires_on"] >= today]
        return visit.draw(
            "calendar_programs.html", feeds=live, made=made, languages_of=tuple(LANGUAGES),
            address=f"{visit.origin or str(visit.request.base_url).rstrip('/')}{made['address']}" if made else "",
        )  # fmt: skip

    async def came_along(self, visit: Visit) -> Response:
        """Who came along to one appointment: their names after a click, and written down here."""
        case, which = self.wanted(visit), AppointmentId.parse(visit.place("appointment"))
        form = visit.form
        shown = visit.posted and ("_show" in form or "based_on" in form or visit.switching)
        clashing: dict[str, Any] | None = None
        clashes: tuple[str, ...] = ()
        if visit.saving and "based_on" in form and "_more" not in form:
            cmd = self._command(visit, case, which)
            if cmd is not None:
                try:
                    reply = await visit.attempt(
                        lambda uow, actor: company.record_company(uow, actor, cmd, self.casework), main="name"
                    )
                except StaleVersion:
                    visit.faults.add("form", "written_meanwhile")
                    clashing = await visit.run(
                        lambda uow, actor: company.read_company(uow, actor, case, which, self.casework)
                    )
                except Clash as refused:
                    visit.faults.add("despite", "clash")
                    clashes = refused.clashes
                else:
                    if reply is not None:
                        return visit.go(f"/cases/{visit.place('case')}/appointments", done="company")
                    if "attendees" in visit.faults.by_field:
                        visit.faults.by_field = {"name": "unusable"}  # what the form calls it

        def work(uow: UnitOfWork, actor: Actor) -> tuple[Any, Any]:
            rows = appointments.list_appointments(uow, actor, case, self.casework)
            told = (
                company.read_company(uow, actor, case, which, self.casework)
                if shown and "based_on" not in form
                else None
            )
            return rows, told

        rows, told = await visit.run(work)
        row = next((one for one in rows if one["appointment"] == which.hex()), None)
        if row is None:
            raise NotFound("no such item, or not for you")
        lines = _lines(told) if told is not None else _typed(visit)
        return visit.draw(
            "came_along.html", reference=visit.place("case"), row=row, shown=shown, roles=_ROLES,
            lines=lines + [dict.fromkeys(("role", "name", "organisation"), "")] * _SPARE if shown else [],
            interpreter=told["interpreter"] if told is not None else form.text("interpreter"),
            based_on=(clashing or told or {"version": form.text("based_on", "0")})["version"],
            clashing=_lines(clashing) if clashing is not None else None, clashes=clashes,
        )  # fmt: skip

    def _command(self, visit: Visit, case: Any, which: AppointmentId) -> company.RecordCompany | None:
        """Through the API's own body; None, with the faults told, where it cannot be used."""
        based_on = visit.form.text("based_on")
        told = {
            "attendees": _typed(visit),
            "interpreter": visit.form.text("interpreter").strip(),
            "despite_clashes": visit.form.ticked("despite"),
            "based_on": int(based_on) if based_on.isascii() and based_on.isdigit() and len(based_on) < 10 else -1,
        }
        body = parsed(AttendeesBody, told, visit.faults)
        if body is None:
            visit.faults.by_field = {"name": "unusable"}
            return None
        try:
            people = tuple(each.attendee() for each in body.attendees)
        except InvalidInput:
            visit.faults.add("name", "unusable")
            return None
        return company.RecordCompany(
            case, which, Company(people, body.interpreter), body.based_on, body.despite_clashes
        )


def _lines(told: Any) -> list[dict[str, str]]:
    return [{name: str(each[name]) for name in ("role", "name", "organisation")} for each in told["attendees"]]


def _typed(visit: Visit) -> list[dict[str, str]]:
    """The lines of the form that say a name; an empty one is nobody."""
    values = {name: [v for key, v in visit.form.pairs if key == name] for name in ("role", "name", "organisation")}
    lines = [
        {"role": role, "name": name.strip(), "organisation": organisation.strip()}
        for role, name, organisation in zip(*values.values(), strict=False)
    ]
    return [line for line in lines if line["name"] or line["organisation"]]
