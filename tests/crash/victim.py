"""Dies at every write step of one play, by SIGKILL, and tells what was left each time.

    python -m tests.crash.victim HOME "hand over"

Each death is that of a forked child, which opened the store itself; the parent only looks, between two deaths.
"""

from __future__ import annotations

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


def _live(settings: Settings, play: str, life: int, *, kill: bool = True) -> None:
    with watched() as steps, house_on(settings) as house:
        house.clock.moment = datetime(2026, 11, 3, 9, 0, tzinfo=UTC) + timedelta(days=life)  # codes are new
        act = PLAYS[play](_Restarted(house, life))
        if kill:
            steps.kill(life - 1)
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


def main(home: str, play: str) -> None:
    settings = Settings(home=Path(home))
    # What costs each life most is compiled once, before the first fork: the policy and SQLAlchemy's statements.
    store.make_engine = migrate.make_engine = cache(store.make_engine)  # type: ignore[attr-defined]
    shipped_firewall()
    _live(settings, play, 0, kill=False)
    faults(settings)
    kills, wrong = 0, []
    while True:
        child = os.fork()
        if child == 0:
            try:
                _live(settings, play, kills + 1)
            except Exception as fault:  # noqa: BLE001 - told to the parent, with whatever it was
                print(f"{type(fault).__name__}: {fault}", file=sys.stderr)
                os._exit(FAILED)
            os._exit(FINISHED)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if kills % 5 == 0 or not killed:  # what is broken stays broken: it is found at the next look
            wrong += [f"after death {kills}: {line}" for line in faults(settings)]
        if not killed:
            wrong += [] if os.WEXITSTATUS(status) == FINISHED else ["the last life failed"]
            break
        kills += 1
    left = orphans(settings)
    print(json.dumps({"kills": kills, "orphans": left, "wrong": wrong}))


if __name__ == "__main__":
    main(*sys.argv[1:])
