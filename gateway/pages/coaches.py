"""A region's coaches on the screen: what they take, when they are away, and what becomes of their cases meanwhile.

A hand-over is looked at first: which case would go to whom, which would stay and why. The form that hands over carries
the plan that was looked at, and moves nothing where another one would come out by now. Sent twice, it moves nothing
either the second time: the cases are with the stand-in already, and the report says so.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from gateway.api.coaches import AbsenceBody, ProfileBody
from gateway.pages.casework import CaseworkPages
from gateway.pages.forms import parsed
from gateway.pages.site import Visit
from vault.access.actor import Actor
from vault.cases.assignment import LARGEST_CAPACITY, AbsenceKind, Profile
from vault.cases.calendar import belgian_day
from vault.cases.model import CoachType
from vault.errors import Conflict, InvalidInput, NotFound
from vault.ids import AbsenceId, ActorId
from vault.unit_of_work import UnitOfWork
from vault.usecases import caseloads, coaches

#: What becomes of a case that is still with the absent coach.
_PLANNED: Final = frozenset({"goes", "stays"})


class CoachPages(CaseworkPages):
    """For a regional head; the acts of the log are those of the API's routes. Names here are of staff alone."""

    async def all(self, visit: Visit) -> Response:
        """The coaches of the region: load, kinds of case, who is away and whether the cases are handed over."""
        rows = await visit.run(lambda uow, actor: coaches.list_coaches(uow, actor, self.casework))
        return visit.draw("coaches.html", rows=rows)

    async def one(self, visit: Visit) -> Response:
        """What one coach takes, and when they are away: both are written down here."""
        who, form = ActorId.parse(visit.place("coach")), visit.form
        if visit.saving:
            act = form.text("act")
            if act == "profile" and await self._profile(visit, who):
                return visit.go(f"/coaches/{who.hex()}", done="profile")
            if act == "absence":
                absence = await self._absence(visit, who)
                if absence:
                    return visit.go(f"/absences/{absence}", done="absence")
        rows = await visit.run(lambda uow, actor: coaches.list_coaches(uow, actor, self.casework))
        row = next((one for one in rows if one["coach"] == who.hex()), None)
        if row is None:
            raise NotFound("no such item, or not for you")
        profiled = visit.posted and form.text("act") == "profile"
        today = belgian_day(self.casework.clock.now()).isoformat()
        return visit.draw(
            "coach_profile.html", row=row, types=tuple(CoachType), kinds=tuple(AbsenceKind), most=LARGEST_CAPACITY,
            chosen=form.all("types") if profiled else row["types"],
            capacity=form.text("capacity") if profiled else row["capacity"] or "",
            absence={name: form.text(name) for name in ("kind", "first_day", "last_day")} | {"today": today},
        )  # fmt: skip

    async def _profile(self, visit: Visit, who: ActorId) -> bool:
        capacity = visit.form.text("capacity").strip()
        if not (capacity.isascii() and capacity.isdigit() and len(capacity) < 5):
            visit.faults.add("capacity", "unusable" if capacity else "missing")
        if not visit.form.all("types"):
            visit.faults.add("types", "missing")
        if visit.faults:
            return False
        told = {"types": list(visit.form.all("types")), "capacity": int(capacity)}
        body = parsed(ProfileBody, told, visit.faults, ("types", "capacity"))
        if body is None:
            return False
        profile = Profile(frozenset(body.types), body.capacity)
        return (
            await visit.attempt(lambda uow, actor: coaches.set_profile(uow, actor, who, profile, self.casework))
            is not None
        )

    async def _absence(self, visit: Visit, who: ActorId) -> str:
        """The number of the absence that was written down; "" where it cannot be."""
        form = visit.form
        if not form.text("first_day"):
            visit.faults.add("first_day", "missing")
            return ""
        told = {"kind": form.text("kind"), "first_day": form.text("first_day"), "last_day": form.text("last_day")}
        body = parsed(AbsenceBody, told | {"last_day": told["last_day"] or None}, visit.faults)
        if body is None:
            return ""
        cmd = coaches.RecordAbsence(who, body.kind, body.first_day, body.last_day)
        try:
            reply = await visit.run(lambda uow, actor: coaches.record_absence(uow, actor, cmd, self.casework))
        except Conflict:
            visit.faults.add("first_day", "away_already")
        except InvalidInput as refused:
            visit.faults.add(refused.field or "last_day", "unusable")
        else:
            return str(reply["absence"])
        return ""

    # -- one absence ----------------------------------------------------------------------------------

    async def absence(self, visit: Visit) -> Response:
        """What would become of each case of the absent coach, then what became of it; and the end of the absence."""
        which, form = AbsenceId.parse(visit.place("absence")), visit.form
        here = f"/absences/{which.hex()}"
        to = form.text("coach") if visit.posted else visit.asked("to")
        stand_in = ActorId.parse(to) if to else None
        sent = visit.saving
        if sent and form.text("act") == "back":
            reply = await visit.attempt(
                lambda uow, actor: caseloads.take_back_caseload(uow, actor, which, self.casework), quick=False
            )
            if reply is not None:
                return visit.go(here, done="caseload_back")
        elif sent:
            plan = form.text("plan") or "-"  # without a look nothing is handed over
            reply = await visit.attempt(
                lambda uow, actor: caseloads.hand_over_caseload(
                    uow, actor, which, stand_in, self.casework, plan=plan
                ),
                quick=False,
            )  # fmt: skip
            if reply is not None:
                return visit.go(here, done="caseload")

        def work(uow: UnitOfWork, actor: Actor) -> tuple[Any, Any]:
            return (
                caseloads.look_at_caseload(uow, actor, which, stand_in, self.casework),
                coaches.list_coaches(uow, actor, self.casework),
            )

        seen, rows = await visit.run(work, quick=False)
        planned = [one for one in seen["cases"] if one["becomes"] in _PLANNED]
        before = [one for one in seen["cases"] if one not in planned]
        done = seen["over"] or (before and seen["moved"] == 0)
        if sent and done and visit.faults.by_field == {"form": "conflict"}:
            # Sent a second time: what it asked for is done, and the report says what became of each.
            return visit.go(here, done="caseload_back" if seen["over"] else "caseload")
        return visit.draw(
            "absence.html", seen=seen, to=to, others=[row for row in rows if row["coach"] != seen["coach"]],
            planned=planned, before=before,
        )  # fmt: skip
