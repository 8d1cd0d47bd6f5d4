"""Filing the log by command: alone, beside a server that does it, and where nothing is there."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from gateway.cli.home import settings_of
from tests.cli.kit import Shell
from tests.house import House, house_on
from vault.storage import filing
from vault.vocabulary import OVERSIGHT


def counts(home: Path) -> tuple[int, int]:
    """Entries, and entries that are filed."""
    connection = sqlite3.connect(home / "main.db")
    (entries,), (filed,) = (
        connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in ("entries", "filed")
    )
    connection.close()
    return entries, filed


@pytest.fixture
def written(home: Path) -> Path:
    with house_on(settings_of(home)) as house:
        house.open_case(house.client("coach"))
    return home


def test_everything_is_filed_in_batches(shell: Shell, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing.OwnFiling.batch, "__defaults__", (3,))
    entries, filed = counts(written)
    assert filed == 0 < entries
    assert f"{entries} entries filed; {entries} can be searched" in shell.ok("audit", "file", "--home", written).out
    assert counts(written) == (entries, entries)
    assert f"0 entries filed; {entries} can be searched" in shell.ok("audit", "file", "--home", written).out


def test_beside_a_server_it_watches_and_says_if_nothing_goes_on(shell: Shell, written: Path) -> None:
    with house_on(settings_of(written)) as house:
        before = counts(written)
        ran = shell.refused("configuration_error", "audit", "file", "--home", written, "--wait", "0.05")
        assert "0 entries filed; 0 can be searched" in ran.out
        assert counts(written) == before, "an embedded store has one writer"
        all_filed(house)
        assert "0 entries filed" in shell.ok("audit", "file", "--home", written, "--wait", "0.05").out


def all_filed(house: House) -> None:
    assert house.services.worker.run(OVERSIGHT, lambda uow: uow.trail.file(500)) > 0
    house.services.worker.run(OVERSIGHT, lambda uow: uow.trail.file(500))


def test_without_an_installation_it_says_so(shell: Shell, tmp_path: Path) -> None:
    shell.refused("keyring_missing", "audit", "file", "--home", tmp_path / "none")
