"""The log as it is read back: heads, tiles, entry bundles, kept checkpoints, and where an entry stands.

Reads on a connection of its own, outside any transaction of the vault: what is in a tree does not change.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from vault.audit.legible import illegible, said
from vault.audit.merkle import HASH_BYTES
from vault.audit.note import NoteSignature, parse_signature, with_signatures
from vault.audit.tiles import ENTRIES, WIDTH, TileId, bundle
from vault.audit.turns import Head
from vault.errors import InvalidProof, StoreUnavailable
from vault.storage.log_store import HEAD_COLUMNS, head_of
from vault.storage.store import DRIVER_ERRORS, Database
from vault.storage.tables import from_micros, to_micros

#: Kept checkpoints that a reader is shown at most, the newest ones: each costs a signature check.
MOST_CHECKPOINTS: Final = 1_000


class KeptCheckpoint(NamedTuple):
    """A signed head that was kept. note: with the cosignatures that came in."""

    size: int
    at: datetime
    note: str


class SqlLogReader:
    """database: connected, or connected by the first read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lite = database.sqlite
        self._schema = "" if self._lite else "log."

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        text = statement.format(log=self._schema)
        try:
            if not self._database.connected:
                self._database.connect()
            found: list[Any] = self._database.raw.execute(
                text if self._lite else text.replace("?", "%s"), values
            ).fetchall()
        except DRIVER_ERRORS as fault:
            raise StoreUnavailable("the log cannot be read") from fault
        return found

    def heads(self) -> list[Head]:
        """All trees, oldest first."""
        return [head_of(row) for row in self._rows(f"SELECT {HEAD_COLUMNS} FROM {{log}}heads ORDER BY shard")]

    def turned(self) -> tuple[datetime, int] | None:
        """When the sequencer last looked, and how many entries it left behind; None before its first turn."""
        rows = self._rows("SELECT turned_at, waiting FROM {log}heads ORDER BY shard DESC LIMIT 1")
        return (from_micros(rows[0][0]), rows[0][1]) if rows else None

    def waiting(self) -> int:
        """How many entries wait for a tree."""
        return int(self._rows("SELECT coalesce(sum(run), 0) FROM {log}outbox")[0][0])

    def nowhere(self) -> int:
        """Entries that are in no tree and wait for none: somebody took their outbox rows away.

        Negative: entries that were logged are gone.
        """
        rows = self._rows(
            "SELECT (SELECT count(*) FROM {log}entries) - (SELECT count(*) FROM {log}leaves) - "
            "(SELECT coalesce(sum(run), 0) FROM {log}outbox)"
        )
        return int(rows[0][0])

    def tile(self, shard: int, tile: TileId) -> bytes:
        """One file of the log. Raises InvalidProof if it is not there."""
        if tile.level == ENTRIES:
            return self._bundle(shard, tile)
        rows = self._rows(
            "SELECT hashes FROM {log}tiles WHERE shard = ? AND level = ? AND tile = ?", shard, tile.level, tile.index
        )
        found = bytes(rows[0][0])[: tile.width * HASH_BYTES] if rows else b""
        if len(found) != tile.width * HASH_BYTES:
            raise InvalidProof("the log holds no such tile")
        return found

    def _bundle(self, shard: int, tile: TileId) -> bytes:
        first = tile.index * WIDTH
        rows = self._rows(
            "SELECT e.body FROM {log}leaves l JOIN {log}entries e ON e.entry_id = l.entry_id "
            "WHERE l.shard = ? AND l.leaf >= ? AND l.leaf < ? ORDER BY l.leaf",
            shard, first, first + tile.width,
        )  # fmt: skip
        if len(rows) != tile.width:
            raise InvalidProof("the log holds no such entries")
        return bundle([bytes(row[0]) for row in rows])

    def kept(self, shard: int, limit: int = MOST_CHECKPOINTS) -> list[KeptCheckpoint]:
        """Kept checkpoints, newest first."""
        rows = self._rows(
            "SELECT size, at, note FROM {log}checkpoints WHERE shard = ? ORDER BY size DESC LIMIT ?", shard, limit
        )
        least = rows[-1][0] if rows else 0
        lines: dict[int, list[NoteSignature]] = {}
        for size, line in self._rows(
            "SELECT size, line FROM {log}cosignatures WHERE shard = ? AND size >= ? ORDER BY size, witness",
            shard, least,
        ):  # fmt: skip
            lines.setdefault(size, []).append(parse_signature(line))
        return [KeptCheckpoint(r[0], from_micros(r[1]), with_signatures(r[2], lines.get(r[0], ()))) for r in rows]

    def place(self, entry: bytes) -> tuple[int, int] | None:
        """(shard, leaf) of an entry; None while it waits, or if it does not exist."""
        rows = self._rows("SELECT shard, leaf FROM {log}leaves WHERE entry_id = ?", entry)
        return (rows[0][0], rows[0][1]) if rows else None

    def told(self, entry: bytes) -> dict[str, Any] | None:
        """An entry's fields; None if there is none, nobody can read it, or it is not of its lane's zone."""
        rows = self._rows(
            "SELECT e.body, l.zone FROM {log}entries e LEFT JOIN {log}lanes l ON l.lane = substr(e.entry_id, 1, 8) "
            "WHERE e.entry_id = ?",
            entry,
        )
        return said(bytes(rows[0][0]), entry, rows[0][1] or "") if rows else None

    def body(self, entry: bytes) -> bytes | None:
        rows = self._rows("SELECT body FROM {log}entries WHERE entry_id = ?", entry)
        return bytes(rows[0][0]) if rows else None

    def entries_where(
        self, *, subject: str = "", actor: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> list[bytes]:
        """Ids of the entries about a case, by an actor, in a period: all given conditions hold. In time's order.

        From what oversight has filed, and of the rest from the entries themselves.
        """
        conditions: list[tuple[str, Any]] = [("subject = ?", subject)] if subject else []
        conditions += [("actor = ?", actor)] if actor else []
        conditions += [("at >= ?", to_micros(since))] if since is not None else []
        conditions += [("at < ?", to_micros(until))] if until is not None else []
        where = " AND ".join(text for text, _ in conditions) or "1 = 1"
        found = [
            (row[0], bytes(row[1]))
            for row in self._rows(
                f"SELECT at, entry_id FROM {{log}}filed WHERE {where}", *(value for _, value in conditions)
            )
        ]
        for entry, body in self._unfiled():
            at = datetime.fromisoformat(body["at"])
            if (
                (not subject or body["subject"] == subject)
                and (not actor or body["actor"] == actor)
                and (since is None or at >= since)
                and (until is None or at < until)
            ):
                found.append((to_micros(at), entry))
        return [entry for _, entry in sorted(found)]

    def _unfiled(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        lanes = self._rows(
            "SELECT l.lane, f.entry_id, l.zone, l.opened_at FROM {log}lanes l "
            "LEFT JOIN {log}filings f ON f.lane = l.lane WHERE f.ended IS NULL OR f.ended = 0"
        )
        for lane, last, zone, opened_at in lanes:
            first = bytes(last) if last is not None else bytes(lane)
            for row in self._rows(
                "SELECT entry_id, body FROM {log}entries WHERE entry_id > ? AND entry_id <= ?",
                first, bytes(lane) + b"\xff" * 8,
            ):  # fmt: skip
                entry = bytes(row[0])
                yield entry, said(bytes(row[1]), entry, zone) or illegible(entry.hex(), from_micros(opened_at), zone)
