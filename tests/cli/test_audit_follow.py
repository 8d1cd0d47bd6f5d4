"""The log handed on to another system, by command: from the database or from published files, until it is ended."""

from __future__ import annotations

import json
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.home import settings_of
from tests.cli.kit import Shell, program, wait_for
from tests.house import house_on
from tests.log.test_sequencer import work
from tests.patience import PATIENCE


@pytest.fixture
def kept(shell: Shell, home: Path) -> Path:
    """A home with entries in the tree."""
    with house_on(settings_of(home)) as house:
        work(house, notes=1)
    shell.ok("audit", "sequence", "--once", "--home", home)
    return home


def events(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_events_go_to_a_file_and_each_goes_once(shell: Shell, kept: Path, tmp_path: Path) -> None:
    told = shell.ok("audit", "follow", tmp_path / "events", "--home", kept, "--once").out
    found = events(tmp_path / "events")
    assert told == f"{len(found)} events sent\n"
    assert [event["metadata"]["sequence"] for event in found] == list(range(len(found)))
    assert shell.ok("audit", "follow", tmp_path / "events", "--home", kept, "--once").out == "0 events sent\n"
    assert (kept / "log" / "follower" / "position").stat().st_mode & 0o777 == 0o600


def test_published_files_are_enough(shell: Shell, kept: Path, tmp_path: Path) -> None:
    shell.ok("audit", "export", tmp_path / "files", "--home", kept)
    policy = tmp_path / "files" / "policy.txt"
    shell.ok(
        "audit", "follow", tmp_path / "events", "--from", tmp_path / "files", "--policy", policy, "--home",
        tmp_path / "nothing", "--memory", tmp_path / "memory", "--once",
    )  # fmt: skip
    shell.ok("audit", "follow", tmp_path / "same", "--home", kept, "--once")
    hashes = [[event["unmapped"]["leaf_hash"] for event in events(tmp_path / name)] for name in ("events", "same")]
    assert hashes[0] == hashes[1]


def test_it_follows_until_it_is_told_to_end(shell: Shell, kept: Path, tmp_path: Path) -> None:
    with program("audit", "follow", tmp_path / "events", "--home", kept) as process:
        wait_for(tmp_path / "events", "{")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    before = len(events(tmp_path / "events"))
    with house_on(settings_of(kept)) as house:
        house.hire("desk")
    shell.ok("audit", "sequence", "--once", "--home", kept)
    shell.ok("audit", "follow", tmp_path / "events", "--home", kept, "--once")
    found = events(tmp_path / "events")
    assert len(found) > before
    assert [event["metadata"]["sequence"] for event in found] == list(range(len(found)))


def test_an_altered_log_ends_it_with_its_code(shell: Shell, kept: Path, tmp_path: Path) -> None:
    connection = sqlite3.connect(kept / "main.db")
    connection.execute("UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'allow', 'denied') AS BLOB)")
    connection.commit()
    connection.close()
    ran = shell.run("audit", "follow", tmp_path / "events", "--home", kept, "--once")
    assert (ran.code, "is not the one that was logged" in ran.err) == (10, True)
    assert not (tmp_path / "events").exists()


def test_what_cannot_be_delivered_waits(shell: Shell, kept: Path, tmp_path: Path) -> None:
    ran = shell.refused("configuration_error", "audit", "follow", tmp_path / "no" / "events", "--home", kept, "--once")
    assert "they wait" in ran.err
    shell.refused("configuration_error", "audit", "follow", "syslog://example", "--home", kept, "--once")
    shell.ok("audit", "follow", tmp_path / "events", "--home", kept, "--once")
    assert events(tmp_path / "events")[0]["metadata"]["sequence"] == 0
