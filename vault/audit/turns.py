"""What a turn of the sequencer asks of its store, and the head that it moves."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from vault.audit.checkpoint import Checkpoint
from vault.audit.lanes import EntryDetail, Waiting
from vault.audit.log import DetailKey, Lane, WrittenEntry
from vault.audit.merkle import EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Head:
    """The newest state of one tree. period: its half-year. note: its signed checkpoint, "" before the first.

    abandoned: closed without a last entry, because heads were signed that this database does not know.
    """

    shard: int
    origin: str
    period: str
    size: int = 0
    root: bytes = EMPTY_ROOT
    note: str = ""
    closed: bool = False
    abandoned: bool = False

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.origin, self.size, self.root)

    @property
    def named(self) -> str:
        """How the next tree names this one."""
        return f"{self.origin}@{self.size}:{self.root.hex()}"


class LogTurn(Protocol):
    """One transaction of the main database."""

    def head(self) -> Head | None: ...
    def waiting(self, limit: int) -> tuple[list[Waiting], list[bytes]]:
        """Entries in the order of lane and number, and the outbox rows that cover them: up to `limit` rows."""
        ...

    def tile(self, shard: int, level: int, index: int) -> bytes: ...
    def is_leaf(self, entry: bytes) -> bool: ...
    def last_of_lane(self, lane: bytes) -> tuple[int, int, int] | None:
        """(number, shard, leaf) of the newest leaf of a lane."""
        ...

    def write(self, lane: Lane, entries: Sequence[WrittenEntry]) -> None:
        """The sequencer's own entries, into the outbox like any other; a lane's first announces it."""
        ...

    def add(self, shard: int, first: int, entries: Sequence[bytes], tiles: dict[tuple[int, int], bytes]) -> None: ...
    def take(self, rows: Sequence[bytes]) -> int:
        """Take outbox rows away; how many there were."""
        ...

    def named(self, shard: int, first: int, entries: Sequence[bytes]) -> int:
        """How many of the leaves from `first` on name these entries, each in its place."""
        ...

    def stored(self, entries: Sequence[bytes]) -> list[bytes]:
        """The bodies of these entries, read again; of one that is not there, none."""
        ...

    def swap(self, old: Head, new: Head, at: datetime, waiting: int) -> bool:
        """Whether the head was `old` and is `new` now."""
        ...

    def open(self, head: Head, at: datetime) -> None: ...
    def keep(self, head: Head, at: datetime, every: timedelta) -> None:
        """Keep the signed head unless one was kept less than `every` ago."""
        ...


class LogStore(Protocol):
    def ahead(self) -> AbstractContextManager[LogTurn | None]:
        """A look that keeps nobody from writing, for reading only; None where the turn itself keeps nobody either."""
        ...

    def turn(self) -> AbstractContextManager[LogTurn | None]:
        """A transaction that commits if the block ends; None if another sequencer is at work."""
        ...

    def keep_details(self, details: Sequence[EntryDetail], keys: Sequence[DetailKey]) -> None:
        """Into the keystore, committed at once. What is there already stays."""
        ...


class LostRace(Exception):
    """Another sequencer moved the head first: this turn never happened."""


def period_of(moment: datetime) -> str:
    """`2026h2`: the half-year of a moment, in UTC; later ones compare greater."""
    return f"{moment.year:04d}h{1 if moment.month <= 6 else 2}"
