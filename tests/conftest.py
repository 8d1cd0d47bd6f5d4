"""Fixtures that every kind of test uses. `house` runs a test once on SQLite and once on PostgreSQL."""

from __future__ import annotations

import gc
import itertools
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from bench.pg import Postgres, throwaway_postgres
from gateway.settings import Settings
from tests.house import House, furnish, house_on, make_keys, migrated_template, sqlite_home
from tests.patience import PATIENCE
from vault.storage import migrate, store, transaction

#: Notes in tests are read by our own tagger alone: the French model takes seconds to load in every worker process.
os.environ.setdefault("PAREFEU_FREETEXT_FRENCH", "0")
#: One officer, and one coach, of the tests ask for more than the shipped rules allow.
os.environ.setdefault("PAREFEU_ACCESS_FILE", str(Path(__file__).parent / "access.toml"))
os.environ.setdefault("PAREFEU_BREAK_GLASS_FILE", str(Path(__file__).parent / "break_glass.toml"))
os.environ.setdefault("PAREFEU_SAMPLES_FILE", str(Path(__file__).parent / "case_samples.toml"))
os.environ.setdefault("PAREFEU_EXCEPTIONS_FILE", str(Path(__file__).parent / "exceptions.toml"))
os.environ.setdefault("PAREFEU_PROTOCOLS_FILE", str(Path(__file__).parent / "protocols.toml"))
#: The same examples in each run, until a test changes: what chance would find must not stop a change that has nothing
#: to do with it. `./run test --hypothesis-profile explore tests/properties` looks for others.
settings.register_profile("parefeu", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", settings.get_profile("parefeu"), derandomize=False)
settings.load_profile("parefeu")
_numbers = itertools.count()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, in whatever order chance gave the others."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """What was imported and collected lives to the end: the garbage collector need not walk it again and again.

    An installation that a test is done with is a web of references, which only a full collection lets go: one every
    hundred tests or so, or hundreds of them stay in memory.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 5)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated_template(tmp_path_factory.mktemp("template") / "home")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL from the pip wheel, one per worker process, with migrated template databases."""
    with throwaway_postgres(wheel=True) as server:
        for which in ("main", "keystore"):
            migrate.upgrade(server.create_database(f"template_{which}"), which)
        yield server


@contextmanager
def _copies(postgres: Postgres, template: str) -> Iterator[tuple[str, str]]:
    """Both databases of a template, copied; dropped in the end."""
    number = next(_numbers)
    names = [f"{which}_{number}" for which in ("main", "keystore")]
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        for name, which in zip(names, ("main", "keystore"), strict=True):
            # Copied file by file: through the write-ahead log it takes half as long again.
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}_{which} STRATEGY FILE_COPY".encode())
        yield postgres.url(names[0]), postgres.url(names[1])
        for name in names:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def postgres_urls(postgres: Postgres) -> Iterator[tuple[str, str]]:
    """Two fresh databases: main and keystore, as their owner. Migrated, and no installation's yet."""
    with _copies(postgres, "template") as urls:
        yield urls


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of an installation, to copy from; its two databases, marked as its own, are the templates `furnished_…`."""
    home = make_keys(tmp_path_factory.mktemp("template") / "home").home
    urls = [postgres.create_database(f"furnished_{which}") for which in ("main", "keystore")]
    furnish(Settings(home=home, database_url=urls[0], keystore_url=urls[1]))
    return home


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL nobody gives up waiting for a lock: who goes on when is what the test says, not a clock.

    To be asked for before whatever opens a store.
    """
    monkeypatch.setattr(transaction, "_PATIENCE", f"{PATIENCE}s")
    usual = store._PG_OPTIONS
    lasting = re.sub(r"(?<=_timeout=)[0-9]+", str(round(1_000 * PATIENCE)), usual)
    assert lasting != usual
    monkeypatch.setattr(store, "_PG_OPTIONS", lasting)


@pytest.fixture
def sqlite_settings(sqlite_template: Path, tmp_path: Path) -> Settings:
    return sqlite_home(sqlite_template, tmp_path / "home")


@pytest.fixture
def postgres_settings(postgres: Postgres, postgres_template: Path, tmp_path: Path) -> Iterator[Settings]:
    """An empty installation on PostgreSQL, as the owner of its databases."""
    home = shutil.copytree(postgres_template, tmp_path / "home")
    with _copies(postgres, "furnished") as (main, keystore):
        yield Settings(home=home, database_url=main, keystore_url=keystore)


@pytest.fixture(params=["sqlite", "postgres"])
def house_settings(request: pytest.FixtureRequest) -> Settings:
    found: Settings = request.getfixturevalue(f"{request.param}_settings")
    return found


@pytest.fixture
def house(house_settings: Settings) -> Iterator[House]:
    with house_on(house_settings) as house:
        yield house


@pytest.fixture
def lite_house(sqlite_settings: Settings) -> Iterator[House]:
    """On SQLite only: for what the database does not change."""
    with house_on(sqlite_settings) as house:
        yield house
