"""Charts of the log, each with the table of the same numbers under it: looks, refusals, emergencies, searches, nights.

A chart is drawn by the server, of shapes with attributes: no style, no script. Every group has a strip of bars of its
own, with its name and its sum in words, so that nothing hangs on telling colours apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from starlette.responses import Response

from gateway.api.log_figures import counted
from gateway.pages.log import OversightPages
from gateway.pages.site import Visit
from vault.cases.calendar import belgian_day
from vault.errors import InvalidInput
from vault.oversight.log_figures import LogFigures, Measure, Step
from vault.usecases import log_figures

_WEEKS: Final = 8
#: What a group's code is a word of.
_WORDS_OF: Final = {Measure.BY_ZONE: "zone_of", Measure.BY_PURPOSE: "purpose"}
_WIDTH: Final = 640  # of a chart, in its own units
_HIGH: Final = 40  # of the tallest bar


class Bar(NamedTuple):
    """In a chart's own units."""

    x: float
    y: float
    width: float
    height: float


class Strip(NamedTuple):
    """One group. counts: one a period, oldest first."""

    group: str
    counts: tuple[int, ...]
    bars: tuple[Bar, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


class Chart(NamedTuple):
    """strips share one scale: most is its highest count."""

    measure: str
    words: str
    strips: tuple[Strip, ...]
    most: int


class LogFigurePages(OversightPages):
    """Counting is one entry of the log, with the period in its sealed detail."""

    async def figures(self, visit: Visit) -> Response:
        """Eight weeks until today, or the days that are asked for: both are inside."""
        today = belgian_day(self.oversight.clock.now())
        step = Step(visit.asked("step")) if visit.asked("step") in set(Step) else Step.WEEK
        monday = Step.WEEK.begins(today)
        first = visit.asked_day("from", monday - timedelta(weeks=_WEEKS - 1))
        last = visit.asked_day("until", today)
        wanted = log_figures.Wanted(first, last + timedelta(days=1), step)
        try:
            _, found = await counted(lambda work: visit.run(work, quick=False), wanted, self.oversight)
        except InvalidInput as refused:
            if refused.field != "to":
                raise
            visit.faults.add("until", "too_much_to_count")
            await visit.who()
            charts, periods, entries = [], [], 0
        else:
            charts, periods, entries = _charts(found), found.periods(), found.lines
        return visit.draw(
            "log_figures.html", charts=charts, periods=periods, entries=entries, first=first.isoformat(),
            last=last.isoformat(), step=step.value, steps=tuple(Step),
        )  # fmt: skip


def _charts(found: LogFigures) -> list[Chart]:
    return [_chart(found, measure, found.periods()) for measure in Measure]


def _chart(found: LogFigures, measure: Measure, periods: Sequence[date]) -> Chart:
    counts = {group: tuple(found.count(measure, each, group) for each in periods) for group in found.groups(measure)}
    most = max((one for several in counts.values() for one in several), default=0)
    strips = tuple(Strip(group, own, _bars(own, most)) for group, own in counts.items())
    return Chart(measure.value, _WORDS_OF.get(measure, "role"), strips, most)


def _bars(counts: tuple[int, ...], most: int) -> tuple[Bar, ...]:
    """Periods without any have no bar; whatever is there is seen."""
    each = _WIDTH / len(counts)
    high = [max(round(_HIGH * count / most, 1), 1.0) if count else 0.0 for count in counts]
    return tuple(
        Bar(round(number * each, 1), round(_HIGH - height, 1), round(each * 0.8, 1), height)
        for number, height in enumerate(high) if height
    )  # fmt: skip
