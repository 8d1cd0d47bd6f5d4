"""The sequencer's tables: one transaction a turn on the main database, and details beside the keystore.

On PostgreSQL an advisory lock keeps rivals from doing work in vain and the head's compare-and-swap keeps them from
doing harm. On SQLite the process has one writer at a time: `exclusive` lends its connections. Another connection's
write would make it forget all pages it holds, and the next requests would read them again one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from vault.audit.lanes import EntryDetail, Waiting
from vault.audit.log import DetailKey, Lane, WrittenEntry
from vault.audit.turns import Head, LogTurn, LostRace
from vault.errors import StoreUnavailable
from vault.storage.store import DRIVER_ERRORS, Database, Store
from vault.storage.tables import to_micros

#: PostgreSQL's advisory lock of whoever sequences: "PFLOG" in ASCII.
_LOCK: Final = 0x50464C4F47
_LARGEST_NUMBER: Final = (1 << 64) - 1
#: SQLite's driver lets go of the interpreter at every row, and a server's threads would take turns with this one at
#: each. So many rows come as one: their bytes one after the other, and the lengths that cut them; 16-byte ids go back
#: as one value that is cut there.
_AT_ONCE: Final = 512
_NUMBERS: Final = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
_IDS: Final = _NUMBERS + " SELECT {wanted}substr(?, 16 * i + 1, 16) FROM n"
_ADD_LEAVES: Final = f"INSERT INTO leaves (shard, leaf, entry_id) {_IDS.format(wanted='?, ? + i, ')}"
_TAKE_ROWS: Final = f"DELETE FROM outbox WHERE entry_id IN ({_IDS.format(wanted='')})"
_NAMED: Final = (
    f"{_NUMBERS} SELECT count(*) FROM n CROSS JOIN leaves l ON l.shard = ? AND l.leaf = ? + n.i "
    "WHERE l.entry_id = substr(?, 16 * n.i + 1, 16)"
)
_NONE: Final = "-"
HEAD_COLUMNS: Final = "shard, origin, period, size, root, note, closed"


class SqlLogStore:
    """Implements `vault.audit.turns.LogStore`.

    store: the sequencer's own connections. exclusive: lends those of the process's one writer, while nobody else
    writes; None where there is none, and turns go over the sequencer's own.
    """

    def __init__(
        self, store: Store, exclusive: Callable[[], AbstractContextManager[Store | None]] = nullcontext
    ) -> None:
        self._store = store
        self._exclusive = exclusive
        self._writing = store  # what the present turn writes to

    @contextmanager
    def ahead(self) -> Iterator[LogTurn | None]:
        """SQLite alone: on PostgreSQL a sequencer keeps no writer waiting. Raises StoreUnavailable."""
        main = self._store.main
        if not main.sqlite:
            yield None
            return
        try:
            self._store.connect()
            main.control("BEGIN", "BEGIN")  # deferred: what is read is one moment's, and nobody waits
            yield SqlLogTurn(main)
        except DRIVER_ERRORS as fault:
            raise StoreUnavailable("the log's tables cannot be read") from fault
        finally:
            main.rollback()

    @contextmanager
    def turn(self) -> Iterator[LogTurn | None]:
        """Raises StoreUnavailable if the database fails; what the block did is undone then."""
        with self._exclusive() as lent:
            self._writing = writing = lent or self._store
            try:
                writing.connect()
                writing.main.begin()
                turn = SqlLogTurn(writing.main)
                yield turn if turn.lock() else None
                writing.main.commit()
            except BaseException as fault:
                writing.main.rollback()
                if isinstance(fault, DRIVER_ERRORS):
                    raise StoreUnavailable("the log's tables cannot be written") from fault
                raise
            finally:
                self._writing = self._store

    def settle(self) -> None:
        """What writers left in SQLite's write-ahead log goes into the database file. Raises StoreUnavailable."""
        self._store.main.settle(alone=self._exclusive())

    def keep_details(self, details: Sequence[EntryDetail], keys: Sequence[DetailKey]) -> None:
        if not details and not keys:
            return
        keystore = self._writing.keystore
        schema, mark = ("", "?") if keystore.sqlite else ("keystore.", "%s")
        keystore.begin()
        try:
            cursor = keystore.raw.cursor()
            if keys:
                cursor.executemany(
                    f"INSERT INTO {schema}detail_keys (lane, epoch, first, sealed_key) "
                    f"VALUES ({mark}, {mark}, {mark}, {mark}) ON CONFLICT DO NOTHING",
                    [(key.lane, key.epoch, key.first, key.sealed_key) for key in keys],
                )
            if details and keystore.sqlite:
                cursor.executemany(
                    "INSERT INTO details (entry_id, epoch, detail) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", details
                )
            elif details:
                cursor.execute(
                    "INSERT INTO keystore.details (entry_id, epoch, detail) SELECT * FROM "
                    "unnest(CAST(%b AS bytea[]), CAST(%b AS integer[]), CAST(%b AS bytea[])) ON CONFLICT DO NOTHING",
                    tuple(map(list, zip(*details, strict=True))),
                )
            keystore.commit()
        except BaseException:
            keystore.rollback()
            raise

    def keep_cosignatures(self, head: Head, at: datetime, lines: Sequence[tuple[str, str]]) -> None:
        """Keep a signed head with what witnesses answered. lines: name of the witness and its signature line.

        Raises StoreUnavailable.
        """
        with self.turn() as turn:
            if not isinstance(turn, SqlLogTurn):
                return  # another sequencer keeps its own
            turn.keep(head, at, timedelta(0))
            turn.cosigned(head, at, lines)


class SqlLogTurn:
    """Implements `vault.audit.turns.LogTurn` over an open transaction."""

    def __init__(self, main: Database) -> None:
        self._main = main
        self._lite = main.sqlite
        self._schema, self._mark = ("", "?") if self._lite else ("log.", "%s")

    def _run(self, statement: str, *values: Any) -> Any:
        """`{log}` is the schema, `?` a value: SQLite's way of writing both databases' statements."""
        text = statement.format(log=self._schema)
        if self._lite:
            return self._main.raw.execute(text, values)
        # Bodies and hashes as bytes: written out as text, each would be twice as long and decoded here.
        return self._main.raw.execute(text.replace("?", "%s"), values, binary=True)

    def _run_many(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        text = statement.format(log=self._schema)
        self._main.raw.cursor().executemany(text if self._lite else text.replace("?", "%s"), rows)

    def lock(self) -> bool:
        """Whether this transaction may sequence. On SQLite it holds the write lock already."""
        return self._lite or bool(self._run("SELECT pg_try_advisory_xact_lock(?)", _LOCK).fetchone()[0])

    def head(self) -> Head | None:
        row = self._run(f"SELECT {HEAD_COLUMNS} FROM {{log}}heads ORDER BY shard DESC LIMIT 1").fetchone()
        return head_of(row) if row is not None else None

    def waiting(self, limit: int) -> tuple[list[Waiting], list[bytes]]:
        """Rows of the outbox each cover a run of entries; those of one lane lie side by side in both tables."""
        rows = self._rows(limit)
        found: list[Waiting] = []
        for lane, group in groupby(rows, key=lambda row: row[0][:8]):
            covers = list(group)
            last = max(_number(first) + max(run, 1) - 1 for first, run, *_ in covers)
            entries = self._entries(covers[0][0], lane + min(last, _LARGEST_NUMBER).to_bytes(8, "big"))
            found += _covered(covers, entries)
        return found, [row[0] for row in rows]

    def _rows(self, limit: int) -> list[tuple[bytes, int, int, bytes | None]]:
        """Of the outbox: first entry, run, epoch, detail; in order."""
        if not self._lite:
            found = self._run("SELECT entry_id, run, epoch, detail FROM {log}outbox ORDER BY entry_id LIMIT ?", limit)
            return [(bytes(r[0]), r[1], r[2], bytes(r[3]) if r[3] is not None else None) for r in found]
        told = self._run(
            "SELECT group_concat(hex(entry_id) || ':' || run || ':' || epoch || ':' || coalesce(hex(detail), ?), ' ') "
            "FROM (SELECT entry_id, run, epoch, detail FROM outbox ORDER BY entry_id LIMIT ?)",
            _NONE, limit,
        ).fetchone()[0]  # fmt: skip
        parts = (each.split(":") for each in sorted((told or "").split()))
        return [
            (bytes.fromhex(entry), int(run), int(epoch), None if detail == _NONE else bytes.fromhex(detail))
            for entry, run, epoch, detail in parts
        ]

    def _entries(self, first: bytes, last: bytes) -> list[tuple[bytes, bytes]]:
        """Ids and bodies from one entry to another, in order."""
        if not self._lite:
            rows = self._run(
                "SELECT entry_id, body FROM {log}entries WHERE entry_id BETWEEN ? AND ? ORDER BY entry_id", first, last
            )
            return [(bytes(row[0]), bytes(row[1])) for row in rows]
        found: list[tuple[bytes, bytes]] = []
        while True:
            bodies = self._joined(
                "SELECT entry_id AS first, body FROM entries WHERE entry_id BETWEEN ? AND ? ORDER BY entry_id LIMIT ?",
                first, last, _AT_ONCE,
            )  # fmt: skip
            found += sorted(bodies)
            if len(bodies) < _AT_ONCE or found[-1][0] >= last:
                return found
            first = (int.from_bytes(found[-1][0], "big") + 1).to_bytes(16, "big")

    def _joined(self, rows: str, *values: Any) -> list[tuple[bytes, bytes]]:
        """What `rows` selects, each a `first` of 16 bytes and a `body`, in one row."""
        lengths, joined = self._run(
            "SELECT group_concat(length(body)), CAST(group_concat(first || body, '') AS BLOB) FROM "
            f"(SELECT first, CAST(body AS BLOB) AS body FROM ({rows}))",
            *values,
        ).fetchone()  # fmt: skip
        found: list[tuple[bytes, bytes]] = []
        at = 0
        for length in map(int, lengths.split(",")) if lengths else ():
            body = at + 16
            end = body + length
            found.append((joined[at:body], joined[body:end]))
            at = end
        return found

    def tile(self, shard: int, level: int, index: int) -> bytes:
        row = self._run(
            "SELECT hashes FROM {log}tiles WHERE shard = ? AND level = ? AND tile = ?", shard, level, index
        ).fetchone()
        return bytes(row[0]) if row is not None else b""

    def is_leaf(self, entry: bytes) -> bool:
        return self._run("SELECT 1 FROM {log}leaves WHERE entry_id = ?", entry).fetchone() is not None

    def last_of_lane(self, lane: bytes) -> tuple[int, int, int] | None:
        row = self._run(
            "SELECT entry_id, shard, leaf FROM {log}leaves WHERE entry_id BETWEEN ? AND ? "
            "ORDER BY entry_id DESC LIMIT 1",
            lane + bytes(8),
            lane + b"\xff" * 8,
        ).fetchone()
        return (int.from_bytes(bytes(row[0])[8:], "big"), row[1], row[2]) if row is not None else None

    def write(self, lane: Lane, entries: Sequence[WrittenEntry]) -> None:
        self._run_many(
            "INSERT INTO {log}entries (entry_id, body) VALUES (?, ?)", [(each.id.raw, each.body) for each in entries]
        )
        self._run_many(
            "INSERT INTO {log}outbox (entry_id, run, epoch, detail) VALUES (?, 1, ?, ?)",
            [(each.id.raw, each.epoch, each.detail) for each in entries],
        )
        if entries and entries[0].id.raw[8:] == bytes(8):
            self._run(
                "INSERT INTO {log}lanes (lane, zone, opened_at) VALUES (?, ?, ?)",
                lane.lane, str(lane.zone), to_micros(entries[0].at),
            )  # fmt: skip

    def add(self, shard: int, first: int, entries: Sequence[bytes], tiles: dict[tuple[int, int], bytes]) -> None:
        numbers = range(first, first + len(entries))
        if self._lite and entries:
            self._run(_ADD_LEAVES, len(entries), shard, first, b"".join(entries))
        elif entries:
            # Arrays as bytes: written out as text, each value would be escaped one by one.
            self._run(
                "INSERT INTO {log}leaves (shard, leaf, entry_id) "
                "SELECT ?, * FROM unnest(CAST(%b AS bigint[]), CAST(%b AS bytea[]))",
                shard, list(numbers), list(entries),
            )  # fmt: skip
        self._run_many(
            "INSERT INTO {log}tiles (shard, level, tile, hashes) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (shard, level, tile) DO UPDATE SET hashes = excluded.hashes",
            [(shard, level, index, hashes) for (level, index), hashes in tiles.items()],
        )

    def take(self, rows: Sequence[bytes]) -> int:
        if not self._lite:
            return int(
                self._run("DELETE FROM {log}outbox WHERE entry_id = ANY(CAST(%b AS bytea[]))", list(rows)).rowcount
            )
        return int(self._run(_TAKE_ROWS, len(rows), b"".join(rows)).rowcount) if rows else 0

    def named(self, shard: int, first: int, entries: Sequence[bytes]) -> int:
        if not entries:
            return 0
        if self._lite:
            found = self._run(_NAMED, len(entries), shard, first, b"".join(entries))
        else:
            found = self._run(
                "SELECT count(*) FROM unnest(CAST(%b AS bytea[])) WITH ORDINALITY AS n (entry, i) JOIN {log}leaves l "
                "ON l.shard = ? AND l.leaf = ? + n.i - 1 AND l.entry_id = n.entry",
                list(entries), shard, first,
            )  # fmt: skip
        return int(found.fetchone()[0])

    def stored(self, entries: Sequence[bytes]) -> list[bytes]:
        if not self._lite:
            rows = self._run(
                "SELECT e.body FROM unnest(CAST(%b AS bytea[])) WITH ORDINALITY AS n (entry, i) "
                "JOIN {log}entries e ON e.entry_id = n.entry ORDER BY n.i",
                list(entries),
            )
            return [bytes(row[0]) for row in rows]
        # One at a time: they are the last of their lanes, a few.
        each = (self._run("SELECT body FROM entries WHERE entry_id = ?", entry).fetchone() for entry in entries)
        return [bytes(row[0]) for row in each if row is not None]

    def swap(self, old: Head, new: Head, at: datetime, waiting: int) -> bool:
        done = self._run(
            "UPDATE {log}heads SET size = ?, root = ?, note = ?, closed = ?, turned_at = ?, waiting = ? "
            "WHERE shard = ? AND size = ? AND root = ? AND closed = ?",
            new.size, new.root, new.note, new.closed + new.abandoned, to_micros(at), waiting,
            old.shard, old.size, old.root, old.closed + old.abandoned,
        )  # fmt: skip
        return bool(done.rowcount == 1)

    def open(self, head: Head, at: datetime) -> None:
        done = self._run(
            f"INSERT INTO {{log}}heads ({HEAD_COLUMNS}, turned_at, waiting) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0) "
            "ON CONFLICT DO NOTHING",
            head.shard, head.origin, head.period, head.size, head.root, head.note, int(head.closed), to_micros(at),
        )  # fmt: skip
        if done.rowcount != 1:
            raise LostRace

    def keep(self, head: Head, at: datetime, every: timedelta) -> None:
        self._run(
            "INSERT INTO {log}checkpoints (shard, size, at, note) SELECT ?, ?, ?, ? WHERE NOT EXISTS "
            "(SELECT 1 FROM {log}checkpoints WHERE shard = ? AND at > ? AND at <= ?) ON CONFLICT DO NOTHING",
            head.shard, head.size, to_micros(at), head.note, head.shard, to_micros(at - every), to_micros(at),
        )  # fmt: skip

    def cosigned(self, head: Head, at: datetime, lines: Sequence[tuple[str, str]]) -> None:
        self._run_many(
            "INSERT INTO {log}cosignatures (shard, size, witness, at, line) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (shard, size, witness) DO UPDATE SET at = excluded.at, line = excluded.line",
            [(head.shard, head.size, witness, to_micros(at), line) for witness, line in lines],
        )


def _number(entry: bytes) -> int:
    return int.from_bytes(entry[8:], "big")


def _covered(
    covers: Sequence[tuple[bytes, int, int, bytes | None]], entries: Sequence[tuple[bytes, bytes]]
) -> Iterator[Waiting]:
    """The entries of one lane that its outbox rows cover. One that no row covers waits for nothing: it is left.

    A row in the midst of another's run, which no writer of ours makes, takes nothing out of that run.
    """
    at, reach = -1, 0
    for entry, body in entries:
        while at + 1 < len(covers) and covers[at + 1][0] <= entry:
            at += 1
            reach = max(reach, _number(covers[at][0]) + covers[at][1])
        first, _, epoch, detail = covers[at]
        if _number(entry) < reach:
            yield Waiting(entry, body, epoch, detail if first == entry else None)


def head_of(row: Sequence[Any]) -> Head:
    return Head(row[0], row[1], row[2], row[3], bytes(row[4]), row[5], row[6] > 0, row[6] == 2)
