"""Figures of the log: what counts as what, over which days, and what the groups are."""

from __future__ import annotations

from datetime import date

import pytest

from vault.audit.reading import Tally
from vault.cases.calendar import Calendar
from vault.oversight.log_figures import LogFigures, Measure, Step

TUESDAY, SATURDAY, MONDAY = date(2026, 11, 3), date(2026, 11, 7), date(2026, 11, 9)
LOOK = Tally("casework", "coach", "coaching", "allow", look=True, in_hours=True, led_nowhere=False, lines=2)


def figures(step: Step = Step.DAY, first: date = TUESDAY, end: date = date(2026, 11, 10)) -> LogFigures:
    return LogFigures(first, end, step, Calendar(), frozenset({"coach"}), frozenset({"coach"}))


def counted(found: LogFigures) -> dict[tuple[str, str], int]:
    return {(row["measure"], row["group"]): row["count"] for row in found.rows() if row["count"]}


@pytest.mark.parametrize(
    ("tally", "day", "expected"),
    [
        (LOOK, TUESDAY, {"by_zone": "casework", "by_role": "coach", "by_purpose": "coaching"}),
        (LOOK._replace(look=False), TUESDAY, {}),
        (LOOK._replace(decision="none"), TUESDAY, {}),
        (LOOK._replace(decision="deny", look=False), TUESDAY, {"refused": "coach"}),
        (LOOK._replace(decision="deny", in_hours=False, led_nowhere=True), TUESDAY, {"refused": "coach"}),
        (
            LOOK._replace(in_hours=False), TUESDAY,
            {"by_zone": "casework", "by_role": "coach", "by_purpose": "coaching", "after_hours": "coach"},
        ),
        (
            LOOK, SATURDAY,
            {"by_zone": "casework", "by_role": "coach", "by_purpose": "coaching", "after_hours": "coach"},
        ),
        (
            LOOK._replace(role="auditor", zone="oversight", purpose="access_review", in_hours=False, led_nowhere=True),
            TUESDAY, {"by_zone": "oversight", "by_role": "auditor", "by_purpose": "access_review"},
        ),
        (
            LOOK._replace(led_nowhere=True), TUESDAY,
            {"by_zone": "casework", "by_role": "coach", "by_purpose": "coaching", "search_only": "coach"},
        ),
        (
            LOOK._replace(purpose="emergency"), TUESDAY,
            {"by_zone": "casework", "by_role": "coach", "by_purpose": "emergency", "emergency": "coach"},
        ),
    ],
)  # fmt: skip
def test_a_line_counts_as_what_it_is(tally: Tally, day: date, expected: dict[str, str]) -> None:
    found = figures()
    found.add(day, [tally])
    assert counted(found) == dict.fromkeys(expected.items(), 2)
    assert found.lines == 2


def test_weeks_begin_on_monday_and_periods_without_any_are_told() -> None:
    found = figures(Step.WEEK)
    found.add(SATURDAY, [LOOK])
    found.add(MONDAY, [LOOK, LOOK._replace(role="regional_head")])
    assert found.periods() == [date(2026, 11, 2), MONDAY]
    rows = [(r["period"], r["group"], r["count"]) for r in found.rows() if r["measure"] == "by_role"]
    assert rows == [
        ("2026-11-02", "coach", 2), ("2026-11-09", "coach", 2),
        ("2026-11-02", "regional_head", 0), ("2026-11-09", "regional_head", 2),
    ]  # fmt: skip
    assert found.groups(Measure.REFUSED) == []
    assert len(list(found.days())) == 7
