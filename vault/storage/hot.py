"""The few statements that every request runs, compiled once and sent straight through the driver.

Everything else goes through SQLAlchemy Core; here its overhead per statement would cost more than the
statement. The SQL is still written once, as Core, and compiled for the database at hand.

A group of waiting reads is fetched in one round trip on PostgreSQL (`unnest`), row by row on SQLite where a
statement costs 10 µs and no trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from vault.audit.log import WrittenEntry
from vault.cases.flow import Outcome, State
from vault.cases.model import AdminFacts, Case, SealedRecord
from vault.ids import ActorId, CaseId, KeyId, RecordId, SessionId
from vault.storage.store import Database
from vault.storage.tables import from_micros, to_micros
from vault.unit_of_work import SessionRow
from vault.vocabulary import Kind, Provenance

_SESSION_COLUMNS: Final = "s.session_id, s.actor_id, s.zone, a.role, a.region, a.log_name, a.display_name, s.service, s.expires_at, s.ended_at, a.active"
_RECORD_COLUMNS: Final = (
    "r.record_id, r.version, r.case_id, r.kind, r.provenance, r.template, r.language, r.author, r.written_at, "
    "r.key_id, r.sealed"
)
_CASE_COLUMNS: Final = (
    "c.case_id, c.state, c.region, c.language, c.coach, c.opened_at, c.closed_at, c.outcome, c.annex, c.term_end, "
    "c.extended, c.procedure_pending, c.minors, c.fitness_check, c.version"
)
_NS: Final = 11  # session columns
_NR: Final = 11  # record columns


@dataclass(frozen=True, slots=True)
class Want:
    """What a waiting read will ask for: the session behind a token, and perhaps a record with its case and key."""

    token_hash: bytes
    record: bytes | None = None


def session_row(row: Sequence[Any]) -> SessionRow:
    return SessionRow(
        SessionId(bytes(row[0])), ActorId(bytes(row[1])), row[2], row[3], row[4], row[5], row[6], bool(row[7]),
        from_micros(row[8]), row[9] is not None, bool(row[10]),
    )  # fmt: skip


def record_row(row: Sequence[Any]) -> SealedRecord:
    return SealedRecord(
        RecordId(bytes(row[0])), row[1], CaseId(bytes(row[2])), Kind(row[3]), Provenance(row[4]), row[5], row[6],
        ActorId(bytes(row[7])), from_micros(row[8]), KeyId(bytes(row[9])), bytes(row[10]),
    )  # fmt: skip


def case_row(row: Sequence[Any]) -> Case:
    term = row[9]
    if isinstance(term, str):  # SQLite keeps dates as ISO text
        term = date.fromisoformat(term)
    return Case(
        CaseId(bytes(row[0])), State(row[1]), row[2], row[3], ActorId(bytes(row[4])), from_micros(row[5]),
        from_micros(row[6]) if row[6] is not None else None, Outcome(row[7]) if row[7] else None,
        AdminFacts(row[8], term, bool(row[10]), bool(row[11]), bool(row[12]), bool(row[13])), row[14],
    )  # fmt: skip


class HotStatements:
    """Compiled for one store."""

    def __init__(self, main: Database, keystore: Database, reader: str) -> None:
        self._main = main
        self._keystore = keystore
        self._reader = reader
        lite = main.sqlite
        log, auth, work, keys = ("", "", "", "") if lite else ("log.", "auth.", "casework.", "keystore.")
        one = "?" if lite else "%b"
        text = "?" if lite else "%s"
        self._session = (
            f"SELECT {_SESSION_COLUMNS} FROM {auth}sessions s JOIN {auth}staff a ON a.actor_id = s.actor_id "
            f"WHERE s.token_hash = {one}"
        )
        newest = f"(SELECT max(v.version) FROM {work}records v WHERE v.record_id = r.record_id)"
        self._record = (
            f"SELECT {_RECORD_COLUMNS}, {_CASE_COLUMNS} FROM {work}records r JOIN {work}cases c ON c.case_id = r.case_id "
            f"WHERE r.record_id = {one} AND r.version = {newest}"
        )
        self._wrap = f"SELECT wrap FROM {keys}wraps WHERE key_id = {one} AND reader = {text}"
        self._wraps = f"SELECT key_id, wrap FROM {keys}wraps WHERE key_id = ANY(%b) AND reader = %s"
        self._both = (
            f"SELECT q.i, {_SESSION_COLUMNS}, {_RECORD_COLUMNS}, {_CASE_COLUMNS} "
            "FROM unnest(%b::bytea[], %b::bytea[]) WITH ORDINALITY AS q(token, record, i) "
            f"LEFT JOIN {auth}sessions s ON s.token_hash = q.token LEFT JOIN {auth}staff a ON a.actor_id = s.actor_id "
            f"LEFT JOIN LATERAL (SELECT * FROM {work}records v WHERE v.record_id = q.record "
            "ORDER BY v.version DESC LIMIT 1) r ON true "
            f"LEFT JOIN {work}cases c ON c.case_id = r.case_id"
        )
        self._entry = f"INSERT INTO {log}entries (entry_id, at, actor, subject, body) VALUES ({', '.join('?' * 5)})"
        self._outbox = f"INSERT INTO {log}outbox (entry_id, epoch, detail) VALUES (?, ?, ?)"
        self._entries_pg = (
            "WITH e AS (INSERT INTO log.entries (entry_id, at, actor, subject, body) "
            "SELECT * FROM unnest(%b::bytea[], %s::bigint[], %s::text[], %s::text[], %b::bytea[])) "
            "INSERT INTO log.outbox (entry_id, epoch, detail) "
            "SELECT * FROM unnest(%b::bytea[], %s::integer[], %b::bytea[])"
        )

    # -- reading ----------------------------------------------------------------------------------

    def session(self, token_hash: bytes) -> SessionRow | None:
        row = self._main.raw.execute(self._session, (token_hash,)).fetchone()
        return session_row(row) if row is not None else None

    def record(self, record: bytes) -> tuple[SealedRecord, Case] | None:
        row = self._main.raw.execute(self._record, (record,)).fetchone()
        return (record_row(row), case_row(row[_NR:])) if row is not None else None

    def wrap(self, key: bytes, reader: str) -> bytes | None:
        row = self._keystore.raw.execute(self._wrap, (key, reader)).fetchone()
        return bytes(row[0]) if row is not None else None

    def prefetch(self, wants: Sequence[Want], cache: dict[Any, Any]) -> None:
        """Fill `cache` with what the waiting reads will ask for; on PostgreSQL in two round trips for all of them."""
        if self._main.sqlite:
            return
        cursor = self._main.raw.execute(self._both, ([w.token_hash for w in wants], [w.record for w in wants]))
        keys: list[bytes] = []
        for row in cursor.fetchall():
            want = wants[row[0] - 1]
            session = row[1 : 1 + _NS]
            cache["session", want.token_hash] = session_row(session) if session[0] is not None else None
            if want.record is None:
                continue
            found = row[1 + _NS :]
            if found[0] is None:
                cache["record", want.record] = None
                continue
            record = record_row(found)
            cache["record", want.record] = (record, case_row(found[_NR:]))
            keys.append(record.key.raw)
        if keys:
            reader = self._reader
            wraps = dict(self._keystore.raw.execute(self._wraps, (keys, reader)).fetchall())
            for key in keys:
                wrap = wraps.get(key)
                cache["wrap", key, reader] = bytes(wrap) if wrap is not None else None

    # -- writing ----------------------------------------------------------------------------------

    def write_entries(self, entries: Sequence[WrittenEntry]) -> None:
        """Entries and their outbox rows, in order."""
        raw = self._main.raw
        if self._main.sqlite:
            raw.executemany(self._entry, [(e.id.raw, to_micros(e.at), e.actor, e.subject, e.body) for e in entries])
            raw.executemany(self._outbox, [(e.id.raw, e.epoch, e.detail) for e in entries])
            return
        ids = [e.id.raw for e in entries]
        raw.execute(
            self._entries_pg,
            (
                ids, [to_micros(e.at) for e in entries], [e.actor for e in entries], [e.subject for e in entries],
                [e.body for e in entries], ids, [e.epoch for e in entries], [e.detail for e in entries],
            ),
        )  # fmt: skip
