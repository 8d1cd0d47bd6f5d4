"""A database that is not this installation's, or not there, is noticed before anything is served or changed."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from gateway.instance import read_pin
from gateway.settings import Settings
from tests.api.stage import Stage
from tests.crash.checks import faults
from tests.crash.snapshot import look
from tests.house import House, furnish, house_on, make_keys
from vault.errors import ForeignStore, StoreMismatch, StoreUnavailable
from vault.storage import installation, migrate

OTHER_PIN = "ab" * 32


def _execute(settings: Settings, which: str, statement: str) -> None:
    """As whoever owns the database."""
    url = settings.main_url if which == "main" else settings.keys_url
    if settings.sqlite:
        with sqlite3.connect(str(make_url(url).database)) as connection:
            connection.execute(statement)
        connection.close()
    else:
        with psycopg.connect(url) as server:
            server.execute(statement.encode())


def _table(settings: Settings, which: str) -> str:
    if settings.sqlite:
        return "installation"
    return "log.installation" if which == "main" else "keystore.installation"


def _refused(settings: Settings, *words: str) -> None:
    with pytest.raises(ForeignStore) as told, house_on(settings):
        raise AssertionError("it was served")
    assert all(word in str(told.value) for word in words), told.value


@pytest.mark.parametrize("which", ["main", "keystore"])
def test_a_database_of_another_installation_is_not_served(house_settings: Settings, tmp_path: Path, which: str) -> None:
    other = make_keys(tmp_path / "other")
    other = other.model_copy(
        update={"database_url": house_settings.database_url, "keystore_url": house_settings.keystore_url}
    )
    if house_settings.sqlite:
        furnish(other)
        shutil.copy2(other.home / f"{which}.db", house_settings.home / f"{which}.db")
    else:
        _execute(
            house_settings, which,
            f"UPDATE {_table(house_settings, which)} SET directory_key = decode('{read_pin(other)}', 'hex')",
        )  # fmt: skip
    _refused(house_settings, which, "another installation")
    with pytest.raises(ForeignStore, match="another installation"):
        furnish(house_settings)


def test_both_databases_of_another_installation_are_not_served_either(house_settings: Settings, tmp_path: Path) -> None:
    """The right pair under the wrong keys: what would be written there, nobody could open."""
    stranger = house_settings.model_copy(update={"home": make_keys(tmp_path / "other").home})
    if house_settings.sqlite:
        for name in ("main.db", "keystore.db"):
            shutil.copy2(house_settings.home / name, stranger.home / name)
    before = look(house_settings).rows
    _refused(stranger, "main", "another installation")
    with pytest.raises(ForeignStore):
        furnish(stranger)
    assert look(house_settings).rows == before


@pytest.mark.parametrize("which", ["main", "keystore"])
def test_a_database_without_a_mark_asks_for_the_migration(house_settings: Settings, which: str) -> None:
    _execute(house_settings, which, f"DELETE FROM {_table(house_settings, which)}")
    _refused(house_settings, which, "parefeu db migrate")


def test_a_second_mark_is_as_wrong_as_another(house_settings: Settings) -> None:
    literal = f"X'{OTHER_PIN}'" if house_settings.sqlite else f"decode('{OTHER_PIN}', 'hex')"
    _execute(house_settings, "keystore", f"INSERT INTO {_table(house_settings, 'keystore')} VALUES ({literal})")
    _refused(house_settings, "another installation")


def test_preparing_again_changes_nothing(house: House) -> None:
    Stage(house).sheet()
    before = look(house.settings).rows
    house.services.close()
    furnish(house.settings)
    assert look(house.settings).rows == before
    house.reopen()


def test_what_died_between_the_two_marks_is_finished_the_next_time(house_settings: Settings) -> None:
    before = look(house_settings).rows
    _execute(house_settings, "main", f"DELETE FROM {_table(house_settings, 'main')}")
    furnish(house_settings)
    assert look(house_settings).rows == before


def test_an_empty_keystore_in_place_of_a_lost_one_is_refused(house: House, fresh_keystore: str) -> None:
    """As if it were new: every case would look erased from then on."""
    case, note = Stage(house).noted()
    house.services.close()
    settings = house.settings
    lost = settings.model_copy(update={"keystore_url": fresh_keystore})
    with pytest.raises(ForeignStore, match="keystore"):
        installation.prepare(settings.main_url, fresh_keystore, read_pin(settings))
    with pytest.raises((StoreMismatch, StoreUnavailable)), house_on(lost):
        raise AssertionError("it was served")
    # Nor one that somebody migrated without looking.
    migrate.upgrade(fresh_keystore, "keystore")
    _refused(lost, "keystore", "no installation's mark")
    with pytest.raises(ForeignStore, match="keystore"):
        installation.prepare(settings.main_url, fresh_keystore, read_pin(settings))
    house.reopen()
    assert house.client("coach").get(f"/cases/{case}/notes/{note}").status_code == 200
    assert faults(settings) == []


def test_an_empty_main_database_beside_a_full_keystore_is_refused(house: House, fresh_keystore: str) -> None:
    Stage(house).case()
    house.services.close()
    with pytest.raises(ForeignStore, match="main database"):
        installation.prepare(fresh_keystore, house.settings.keys_url, read_pin(house.settings))
    house.reopen()


@pytest.fixture
def fresh_keystore(house_settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """The address of an empty database of the same kind."""
    if house_settings.sqlite:
        yield f"sqlite:///{tmp_path / 'fresh.db'}"
        return
    server = request.getfixturevalue("postgres")
    yield server.create_database("fresh_keystore")
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute("DROP DATABASE fresh_keystore WITH (FORCE)")


@pytest.mark.parametrize("which", ["main", "keystore"])
def test_a_missing_file_is_missed_and_not_made_anew(sqlite_settings: Settings, which: str) -> None:
    path = sqlite_settings.home / f"{which}.db"
    path.unlink()
    with pytest.raises(StoreUnavailable, match=f"no {which} database"), house_on(sqlite_settings):
        raise AssertionError("it was served")
    assert not path.exists()
    if which == "keystore":
        with pytest.raises(ForeignStore, match="keystore"):
            furnish(sqlite_settings)
        assert not path.exists()


def test_a_keystore_with_a_torn_page_is_not_served(lite_house: House) -> None:
    for _ in range(20):
        Stage(lite_house).case()
    lite_house.services.close()
    path = lite_house.settings.home / "keystore.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    whole = path.read_bytes()
    torn = bytearray(whole)
    torn[4096:8192] = bytes(4096)
    path.write_bytes(torn)
    with pytest.raises(StoreUnavailable, match="keystore database is damaged"):
        lite_house.reopen()
    path.write_bytes(whole)
    lite_house.reopen()
