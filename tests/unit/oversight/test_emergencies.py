"""Emergencies as the log tells them: which look belongs to which, what is due, what may be published."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.audit.reading import Line
from vault.cases.calendar import Calendar
from vault.oversight.due import queue
from vault.oversight.emergencies import SMALLEST_TOLD, How, published, quarters_before, uses

MORNING = datetime(2026, 11, 3, 9, tzinfo=UTC)


def entry(minute: int, action: str, emergency: str = "b1", **said: Any) -> dict[str, Any]:
    told = {
        "entry": f"e{minute:03}", "at": (MORNING + timedelta(minutes=minute)).isoformat(), "action": action,
        "kind": "break_glass", "actor": "a-coach", "role": "coach", "subject": "L-1", "object": emergency,
        "outcome": "health", "decision": "allow", "count": 1, "zone": "casework",
    }  # fmt: skip
    return told | said


def look(minute: int, actor: str = "a-coach", decision: str = "allow", subject: str = "L-1") -> Line:
    at = MORNING + timedelta(minutes=minute)
    return Line(
        f"l{minute}", at, actor, subject, "read", "identity", "coach", "casework", "emergency", decision, "cw-756"
    )


def test_a_look_belongs_to_the_newest_one_that_was_opened_before() -> None:
    acts = [
        entry(0, "create"), entry(1, "sign", actor="a-head"), entry(9, "close", outcome="ended"),
        entry(20, "create", "b2"), entry(21, "sign", "b2", actor="a-head"),
    ]  # fmt: skip
    looks = [look(0), look(2), look(22), look(23, "a-other"), look(24, decision="deny"), look(25, subject="L-2")]
    second, first = uses(acts, looks)
    assert (first.looks, second.looks) == (("l2",), ("l22",))
    assert (first.how, second.how, first.second) == (How.ENDED, How.OPENED, "a-head")
    assert first.about == {"e000", "e001", "l2"}


@pytest.mark.parametrize(
    "stray",
    [
        entry(1, "sign", decision="deny"), entry(1, "sign", count=0), entry(1, "sign", kind="case"),
        entry(1, "sign", "b9"),
    ],
)  # fmt: skip
def test_what_was_refused_or_is_about_something_else_opens_nothing(stray: dict[str, Any]) -> None:
    [found] = uses([entry(0, "create"), stray], [])
    assert found.how is How.ASKED
    [due] = queue([found], [], Calendar(), 5, date(2027, 1, 1))
    assert (due.open, due.overdue, due.due_on) == (False, False, None)


def test_what_nobody_reviewed_is_overdue_after_its_day() -> None:
    found = uses([entry(0, "create"), entry(1, "sign", actor="a-head")], [])
    for day, late in ((date(2026, 11, 10), False), (date(2026, 11, 12), True)):
        [due] = queue(found, [], Calendar(), 5, day)
        assert (due.open, due.overdue, due.due_on) == (True, late, date(2026, 11, 10))


def test_the_quarters_that_are_over() -> None:
    assert [name for name, _ in quarters_before(date(2027, 1, 1), 3)] == ["2026-Q2", "2026-Q3", "2026-Q4"]
    assert quarters_before(date(2026, 12, 31), 1) == [("2026-Q3", date(2026, 7, 1))]


@given(st.lists(st.booleans(), max_size=16))
def test_no_published_cell_is_small_and_none_can_be_computed(opened: list[bool]) -> None:
    acts = []
    for number, each in enumerate(opened):
        acts.append(entry(2 * number, "create", f"b{number}"))
        acts += [entry(2 * number + 1, "sign", f"b{number}", actor="a-head")] if each else []
    rows = published(uses(acts, []), date(2027, 2, 1))
    cells = [row[name] for row in rows for name in ("opened", "not_opened")]
    assert all(cell is None or cell >= SMALLEST_TOLD for cell in cells)
    assert all(set(row) == {"period", "opened", "not_opened"} for row in rows), "no total"
    last = rows[-1]
    assert last["opened"] == (sum(opened) if sum(opened) >= SMALLEST_TOLD else None)
