"""Every write step of every act × (lost, kept but unanswered, killed): then every invariant at once."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.settings import Settings
from tests.crash.checks import faults, orphans
from tests.crash.hooks import Steps, watched
from tests.crash.plays import PLAYS, Stagehand
from tests.house import CASE, House, house_on
from vault.errors import StoreUnavailable

ROOT = Path(__file__).parents[2]


@pytest.fixture
def watched_house(house_settings: Settings) -> Iterator[tuple[House, Steps]]:
    with watched() as steps, house_on(house_settings) as house:
        yield house, steps


def _fault(house: House) -> Exception:
    return (
        sqlite3.OperationalError("disk I/O error") if house.services.store.sqlite else psycopg.OperationalError("gone")
    )


@pytest.mark.parametrize("after", [False, True], ids=["lost", "kept but unanswered"])
def test_a_step_that_fails_leaves_nothing_half_done(watched_house: tuple[House, Steps], after: bool) -> None:
    house, steps = watched_house
    hand = Stagehand(house)
    for play, prepare in PLAYS.items():
        at = 0
        while True:
            act = prepare(hand)
            steps.fail(at, after=after, error=_fault(house))
            try:
                act()
            except StoreUnavailable:
                assert steps.fired, f"{play}: a failure that nobody made"
            else:
                assert not steps.fired, f"{play}: {steps.fired} failed and was answered all the same"
            steps.disarm()
            if not steps.fired:
                break
            at += 1
        assert at > 3, play
        assert faults(house.settings) == [], play
        prepare(hand)()
    house.reopen()
    for prepare in PLAYS.values():
        prepare(hand)()
    assert faults(house.settings) == []


def test_a_killed_process_leaves_nothing_half_done(house_settings: Settings) -> None:
    place = [str(house_settings.home), house_settings.database_url, house_settings.keystore_url]
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.victim", *place],
        cwd=ROOT, capture_output=True, text=True, timeout=800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["wrong"] == [], done.stderr[-2000:]
    assert set(told["kills"]) == set(PLAYS)
    assert {play: kills for play, kills in told["kills"].items() if kills < 3} == {}
    assert told["orphans"] > 0, "some died between the two databases"


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


def _full(house: House, database: Any, *, pages: int) -> None:
    """The file may grow by so many pages and no further: what a full disk does to SQLite."""
    raw = database.raw
    (used,) = raw.execute("PRAGMA page_count").fetchone()
    raw.execute(f"PRAGMA max_page_count={used + pages}")


@pytest.mark.parametrize("which", ["main", "keystore"])
@pytest.mark.parametrize("pages", [0, 1, 3])
def test_a_full_disk_answers_503_and_writes_nothing_by_halves(lite_house: House, which: str, pages: int) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    note = lite_house.write_note(coach, case, "Court.")
    database = getattr(lite_house.services.store, which)
    _full(lite_house, database, pages=pages)
    body = {"text": "a " * 60_000, "language": "fr", "template": "interview"}
    answers = []
    for _ in range(60):
        reply = coach.post(f"/cases/{case}/notes", json=body) if which == "main" else coach.post("/cases", json=CASE)
        answers.append(reply.status_code)
        if reply.status_code == 503:
            assert reply.headers["retry-after"] == "1"
            assert reply.json()["detail"] == "Nothing was written. Try again in a moment."
            break
    assert answers[-1] == 503
    assert faults(lite_house.settings) == []
    database.raw.execute("PRAGMA max_page_count=1073741823")
    assert coach.get(f"/cases/{case}/notes/{note}").json()["text"] == "Court."
    assert lite_house.write_note(coach, case)
    assert lite_house.open_case(coach)
    assert faults(lite_house.settings) == []


def test_a_disk_that_is_full_for_the_log_gives_no_answer_either(lite_house: House) -> None:
    """No entry, no answer: a read needs room as well."""
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    _full(lite_house, lite_house.services.store.main, pages=0)
    answers = [coach.get(f"/cases/{case}/identity") for _ in range(40)]
    refused = [reply for reply in answers if reply.status_code != 200]
    assert refused
    assert {reply.status_code for reply in refused} == {503}
    assert all("Diallo" not in reply.text for reply in refused)
    lite_house.services.store.main.raw.execute("PRAGMA max_page_count=1073741823")
    assert coach.get(f"/cases/{case}/identity").status_code == 200
    assert faults(lite_house.settings) == []


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
