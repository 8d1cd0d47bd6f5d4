"""Questions of reviews: rows to concepts and back. No row is written before its audit entry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from vault.ids import EntryId
from vault.review_questions import QuestionCode, ReviewQuestion
from vault.storage import tables as t
from vault.storage.legible import all_legible, legible
from vault.storage.transaction import Transaction
from vault.vocabulary import CASEWORK

_COLUMNS = [c for c in t.review_questions.c if c.name not in ("reader", "entry_id")]


def _question(r: Any) -> ReviewQuestion:
    return ReviewQuestion(
        EntryId(bytes(r.question_id)), EntryId(bytes(r.review_id)), r.addressee, QuestionCode(r.code), r.looked_at,
        r.action, r.kind, r.subject, r.asked_at, r.answered_at,
    )  # fmt: skip


class ReviewQuestionRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, question: ReviewQuestion) -> None:
        self._tx.write(
            insert(t.review_questions).values(
                question_id=question.id.raw,
                review_id=question.review.raw,
                reader=str(CASEWORK),
                addressee=question.addressee,
                code=question.code.value,
                looked_at=question.looked_at,
                action=question.action,
                kind=question.kind,
                subject=question.subject,
                asked_at=question.asked_at,
                answered_at=None,
                entry_id=question.id.raw,
            )
        )

    def get(self, question: EntryId) -> ReviewQuestion | None:
        row = self._tx.read(select(*_COLUMNS).where(t.review_questions.c.question_id == question.raw)).first()
        return legible(row, _question) if row is not None else None

    def put_to(self, addressee: str, limit: int) -> list[ReviewQuestion]:
        c = t.review_questions.c
        wanted = select(*_COLUMNS).where(c.addressee == addressee)
        order = (c.answered_at.is_not(None), c.asked_at.desc(), c.question_id)
        return all_legible(self._tx.read(wanted.order_by(*order).limit(limit)), _question)

    def answer(self, question: EntryId, at: datetime, entry: EntryId) -> bool:
        c = t.review_questions.c
        result = self._tx.write(
            update(t.review_questions)
            .where(c.question_id == question.raw, c.answered_at.is_(None))
            .values(answered_at=at, entry_id=entry.raw)
        )
        return result.rowcount == 1
