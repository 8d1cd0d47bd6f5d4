"""One use case's view of the group's transaction.

Reads go straight through. The first write of a use case flushes the entries that earlier ones left
waiting, sets a savepoint and only then writes: a use case that reads costs no savepoint, and undoing one
never touches another's entries. Any write empties the group's prefetch, so that nothing reads stale rows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Executable, func, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import OperationalError

from vault.audit.events import Detail, Event, Verdict
from vault.audit.log import Lane, Mark, WrittenEntry
from vault.cases.model import SealedRecord, Standing
from vault.errors import StoreUnavailable
from vault.ids import EntryId, KeyId
from vault.storage.hot import HotStatements
from vault.storage.store import Store
from vault.unit_of_work import SessionRow
from vault.vocabulary import Zone

#: How long whoever excludes waits for those who hold. An answer takes milliseconds; who holds longer is stuck, or
#: means to be.
_PATIENCE: Final = "2s"
_NOT_AVAILABLE: Final = "55P03"  # PostgreSQL: lock_not_available


class Group:
    """What a group of use cases shares: the store, entries not yet written, wraps not yet stored, the prefetch."""

    def __init__(self, store: Store, hot: HotStatements) -> None:
        self.store = store
        self.hot = hot
        self.entries: list[WrittenEntry] = []
        self.wraps: list[tuple[bytes, str, bytes, datetime]] = []
        #: Wraps to be overwritten with nothing: key and reader.
        self.destroyed: list[tuple[bytes, str]] = []
        self.cache: dict[Any, Any] = {}
        #: The last use case that wrote is kept; its savepoint goes with the next one's, or with the commit.
        self.unreleased = False

    def flush(self) -> None:
        if self.entries:
            entries, self.entries = self.entries, []
            self.hot.write_entries(entries)


class Transaction:
    """The part of the group that belongs to one use case."""

    def __init__(self, group: Group, lane: Lane) -> None:
        self._group = group
        self._lane = lane
        self._before: Mark = lane.mark()
        self._inherited = len(group.entries)
        self._wraps = len(group.wraps)
        self._destroyed = len(group.destroyed)
        self._savepoint = False
        self._last: tuple[SealedRecord, Standing] | None = None
        #: The newest yes of this use case: if it comes to nothing all the same, the attempt is written down.
        self.allowed: tuple[Event, Detail | None] | None = None

    # -- reading ----------------------------------------------------------------------------------

    @property
    def sqlite(self) -> bool:
        return self._group.store.sqlite

    def read(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        return self._group.store.main.execute(statement, parameters)

    def read_keystore(self, statement: Executable) -> CursorResult[*tuple[Any, ...]]:
        return self._group.store.keystore.execute(statement)

    def session(self, token_hash: bytes) -> SessionRow | None:
        cache, key = self._group.cache, ("session", token_hash)
        if key in cache:
            found: SessionRow | None = cache[key]
            return found
        return self._group.hot.session(token_hash)

    def record(self, record: bytes) -> tuple[SealedRecord, Standing] | None:
        """The newest version with its case."""
        cache, key = self._group.cache, ("record", record)
        found: tuple[SealedRecord, Standing] | None
        found = cache[key] if key in cache else self._group.hot.record(record)
        self._last = found
        return found

    def standing(self, record: SealedRecord) -> Standing | None:
        """The standing that came with the record last read; None if that was another, or rows changed since."""
        last = self._last
        return last[1] if last is not None and last[0] is record else None

    def wrap(self, key: KeyId, reader: Zone) -> bytes | None:
        text = str(reader)
        if (key.raw, text) in self._group.destroyed:
            return b""
        for stored, zone, wrap, _ in reversed(self._group.wraps):
            if stored == key.raw and zone == text:
                return wrap
        cache, place = self._group.cache, ("wrap", key.raw, text)
        if place in cache:
            found: bytes | None = cache[place]
            return found
        return self._group.hot.wrap(key.raw, text)

    def in_vain(self, code: str) -> tuple[Event, Detail | None] | None:
        """What was allowed and then came to nothing: its own entry was undone, but somebody asked and may have learnt.

        A remark after the outcome's word stays: what the person must not be told of yet, they are not told was tried.
        """
        if self.allowed is None:
            return None
        event, detail = self.allowed
        _, space, remark = event.outcome.partition(" ")
        return event._replace(outcome=f"{code}{space}{remark}", count=0), detail

    # -- readers, withdrawals and revocations -----------------------------------------------------

    def hold(self, place: int) -> None:
        """Until the commit nobody may `exclude` this place. SQLite has one writer at a time, and nothing to hold."""
        if not self._group.store.sqlite:
            self.read(select(func.pg_advisory_xact_lock_shared(place)))

    def exclude(self, place: int) -> bool:
        """Wait for those who hold this place, and keep others from holding it until the commit.

        False if they do not let go in time: any role may take an advisory lock, and hold it as long as it likes.
        """
        main = self._group.store.main
        if main.sqlite:
            return True
        self._ready_to_write()
        main.control("SAVEPOINT fence", "SAVEPOINT")
        usual = self.read(select(func.current_setting("lock_timeout"))).scalar_one()
        try:
            self.read(select(func.set_config("lock_timeout", _PATIENCE, True)))
            self.read(select(func.pg_advisory_xact_lock(place)))
            self.read(select(func.set_config("lock_timeout", usual, True)))
        except OperationalError as fault:
            if getattr(fault.orig, "sqlstate", None) != _NOT_AVAILABLE:
                raise
            main.control("ROLLBACK TO SAVEPOINT fence", "ROLLBACK")
            main.control("RELEASE SAVEPOINT fence", "RELEASE")
            return False
        main.control("RELEASE SAVEPOINT fence", "RELEASE")
        return True

    # -- writing ----------------------------------------------------------------------------------

    def append(self, event: Event, detail: Detail | None) -> EntryId:
        if event.verdict is Verdict.ALLOW:
            self.allowed = (event, detail)
        entry = self._lane.write(event, detail)
        self._group.entries.append(entry)
        return entry.id

    def write(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        self._ready_to_write()
        return self._group.store.main.execute(statement, parameters)

    def put_wrap(self, key: KeyId, reader: Zone, wrap: bytes, now: datetime) -> None:
        self._group.wraps.append((key.raw, str(reader), wrap, now))

    def destroy_wrap(self, key: KeyId, reader: Zone) -> None:
        self._group.destroyed.append((key.raw, str(reader)))

    def _ready_to_write(self) -> None:
        group = self._group
        self._last = None
        if self._savepoint:
            group.flush()
            return
        entries, group.entries = group.entries, []
        before, own = entries[: self._inherited], entries[self._inherited :]
        self._inherited = 0
        group.hot.savepoint(before, own, release=group.unreleased)
        group.unreleased = False
        self._savepoint = True
        group.cache.clear()

    # -- the end ----------------------------------------------------------------------------------

    def keep(self) -> None:
        """What it wrote stays."""
        if self._savepoint:
            self._savepoint = False
            self._group.unreleased = True

    def undo(self) -> None:
        """As if the use case had never run: rows, entries, wraps and the lane."""
        group = self._group
        if self._savepoint:
            if not group.store.main.connected:
                raise StoreUnavailable("the database connection was lost")
            group.store.main.control("ROLLBACK TO SAVEPOINT use_case", "ROLLBACK")
            group.store.main.control("RELEASE SAVEPOINT use_case", "RELEASE")
            self._savepoint = False
            group.entries.clear()
            group.cache.clear()
        else:
            del group.entries[self._inherited :]
        del group.wraps[self._wraps :]
        del group.destroyed[self._destroyed :]
        self._lane.rewind(self._before)
