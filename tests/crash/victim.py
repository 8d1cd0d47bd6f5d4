"""Dies at every write step of every play, by SIGKILL, and tells what was left.

    python -m tests.crash.victim HOME [MAIN_URL KEYSTORE_URL]

Each death is that of a forked child, which opened the store itself, with what the one before it left there. The parent
prepares an act; it holds no connection and no lock while its children die of it, and starts anew, as after a crash,
before it prepares the next. Without addresses: SQLite in HOME.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path

from gateway.settings import Settings
from tests.crash.checks import faults, orphans
from tests.crash.hooks import Steps, watched
from tests.crash.plays import PLAYS, Stagehand
from tests.crash.points import Run, Stage
from tests.house import House, house_on, shipped_firewall
from vault.storage import migrate, store

FINISHED, FAILED = 0, 1


class Deaths:
    """Dies at every point of a group. house: where it was prepared; it is closed meanwhile."""

    def __init__(self, house: House, steps: Steps) -> None:
        self.house, self.steps = house, steps
        self.count = self._seen = 0
        self._open = ExitStack()

    def begin(self) -> None:
        """Start anew, if there were deaths since. What is only in memory of the last act is gone."""
        self._open.close()
        if self.count != self._seen:
            self._seen = self.count
            self.house.reopen()

    def __call__(self, writes: list[str], at: int, run: Run) -> tuple[int, bool]:
        self.house.services.close()
        committed = False
        while at < len(writes) and not committed:
            seen = self._dies(at, run)
            assert seen == writes[: at + 1], "another act, or what was tried again, wrote something else"
            committed = "COMMIT" in seen[:-1]
            at, self.count = at + 1, self.count + 1
        self._open.enter_context(_serving(self.house))
        return at, not committed

    def _dies(self, at: int, run: Run) -> list[str]:
        """What a child wrote, and was about to write, that died before its `at`-th write. Raises if it did not."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                gc.disable()  # it lives for milliseconds
                os.close(reading)
                self.steps.kill(at, last=lambda: _tell(writing, self.steps.seen))
                with _serving(self.house):
                    run()
            except BaseException as fault:  # noqa: BLE001 - told to the parent, with whatever it was
                print(f"{type(fault).__name__}: {fault}", file=sys.stderr, flush=True)
                os._exit(FAILED)
            os._exit(FINISHED)
        os.close(writing)
        with open(reading, "rb") as pipe:
            told = pipe.read()
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            raise SystemExit(f"a child that was to die before its write {at} ended with {status}")
        seen: list[str] = json.loads(told)
        return seen


def _tell(pipe: int, seen: list[str]) -> None:
    with open(pipe, "w") as out:
        json.dump(seen, out)


@contextmanager
def _serving(house: House) -> Iterator[None]:
    """As the process that serves this store: the lock of whoever served it before is gone. Connections open at need."""
    with ExitStack() as held:
        if house.services.store.sqlite:
            held.enter_context(store.claim(house.settings.home, lambda: "a victim"))
        held.enter_context(closing(house.services.store))
        yield


def main(home: str, main_url: str = "", keys_url: str = "") -> None:
    settings = Settings(home=Path(home), database_url=main_url, keystore_url=keys_url)
    # What costs each start most is compiled once: the policy and SQLAlchemy's statements.
    store.make_engine = migrate.make_engine = cache(store.make_engine)  # type: ignore[attr-defined]
    shipped_firewall()
    told: dict[str, dict[str, int]] = {"kills": {}, "writes": {}}
    wrong: list[str] = []
    with watched() as steps, house_on(settings) as house:
        hand = Stagehand(house)
        for prepare in PLAYS.values():
            prepare(hand)()
        gc.freeze()  # what lives to the end need not be walked again and again
        gc.set_threshold(20_000, 20, 50)
        for play, prepare in PLAYS.items():
            deaths = Deaths(house, steps)
            hand.renew()
            stage = Stage(play, prepare, hand, steps, deaths.begin)
            stage.everywhere(deaths)
            told["kills"][play], told["writes"][play] = deaths.count, sum(map(len, stage.groups))
            # What is broken stays broken: it is found at the next look.
            wrong += [f"after {deaths.count} deaths of {play!r}: {line}" for line in faults(settings)]
    print(json.dumps(told | {"orphans": orphans(settings), "wrong": wrong}))


if __name__ == "__main__":
    main(*sys.argv[1:])
