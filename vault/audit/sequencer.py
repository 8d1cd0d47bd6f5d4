"""From the outbox into the tree: batches of committed entries become leaves, and a signed head names them all.

Any process may try; the head's compare-and-swap decides who did. One turn:

 0. where a writer keeps all others waiting (an embedded store), what is only read and reckoned of 2 to 5 comes before
    the transaction; it is thrown away if the head has moved meanwhile
 1. one transaction; another sequencer at work means there is nothing to do
 2. the head, and the newest half-year: a new one closes its tree and opens the next, which names the last head. A
    half-year that auditors have no key for begins none: the present tree goes on (`_period`)
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

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from vault.audit.events import Detail, Event, Happening, Verdict
from vault.audit.lanes import Waiting
from vault.audit.log import Lane
from vault.audit.log_events import log_closed, log_key_loaded, log_opened
from vault.audit.merkle import leaf_hash
from vault.audit.note import sign_note
from vault.audit.reckoning import Reckoned, Reckoner, oldest_of
from vault.audit.turns import Head, LogStore, LogTurn, LostRace, period_of
from vault.crypto.log_key import LogKey
from vault.errors import ConfigurationError, LogDamaged, LogRolledBack
from vault.ports import Clock

#: One turn takes at most so many entries: it bounds memory and how long SQLite's one writer waits. A full one means
#: that more are waiting, and that new requests should wait too.
BATCH: Final = 4_096
#: A signed head is kept so often while the tree grows; in between only the newest is.
KEEP_EVERY: Final = timedelta(seconds=10)
_CLOSING: Final = Event(Happening.LANE_CLOSED, "lane", Verdict.NONE)


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


class Sequencer:
    """key: the log's; its name begins all origins. lane: writes the sequencer's own entries.

    named: the half-years whose trees the policy file names; None for all there are.

    before_signing: called with the newest head, if any, before this process first signs; raises to stop it.
    say_idle: how often the head says that somebody looked while nothing waits; None for never.
    give_way: called now and then while a look ahead reckons: lets threads that share the interpreter go first.
    """

    def __init__(
        self, store: LogStore, lane: Lane, key: LogKey, clock: Clock, *,
        before_signing: Callable[[Head | None], None] = lambda _: None, batch: int = BATCH,
        say_idle: timedelta | None = None, give_way: Callable[[], None] = lambda: None,
        named: Collection[str] | None = None,
    ) -> None:  # fmt: skip
        self._store = store
        self._lane = lane
        self._key = key
        self._clock = clock
        self._before_signing: Callable[[Head | None], None] | None = before_signing
        self._batch = batch
        self._say_idle = say_idle
        self._give_way = give_way
        self._named = named
        self._idle_said: datetime | None = None
        self._last: Head | None = None  # the newest that this process saw
        self._reckoner = Reckoner()

    def turn(
        self, reopen: str = "", *, spent: str = "", say: Sequence[Event] = (), last: bool = False
    ) -> Turned:  # fmt: skip
        """Take what waits into the tree. reopen: why a new tree must begin now, whatever the half-year.

        spent: an origin that was shown; no tree that is opened on purpose bears it or an earlier one of its half-year.
        say: entries of the sequencer's own, in the tree when this returns a head. last: this process will sequence no
        more: its lane is closed. Raises LogDamaged if stored bytes are not what they must be, LogRolledBack if the
        database holds less than it did, and whatever `before_signing` raises.
        """
        number = self._lane.number
        try:
            usual = not (reopen or say or last) and self._before_signing is None
            ahead = self._look_ahead() if usual else None  # 0
            if ahead is not None and not ahead.rows and self._say_idle is None:
                self._last = ahead.head
                return Turned(ahead.head)
            with self._store.turn() as tx:
                if tx is None:  # 1
                    return Turned(None)
                if ahead is not None and tx.head() != ahead.head:
                    ahead = None
                turned = self._turn(tx, reopen, spent, say, last, ahead)
            self._last = turned.head or self._last
        except BaseException as fault:
            if self._lane.number != number:
                self._lane.open()  # its detail key may be stored, its entries not: never use these numbers again
            if isinstance(fault, LostRace):
                return Turned(None)
            raise
        if last:
            self._lane.open()
        return turned

    # -- one turn ----------------------------------------------------------------------------------

    def _look_ahead(self) -> Reckoned | None:
        """What the turn comes to. None where it begins a tree, or the store needs no look."""
        with self._store.ahead() as tx:
            head = tx.head() if tx is not None else None
            if tx is not None:
                self._check_grown(head)
            if tx is None or head is None or head.closed or self._period(head, self._clock.now()) > head.period:
                return None
            return self._reckoner.reckon(tx, head, *tx.waiting(self._batch), self._give_way)

    def _check_grown(self, head: Head | None) -> None:
        """A database that is stopped, restored and started again leaves this process running: it has seen more."""
        last = self._last
        place = (head.shard, head.size) if head is not None else (-1, 0)
        if last is not None and (
            place < (last.shard, last.size)
            or (head is not None and place == (last.shard, last.size) and head.root != last.root)
        ):
            raise LogRolledBack("the database holds less than this process signed: it was restored or replaced")

    def _turn(
        self, tx: LogTurn, reopen: str, spent: str, say: Sequence[Event], last: bool, ahead: Reckoned | None
    ) -> Turned:  # fmt: skip
        now = self._clock.now()
        if ahead is not None:
            new, gaps = self._put(tx, ahead, now)
            return Turned(new, ahead.taken, len(ahead.rows), ahead.oldest, gaps, len(ahead.rows) == self._batch)
        head = tx.head()
        if not reopen:
            self._check_grown(head)
        if self._before_signing is not None and not reopen:
            self._before_signing(head)
            self._before_signing = None
        period = self._period(head, now)
        if head is None or reopen or head.closed or period > head.period:  # 2
            head = self._begin(tx, head, period, reopen, spent, now)
        waiting, rows = tx.waiting(self._batch)  # 3
        head, gaps = self._take(tx, head, waiting, rows, now)
        full = len(rows) == self._batch
        own = (*say, _CLOSING) if last and (self._lane.announced or say) else say
        if own:
            head = self._say_last(tx, head, own, full or gaps > 0, now)
        return Turned(head, len(waiting), len(rows), oldest_of(waiting), gaps, full and not own)

    def _period(self, head: Head | None, now: datetime) -> str:
        """The half-year whose tree is to be written to. Raises ConfigurationError if there is no tree, and no name.

        A clock that is years ahead, or a policy file that nobody renewed, must not lead into a tree that nobody has
        a key to check, from which there is no way back: until the half-year is named, the present tree goes on.
        """
        period = period_of(now)
        if self._named is None or period in self._named:
            return max(period, head.period if head is not None else "")
        if head is not None:
            return head.period
        if not self._named:
            raise ConfigurationError("the policy file names no tree of this log: nobody could check it")
        return min((each for each in self._named if each > period), default=max(self._named))

    def _say_last(self, tx: LogTurn, head: Head, own: Sequence[Event], more: bool, now: datetime) -> Head:
        """Entries of its own as the newest leaves. What it wrote about gaps still waits and comes before: see lanes."""
        while more:
            waiting, rows = tx.waiting(self._batch)
            head, gaps = self._take(tx, head, waiting, rows, now)
            more = gaps > 0 or len(rows) == self._batch
        return self._take(tx, head, *self._say(tx, *own), now)[0]

    def _begin(self, tx: LogTurn, old: Head | None, period: str, reopen: str, spent: str, now: datetime) -> Head:
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
        origin = f"{self._key.name}/{period}"
        again = shard if reopen else 0
        if reopen and (spent == origin or spent.startswith(f"{origin}-")):  # a backup knows nothing of later trees
            again = max(again, int(spent.removeprefix(origin).removeprefix("-") or 0) + 1)
        origin += f"-{again}" if again else ""
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
            said = self._idle_said  # one that is still to come: the clock was set back
            if self._say_idle is not None and (said is None or now < said or now - said >= self._say_idle):
                self._idle_said = now
                self._swap(tx, head, head, now, 0)
            return head, 0
        return self._put(tx, self._reckoner.reckon(tx, head, waiting, rows), now)

    def _put(self, tx: LogTurn, came: Reckoned, now: datetime) -> tuple[Head, int]:
        head, new, rows, leaves = came.head, came.new, came.rows, came.leaves
        if came.found:
            self._say(tx, *came.found)
        self._store.keep_details(came.details, [])  # 4
        tx.add(head.shard, head.size, leaves, came.tiles)  # 5
        if tx.take(rows) != len(rows):
            raise LostRace
        if tx.named(head.shard, head.size, leaves) != len(leaves):  # 6
            raise LogDamaged("leaves read back do not name the entries that were hashed: nothing was signed")
        self._read_again(tx, came.unsure)
        new = replace(
            new, note=sign_note(new.checkpoint.text(), self._key.signer(new.origin), moment=int(now.timestamp()))
        )
        self._swap(tx, head, new, now, self._batch if len(rows) == self._batch else 0)  # 7
        tx.keep(new, now, KEEP_EVERY)
        return new, len(came.found)

    @staticmethod
    def _read_again(tx: LogTurn, unsure: Sequence[tuple[bytes, bytes]]) -> None:
        stored = tx.stored([entry for entry, _ in unsure])
        if [leaf_hash(body) for body in stored] != [leaf for _, leaf in unsure]:
            raise LogDamaged("entries read back are not the ones that were hashed: nothing was signed")

    @staticmethod
    def _swap(tx: LogTurn, old: Head, new: Head, now: datetime, waiting: int) -> None:
        if not tx.swap(old, new, now, waiting):
            raise LostRace
