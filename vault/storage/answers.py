"""Partners' answers on their way to casework: sealed, signed, taken in once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from vault.between_zones import AnswerHead, AnswerRow
from vault.ids import ID_BYTES, AnswerId, EntryId, KeyId, ReleaseId
from vault.storage import tables as t
from vault.storage.legible import legible, short
from vault.storage.repositories import refuse_duplicate
from vault.storage.transaction import Transaction
from vault.vocabulary import Zone

_ANSWER = [c for c in t.answers.c if c.name != "entry_id"]
_AT_ONCE: Final = 500


class AnswerRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, answer: AnswerRow) -> None:
        """Raises Conflict for an id that is taken."""
        try:
            self._tx.write(
                insert(t.answers).values(
                    answer_id=answer.id.raw,
                    release_id=answer.release.raw,
                    reader=str(answer.reader),
                    sender=str(answer.sender),
                    subject=answer.subject,
                    policy=answer.policy,
                    schema_number=answer.schema,
                    key_id=answer.key.raw,
                    sealed=answer.sealed,
                    signature=answer.signature,
                    sent_at=answer.sent_at,
                    decision=answer.decision.raw,
                    taken_at=None,
                    entry_id=answer.decision.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "an answer with this id was sent already") from fault

    def get(self, answer: AnswerId) -> AnswerRow | None:
        c = t.answers.c
        r: Any = self._tx.read(select(*_ANSWER).where(c.answer_id == answer.raw, short(c.signature))).first()
        if r is None:
            return None
        return legible(r, _answer)

    def heads(self, releases: Sequence[ReleaseId], *, waiting: bool = False) -> list[AnswerHead]:
        c = t.answers.c
        found: list[AnswerHead] = []
        wanted = [release.raw for release in releases]
        for start in range(0, len(wanted), _AT_ONCE):
            statement = select(c.answer_id, c.release_id, c.sent_at, c.taken_at).where(
                c.release_id.in_(wanted[start : start + _AT_ONCE]), func.length(c.answer_id) == ID_BYTES
            )
            if waiting:
                statement = statement.where(c.taken_at.is_(None))
            found += [
                AnswerHead(AnswerId(bytes(r[0])), ReleaseId(bytes(r[1])), r[2], r[3]) for r in self._tx.read(statement)
            ]
        return sorted(found, key=lambda head: (head.sent_at, head.id))

    def take(self, answer: AnswerId, at: datetime, entry: EntryId) -> bool:
        result = self._tx.write(
            update(t.answers)
            .where(t.answers.c.answer_id == answer.raw, t.answers.c.taken_at.is_(None))
            .values(taken_at=at, entry_id=entry.raw)
        )
        return result.rowcount == 1


def _answer(r: Any) -> AnswerRow:
    return AnswerRow(
        AnswerId(bytes(r.answer_id)), ReleaseId(bytes(r.release_id)), Zone.parse(r.reader), Zone.parse(r.sender),
        bytes(r.subject), bytes(r.policy), r.schema_number, KeyId(bytes(r.key_id)), bytes(r.sealed),
        bytes(r.signature), r.sent_at, EntryId(bytes(r.decision)), r.taken_at,
    )  # fmt: skip
