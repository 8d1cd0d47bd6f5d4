"""Writers and sequencers that die by SIGKILL, many lives each, with clocks that jump; then everything is counted.

    python -m tests.log.chaos HOME [MAIN_URL KEYSTORE_URL]

Every second life is killed from outside at a random moment, the others die by themselves before a random write. On
PostgreSQL two writers and two rival sequencers live at a time; on SQLite, which has one writer, a process is both.
Each life is a forked child that opens the store itself; the parent only counts what was acknowledged.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from gateway.settings import Settings
from tests.crash.checks import faults
from tests.crash.hooks import watched
from tests.crash.snapshot import look
from tests.house import Caller, House, MovableClock, decided, house_on, shipped_firewall
from tests.log.kit import KEY, Keeper, lane_of, verdict
from tests.log.test_sequencer import faults as tree_faults
from vault.audit.sequencer import Sequencer
from vault.errors import StoreUnavailable
from vault.storage import migrate, store
from vault.storage.log_store import SqlLogStore

DEATHS: Final = 20  # of each kind
_START: Final = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
_SHORTEST, _LONGEST = 0.02, 0.3  # seconds of life after everything was open
_OVERDUE: Final = 60.0  # seconds after which a life that does nothing is a failure
NOTE: Final = {"text": "Entretien avec Aminata Diallo.", "language": "fr", "template": "intake"}
Stage = dict[str, str]


# -- lives: what a child does until it dies ------------------------------------------------------------


def _write(house: House, stage: Stage, out: int, ready: Callable[[], None]) -> None:
    """Notes without end, each told once it is acknowledged; between them what is read and what is refused."""
    coach = Caller(house.app, stage["coach"], "/casework")
    stranger = Caller(house.app, stage["stranger"], "/casework")
    assert coach.get("/cases").status_code == 200
    casework = house.services.casework
    assert casework is not None
    casework.office.look("Bonjour", "fr")  # loads what looks through notes: a life is too short for it
    ready()
    while True:
        reply = decided(coach, f"/cases/{stage['case']}/notes", NOTE)
        if reply.status_code in {409, 503}:
            continue  # another writer named somebody in this case at the same moment: nothing was written
        assert reply.status_code == 201, reply.text
        note = reply.json()["note"]
        os.write(out, f"{note}\n".encode())
        assert coach.get(f"/cases/{stage['case']}/notes/{note}").status_code == 200
        assert stranger.get(f"/cases/{stage['case']}/notes/{note}").status_code == 404


def _sequence(
    settings: Settings, clock: MovableClock, out: int, ready: Callable[[], None],
    exclusive: Callable[[], AbstractContextManager[store.Store | None]] = nullcontext,
) -> None:  # fmt: skip
    """Turns without end."""
    own = store.Store(settings.main_url, settings.keys_url).connect()
    lane = lane_of(SimpleNamespace(settings=settings, clock=clock))  # type: ignore[arg-type]
    sequencer = Sequencer(SqlLogStore(own, exclusive), lane, KEY, clock, batch=24)
    ready()
    while True:
        try:
            if sequencer.turn().taken:
                os.write(out, b"turned\n")
        except StoreUnavailable:
            os.write(out, b"unavailable\n")
        time.sleep(0.002)


def _live(kind: str, settings: Settings, stage: Stage, chance: random.Random, out: int, at: int | None) -> None:
    """at: die before this write, counted from when everything was open."""
    clock = MovableClock(_START + timedelta(seconds=chance.uniform(-3 * 3600, 5 * 3600)))
    with watched() as steps:

        def ready() -> None:
            os.write(out, b"ready\n")
            if at is not None:
                steps.kill(at)

        if kind == "sequencer":
            _sequence(settings, clock, out, ready)
        with house_on(settings) as house:
            house.clock.moment = clock.moment
            if kind == "both":
                arguments = (settings, clock, out, lambda: None, house.services.exclusive)
                threading.Thread(target=_sequence, args=arguments, daemon=True).start()
            _write(house, stage, out, ready)


# -- the parent ----------------------------------------------------------------------------------------


@dataclass
class Life:
    kind: str
    pid: int
    pipe: int
    ends: float  # moment, by the monotonic clock
    by_itself: bool
    said: bytes = b""
    ready: bool = False


@dataclass
class Deaths:
    """Runs slots of lives until each kind has died often enough."""

    settings: Settings
    stage: Stage
    chance: random.Random
    died: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    begun: int = 0

    def run(self, slots: list[str], deaths: int) -> None:
        lives = [self._begin(kind) for kind in slots]
        while lives:
            wait = max(0.0, min(life.ends for life in lives) - time.monotonic())
            readable, _, _ = select.select([life.pipe for life in lives], [], [], wait)
            for life in [*lives]:
                over = False
                if life.pipe in readable:
                    over = self._hear(life)
                if not over and time.monotonic() >= life.ends:
                    if not life.ready:
                        raise SystemExit(f"a {life.kind} never opened its store")
                    os.kill(life.pid, signal.SIGKILL)
                    while not self._hear(life):
                        pass
                    over = True
                if over:
                    lives.remove(life)
                    self._bury(life)
                    if self.died[life.kind] + sum(each.kind == life.kind for each in lives) < deaths:
                        lives.append(self._begin(life.kind))

    def _begin(self, kind: str) -> Life:
        self.begun += 1
        by_itself = self.begun % 2 == 0
        at, seed = (self.chance.randrange(120) if by_itself else None), self.chance.random()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reading)
                _live(kind, self.settings, self.stage, random.Random(seed), writing, at)
            except BaseException as fault:  # noqa: BLE001 - told to the parent by the exit code
                print(f"{kind}: {type(fault).__name__}: {fault}", file=sys.stderr, flush=True)
            os._exit(1)
        os.close(writing)
        return Life(kind, child, reading, time.monotonic() + _OVERDUE, by_itself)

    def _hear(self, life: Life) -> bool:
        """Whether that was the last word."""
        heard = os.read(life.pipe, 65_536)
        life.said += heard
        if not life.ready and b"ready\n" in life.said:
            life.ready = True
            # One that dies by itself may take longer; an idle sequencer has no write to die at.
            longest = 1.5 if life.by_itself else _LONGEST
            life.ends = time.monotonic() + (longest if life.by_itself else self.chance.uniform(_SHORTEST, longest))
        return not heard

    def _bury(self, life: Life) -> None:
        _, status = os.waitpid(life.pid, 0)
        os.close(life.pipe)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            raise SystemExit(f"a {life.kind} ended by itself: see above")
        self.died[life.kind] += 1
        for line in life.said.decode().split("\n")[:-1]:
            if line in {"ready", "turned", "unavailable"}:
                self.said[line] += 1
            else:
                self.acknowledged.append(line)


def _staged(settings: Settings) -> Stage:
    """Somebody with a case, and somebody who may not see it; made in a child, so that no thread lives here."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with house_on(settings) as house:
            case = house.open_case(house.client("coach"))
            house.client("colleague")
            told = {"coach": house.tokens["coach"], "stranger": house.tokens["colleague"], "case": case}
            os.write(writing, json.dumps(told).encode())
        os._exit(0)
    os.close(writing)
    told = os.read(reading, 65_536)
    os.waitpid(child, 0)
    stage: Stage = json.loads(told)
    return stage


def _counted(settings: Settings, deaths: Deaths) -> dict[str, Any]:
    """Take the rest into the tree, and say what is lost, double or missing."""
    with house_on(settings) as house:
        house.clock.moment = _START + timedelta(hours=6)
        keeper = Keeper(house)
        while keeper.turn().full:
            pass
        house.clock.move(days=60)  # the half-year ends: the tree is closed, the next one opened
        keeper.turn()
        found = look(settings)
        leaves = Counter(bytes(row["entry_id"]) for row in found["leaves"])
        bodies = [json.loads(bytes(row["body"])) for row in found["entries"]]
        written = {bytes(row["record_id"]).hex(): bytes(row["entry_id"]) for row in found["records"]}
        entries = [written.get(note, b"") for note in deaths.acknowledged]
        told = {
            "lost": sum(entry not in leaves for entry in entries),
            "double": len(entries) - len(set(entries)) + sum(count > 1 for count in leaves.values()),
            "gaps": sum(body["action"] == "gap_found" for body in bodies),
            "not_in_the_tree": len(bodies) - len(leaves),
            "verdict": verdict(keeper.live()),
            "wrong": faults(settings) + tree_faults(house),
            "entries": len(bodies),
            "trees": len(found["heads"]),
        }
        keeper.close()
    return told


def main(home: str, main_url: str = "", keys_url: str = "") -> None:
    settings = Settings(home=Path(home), database_url=main_url, keystore_url=keys_url)
    # What costs each life most is compiled once, before the first fork: the policy and SQLAlchemy's statements.
    store.make_engine = migrate.make_engine = cache(store.make_engine)  # type: ignore[attr-defined]
    shipped_firewall()
    deaths = Deaths(settings, _staged(settings), random.Random())
    if settings.sqlite:
        deaths.run(["both"], 2 * DEATHS)
    else:
        deaths.run(["writer", "sequencer", "writer", "sequencer"], DEATHS)
    told = {"deaths": deaths.died, "acknowledged": len(deaths.acknowledged), "said": deaths.said}
    print(json.dumps({**told, **_counted(settings, deaths)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
