"""Keeping the log: sequence four times a second, show the head every ten seconds, stop when something is wrong.

    with keeping(services, root) as keeper: …      a thread beside the server of an embedded installation
    parefeu audit sequence                         a process of its own, with a database role of its own

What is shown outside (witnesses, published files) is first remembered in `home/log/seen`. A database that later
holds less, or another tree, was restored or replaced: the log stops and signs nothing until somebody opens a new
tree (`parefeu audit reopen`), which says so in its first entry.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from auditor.verify import Policy
from gateway.log.key import periods_named, read_policy, replace_file
from gateway.log.source import publish, sweep
from gateway.log.witnesses import CONTRADICTIONS, TIMEOUT, Named, Unanswered, WitnessClient, named_in
from gateway.settings import Settings
from vault.audit.events import Event
from vault.audit.log import Lane
from vault.audit.log_events import tree_unnamed, witness_contradicts
from vault.audit.merkle import NodeReader, root_from
from vault.audit.sequencer import BATCH, Sequencer, Turned
from vault.audit.tiles import TileId, node_reader
from vault.audit.turns import Head, period_of
from vault.crypto.log_key import LogKey
from vault.errors import LogError, LogRolledBack, StoreError
from vault.ports import Clock
from vault.storage.log_reader import SqlLogReader
from vault.storage.log_store import SqlLogStore
from vault.storage.store import Store

TURN_EVERY: Final = 0.25  # seconds
#: A turn that took more entries than this is followed by another sooner: an embedded store's writers wait for a turn's
#: end, and for two short ones rather than a long one.
_MANY: Final = 256
_SOONER: Final = 0.1  # seconds
_GIVE_WAY: Final = 0.00005  # seconds
#: An embedded store's write-ahead log is brought home after about so many pages, as SQLite would do by itself: while it
#: stays short, its file does not grow, and a flush that lengthens a file takes twice as long. A transaction writes some
#: five pages and one more for each few entries.
_SETTLE_AFTER: Final = 1_000
_PAGES_A_TRANSACTION: Final = 5
_ENTRIES_A_PAGE: Final = 4
SHOW_EVERY: Final = 10.0  # seconds
#: Published tiles that grew full leave their narrower forms behind, one for each time the log was shown: hundreds of
#: megabytes a day on a busy log. They are looked for so often, and taken away once nobody can still be reading them.
_SWEEP_EVERY: Final = 3600.0  # seconds
_SWEEP_AFTER: Final = 86_400.0  # seconds
ALARM_AFTER: Final = 2.0  # seconds that the oldest entry waited
PRESS_AFTER: Final = 5.0  # seconds: from then on new requests wait
_SAY_IDLE: Final = timedelta(seconds=1)
#: A witness that contradicts the log does so at every head, a half-year without a name lasts: said so often.
_SAY_AGAIN: Final = timedelta(hours=1)
_AFTER_FAULT: Final = 1.0  # seconds

log = logging.getLogger("parefeu.log")


@dataclass(slots=True)
class LogState:
    """What the process knows of its log. Read by other threads: single values only, each written whole.

    stopped: a code, "" while it runs. lag: seconds that the oldest of the last batch had waited.
    """

    stopped: str = ""
    drained: float = field(default_factory=time.monotonic)  # when nothing was left waiting
    lag: float = 0.0
    full: bool = False
    size: int = 0
    shown: int = 0
    unanswered: tuple[Unanswered, ...] = ()

    def pressed(self) -> bool:
        """Whether new requests must wait: too much is in no tree yet, or nothing has been taken for too long."""
        return self.full or time.monotonic() - self.drained > PRESS_AFTER


class LogKeeper:
    """One sequencer with its witnesses and its folder. Not for two threads."""

    def __init__(
        self, settings: Settings, key: LogKey, store: Store, lane: Lane, clock: Clock, *,
        exclusive: Callable[[], AbstractContextManager[Store | None]] = nullcontext, batch: int = BATCH,
    ) -> None:  # fmt: skip
        """Raises KeyringMissing, `auditor.verify.Failed` for a policy file that cannot be used."""
        self.state = LogState()
        self._settings = settings
        self._clock = clock
        policy = read_policy(settings)
        self._policy = Policy.parse(policy)
        self._store = SqlLogStore(store, exclusive)
        self._reader = SqlLogReader(store.main)
        self._witnesses = WitnessClient(
            named_in(policy), lambda origin: key.signer(origin).verifier,
            lambda names: self._policy.met({self._policy.witnesses[name]: 0 for name in names}),
        )  # fmt: skip
        self._said: dict[str, datetime] = {}  # when it was last said of a witness, or of a half-year
        self._unsaid: list[Event] = []
        self._asked = self._published = False
        self._unsettled = 0
        self._swept = -_SWEEP_EVERY
        self.sequencer = Sequencer(
            self._store, lane, key, clock, before_signing=self._check_seen, batch=batch,
            say_idle=None if store.sqlite else _SAY_IDLE, give_way=lambda: time.sleep(_GIVE_WAY),
            named=periods_named(self._policy, key.name),
        )  # fmt: skip

    def turn(self, reopen: str = "", *, say: Sequence[Event] = (), last: bool = False) -> Turned:
        """Take what waits into the tree; see `Sequencer.turn`. Raises LogError, StoreError."""
        if not self._asked and not reopen:
            self._ask_before_signing()
        spent = self._seen()[0] if reopen else ""
        turned = self.sequencer.turn(reopen, spent=spent, say=(*self._unsaid, *say), last=last)
        if turned.head is not None:
            self._unsaid.clear()
        state = self.state
        state.full = turned.full
        if turned.head is not None:
            state.size = turned.head.size
        if not turned.full:
            state.drained = time.monotonic()
        if turned.oldest is not None:
            state.lag = max(0.0, (self._clock.now() - turned.oldest).total_seconds())
            if state.lag > ALARM_AFTER:
                log.warning("entries waited for the tree", extra={"size": turned.taken})
        if turned.head is not None:
            self._note_unnamed(turned.head)
        if turned.gaps:
            log.error("entries are missing from a lane", extra={"size": turned.gaps})
        return turned

    def settle(self, turned: Turned) -> None:
        """An embedded store's writers leave it to this thread to bring their pages home. Raises StoreUnavailable.

        turned: since the last call.
        """
        self._unsettled += _PAGES_A_TRANSACTION * turned.rows + turned.taken // _ENTRIES_A_PAGE
        if self._unsettled >= _SETTLE_AFTER:
            self._unsettled = 0
            self._store.settle()

    def show(self) -> None:
        """Remember the head, have it witnessed, publish it. Raises LogRolledBack, StoreError."""
        heads = self._reader.heads()
        for head in heads[-2:]:  # the closed tree's last head is shown until witnesses have signed it
            self._show(head)
        folder = self._settings.log_folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            publish(self._reader, folder, self._policy, afresh=not self._published)
            self._published = True
            if time.monotonic() - self._swept >= _SWEEP_EVERY:
                self._swept = time.monotonic()
                with suppress(OSError):  # what is left over harms nobody
                    sweep(folder, time.time() - _SWEEP_AFTER)  # by the file system's clock

    def close(self) -> None:
        self._witnesses.close()

    def _show(self, head: Head) -> None:
        if not head.note or head.abandoned:
            return
        if not head.closed:
            self._remember(head)
        kept = self._reader.kept(head.shard, 1)
        signed = kept[0].note if kept and kept[0].size == head.size else head.note
        nodes = self.nodes(head)
        lines, missing = self._witnesses.ask(
            head, head.note, nodes, lambda each: _signed(signed, each), now=self._size_now
        )
        for earlier, line in self._witnesses.late():
            self._store.keep_cosignatures(earlier, self._clock.now(), [(line.name, line.line[:-1])])
        self.state.unanswered = tuple(missing)
        self._note(missing)
        if lines or not kept or kept[0].size < head.size:
            self._store.keep_cosignatures(head, self._clock.now(), [(each.name, each.line[:-1]) for each in lines])
        self.state.shown = head.size

    def _size_now(self, head: Head) -> int:
        return next((each.size for each in self._reader.heads() if each.origin == head.origin), 0)

    def nodes(self, head: Head) -> NodeReader:
        def read(tile: TileId) -> bytes:
            return self._reader.tile(head.shard, tile)

        return node_reader(head.size, read)

    # -- a database that goes back -----------------------------------------------------------------

    def _check_seen(self, _: Head | None) -> None:
        """Raises LogRolledBack if the database holds less, or another tree, than was shown before."""
        origin, size, root = self._seen()
        if origin:
            known = {each.origin: each for each in self._reader.heads()}.get(origin)
            if known is None or known.size < int(size):
                raise LogRolledBack("the database holds less than was shown before: it was restored or replaced")
            if int(size) and root_from(int(size), self.nodes(known)) != bytes.fromhex(root):
                raise LogRolledBack("the database holds another tree than was shown before: it was replaced")

    def _seen(self) -> tuple[str, str, str]:
        """Origin, size and root of the newest head that was shown; empty where none was."""
        try:
            text = (self._settings.log_home / "seen").read_text("utf-8")
        except FileNotFoundError:
            text = ""
        origin, size, root = text.split() if text else ("", "0", "")
        return origin, size, root

    def _ask_before_signing(self) -> None:
        """Before the first signature of this process: have the witnesses seen more than the database holds?"""
        heads = self._reader.heads()
        if heads and heads[-1].note:
            _, missing = self._witnesses.ask(
                heads[-1], heads[-1].note, self.nodes(heads[-1]), now=self._size_now, patience=TIMEOUT
            )
            self._note(missing)
        self._asked = True

    def _note(self, missing: Sequence[Unanswered]) -> None:
        """Say who did not answer, and in the log itself, now and then, who contradicts it."""
        keys = {each.name: each.key.key_id for each in self._witnesses.witnesses}
        for name, why in missing:
            if why not in CONTRADICTIONS:
                log.warning("a witness did not answer", extra={"code": why})
                continue
            log.error("a witness contradicts the log", extra={"code": why})
            if self._again(f"witness {name}"):
                self._unsaid.append(witness_contradicts(keys[name], why))

    def _note_unnamed(self, head: Head) -> None:
        """Say that the log stays in a tree whose half-year is over, for want of a key that auditors have."""
        period = period_of(self._clock.now())
        if period > head.period and self._again(f"period {period}"):
            log.error("the log's policy file names no tree for this half-year", extra={"code": "tree_unnamed"})
            self._unsaid.append(tree_unnamed(period))

    def _again(self, what: str) -> bool:
        """Whether it was not said within the hour; it is now."""
        now, last = self._clock.now(), self._said.get(what)
        if last is not None and timedelta(0) <= now - last < _SAY_AGAIN:
            return False
        self._said[what] = now
        return True

    def _remember(self, head: Head) -> None:
        content = f"{head.origin} {head.size} {head.root.hex()}\n".encode()
        self._settings.log_home.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(self._settings.log_home / "seen", content, lasting=True)

    def forget_seen(self) -> None:
        """After a new tree was opened on purpose."""
        (self._settings.log_home / "seen").unlink(missing_ok=True)


def _signed(note: str, witness: Named) -> bool:
    return f"\n— {witness.key.name} " in note


class LogThread(threading.Thread):
    """A keeper that runs beside a server. make: builds it, in the thread; press: told whether requests must wait."""

    def __init__(
        self, make: Callable[[], LogKeeper], press: Callable[[bool], None] = lambda _: None, *,
        every: float = TURN_EVERY, show_every: float = SHOW_EVERY,
    ) -> None:  # fmt: skip
        super().__init__(name="log", daemon=True)
        self._make = make
        self._press = press
        self._every = every
        self._show_every = show_every
        self._over = threading.Event()
        self.state = LogState()

    def stop(self) -> None:
        """Take what still waits, show the head once more, and end."""
        self._over.set()
        self.join()

    def run(self) -> None:
        try:
            keeper = self._make()
        except Exception as fault:  # noqa: BLE001 - whatever it is, the log does not run, and pressure says so
            self._stop_for(fault)
            self._wait_pressed()
            return
        self.state = keeper.state
        shown = 0.0
        try:
            while True:
                over = self._over.is_set()
                pause = self._every
                try:
                    turned = keeper.turn(last=over)
                    keeper.settle(turned)
                    if turned.full and not over:
                        pause = 0.0
                    elif turned.taken > _MANY:
                        pause = min(pause, _SOONER)
                    if over or time.monotonic() - shown >= self._show_every:
                        shown = time.monotonic()
                        keeper.show()
                except LogError as fault:
                    self._stop_for(fault)
                    self._wait_pressed()
                    return
                except (StoreError, OSError) as fault:
                    log.error("the log's turn failed", extra={"fault": type(fault).__name__})
                    pause = _AFTER_FAULT
                except Exception as fault:  # noqa: BLE001 - a thread that died would leave the service running unlogged
                    self._stop_for(fault)
                    self._wait_pressed()
                    return
                self._press(self.state.pressed())
                if over:
                    return
                self._over.wait(pause)
        finally:
            keeper.close()

    def _stop_for(self, fault: BaseException) -> None:
        self.state.stopped = getattr(fault, "code", type(fault).__name__)
        log.critical("the log stopped", extra={"code": self.state.stopped})

    def _wait_pressed(self) -> None:
        """A stopped log takes nothing more: requests are refused once the usual delay is over."""
        while not self._over.wait(self._every):
            self._press(self.state.pressed())
