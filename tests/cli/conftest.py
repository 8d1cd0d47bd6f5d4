"""A shell on an empty installation, and one at a house."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.home import Hooks
from gateway.settings import Settings
from policies.firewall import LiveFirewall, TableFirewall, load_firewall
from tests.cli.kit import HouseGateway, Shell
from tests.house import House
from tests.unit.crypto.kit import WeakFileRoot


@pytest.fixture(scope="session")
def compiled() -> TableFirewall:
    return load_firewall()


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's own folders, and a current folder without an installation."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("PAREFEU_HOME", "PAREFEU_URL", "EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path


@pytest.fixture
def shell(compiled: TableFirewall) -> Shell:
    return Shell(Hooks(root=WeakFileRoot, firewall=LiveFirewall(compiled)))  # as a server holds it


@pytest.fixture
def home(sqlite_settings: Settings) -> Path:
    return sqlite_settings.home


@pytest.fixture
def desk(shell: Shell, lite_house: House) -> Shell:
    """Commands go to `lite_house`."""
    shell.hooks.gateway = HouseGateway(lite_house)
    return shell
