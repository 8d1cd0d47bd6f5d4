"""Days as they count in Belgium: which day a moment falls on, which days are worked, the next working day.

A deadline is a civil day in Brussels. A moment just before midnight in UTC is already the next day there, and no
shift of summer time moves a day. Public holidays come from the `holidays` library (Sundays and the ten legal ones);
a parameter can add days that the library does not know yet.

    >>> Calendar().next_working_day(date(2026, 12, 25))
    datetime.date(2026, 12, 28)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

BRUSSELS: Final = ZoneInfo("Europe/Brussels")
_SATURDAY: Final = 5
_ONE: Final = timedelta(days=1)
#: Days outside this range are typing errors, and would run over what a date can hold.
FIRST_DAY: Final = date(1990, 1, 1)
LAST_DAY: Final = date(2100, 12, 31)


def belgian_day(moment: datetime) -> date:
    """The day in Brussels on which an aware moment falls."""
    return moment.astimezone(BRUSSELS).date()


def end_of(day: date) -> datetime:
    """The first moment that is no longer this day in Brussels, in UTC. day: has a next day."""
    return datetime.combine(day + _ONE, time.min, BRUSSELS).astimezone(UTC)


def plausible(day: date) -> bool:
    return FIRST_DAY <= day <= LAST_DAY


class Calendar:
    """Working days. extra: holidays beside the legal ones, from the parameters."""

    def __init__(self, extra: Iterable[date] = ()) -> None:
        self._extra = frozenset(extra)
        self._years: dict[int, frozenset[date]] = {}

    def holiday(self, day: date) -> bool:
        """Whether the day is a legal holiday."""
        return day in self._holidays(day.year) or day in self._extra

    def worked(self, day: date) -> bool:
        """Neither Saturday, Sunday nor legal holiday."""
        return day.weekday() < _SATURDAY and not self.holiday(day)

    def next_working_day(self, day: date) -> date:
        """The day itself if it is worked, else the first one after it that is."""
        while not self.worked(day):
            day += _ONE
        return day

    def working_days_after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`."""
        for _ in range(count):
            day = self.next_working_day(day + _ONE)
        return day

    def _holidays(self, year: int) -> frozenset[date]:
        known = self._years.get(year)
        if known is None:
            # Imported when a deadline is first computed: a process that computes none need not pay for it.
            from holidays import country_holidays

            known = self._years[year] = frozenset(country_holidays("BE", years=year))
        return known
