"""Opening the store: one process, the right schema, a clear word otherwise; and half an act is nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.auth.sessions import hash_token
from gateway.clock import SystemEntropy
from gateway.settings import Settings
from gateway.wiring import build
from tests.crash.checks import faults
from tests.crash.plays import Stagehand
from tests.house import House, house_on, make_keys, shipped_firewall
from tests.patience import PATIENCE
from tests.unit.crypto.kit import WeakFileRoot
from vault.cases.flow import Step
from vault.errors import (
    ConfigurationError,
    IllegalStep,
    NotFound,
    NotSignedIn,
    PermitInvalid,
    StaleVersion,
    StoreBusy,
    StoreError,
    StoreMismatch,
    StoreUnavailable,
)
from vault.storage import tables as t
from vault.storage.store import Store, claim
from vault.usecases import hand_over, notes, referrals, sign_in
from vault.vocabulary import CASEWORK

ROOT = Path(__file__).parents[2]
SERVE = """
import sys, time
from pathlib import Path
from gateway.settings import Settings
from tests.house import house_on
from vault.errors import StoreBusy
try:
    with house_on(Settings(home=Path(sys.argv[1]))) as house:
        print("serving", flush=True)
        sys.stdin.read()
except StoreBusy as busy:
    print("busy:", busy, flush=True)
"""


def _serve(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, str(home)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_two_processes_do_not_share_an_sqlite_home(sqlite_settings: Settings) -> None:
    first = _serve(sqlite_settings.home)
    assert first.stdout is not None
    assert first.stdin is not None
    assert first.stdout.readline() == "serving\n"
    with pytest.raises(StoreBusy, match="another process serves this store"), house_on(sqlite_settings):
        pytest.fail("two at once")
    first.kill()  # the lock goes with the process, however it ends
    first.wait(PATIENCE)
    first.stdin.close()
    first.stdout.close()
    with house_on(sqlite_settings) as house:
        assert house.open_case(house.client("coach"))
        second = _serve(sqlite_settings.home)
        told, _ = second.communicate(timeout=PATIENCE)
        assert told.startswith("busy: another process serves this store (")


def test_the_lock_says_where_its_holder_is(tmp_path: Path) -> None:
    with claim(tmp_path, lambda: "pid 7 on http://127.0.0.1:8460"):
        with pytest.raises(StoreBusy, match=r"\(pid 7 on http://127.0.0.1:8460\)"), claim(tmp_path, lambda: "x"):
            pytest.fail("two at once")
        assert os.stat(tmp_path / "serving.lock").st_mode & 0o077 == 0
    with claim(tmp_path, lambda: "next"):
        pass


def _build(settings: Settings) -> None:
    build(settings, entropy=SystemEntropy(), root=WeakFileRoot, firewall=shipped_firewall()).close()


@pytest.mark.parametrize("which", ["main", "keystore"])
@pytest.mark.parametrize("sort", ["missing", "empty", "older", "newer", "of another program", "no database"])
def test_another_schema_is_not_served(sqlite_settings: Settings, which: str, sort: str) -> None:
    path = sqlite_settings.home / f"{which}.db"
    table = "schema_version" if which == "main" else "schema_version_keystore"
    if sort in {"missing", "empty", "of another program", "no database"}:
        path.unlink()
    with sqlite3.connect(path) as connection:
        if sort == "older":
            connection.execute(f"UPDATE {table} SET version_num = '0000'")
        elif sort == "newer":
            connection.execute(f"UPDATE {table} SET version_num = '9999'")
        elif sort == "of another program":
            connection.execute("CREATE TABLE cases (name TEXT)")
    connection.close()
    if sort == "missing":
        path.unlink(missing_ok=True)
    if sort == "no database":
        path.write_bytes(b"this is a letter, not a database " * 200)
    with pytest.raises(StoreError) as refused:
        _build(sqlite_settings)
    assert isinstance(refused.value, StoreUnavailable if sort in {"no database", "missing"} else StoreMismatch)
    if sort in {"older", "newer"}:
        assert "run `parefeu db migrate`" in str(refused.value)
    with claim(sqlite_settings.home, lambda: "free again"):
        pass


def test_another_schema_is_not_served_on_postgres_either(postgres_settings: Settings) -> None:
    settings = postgres_settings
    _build(settings)
    with pytest.raises(StoreMismatch):
        _build(Settings(home=settings.home, database_url=settings.keystore_url, keystore_url=settings.database_url))
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("UPDATE schema_version SET version_num = '0000'")
    with pytest.raises(StoreMismatch):
        _build(settings)


def test_a_database_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    home = make_keys(tmp_path / "home").home
    nowhere = f"postgresql://parefeu@/none?host={tmp_path}"
    with pytest.raises(StoreUnavailable):
        _build(Settings(home=home, database_url=nowhere, keystore_url=nowhere))


def test_other_databases_are_a_mistake_of_the_settings() -> None:
    for url in ("mysql://root:secret@x/y", "nonsense with a secret", "oracle://secret"):
        with pytest.raises(ConfigurationError) as refused:
            Store(url, url)
        assert "secret" not in str(refused.value)


def test_the_two_databases_are_of_one_kind(tmp_path: Path, postgres_urls: tuple[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        Store(f"sqlite:///{tmp_path / 'x.db'}", postgres_urls[1])


def test_sqlite_is_opened_as_the_design_says(lite_house: House) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "trusted_schema": 0}
    for database in (lite_house.services.store.main, lite_house.services.store.keystore):
        for name, value in wanted.items():
            assert database.raw.execute(f"PRAGMA {name}").fetchone() == (value,), name


def test_a_reopened_store_goes_on_in_a_new_lane(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    note = house.write_note(coach, case, "Avant l'arrêt.")
    house.reopen()
    again = house.client("coach")
    assert again.get(f"/cases/{case}/notes/{note}").json()["text"] == "Avant l'arrêt."
    assert faults(house.settings) == []


# -- acts of two halves ------------------------------------------------------------------------------


def _closing(hand: Stagehand) -> Any:
    case = hand.noticed()
    hand.begin_closing(case)
    return case


def _with_sender(hand: Stagehand, work: Any) -> Any:
    return lambda uow, actor, granted, casework: work(uow, actor, granted, casework, hand.house.services.sender)


def test_a_hand_over_needs_another_person_and_happens_once(house: House) -> None:
    hand = Stagehand(house)
    case = _closing(hand)
    granted = hand.as_("head", hand_over.authorise_hand_over, case)
    twice = hand.as_("head", hand_over.authorise_hand_over, case)
    receipt = hand.as_("head", _with_sender(hand, hand_over.hand_over), granted)
    assert receipt["state"] == "handed_over"
    for again in (granted, twice):
        with pytest.raises(StaleVersion):
            hand.as_("head", _with_sender(hand, hand_over.hand_over), again)
    with pytest.raises((IllegalStep, NotFound)):
        hand.as_("head", hand_over.authorise_hand_over, case)
    assert faults(house.settings) == []


def test_who_began_the_closing_does_not_sign_it(lite_house: House) -> None:
    """Were the head the one who began it (a role change), the second signature would be the first one's."""
    hand = Stagehand(lite_house)
    case = _closing(hand)
    hand.hire("head")
    store = lite_house.services.store.main
    with store.engine.connect() as connection:
        other = connection.execute(t.entries.select().with_only_columns(t.entries.c.entry_id)).first()
        assert other is not None
        head = lite_house.staff["head"].id.raw
        connection.execute(t.case_events.update().values(actor_id=head, entry_id=other[0]))
        connection.commit()
    with pytest.raises(NotFound):
        hand.as_("head", hand_over.authorise_hand_over, case)


def test_leave_to_hand_over_is_stale_once_the_case_has_changed(lite_house: House) -> None:
    hand = Stagehand(lite_house)
    case = _closing(hand)
    granted = hand.as_("head", hand_over.authorise_hand_over, case)
    hand.step(case, Step.RESUME)
    hand.begin_closing(case)
    with pytest.raises(StaleVersion):
        hand.as_("head", _with_sender(hand, hand_over.hand_over), granted)
    assert faults(lite_house.settings) == []


def test_leave_to_release_is_for_who_got_it_for_a_minute_and_once(house: House) -> None:
    hand = Stagehand(house)
    case, referral = hand.agreed()
    send = _with_sender(hand, referrals.send)
    granted = hand.as_("coach", referrals.authorise_sending, case, referral)
    with pytest.raises(PermitInvalid):
        hand.as_("colleague", send, granted)
    assert hand.as_("coach", send, granted)["release"] == granted.planned.release.hex()
    with pytest.raises(StaleVersion):
        hand.as_("coach", send, granted)
    with pytest.raises(IllegalStep):
        hand.as_("coach", referrals.authorise_sending, case, referral)
    late = hand.as_("coach", referrals.authorise_sending, *hand.agreed())
    house.clock.move(seconds=61)
    with pytest.raises(PermitInvalid):
        hand.as_("coach", send, late)
    assert faults(house.settings) == []


def test_names_are_restored_for_who_asked_within_the_minute(lite_house: House) -> None:
    hand = Stagehand(lite_house)
    case = hand.noticed()
    note, other = hand.write(case), hand.write(case)
    permit = hand.as_("coach", notes.authorise_reveal, case, note, "appel à préparer")

    def reveal(uow: Any, actor: Any, which: Any, casework: Any) -> Any:
        return notes.reveal_note(uow, actor, permit, which, casework)

    assert "Diallo" in hand.as_("coach", reveal, note)["text"]
    with pytest.raises(PermitInvalid):
        hand.as_("coach", reveal, other)
    with pytest.raises(PermitInvalid):
        hand.as_("colleague", reveal, note)
    lite_house.clock.move(seconds=61)
    with pytest.raises(PermitInvalid):
        hand.as_("coach", reveal, note)


def test_a_session_of_another_zone_is_none_on_the_worker_either(lite_house: House) -> None:
    lite_house.hire("officer")
    hashed = hash_token(lite_house.tokens["officer"])
    with pytest.raises(NotSignedIn):
        lite_house.services.worker.run(CASEWORK, lambda uow: sign_in.authenticate(uow, hashed, "", lite_house.clock))
