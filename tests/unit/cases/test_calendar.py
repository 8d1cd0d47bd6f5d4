"""Days in Belgium: midnight, summer time, leap days, the ends of months and years, what is worked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.cases.calendar import BRUSSELS, FIRST_DAY, LAST_DAY, Calendar, belgian_day, plausible

CALENDAR = Calendar()
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 1))


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-30T22:59:59.999999", "2026-11-30"),  # winter: one hour before UTC
        ("2026-11-30T23:00:00", "2026-12-01"),
        ("2026-06-30T21:59:59.999999", "2026-06-30"),  # summer: two hours
        ("2026-06-30T22:00:00", "2026-07-01"),
        ("2026-12-31T23:00:00", "2027-01-01"),
        ("2028-02-28T23:00:00", "2028-02-29"),
        ("2027-02-28T23:00:00", "2027-03-01"),
        ("2026-03-28T22:59:59", "2026-03-28"),  # the night before summer time begins, and the one after
        ("2026-03-28T23:00:00", "2026-03-29"),
        ("2026-03-29T21:59:59", "2026-03-29"),
        ("2026-03-29T22:00:00", "2026-03-30"),
        ("2026-10-24T22:00:00", "2026-10-25"),  # the day of 25 hours, from its first to its last second
        ("2026-10-25T22:59:59", "2026-10-25"),
        ("2026-10-25T23:00:00", "2026-10-26"),
    ],
)
def test_a_moment_falls_on_the_day_that_it_is_in_brussels(moment: str, day: str) -> None:
    assert belgian_day(datetime.fromisoformat(moment).replace(tzinfo=UTC)) == date.fromisoformat(day)


@given(day=DAYS)
def test_a_day_lasts_from_midnight_to_midnight_there_and_no_day_is_lost(day: date) -> None:
    begin = datetime(day.year, day.month, day.day, tzinfo=BRUSSELS).astimezone(UTC)
    assert belgian_day(begin) == day
    assert belgian_day(begin - timedelta(microseconds=1)) == day - timedelta(days=1)


@pytest.mark.parametrize("day", ["2026-01-01", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25", "2026-07-21",
                                 "2026-08-15", "2026-11-01", "2026-11-11", "2026-12-25"])  # fmt: skip
def test_the_ten_legal_holidays_of_2026_are_not_worked(day: str) -> None:
    """From the law of 4 January 1974 and the calendar; Easter was 5 April 2026."""
    assert CALENDAR.holiday(date.fromisoformat(day))
    assert not CALENDAR.worked(date.fromisoformat(day))


def test_no_other_weekday_of_2026_is_free() -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    free = [day for day in days if day.weekday() < 5 and not CALENDAR.worked(day)]
    assert [day.isoformat() for day in free] == [
        "2026-01-01", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25", "2026-07-21", "2026-11-11", "2026-12-25",
    ]  # fmt: skip


def test_a_day_that_an_operator_adds_is_free() -> None:
    extra = Calendar([date(2026, 11, 2)])
    assert CALENDAR.worked(date(2026, 11, 2))
    assert extra.next_working_day(date(2026, 10, 31)) == date(2026, 11, 3)


@pytest.mark.parametrize(
    ("day", "next_one"),
    [
        ("2026-12-25", "2026-12-28"),  # a holiday on Friday, then the weekend
        ("2026-12-31", "2026-12-31"),
        ("2027-01-01", "2027-01-04"),
        ("2026-04-04", "2026-04-07"),  # Saturday before Easter Monday
        ("2028-02-26", "2028-02-28"),
        ("2026-11-03", "2026-11-03"),
    ],
)
def test_the_next_working_day_is_the_day_itself_or_the_first_after_it(day: str, next_one: str) -> None:
    assert CALENDAR.next_working_day(date.fromisoformat(day)) == date.fromisoformat(next_one)


@given(day=DAYS, count=st.integers(0, 30))
def test_working_days_are_counted_one_by_one(day: date, count: int) -> None:
    end = CALENDAR.working_days_after(day, count)
    between = [day + timedelta(days=number) for number in range(1, (end - day).days + 1)]
    assert sum(CALENDAR.worked(one) for one in between) == count
    assert count == 0 or CALENDAR.worked(end)


def test_a_day_that_nobody_means_is_not_plausible() -> None:
    assert plausible(FIRST_DAY)
    assert plausible(LAST_DAY)
    assert not plausible(FIRST_DAY - timedelta(days=1))
    assert not plausible(LAST_DAY + timedelta(days=1))
