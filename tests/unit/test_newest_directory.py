"""The newest serial of the zone directory that was seen here: remembered whole, and never forgotten in silence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gateway.instance import read_directory
from gateway.settings import Settings
from tests.house import MovableClock, make_keys
from vault.crypto.directory import load_directory, sign_directory
from vault.crypto.signing import SigningKey
from vault.errors import DirectoryRejected
from vault.sensitive import Sensitive


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_keys(tmp_path / "home", ("caritas",))


def _issue(settings: Settings, serial: int) -> None:
    """The same keys under another serial, as whoever keeps the offline key signs them."""
    document = settings.home / "directory.json"
    pin = (settings.home / "directory.pin").read_text()
    offline = SigningKey.from_secret(Sensitive((settings.home / "offline" / "directory.key").read_bytes()))
    entries = load_directory(document.read_bytes(), pin).entries
    document.write_bytes(sign_directory(entries, serial, MovableClock().now(), offline))


def test_an_older_directory_is_refused_once_a_newer_one_was_seen(settings: Settings) -> None:
    _issue(settings, 7)
    assert read_directory(settings).serial == 7
    _issue(settings, 6)
    with pytest.raises(DirectoryRejected):
        read_directory(settings)
    _issue(settings, 7)
    assert read_directory(settings).serial == 7


@pytest.mark.parametrize("kept", [b"", b"\n", b"seven", b"-1", b"\xff", b"1_0", "٧".encode(), b"7\n8", b"9" * 5000])
def test_a_damaged_memory_stops_the_start_instead_of_being_none(settings: Settings, kept: bytes) -> None:
    """What it held may be higher than what lies here: an older directory would bring back keys that were replaced."""
    (settings.home / "directory.serial").write_bytes(kept)
    with pytest.raises(DirectoryRejected, match=r"directory\.serial"):
        read_directory(settings)
    assert (settings.home / "directory.serial").read_bytes() == kept


def test_a_line_end_is_no_damage(settings: Settings) -> None:
    """Whoever puts it back does so with an editor."""
    (settings.home / "directory.serial").write_text("1\n")
    assert read_directory(settings).serial == 1


def test_a_disk_that_is_full_keeps_the_serial_that_was_seen(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _issue(settings, 7)
    read_directory(settings)
    before = sorted(path.name for path in settings.home.iterdir())
    _issue(settings, 8)

    def full(*_: Any) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError):
            read_directory(settings)
    assert sorted(path.name for path in settings.home.iterdir()) == before
    _issue(settings, 6)
    with pytest.raises(DirectoryRejected):
        read_directory(settings)
