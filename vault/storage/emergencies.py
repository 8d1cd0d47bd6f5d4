"""Emergencies: rows to concepts and back.

On PostgreSQL several casework processes may stand beside each other: whoever reads upon an emergency locks its row
shared until the commit, whoever ends it locks it alone. SQLite has one writer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from vault.cases.break_glass import BreakGlass, Cause
from vault.ids import ActorId, BreakGlassId, CaseId, EntryId
from vault.storage import tables as t
from vault.storage.repositories import refuse_duplicate
from vault.storage.transaction import Transaction
from vault.vocabulary import Role

_ALL: Final = [column for column in t.break_glass.c if column.name != "entry_id"]


class EmergencyRepository:
    """Implements `vault.emergencies.Emergencies`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, emergency: BreakGlassId) -> BreakGlass | None:
        return self._one(emergency, alone=False)

    def get_to_change(self, emergency: BreakGlassId) -> BreakGlass | None:
        return self._one(emergency, alone=True)

    def _one(self, emergency: BreakGlassId, *, alone: bool) -> BreakGlass | None:
        wanted = select(*_ALL).where(t.break_glass.c.emergency_id == emergency.raw)
        row = self._tx.read(wanted.with_for_update(read=not alone)).first()
        return _emergency(row) if row is not None else None

    def in_period(self, actor: ActorId, period: str) -> int:
        c = t.break_glass.c
        counted = select(func.count()).where(c.actor_id == actor.raw, c.period == period)
        return int(self._tx.read(counted).scalar_one())

    def of_region(self, region: str, since: datetime, limit: int) -> list[BreakGlass]:
        c = t.break_glass.c
        wanted = select(*_ALL).where(c.region == region, c.asked_at >= since)
        rows = self._tx.read(wanted.order_by(c.asked_at.desc(), c.emergency_id).limit(limit))
        return [_emergency(row) for row in rows]

    def add(self, emergency: BreakGlass, entry: EntryId) -> None:
        try:
            self._tx.write(
                insert(t.break_glass).values(
                    emergency_id=emergency.id.raw,
                    case_id=emergency.case.raw,
                    actor_id=emergency.actor.raw,
                    role=emergency.role.value,
                    region=emergency.region,
                    cause=emergency.cause.value,
                    period=emergency.period,
                    number=emergency.number,
                    asked_at=emergency.asked_at,
                    lapses_at=emergency.lapses_at,
                    entry_id=entry.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "you asked for another at the same moment: send this one again") from fault

    def update(self, emergency: BreakGlass, entry: EntryId) -> None:
        self._tx.write(
            update(t.break_glass)
            .where(t.break_glass.c.emergency_id == emergency.id.raw)
            .values(
                decided_by=emergency.decided_by.raw if emergency.decided_by is not None else None,
                decided_at=emergency.decided_at,
                expires_at=emergency.expires_at,
                ended_at=emergency.ended_at,
                entry_id=entry.raw,
            )
        )


def _emergency(row: Any) -> BreakGlass:
    return BreakGlass(
        BreakGlassId(bytes(row.emergency_id)), CaseId(bytes(row.case_id)), ActorId(bytes(row.actor_id)), Role(row.role),
        row.region, Cause(row.cause), row.period, row.number, row.asked_at, row.lapses_at,
        ActorId(bytes(row.decided_by)) if row.decided_by is not None else None, row.decided_at, row.expires_at,
        row.ended_at,
    )  # fmt: skip
