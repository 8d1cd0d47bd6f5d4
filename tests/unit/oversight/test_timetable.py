"""When something is due: months of every length, the day itself, what was never done; and files that do not load."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.timetable_rules import load_timetable
from vault.errors import ConfigurationError
from vault.oversight.timetable import Duty, KeysSeen, Line, Punctuality, Seen, months_after, reckon
from vault.vocabulary import CASEWORK, FOLLOW_UP, Zone, ZoneKind

SHIPPED = (Path(__file__).parents[3] / "gateway" / "timetable.toml").read_text("utf-8")
TABLE = load_timetable()
BEGUN = datetime(2026, 1, 31, 9, tzinfo=UTC)
SEEN = Seen([KeysSeen(CASEWORK, BEGUN)], BEGUN, None, BEGUN, BEGUN, BEGUN)


def line(seen: Seen, today: date, duty: Duty) -> Line:
    return next(one for one in reckon(TABLE, seen, today) if one.duty is duty)


@pytest.mark.parametrize(
    ("day", "months", "due"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)), (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)), (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)), (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)), (date(2026, 1, 15), -120, date(2016, 1, 15)),
        (date(2096, 2, 29), 48, date(2100, 2, 28)),
    ],
)  # fmt: skip
def test_months_are_those_of_the_calendar(day: date, months: int, due: date) -> None:
    assert months_after(day, months) == due


@given(st.dates(date(1990, 1, 1), date(2100, 12, 31)), st.integers(0, 600), st.integers(0, 600))
def test_more_months_are_never_earlier_and_never_skip_a_month(day: date, months: int, more: int) -> None:
    due = months_after(day, months)
    assert months_after(day, months + more) >= due
    assert (due.year - day.year) * 12 + due.month - day.month == months
    assert due.day <= day.day


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2027, 12, 1), Punctuality.IN_TIME), (date(2027, 12, 2), Punctuality.SOON),
        (date(2028, 1, 31), Punctuality.SOON), (date(2028, 2, 1), Punctuality.LATE),
    ],
)  # fmt: skip
def test_keys_are_due_after_their_months_and_late_the_day_after(today: date, state: Punctuality) -> None:
    keys = line(SEEN, today, Duty.KEYS)
    assert (keys.zone, keys.due_on, keys.state) == ("casework", date(2028, 1, 31), state)
    assert keys.command == "parefeu keys rotate --zone casework"
    other = line(SEEN._replace(keys=[KeysSeen(FOLLOW_UP, BEGUN)]), today, Duty.KEYS)
    assert (other.state, other.command) == (state, ""), "its key pair is replaced by no command"


def test_each_zone_has_months_of_its_own_and_a_partner_those_of_partners() -> None:
    table = replace(TABLE, keys={kind: number for number, kind in enumerate(ZoneKind, start=1)})
    zones = (CASEWORK, FOLLOW_UP, Zone.parse("partner:caritas"), Zone.parse("oversight"))
    seen = SEEN._replace(keys=[KeysSeen(zone, BEGUN) for zone in zones])
    due = [one.due_on for one in reckon(table, seen, date(2026, 2, 1)) if one.duty is Duty.KEYS]
    assert due == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]


def test_a_moment_counts_as_the_day_it_falls_on_in_brussels() -> None:
    seen = SEEN._replace(keys=[KeysSeen(CASEWORK, datetime(2026, 1, 31, 23, 30, tzinfo=UTC))])
    assert line(seen, date(2026, 2, 1), Duty.KEYS).due_on == date(2028, 2, 1)


def test_keys_that_nothing_dates_are_not_called_in_time() -> None:
    keys = line(SEEN._replace(keys=[KeysSeen(CASEWORK, None)]), date(2060, 1, 1), Duty.KEYS)
    assert (keys.done_at, keys.due_on, keys.state) == (None, None, Punctuality.UNKNOWN)


def test_old_details_are_due_by_the_oldest_that_is_there_and_not_by_what_was_done() -> None:
    seen = SEEN._replace(erased=datetime(2036, 7, 1, tzinfo=UTC))
    details = line(seen, date(2036, 8, 1), Duty.DETAILS)
    assert (details.due_on, details.state) == (date(2036, 7, 31), Punctuality.LATE), "an old keystore was put back"
    assert details.command == "parefeu audit erase --before 2026-08-01"
    done = seen._replace(oldest_detail=datetime(2026, 8, 1, tzinfo=UTC))
    assert line(done, date(2036, 8, 1), Duty.DETAILS).state is Punctuality.IN_TIME, "what the command leaves is in time"
    none = line(seen._replace(oldest_detail=None), date(2036, 8, 1), Duty.DETAILS)
    assert (none.due_on, none.state) == (None, Punctuality.IN_TIME)


def test_what_was_never_done_is_due_from_the_beginning() -> None:
    seen = SEEN._replace(swept=None, examined=None)
    day = date(2026, 2, 2)
    assert [line(seen, day, duty).due_on for duty in (Duty.SWEEP, Duty.EXAMINATION)] == [day, date(2026, 2, 28)]
    assert line(seen, day, Duty.SWEEP).state is Punctuality.SOON
    assert line(seen, day + timedelta(days=1), Duty.SWEEP).state is Punctuality.LATE
    assert line(seen, day, Duty.SWEEP).done_at is None


def test_a_log_that_could_not_be_asked_says_nothing_of_tasks() -> None:
    unasked = reckon(TABLE, SEEN._replace(told=False), date(2060, 1, 1))
    assert {one.state for one in unasked if one.duty is not Duty.KEYS} == {Punctuality.UNKNOWN}
    assert all(one.command for one in unasked if one.duty is not Duty.KEYS)


def test_the_shipped_file() -> None:
    assert (TABLE.version, TABLE.keys[ZoneKind.CASEWORK], len(TABLE.digest)) == ("shipped-1", 24, 32)
    assert (TABLE.erase_after, TABLE.details_longest) == (120, 126)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("casework_months = 24", "casework_months = 0"), ("casework_months = 24", 'casework_months = "24"'),
        ("casework_months = 24", "casework_months = 601"), ("partner_months = 24\n", ""),
        ("every_days = 2", "every_days = 0"), ("soon_days = 0", "soon_days = -1"), ("[sweep]", "[sweeps]"),
        ("longest_months = 126", "longest_months = 120"), ('version = "shipped-1"', 'version = ""'),
        ("every_days = 2", "every_days = 2\nbackups_days = 1"),
    ],
)  # fmt: skip
def test_a_file_that_says_something_else_does_not_load(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "own.toml"
    assert before in SHIPPED
    file.write_text(SHIPPED.replace(before, after, 1), "utf-8")
    with pytest.raises(ConfigurationError, match=r"own\.toml cannot be used"):
        load_timetable(file)


def test_other_numbers_give_another_digest_and_other_comments_do_not(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("# ours\n" + SHIPPED, "utf-8")
    assert load_timetable(file).digest == TABLE.digest
    file.write_text(SHIPPED.replace("every_days = 2", "every_days = 3"), "utf-8")
    assert load_timetable(file).digest != TABLE.digest
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_timetable(tmp_path / "none.toml")
