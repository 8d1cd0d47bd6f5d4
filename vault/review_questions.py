"""Questions that oversight puts to a member of casework about a look, as they lie between the zones.

A question is a code and says which look it is about in codes too: no free text goes from oversight to casework. The
answer is an entry of the asked person's own zone, its text sealed to oversight beside it; the row says there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Protocol

from vault.ids import EntryId


@unique
class QuestionCode(StrEnum):
    WHY_THIS_CASE = "why_this_case"
    WHY_THEN = "why_then"  # at that hour, on that day
    WHY_SO_MANY = "why_so_many"
    FOR_WHOM = "for_whom"  # on whose behalf
    WHAT_BECAME = "what_became"  # of what was seen
    WHOSE_CASE = "whose_case"  # which case it is: of whoever may know, who tells the person if they must be told


@dataclass(frozen=True, slots=True)
class ReviewQuestion:
    """id: the entry by which it was asked. review: the entry that opened the review. addressee: a pseudonym in the log.

    looked_at, action, kind, subject: of the look, as its entry says; subject: the case's pseudonym in the log, or "".
    """

    id: EntryId
    review: EntryId
    addressee: str
    code: QuestionCode
    looked_at: datetime
    action: str
    kind: str
    subject: str
    asked_at: datetime
    answered_at: datetime | None = None


class ReviewQuestions(Protocol):
    def add(self, question: ReviewQuestion) -> None: ...
    def get(self, question: EntryId) -> ReviewQuestion | None: ...
    def put_to(self, addressee: str, limit: int) -> list[ReviewQuestion]:
        """Those without an answer first, then the newest."""
        ...

    def answer(self, question: EntryId, at: datetime, entry: EntryId) -> bool:
        """Whether it had no answer yet."""
        ...


class Questioning(Protocol):
    """The part of a unit of work that this is."""

    @property
    def review_questions(self) -> ReviewQuestions: ...
