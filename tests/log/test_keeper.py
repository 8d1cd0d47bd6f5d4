"""The keeper with real witnesses: heads are signed by them, and a database that goes back is noticed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.verify import Failed, Policy, verify_logs
from auditor.witness import Witness, server
from gateway.clock import SystemEntropy
from gateway.log import running
from gateway.log.keeper import LogKeeper, LogThread
from gateway.log.key import create_log_key, load_log_key, periods, read_policy
from gateway.log.running import Pulse, log_lane, log_store, make_keeper
from gateway.log.source import live_source
from gateway.settings import Settings
from tests.house import House, MovableClock, house_on
from tests.log.kit import KEY
from tests.log.test_sequencer import tree, work
from tests.unit.crypto.kit import WeakFileRoot
from vault.audit.sequencer import Sequencer
from vault.errors import ConfigurationError, KeyringMissing, LogRolledBack, StoreUnavailable
from vault.oversight.standing import HEADS_LOOKED_AT
from vault.storage.log_reader import SqlLogReader
from vault.storage.log_store import SqlLogStore


@contextmanager
def witness_at(folder: Path, clock: Any) -> Iterator[tuple[Witness, str]]:
    """A witness on loopback, told of no log yet."""
    if not (folder / "key").exists():
        Witness.create(folder, f"witness.example/{folder.name}")
    witness = Witness(folder, lambda: clock.moment.timestamp())
    web = server(witness, "127.0.0.1", 0)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    try:
        yield witness, f"http://127.0.0.1:{web.server_address[1]}"
    finally:
        web.shutdown()
        thread.join()
        web.server_close()
        witness.close()


@pytest.fixture
def witnesses(house: House, tmp_path: Path) -> Iterator[list[Witness]]:
    """Two witnesses that know the log; the policy asks for both."""
    with (
        witness_at(tmp_path / "w1", house.clock) as (one, url1),
        witness_at(tmp_path / "w2", house.clock) as (two, url2),
    ):
        tell(house.settings, one, two)
        policy = read_policy(house.settings).replace(
            "quorum none\n",
            f"witness one {one.verifier_key} {url1}\nwitness two {two.verifier_key} {url2}\n"
            "group both all one two\nquorum both\n",
        )
        (house.settings.log_home / "policy.txt").write_text(policy)
        yield [one, two]


def tell(settings: Settings, *witnesses: Witness) -> None:
    for line in read_policy(settings).split("\n"):
        if line.startswith("log "):
            for witness in witnesses:
                witness.add_log(line.split()[1])


def keeper_of(house: House, settings: Settings | None = None, **options: Any) -> LogKeeper:
    key = load_log_key(house.settings, SystemEntropy(), WeakFileRoot)
    store = log_store(house.settings)
    lane = log_lane(house.services.directory, house.clock)
    return LogKeeper(settings or house.settings, key, store, lane, house.clock, **options)


def verdict(house: House, keeper: LogKeeper) -> str:
    policy = Policy.parse(read_policy(house.settings))
    reader = keeper._reader
    try:
        verify_logs([live_source(reader, head, policy) for head in reader.heads()], policy)
    except Failed as fault:
        return fault.kind
    return "sound"


def let_go(keeper: LogKeeper) -> None:
    keeper.close()
    keeper._store._store.close()


def test_two_witnesses_sign_what_grows_and_the_verifier_wants_both(house: House, witnesses: list[Witness]) -> None:
    keeper = keeper_of(house)
    work(house)
    keeper.turn()
    assert verdict(house, keeper) == "quorum"
    keeper.show()
    assert verdict(house, keeper) == "sound"
    assert keeper.state.unanswered == ()
    for _ in range(3):
        work(house)
        keeper.turn()
        house.clock.move(seconds=11)
    keeper.show()
    assert verdict(house, keeper) == "sound"
    heads = keeper._reader.heads()
    assert [witness.head(heads[0].origin).size for witness in witnesses] == [heads[0].size] * 2  # type: ignore[union-attr]
    let_go(keeper)


def test_a_witness_that_is_away_is_named_and_the_log_goes_on(house: House, tmp_path: Path) -> None:
    with witness_at(tmp_path / "w1", house.clock) as (one, url):
        tell(house.settings, one)
        policy = read_policy(house.settings).replace("quorum none", f"witness one {one.verifier_key} {url}\nquorum one")
        (house.settings.log_home / "policy.txt").write_text(policy)
    keeper = keeper_of(house)
    work(house)
    keeper.turn()
    keeper.show()
    assert [each.name for each in keeper.state.unanswered] == ["one"]
    assert verdict(house, keeper) == "quorum"
    let_go(keeper)


def test_a_witness_that_forgot_is_told_again_and_one_that_knows_more_stops_the_log(
    house: House, witnesses: list[Witness]
) -> None:
    keeper = keeper_of(house)
    work(house)
    keeper.turn()
    keeper.show()
    again = keeper_of(house)  # a new process: it has forgotten what the witnesses saw
    work(house)
    again.turn()
    again.show()
    assert verdict(house, again) == "sound"
    let_go(again)
    let_go(keeper)


def _damage(witness: Witness, size: int | None = None) -> None:
    """What the witness remembers of the log, changed: as if it had been shown another one."""
    connection = witness._database
    if size is not None:
        connection.execute("UPDATE heads SET size = ?", (str(size),))
    else:
        connection.execute("UPDATE heads SET root = ?", (b"\1" * 32,))


@pytest.mark.parametrize("size", [None, 10_000])
def test_a_database_that_went_back_is_noticed_by_a_witness_before_anything_is_signed(
    house: House, witnesses: list[Witness], size: int | None
) -> None:
    keeper = keeper_of(house)
    work(house)
    keeper.turn()
    keeper.show()
    let_go(keeper)
    (house.settings.log_home / "seen").unlink()
    before = SqlLogReader(house.services.store.main).heads()
    _damage(witnesses[1], size)
    work(house)
    stopped = keeper_of(house)
    for _ in range(2):
        with pytest.raises(LogRolledBack):
            stopped.turn()
    assert SqlLogReader(house.services.store.main).heads() == before
    let_go(stopped)


@contextmanager
def three_witnesses(house: House, folder: Path) -> Iterator[list[Witness]]:
    """Of which two are enough."""
    with ExitStack() as held:
        made = [held.enter_context(witness_at(folder / name, house.clock)) for name in ("w1", "w2", "w3")]
        tell(house.settings, *(witness for witness, _ in made))
        named = "".join(
            f"witness {name} {each.verifier_key} {url}\n"
            for name, (each, url) in zip(("one", "two", "three"), made, strict=True)
        )
        policy = read_policy(house.settings).replace(
            "quorum none\n", f"{named}group most 2 one two three\nquorum most\n"
        )
        (house.settings.log_home / "policy.txt").write_text(policy)
        yield [witness for witness, _ in made]


@pytest.mark.parametrize(("size", "why"), [(None, "another_history"), (10_000, "more_entries")])
def test_one_witness_that_proves_nothing_stops_no_log_that_enough_others_sign(
    house: House, tmp_path: Path, size: int | None, why: str
) -> None:
    with three_witnesses(house, tmp_path) as witnesses:
        keeper = keeper_of(house)
        work(house)
        keeper.turn()
        keeper.show()
        _damage(witnesses[1], size)
        for each in (keeper, keeper_of(house)):  # while it runs, and in a new process
            for _ in range(2):
                work(house)
                each.turn()
                house.clock.move(seconds=11)
                each.show()
            assert [tuple(one) for one in each.state.unanswered] == [("two", why)]
            each.turn()
            assert verdict(house, each) == "sound"
            let_go(each)
        said = [entry for entry in tree(house) if entry["action"] == "witness_contradicts"]
        assert [(entry["object"], entry["outcome"]) for entry in said] == [
            (f"witness:{witnesses[1].key.key_id.hex()}", why)
        ] * 2, "once for each process and hour"
        state = house.client("auditor").get("/log-state").json()
        assert (state["contradicted"], state["quorum"]) == (said[-1]["at"], "met")


def test_a_witness_that_shows_what_the_log_signed_stops_it_whatever_others_say(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    """Two of three have forgotten what they saw, and sign the older database: the third one holds the proof."""
    with house_on(sqlite_settings) as house:
        work(house)
        keeper = keeper_of(house)
        keeper.turn()
        let_go(keeper)
    backup = {name: (sqlite_settings.home / name).read_bytes() for name in ("main.db", "keystore.db")}
    with house_on(sqlite_settings) as house, three_witnesses(house, tmp_path) as witnesses:
        house.hire("colleague")
        keeper = keeper_of(house)
        keeper.turn()
        keeper.show()
        let_go(keeper)
        for forgetful in witnesses[:2]:
            forgetful._database.execute("DELETE FROM heads")
        (house.settings.log_home / "seen").unlink()
        for name, content in backup.items():
            other = sqlite_settings.home / name
            other.unlink()
            other.write_bytes(content)
            for rest in ("-wal", "-shm"):
                (sqlite_settings.home / f"{name}{rest}").unlink(missing_ok=True)
        stopped = keeper_of(house)
        with pytest.raises(LogRolledBack, match="does not have"):
            stopped.turn()
        let_go(stopped)


def test_the_state_names_the_last_head_that_enough_signed_however_long_ago(house: House, tmp_path: Path) -> None:
    """While witnesses are away is when somebody asks since when."""
    with three_witnesses(house, tmp_path) as witnesses:
        keeper = keeper_of(house)
        work(house)
        keeper.turn()
        keeper.show()
        signed = keeper.state.shown
        for forgetful in witnesses[:2]:
            forgetful._database.execute("DELETE FROM logs")  # they know no such log any more; the third one signs on
        for _ in range(HEADS_LOOKED_AT + 1):
            house.clock.move(seconds=11)
            house.client("coach").get("/cases")
            keeper.turn()
            keeper.show()
        state = house.client("auditor").get("/log-state").json()
        assert (state["cosigned_size"], state["witnesses"], state["quorum"]) == (signed, 3, "not_met")
        let_go(keeper)


def test_a_restored_backup_is_noticed_without_any_witness_and_a_new_tree_says_so(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    with house_on(sqlite_settings) as house:
        keeper = keeper_of(house)
        work(house)
        keeper.turn()
        keeper.show()
        let_go(keeper)
    backup = tmp_path / "backup"
    shutil.copytree(sqlite_settings.home, backup)
    with house_on(sqlite_settings) as house:
        keeper = keeper_of(house)
        house.hire("colleague")
        keeper.turn()
        keeper.show()
        let_go(keeper)
    for name in ("main.db", "keystore.db"):
        shutil.copy(backup / name, sqlite_settings.home / name)
        for rest in ("-wal", "-shm"):
            (sqlite_settings.home / f"{name}{rest}").unlink(missing_ok=True)
    with house_on(sqlite_settings) as house:
        stopped = keeper_of(house)
        house.hire("desk")
        with pytest.raises(LogRolledBack, match="restored or replaced"):
            stopped.turn()
        stopped.forget_seen()
        head = stopped.turn(reopen="restored").head
        assert head is not None
        assert head.origin.endswith("2026h2-1")
        stopped.show()
        let_go(stopped)
        again = keeper_of(house)
        house.hire("head")
        assert again.turn().taken > 0
        again.show()
        let_go(again)


def test_another_tree_of_the_same_size_is_noticed(sqlite_settings: Settings) -> None:
    with house_on(sqlite_settings) as house:
        keeper = keeper_of(house)
        work(house)
        keeper.turn()
        keeper.show()
        let_go(keeper)
        seen = (sqlite_settings.log_home / "seen").read_text().split()
        (sqlite_settings.log_home / "seen").write_text(f"{seen[0]} {int(seen[1]) - 1} {seen[2]}\n")
        stopped = keeper_of(house)
        with pytest.raises(LogRolledBack, match="another tree"):
            stopped.turn()
        let_go(stopped)


def test_the_thread_keeps_the_log_beside_a_server_and_brings_it_up_to_date_at_the_end(lite_house: House) -> None:
    house, pressed = lite_house, []
    thread = LogThread(
        lambda: make_keeper(house.settings, house.clock, WeakFileRoot, house.services), pressed.append, every=0.01
    )
    thread.start()
    work(house)
    thread.stop()
    connection = sqlite3.connect(house.settings.home / "main.db")
    assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM leaves").fetchone()[0] > 10
    connection.close()
    assert thread.state.stopped == ""
    assert thread.state.size > 10
    assert set(pressed) == {False}


def test_a_log_that_cannot_run_lets_requests_wait(lite_house: House) -> None:
    house, pressed = lite_house, []
    (house.settings.log_home / "key").unlink()
    thread = LogThread(
        lambda: make_keeper(house.settings, house.clock, WeakFileRoot, house.services), pressed.append, every=0.01
    )
    thread.state.drained -= 100
    thread.start()
    while not pressed:
        threading.Event().wait(0.01)
    thread.stop()
    assert thread.state.stopped == "keyring_missing"
    assert set(pressed) == {True}


def test_a_fault_that_nobody_foresaw_stops_the_log_and_lets_requests_wait(lite_house: House) -> None:
    """A thread that died of it would leave the service answering while nothing is logged any more."""
    house, pressed = lite_house, []

    def make() -> LogKeeper:
        keeper = make_keeper(house.settings, house.clock, WeakFileRoot, house.services)
        keeper.state.drained -= 100

        def turn(*_: Any, **__: Any) -> Any:
            raise RuntimeError("a bug")

        keeper.turn = turn  # type: ignore[method-assign]
        return keeper

    thread = LogThread(make, pressed.append, every=0.01)
    thread.start()
    while not pressed:
        assert thread.is_alive()
        threading.Event().wait(0.01)
    thread.stop()
    assert (thread.state.stopped, set(pressed)) == ("RuntimeError", {True})


def test_what_is_shown_is_published_and_narrow_tiles_do_not_stay_for_ever(lite_house: House, tmp_path: Path) -> None:
    house, folder = lite_house, tmp_path / "shown"
    settings, coach = house.settings.model_copy(update={"log_folder": folder}), house.client("coach")
    old = time.time() - 2 * 86_400
    for calls in (20, 280):
        keeper = keeper_of(house, settings)
        for _ in range(calls):
            coach.get("/cases")
        keeper.turn()
        keeper.show()
        let_go(keeper)
    (tiles,) = folder.glob("*/tile")
    assert list(tiles.glob("0/000.p/*")), "whoever reads by the head before has a day"
    for path in tiles.rglob("*.p/*"):
        os.utime(path, (old, old))
    keeper = keeper_of(house, settings)
    keeper.show()
    let_go(keeper)
    assert list(tiles.glob("*/000.p")) == [tiles / "1/000.p"], "there is no full one of these yet"
    assert list(tiles.glob("0/001.p/*"))
    assert verify_logs(str(folder), Policy.parse(read_policy(settings)))[0]


def test_the_logs_key_is_its_own_and_made_once(sqlite_settings: Settings) -> None:
    entropy = SystemEntropy()
    one = load_log_key(sqlite_settings, entropy, WeakFileRoot)
    assert one.name.startswith("parefeu.invalid/")
    with pytest.raises(ConfigurationError):
        create_log_key(sqlite_settings, "", MovableClock(), entropy, WeakFileRoot)
    keys = [line.split()[1] for line in read_policy(sqlite_settings).split("\n") if line.startswith("log ")]
    names = [f"{one.name}/{period}" for period in periods(MovableClock().now(), 8)]
    assert keys == [str(one.signer(name).verifier) for name in names]
    assert len({key.rpartition("+")[2] for key in keys}) == 8, "a key of its own for each tree"
    assert Policy.parse(read_policy(sqlite_settings)).quorum == "none"
    (sqlite_settings.log_home / "key").unlink()
    with pytest.raises(KeyringMissing):
        load_log_key(sqlite_settings, entropy, WeakFileRoot)


def test_a_process_that_cannot_see_how_far_the_log_is_lets_requests_wait(
    lite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    services, pulse = lite_house.services, Pulse(lite_house.services, watch=True, every=0.01)
    usual, failing = services.worker.limit, threading.Event()
    monkeypatch.setattr(running, "PRESS_AFTER", 0.05)

    def behind(*_: Any) -> bool:
        if failing.is_set():
            raise StoreUnavailable("the wire was cut")
        return False

    def until(limit: int) -> None:
        while services.worker.limit != limit:
            assert pulse.is_alive()
            threading.Event().wait(0.01)

    monkeypatch.setattr(pulse, "behind", behind)
    failing.set()
    pulse.start()
    until(0)
    failing.clear()
    until(usual)
    pulse.stop()


def test_after_a_clock_was_set_back_the_log_still_says_that_it_lives(house: House) -> None:
    """Zones look at when it last turned: silent until the clock had caught up, it would let all requests wait."""
    store = log_store(house.settings)
    sequencer = Sequencer(
        SqlLogStore(store), log_lane(house.services.directory, house.clock), KEY, house.clock,
        say_idle=timedelta(seconds=1),
    )  # fmt: skip
    reader, pulse = SqlLogReader(store.main), Pulse(house.services, watch=False)
    work(house)
    sequencer.turn()
    for step in (2, -3_600, 2):
        house.clock.move(seconds=step)
        assert pulse.behind(reader) is (step < 0), "of a moment that is still to come nobody knows how long ago it was"
        sequencer.turn()
        turned = reader.turned()
        assert turned is not None
        assert abs(turned[0] - house.clock.now()) < timedelta(seconds=1)
        assert pulse.behind(reader) is False
    store.close()
