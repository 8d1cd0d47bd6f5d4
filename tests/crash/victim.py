"""Dies at every write step of every play, by SIGKILL, and tells what was left.

    python -m tests.crash.victim HOME [MAIN_URL KEYSTORE_URL]

Each death is that of a forked child, which opened the store itself; the parent only looks, between two deaths, and
holds no connection while it forks. Without addresses: SQLite in HOME.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from gateway.settings import Settings
from tests.crash.checks import faults, orphans
from tests.crash.hooks import watched
from tests.crash.plays import PLAYS, Stagehand
from tests.house import STAFF, UNUSABLE, house_on, shipped_firewall
from vault.storage import migrate, store
from vault.usecases import sign_in

FINISHED, FAILED = 0, 1


def _live(settings: Settings, play: str, life: int, at: int | None = None) -> None:
    """One life: the store is opened, the play prepared and acted. at: the write before which it ends."""
    with watched() as steps, house_on(settings) as house:
        house.clock.moment = datetime(2026, 11, 3, 9, 0, tzinfo=UTC) + timedelta(days=life)  # codes are new
        act = PLAYS[play](_Restarted(house, life))
        if at is not None:
            steps.kill(at)
        act()


class _Restarted(Stagehand):
    """Staff of this life: the logins of the dead are taken."""

    def __init__(self, house: object, life: int) -> None:
        super().__init__(house)  # type: ignore[arg-type]
        original = self.house.hire

        def hire(login: str, **options: str) -> object:
            return original(login, **options) if life == 0 else _rehire(self, login)

        self.house.hire = hire  # type: ignore[method-assign, assignment]


def _rehire(hand: Stagehand, login: str) -> object:
    """A new token for somebody who was hired in the first life."""
    house, zone = hand.house, STAFF[login][0]
    service, run = house.services.sign_in[zone], house.services.worker.run
    row = run(zone, lambda uow: uow.staff.by_login(zone, login))
    if row is None:
        new = sign_in.NewStaff(login, login, STAFF[login][1], STAFF[login][2], UNUSABLE)
        row = run(zone, lambda uow: sign_in.add_staff(uow, new, service))
    house.staff[login] = row
    house.tokens[login] = run(zone, lambda uow: sign_in.issue_token(uow, login, timedelta(hours=10), service))
    return row


def main(home: str, main_url: str = "", keys_url: str = "") -> None:
    settings = Settings(home=Path(home), database_url=main_url, keystore_url=keys_url)
    # What costs each life most is compiled once, before the first fork: the policy and SQLAlchemy's statements.
    store.make_engine = migrate.make_engine = cache(store.make_engine)  # type: ignore[attr-defined]
    shipped_firewall()
    for life, play in enumerate(PLAYS):
        _live(settings, play, life)
    gc.freeze()  # a child that walked what it inherited would copy all of it
    life, kills, wrong = len(PLAYS), dict.fromkeys(PLAYS, 0), faults(settings)
    for play in PLAYS:
        while _dies(settings, play, life, kills[play]):
            life, kills[play] = life + 1, kills[play] + 1
        # What is broken stays broken: it is found at the next look.
        wrong += [f"after {kills[play]} deaths of {play!r}: {line}" for line in faults(settings)]
    print(json.dumps({"kills": kills, "orphans": orphans(settings), "wrong": wrong}))


def _dies(settings: Settings, play: str, life: int, at: int) -> bool:
    """Whether a child that plays it dies before its `at`-th write; the last one lives. Raises if it fails otherwise."""
    child = os.fork()
    if child == 0:
        try:
            _live(settings, play, life, at)
        except Exception as fault:  # noqa: BLE001 - told to the parent, with whatever it was
            print(f"{type(fault).__name__}: {fault}", file=sys.stderr)
            os._exit(FAILED)
        os._exit(FINISHED)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if os.WEXITSTATUS(status) != FINISHED:
        raise SystemExit(f"life {life} of {play!r} failed")
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
