"""Every write of every act × (lost, kept but unanswered): then every invariant at once. Killed: `test_killed`."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from gateway.settings import Settings
from tests.crash.checks import faults, orphans
from tests.crash.hooks import Steps, watched
from tests.crash.plays import PLAYS, Stagehand
from tests.crash.points import Run, Stage
from tests.house import House, house_on
from vault.errors import StoreUnavailable

pytestmark = pytest.mark.long


@pytest.fixture
def watched_house(house_settings: Settings) -> Iterator[tuple[House, Steps]]:
    with watched() as steps, house_on(house_settings) as house:
        yield house, steps


def _fault(house: House) -> Exception:
    return (
        sqlite3.OperationalError("disk I/O error") if house.services.store.sqlite else psycopg.OperationalError("gone")
    )


@dataclass
class _Failures:
    """Fails at every point of a group: before the statement, or after it."""

    house: House
    steps: Steps
    after: bool
    made: int = 0

    def __call__(self, writes: list[str], at: int, run: Run) -> tuple[int, bool]:
        moment, lanes, error = self.house.clock.moment, self._lanes(), _fault(self.house)
        while True:
            self.steps.fail(at, after=self.after, error=error)
            try:
                run()
            except StoreUnavailable:
                self.steps.disarm()
            else:
                raise AssertionError(f"{self.steps.fired or 'nothing'} failed, and was answered all the same")
            assert self.steps.seen == writes[: at + 1], "another act, or what was tried again, wrote something else"
            at, self.made = at + 1, self.made + 1
            done = self.after and at == len(writes)  # kept, and not answered
            if at == len(writes) or self.steps.committed or self._lanes() != lanes:
                return at, not done and self._lanes() == lanes
            self.house.clock.moment = moment  # nothing of this was ever

    def _lanes(self) -> list[bytes]:
        """They change where the program does not know what was committed."""
        return [lane.lane for lane in self.house.services.lanes.values()]


@pytest.mark.parametrize("after", [False, True], ids=["lost", "kept but unanswered"])
def test_a_step_that_fails_leaves_nothing_half_done(watched_house: tuple[House, Steps], after: bool) -> None:
    house, steps = watched_house
    hand = Stagehand(house)
    for play, prepare in PLAYS.items():
        hand.renew()
        stage, failures = Stage(play, prepare, hand, steps), _Failures(house, steps, after)
        stage.everywhere(failures)
        assert failures.made == sum(map(len, stage.groups)) > 3, play
        assert faults(house.settings) == [], play
    house.reopen()
    for prepare in PLAYS.values():
        prepare(hand)()
    assert faults(house.settings) == []


def test_what_dies_between_the_two_databases_is_an_orphan_and_no_more(sqlite_settings: Settings) -> None:
    """The wrap was stored, the record was not: nothing needs it, nothing is missing."""
    with watched() as steps, house_on(sqlite_settings) as house:
        hand = Stagehand(house)
        act = PLAYS["open a case"](hand)
        steps.fail(10_000, after=False, error=_fault(house))
        act()
        last = len(steps.seen) - 1
        assert steps.seen[last] == "COMMIT"
        act = PLAYS["open a case"](hand)
        steps.fail(last, after=False, error=_fault(house))
        with pytest.raises(StoreUnavailable):
            act()
        assert steps.fired == "COMMIT"
        assert orphans(house.settings) == 2  # identity's and contact's
        assert faults(house.settings) == []


def test_the_checks_find_what_is_broken(lite_house: House, tmp_path: Path) -> None:
    """A check that cannot fail proves nothing: each of these must be noticed."""
    coach, head = lite_house.client("coach"), lite_house.client("head")
    case = lite_house.open_case(coach)
    lite_house.write_note(coach, case)
    lite_house.hand_over(coach, head, case)
    assert lite_house.client("auditor").get("/entries").status_code == 200  # looking files what was written
    assert faults(lite_house.settings) == []
    damages = {
        "main": (
            "DELETE FROM outbox WHERE entry_id = (SELECT max(entry_id) FROM outbox)",
            "UPDATE outbox SET detail = zeroblob(80) WHERE entry_id = (SELECT max(entry_id) FROM outbox)",
            "UPDATE outbox SET run = run + 1 WHERE entry_id = (SELECT max(entry_id) FROM outbox)",
            "UPDATE filed SET subject = 'x' WHERE entry_id = (SELECT max(entry_id) FROM filed)",
            "DELETE FROM filed WHERE entry_id = (SELECT min(entry_id) FROM filed)",
            "UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'allow', 'deny') AS BLOB)",
            "DELETE FROM records WHERE kind = 'contact'",
            "DELETE FROM records WHERE kind = 'identity'",
            "DELETE FROM blind_index",
            "DELETE FROM case_events WHERE number = 1",
            "DELETE FROM releases WHERE reader = 'oversight'",
            "UPDATE records SET version = 5, entry_id = (SELECT entry_id FROM records LIMIT 1) WHERE kind = 'note'",
            "UPDATE cases SET state = 'closed', entry_id = (SELECT entry_id FROM records LIMIT 1)",
            "UPDATE records SET entry_id = (SELECT entry_id FROM staff LIMIT 1) WHERE kind = 'note'",
        ),
        "keystore": (
            "DELETE FROM wraps WHERE key_id = (SELECT min(key_id) FROM wraps)",
            "DELETE FROM detail_keys WHERE lane = (SELECT min(lane) FROM detail_keys)",
        ),
    }
    for which, statements in damages.items():
        for number, statement in enumerate(statements):
            copy = tmp_path / f"{which}-{number}"
            shutil.copytree(lite_house.settings.home, copy)
            with sqlite3.connect(copy / f"{which}.db") as connection:
                assert connection.execute(statement).rowcount > 0, statement
            connection.close()
            assert faults(Settings(home=copy)) != [], statement
    assert faults(lite_house.settings) == []
