"""Appointments, the cells of desks that they take, and calendar feeds: rows to concepts and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from vault.cases.appointments import Appointment, AttendeeRole, Channel, Occasion, Slot, Status
from vault.errors import SlotTaken, StaleVersion
from vault.ids import ActorId, AppointmentId, CaseId, EntryId, SessionId
from vault.storage import tables as t
from vault.storage.store import unique_violation
from vault.storage.transaction import Transaction
from vault.unit_of_work import FeedRow

#: No appointment is longer: what begins earlier than this before a moment is over by then. `AgendaRules` may say less.
LONGEST: Final = timedelta(hours=24)
_A: Final = t.appointments.c


def _appointment(r: Any) -> Appointment:
    return Appointment(
        AppointmentId(bytes(r.appointment_id)), CaseId(bytes(r.case_id)), Occasion(r.occasion),
        Slot(r.starts_at, r.ends_at, Channel(r.channel), r.desk), r.language, r.leaflet, Status(r.status),
        frozenset(AttendeeRole(role) for role in r.company.split(",") if role),
        bytes(r.interpreter) if r.interpreter is not None else b"", r.interpreting,
        AppointmentId(bytes(r.before)) if r.before is not None else None, r.booked_at, ActorId(bytes(r.booked_by)),
        r.settled_at, ActorId(bytes(r.settled_by)) if r.settled_by is not None else None, r.version,
    )  # fmt: skip


def _slot(row: Any) -> Slot:
    return Slot(row[0], row[1], Channel(row[2]), row[3])


def _changing(appointment: Appointment) -> dict[str, Any]:
    return {
        "status": appointment.status.value,
        "company": ",".join(sorted(appointment.company)),
        "interpreter": appointment.interpreter or None,
        "settled_at": appointment.settled_at,
        "settled_by": appointment.settled_by.raw if appointment.settled_by is not None else None,
        "version": appointment.version,
    }


class AgendaRepository:
    """Implements `vault.unit_of_work.Agenda`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    # -- reading ----------------------------------------------------------------------------------

    def get(self, appointment: AppointmentId) -> Appointment | None:
        row = self._tx.read(select(t.appointments).where(_A.appointment_id == appointment.raw)).first()
        return _appointment(row) if row is not None else None

    def of_case(self, case: CaseId) -> list[Appointment]:
        return self._all(select(t.appointments).where(_A.case_id == case.raw))

    def of_coach(self, coach: ActorId, since: datetime, until: datetime) -> list[Appointment]:
        """Of the cases that are this coach's now, beginning in that time."""
        statement = select(t.appointments).join(t.cases, t.cases.c.case_id == _A.case_id)
        return self._all(statement.where(t.cases.c.coach == coach.raw, _A.starts_at >= since, _A.starts_at < until))

    def at_desk(self, desk: str, since: datetime, until: datetime) -> list[Appointment]:
        statement = select(t.appointments)
        return self._all(statement.where(_A.desk == desk, _A.starts_at >= since, _A.starts_at < until))

    def _all(self, statement: Select[Any]) -> list[Appointment]:
        rows = self._tx.read(statement.order_by(_A.starts_at, _A.appointment_id))
        return [_appointment(row) for row in rows]

    def booked(
        self, slot: Slot, *, coach: ActorId | None = None, case: CaseId | None = None, interpreter: bytes = b"",
        besides: AppointmentId | None = None,
    ) -> list[Slot]:  # fmt: skip
        """Booked appointments of a coach, a case or an interpreter that share a moment with `slot`."""
        statement = select(_A.starts_at, _A.ends_at, _A.channel, _A.desk).where(
            _A.starts_at > slot.starts_at - LONGEST, _A.starts_at < slot.ends_at, _A.ends_at > slot.starts_at,
            _A.status == Status.BOOKED.value,
        )  # fmt: skip
        if coach is not None:
            statement = statement.join(t.cases, t.cases.c.case_id == _A.case_id).where(t.cases.c.coach == coach.raw)
        if case is not None:
            statement = statement.where(_A.case_id == case.raw)
        if interpreter:
            statement = statement.where(_A.interpreter == interpreter)
        if besides is not None:
            statement = statement.where(_A.appointment_id != besides.raw)
        return [_slot(row) for row in self._tx.read(statement)]

    def busy(self, slot: Slot, coaches: Sequence[ActorId]) -> set[ActorId]:
        """Which of these coaches have a booked appointment that shares a moment with `slot`."""
        c = t.cases.c
        rows = self._tx.read(
            select(c.coach)
            .distinct()
            .select_from(t.appointments.join(t.cases, c.case_id == _A.case_id))
            .where(
                c.coach.in_([coach.raw for coach in coaches]), _A.starts_at > slot.starts_at - LONGEST,
                _A.starts_at < slot.ends_at, _A.ends_at > slot.starts_at, _A.status == Status.BOOKED.value,
            )
        )  # fmt: skip
        return {ActorId(bytes(row[0])) for row in rows}

    def counts(self, coaches: Sequence[ActorId], since: datetime, until: datetime) -> dict[ActorId, int]:
        """Booked appointments per coach that begin in that time."""
        c = t.cases.c
        rows = self._tx.read(
            select(c.coach, func.count())
            .select_from(t.appointments.join(t.cases, c.case_id == _A.case_id))
            .where(
                c.coach.in_([coach.raw for coach in coaches]), _A.starts_at >= since, _A.starts_at < until,
                _A.status == Status.BOOKED.value,
            )
            .group_by(c.coach)
        )  # fmt: skip
        return {ActorId(bytes(row[0])): row[1] for row in rows}

    def taken(self, desk: str, since: datetime, until: datetime) -> set[datetime]:
        """The cells of a desk that an appointment holds."""
        c = t.desk_cells.c
        rows = self._tx.read(
            select(c.starts_at).where(
                c.desk == desk, c.starts_at >= since, c.starts_at < until, c.appointment_id.is_not(None)
            )
        )
        return {row[0] for row in rows}

    def attended(self, cases: Sequence[CaseId]) -> dict[CaseId, list[datetime]]:
        """When the appointments began that somebody came to; a case without any is not among them."""
        found: dict[CaseId, list[datetime]] = {}
        if cases:
            wanted = select(_A.case_id, _A.starts_at).where(
                _A.case_id.in_([case.raw for case in cases]), _A.status == Status.ATTENDED.value
            )
            for case, at in self._tx.read(wanted):
                found.setdefault(CaseId(bytes(case)), []).append(at)
        return found

    def missed(self, cases: Sequence[CaseId]) -> dict[CaseId, list[tuple[datetime, Status]]]:
        """When the invitations began to which nobody came, and whether that was excused."""
        found: dict[CaseId, list[tuple[datetime, Status]]] = {}
        if cases:
            wanted = select(_A.case_id, _A.starts_at, _A.status).where(
                _A.case_id.in_([case.raw for case in cases]), _A.occasion == Occasion.INVITATION.value,
                _A.status.in_([Status.NO_SHOW.value, Status.EXCUSED.value]),
            )  # fmt: skip
            for case, at, status in self._tx.read(wanted):
                found.setdefault(CaseId(bytes(case)), []).append((at, Status(status)))
        return found

    # -- writing ----------------------------------------------------------------------------------

    def add(self, appointment: Appointment, entry: EntryId) -> None:
        slot = appointment.slot
        self._tx.write(
            insert(t.appointments).values(
                appointment_id=appointment.id.raw,
                case_id=appointment.case.raw,
                occasion=appointment.occasion.value,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                channel=slot.channel.value,
                desk=slot.desk,
                language=appointment.language,
                leaflet=appointment.leaflet,
                interpreting=appointment.interpreting,
                before=appointment.before.raw if appointment.before is not None else None,
                booked_at=appointment.booked_at,
                booked_by=appointment.booked_by.raw,
                entry_id=entry.raw,
                **_changing(appointment),
            )
        )

    def update(self, appointment: Appointment, entry: EntryId) -> None:
        """Raises StaleVersion if somebody changed it since it was read."""
        changed = self._tx.write(
            update(t.appointments)
            .where(_A.appointment_id == appointment.id.raw, _A.version == appointment.version - 1)
            .values(entry_id=entry.raw, **_changing(appointment))
        )
        if changed.rowcount != 1:
            raise StaleVersion(expected=appointment.version - 1, current=appointment.version)

    def take_cells(
        self, desk: str, cells: Sequence[datetime], appointment: AppointmentId, entry: EntryId, *,
        instead_of: AppointmentId | None = None,
    ) -> None:  # fmt: skip
        """Give these cells to the appointment, in order: two bookings never wait for each other in a circle here.

        A cell that was given up, or is held by the one whose place is taken, is taken over; one that never was is
        made; the primary key decides who was first. Raises SlotTaken.
        """
        c = t.desk_cells.c
        free = or_(c.appointment_id.is_(None), c.appointment_id == (instead_of.raw if instead_of is not None else None))
        values = {"appointment_id": appointment.raw, "entry_id": entry.raw}
        for cell in sorted(cells):
            found = self._tx.write(
                update(t.desk_cells).where(c.desk == desk, c.starts_at == cell, free).values(**values)
            )
            if found.rowcount == 1:
                continue
            try:
                self._tx.write(insert(t.desk_cells).values(desk=desk, starts_at=cell, **values))
            except IntegrityError as fault:
                if not unique_violation(fault):
                    raise
                raise SlotTaken("this desk is booked at that time") from fault

    def give_up_cells(self, appointment: Appointment, cells: Sequence[datetime], entry: EntryId) -> None:
        """Leave these cells to whoever books next; those that are not the appointment's stay as they are."""
        c = t.desk_cells.c
        for cell in sorted(cells):
            self._tx.write(
                update(t.desk_cells)
                .where(c.desk == appointment.slot.desk, c.starts_at == cell, c.appointment_id == appointment.id.raw)
                .values(appointment_id=None, entry_id=entry.raw)
            )

    # -- calendar feeds ---------------------------------------------------------------------------

    def feed(self, token_hash: bytes) -> FeedRow | None:
        return next(iter(self._feeds(t.calendar_feeds.c.token_hash == token_hash)), None)

    def feeds(self, actor: ActorId) -> list[FeedRow]:
        return self._feeds(t.calendar_feeds.c.actor_id == actor.raw)

    def _feeds(self, condition: Any) -> list[FeedRow]:
        c = t.calendar_feeds.c
        columns = (c.feed_id, c.actor_id, c.language, c.created_at, c.expires_at, c.revoked_at)
        rows = self._tx.read(select(*columns).where(condition).order_by(c.created_at.desc(), c.feed_id))
        return [FeedRow(SessionId(bytes(r[0])), ActorId(bytes(r[1])), r[2], r[3], r[4], r[5]) for r in rows]

    def add_feed(self, token_hash: bytes, feed: FeedRow, entry: EntryId) -> None:
        self._tx.write(
            insert(t.calendar_feeds).values(
                token_hash=token_hash,
                feed_id=feed.id.raw,
                actor_id=feed.actor.raw,
                language=feed.language,
                created_at=feed.created_at,
                expires_at=feed.expires_at,
                revoked_at=feed.revoked_at,
                entry_id=entry.raw,
            )
        )

    def revoke_feed(self, feed: SessionId, actor: ActorId, at: datetime, entry: EntryId) -> bool:
        """False if this actor has no such live feed."""
        c = t.calendar_feeds.c
        changed = self._tx.write(
            update(t.calendar_feeds)
            .where(c.feed_id == feed.raw, c.actor_id == actor.raw, c.revoked_at.is_(None))
            .values(revoked_at=at, entry_id=entry.raw)
        )
        return changed.rowcount == 1
