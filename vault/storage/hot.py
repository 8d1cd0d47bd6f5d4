"""The few statements that every request runs, compiled once and sent past SQLAlchemy.

Everything else goes through SQLAlchemy Core; here its overhead per statement would cost more than the statement.
A group of waiting reads is fetched in three statements however many wait: sessions, records with their cases,
wraps. SQLite runs them through the standard library's driver, PostgreSQL through libpq (`wire.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from vault.audit.log import WrittenEntry
from vault.cases.flow import State
from vault.cases.model import SealedRecord, Standing
from vault.ids import ActorId, CaseId, KeyId, RecordId, SessionId
from vault.storage import wire
from vault.storage.store import Database
from vault.storage.tables import from_micros, to_micros
from vault.storage.wire import BYTEA, INT4, INT8, TEXT
from vault.unit_of_work import SessionRow
from vault.vocabulary import Kind, Provenance

_SESSION_COLUMNS: Final = (
    "s.session_id, s.actor_id, s.zone, a.role, a.region, a.log_name, a.display_name, s.service, s.expires_at, "
    "s.ended_at, a.active, s.source_mark"
)
_RECORD_COLUMNS: Final = (
    "r.record_id, r.version, r.case_id, r.kind, r.provenance, r.template, r.language, r.author, r.written_at, "
    "r.key_id, r.sealed"
)
_STANDING_COLUMNS: Final = "c.state, c.region, c.coach"
_SESSIONS: Final = (
    f"SELECT s.token_hash, {_SESSION_COLUMNS} FROM {{schema}}sessions s "
    "JOIN {schema}staff a ON a.actor_id = s.actor_id WHERE s.token_hash {these}"
)
_RECORDS: Final = (
    f"SELECT {_RECORD_COLUMNS}, {_STANDING_COLUMNS} FROM {{schema}}records r "
    "JOIN {schema}cases c ON c.case_id = r.case_id WHERE r.record_id {these} "
    "AND r.version = (SELECT max(v.version) FROM {schema}records v WHERE v.record_id = r.record_id)"
)
# A key at a time, whatever the planner believes of tables it has no statistics of yet: guessing at the length of an
# array, it would rather read the whole table.
_RECORDS_PG: Final = (
    f"SELECT {_RECORD_COLUMNS}, {_STANDING_COLUMNS} FROM unnest($1) AS q(record) CROSS JOIN LATERAL "
    "(SELECT * FROM casework.records v WHERE v.record_id = q.record ORDER BY v.version DESC LIMIT 1) r "
    "CROSS JOIN LATERAL (SELECT * FROM casework.cases k WHERE k.case_id = r.case_id LIMIT 1) c"
)
_WRAPS: Final = "SELECT key_id, wrap FROM {schema}wraps WHERE key_id {these} AND reader {other}"
_NR: Final = 11  # record columns
_KINDS: Final = {kind.value: kind for kind in Kind}
_PROVENANCES: Final = {provenance.value: provenance for provenance in Provenance}
_STATES: Final = {state.value: state for state in State}


@dataclass(frozen=True, slots=True)
class Want:
    """What a waiting read will ask for: the session behind a token, and perhaps a record with its case and key."""

    token_hash: bytes
    record: bytes | None = None


def session_row(row: Sequence[Any]) -> SessionRow:
    return SessionRow(
        SessionId(row[0]), ActorId(row[1]), row[2], row[3], row[4], row[5], row[6], bool(row[7]), from_micros(row[8]),
        row[9] is not None, bool(row[10]), row[11],
    )  # fmt: skip


def record_row(row: Sequence[Any]) -> SealedRecord:
    # Members are looked up in tables of our own: calling an enumeration costs a microsecond each.
    return SealedRecord(
        RecordId(row[0]), row[1], CaseId(row[2]), _KINDS[row[3]], _PROVENANCES[row[4]], row[5], row[6], ActorId(row[7]),
        from_micros(row[8]), KeyId(row[9]), row[10],
    )  # fmt: skip


def standing_row(case: CaseId, row: Sequence[Any]) -> Standing:
    coach = row[2]
    return Standing(case, _STATES[row[0]], row[1], ActorId(coach) if coach is not None else None)


class _Lite:
    """On SQLite: one text per number of values, which the driver keeps prepared."""

    def __init__(self, main: Database, keystore: Database) -> None:
        self._main, self._keystore = main, keystore
        self._texts: dict[tuple[str, int], str] = {}

    def sessions(self, tokens: list[bytes]) -> list[Any]:
        return self._fetch(self._main, _SESSIONS, tokens)

    def records(self, records: list[bytes]) -> list[Any]:
        return self._fetch(self._main, _RECORDS, records)

    def wraps(self, keys: list[bytes], reader: str) -> list[Any]:
        return self._fetch(self._keystore, _WRAPS, keys, reader)

    def write(self, entries: Sequence[WrittenEntry]) -> None:
        raw = self._main.raw
        raw.executemany(
            "INSERT INTO entries (entry_id, at, actor, subject, body) VALUES (?, ?, ?, ?, ?)",
            [(e.id.raw, to_micros(e.at), e.actor, e.subject, e.body) for e in entries],
        )
        raw.executemany(
            "INSERT INTO outbox (entry_id, epoch, detail) VALUES (?, ?, ?)",
            [(e.id.raw, e.epoch, e.detail) for e in entries],
        )

    def _fetch(self, database: Database, statement: str, values: list[bytes], *more: str) -> list[Any]:
        text = self._texts.get((statement, len(values)))
        if text is None:
            text = statement.format(schema="", these=f"IN ({', '.join('?' * len(values))})", other="= ?")
            self._texts[statement, len(values)] = text
        found: list[Any] = database.raw.execute(text, (*values, *more)).fetchall()
        return found


class _Postgres:
    """On PostgreSQL: prepared, with arrays for parameters and binary both ways."""

    def __init__(self, main: Database, keystore: Database) -> None:
        self._main, self._keystore = main, keystore
        raw, text, integer = wire.raw, wire.text, wire.integer
        session = (raw, raw, raw, text, text, text, text, text, integer, integer, integer, integer, raw)
        record = (raw, integer, raw, text, text, text, text, raw, integer, raw, raw, text, text, raw)
        these = "= ANY($1)"
        self._sessions = wire.Statement("hot_sessions", _SESSIONS.format(schema="auth.", these=these), [BYTEA], session)
        self._records = wire.Statement("hot_records", _RECORDS_PG, [BYTEA], record)
        self._wraps = wire.Statement(
            "hot_wraps", _WRAPS.format(schema="keystore.", these=these, other="= ANY($2)"), [BYTEA, TEXT], (raw, raw)
        )
        self._write = wire.Statement(
            "hot_entries",
            "WITH e AS (INSERT INTO log.entries (entry_id, at, actor, subject, body) "
            "SELECT * FROM unnest($1, $2, $3, $4, $5)) "
            "INSERT INTO log.outbox (entry_id, epoch, detail) SELECT * FROM unnest($1, $6, $7)",
            [BYTEA, INT8, TEXT, TEXT, BYTEA, INT4, BYTEA],
        )

    def sessions(self, tokens: list[bytes]) -> list[Any]:
        return self._sessions.run(self._main.raw, tokens)

    def records(self, records: list[bytes]) -> list[Any]:
        return self._records.run(self._main.raw, records)

    def wraps(self, keys: list[bytes], reader: str) -> list[Any]:
        return self._wraps.run(self._keystore.raw, keys, [reader.encode()])

    def write(self, entries: Sequence[WrittenEntry]) -> None:
        self._write.run(
            self._main.raw,
            [e.id.raw for e in entries],
            [wire.int8(to_micros(e.at)) for e in entries],
            [e.actor.encode() for e in entries],
            [e.subject.encode() for e in entries],
            [e.body for e in entries],
            [wire.int4(e.epoch) for e in entries],
            [e.detail for e in entries],
        )


class HotStatements:
    """The statements of one store, and what the waiting reads of a group need, fetched together."""

    def __init__(self, main: Database, keystore: Database, reader: str) -> None:
        self._main = main
        self._reader = reader
        self._on: _Lite | _Postgres = _Lite(main, keystore) if main.sqlite else _Postgres(main, keystore)

    # -- reading ----------------------------------------------------------------------------------

    def session(self, token_hash: bytes) -> SessionRow | None:
        rows = self._on.sessions([token_hash])
        return session_row(rows[0][1:]) if rows else None

    def record(self, record: bytes) -> tuple[SealedRecord, Standing] | None:
        rows = self._on.records([record])
        return _record_and_standing(rows[0]) if rows else None

    def wrap(self, key: bytes, reader: str) -> bytes | None:
        rows = self._on.wraps([key], reader)
        return rows[0][1] if rows else None

    def begin(self, wants: Sequence[Want], cache: dict[Any, Any]) -> None:
        """Begin the transaction and fill `cache` with what the waiting reads will ask for.

        What was looked for and is not there is noted as None: nobody asks twice.
        """
        self._main.begin()
        if not wants:
            return
        tokens = list(dict.fromkeys(want.token_hash for want in wants))
        records = list(dict.fromkeys(want.record for want in wants if want.record is not None))
        cache.update((("session", token), None) for token in tokens)
        for row in self._on.sessions(tokens):
            cache["session", row[0]] = session_row(row[1:])
        if not records:
            return
        cache.update((("record", record), None) for record in records)
        keys: dict[bytes, None] = {}
        for row in self._on.records(records):
            found = _record_and_standing(row)
            cache["record", row[0]] = found
            keys[found[0].key.raw] = None
        if keys:
            reader = self._reader
            cache.update((("wrap", key, reader), None) for key in keys)
            for key, wrap in self._on.wraps(list(keys), reader):
                cache["wrap", key, reader] = wrap

    # -- writing ----------------------------------------------------------------------------------

    def write_entries(self, entries: Sequence[WrittenEntry]) -> None:
        """Entries and their outbox rows, in order."""
        if entries:
            self._on.write(entries)

    def finish(self, entries: Sequence[WrittenEntry]) -> None:
        """Write what entries still wait, and commit."""
        self.write_entries(entries)
        self._main.commit()


def _record_and_standing(row: Sequence[Any]) -> tuple[SealedRecord, Standing]:
    record = record_row(row)
    return record, standing_row(record.case, row[_NR:])
