"""What a coach has to do about a case, and by when. The title tells a story: it is sealed. Days stand in the row.

A reminder is a day before the due one from which the task shows in the agenda. Nothing is sent to anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from vault.errors import InvalidInput
from vault.ids import CaseId, RecordId

TITLE_LIMIT: Final = 1000
TASKS_PER_CASE: Final = 500
#: Nothing about a case is due later than that; a longer wait is a mistyped year.
FURTHEST_DAYS: Final = 3660
TASK_FIELDS: Final = ("task", "version", "title", "due_on", "remind_on", "done_on", "written_at", "author")


@dataclass(frozen=True, slots=True)
class Task:
    """The row. version: counts every change, of the days too. done_at: None while it is open."""

    id: RecordId
    case: CaseId
    due_on: date
    remind_on: date
    done_at: datetime | None
    version: int


def check(title: str, due_on: date, remind_on: date, today: date) -> None:
    """Raises InvalidInput."""
    if not title.strip():
        raise InvalidInput("say what is to be done", field="title")
    try:
        size = len(title.encode())
    except UnicodeEncodeError:
        raise InvalidInput("the text holds half a character (a lone surrogate)", field="title") from None
    if size > TITLE_LIMIT:
        raise InvalidInput(f"a title holds at most {TITLE_LIMIT} bytes", field="title")
    if abs((due_on - today).days) > FURTHEST_DAYS:
        raise InvalidInput("a task is due within ten years", field="due_on")
    if remind_on > due_on or (due_on - remind_on).days > FURTHEST_DAYS:
        raise InvalidInput("a reminder comes before the day itself", field="remind_on")
