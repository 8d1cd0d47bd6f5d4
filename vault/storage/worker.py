"""Group commit: waiting use cases share one transaction, and no reply leaves before its commit.

A use case is a function of a unit of work. It returns a reply, which stays pending, or raises. The worker
runs up to `GROUP_LIMIT` of them in one transaction, each undone alone if it raises; writes the denials'
entries; stores new wraps and detail keys in the keystore; commits; and only then answers. If the commit
fails, every reply of the group becomes StoreUnavailable and the lanes rewind; if its fate is unknown, new
lanes open. If a statement fails for reasons of the database, the group is undone and each use case runs
alone once, so that one bad request cannot take its neighbours with it.

Inline when idle, grouped when busy: somebody alone is served at once; else `submit` queues, and the queue is drained
at the next turn of the event loop, in the loop's own thread when all waiting use cases are quick (one transaction
of a few hundred microseconds costs less than handing it to a thread), else in the worker's thread. Argon2 and network
calls never run here.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from sqlalchemy import Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from vault.audit.events import Detail, Event, Happening, Verdict
from vault.audit.log import Lane, Mark
from vault.errors import StoreBusy, StoreUnavailable, VaultError
from vault.storage import tables as t
from vault.storage.hot import HotStatements, Want
from vault.storage.store import (
    DRIVER_ERRORS,
    StatementFault,
    Store,
    generation_closed,
    place_taken,
    unique_violation,
)
from vault.storage.transaction import Group, Transaction
from vault.storage.unit_of_work import ZoneUnitOfWork
from vault.vocabulary import Zone

#: PostgreSQL keeps 64 subtransactions per backend in shared memory; half of that leaves room.
GROUP_LIMIT: Final = 32
#: Waiting use cases beyond this are refused at once: a queue nobody can drain helps nobody.
QUEUE_LIMIT: Final = 512
#: For how many turns of the event loop without a newcomer a group waits for those who were served last and may be
#: back at once: about a tenth of a flush.
_STILL: Final = 24
#: Every so many groups, one waits for more than the last one had.
_LOOK_AROUND: Final = 16

log = logging.getLogger(__name__)

Work = Callable[[ZoneUnitOfWork], Any]


@dataclass(slots=True)
class Job:
    """One use case on its way. quick: may run in the event loop's thread. want: what to fetch ahead for it."""

    zone: Zone
    work: Work
    quick: bool = True
    want: Want | None = None
    future: asyncio.Future[Any] | None = None
    reply: Any = None
    error: BaseException | None = field(default=None)

    def answer(self) -> None:
        future = self.future
        if future is None or future.done():
            return
        if self.error is not None:
            future.set_exception(self.error)
        else:
            future.set_result(self.reply)


class GroupRunner:
    """Runs groups on one store, one at a time."""

    def __init__(self, store: Store, lanes: dict[Zone, Lane]) -> None:
        self._store = store
        self._lanes = lanes
        reader = next(iter(lanes)) if len(lanes) == 1 else None
        own = str(reader) if reader is not None else "casework"
        self.hot = HotStatements(store.main, store.keystore, own)
        self._mutex = threading.Lock()
        #: Databases in whose write-ahead log pages linger: of destroyed wraps, of rows of erased cases.
        self._lingering: set[str] = set()

    @contextmanager
    def exclusive(self) -> Iterator[Store]:
        """No group runs meanwhile: for what else writes to an embedded store, which has one writer. Lends its store."""
        with self._mutex:
            yield self._store

    def run(self, jobs: Sequence[Job]) -> None:
        """Fill every job's reply or error. Never raises: a reply that was not committed must not get out."""
        with self._mutex:
            try:
                self._attempt_or_alone(jobs)
                if self._lingering:
                    self._purge()
            except BaseException as fault:
                self._abandon({})  # a bug here, outside any use case: nobody is answered
                self._open_lanes()
                _fail(jobs, fault)
                if not isinstance(fault, Exception):
                    raise

    def _attempt_or_alone(self, jobs: Sequence[Job]) -> None:
        try:
            self._attempt(jobs)
        except StatementFault as fault:
            if len(jobs) == 1 and not _passes(fault.cause):
                _fail(jobs, fault.cause)
                return
            for job in jobs:
                job.reply = job.error = None
                try:
                    self._attempt([job])
                except StatementFault as alone:
                    _fail([job], alone.cause)

    def _attempt(self, jobs: Sequence[Job]) -> None:
        store = self._store
        marks: dict[Zone, Mark] = {}
        try:
            store.connect()
            marks = {zone: self._lanes[zone].mark() for zone in dict.fromkeys(job.zone for job in jobs)}
            group = Group(store, self.hot)
            self.hot.begin([job.want for job in jobs if job.want is not None], group.cache)
            for job in jobs:
                self._run_job(group, job)
            if store.sqlite:
                group.flush()
        except (*DRIVER_ERRORS, StoreUnavailable, OSError) as fault:
            self._give_up(marks, fault)
        self._commit(jobs, group, marks)

    def _run_job(self, group: Group, job: Job) -> None:
        lane = self._lanes[job.zone]
        if not lane.announced:
            group.entries.append(lane.opening())
            self._announce(group, lane)
        tx = Transaction(group, lane)
        try:
            job.reply = job.work(ZoneUnitOfWork(job.zone, tx))
        except VaultError as refusal:
            if isinstance(refusal, StoreUnavailable):
                raise
            tx.undo()
            job.error = refusal
            noted = refusal.audit if isinstance(refusal.audit, tuple) else tx.in_vain(refusal.code)
            if noted is not None:
                group.entries.append(lane.write(*noted))
            if callable(refusal.instead):
                instead = Job(job.zone, refusal.instead)
                self._run_job(group, instead)
                job.error = instead.error or refusal
        except DRIVER_ERRORS:
            raise
        except Exception as fault:  # noqa: BLE001 - a bug in one use case must not take the group with it
            tx.undo()
            job.error = fault
            log.error("use case failed", extra={"fault": type(fault).__name__})
            unasked = (Event(Happening.FAILED, "use_case", Verdict.NONE, outcome="error"), Detail())
            group.entries.append(lane.write(*(tx.in_vain("error") or unasked)))
        else:
            tx.keep()

    def _announce(self, group: Group, lane: Lane) -> None:
        opened = group.entries[-1].at  # the lane first: a zone's role may write into lanes of its own alone
        group.store.main.execute(t.lanes.insert().values(lane=lane.lane, zone=str(lane.zone), opened_at=opened))
        group.flush()

    def _commit(self, jobs: Sequence[Job], group: Group, marks: dict[Zone, Mark]) -> None:
        """Keystore first, main second: what is lost in between are wraps that no row needs."""
        store = self._store
        try:
            stored = self._store_keys(group) and not store.sqlite
        except (*DRIVER_ERRORS, OSError) as fault:
            self._give_up(marks, fault, unknown=not store.sqlite)  # whether the keystore took the detail keys
        try:
            self.hot.finish(group.entries)
            if group.erasing:
                self._lingering.add("main")
        except (*DRIVER_ERRORS, OSError) as fault:
            still_open = store.main.in_transaction  # if not, whether it was committed is unknown
            if place_taken(fault):
                self._give_up({}, fault)
            self._abandon(marks if still_open and not stored else {})
            if not still_open or stored:
                self._open_lanes()
            _fail(jobs, fault)

    def _give_up(self, marks: dict[Zone, Mark], fault: BaseException, *, unknown: bool = False) -> NoReturn:
        self._abandon(marks)
        if place_taken(fault):
            log.error("somebody else wrote where a lane was to go on: a new one is opened")
            self._open_lanes("place_taken")
        elif unknown:
            self._open_lanes()
        raise StatementFault(fault) from fault

    def _open_lanes(self, why: str = "") -> None:
        """Whether something was committed is unknown: never use these numbers and keys again. why: a lane says so."""
        for lane in self._lanes.values():
            lane.open(why)

    def _store_keys(self, group: Group) -> bool:
        """Whether detail keys were stored: on PostgreSQL they cannot be taken back, see below."""
        detail_keys = [key for lane in self._lanes.values() for key in lane.keys]
        if not detail_keys and not group.wraps and not group.destroyed and not group.buried:
            return False
        keystore = self._store.keystore
        keystore.begin()
        try:
            if group.wraps:
                keystore.execute(
                    t.wraps.insert(),
                    [
                        {"key_id": key, "reader": reader, "wrap": wrap, "created_at": at}
                        for key, reader, wrap, at in group.wraps
                    ],
                )
            for key, reader in group.destroyed:
                keystore.execute(
                    t.wraps.update().where(t.wraps.c.key_id == key, t.wraps.c.reader == reader).values(wrap=b"")
                )
            for case, at in group.buried:
                once = (sqlite if keystore.sqlite else postgresql).insert(t.buried_cases)
                # Already there where the main database's part of an earlier try was lost.
                keystore.execute(once.on_conflict_do_nothing(), {"case_id": case, "at": at})
            if detail_keys:
                statement: Insert = t.detail_keys.insert()
                if keystore.sqlite:
                    # A group that failed after this point leaves an epoch's key behind that no entry uses: replace it.
                    # On PostgreSQL a new lane opens instead: no role may change another zone's detail key.
                    upsert = sqlite.insert(t.detail_keys)
                    renewed = {"first": upsert.excluded.first, "sealed_key": upsert.excluded.sealed_key}
                    statement = upsert.on_conflict_do_update(index_elements=["lane", "epoch"], set_=renewed)
                keystore.execute(
                    statement,
                    [
                        {"lane": k.lane, "epoch": k.epoch, "first": k.first, "sealed_key": k.sealed_key}
                        for k in detail_keys
                    ],
                )
        except BaseException:
            keystore.rollback()
            raise
        keystore.commit()
        if group.destroyed:
            self._lingering.add("keystore")
            self._purge()
        for lane in self._lanes.values():
            lane.keys.clear()
        return bool(detail_keys)

    def _purge(self) -> None:
        """The pages of what was destroyed shall not linger in a file. Nobody waits for who looks at an older page."""
        for which in [name for name in ("keystore", "main") if name in self._lingering]:
            database = getattr(self._store, which)
            if not database.sqlite:
                self._lingering.discard(which)
            elif database.connected and not database.in_transaction:
                try:
                    if database.purge():
                        self._lingering.discard(which)
                except StoreUnavailable:
                    log.warning("pages of what was destroyed are not overwritten yet")  # nothing opens them any more

    def _abandon(self, marks: dict[Zone, Mark]) -> None:
        self._store.main.rollback()
        self._store.keystore.rollback()
        for zone, mark in marks.items():
            self._lanes[zone].rewind(mark)


def _passes(fault: BaseException) -> bool:
    """Whether it may be otherwise the next time: somebody else was quicker, and what they wrote can be read now."""
    overtaken = isinstance(fault, IntegrityError) and unique_violation(fault)
    return overtaken or place_taken(fault) or generation_closed(fault)


def _fail(jobs: Sequence[Job], fault: BaseException) -> None:
    log.error("group failed", extra={"fault": type(fault).__name__, "size": len(jobs)})
    for job in jobs:
        job.reply = None
        job.error = StoreUnavailable("the store could not take this; nothing was written")
        job.error.__cause__ = fault


class Worker:
    """The queue in front of a `GroupRunner`."""

    def __init__(self, runner: GroupRunner) -> None:
        self._runner = runner
        #: How many may wait; 0 refuses everybody, while the log cannot keep up.
        self.limit = QUEUE_LIMIT
        #: How many were ever submitted: whoever would use quiet moments sees whether somebody came.
        self.submitted = 0
        self._queue: deque[Job] = deque()
        self._busy = False
        self._scheduled = False
        self._last = 1  # how many were in the last group
        self._groups = 1
        self._seen = self._still = 0  # how many waited at the last turn; turns since somebody came
        self._inlined = False  # in this turn of the loop; whoever comes second in it is not alone
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    def run(self, zone: Zone, work: Work) -> Any:
        """Run one use case now and return its committed reply. For commands, tests and start-up."""
        return self._alone(Job(zone, work))

    @property
    def idle(self) -> bool:
        """Whether nobody waits at this moment."""
        return not (self._busy or self._scheduled or self._queue)

    async def submit(self, zone: Zone, work: Work, *, quick: bool = True, want: Want | None = None) -> Any:
        """Queue one use case and wait for its committed reply. Raises StoreBusy when too many wait."""
        if len(self._queue) >= self.limit:
            raise StoreBusy("too many requests are waiting")
        self.submitted += 1
        loop = asyncio.get_running_loop()
        if quick and self._last == 1 and not (self._inlined or self._scheduled or self._busy or self._queue):
            self._inlined = True
            loop.call_soon(self._next_turn)
            return self._alone(Job(zone, work, quick, want))
        job = Job(zone, work, quick, want, loop.create_future())
        self._queue.append(job)
        if not self._busy and not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._drain, loop)
        assert job.future is not None
        return await job.future

    def _alone(self, job: Job) -> Any:
        self._runner.run((job,))
        if job.error is not None:
            raise job.error
        return job.reply

    def _next_turn(self) -> None:
        self._inlined = False

    def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        self._scheduled = False
        if self._busy or not self._queue:
            return
        if self._gather():
            self._scheduled = True
            loop.call_soon(self._drain, loop)
            return
        jobs = [self._queue.popleft() for _ in range(min(GROUP_LIMIT, len(self._queue)))]
        if all(job.quick for job in jobs):
            self._runner.run(jobs)
            self._release(loop, jobs)
            return
        self._busy = True
        handed = loop.run_in_executor(self._thread, self._runner.run, jobs)
        handed.add_done_callback(lambda _: self._finished(loop, jobs))

    def _gather(self) -> bool:
        """Whether to wait another turn of the loop for more: until as many wait as were in the last group.

        A commit is flushed once however many share it. Now and then a group waits for more than that, or two halves of
        a crowd that take turns would never meet. Somebody alone never waits.
        """
        waiting = len(self._queue)
        self._still = self._still + 1 if waiting == self._seen else 0
        self._seen = waiting
        wanted = min(self._last, GROUP_LIMIT) if self._groups % _LOOK_AROUND else GROUP_LIMIT
        if waiting < wanted and self._still < _STILL:
            return True
        self._last, self._seen, self._still = waiting, 0, 0
        self._groups += 1
        return False

    def _finished(self, loop: asyncio.AbstractEventLoop, jobs: Sequence[Job]) -> None:
        self._busy = False
        self._release(loop, jobs)

    def _release(self, loop: asyncio.AbstractEventLoop, jobs: Sequence[Job]) -> None:
        for job in jobs:
            job.answer()
        if self._queue and not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._drain, loop)

    def close(self) -> None:
        self._thread.shutdown(wait=True)
