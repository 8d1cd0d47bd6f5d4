"""Casework's home, caseload, search and the page of a case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.responses import Response

from gateway.api.casework import aware
from gateway.gate import Authenticated
from gateway.pages.answering import next_acts
from gateway.pages.forms import Form
from gateway.pages.reviewing import Look, look, tried, undecided, unusable
from gateway.pages.site import Door, Visit
from vault.access.actor import Actor
from vault.cases.appointments import Status
from vault.cases.calendar import belgian_day
from vault.cases.flow import WAITING, State, Step, phase_of
from vault.cases.journey import CHOSEN, way_forward
from vault.cases.model import LANGUAGES
from vault.errors import ConfigurationError, InvalidInput, ReviewNeeded
from vault.freetext import Choice
from vault.ids import CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases import (
    answering,
    answers,
    appointments,
    case_samples,
    erasing,
    flow_view,
    notes,
    overview,
    questions,
    read_case,
    tasks,
    withdrawals,
)
from vault.usecases.casework import Casework, parse_reference, reference
from vault.usecases.received import LIST_LIMIT
from vault.vocabulary import CASEWORK, Phase, Role

PAGE: Final = 25
_HOME_CASES: Final = 200
_WEEK: Final = timedelta(days=7)
#: The day that counts for somebody who is invited.
_APPOINTMENT: Final = WAITING[State.INVITED]
_SHOWN: Final = 12
#: For how long a coach's first page, and a case's, tell that the case was drawn by lot for a head.
_TOLD_FOR: Final = timedelta(days=14)
_TOLD_OF_CASE: Final = timedelta(days=90)


class CaseworkPages:
    """The handlers share casework's services."""

    def __init__(self, door: Door) -> None:
        if door.gate.services.casework is None:
            raise ConfigurationError("this process has no casework keys")
        self.door = door
        self.casework: Casework = door.gate.services.casework

    # -- what now -----------------------------------------------------------------------------------

    async def home(self, visit: Visit) -> Response:
        """Late, today, this week; then the caseload with the next step."""
        role = (await visit.who()).role
        if role is Role.DESK_OFFICER:
            return await self._desk(visit)
        today = belgian_day(self.casework.clock.now())
        cmd = overview.Overview(limit=_HOME_CASES)

        def work(uow: UnitOfWork, actor: Actor) -> tuple[list[Any], list[Any], dict[str, Any]]:
            cases = overview.read_overview(uow, actor, cmd, self.casework)
            asked = {"asked": self._asked(uow, actor)}
            if role is not Role.COACH:
                erasable = erasing.count_due(uow, actor, self.casework)
                return [], cases, asked | {"undecided": self._undecided(uow, actor), "erasable": erasable}
            due = tasks.read_agenda(uow, actor, today + _WEEK, self.casework)[0]
            correspondence = self.door.gate.services.correspondence[CASEWORK]
            return due, cases, asked | {
                "answers": answers.list_waiting(uow, actor, self.casework),
                "sampled": self._sampled(uow, actor, _TOLD_FOR),
                "receipts": withdrawals.list_own(uow, actor, self.casework, correspondence),
            }  # fmt: skip

        due, cases, ends = await visit.run(work, quick=False)
        when = _sorted_out(due, cases, today.isoformat(), (today + _WEEK).isoformat())
        values = {"when": when, "cases": cases[:PAGE], "total": len(cases), "more": len(cases) > PAGE} | ends
        if role is Role.REGIONAL_HEAD:
            values |= {
                "to_sign": [row for row in cases if row["state"] == State.CLOSING_NONCOLLAB.value],
                "load": _load(cases),
            }
            return visit.draw("home_head.html", **values)
        return visit.draw("home_coach.html", **values)

    async def _desk(self, visit: Visit) -> Response:
        cmd = read_case.ListCases((State.OQT_NOTIFIED, State.TRIAGED, State.INVITED, State.NO_SHOW), "", PAGE)
        rows, asked = await visit.run(
            lambda uow, actor: (read_case.list_cases(uow, actor, cmd, self.casework), self._asked(uow, actor))
        )
        return visit.draw("home_desk.html", cases=rows, asked=asked)

    def _asked(self, uow: UnitOfWork, actor: Actor) -> int:
        """How many questions of oversight wait for an answer of whoever is signed in."""
        rows = questions.list_questions(uow, actor, self.casework)
        return sum(row["answered_at"] is None for row in rows)

    def _undecided(self, uow: UnitOfWork, actor: Actor) -> list[dict[str, Any]]:
        """Requests to know of somebody, and lawful exceptions, that wait for this head; those due first at the top."""
        office = self.door.gate.services.access.get(CASEWORK)
        if office is None:
            return []
        desk = answering.desk_of(office, self.casework)
        rows = answering.list_before(uow, actor, desk, limit=LIST_LIMIT, undecided=True)
        return sorted(
            (row | {"next": next_acts(row, casework=True)} for row in rows), key=lambda row: str(row["due_at"])
        )

    def _sampled(self, uow: UnitOfWork, actor: Actor, since: timedelta) -> list[dict[str, Any]]:
        """What was drawn by lot for a head of the coach's cases since then, the newest first."""
        begins = self.casework.clock.now() - since
        rows = case_samples.list_notices(uow, actor, self.casework)
        return [row for row in rows if datetime.fromisoformat(row["drawn_at"]) >= begins]

    # -- the caseload -------------------------------------------------------------------------------

    async def cases(self, visit: Visit) -> Response:
        """A page of the caseload, filtered and cut by the database."""
        state, language = visit.asked("state"), visit.asked("language")
        states = (State(state),) if state in set(State) else ()
        cmd = overview.Overview(
            states, language if language in LANGUAGES else "", PAGE, aware(_moment(visit.asked("before")))
        )
        role = (await visit.who()).role
        if role is Role.DESK_OFFICER:
            listed = read_case.ListCases(cmd.states, cmd.language, cmd.limit, cmd.before)
            rows = await visit.run(lambda uow, actor: read_case.list_cases(uow, actor, listed, self.casework))
        else:
            rows = await visit.run(
                lambda uow, actor: overview.read_overview(uow, actor, cmd, self.casework), quick=False
            )
        before = rows[-1]["opened_at"] if len(rows) == PAGE else ""
        values = {"cases": rows, "state": state, "chosen": language, "before": before, "all_states": tuple(State)[:-1]}
        return visit.draw("case_rows.html" if visit.part else "cases.html", **values)

    async def search(self, visit: Visit) -> Response:
        """By a number, or by a word in one's own notes. What is looked for never stands in an address."""
        field, value = visit.form.text("field", "word"), visit.form.text("value").strip()
        found: list[Any] | None = None
        complete = True
        role = (await visit.who()).role
        if visit.saving:
            if field == "word" and role is Role.COACH:
                reply = await visit.attempt(
                    lambda uow, actor: notes.search_notes(uow, actor, value, self.casework), quick=False, main="value"
                )
                found, complete = reply if reply is not None else (None, True)
            else:
                found = await visit.attempt(
                    lambda uow, actor: read_case.find_case(uow, actor, field, value, self.casework), main="value"
                )
            if visit.faults and "form" not in visit.faults.by_field:
                wrong = "unusable" if field == "word" else "identifier"
                visit.faults.by_field = {"value": wrong if value else "missing"}
        return visit.draw("search.html", field=field, value=value, found=found, complete=complete)

    # -- one case -----------------------------------------------------------------------------------

    async def case(self, visit: Visit) -> Response:
        """Where the case stands: the next step first, then what is due, then what happened."""
        case = self.wanted(visit)
        role = (await visit.who()).role
        view = await self._view(visit, case, role)
        return visit.draw("case.html", **view, people=None, contact=None)

    async def people(self, visit: Visit) -> Response:
        """The names, after a click: a logged act of its own."""
        case = self.wanted(visit)
        if not visit.saving:
            return visit.go(f"/cases/{visit.place('case')}")

        def work(uow: UnitOfWork, actor: Actor) -> tuple[Any, Any]:
            return (
                read_case.read_identity(uow, actor, case, self.casework),
                read_case.read_contact(uow, actor, case, self.casework),
            )

        people, contact = await visit.run(work)
        if visit.part:
            return visit.draw("case_people.html", people=people, contact=contact, reference=visit.place("case"))
        view = await self._view(visit, case, Role.COACH)
        return visit.draw("case.html", **view, people=people, contact=contact)

    async def _view(self, visit: Visit, case: CaseId, role: Role) -> dict[str, Any]:
        """Everything that this role's page of a case shows, in one transaction where one may see all of it."""
        own, casework = role is Role.COACH, self.casework

        def work(uow: UnitOfWork, actor: Actor) -> dict[str, Any]:
            status = self.status(uow, actor, case)
            found: dict[str, Any] = {"case": status, "notes": [], "tasks": [], "steps": [], "taken": [], "days": []}
            found["standing"], found["sampled"] = 0, []
            if own or role is Role.REGIONAL_HEAD or status["phase"] == "pending":
                steps = flow_view.list_steps(uow, actor, case, casework)
                found["steps"], found["taken"] = steps["steps"], steps["taken"]
                found["days"] = flow_view.list_deadlines(uow, actor, case, casework)
            if status["phase"] == Phase.SUSPENDED and role is not Role.REGIONAL_HEAD:
                found["standing"] = _standing(appointments.list_appointments(uow, actor, case, casework))
            if own:
                found["notes"] = notes.list_notes(uow, actor, case, casework)
                sampled = self._sampled(uow, actor, _TOLD_OF_CASE)
                found["sampled"] = [row for row in sampled if row["reference"] == reference(case)]
                found["tasks"] = [
                    one for one in tasks.read_tasks(uow, actor, case, casework)["tasks"] if not one["done_on"]
                ]
            return found

        view: dict[str, Any] = await visit.run(work, quick=False)
        mine = [one for one in view["steps"] if role.value in one["actors"]]
        view["next"] = _first(mine, notice_given=view["case"].get("notice_given", True))
        able = [one for one in mine if one["possible"] and one is not view["next"]]
        view["chosen"] = [one for one in able if one["step"] in CHOSEN and view["next"] is None]
        view["able"] = [one for one in able if one not in view["chosen"]]
        view["unable"] = [one for one in mine if not one["possible"]]
        view["timeline"] = _timeline(view["taken"], view["notes"])
        view["today"] = belgian_day(casework.clock.now()).isoformat()
        view["reference"] = visit.place("case")
        return view

    async def shown(self, visit: Visit, look_with: Callable[[tuple[Choice, ...]], Authenticated]) -> Look:
        """A look at a text with the form's decisions tried out; without them while they do not decide everything."""
        return (await self.shown_with(visit, look_with))[1]

    async def shown_with(
        self, visit: Visit, look_with: Callable[[tuple[Choice, ...]], Authenticated]
    ) -> tuple[dict[str, Any], Look]:
        """The use case's answer as well."""
        told_unusable(visit)
        found, form = await self._tried(visit, look_with, visit.form)
        if found["digest"] != form.text("digest"):
            # Places are numbered anew with each text: `leave` of the third would now be said of somebody else.
            found, form = await self._tried(visit, look_with, undecided(form))
        return found, look(found, form)

    async def _tried(
        self, visit: Visit, look_with: Callable[[tuple[Choice, ...]], Authenticated], form: Form
    ) -> tuple[dict[str, Any], Form]:
        """The answer with the form's decisions, or without any; and the form without words that cannot be replaced."""
        try:
            return await visit.run(look_with(tried(form)), quick=False), form
        except (ReviewNeeded, InvalidInput) as refused:
            if isinstance(refused, InvalidInput) and refused.field == "missed":
                visit.faults.by_field["missed"] = "not_in_text"
                form = form.without("missed")  # what cannot be replaced is not among what was added
            return await visit.run(look_with(()), quick=False), form

    def status(self, uow: UnitOfWork, actor: Actor, case: CaseId) -> dict[str, Any]:
        """Where a case stands, as far as this role may know, and what follows from that: its phase from its state.

        A desk officer is told less than a coach, and whoever may see a case at a desk works in its region.
        """
        found = read_case.read_case(uow, actor, case, self.casework)
        phase = phase_of(State(found["state"])).value
        return {"phase": phase, "region": actor.region, "closing_outcome": None} | found

    @staticmethod
    def wanted(visit: Visit) -> CaseId:
        """The case that the address names. Raises InvalidIdentifier."""
        return parse_reference(visit.place("case"))


def told_unusable(visit: Visit) -> bool:
    """Whether words were named as missed that cannot be taken: told, so that nothing is stored as if they had been."""
    if fault := unusable(visit.form):
        visit.faults.add("missed", fault)
    return bool(fault)


def _sorted_out(due: list[Any], cases: list[Any], today: str, week: str) -> dict[str, list[dict[str, Any]]]:
    """Tasks and days of the flow as late, today, this week; the earliest first."""
    items = [
        {"day": task["due_on"], "reference": task["reference"], "title": task["title"], "task": task["task"]}
        for task in due
    ]
    items += [
        {"day": row["day"], "reference": row["reference"], "deadline": row["deadline"], "next": row["next"]}
        for row in cases
        if row["day"] is not None and row["day"] <= week and not _expected(row)
    ]
    items += [
        {
            "day": today, "reference": row["reference"], "next": row["next"] if _expected(row) else None,
            "suspended": row["state"] == State.SUSPENDED, **one,
        }
        for row in cases
        for one in row["expected"]
    ]  # fmt: skip
    items.sort(key=lambda item: (str(item["day"]), item.get("starts_at", "")))
    return {
        "late": [item for item in items if item["day"] < today],
        "today": [item for item in items if item["day"] == today],
        "week": [item for item in items if item["day"] > today],
    }


def _expected(row: Any) -> bool:
    """Whether the day that counts is an appointment's, and its time is told already."""
    return row["deadline"] == _APPOINTMENT and bool(row["expected"])


def _load(cases: list[Any]) -> list[tuple[str, int, int]]:
    """Coach, open cases, of these late; the busiest first."""
    found: dict[str, list[int]] = {}
    for row in cases:
        counts = found.setdefault(row["coach"], [0, 0])
        counts[0] += 1
        counts[1] += row["left"] is not None and row["left"] < 0
    return sorted(((name, *counts) for name, counts in found.items()), key=lambda row: (-row[1], row[0]))  # type: ignore[misc]


def _standing(rows: list[Any]) -> int:
    """How many appointments are booked: of a suspended case, somebody must decide about them."""
    return sum(row["status"] == Status.BOOKED.value for row in rows)


def _first(steps: list[Any], *, notice_given: bool) -> Any:
    """The step to put first; None where no step leads on."""
    able = [Step(one["step"]) for one in steps if one["possible"]]
    first = way_forward(able, notice_given=notice_given)
    return next((one for one in steps if one["step"] == first), None)


def _timeline(taken: list[Any], written: list[Any]) -> list[dict[str, Any]]:
    """Steps and notes, the newest first."""
    events = [
        {"at": one["day"], "order": (one["day"], 1, one["number"]), "step": one["taken"], "codes": one["codes"]}
        for one in taken
    ]
    events += [
        {
            "at": one["written_at"], "order": (one["written_at"][:10], 0, 0), "note": one["note"],
            "template": one["template"], "version": one["version"],
        }
        for one in written
    ]  # fmt: skip
    return sorted(events, key=lambda event: event["order"], reverse=True)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput("the moment cannot be read", field="before") from None
