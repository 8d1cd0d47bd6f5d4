"""The steps of a case, and tasks: one form for each step, made from what the step takes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from starlette.responses import Response

from gateway.api.models import step_body
from gateway.pages.casework import CaseworkPages
from gateway.pages.forms import parsed
from gateway.pages.site import Door, Visit
from vault.cases.calendar import belgian_day
from vault.cases.details import TAKES
from vault.cases.flow import NONCOLLABORATION, Outcome, Step
from vault.cases.model import LANGUAGES, REGIONS
from vault.errors import ConfigurationError, NotFound, StaleVersion
from vault.ids import RecordId
from vault.usecases import flow_view, hand_over, tasks
from vault.usecases.steps import TakeStep, take_step
from vault.vocabulary import Role

#: The leaflet that is handed out at present: an editor may type another version.
LEAFLET: Final = "2026-1"
_STEP_WORD: Final = {step.value.replace("_", "-"): step for step in Step}


class StepPages(CaseworkPages):
    """Take a step; note a task, tick it off."""

    def __init__(self, door: Door) -> None:
        super().__init__(door)
        if door.gate.services.sender is None:
            raise ConfigurationError("this process has no casework keys")
        self.sender = door.gate.services.sender

    async def step(self, visit: Visit) -> Response:
        """What the step needs to be told; then it is taken."""
        case = self.wanted(visit)
        step = _STEP_WORD.get(visit.place("step"))
        if step is None:
            raise NotFound("no such page")
        reference = visit.place("case")
        if visit.saving:
            cmd = self._command(visit, step)
            if cmd is not None:
                try:
                    taken = await self._take(visit, cmd)
                except StaleVersion:
                    visit.faults.add("form", "conflict")
                    taken = None
                if taken is not None:
                    return visit.go(f"/cases/{reference}", done="handed_over" if step is Step.HAND_OVER else "step")

        def look(uow: Any, actor: Any) -> Any:
            return (
                self.status(uow, actor, case),
                flow_view.list_steps(uow, actor, case, self.casework)["steps"],
            )

        status, steps = await visit.run(look)
        option = next((one for one in steps if one["step"] == step.value), None)
        role = visit.actor.role if visit.actor is not None else Role.COACH
        if option is None or role.value not in option["actors"]:
            raise NotFound("no such page")
        takes = TAKES[step]
        return visit.draw(
            "step.html", case=status, option=option, step=step.value, reference=reference, needed=takes.needed,
            fields=(*takes.needed, *takes.optional), values=self._values(visit, status), options=self._options(step),
        )  # fmt: skip

    async def _take(self, visit: Visit, cmd: TakeStep) -> Any:
        if cmd.step is not Step.HAND_OVER:
            return await visit.attempt(lambda uow, actor: take_step(uow, actor, cmd, self.casework))
        granted = await visit.attempt(
            lambda uow, actor: hand_over.authorise_hand_over(uow, actor, cmd.case, self.casework, cmd.based_on)
        )
        if granted is None:
            return None
        return await visit.attempt(
            lambda uow, actor: hand_over.hand_over(uow, actor, granted, self.casework, self.sender)
        )

    def _command(self, visit: Visit, step: Step) -> TakeStep | None:
        """The step as typed, through the API's own body; None where it cannot be used."""
        takes, form = TAKES[step], visit.form
        told: dict[str, Any] = {}
        for name in (*takes.needed, *takes.optional):
            value: Any = form.text(name).strip()
            if name == "attendees":
                value = list(form.all(name))
            elif name == "agreed":
                value = form.ticked(name)
                if not value:
                    visit.faults.add(name, "missing")
            if value not in ("", [], None) or (name == "attendees" and name in takes.needed):
                told[name] = value
        based_on = form.text("based_on")
        if based_on.isdigit() and len(based_on) < 9:
            told["based_on"] = int(based_on)
        for name in takes.needed:
            if name not in told and name != "agreed":
                visit.faults.add(name, "missing")
        if visit.faults:
            return None
        body = parsed(step_body(step), told, visit.faults, (*takes.needed, *takes.optional))
        if body is None:
            return None
        return TakeStep(self.wanted(visit), step, body.details(), body.coach_login(), body.based_on)

    def _values(self, visit: Visit, status: Any) -> dict[str, Any]:
        form = visit.form
        suggested = {"language": status["language"], "leaflet": LEAFLET, "region": status["region"]}
        return {
            name: form.text(name, suggested.get(name, ""))
            for name in ("outcome", "leaflet", "language", "day", "interpreter", "criterion", "region", "coach_type",
                         "coach", "avenue", "partner", "agreed", "ground", "reason", "until")
        } | {
            "attendees": form.all("attendees"), "based_on": form.text("based_on", str(status.get("version", ""))),
        }  # fmt: skip

    def _options(self, step: Step) -> dict[str, tuple[str, ...]]:
        """What can be chosen, by field: from the flow, or from the office's own parameters."""
        parameters = self.casework.parameters
        outcomes = [one.value for one in Outcome if (one in NONCOLLABORATION) or step is not Step.BEGIN_CLOSING]
        return {
            "outcome": tuple(outcomes), "language": tuple(LANGUAGES), "region": tuple(REGIONS),
            "criterion": tuple(parameters.criteria), "ground": tuple(parameters.extension_grounds),
            "partner": tuple(parameters.return_partners),
        }  # fmt: skip

    # -- tasks --------------------------------------------------------------------------------------

    async def new_task(self, visit: Visit) -> Response:
        """Something to do, and by when."""
        case = self.wanted(visit)
        status = await visit.run(lambda uow, actor: self.status(uow, actor, case))
        today = belgian_day(self.casework.clock.now())
        values = {
            "title": visit.form.text("title").strip(),
            "due_on": visit.form.text("due_on", (today + timedelta(days=7)).isoformat()).strip(),
        }
        if visit.saving:
            due_on = _day(values["due_on"])
            for name in ("title", "due_on"):
                if not values[name]:
                    visit.faults.add(name, "missing")
            if values["due_on"] and due_on is None:
                visit.faults.add("due_on", "unusable")
            if not visit.faults and due_on is not None:
                cmd = tasks.SetTask(case, values["title"], due_on, status["language"])
                if await visit.attempt(lambda uow, actor: tasks.set_task(uow, actor, cmd, self.casework)) is not None:
                    return visit.go(f"/cases/{visit.place('case')}", done="task")
        return visit.draw("task.html", case=status, values=values, reference=visit.place("case"))

    async def tick_off(self, visit: Visit) -> Response:
        """A task is done."""
        case, task = self.wanted(visit), RecordId.parse(visit.place("task"))
        if visit.saving:
            found = await visit.run(lambda uow, actor: tasks.read_tasks(uow, actor, case, self.casework))
            one = next((one for one in found["tasks"] if one["task"] == task.hex()), None)
            if one is None:
                raise NotFound("no such item, or not for you")
            status = await visit.run(lambda uow, actor: self.status(uow, actor, case))
            cmd = tasks.SetTask(
                case, one["title"], date.fromisoformat(one["due_on"]), status["language"],
                date.fromisoformat(one["remind_on"]), True, task, one["version"],
            )  # fmt: skip
            await visit.run(lambda uow, actor: tasks.set_task(uow, actor, cmd, self.casework))
        home = visit.form.text("_return") == "home"
        return visit.go("/" if home else f"/cases/{visit.place('case')}", done="task" if visit.saving else "")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
