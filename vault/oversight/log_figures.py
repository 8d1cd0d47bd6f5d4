"""How much is looked at, by whom and for what: counts of the log's lines over days or weeks, for charts and tables.

Counted are lines by zone, role and purpose, never by person: whoever asks about a person looks at the log. The figures
say what stands in the log; that a number is high is no finding. Days are those of Brussels, weeks begin on Monday.

    figures = LogFigures(first, end, Step.WEEK, calendar)
    for day in figures.days(): figures.add(day, tallies)
    figures.rows()                                    # measure, period, group, count
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum, unique
from typing import Any, Final

from vault.audit.events import Verdict
from vault.audit.reading import Tally
from vault.cases.calendar import Calendar
from vault.vocabulary import Purpose


@unique
class Step(StrEnum):
    DAY = "day"
    WEEK = "week"

    def begins(self, day: date) -> date:
        """The first day of the period in which a day lies."""
        return day - timedelta(days=day.weekday()) if self is Step.WEEK else day


@unique
class Measure(StrEnum):
    """What is counted, and into which groups."""

    BY_ZONE = "by_zone"  # looks that were allowed, by the zone of whoever looked
    BY_ROLE = "by_role"
    BY_PURPOSE = "by_purpose"
    REFUSED = "refused"  # whatever was refused, by role
    EMERGENCY = "emergency"  # looks in an emergency, by role
    SEARCH_ONLY = "search_only"  # searches after which nothing was opened, by role
    AFTER_HOURS = "after_hours"  # looks at night, on a weekend or on a holiday, by role


_DAY: Final = timedelta(days=1)
#: How long a period of each step is at most: as many as a chart still shows apart.
LONGEST: Final = {Step.DAY: 92, Step.WEEK: 371}  # days


@dataclass
class LogFigures:
    """first is inside, end is not. watched: roles whose night looks and searches count, as the detection rules say."""

    first: date
    end: date
    step: Step
    calendar: Calendar
    night: frozenset[str]
    searching: frozenset[str]
    lines: int = 0
    _counts: Counter[tuple[Measure, date, str]] = field(default_factory=Counter)

    def days(self) -> Iterator[date]:
        day = self.first
        while day < self.end:
            yield day
            day += _DAY

    def periods(self) -> list[date]:
        """The first day of each, oldest first. The first and the last period may lie outside in part."""
        return sorted({self.step.begins(day) for day in self.days()})

    def add(self, day: date, tallies: Iterable[Tally]) -> None:
        """Take in what one day's lines were."""
        period, worked = self.step.begins(day), self.calendar.worked(day)
        for tally in tallies:
            self.lines += tally.lines
            for measure, group in self._kinds(tally, worked=worked):
                self._counts[measure, period, group] += tally.lines

    def _kinds(self, tally: Tally, *, worked: bool) -> Iterator[tuple[Measure, str]]:
        if tally.decision == Verdict.DENY.value:
            yield Measure.REFUSED, tally.role
            return
        if tally.decision != Verdict.ALLOW.value or not tally.look:
            return
        yield Measure.BY_ZONE, tally.zone
        yield Measure.BY_ROLE, tally.role
        yield Measure.BY_PURPOSE, tally.purpose
        if tally.purpose == Purpose.EMERGENCY.value:
            yield Measure.EMERGENCY, tally.role
        if tally.led_nowhere and tally.role in self.searching:
            yield Measure.SEARCH_ONLY, tally.role
        if tally.role in self.night and not (worked and tally.in_hours):
            yield Measure.AFTER_HOURS, tally.role

    def groups(self, measure: Measure) -> list[str]:
        """The largest first."""
        totals: Counter[str] = Counter()
        for (one, _, group), count in self._counts.items():
            if one is measure:
                totals[group] += count
        return [group for group, _ in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))]

    def count(self, measure: Measure, period: date, group: str) -> int:
        return self._counts[measure, period, group]

    def rows(self) -> list[dict[str, Any]]:
        """Every period of every group that has anything, zeros included."""
        return [
            {
                "measure": measure.value, "period": period.isoformat(), "group": group,
                "count": self.count(measure, period, group),
            }
            for measure in Measure for group in self.groups(measure) for period in self.periods()
        ]  # fmt: skip
