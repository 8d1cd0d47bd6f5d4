"""Samples: rows to concepts and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.exc import IntegrityError

from vault.cases.case_samples import CaseSample, Lot
from vault.cases.flow import State
from vault.ids import ActorId, CaseId, CaseSampleId, EntryId
from vault.storage import tables as t
from vault.storage.repositories import refuse_duplicate
from vault.storage.transaction import Transaction

_C: Final = t.case_samples.c
_ROWS: Final = select(
    *(column for column in _C if column.name != "entry_id"), t.case_sample_ends.c.ended_at
).select_from(t.case_samples.outerjoin(t.case_sample_ends, t.case_sample_ends.c.sample_id == _C.sample_id))


class CaseSampleRepository:
    """Implements `vault.case_samples.CaseSamples`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def listed(self, region: str, coach: ActorId | None, states: Sequence[State]) -> list[CaseId]:
        c = t.cases.c
        wanted = select(c.case_id).where(c.region == region, c.state.in_([state.value for state in states]))
        if coach is not None:
            wanted = wanted.where(c.coach == coach.raw)
        return [CaseId(bytes(row[0])) for row in self._tx.read(wanted)]

    def get(self, sample: CaseSampleId) -> CaseSample | None:
        row = self._tx.read(_ROWS.where(_C.sample_id == sample.raw)).first()
        return _sample(row) if row is not None else None

    def in_period(self, actor: ActorId, period: str) -> int:
        counted = select(func.count()).where(_C.actor_id == actor.raw, _C.period == period)
        return int(self._tx.read(counted).scalar_one())

    def of_head(self, actor: ActorId, since: datetime, limit: int) -> list[CaseSample]:
        return self._newest(_C.actor_id == actor.raw, since, limit)

    def of_coach(self, coach: ActorId, since: datetime, limit: int) -> list[CaseSample]:
        own = select(t.cases.c.case_id).where(t.cases.c.coach == coach.raw)
        return self._newest(_C.case_id.in_(own), since, limit)

    def _newest(self, whose: ColumnElement[bool], since: datetime, limit: int) -> list[CaseSample]:
        wanted = _ROWS.where(whose, _C.drawn_at >= since).order_by(_C.drawn_at.desc(), _C.sample_id).limit(limit)
        return [_sample(row) for row in self._tx.read(wanted)]

    def add(self, sample: CaseSample, entry: EntryId) -> None:
        try:
            self._tx.write(
                insert(t.case_samples).values(
                    sample_id=sample.id.raw,
                    case_id=sample.case.raw,
                    actor_id=sample.actor.raw,
                    region=sample.region,
                    coach_id=sample.coach.raw if sample.coach is not None else None,
                    reason=sample.reason,
                    period=sample.period,
                    number=sample.number,
                    seed=sample.lot.seed,
                    listed=sample.lot.listed,
                    drawn_of=sample.lot.of,
                    drawn_place=sample.lot.place,
                    drawn_at=sample.drawn_at,
                    expires_at=sample.expires_at,
                    entry_id=entry.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "you asked for another at the same moment: send this one again") from fault

    def end(self, sample: CaseSampleId, at: datetime, entry: EntryId) -> None:
        row = {"sample_id": sample.raw, "ended_at": at, "entry_id": entry.raw}
        try:
            self._tx.write(insert(t.case_sample_ends).values(row))
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "this sample was ended at the same moment") from fault


def _sample(row: Any) -> CaseSample:
    return CaseSample(
        CaseSampleId(bytes(row.sample_id)), CaseId(bytes(row.case_id)), ActorId(bytes(row.actor_id)), row.region,
        ActorId(bytes(row.coach_id)) if row.coach_id is not None else None, row.reason, row.period, row.number,
        Lot(bytes(row.seed), row.drawn_of, row.drawn_place, bytes(row.listed)), row.drawn_at, row.expires_at,
        row.ended_at,
    )  # fmt: skip
