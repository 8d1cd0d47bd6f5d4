"""Letters on the screen: which were sent, one of them as it is printed, its PDF, and the form that composes one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from starlette.responses import Response

from gateway.api.letters import paper
from gateway.api.record_models import InvitationBody, LetterBody
from gateway.pages.casework import CaseworkPages
from gateway.pages.forms import parsed
from gateway.pages.site import Door, Visit
from gateway.pages.steps import LEAFLET
from gateway.printing.printer import Printer
from gateway.printing.sheet import sheets_of
from vault.access.actor import Actor
from vault.cases.appointments import Status
from vault.cases.calendar import belgian_day
from vault.cases.letters import ADDED, CODES, KIND_OF_LETTER
from vault.cases.model import LANGUAGES
from vault.cases.organisation import wall_clock
from vault.errors import NotFound
from vault.ids import RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases import appointments, letters
from vault.vocabulary import Kind, Phase, Role

#: A letter's kind as an address names it.
_KINDS: Final = {"invitation": Kind.INVITATION, "letter": Kind.LETTER}
#: Whose kinds each role's page lists, and until when each letter can be written: the policy decides all the same.
_SEEN: Final = {Role.COACH: (Kind.LETTER, Kind.INVITATION), Role.DESK_OFFICER: (Kind.INVITATION,)}
_WRITTEN_IN: Final = {
    (Role.COACH, Kind.LETTER): {Phase.ACTIVE, Phase.SUSPENDED, Phase.CLOSING},
    (Role.COACH, Kind.INVITATION): {Phase.PENDING, Phase.ACTIVE, Phase.SUSPENDED},
    (Role.DESK_OFFICER, Kind.INVITATION): {Phase.PENDING},
}
_WEEKS: Final = {"appointment_on": 1, "respond_by": 2, "expires_on": 26}


class LetterPages(CaseworkPages):
    """Each look is the act of the log that the API's route is."""

    def __init__(self, door: Door, printer: Printer) -> None:
        super().__init__(door)
        self.printer = printer

    async def letters(self, visit: Visit) -> Response:
        """Which letters the person was sent, the newest first; and which can be written now."""
        case = self.wanted(visit)
        role = (await visit.who()).role
        kinds = _SEEN.get(role, ())
        if not kinds:
            raise NotFound("no such page")

        def work(uow: UnitOfWork, actor: Actor) -> tuple[Any, list[dict[str, Any]]]:
            rows = [
                row | {"kind": kind.value}
                for kind in kinds
                for row in letters.list_letters(uow, actor, case, kind, self.casework)
            ]
            return self.status(uow, actor, case), rows

        status, rows = await visit.run(work)
        writable = [
            name for name, kind in KIND_OF_LETTER.items() if status["phase"] in _WRITTEN_IN.get((role, kind), set())
        ]
        rows.sort(key=lambda row: str(row["written_at"]), reverse=True)
        readable = role is Role.COACH or status["phase"] == Phase.PENDING.value
        return visit.draw(
            "letters.html", rows=rows, readable=readable, writable=writable, reference=visit.place("case")
        )

    async def read(self, visit: Visit) -> Response:
        """What the person was told, as it stands on the sheet."""
        found = await self._found(visit)
        return visit.draw(
            "letter.html", name=found["letter"], sheets=sheets_of(found, heading="h2"), reference=visit.place("case")
        )

    async def pdf(self, visit: Visit) -> Response:
        """The same as a file."""
        found = await self._found(visit)
        return paper(found, await self.printer.print_letter(found))

    async def _found(self, visit: Visit) -> Any:
        case, record, kind = self.wanted(visit), RecordId.parse(visit.place("letter")), _KINDS.get(visit.place("kind"))
        if kind is None:
            raise NotFound("no such page")
        return await visit.run(lambda uow, actor: letters.read_letter(uow, actor, case, kind, record, self.casework))

    async def write(self, visit: Visit) -> Response:
        """Compose a letter: what the vault cannot know is asked for; the rest it fills in."""
        case, name = self.wanted(visit), visit.place("letter")
        role = (await visit.who()).role
        if name not in ADDED or KIND_OF_LETTER[name] not in _SEEN.get(role, ()):
            raise NotFound("no such page")
        booked: list[Any] = []
        if "appointment_on" in ADDED[name] and not visit.posted:
            booked = await visit.run(lambda uow, actor: appointments.list_appointments(uow, actor, case, self.casework))
        status = await visit.run(lambda uow, actor: self.status(uow, actor, case))
        values = self._values(visit, name, status["language"], booked)
        if visit.saving:
            reply = await self._compose(visit, name, values)
            if reply is not None:
                kind = KIND_OF_LETTER[name].value
                return visit.go(f"/cases/{visit.place('case')}/letters/{kind}/{reply['record']}", done="letter")
        partners = sorted(zone.organisation for zone in self.casework.partners)
        options = {field: partners if field == "partner" else CODES.get(field, ()) for field in ADDED[name]}
        return visit.draw(
            "letter_form.html", name=name, fields=ADDED[name], values=values, options=options, all_languages=LANGUAGES,
            reference=visit.place("case"),
        )  # fmt: skip

    def _values(self, visit: Visit, name: str, language: str, booked: list[Any]) -> dict[str, Any]:
        """What was sent; at first what is likely: the case's language, its next appointment, a day some weeks ahead."""
        if visit.posted:
            sent: dict[str, Any] = {field: visit.form.text(field).strip() for field in ADDED[name]}
            return sent | {"shared": visit.form.all("shared"), "languages": visit.form.all("languages")}
        today = belgian_day(self.casework.clock.now())
        likely = {field: (today + timedelta(weeks=weeks)).isoformat() for field, weeks in _WEEKS.items()}
        likely |= {"leaflet": LEAFLET, "missed_on": today.isoformat(), "closed_on": today.isoformat()}
        likely |= _times(booked, self.casework.clock.now())
        return dict.fromkeys(ADDED[name], "") | likely | {"shared": (), "languages": (language,)}

    async def _compose(self, visit: Visit, name: str, values: dict[str, Any]) -> Any:
        told: dict[str, Any] = {"letter": name, "languages": list(values["languages"])}
        for field in ("languages", *ADDED[name]):
            if not values[field]:
                visit.faults.add(field, "missing")
            elif field not in told:
                told[field] = list(values[field]) if field == "shared" else values[field]
        kind = KIND_OF_LETTER[name]
        body = None
        if not visit.faults:
            model = InvitationBody if kind is Kind.INVITATION else LetterBody
            body = parsed(model, told, visit.faults, ("languages", *ADDED[name]))
        if body is None:
            return None
        cmd = letters.ComposeLetter(self.wanted(visit), kind, name, tuple(body.languages), body.added())
        return await visit.attempt(
            lambda uow, actor: letters.compose_letter(uow, actor, cmd, self.casework), main="languages"
        )


def _times(rows: list[Any], now: datetime) -> dict[str, str]:
    """When the next booked appointment is, and on which day one was missed last. rows: of a case, by time."""
    here = wall_clock(now).isoformat(timespec="minutes")
    ahead = [row["starts_at"] for row in rows if row["status"] == Status.BOOKED.value and row["starts_at"] > here]
    missed = [row["starts_at"] for row in rows if row["status"] == Status.NO_SHOW.value]
    found = {"missed_on": missed[-1][:10]} if missed else {}
    return found | ({"appointment_on": ahead[0][:10], "appointment_time": ahead[0][11:16]} if ahead else {})
