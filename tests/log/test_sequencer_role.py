"""The sequencer's own database role: enough to keep the log, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import make_url

from bench.pg import Postgres
from gateway.cli import main
from gateway.settings import Settings
from tests.attacks.walled import ZONES
from tests.house import House
from tests.log.kit import Keeper, verdict
from tests.log.test_sequencer import faults, work
from vault.storage.log_reader import SqlLogReader
from vault.storage.roles import SEQUENCER, apply_roles, render_roles
from vault.storage.store import Store

PASSWORD: Final = "of-the-sequencer-in-tests"
#: What the role may do, by table: read, add, change, take away.
EXPECTED: Final = {
    "log.entries": "ra", "log.outbox": "rat", "log.lanes": "a", "log.heads": "rac", "log.leaves": "ra",
    "log.tiles": "rac", "log.checkpoints": "ra", "log.cosignatures": "rac", "keystore.detail_keys": "a",
    "keystore.details": "a",
}  # fmt: skip


def name_in(url: str) -> str:
    """The database that an address names."""
    found = make_url(url).database
    assert found is not None
    return found


def forget(*urls: str) -> None:
    """Roles belong to the server, which other tests share: this one goes when its databases do."""
    for url in urls:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"DROP OWNED BY {SEQUENCER}".encode())
    with psycopg.connect(urls[0], autocommit=True) as admin:
        admin.execute(f"DROP ROLE {SEQUENCER}".encode())


@pytest.fixture
def urls(postgres: Postgres, postgres_urls: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """Both databases as the sequencer's role logs in."""
    apply_roles(*postgres_urls, ZONES, sequencer=True, sequencer_password=PASSWORD)
    own = [postgres.url(name_in(url), f"{SEQUENCER}:{PASSWORD}") for url in postgres_urls]
    yield own[0], own[1]
    forget(*postgres_urls)


@pytest.mark.usefixtures("urls")
def test_it_can_do_what_is_said_and_nothing_else(postgres_urls: tuple[str, str]) -> None:
    found: dict[str, str] = {}
    for url in postgres_urls:
        with psycopg.connect(url, autocommit=True) as connection:
            tables = connection.execute(
                "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information|public)'"
            ).fetchall()
            for (table,) in tables:
                may = connection.execute(
                    "SELECT has_table_privilege(r, t, 'SELECT'), has_table_privilege(r, t, 'INSERT'), "
                    "has_any_column_privilege(r, t, 'UPDATE'), has_table_privilege(r, t, 'DELETE, TRUNCATE') "
                    "FROM (SELECT %s::name AS r, %s::text AS t) AS asked",
                    (SEQUENCER, table),
                ).fetchone()
                assert may is not None
                if any(may):
                    found[table] = "".join(letter for letter, yes in zip("ract", may, strict=True) if yes)
    assert found == EXPECTED


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log.entries SET body = ''",
        "DELETE FROM log.entries",
        "TRUNCATE log.outbox",
        "UPDATE log.leaves SET leaf = 0",
        "DELETE FROM log.leaves",
        "DELETE FROM log.tiles",
        "UPDATE log.checkpoints SET note = ''",
        "UPDATE log.heads SET origin = ''",
        "UPDATE log.heads SET shard = 9",
        "DELETE FROM log.heads",
        "SELECT * FROM casework.records",
        "SELECT * FROM auth.staff",
        "SELECT * FROM log.lanes",
        "INSERT INTO log.lanes (lane, zone, opened_at) VALUES ('\\x00', 'casework', 1)",
    ],
)
def test_it_can_rewrite_nothing(urls: tuple[str, str], statement: str) -> None:
    with psycopg.connect(urls[0], autocommit=True) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize("table", ["details", "detail_keys", "wraps"])
def test_it_reads_nothing_of_the_keystore(urls: tuple[str, str], table: str) -> None:
    with psycopg.connect(urls[1], autocommit=True) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(f"SELECT * FROM keystore.{table}".encode())


@pytest.mark.parametrize("house_settings", ["postgres"], indirect=True)
def test_it_keeps_the_log(house: House, postgres: Postgres) -> None:
    settings = house.settings
    apply_roles(settings.main_url, settings.keys_url, ZONES, sequencer=True, sequencer_password=PASSWORD)
    keeper = Keeper(house)
    keeper.store.close()
    own = [postgres.url(name_in(url), f"{SEQUENCER}:{PASSWORD}") for url in (settings.main_url, settings.keys_url)]
    keeper.move(Store(*own).connect())
    for _ in range(2):
        work(house)
        keeper.turn()
    assert faults(house) == []
    owner = Store(settings.main_url, settings.keys_url).connect()
    keeper.move(owner)
    assert SqlLogReader(owner.main).nowhere() == 0
    assert verdict(keeper.live()) == "sound"
    keeper.close()
    forget(settings.main_url, settings.keys_url)


def test_the_command_prints_it_with_the_zones(
    sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAREFEU_HOME", str(sqlite_settings.home))
    monkeypatch.setattr("sys.argv", ["parefeu", "db", "roles", "--print"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == render_roles(sqlite_settings.zones, sequencer=True)
