"""Coaches, assignments, conflicts and absences: rows to concepts and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from vault.cases.assignment import Absence, AbsenceKind, Assignment, Cause, ConflictOfInterest, Profile
from vault.cases.flow import State
from vault.cases.model import CoachType
from vault.errors import StaleVersion
from vault.ids import AbsenceId, ActorId, CaseId, EntryId
from vault.storage import tables as t
from vault.storage.repositories import refuse_duplicate
from vault.storage.store import unique_violation
from vault.storage.transaction import Transaction

_OVER: Final = tuple(state.value for state in (State.CLOSED, State.HANDED_OVER, State.ERASED))


def _absence(row: Any) -> Absence:
    return Absence(
        AbsenceId(bytes(row.absence_id)), ActorId(bytes(row.coach)), AbsenceKind(row.kind), row.first_day,
        row.last_day, row.handed_over_at, row.returned_at,
    )  # fmt: skip


def _actor(raw: Any) -> ActorId | None:
    return ActorId(bytes(raw)) if raw is not None else None


_ASSIGNMENT: Final = [
    t.assignments.c[name]
    for name in ("case_id", "number", "before", "coach", "cause", "at", "by_actor", "explanation", "absence_id")
]


def assignment_of(row: Any) -> Assignment:
    """From the values of `_ASSIGNMENT`, in its order. Raises ValueError for an unknown cause."""
    case, number, before, coach, cause, at, by, explanation, absence = row
    return Assignment(
        CaseId(bytes(case)), number, _actor(before), _actor(coach), Cause(cause), at, ActorId(bytes(by)), explanation,
        AbsenceId(bytes(absence)) if absence is not None else None,
    )  # fmt: skip


def fence_of_absences(coach: ActorId) -> int:
    """The advisory lock between two who record that a coach is away: 64 bits, signed."""
    return int.from_bytes(sha256(b"parefeu/absences/1 " + coach.raw).digest()[:8], "big", signed=True)


class CoachRepository:
    """Implements `vault.unit_of_work.Coaches`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    # -- profiles and load ------------------------------------------------------------------------

    def profiles(self, coaches: Sequence[ActorId]) -> dict[ActorId, Profile]:
        c = t.coaches.c
        rows = self._tx.read(
            select(c.actor_id, c.types, c.capacity).where(c.actor_id.in_([coach.raw for coach in coaches]))
        )
        return {
            ActorId(bytes(r[0])): Profile(frozenset(CoachType(kind) for kind in r[1].split(",")), r[2]) for r in rows
        }

    def put_profile(self, coach: ActorId, profile: Profile, entry: EntryId) -> None:
        values = {"types": ",".join(sorted(profile.types)), "capacity": profile.capacity, "entry_id": entry.raw}
        changed = self._tx.write(update(t.coaches).where(t.coaches.c.actor_id == coach.raw).values(**values))
        if changed.rowcount == 0:
            self._tx.write(insert(t.coaches).values(actor_id=coach.raw, **values))

    def loads(self, coaches: Sequence[ActorId]) -> dict[ActorId, int]:
        c = t.cases.c
        rows = self._tx.read(
            select(c.coach, func.count())
            .where(c.coach.in_([coach.raw for coach in coaches]), c.state.not_in(_OVER))
            .group_by(c.coach)
        )
        return {ActorId(bytes(row[0])): row[1] for row in rows}

    def given_at(self, coaches: Sequence[ActorId]) -> dict[ActorId, datetime]:
        c = t.assignments.c
        rows = self._tx.read(
            select(c.coach, func.max(c.at)).where(c.coach.in_([coach.raw for coach in coaches])).group_by(c.coach)
        )
        return {ActorId(bytes(row[0])): row[1] for row in rows}

    def open_cases(self, coach: ActorId) -> list[CaseId]:
        c = t.cases.c
        rows = self._tx.read(
            select(c.case_id).where(c.coach == coach.raw, c.state.not_in(_OVER)).order_by(c.opened_at, c.case_id)
        )
        return [CaseId(bytes(row[0])) for row in rows]

    # -- changes of hands -------------------------------------------------------------------------

    def history(self, case: CaseId) -> list[Assignment]:
        return self._assignments(t.assignments.c.case_id == case.raw)

    def of_absence(self, absence: AbsenceId) -> list[Assignment]:
        return self._assignments(t.assignments.c.absence_id == absence.raw)

    def _assignments(self, condition: Any) -> list[Assignment]:
        c = t.assignments.c
        rows = self._tx.read(select(*_ASSIGNMENT).where(condition).order_by(c.case_id, c.number))
        return [assignment_of(row) for row in rows]

    def assigned(self, assignment: Assignment, entry: EntryId) -> None:
        """Raises StaleVersion if another change of hands took that number."""
        try:
            self._tx.write(
                insert(t.assignments).values(
                    case_id=assignment.case.raw,
                    number=assignment.number,
                    before=assignment.before.raw if assignment.before is not None else None,
                    coach=assignment.coach.raw if assignment.coach is not None else None,
                    cause=assignment.cause.value,
                    at=assignment.at,
                    by_actor=assignment.by.raw,
                    explanation=assignment.explanation,
                    absence_id=assignment.absence.raw if assignment.absence is not None else None,
                    entry_id=entry.raw,
                )
            )
        except IntegrityError as fault:
            if not unique_violation(fault):
                raise
            raise StaleVersion(expected=assignment.number - 1, current=assignment.number) from fault

    # -- conflicts of interest --------------------------------------------------------------------

    def conflicts(self, case: CaseId) -> list[ConflictOfInterest]:
        """All that were ever declared; those withdrawn say so."""
        c = t.conflicts.c
        rows = self._tx.read(select(t.conflicts).where(c.case_id == case.raw).order_by(c.declared_at, c.coach))
        return [
            ConflictOfInterest(
                case, ActorId(bytes(r.coach)), r.declared_at, ActorId(bytes(r.declared_by)), r.withdrawn_at
            )
            for r in rows
        ]

    def put_conflict(self, conflict: ConflictOfInterest, entry: EntryId) -> None:
        c = t.conflicts.c
        values = {
            "declared_at": conflict.declared_at, "declared_by": conflict.declared_by.raw,
            "withdrawn_at": conflict.withdrawn_at, "entry_id": entry.raw,
        }  # fmt: skip
        changed = self._tx.write(
            update(t.conflicts).where(c.case_id == conflict.case.raw, c.coach == conflict.coach.raw).values(**values)
        )
        if changed.rowcount == 0:
            self._tx.write(insert(t.conflicts).values(case_id=conflict.case.raw, coach=conflict.coach.raw, **values))

    # -- absences ---------------------------------------------------------------------------------

    def absence(self, absence: AbsenceId, *, to_change: bool = False) -> Absence | None:
        wanted = select(t.absences).where(t.absences.c.absence_id == absence.raw)
        row = self._tx.read(wanted.with_for_update() if to_change else wanted).first()
        return _absence(row) if row is not None else None

    def absences(self, coaches: Sequence[ActorId]) -> list[Absence]:
        """Those that have not ended by a return, soonest first."""
        c = t.absences.c
        rows = self._tx.read(
            select(t.absences)
            .where(c.coach.in_([coach.raw for coach in coaches]), c.returned_at.is_(None))
            .order_by(c.first_day, c.absence_id)
        )
        return [_absence(row) for row in rows]

    def exclude_absences(self, coach: ActorId) -> bool:
        return self._tx.exclude(fence_of_absences(coach))

    def add_absence(self, absence: Absence, entry: EntryId) -> None:
        try:
            self._tx.write(
                insert(t.absences).values(
                    absence_id=absence.id.raw,
                    coach=absence.coach.raw,
                    kind=absence.kind.value,
                    first_day=absence.first_day,
                    last_day=absence.last_day,
                    handed_over_at=absence.handed_over_at,
                    returned_at=absence.returned_at,
                    entry_id=entry.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "this absence exists already") from fault

    def update_absence(self, absence: Absence, entry: EntryId) -> None:
        self._tx.write(
            update(t.absences)
            .where(t.absences.c.absence_id == absence.id.raw)
            .values(
                last_day=absence.last_day,
                handed_over_at=absence.handed_over_at,
                returned_at=absence.returned_at,
                entry_id=entry.raw,
            )
        )

    def away(self, coaches: Sequence[ActorId], day: date) -> set[ActorId]:
        """Who of these is absent on that day."""
        c = t.absences.c
        rows = self._tx.read(
            select(c.coach).where(
                and_(
                    c.coach.in_([coach.raw for coach in coaches]),
                    c.returned_at.is_(None),
                    c.first_day <= day,
                    or_(c.last_day.is_(None), c.last_day >= day),
                )
            )
        )
        return {ActorId(bytes(row[0])) for row in rows}
