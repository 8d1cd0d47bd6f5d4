"""Sequencers over a house, closed when the test ends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.log.source import publish
from tests.house import House, house_on, sqlite_home
from tests.log.kit import POLICY, Keeper
from tests.log.tampering import Files
from tests.log.test_sequencer import work
from vault.storage.log_reader import SqlLogReader


@pytest.fixture
def keeper(house: House) -> Iterator[Keeper]:
    made = Keeper(house)
    yield made
    made.close()


@pytest.fixture(scope="module")
def honest(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published log of more than one tile."""
    folder = tmp_path_factory.mktemp("honest")
    with house_on(sqlite_home(sqlite_template, folder / "home")) as house:
        keeper = Keeper(house)
        coach = house.client("coach")
        work(house)
        keeper.turn()
        for _ in range(560):
            coach.get("/cases")
        house.clock.move(minutes=1)
        keeper.turn()
        publish(SqlLogReader(keeper.store.main), folder / "log", POLICY)
        keeper.close()
    return folder / "log" / "2026h2"


@pytest.fixture
def files(honest: Path, tmp_path: Path) -> Files:
    shutil.copytree(honest, tmp_path / "log")
    return Files(tmp_path / "log")
