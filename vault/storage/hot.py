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
from vault.storage.tables import from_micros
from vault.storage.wire import BYTEA, INT4, TEXT
from vault.unit_of_work import SessionRow
from vault.vocabulary import Kind, Provenance

_SESSION_COLUMNS: Final = (
    "s.session_id, s.actor_id, s.zone, a.role, a.region, a.log_name, a.display_name, s.service, s.expires_at, "
    "s.ended_at, a.active, s.source_mark, s.releases_until"
)
_RECORD_COLUMNS: Final = (
    "r.record_id, r.version, r.case_id, r.kind, r.provenance, r.template, r.language, r.author, r.written_at, "
    "r.key_id, r.sealed"
)
_STANDING_COLUMNS: Final = "c.state, c.region, c.coach"
_SESSIONS: Final = (
    f"SELECT s.token_hash, {_SESSION_COLUMNS} FROM sessions s "
    "JOIN staff a ON a.actor_id = s.actor_id WHERE s.token_hash {these}"
)
_RECORDS: Final = (
    f"SELECT {_RECORD_COLUMNS}, {_STANDING_COLUMNS} FROM records r "
    "JOIN cases c ON c.case_id = r.case_id WHERE r.record_id {these} "
    "AND r.version = (SELECT max(v.version) FROM records v WHERE v.record_id = r.record_id)"
)
# On PostgreSQL a key at a time, whatever the planner believes of tables it has no statistics of yet, or of arrays whose
# length it guesses: it would rather read a whole table, or all the sessions of all the staff.
_SESSION_PG: Final = (
    "(SELECT * FROM auth.sessions o WHERE o.token_hash = {token} LIMIT 1) s "
    "CROSS JOIN LATERAL (SELECT * FROM auth.staff m WHERE m.actor_id = s.actor_id LIMIT 1) a"
)
_SESSIONS_PG: Final = (
    f"SELECT s.token_hash, {_SESSION_COLUMNS} FROM unnest($1) AS q(token) "
    f"CROSS JOIN LATERAL {_SESSION_PG.format(token='q.token')}"
)
_RECORDS_PG: Final = (
    f"SELECT {_RECORD_COLUMNS}, {_STANDING_COLUMNS} FROM unnest($1) AS q(record) CROSS JOIN LATERAL "
    "(SELECT * FROM casework.records v WHERE v.record_id = q.record ORDER BY v.version DESC LIMIT 1) r "
    "CROSS JOIN LATERAL (SELECT * FROM casework.cases k WHERE k.case_id = r.case_id LIMIT 1) c"
)
# What a lone read asks of the main database, in one statement: the session, and beside it the record if there is one.
_BOTH: Final = (
    f"SELECT {_SESSION_COLUMNS}, {_RECORD_COLUMNS}, {_STANDING_COLUMNS} FROM sessions s "
    "JOIN staff a ON a.actor_id = s.actor_id LEFT JOIN records r ON r.record_id = ? "
    "AND r.version = (SELECT max(v.version) FROM records v WHERE v.record_id = r.record_id) "
    "LEFT JOIN cases c ON c.case_id = r.case_id WHERE s.token_hash = ?"
)
_BOTH_PG: Final = (
    f"SELECT {_SESSION_COLUMNS}, {_RECORD_COLUMNS}, {_STANDING_COLUMNS} FROM {_SESSION_PG.format(token='$2')} "
    "LEFT JOIN LATERAL (SELECT * FROM casework.records v WHERE v.record_id = $1 ORDER BY v.version DESC LIMIT 1) r "
    "ON true LEFT JOIN LATERAL (SELECT * FROM casework.cases k WHERE k.case_id = r.case_id LIMIT 1) c ON true"
)
_WRAPS: Final = "SELECT key_id, wrap FROM wraps WHERE key_id {these} AND reader = ?"
_WRAPS_PG: Final = (
    "SELECT w.key_id, w.wrap FROM unnest($1) AS q(key) CROSS JOIN LATERAL "
    "(SELECT * FROM keystore.wraps k WHERE k.key_id = q.key AND k.reader = ($2)[1] LIMIT 1) w"
)
_NS: Final = 13  # session columns
_NR: Final = 11  # record columns
_KEY: Final = 9  # the one that names the data key
_REMEMBERED: Final = 65_536
_KINDS: Final = {kind.value: kind for kind in Kind}
_PROVENANCES: Final = {provenance.value: provenance for provenance in Provenance}
_STATES: Final = {state.value: state for state in State}
#: What stands where no record is, so that its absence is not told by the time of the answer: turned into objects and
#: let go like one that is there and may not be seen.
_NO_RECORD: Final = (
    bytes(16), 1, bytes(16), Kind.NOTE.value, Provenance.INTERVIEW.value, "intake/1", "fr", bytes(16), 0, bytes(16),
    b"", State.FOLLOW_UP.value, "brussels", bytes(16),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Want:
    """What a waiting read will ask for: the session behind a token, and perhaps a record with its case and key."""

    token_hash: bytes
    record: bytes | None = None


def session_row(row: Sequence[Any]) -> SessionRow:
    return SessionRow(
        SessionId(row[0]), ActorId(row[1]), row[2], row[3], row[4], row[5], row[6], bool(row[7]), from_micros(row[8]),
        row[9] is not None, bool(row[10]), row[11], None if row[12] is None else from_micros(row[12]),
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


def outbox_rows(entries: Sequence[WrittenEntry]) -> list[tuple[bytes, int, int, bytes | None]]:
    """(first entry, run, epoch, detail). Neighbours in a lane that have no detail share a row."""
    rows: list[tuple[bytes, int, int, bytes | None]] = []
    first, run, epoch, following = b"", 0, 0, b""
    for entry in entries:
        place = entry.id.raw
        if entry.detail is None:
            if run and place == following:
                run += 1
            else:
                if run:
                    rows.append((first, run, epoch, None))
                first, run, epoch = place, 1, entry.epoch
            following = place[:8] + (int.from_bytes(place[8:], "big") + 1).to_bytes(8, "big")
        else:
            rows.append((place, 1, entry.epoch, entry.detail))
    if run:
        rows.append((first, run, epoch, None))
    return rows


def _keys_of(heads: Sequence[Sequence[Any]]) -> list[bytes]:
    return list({row[_KEY]: None for row in heads})


def _apart(token: bytes, both: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The session's row, and the record's if there is one."""
    head = both[_NS:]
    return [(token, *both[:_NS])], [head] if head[0] is not None else []


class _Lite:
    """On SQLite: one text per number of values, which the driver keeps prepared."""

    def __init__(self, main: Database, keystore: Database) -> None:
        self._main, self._keystore = main, keystore
        self._texts: dict[tuple[str, int], str] = {}

    def begin(self, tokens: list[bytes], records: list[bytes], reader: str) -> tuple[list[Any], list[Any], list[Any]]:
        self._main.begin()
        if len(tokens) == len(records) == 1:
            sessions, heads = self._both(tokens[0], records[0])
        else:
            sessions, heads = self.sessions(tokens), self.records(records)
        return sessions, heads, self.wraps(_keys_of(heads), reader)

    def _both(self, token: bytes, record: bytes) -> tuple[list[Any], list[Any]]:
        row = self._main.raw.execute(_BOTH, (record, token)).fetchone()
        if row is None:  # no such session; the record is looked for all the same, so that time does not tell
            return [], self.records([record])
        return _apart(token, row)

    def sessions(self, tokens: list[bytes]) -> list[Any]:
        return self._fetch(self._main, _SESSIONS, tokens) if tokens else []

    def records(self, records: list[bytes]) -> list[Any]:
        return self._fetch(self._main, _RECORDS, records) if records else []

    def wraps(self, keys: list[bytes], reader: str) -> list[Any]:
        return self._fetch(self._keystore, _WRAPS, keys, reader) if keys else []

    def write(self, entries: Sequence[WrittenEntry]) -> None:
        raw = self._main.raw
        raw.executemany("INSERT INTO entries (entry_id, body) VALUES (?, ?)", [(e.id.raw, e.body) for e in entries])
        raw.executemany("INSERT INTO outbox (entry_id, run, epoch, detail) VALUES (?, ?, ?, ?)", outbox_rows(entries))

    def savepoint(self, before: Sequence[WrittenEntry], own: Sequence[WrittenEntry], *, release: bool) -> None:
        if release:
            self._main.raw.execute("RELEASE SAVEPOINT use_case")
        if before:
            self.write(before)
        self._main.raw.execute("SAVEPOINT use_case")
        if own:
            self.write(own)

    def finish(self, entries: Sequence[WrittenEntry]) -> None:
        if entries:
            self.write(entries)
        self._main.commit()

    def _fetch(self, database: Database, statement: str, values: list[bytes], *more: str) -> list[Any]:
        text = self._texts.get((statement, len(values)))
        if text is None:
            text = statement.format(these=f"IN ({', '.join('?' * len(values))})")
            self._texts[statement, len(values)] = text
        found: list[Any] = database.raw.execute(text, (*values, *more)).fetchall()
        return found


class _Postgres:
    """On PostgreSQL: prepared, with arrays for parameters and binary both ways."""

    def __init__(self, main: Database, keystore: Database) -> None:
        self._main, self._keystore = main, keystore
        #: Which key a record was under when it was last read: a guess at what to ask for, never a key.
        self._key_ids: dict[bytes, bytes] = {}
        raw, text, integer = wire.raw, wire.text, wire.integer
        session = (raw, raw, raw, text, text, text, text, text, integer, integer, integer, integer, raw, integer)
        record = (raw, integer, raw, text, text, text, text, raw, integer, raw, raw, text, text, raw)
        self._beginning = wire.Control("BEGIN", "BEGIN", name="hot_begin")
        self._committing = wire.Control("COMMIT", "COMMIT", name="hot_commit")
        self._saving = wire.Control("SAVEPOINT use_case", "SAVEPOINT", name="hot_savepoint")
        self._releasing = wire.Control("RELEASE SAVEPOINT use_case", "RELEASE", name="hot_release")
        self._both = wire.Statement("hot_both", _BOTH_PG, [BYTEA, BYTEA], session[1:] + record, one=True)
        self._sessions = wire.Statement("hot_sessions", _SESSIONS_PG, [BYTEA], session)
        self._records = wire.Statement("hot_records", _RECORDS_PG, [BYTEA], record)
        self._wraps = wire.Statement("hot_wraps", _WRAPS_PG, [BYTEA, TEXT], (raw, raw))
        self._write = wire.Statement(
            "hot_entries",
            "WITH e AS (INSERT INTO log.entries (entry_id, body) SELECT * FROM unnest($1, $2)) "
            "INSERT INTO log.outbox (entry_id, run, epoch, detail) SELECT * FROM unnest($3, $4, $5, $6)",
            [BYTEA, BYTEA, BYTEA, INT4, INT4, BYTEA],
        )
        self._write_one = wire.Statement(
            "hot_entry",
            "WITH e AS (INSERT INTO log.entries (entry_id, body) VALUES ($1, $2)) "
            "INSERT INTO log.outbox (entry_id, run, epoch, detail) VALUES ($1, 1, $3, $4)",
            [BYTEA, BYTEA, INT4, BYTEA],
            one=True,
        )

    def begin(self, tokens: list[bytes], records: list[bytes], reader: str) -> tuple[list[Any], list[Any], list[Any]]:
        """One round trip; wraps of records seen before are asked for meanwhile, of others in a second one."""
        lone = len(tokens) == len(records) == 1
        steps: list[wire.Step] = [self._beginning]
        if lone:
            steps.append(self._both.of_one(records[0], tokens[0]))
        else:
            if tokens:
                steps.append(self._sessions.of(tokens))
            if records:
                steps.append(self._records.of(records))
        guessed = {key for record in records if (key := self._key_ids.get(record)) is not None}
        coming = (
            wire.begun(self._keystore.raw, self._wraps.of(list(guessed), [reader.encode()])) if guessed else list[Any]
        )
        try:
            found = wire.together(self._main.raw, steps)
        finally:
            wraps = coming()
        if not lone:
            sessions, heads = found[1] if tokens else [], found[-1] if records else []
        elif found[1]:
            sessions, heads = _apart(tokens[0], found[1][0])
        else:  # no such session; the record is looked for all the same, so that time does not tell
            sessions, heads = [], self.records(records)
        missing = [key for key in _keys_of(heads) if key not in guessed]
        if missing:
            wraps = [*wraps, *self.wraps(missing, reader)]
            self._remember(heads)
        return sessions, heads, wraps

    def _remember(self, heads: list[Any]) -> None:
        if len(self._key_ids) > _REMEMBERED:
            self._key_ids.clear()
        self._key_ids.update((row[0], row[_KEY]) for row in heads)

    def sessions(self, tokens: list[bytes]) -> list[Any]:
        return wire.run(self._main.raw, self._sessions.of(tokens))

    def records(self, records: list[bytes]) -> list[Any]:
        return wire.run(self._main.raw, self._records.of(records))

    def wraps(self, keys: list[bytes], reader: str) -> list[Any]:
        return wire.run(self._keystore.raw, self._wraps.of(keys, [reader.encode()]))

    def write(self, entries: Sequence[WrittenEntry]) -> None:
        wire.run(self._main.raw, self._entries(entries))

    def savepoint(self, before: Sequence[WrittenEntry], own: Sequence[WrittenEntry], *, release: bool) -> None:
        """One round trip."""
        steps: list[wire.Step] = [self._releasing] if release else []
        if before:
            steps.append(self._entries(before))
        steps.append(self._saving)
        if own:
            steps.append(self._entries(own))
        wire.together(self._main.raw, steps)

    def finish(self, entries: Sequence[WrittenEntry]) -> None:
        """One round trip: an entry that is refused keeps the commit behind it from being done."""
        if entries:
            wire.together(self._main.raw, (self._entries(entries), self._committing))
        else:
            wire.run(self._main.raw, self._committing)

    def _entries(self, entries: Sequence[WrittenEntry]) -> wire.Call:
        if len(entries) == 1:
            (entry,) = entries
            return self._write_one.of_one(entry.id.raw, entry.body, wire.int4(entry.epoch), entry.detail)
        outbox = outbox_rows(entries)
        return self._write.of(
            [e.id.raw for e in entries],
            [e.body for e in entries],
            [row[0] for row in outbox],
            [wire.int4(row[1]) for row in outbox],
            [wire.int4(row[2]) for row in outbox],
            [row[3] for row in outbox],
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
        if not rows:
            self._let_go()
            return None
        return _record_and_standing(rows[0])

    def wrap(self, key: bytes, reader: str) -> bytes | None:
        rows = self._on.wraps([key], reader)
        return rows[0][1] if rows else None

    def _let_go(self) -> None:
        """On PostgreSQL the key of a record that is not there takes a round trip of its own, as long as this."""
        if self._main.sqlite:
            _record_and_standing(_NO_RECORD)

    def begin(self, wants: Sequence[Want], cache: dict[Any, Any]) -> None:
        """Begin the transaction and fill `cache` with what the waiting reads will ask for.

        What was looked for and is not there is noted as None: nobody asks twice.
        """
        tokens = list(dict.fromkeys(want.token_hash for want in wants))
        records = list(dict.fromkeys(want.record for want in wants if want.record is not None))
        cache.update((("session", token), None) for token in tokens)
        sessions, heads, wraps = self._on.begin(tokens, records, self._reader)
        for row in sessions:
            cache["session", row[0]] = session_row(row[1:])
        cache.update((("record", record), None) for record in records)
        reader = self._reader
        for row in heads:
            found = _record_and_standing(row)
            cache["record", row[0]] = found
            cache["wrap", found[0].key.raw, reader] = None
        for _ in range(len(records) - len(heads)):
            self._let_go()
        for key, wrap in wraps:
            cache["wrap", key, reader] = wrap

    # -- writing ----------------------------------------------------------------------------------

    def write_entries(self, entries: Sequence[WrittenEntry]) -> None:
        """Entries and their outbox rows, in order."""
        if entries:
            self._on.write(entries)

    def savepoint(self, before: Sequence[WrittenEntry], own: Sequence[WrittenEntry], *, release: bool) -> None:
        """Begin what one use case writes, so that it can be undone alone: its `own` entries come first.

        before: entries of the group that must outlive it. release: the savepoint of the use case before still stands.
        """
        self._on.savepoint(before, own, release=release)

    def finish(self, entries: Sequence[WrittenEntry]) -> None:
        """Write what entries still wait, and commit; a savepoint that still stands goes with it."""
        self._on.finish(entries)


def _record_and_standing(row: Sequence[Any]) -> tuple[SealedRecord, Standing]:
    record = record_row(row)
    return record, standing_row(record.case, row[_NR:])
