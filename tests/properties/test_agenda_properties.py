"""Days and cells hold whatever the clocks do: summer time, midnight, leap days, the ends of months and years."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.organisation import load_organisation
from vault.cases.appointments import Channel, Slot
from vault.cases.calendar import BRUSSELS, belgian_day
from vault.cases.organisation import day_span, is_open, unambiguous, wall_clock

ORGANISATION, RULES = load_organisation()
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy takes naive bounds
DESKS = st.sampled_from(list(ORGANISATION.desks.values()))
WALL = st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31))  # noqa: DTZ001 - wall-clock time has no zone


@given(MOMENTS)
def test_every_moment_lies_in_one_day_and_that_day_is_belgiums(moment: datetime) -> None:
    day = belgian_day(moment)
    for other in (day - timedelta(days=1), day, day + timedelta(days=1)):
        since, until = day_span(other)
        assert (since <= moment < until) is (other == day)


@given(DAYS)
def test_days_follow_each_other_without_gap_and_last_23_to_25_hours(day: date) -> None:
    since, until = day_span(day)
    assert day_span(day + timedelta(days=1))[0] == until
    assert until - since in {timedelta(hours=hours) for hours in (23, 24, 25)}


@given(WALL)
def test_a_wall_clock_time_is_one_moment_or_none_and_comes_back(wall: datetime) -> None:
    moment = unambiguous(wall)
    if moment is None:
        changes = day_span(wall.date())
        assert changes[1] - changes[0] != timedelta(days=1), "only where the clocks change"
    else:
        assert wall_clock(moment).replace(tzinfo=None) == wall


@given(DESKS, DAYS)
def test_a_desks_cells_lie_in_its_hours_apart_and_on_the_grid(desk: object, day: date) -> None:
    cells = ORGANISATION.cells(desk, day)  # type: ignore[arg-type]
    for cell in cells:
        assert belgian_day(cell) == day
        assert is_open(desk.hours, cell, cell + ORGANISATION.cell)  # type: ignore[attr-defined]
        assert ORGANISATION.covered(cell, cell + ORGANISATION.cell) == (cell,)
    assert all(second - first >= ORGANISATION.cell for first, second in pairwise(cells))
    wanted = sum(
        (datetime.combine(day, span.closes) - datetime.combine(day, span.opens)) // ORGANISATION.cell
        for span in desk.hours  # type: ignore[attr-defined]
        if span.weekday == day.weekday()
    )
    assert len(cells) == wanted, "no desk is open while the clocks change"


@given(MOMENTS, st.integers(1, 8), st.integers(1, 8), st.integers(0, 8))
def test_two_appointments_overlap_exactly_if_they_share_a_cell(
    moment: datetime, first: int, second: int, later: int
) -> None:
    cell = ORGANISATION.cell
    start = datetime.fromtimestamp(moment.timestamp() // 1800 * 1800, UTC)
    one = Slot(start, start + first * cell, Channel.DESK, "brussels-1")
    other = Slot(start + later * cell, start + (later + second) * cell, Channel.DESK, "brussels-1")
    shared = set(ORGANISATION.covered(one.starts_at, one.ends_at)) & set(
        ORGANISATION.covered(other.starts_at, other.ends_at)
    )
    assert one.overlaps(other) is other.overlaps(one) is bool(shared)


def test_the_night_of_the_change_has_no_desk_time() -> None:
    spring, autumn = date(2027, 3, 28), date(2027, 10, 31)
    for night in (spring, autumn):
        since, until = day_span(night)
        hours = (until - since) // timedelta(hours=1)
        seen = [wall_clock(since + timedelta(hours=n)).hour for n in range(hours)]
        assert hours == (23 if night == spring else 25)
        assert (2 in seen) is (night == autumn)
        assert all(ORGANISATION.cells(desk, night) == () for desk in ORGANISATION.desks.values())
    assert wall_clock(datetime(2027, 3, 28, 1, tzinfo=UTC)).tzinfo is BRUSSELS
