"""Orders that were taken in: rows to concepts and back. No row is written before its audit entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from vault.cases.flow import State
from vault.cases.orders import Missing, TakenOrder, WaitingOrder
from vault.ids import CaseId, EntryId
from vault.storage import tables as t
from vault.storage.repositories import refuse_duplicate
from vault.storage.transaction import Transaction


def _missing(text: str) -> tuple[Missing, ...]:
    return tuple(Missing(code) for code in text.split(",") if code)


class OrderRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def of_cases(self, cases: Sequence[CaseId]) -> TakenOrder | None:
        c = t.orders.c
        wanted = select(c.case_id, c.household, c.facts, c.missing, c.taken_at).where(
            c.case_id.in_([case.raw for case in cases])
        )
        row = self._tx.read(wanted.order_by(c.taken_at, c.case_id)).first()
        if row is None:
            return None
        return TakenOrder(CaseId(bytes(row[0])), bytes(row[1]), bytes(row[2]), _missing(row[3]), row[4])

    def add(self, mark: bytes, order: TakenOrder, entry: EntryId) -> None:
        try:
            self._tx.write(
                insert(t.orders).values(
                    mark=mark,
                    case_id=order.case.raw,
                    household=order.household,
                    facts=order.facts,
                    updates=0,
                    missing=",".join(order.missing),
                    taken_at=order.taken_at,
                    entry_id=entry.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "this order is being taken in at this moment: send it again") from fault

    def complete(self, case: CaseId, household: bytes, facts: bytes, entry: EntryId) -> None:
        self._set(case, {"household": household, "facts": facts, "missing": ""}, entry)

    def update(self, case: CaseId, facts: bytes, entry: EntryId) -> None:
        self._set(case, {"facts": facts, "updates": t.orders.c.updates + 1}, entry)

    def _set(self, case: CaseId, values: Mapping[str, Any], entry: EntryId) -> None:
        self._tx.write(update(t.orders).where(t.orders.c.case_id == case.raw).values(**values, entry_id=entry.raw))

    def waiting(self, region: str, limit: int, before: datetime | None) -> list[WaitingOrder]:
        c = t.cases.c
        wanted = (
            select(c.case_id, c.language, c.opened_at, t.orders.c.missing)
            .join(t.orders, t.orders.c.case_id == c.case_id)
            .where(c.region == region, c.state == State.OQT_NOTIFIED.value)
        )
        if before is not None:
            wanted = wanted.where(c.opened_at < before)
        rows = self._tx.read(wanted.order_by(c.opened_at.desc(), c.case_id).limit(limit))
        return [WaitingOrder(CaseId(bytes(r[0])), r[1], r[2], _missing(r[3])) for r in rows]
