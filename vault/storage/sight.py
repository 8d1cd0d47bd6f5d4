"""When a partner's sight ends: withdrawals and receipts, and the fence between a reader and a withdrawal.

On PostgreSQL a zone's processes stand apart, so a reader and a withdrawal can meet. Readers of what was sent to a
zone hold an advisory lock for that zone, shared, until their commit; a withdrawal takes it for itself alone. What
is read was therefore either answered before the withdrawal was acknowledged, or after it, and then it is not
there. SQLite has one writer, which is fence enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, insert, select
from sqlalchemy.exc import IntegrityError

from vault.between_zones import ReceiptRow, WithdrawalRow
from vault.ids import EntryId, ReleaseId
from vault.storage import tables as t
from vault.storage.legible import all_legible, short
from vault.storage.repositories import refuse_duplicate
from vault.storage.transaction import Transaction
from vault.vocabulary import Zone

_WITHDRAWAL = list(t.withdrawals.c)
_RECEIPT = list(t.receipts.c)
_AT_ONCE: Final = 500


def fence_of(reader: Zone) -> int:
    """The advisory lock of a receiving zone: 64 bits, signed, from its name."""
    return int.from_bytes(sha256(f"parefeu/sight/1 {reader}".encode()).digest()[:8], "big", signed=True)


def still_open() -> ColumnElement[bool]:
    """The condition on `releases` that nothing withdrew them."""
    return ~exists().where(t.withdrawals.c.release_id == t.releases.c.release_id)


class WithdrawalRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def fence(self, reader: Zone) -> bool:
        return self._tx.exclude(fence_of(reader))

    def add(self, withdrawal: WithdrawalRow) -> None:
        """Raises Conflict if the release was withdrawn already."""
        try:
            self._tx.write(
                insert(t.withdrawals).values(
                    release_id=withdrawal.release.raw,
                    reader=str(withdrawal.reader),
                    sender=str(withdrawal.sender),
                    subject=withdrawal.subject,
                    withdrawn_at=withdrawal.withdrawn_at,
                    receipt_due=withdrawal.receipt_due,
                    signature=withdrawal.signature,
                    entry_id=withdrawal.entry.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "this was withdrawn already") from fault

    def get(self, release: ReleaseId) -> WithdrawalRow | None:
        row = self._tx.read(select(*_WITHDRAWAL).where(t.withdrawals.c.release_id == release.raw)).first()
        return _withdrawal(row) if row is not None else None

    def addressed(
        self, reader: Zone | None, limit: int, before: datetime | None, *, due_by: datetime | None = None
    ) -> list[WithdrawalRow]:
        c = t.withdrawals.c
        statement = select(*_WITHDRAWAL).order_by(c.withdrawn_at.desc(), c.release_id).limit(limit)
        if reader is not None:
            statement = statement.where(c.reader == str(reader))
        if before is not None:
            statement = statement.where(c.withdrawn_at < before)
        if due_by is not None:
            statement = statement.where(c.receipt_due <= due_by)
        return [_withdrawal(row) for row in self._tx.read(statement)]


class ReceiptRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, receipt: ReceiptRow) -> None:
        """Raises Conflict if there is one already."""
        try:
            self._tx.write(
                insert(t.receipts).values(
                    release_id=receipt.release.raw,
                    reader=str(receipt.reader),
                    sender=str(receipt.sender),
                    subject=receipt.subject,
                    outcome=receipt.outcome,
                    given_at=receipt.given_at,
                    signature=receipt.signature,
                    entry_id=receipt.entry.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "the receipt was given already") from fault

    def of(self, releases: Sequence[ReleaseId]) -> dict[ReleaseId, ReceiptRow]:
        c, found = t.receipts.c, dict[ReleaseId, ReceiptRow]()
        wanted = [release.raw for release in releases]
        for start in range(0, len(wanted), _AT_ONCE):
            these = c.release_id.in_(wanted[start : start + _AT_ONCE])
            rows = self._tx.read(select(*_RECEIPT).where(these, short(c.signature)))
            found |= {row.release: row for row in all_legible(rows, _receipt)}
        return found


def _withdrawal(r: Any) -> WithdrawalRow:
    return WithdrawalRow(
        ReleaseId(bytes(r.release_id)), Zone.parse(r.reader), Zone.parse(r.sender), bytes(r.subject), r.withdrawn_at,
        r.receipt_due, bytes(r.signature), EntryId(bytes(r.entry_id)),
    )  # fmt: skip


def _receipt(r: Any) -> ReceiptRow:
    return ReceiptRow(
        ReleaseId(bytes(r.release_id)), Zone.parse(r.reader), Zone.parse(r.sender), bytes(r.subject), r.outcome,
        r.given_at, bytes(r.signature), EntryId(bytes(r.entry_id)),
    )  # fmt: skip
