"""A region's outcome figures on the screen, for its head: a chart, the table beside it, and what each figure counts."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from starlette.responses import Response

from gateway.pages.casework import CaseworkPages
from gateway.pages.site import Visit
from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.cases.calendar import belgian_day
from vault.ids import CaseId
from vault.statistics.measures import DEFINITIONS, By, Table
from vault.unit_of_work import UnitOfWork
from vault.usecases import figures

#: The way of a file, as the chart draws it.
_CHARTED: Final = ("opened", "invited", "attended", "interviewed", "ended", "handed_over")
#: What a group's code is a word of; a form of order stands as it is.
_WORDS_OF: Final = {By.REGION: "region", By.COACH_TYPE: "coach_type", By.OUTCOME: "outcome"}


class FigurePages(CaseworkPages):
    """Counting is one entry of the log, whatever the table shows of it."""

    async def region(self, visit: Visit) -> Response:
        """This year until today, or the days that are asked for: both are inside."""
        today = belgian_day(self.casework.clock.now())
        first, last = visit.asked_day("from", date(today.year, 1, 1)), visit.asked_day("until", today)
        by = By(visit.asked("by")) if visit.asked("by") in set(By) else By.COACH_TYPE
        wanted = figures.Wanted(first, last + timedelta(days=1), by)
        permit = await visit.attempt(
            lambda uow, actor: figures.authorise(uow, actor, wanted, self.casework), main="until"
        )
        if "to" in visit.faults.by_field:
            visit.faults.by_field = {"until": visit.faults.by_field["to"]}
        found = await self._counted(visit, wanted, permit) if permit is not None else None
        return visit.draw(
            "figures.html", found=found, chart=_bars(found["whole"]) if found is not None else [],
            first=first.isoformat(), last=last.isoformat(), by=by.value, ways=tuple(By),
            group_words=_WORDS_OF.get(by, ""), names=tuple(DEFINITIONS),
        )  # fmt: skip

    async def _counted(self, visit: Visit, wanted: figures.Wanted, permit: Any) -> dict[str, Any]:
        """A page of cases at a time, so that others come in between."""
        table = wanted.table()
        after: CaseId | None = None
        while True:
            after = await visit.run(partial(_page, permit=permit, table=table, after=after), quick=False)
            if after is None:
                break
        told: dict[str, Any] = await visit.run(
            lambda _, actor: figures.told(actor, permit, wanted, table, self.casework)
        )
        return told


def _page(uow: UnitOfWork, actor: Actor, *, permit: Permit, table: Table, after: CaseId | None) -> CaseId | None:
    return figures.count(uow, actor, permit, table, after)


def _bars(whole: dict[str, Any]) -> list[tuple[str, int, float]]:
    """Name, count, and length in hundredths of the longest."""
    longest = max(whole[name] for name in _CHARTED) or 1
    return [(name, whole[name], round(100 * whole[name] / longest, 1)) for name in _CHARTED]
