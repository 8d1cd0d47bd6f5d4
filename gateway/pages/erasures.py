"""Erasing closed cases on the screen: a head sees what is due and asks, the data protection officer answers.

Both ask twice before they send it: what is erased comes back for nobody. The first press sends a choice and changes
nothing; the second, on the page that says what will become of the case, is the word itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from gateway.api.casework import aware
from gateway.pages.casework import CaseworkPages
from gateway.pages.site import Door, Visit
from gateway.pages.words_of_erasures import WORDS
from vault.access.actor import Actor
from vault.access.correspondence import Correspondence
from vault.cases.calendar import belgian_day
from vault.errors import ConfigurationError, InvalidInput, NotFound
from vault.ids import ErasureId
from vault.lifecycle.erasure import Refusal, Standing, Verdict
from vault.unit_of_work import UnitOfWork
from vault.usecases import erasing
from vault.vocabulary import CASEWORK, Role

_PAGE: Final = 50
_SAYINGS: Final = (Verdict.APPROVED.value, *(code.value for code in Refusal))


def as_shipped(code: str, text: str) -> bool:
    """Whether a ground's legal text is the one that the pages have in four languages, and not an office's own."""
    return WORDS["erasure_ground"].get(code) == text


class ErasurePages(CaseworkPages):
    """For heads of a region."""

    async def due(self, visit: Visit) -> Response:
        """Closed cases of the region that are due on a day, or asked for, and what holds each. Changes nothing."""
        today = belgian_day(self.casework.clock.now())
        day = visit.asked_day("by", today)
        rows = await visit.run(
            lambda uow, actor: erasing.list_due(
                uow, actor, self.casework, self._post, limit=erasing.LIST_LIMIT, by=day
            ),
            quick=False,
        )
        return visit.draw("erasures.html", rows=rows, day=day.isoformat(), today=today.isoformat())

    async def ask(self, visit: Visit) -> Response:
        """One case: when it is due, what holds it, how it stands; and the two presses that ask for it."""
        case, form, post = self.wanted(visit), visit.form, self._post
        ground, sure = form.text("ground"), bool(form.text("sure"))
        rules, today = self.casework.retention, belgian_day(self.casework.clock.now()).isoformat()
        row = await self._row(visit)
        chosen = rules.grounds.get(ground)
        if visit.saving:
            if chosen is None:
                visit.faults.add("ground", "missing")
            elif row["standing"] in erasing.RUNS:
                visit.faults.add("form", "erasure_asked")
            elif row["holds"]:
                visit.faults.add("form", "erasure_held")
            elif not chosen.before_due and today < row["due_on"]:
                visit.faults.add("ground", "erasure_not_due")
            elif sure:
                reply = await visit.attempt(
                    lambda uow, actor: erasing.ask(uow, actor, case, ground, self.casework, post), main="ground"
                )
                if reply is not None:
                    return visit.go(f"/cases/{visit.place('case')}/erasure", done="erasure_asked")
                if visit.faults.by_field.get("form") == "conflict":  # somebody else was faster
                    visit.faults.by_field["form"] = "erasure_asked"
                row = await self._row(visit)
        return visit.draw(
            "erasure_ask.html", row=row, reference=visit.place("case"), ground=ground, grounds=rules.grounds,
            shipped={code for code, each in rules.grounds.items() if as_shipped(code, each.text)},
            early=not row["holds"] and today < row["due_on"], asked=row["standing"] in erasing.RUNS,
            confirms=visit.posted and chosen is not None and not visit.faults and (visit.saving or sure),
        )  # fmt: skip

    @property
    def _post(self) -> Correspondence:
        return self.door.gate.services.correspondence[CASEWORK]

    async def _row(self, visit: Visit) -> dict[str, Any]:
        """Raises NotFound for what is no case of the region."""
        case = self.wanted(visit)

        def work(uow: UnitOfWork, actor: Actor) -> list[dict[str, Any]]:
            self.status(uow, actor, case)  # whoever may not see the case learns nothing of it here either
            return erasing.list_due(uow, actor, self.casework, self._post, only=case)

        rows = await visit.run(work, quick=False)
        if not rows:
            raise NotFound("no such item, or not for you")
        found: dict[str, Any] = rows[0]
        return found


class ErasureWatchPages:
    """For the data protection officer, who knows a case by its name in the log and sees nothing of it."""

    def __init__(self, door: Door) -> None:
        if door.gate.services.erasures is None:
            raise ConfigurationError("this process has no oversight keys")
        self.watch: erasing.ErasureWatch = door.gate.services.erasures

    async def queue(self, visit: Visit) -> Response:
        """What waits for an answer, or all that was asked; the newest first."""
        waiting = not visit.asked("all")
        before = aware(_moment(visit.asked("before")))
        rows = await visit.run(
            lambda uow, actor: erasing.list_asked(
                uow, actor, self.watch, limit=_PAGE, before=before, waiting=waiting
            ),
            quick=False,
        )  # fmt: skip
        upto = rows[-1]["asked_at"] if len(rows) == _PAGE else ""
        return visit.draw("erasures_asked.html", rows=_told(rows), waiting=waiting, before=upto)

    async def one(self, visit: Visit) -> Response:
        """One request, and the two presses that answer it."""
        wanted, said, sure = ErasureId.parse(visit.place("erasure")), visit.form.text("said"), visit.form.text("sure")
        row = await self._row(visit, wanted)
        if visit.saving:
            if said not in _SAYINGS:
                visit.faults.add("said", "missing")
            elif row["standing"] != Standing.ASKED.value:
                visit.faults.add("form", "erasure_answered")
            elif sure:
                verdict = Verdict.APPROVED if said == Verdict.APPROVED.value else Verdict.REFUSED
                code = said if verdict is Verdict.REFUSED else ""
                reply = await visit.attempt(
                    lambda uow, actor: erasing.decide(uow, actor, wanted, verdict, code, self.watch), main="said"
                )
                if reply is not None:
                    return visit.go(f"/erasures/{wanted.hex()}", done=f"erasure_{verdict.value}")
                if visit.faults.by_field.get("form") == "conflict":
                    visit.faults.by_field["form"] = "erasure_answered"
                row = await self._row(visit, wanted)
        return visit.draw(
            "erasure_answer.html", row=row, said=said, sayings=_SAYINGS, waits=row["standing"] == Standing.ASKED.value,
            confirms=visit.posted and said in _SAYINGS and not visit.faults and bool(visit.saving or sure),
        )  # fmt: skip

    async def _row(self, visit: Visit, wanted: ErasureId) -> dict[str, Any]:
        rows = await visit.run(lambda uow, actor: erasing.list_asked(uow, actor, self.watch, only=wanted), quick=False)
        if not rows:
            raise NotFound("no such item, or not for you")
        return _told(rows)[0]


async def waiting_for_a_word(visit: Visit, door: Door) -> int:
    """How many requests to erase a case wait for whoever is signed in. A forged one waits for nobody."""
    watch = door.gate.services.erasures
    if watch is None or (await visit.who()).role is not Role.DPO:
        return 0
    rows = await visit.run(
        lambda uow, actor: erasing.list_asked(uow, actor, watch, limit=erasing.LIST_LIMIT, waiting=True), quick=False
    )
    return sum(row["standing"] == Standing.ASKED.value for row in rows)


def _told(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"shipped": as_shipped(row["cause"], row["legal"])} for row in rows]


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput("the moment cannot be read", field="before") from None
