"""Reviewing and signing a policy on the command line; what a change would have meant; a server that reloads."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from pathlib import Path

from gateway.cli.home import settings_of
from policies.loader import DEFAULT_FOLDER
from tests.api.test_policy_in_force import narrower, shipped
from tests.cli.kit import Shell, program, wait_for
from tests.cli.test_operation import private
from tests.house import house_on
from tests.patience import PATIENCE

WORDS = "a long passphrase"


def _reviewer(shell: Shell, folder: Path, name: str) -> str:
    made = shell.ok("policy", "reviewer", folder / name, "--passphrase-file", private(folder / f"{name}.pw", WORDS))
    fingerprint = made.out.strip()
    assert len(fingerprint) == 64
    return fingerprint


def test_two_reviewers_read_and_sign(shell: Shell, tmp_path: Path) -> None:
    old, new = narrower(tmp_path / "old"), shipped(tmp_path / "new")
    for count, name in enumerate(("anne", "bram"), start=1):
        _reviewer(shell, tmp_path, name)
        words = ("policy", "approve", old, new, "--key", tmp_path / name, "--name", name.title())
        signed = shell.ok(*words, "--passphrase-file", tmp_path / f"{name}.pw", typed="y\n")
        assert "wider: coach, note, read, coaching, closed/handed_over: gains access" in signed.out
        assert f"signed: {count} of 2" in signed.out
    again = shell.refused(
        "configuration_error", *words, "--passphrase-file", tmp_path / "bram.pw", "--yes"
    )  # fmt: skip
    assert "another person" in again.err


def test_nothing_is_signed_without_a_yes(shell: Shell, tmp_path: Path) -> None:
    old, new = narrower(tmp_path / "old"), shipped(tmp_path / "new")
    _reviewer(shell, tmp_path, "anne")
    words = ("policy", "approve", old, new, "--key", tmp_path / "anne", "--name", "Anne")
    assert shell.run(*words, "--passphrase-file", tmp_path / "anne.pw", typed="n\n").code == 1
    assert not (new / "approvals.json").exists()


def test_diff_says_how_many_recorded_decisions_would_differ(shell: Shell, home: Path, tmp_path: Path) -> None:
    with house_on(settings_of(home)) as house:
        coach = house.client("coach")
        case = house.open_case(coach)
        note = house.write_note(coach, case)
        for _ in range(3):
            assert coach.get(f"/cases/{case}/notes/{note}").status_code == 200
        assert house.client("colleague").get(f"/cases/{case}/notes/{note}").status_code == 404
        shell.hooks.clock = house.clock
    new = narrower(tmp_path / "new")
    told = shell.ok("policy", "diff", DEFAULT_FOLDER, new, "--recorded", "--home", home, "--days", "5")
    assert "narrower: coach, note, read, coaching, closed/handed_over" in told.out
    assert "3 x coach, read note, coaching, allowed by cw-11: may differ" in told.out
    assert "recorded   " in told.out
    same = shell.ok("policy", "diff", DEFAULT_FOLDER, DEFAULT_FOLDER, "--recorded", "--home", home)
    assert "differ     0 would" in same.out
    assert "may        0 might" in same.out


def test_a_server_takes_another_policy_on_a_signal(home: Path, tmp_path: Path) -> None:
    folder = shipped(tmp_path / "policy")
    with program("serve", "--home", home, "--port", "0", PAREFEU_POLICY_DIR=str(folder)) as server:
        address = wait_for(home / "serving.lock", "http://127.0.0.1:")
        before = _policy(address)
        narrower(folder)
        server.send_signal(signal.SIGHUP)
        end = time.monotonic() + PATIENCE
        while _policy(address) == before and time.monotonic() < end:
            time.sleep(0.1)
        assert _policy(address) != before
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0


def _policy(address: str) -> str:
    with urllib.request.urlopen(f"{address}/health", timeout=PATIENCE) as reply:
        found: str = json.load(reply)["policy"]
        return found
