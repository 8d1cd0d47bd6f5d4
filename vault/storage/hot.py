"""The few statements that every request runs, compiled once and sent straight through the driver.

Everything else goes through SQLAlchemy Core; here its overhead per statement would cost more than the
statement. The SQL is still written once, as Core, and compiled for the database at hand.

A group of waiting reads is fetched in one round trip on PostgreSQL (`unnest`), row by row on SQLite where a
statement costs 10 µs and no trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from vault.audit.log import WrittenEntry
from vault.cases.flow import State
from vault.cases.model import SealedRecord, Standing
from vault.ids import ActorId, CaseId, KeyId, RecordId, SessionId
from vault.storage.store import Database
from vault.storage.tables import from_micros, to_micros
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
_NS: Final = 12  # session columns
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
    return Standing(case, _STATES[row[0]], row[1], ActorId(row[2]))


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
            f"SELECT {_RECORD_COLUMNS}, {_STANDING_COLUMNS} FROM {work}records r "
            f"JOIN {work}cases c ON c.case_id = r.case_id WHERE r.record_id = {one} AND r.version = {newest}"
        )
        self._texts: dict[tuple[str, int], str] = {}
        self._lite_sessions = (
            f"SELECT s.token_hash, {_SESSION_COLUMNS} FROM sessions s JOIN staff a ON a.actor_id = s.actor_id "
            "WHERE s.token_hash IN (?)"
        )
        self._lite_records = (
            f"SELECT {_RECORD_COLUMNS}, {_STANDING_COLUMNS} FROM records r JOIN cases c ON c.case_id = r.case_id "
            "WHERE r.record_id IN (?) AND r.version = "
            "(SELECT max(v.version) FROM records v WHERE v.record_id = r.record_id)"
        )
        self._lite_wraps = "SELECT key_id, wrap FROM wraps WHERE reader = ? AND key_id IN (?)"
        self._wrap = f"SELECT wrap FROM {keys}wraps WHERE key_id = {one} AND reader = {text}"
        self._wraps = f"SELECT key_id, wrap FROM {keys}wraps WHERE key_id = ANY(%b) AND reader = %s"
        self._sessions = (
            f"SELECT s.token_hash, {_SESSION_COLUMNS} FROM {auth}sessions s "
            f"JOIN {auth}staff a ON a.actor_id = s.actor_id WHERE s.token_hash = ANY(%b)"
        )
        # Sessions and records in one round trip, one below the other. Asked only where a record is wanted: the roles
        # of other zones may not even name casework's tables.
        no_session = ", ".join(["NULL"] * (1 + _NS))
        no_record = ", ".join(["NULL"] * (_NR + 3))
        self._both = (
            f"SELECT s.token_hash, {_SESSION_COLUMNS}, {no_record} FROM {auth}sessions s "
            f"JOIN {auth}staff a ON a.actor_id = s.actor_id WHERE s.token_hash = ANY(%b) "
            f"UNION ALL SELECT {no_session}, {_RECORD_COLUMNS}, {_STANDING_COLUMNS} "
            "FROM unnest(%b::bytea[]) q(record) "
            f"CROSS JOIN LATERAL (SELECT * FROM {work}records v WHERE v.record_id = q.record "
            "ORDER BY v.version DESC LIMIT 1) r "
            f"JOIN {work}cases c ON c.case_id = r.case_id"
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

    def record(self, record: bytes) -> tuple[SealedRecord, Standing] | None:
        row = self._main.raw.execute(self._record, (record,)).fetchone()
        if row is None:
            return None
        record_ = record_row(row)
        return record_, standing_row(record_.case, row[_NR:])

    def wrap(self, key: bytes, reader: str) -> bytes | None:
        row = self._keystore.raw.execute(self._wrap, (key, reader)).fetchone()
        return row[0] if row is not None else None

    def begin(self, wants: Sequence[Want], cache: dict[Any, Any]) -> None:
        """Begin the transaction and fill `cache` with what the waiting reads will ask for: sessions, records, wraps.

        Three statements on SQLite and two trips on PostgreSQL, however many wait.
        """
        tokens = list(dict.fromkeys(want.token_hash for want in wants))
        records = list(dict.fromkeys(want.record for want in wants if want.record is not None))
        for token in tokens:
            cache["session", token] = None
        for record in records:
            cache["record", record] = None
        keys: list[bytes] = []
        if self._main.sqlite:
            self._main.begin()
            self._fetch_lite(tokens, records, keys, cache)
        elif not tokens:
            self._main.begin()
        elif not records:
            for row in self._begin_with(self._sessions, (tokens,)):
                cache["session", row[0]] = session_row(row[1:])
        else:
            for row in self._begin_with(self._both, (tokens, records)):
                if row[1] is not None:
                    cache["session", row[0]] = session_row(row[1:])
                else:
                    keys.append(self._remember(row[1 + _NS :], cache))
        self._prefetch_wraps(keys, cache)

    def _begin_with(self, statement: str, parameters: Any) -> list[Any]:
        """BEGIN and one query in one trip. Binary, so that sealed bytes do not come as hexadecimal."""
        raw = self._main.raw
        cursor = raw.cursor(binary=True)
        with raw.pipeline():
            self._main.begin()
            cursor.execute(statement, parameters)
        found: list[Any] = cursor.fetchall()
        return found

    def finish(self, entries: Sequence[WrittenEntry]) -> None:
        """Write what entries still wait, and commit; on PostgreSQL in one trip."""
        if self._main.sqlite or not entries:
            self.write_entries(entries)
            self._main.commit()
            return
        with self._main.raw.pipeline():
            self.write_entries(entries)
            self._main.commit()

    def _fetch_lite(self, tokens: list[bytes], records: list[bytes], keys: list[bytes], cache: dict[Any, Any]) -> None:
        raw = self._main.raw
        if tokens:
            for row in raw.execute(self._many(self._lite_sessions, len(tokens)), tokens):
                cache["session", row[0]] = session_row(row[1:])
        if records:
            rows = raw.execute(self._many(self._lite_records, len(records)), records).fetchall()
            keys.extend(self._remember(row, cache) for row in rows)

    @staticmethod
    def _remember(row: Sequence[Any], cache: dict[Any, Any]) -> bytes:
        """Note one fetched record with its case; returns the id of the key it needs."""
        record = record_row(row)
        cache["record", record.id.raw] = (record, standing_row(record.case, row[_NR:]))
        return record.key.raw

    def _prefetch_wraps(self, keys: list[bytes], cache: dict[Any, Any]) -> None:
        if not keys:
            return
        reader = self._reader
        wanted = list(dict.fromkeys(keys))
        for key in wanted:
            cache["wrap", key, reader] = None
        if self._main.sqlite:
            rows = self._keystore.raw.execute(self._many(self._lite_wraps, len(wanted)), (reader, *wanted)).fetchall()
        else:
            rows = self._keystore.raw.cursor(binary=True).execute(self._wraps, (wanted, reader)).fetchall()
        for key, wrap in rows:
            cache["wrap", key, reader] = wrap

    def _many(self, statement: str, count: int) -> str:
        """The statement for so many values: at most `GROUP_LIMIT` texts, each prepared once by the driver."""
        found = self._texts.get((statement, count))
        if found is None:
            found = self._texts[statement, count] = statement.replace("(?)", f"({', '.join('?' * count)})")
        return found

    # -- writing ----------------------------------------------------------------------------------

    def write_entries(self, entries: Sequence[WrittenEntry]) -> None:
        """Entries and their outbox rows, in order."""
        if not entries:
            return
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
