"""Ceremonies as the log tells them: how far each came, and which entries are about it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from vault.cases.calendar import Calendar
from vault.oversight.ceremonies import Course, ceremonies
from vault.oversight.due import queue

MORNING = datetime(2026, 11, 3, 9, tzinfo=UTC)


def entry(minute: int, action: str, ceremony: str = "c1", **said: Any) -> dict[str, Any]:
    told = {
        "entry": f"e{minute:03}", "at": (MORNING + timedelta(minutes=minute)).isoformat(), "action": action,
        "kind": "ceremony", "actor": "a-head", "subject": "F-1", "object": ceremony, "outcome": "follow_up",
        "decision": "allow", "count": 5,
        "zone": {"sign": "oversight", "close": "oversight", "read": "follow_up"}.get(action, "casework"),
    }  # fmt: skip
    return told | said


def test_a_ceremony_is_begun_opened_read_and_ended() -> None:
    acts = [
        entry(0, "release_begun"), entry(3, "sign", actor="a-dpo"), entry(4, "read", actor="a-officer"),
        entry(5, "read", actor="a-officer"), entry(6, "close", actor="a-dpo"),
    ]  # fmt: skip
    for length, course in ((1, Course.BEGUN), (2, Course.OPENED), (4, Course.OPENED), (5, Course.ENDED)):
        [told] = ceremonies(acts[:length])
        assert told.course is course
    assert (told.begun_by, told.opened_by, told.minutes) == ("a-head", "a-dpo", 5)
    assert told.about == {"e003", "e004", "e005"}, "the opening and the looks, not the beginning"
    assert ceremonies(acts[::-1]) == [told], "whatever order they come in"


@pytest.mark.parametrize(
    "stray",
    [
        entry(1, "sign", decision="deny"), entry(1, "sign", count=0), entry(1, "sign", kind="grant"),
        entry(1, "sign", "c9"), entry(1, "swept"),
    ],
)  # fmt: skip
def test_what_was_refused_or_is_about_something_else_opens_nothing(stray: dict[str, Any]) -> None:
    [told] = ceremonies([entry(0, "release_begun"), stray])
    assert told.course is Course.BEGUN
    [due] = queue([told], [], Calendar(), 5, date(2027, 1, 1))
    assert (due.open, due.due_on) == (False, None)


def test_ending_one_that_nobody_opened_shows_nothing_to_review() -> None:
    [told] = ceremonies([entry(0, "release_begun"), entry(1, "close"), entry(2, "close")])
    assert (told.course, told.opened_at, told.ended_at) == (Course.ENDED, None, MORNING + timedelta(minutes=1))
