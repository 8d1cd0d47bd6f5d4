"""The auditor's desk by command: search, explanations, how whole the log is, a check elsewhere, a replay by facts."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.desk import Session
from gateway.cli.home import settings_of
from gateway.log.running import announce
from tests.cli.kit import Shell
from tests.house import House, house_on
from tests.log.test_sequencer import work
from vault.vocabulary import OVERSIGHT


@pytest.fixture
def kept(shell: Shell, home: Path) -> Path:
    """A home with entries in the tree, its policy kept, and an auditor who is signed in."""
    with house_on(settings_of(home)) as house:
        announce(house.services)
        work(house)
        _signed_in(shell, home, house)
    shell.ok("audit", "sequence", "--once", "--home", home)
    return home


def _signed_in(shell: Shell, home: Path, house: House) -> None:
    """Keep the auditor's session as `parefeu sign-in` would, at the moment at which the house stands."""
    house.client("auditor")
    Session(OVERSIGHT, house.tokens["auditor"], str(home.resolve()), "auditor").keep()
    shell.hooks.clock = house.clock


def bodies(home: Path) -> list[dict[str, Any]]:
    connection = sqlite3.connect(home / "main.db")
    found = [json.loads(row[0]) for row in connection.execute("SELECT body FROM entries")]
    connection.close()
    return sorted(found, key=lambda body: body["at"])


def written(home: Path) -> dict[str, Any]:
    return next(body for body in bodies(home) if (body["action"], body["kind"]) == ("write", "note"))


def fields(out: str) -> dict[str, str]:
    return dict(line.split("\t", 1) for line in out.splitlines())


def test_the_log_is_searched_by_its_words(shell: Shell, kept: Path) -> None:
    note = written(kept)
    found = shell.ok(
        "audit", "list", "--home", kept, "--json", "--rule", note["rule"], "--in", "casework", "--role", "coach",
        "--purpose", "coaching", "--decision", "allow", "--action", "write", "--kind", "note",
    ).json  # fmt: skip
    assert note["entry"] in {entry["entry"] for entry in found["entries"]}
    assert {entry["rule"] for entry in found["entries"]} == {note["rule"]}
    page = shell.ok("audit", "list", "--home", kept, "--limit", "1")
    assert "older ones: --before" in page.err


def test_looks_are_explained_by_command(shell: Shell, kept: Path) -> None:
    note = written(kept)
    one = fields(shell.ok("audit", "explain", note["entry"], "--home", kept).out)
    entrusted = next(
        body for body in bodies(kept) if body["action"] == "entrusted" and body["subject"] == note["subject"]
    )
    assert (one["explained"], one["because"]) == ("yes", f"assignment {entrusted['entry']}")
    page = shell.ok("audit", "explain", "--home", kept, "--limit", "200", "--unexplained")
    assert (page.out.count("NO"), "0 of " in page.err) == (0, True)


def test_a_check_elsewhere_is_written_down_and_shown(shell: Shell, kept: Path, tmp_path: Path) -> None:
    shell.ok("audit", "export", tmp_path / "copy", "--home", kept)
    checkpoint = next((tmp_path / "copy").glob("*/checkpoint"))
    before = fields(shell.ok("audit", "state", "--home", kept).out)
    assert (before["verified"], before["quorum"], int(before["size"]) > 10) == ("never", "none_asked", True)
    told = shell.ok("audit", "verified", checkpoint, "--home", kept, "--json").json
    assert told["agrees"] is True
    assert told["size"] == int(before["size"])
    after = shell.ok("audit", "state", "--home", kept, "--json").json["verified"]
    assert (after["verdict"], after["size"], after["agrees"], after["role"]) == ("sound", told["size"], True, "auditor")


def test_a_copy_of_another_tree_is_written_down_and_said(shell: Shell, kept: Path, tmp_path: Path) -> None:
    shell.ok("audit", "export", tmp_path / "copy", "--home", kept)
    origin, size, _, *rest = next((tmp_path / "copy").glob("*/checkpoint")).read_text().split("\n")
    other = tmp_path / "other"
    other.write_text("\n".join((origin, size, "A" * 43 + "=", *rest)))
    shell.refused("configuration_error", "audit", "verified", other, "--home", kept)
    assert "NOT the tree of this database" in fields(shell.ok("audit", "state", "--home", kept).out)["verified"]
    (tmp_path / "nothing").write_text("nothing")
    shell.refused("invalid_input", "audit", "verified", tmp_path / "nothing", "--home", kept)


def test_what_could_be_seen_on_a_day_is_answered_from_the_log(shell: Shell, kept: Path) -> None:
    note = written(kept)
    asked = ["audit", "replay", "--home", kept, "--subject", note["subject"], "--action", "read", "--kind", "note"]
    told = fields(shell.ok(*asked, "--actor", note["actor"], "--on", note["at"]).out)
    assert (told["rule"], told["phase"]) == ("cw-11", "active (by the log)")
    assert "own (assignment" in told["log_says"]
    assert "grant" in told["log_does_not_say"]
    start = next(body for body in bodies(kept) if body["action"] == "entrusted")
    early = fields(shell.ok(*asked, "--actor", note["actor"], "--on", start["at"]).out)
    assert (early["rule"], early["log_says"]) == ("", "nothing")
    assert "own" in early["log_does_not_say"]
    given = fields(shell.ok(*asked, "--actor", note["actor"], "--on", note["at"], "--fact", "own").out)
    assert "log_says" not in given
    closed = fields(shell.ok(*asked, "--actor", note["actor"], "--on", note["at"], "--phase", "erased").out)
    assert closed["phase"] == "erased (given)"
    assert closed["answer"].startswith("Denied")
