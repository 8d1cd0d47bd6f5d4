"""From the outbox into the tree: batches of committed entries become leaves, and a signed head names them all.

Any process may try; the head's compare-and-swap decides who did. One turn:

 0. where a writer keeps all others waiting (an embedded store), what is only read and reckoned of 2 to 5 comes before
    the transaction; it is thrown away if the head has moved meanwhile
 1. one transaction; another sequencer at work means there is nothing to do
 2. the head, and the newest half-year: a new one closes its tree and opens the next, which names the last head
 3. entries that wait in the outbox, each checked: its own id stands in it, its lane goes on where it left off. What is
    missing or out of place is said in an entry of the log's own, and stops nothing: whoever owns a zone's database role
    may add any bytes, and must not be able to stop the log of the others by it
 4. details go to the keystore (a database of its own, committed first; doing so twice changes nothing)
 5. leaves, tiles; outbox rows are taken away, all of them or none
 6. no leaf's hash may rest on one reckoning (`lanes.py`): either the next entry of its lane names it, as its writer
    reckoned it, or the stored entry is read and hashed once more; and each leaf names its entry. Only then
 7. the head is signed and swapped in; commit; only a committed head is ever shown to anybody

A crash anywhere leaves the old head or the new one. Before the first signature of a process, `before_signing` may
refuse: the database may be older than what was signed already (restored from a backup).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple, Protocol

from vault.audit.checkpoint import Checkpoint
from vault.audit.events import Detail, Event, Happening, Verdict
from vault.audit.lanes import Followed, LaneState, Waiting
from vault.audit.log import DetailKey, Lane, WrittenEntry
from vault.audit.log_events import log_closed, log_key_loaded, log_opened
from vault.audit.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash, root_from
from vault.audit.note import sign_note
from vault.audit.tiles import WIDTH, TileId, grow, node_reader
from vault.crypto.log_key import LogKey
from vault.errors import LogDamaged
from vault.ports import Clock

#: One turn takes at most so many entries: it bounds memory and how long SQLite's one writer waits. A full one means
#: that more are waiting, and that new requests should wait too.
BATCH: Final = 4_096
#: A signed head is kept so often while the tree grows; in between only the newest is.
KEEP_EVERY: Final = timedelta(seconds=10)
_LANES_REMEMBERED: Final = 10_000
_CLOSING: Final = Event(Happening.LANE_CLOSED, "lane", Verdict.NONE)


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

    def keep_details(self, entries: Sequence[Waiting], keys: Sequence[DetailKey]) -> None:
        """Into the keystore, committed at once. What is there already stays."""
        ...


class LostRace(Exception):
    """Another sequencer moved the head first: this turn never happened."""


class Turned(NamedTuple):
    """What one turn did. head: None if another was at work. oldest: of what was taken, when it was written.

    rows: of the outbox, about as many as there were transactions. gaps: how often something was missing from a lane,
    or out of place in it.
    """

    head: Head | None
    taken: int = 0
    rows: int = 0
    oldest: datetime | None = None
    gaps: int = 0
    full: bool = False


class _Grown(NamedTuple):
    """tiles: those that change, whole. head: the new one, not yet signed."""

    lanes: Followed
    tiles: dict[tuple[int, int], bytes]
    head: Head


class _Ahead(NamedTuple):
    """A turn as it was worked out before its transaction. head: what it begins from."""

    head: Head
    waiting: list[Waiting]
    rows: list[bytes]
    grown: _Grown


class Sequencer:
    """key: the log's; its name begins all origins. lane: writes the sequencer's own entries.

    before_signing: called with the newest head, if any, before this process first signs; raises to stop it.
    say_idle: how often the head says that somebody looked while nothing waits; None for never.
    give_way: called now and then while a look ahead reckons: lets threads that share the interpreter go first.
    """

    def __init__(
        self, store: LogStore, lane: Lane, key: LogKey, clock: Clock, *,
        before_signing: Callable[[Head | None], None] = lambda _: None, batch: int = BATCH,
        say_idle: timedelta | None = None, give_way: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._store = store
        self._lane = lane
        self._key = key
        self._clock = clock
        self._before_signing: Callable[[Head | None], None] | None = before_signing
        self._batch = batch
        self._say_idle = say_idle
        self._give_way = give_way
        self._idle_said: datetime | None = None
        #: Where lanes stand in the tree whose head this process left last. A rival's turn makes it worthless: what it
        #: took would look missing.
        self._lanes: OrderedDict[bytes, LaneState] = OrderedDict()
        self._left: Checkpoint | None = None

    def turn(self, reopen: str = "", *, say: Sequence[Event] = (), last: bool = False) -> Turned:
        """Take what waits into the tree. reopen: why a new tree must begin now, whatever the half-year.

        say: entries of the sequencer's own, in the tree when this returns a head. last: this process will sequence no
        more: its lane is closed. Raises LogDamaged if stored bytes are not what they must be, and whatever
        `before_signing` raises.
        """
        number, lanes = self._lane.number, OrderedDict(self._lanes)
        try:
            usual = not (reopen or say or last) and self._before_signing is None
            ahead = self._look_ahead() if usual else None  # 0
            if ahead is not None and not ahead.rows and self._say_idle is None:
                return Turned(ahead.head)
            with self._store.turn() as tx:
                if tx is None:  # 1
                    return Turned(None)
                if ahead is not None and tx.head() != ahead.head:
                    ahead = None
                    self._lanes = OrderedDict(lanes)
                turned = self._turn(tx, reopen, say, last, ahead)
        except BaseException as fault:
            self._lanes = lanes
            if self._lane.number != number:
                self._lane.open()  # its detail key may be stored, its entries not: never use these numbers again
            if isinstance(fault, LostRace):
                return Turned(None)
            raise
        self._left = turned.head.checkpoint if turned.head is not None else None
        if last:
            self._lane.open()
        return turned

    # -- one turn ----------------------------------------------------------------------------------

    def _look_ahead(self) -> _Ahead | None:
        """What waits and the tiles it would make. None for a turn that begins a tree, or a store that needs no look."""
        with self._store.ahead() as tx:
            head = tx.head() if tx is not None else None
            if tx is None or head is None or head.closed or period_of(self._clock.now()) > head.period:
                return None
            self._forget_unless_left(head)
            waiting, rows = tx.waiting(self._batch)
            return _Ahead(head, waiting, rows, self._grow(tx, head, waiting, self._give_way))

    def _forget_unless_left(self, head: Head | None) -> None:
        if head is None or head.checkpoint != self._left:
            self._lanes.clear()

    def _turn(self, tx: LogTurn, reopen: str, say: Sequence[Event], last: bool, ahead: _Ahead | None) -> Turned:
        now = self._clock.now()
        if ahead is not None:
            new, gaps = self._put(tx, ahead.head, ahead.rows, ahead.waiting, ahead.grown, now)
            return Turned(
                new, len(ahead.waiting), len(ahead.rows), _oldest(ahead.waiting), gaps, len(ahead.rows) == self._batch
            )
        head = tx.head()
        self._forget_unless_left(head)
        if self._before_signing is not None and not reopen:
            self._before_signing(head)
            self._before_signing = None
        period = period_of(now)
        if head is None or reopen or head.closed or period > head.period:  # 2
            head = self._begin(tx, head, max(period, head.period if head else ""), reopen, now)
        waiting, rows = tx.waiting(self._batch)  # 3
        head, gaps = self._take(tx, head, waiting, rows, now)
        full = len(rows) == self._batch
        own = (*say, _CLOSING) if last and (self._lane.announced or say) else say
        if own:
            head = self._say_last(tx, head, own, full or gaps > 0, now)
        return Turned(head, len(waiting), len(rows), _oldest(waiting), gaps, full and not own)

    def _say_last(self, tx: LogTurn, head: Head, own: Sequence[Event], more: bool, now: datetime) -> Head:
        """Entries of its own as the newest leaves. What it wrote about gaps still waits and comes before: see lanes."""
        while more:
            waiting, rows = tx.waiting(self._batch)
            head, gaps = self._take(tx, head, waiting, rows, now)
            more = gaps > 0 or len(rows) == self._batch
        return self._take(tx, head, *self._say(tx, *own), now)[0]

    def _begin(self, tx: LogTurn, old: Head | None, period: str, reopen: str, now: datetime) -> Head:
        """Close the present tree and open the next one, which says where the last one ended."""
        if old is not None and not old.closed and not reopen:
            while (found := tx.waiting(self._batch))[1]:
                old, _ = self._take(tx, old, *found, now)
            old, _ = self._take(tx, old, *self._say(tx, log_closed("period")), now)
            closed = replace(old, closed=True)
            self._swap(tx, old, closed, now, 0)
            tx.keep(closed, now, timedelta(0))
        elif old is not None and not old.closed:
            self._swap(tx, old, replace(old, closed=True, abandoned=True), now, 0)
        shard = old.shard + 1 if old is not None else 0
        again = shard if reopen else 0
        origin = f"{self._key.name}/{period}" + (f"-{again}" if again else "")
        head = Head(shard, origin, period)
        tx.open(head, now)
        reason = reopen or ("period" if old is not None else "first")
        verifier = self._key.signer(origin).verifier
        own = self._say(
            tx,
            log_opened(reason, old.named if old is not None else ""),
            log_key_loaded(verifier.kind, verifier.key_id),
        )
        head, _ = self._take(tx, head, *own, now)
        tx.keep(head, now, timedelta(0))
        return head

    def _say(self, tx: LogTurn, *events: Event) -> tuple[list[Waiting], list[bytes]]:
        """Write entries of the sequencer's own; they wait in the outbox like any other, a row each.

        Returned as they are stored: no leaf is hashed from what was only meant to be written.
        """
        lane = self._lane
        written = [] if lane.announced else [lane.opening()]
        written += [lane.write(event, Detail()) for event in events]
        self._store.keep_details([], lane.keys)
        lane.keys.clear()
        tx.write(lane, written)
        rows = [each.id.raw for each in written]
        stored = tx.stored(rows)
        if len(stored) != len(rows):
            raise LogDamaged("entries of the log's own are not there: nothing was signed")
        found = [
            Waiting(row, body, each.epoch, each.detail) for row, body, each in zip(rows, stored, written, strict=True)
        ]
        return found, rows

    def _take(
        self, tx: LogTurn, head: Head, waiting: Sequence[Waiting], rows: Sequence[bytes], now: datetime
    ) -> tuple[Head, int]:
        """Leaves of the waiting entries, and a new signed head. Without any, the head says that somebody looked."""
        if not rows:
            if self._say_idle is not None and (self._idle_said is None or now - self._idle_said >= self._say_idle):
                self._idle_said = now
                self._swap(tx, head, head, now, 0)
            return head, 0
        return self._put(tx, head, rows, waiting, self._grow(tx, head, waiting), now)

    def _grow(
        self, tx: LogTurn, head: Head, waiting: Sequence[Waiting], give_way: Callable[[], None] = lambda: None
    ) -> _Grown:
        """Work out the tree with the waiting entries in it; nothing is written."""
        lanes = self._follow_lanes(tx, waiting, give_way)
        hashes = [leaf for _, leaf in lanes.leaves]
        tiles = grow(head.size, hashes, lambda level, index: tx.tile(head.shard, level, index))
        size = head.size + len(hashes)

        def read(tile: TileId) -> bytes:
            held = tiles.get((tile.level, tile.index))
            whole = held if held is not None else tx.tile(head.shard, tile.level, tile.index)
            return whole[: tile.width * HASH_BYTES]

        return _Grown(lanes, tiles, replace(head, size=size, root=root_from(size, node_reader(size, read))))

    def _put(
        self, tx: LogTurn, head: Head, rows: Sequence[bytes], waiting: Sequence[Waiting], grown: _Grown, now: datetime
    ) -> tuple[Head, int]:
        lanes, found = grown.lanes, grown.lanes.found
        if found:
            self._say(tx, *found)
        self._store.keep_details([each for each in waiting if each.detail is not None], [])  # 4
        entries = [entry for entry, _ in lanes.leaves]
        tx.add(head.shard, head.size, entries, grown.tiles)  # 5
        if tx.take(rows) != len(rows):
            raise LostRace
        if tx.named(head.shard, head.size, entries) != len(entries):  # 6
            raise LogDamaged("leaves read back do not name the entries that were hashed: nothing was signed")
        self._read_again(tx, lanes.unsure)
        new = grown.head
        new = replace(
            new, note=sign_note(new.checkpoint.text(), self._key.signer(new.origin), moment=int(now.timestamp()))
        )
        self._swap(tx, head, new, now, self._batch if len(rows) == self._batch else 0)  # 7
        tx.keep(new, now, KEEP_EVERY)
        return new, len(found)

    @staticmethod
    def _read_again(tx: LogTurn, unsure: Sequence[tuple[bytes, bytes]]) -> None:
        stored = tx.stored([entry for entry, _ in unsure])
        if [leaf_hash(body) for body in stored] != [leaf for _, leaf in unsure]:
            raise LogDamaged("entries read back are not the ones that were hashed: nothing was signed")

    @staticmethod
    def _swap(tx: LogTurn, old: Head, new: Head, now: datetime, waiting: int) -> None:
        if not tx.swap(old, new, now, waiting):
            raise LostRace

    # -- lanes -------------------------------------------------------------------------------------

    def _follow_lanes(self, tx: LogTurn, waiting: Sequence[Waiting], give_way: Callable[[], None]) -> Followed:
        followed = Followed()
        for lane, entries in groupby(waiting, key=_lane_of):
            at = self._lanes.get(lane) or self._remember(tx, lane)
            self._lanes[lane] = followed.follow(lane, at, entries, tx.is_leaf, give_way)
            self._lanes.move_to_end(lane)
        while len(self._lanes) > _LANES_REMEMBERED:
            self._lanes.popitem(last=False)
        return followed

    @staticmethod
    def _remember(tx: LogTurn, lane: bytes) -> LaneState:
        """Where a lane stands in the tree; before its first entry, at number -1 and a hash of zeroes."""
        last = tx.last_of_lane(lane)
        if last is None:
            return LaneState(-1, bytes(HASH_BYTES))
        number, shard, leaf = last
        at = (leaf % WIDTH) * HASH_BYTES
        return LaneState(number, tx.tile(shard, 0, leaf // WIDTH)[at : at + HASH_BYTES])


def _lane_of(waiting: Waiting) -> bytes:
    return waiting.entry[:8]


def _oldest(waiting: Sequence[Waiting]) -> datetime | None:
    """When the oldest was written: the first of one of the lanes."""
    firsts = {_lane_of(each): each for each in reversed(waiting)}
    return min((at for each in firsts.values() if (at := each.at) is not None), default=None)


def period_of(moment: datetime) -> str:
    """`2026h2`: the half-year of a moment, in UTC; later ones compare greater."""
    return f"{moment.year:04d}h{1 if moment.month <= 6 else 2}"
