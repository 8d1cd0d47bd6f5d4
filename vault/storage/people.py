"""Staff, sessions and failed attempts: each row belongs to one zone, and on PostgreSQL only that zone sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from vault.ids import ActorId, EntryId, SessionId
from vault.signing_in import OpenSession
from vault.storage import tables as t
from vault.storage.repositories import refuse_duplicate
from vault.storage.transaction import Transaction
from vault.unit_of_work import AttemptRow, SessionRow, StaffRow
from vault.vocabulary import Role, Zone

_STAFF = [
    t.staff.c[name]
    for name in (
        "actor_id", "zone", "login", "display_name", "role", "region", "log_name", "password", "totp_generation",
        "totp_step", "active",
    )
]  # fmt: skip


class StaffRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    @staticmethod
    def _row(r: Any) -> StaffRow:
        return StaffRow(
            ActorId(bytes(r[0])), Zone.parse(r[1]), r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], bool(r[10])
        )  # fmt: skip

    def by_login(self, zone: Zone, login: str) -> StaffRow | None:
        row = self._tx.read(select(*_STAFF).where(t.staff.c.zone == str(zone), t.staff.c.login == login)).first()
        return self._row(row) if row is not None else None

    def by_ids(self, ids: Sequence[ActorId]) -> dict[ActorId, StaffRow]:
        if not ids:
            return {}
        rows = self._tx.read(select(*_STAFF).where(t.staff.c.actor_id.in_({i.raw for i in ids})))
        return {row.id: row for row in map(self._row, rows)}

    def active(self, zone: Zone, after: str, limit: int) -> list[StaffRow]:
        c = t.staff.c
        wanted = select(*_STAFF).where(c.zone == str(zone), c.active == 1, c.login > after)
        return [self._row(row) for row in self._tx.read(wanted.order_by(c.login).limit(limit))]

    def of_region(self, zone: Zone, region: str, role: Role) -> list[StaffRow]:
        """The active staff of a region in one role, by login."""
        c = t.staff.c
        rows = self._tx.read(
            select(*_STAFF)
            .where(c.zone == str(zone), c.region == region, c.role == role.value, c.active == 1)
            .order_by(c.login)
        )
        return [self._row(row) for row in rows]

    def add(self, staff: StaffRow, entry: EntryId) -> None:
        """Raises Conflict if the login exists in that zone."""
        try:
            self._tx.write(
                insert(t.staff).values(
                    actor_id=staff.id.raw,
                    zone=str(staff.zone),
                    login=staff.login,
                    display_name=staff.display_name,
                    role=staff.role,
                    region=staff.region,
                    log_name=staff.log_name,
                    password=staff.password,
                    totp_generation=staff.totp_generation,
                    totp_step=staff.totp_step,
                    active=int(staff.active),
                    entry_id=entry.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "this login exists already in this zone") from fault

    def use_totp_step(self, actor: ActorId, step: int, entry: EntryId) -> bool:
        """False if this step or a newer one was used: the comparison and the change are one statement."""
        changed = self._tx.write(
            update(t.staff)
            .where(t.staff.c.actor_id == actor.raw, t.staff.c.totp_step < step)
            .values(totp_step=step, entry_id=entry.raw)
        )
        return changed.rowcount == 1


class SessionRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def find(self, token_hash: bytes) -> SessionRow | None:
        return self._tx.session(token_hash)

    def start(
        self, token_hash: bytes, session: SessionId, staff: StaffRow, *, service: bool, now: datetime,
        expires_at: datetime, source_mark: bytes, entry: EntryId, releases_until: datetime | None = None,
    ) -> None:  # fmt: skip
        self._tx.write(
            insert(t.sessions).values(
                token_hash=token_hash,
                session_id=session.raw,
                actor_id=staff.id.raw,
                zone=str(staff.zone),
                service=int(service),
                created_at=now,
                expires_at=expires_at,
                ended_at=None,
                source_mark=source_mark,
                releases_until=releases_until,
                entry_id=entry.raw,
            )
        )

    def step_up(self, session: SessionId, until: datetime, entry: EntryId) -> None:
        c = t.sessions.c
        self._tx.write(
            update(t.sessions)
            .where(c.session_id == session.raw, c.ended_at.is_(None), c.releases_until.is_not(None))
            .values(releases_until=until, entry_id=entry.raw)
        )

    def end(self, session: SessionId, at: datetime, entry: EntryId) -> None:
        c = t.sessions.c
        self._tx.write(
            update(t.sessions)
            .where(c.session_id == session.raw, c.ended_at.is_(None))
            .values(ended_at=at, entry_id=entry.raw)
        )

    def begun_before(self, actor: ActorId, session: SessionId) -> datetime | None:
        c = t.sessions.c
        others = select(func.max(c.created_at)).where(
            c.actor_id == actor.raw, c.session_id != session.raw, c.service == 0
        )
        found: datetime | None = self._tx.read(others).scalar_one()
        return found

    def open_of(self, actor: ActorId, now: datetime) -> list[OpenSession]:
        c = t.sessions.c
        rows = self._tx.read(
            select(c.session_id, c.created_at, c.expires_at, c.service)
            .where(c.actor_id == actor.raw, c.ended_at.is_(None), c.expires_at > now)
            .order_by(c.created_at, c.session_id)
        )
        return [OpenSession(SessionId(row[0]), row[1], row[2], bool(row[3])) for row in rows]


class AttemptRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def find(self, zone: Zone, subject: bytes, *, to_change: bool = False) -> AttemptRow | None:
        """to_change: nobody else changes it before this use case's commit, so that no count is lost between two."""
        c = t.attempts.c
        wanted = select(c.failures, c.since, c.blocked_until).where(c.zone == str(zone), c.subject == subject)
        row = self._tx.read(wanted.with_for_update() if to_change else wanted).first()
        return AttemptRow(row[0], row[1], row[2]) if row is not None else None

    def put(self, zone: Zone, subject: bytes, row: AttemptRow, entry: EntryId) -> None:
        c = t.attempts.c
        values = {"failures": row.failures, "since": row.since, "blocked_until": row.blocked_until}
        changed = self._tx.write(
            update(t.attempts).where(c.zone == str(zone), c.subject == subject).values(entry_id=entry.raw, **values)
        )
        if changed.rowcount == 0:
            self._tx.write(insert(t.attempts).values(zone=str(zone), subject=subject, entry_id=entry.raw, **values))
