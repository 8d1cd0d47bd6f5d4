"""What must be reviewed, by when: whatever was opened upon a second person's word, each within so many working days.

Until its review is closed it stays in the queue, and after its day it is overdue. What was asked for and never opened
showed nothing, and need not be reviewed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Generic, Protocol, TypeVar

from vault.cases.calendar import Calendar, belgian_day
from vault.oversight.reviewing import Review, Stage

_STAGES: Final = tuple(Stage)


class Opened(Protocol):
    @property
    def opened_at(self) -> datetime | None:
        """None for what nobody opened."""
        ...

    @property
    def about(self) -> frozenset[str]:
        """The entries of which one must be reviewed."""
        ...


U = TypeVar("U", bound=Opened)


@dataclass(frozen=True, slots=True)
class Due(Generic[U]):
    """review: the furthest one about this use, None while nobody began. due_on: None where nothing was opened."""

    use: U
    review: Review | None
    due_on: date | None
    overdue: bool

    @property
    def open(self) -> bool:
        """Whether it is still to be reviewed."""
        return self.due_on is not None and (self.review is None or self.review.stage is not Stage.CLOSED)


def queue(found: Iterable[U], reviews: Sequence[Review], calendar: Calendar, within: int, today: date) -> list[Due[U]]:
    """within: working days from the opening."""
    about: dict[str, list[Review]] = defaultdict(list)
    for review in reviews:
        about[review.about].append(review)
    told = []
    for use in found:
        own = [review for entry in use.about for review in about[entry]]
        furthest = max(own, key=lambda review: _STAGES.index(review.stage), default=None)
        due_on = calendar.working_days_after(belgian_day(use.opened_at), within) if use.opened_at is not None else None
        due = Due(use, furthest, due_on, overdue=False)
        told.append(replace(due, overdue=due.open and due_on is not None and today > due_on))
    return told
