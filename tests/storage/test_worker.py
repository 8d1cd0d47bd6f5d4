"""Group commit: no reply before its commit, nobody pays for a neighbour, the log stays whole whatever fails."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from gateway.settings import Settings
from tests.api.support import entries
from tests.crash.checks import faults
from tests.crash.snapshot import look
from tests.house import House, house_on
from vault.access.enforcement import with_event
from vault.audit.events import Detail, Event, Verdict
from vault.errors import AccessDenied, Conflict, StoreBusy, StoreUnavailable, VaultError
from vault.ids import KeyId
from vault.storage import tables as t
from vault.storage.worker import GROUP_LIMIT, QUEUE_LIMIT, Job
from vault.unit_of_work import AttemptRow
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT

YES = Event("sign_in_refused", "session", Verdict.ALLOW, actor="a-test", outcome="kept")


def write(house: House, name: str, then: BaseException | None = None) -> Callable[[Any], str]:
    """A use case that writes one row, and perhaps fails after that."""

    def work(uow: Any) -> str:
        entry = uow.audit.append(YES._replace(object=name), Detail(name=name))
        uow.attempts.put(CASEWORK, name.encode().ljust(32), AttemptRow(1, house.clock.now(), None), entry)
        if then is not None:
            raise then
        return name

    return work


def read(name: str) -> Callable[[Any], str]:
    def work(uow: Any) -> str:
        uow.audit.append(YES._replace(object=name), Detail(name=name))
        return name

    return work


def in_the_way(house: House, *, waiting: bool) -> bytes:
    """Somebody else's entry in the next place of casework's lane, and perhaps its row in the outbox; the lane."""
    with house.services.store.main.engine.begin() as connection:
        lanes = {bytes(row.lane) for row in connection.execute(select(t.lanes)) if row.zone == "casework"}
        now = house.services.lanes[CASEWORK].lane
        assert now in lanes
        last = max(bytes(row[0]) for row in connection.execute(select(t.entries.c.entry_id)) if row[0][:8] == now)
        place = now + (int.from_bytes(last[8:], "big") + 1).to_bytes(8, "big")
        connection.execute(t.entries.insert().values(entry_id=place, body=b'{"at":""}'))
        if waiting:
            connection.execute(t.outbox.insert().values(entry_id=place, epoch=0, run=1))
    return now


def test_an_entry_in_the_way_opens_a_new_lane_and_nobody_is_refused(house: House) -> None:
    asyncio.run(gather(house, read("one")))
    lanes = [in_the_way(house, waiting=False)]
    assert house.services.worker.run(CASEWORK, write(house, "alone")) == "alone"
    lanes.append(in_the_way(house, waiting=True))
    assert asyncio.run(gather(house, write(house, "two"), read("three"))) == ["two", "three"]
    lanes.append(house.services.lanes[CASEWORK].lane)
    assert len(set(lanes)) == 3
    kept = [entry["object"] for entry in entries(house) if entry.get("outcome") == "kept"]
    assert sorted(kept) == ["alone", "one", "three", "two"], "each once"


def refuse(name: str, house: House | None = None) -> Callable[[Any], str]:
    """A use case that is denied, perhaps after it wrote."""

    def work(uow: Any) -> str:
        if house is not None:
            write(house, name)(uow)
        denied = Event("read", "note", Verdict.DENY, object=name)
        raise with_event(AccessDenied(), denied, Detail(name=name))

    return work


def rows(house: House) -> set[str]:
    with house.services.store.main.engine.connect() as connection:
        return {bytes(row[0]).decode().strip() for row in connection.execute(select(t.attempts.c.subject))}


def objects(house: House) -> list[tuple[str, str]]:
    return [(entry["object"], entry["decision"]) for entry in entries(house) if entry["object"]]


async def gather(house: House, *works: Callable[[Any], Any], quick: bool = True) -> list[Any]:
    """All at once, as one group where they fit: the worker has a crowd behind it, so nobody is taken for alone."""
    worker = house.services.worker
    worker._last = 2
    return await asyncio.gather(*(worker.submit(CASEWORK, work, quick=quick) for work in works), return_exceptions=True)


@pytest.fixture
def commits(house: House, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of committed groups' databases, in order."""
    seen: list[str] = []
    for name, place, method in (
        ("main", house.services.worker._runner.hot, "finish"),
        ("keystore", house.services.store.keystore, "commit"),
    ):
        original = getattr(place, method)

        def commit(*args: Any, name: str = name, original: Callable[..., None] = original) -> None:
            seen.append(name)
            original(*args)

        monkeypatch.setattr(place, method, commit)
    return seen


def test_somebody_alone_is_served_at_once_and_whoever_comes_beside_is_grouped(house: House, commits: list[str]) -> None:
    async def two_turns() -> list[str]:
        submit = house.services.worker.submit
        alone = [await submit(CASEWORK, read("alone")), await submit(CASEWORK, read("again alone"))]
        beside = await asyncio.gather(*(submit(CASEWORK, read(f"beside {n}")) for n in range(5)))
        return [*alone, *beside]

    assert asyncio.run(two_turns()) == ["alone", "again alone", *(f"beside {n}" for n in range(5))]
    assert commits.count("main") <= 4, "each of two, the first of five, and the other four together"
    assert faults(house.settings) == []


def test_a_group_shares_one_commit(house: House, commits: list[str]) -> None:
    names = [[f"job {n} {sort}" for n in range(8)] for sort in ("inline", "in the thread")]
    for quick, those in zip((True, False), names, strict=True):
        commits.clear()
        assert asyncio.run(gather(house, *(write(house, name) for name in those), quick=quick)) == those
        assert commits.count("main") == 1
    assert rows(house) == {*names[0], *names[1]}
    assert faults(house.settings) == []


def test_a_large_crowd_is_served_in_groups(house: House, commits: list[str]) -> None:
    crowd = GROUP_LIMIT * 3 + 1
    replies = asyncio.run(gather(house, *(read(str(n)) for n in range(crowd))))
    assert replies == [str(n) for n in range(crowd)]
    assert commits.count("main") == 4
    assert faults(house.settings) == []


def test_no_reply_leaves_before_its_commit(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    main = lite_house.services.store.main
    original, answered = main.commit, []

    async def race() -> None:
        loop = asyncio.get_running_loop()
        futures = [
            asyncio.ensure_future(lite_house.services.worker.submit(CASEWORK, read(str(n)), quick=False))
            for n in range(3)
        ]

        def slow_commit() -> None:
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), loop).result()
            answered.append([future.done() for future in futures])
            original()

        monkeypatch.setattr(main, "commit", slow_commit)
        await asyncio.gather(*futures)

    asyncio.run(race())
    assert answered == [[False] * 3]


def test_one_failing_use_case_does_not_take_its_neighbours(house: House) -> None:
    works = (
        write(house, "before"),
        write(house, "refused", Conflict("no")),
        write(house, "broken", ZeroDivisionError("a bug")),
        refuse("denied", house),
        write(house, "after"),
        read("reads"),
    )
    replies = asyncio.run(gather(house, *works))
    assert [type(reply) for reply in replies] == [str, Conflict, ZeroDivisionError, AccessDenied, str, str]
    assert rows(house) == {"before", "after"}
    assert objects(house) == [
        ("before", "allow"), ("refused", "allow"), ("broken", "allow"), ("denied", "deny"), ("after", "allow"),
        ("reads", "allow"),
    ]  # fmt: skip
    in_vain = {entry["object"]: entry["outcome"] for entry in entries(house) if entry["count"] == 0}
    assert in_vain == {"refused": "conflict", "broken": "error"}
    assert faults(house.settings) == []


def test_a_denial_is_written_in_the_group_that_undid_it(house: House, commits: list[str]) -> None:
    replies = asyncio.run(gather(house, refuse("one", house), write(house, "two"), refuse("three")))
    assert [type(reply) for reply in replies] == [AccessDenied, str, AccessDenied]
    assert commits.count("main") == 1
    assert objects(house) == [("one", "deny"), ("two", "allow"), ("three", "deny")]
    assert faults(house.settings) == []


def test_a_bug_before_anything_was_allowed_is_written_down_too(lite_house: House) -> None:
    def broken(uow: Any) -> None:
        raise RuntimeError("secret text")

    (reply,) = asyncio.run(gather(lite_house, broken))
    assert isinstance(reply, RuntimeError)
    last = entries(lite_house)[-1]
    assert (last["action"], last["decision"], last["outcome"]) == ("failed", "none", "error")
    assert "secret" not in str(last)


@pytest.mark.parametrize("seed", range(4))
def test_lanes_stay_whole_through_every_mixture(lite_house: House, seed: int) -> None:
    """Reads, writes, denials and bugs of two zones, across epochs and a restart; details must all open."""
    chance = random.Random(seed)
    house = lite_house
    kinds: tuple[Callable[[str], Callable[[Any], str]], ...] = (
        read, refuse, lambda name: write(house, name), lambda name: refuse(name, house),
        lambda name: write(house, name, Conflict("no")), lambda name: write(house, name, ValueError("bug")),
    )  # fmt: skip

    async def play(turn: int) -> None:
        submit = house.services.worker.submit
        await asyncio.gather(
            *(
                submit(
                    chance.choice((CASEWORK, FOLLOW_UP, OVERSIGHT)),
                    chance.choice(kinds)(f"{turn}.{n}"),
                    quick=chance.random() < 0.5,
                )
                for n in range(chance.randint(1, 12))
            ),
            return_exceptions=True,
        )

    for turn in range(8):
        asyncio.run(play(turn))
        house.clock.move(minutes=chance.choice((0, 1, 10, -10, 25)))
        if turn == 5:
            house.reopen()
    assert faults(house.settings) == []
    assert len({entry["lane"] for entry in entries(house)}) > 1


class Fault:
    """Makes one call of a database's method fail, once."""

    def __init__(
        self, database: Any, method: str, error: Exception, *, after: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = getattr(database, method)
        self.armed = True

        def call(*args: Any, **kwargs: Any) -> Any:
            if not self.armed:
                return original(*args, **kwargs)
            self.armed = False
            if after:
                original(*args, **kwargs)
            raise error

        monkeypatch.setattr(database, method, call)


def _gone(house: House) -> Exception:
    return (
        sqlite3.OperationalError("disk I/O error") if house.services.store.sqlite else psycopg.OperationalError("gone")
    )


@pytest.mark.parametrize("after", [False, True], ids=["lost", "kept but unanswered"])
def test_a_failed_commit_answers_nobody(house: House, monkeypatch: pytest.MonkeyPatch, after: bool) -> None:
    house.services.worker.run(CASEWORK, write(house, "first"))
    before = {entry["lane"] for entry in entries(house)}
    Fault(house.services.worker._runner.hot, "finish", _gone(house), after=after, monkeypatch=monkeypatch)
    replies = asyncio.run(gather(house, write(house, "a"), refuse("b"), read("c"), write(house, "d", Conflict("x"))))
    assert [type(reply) for reply in replies] == [StoreUnavailable] * 4
    assert rows(house) == ({"first", "a"} if after else {"first"})
    asyncio.run(gather(house, write(house, "next"), read("more")))
    assert "next" in rows(house)
    lanes = {entry["lane"] for entry in entries(house)}
    # While the transaction is open nothing of it was kept: the lane goes on. Where that is unknown, a new one begins.
    assert (lanes == before) is (not after)
    assert faults(house.settings) == []


def test_a_failing_keystore_loses_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.services.worker.run(CASEWORK, write(house, "first"))
    kept = {"first"}
    for method in ("begin", "commit"):
        for after in (False, True):
            house.clock.move(minutes=10)  # a new epoch: its key goes to the keystore
            with monkeypatch.context() as once:
                Fault(house.services.store.keystore, method, _gone(house), after=after, monkeypatch=once)
                names = [f"{method} {after} {name}" for name in "ab"]
                replies = asyncio.run(gather(house, *(write(house, name) for name in names)))
            assert replies == names, "each alone, once"
            kept |= set(names)
            assert rows(house) == kept
    house.clock.move(minutes=10)
    assert asyncio.run(gather(house, write(house, "c"))) == ["c"]
    assert faults(house.settings) == []


def test_after_a_failed_statement_each_runs_alone(house: House) -> None:
    """One use case hits the database's limits every time: the others are served all the same."""

    def impossible(uow: Any) -> None:
        write(house, "impossible")(uow)
        raise OperationalError("SELECT", {}, _gone(house))

    replies = asyncio.run(gather(house, write(house, "a"), impossible, write(house, "b"), refuse("c")))
    assert [type(reply) for reply in replies] == [str, StoreUnavailable, str, AccessDenied]
    assert rows(house) == {"a", "b"}
    assert objects(house) == [("a", "allow"), ("b", "allow"), ("c", "deny")]
    assert faults(house.settings) == []


def test_a_constraint_that_nobody_foresaw_hurts_only_its_own(house: House) -> None:
    def twice(uow: Any) -> None:
        entry = uow.audit.append(YES, Detail())
        for _ in range(2):
            uow._tx.write(t.attempts.insert().values(
                zone="casework", subject=bytes(32), failures=1, since=house.clock.now(), entry_id=entry.raw
            ))  # fmt: skip

    replies = asyncio.run(gather(house, write(house, "a"), twice, write(house, "b")))
    assert [type(reply) for reply in replies] == [str, StoreUnavailable, str]
    assert faults(house.settings) == []


def test_a_bug_of_the_worker_answers_nobody_and_is_got_over(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a database error, not a use case: whatever it is, no uncommitted reply gets out."""
    runner = lite_house.services.worker._runner
    original = runner.hot.write_entries
    calls = iter([True])

    def broken(found: Any) -> None:
        if next(calls, False):
            raise TypeError("a bug")
        original(found)

    monkeypatch.setattr(runner.hot, "write_entries", broken)
    for quick in (True, False):
        replies = asyncio.run(gather(lite_house, read("a"), read("b"), quick=quick))
        if quick:
            assert [type(reply) for reply in replies] == [StoreUnavailable] * 2
            calls = iter([True])
    assert asyncio.run(gather(lite_house, write(lite_house, "c"))) == ["c"]
    assert faults(lite_house.settings) == []


def test_a_queue_that_nobody_can_drain_is_refused(lite_house: House) -> None:
    async def flood() -> list[Any]:
        return await gather(lite_house, *(read(str(n)) for n in range(QUEUE_LIMIT + 5)))

    replies = asyncio.run(flood())
    assert sum(isinstance(reply, StoreBusy) for reply in replies) == 5
    assert sum(isinstance(reply, str) for reply in replies) == QUEUE_LIMIT
    assert asyncio.run(gather(lite_house, read("again"))) == ["again"]


def test_who_stops_waiting_does_not_stop_the_others(lite_house: House) -> None:
    async def leave() -> list[Any]:
        submit = lite_house.services.worker.submit
        tasks = [asyncio.ensure_future(submit(CASEWORK, write(lite_house, str(n)), quick=False)) for n in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    replies = asyncio.run(leave())
    assert replies[0] == "0"
    assert replies[2] == "2"
    assert isinstance(replies[1], asyncio.CancelledError)
    assert faults(lite_house.settings) == []


def test_commands_and_requests_take_turns(lite_house: House) -> None:
    """`run` in other threads beside the loop: one group at a time, one chain."""
    worker = lite_house.services.worker
    problems: list[Exception] = []

    def command(name: str) -> None:
        try:
            for n in range(10):
                worker.run(CASEWORK, write(lite_house, f"{name}{n}"))
        except Exception as fault:  # noqa: BLE001 - shown below
            problems.append(fault)

    threads = [threading.Thread(target=command, args=(name,)) for name in ("x", "y")]
    for thread in threads:
        thread.start()
    asyncio.run(gather(lite_house, *(write(lite_house, f"z{n}") for n in range(10)), quick=False))
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(rows(lite_house)) == 30
    assert faults(lite_house.settings) == []


def test_a_use_case_sees_its_own_wrap_and_not_that_of_one_undone(house: House) -> None:
    key = KeyId(b"k" * 16)

    def put(uow: Any) -> bytes | None:
        uow.audit.append(YES, Detail())
        uow.keys.put(key, CASEWORK, b"wrap", house.clock.now())
        found: bytes | None = uow.keys.wrap(key, CASEWORK)
        return found

    def undone(uow: Any) -> None:
        put(uow)
        raise Conflict("no")

    def look_for(uow: Any) -> bytes | None:
        uow.audit.append(YES, Detail())
        found: bytes | None = uow.keys.wrap(key, CASEWORK)
        return found

    replies = asyncio.run(gather(house, undone, look_for, put, look_for))
    assert isinstance(replies[0], Conflict)
    assert replies[1:] == [None, b"wrap", b"wrap"]
    assert len([row for row in look(house.settings)["wraps"] if bytes(row["key_id"]) == key.raw]) == 1


def test_a_terminated_connection_answers_503_and_then_works_again(postgres_settings: Settings) -> None:
    settings = postgres_settings
    with house_on(settings) as house:
        coach = house.client("coach")
        case = house.open_case(coach)
        for url in (settings.main_url, settings.keys_url):
            house.clock.move(minutes=11)
            with psycopg.connect(url, autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            refused = coach.get(f"/cases/{case}/identity")
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            assert coach.get(f"/cases/{case}/identity").status_code == 200
        assert faults(settings) == []


def test_a_group_on_a_lost_connection_runs_alone_on_a_new_one(postgres_settings: Settings) -> None:
    settings = postgres_settings
    with house_on(settings) as house:
        house.services.worker.run(CASEWORK, write(house, "first"))

        def cut(uow: Any) -> None:
            write(house, "cut")(uow)
            with psycopg.connect(settings.main_url, autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            uow.sessions.find(bytes(32))

        replies = asyncio.run(gather(house, write(house, "a"), cut, write(house, "b")))
        assert [type(reply) for reply in replies] == [str, StoreUnavailable, str]
        assert rows(house) == {"first", "a", "b"}
        assert faults(settings) == []


def test_the_outbox_covers_every_entry_until_somebody_takes_it(lite_house: House) -> None:
    asyncio.run(gather(lite_house, *(read(str(n)) for n in range(3))))
    with lite_house.services.store.main.engine.connect() as connection:
        entries = connection.execute(select(func.count()).select_from(t.entries)).scalar_one()
        assert connection.execute(select(func.sum(t.outbox.c.run))).scalar_one() == entries


def test_every_vault_error_but_a_lost_store_is_the_use_cases_own(lite_house: House) -> None:
    """StoreUnavailable raised inside a use case means the group's transaction cannot be trusted any more."""

    def kinds(kind: type[VaultError]) -> Iterator[type[VaultError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from kinds(child)

    for kind in kinds(VaultError):
        error = kind.__new__(kind)
        Exception.__init__(error, "x")
        job = Job(CASEWORK, write(lite_house, "x", error))
        lite_house.services.worker._runner.run([job])
        assert isinstance(job.error, kind if kind is not StoreUnavailable else StoreUnavailable)
    assert rows(lite_house) == set()
    assert faults(lite_house.settings) == []
