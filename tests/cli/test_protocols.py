"""`parefeu protocols`: what a file says, what runs today, and whether an office may rest upon it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.serve import banner
from gateway.protocol_rules import load_protocols
from gateway.settings import Settings
from tests.cli.kit import Shell
from tests.unit.test_protocol_rules import ONE

SHIPPED = load_protocols()


def own(folder: Path, until: str) -> Path:
    text = ONE.format(code="sheets", party="follow_up", purpose="oqt_follow_up", categories='"outcome_sheet"',
                      published="2020-01-01", since="2020-01-01", until=until)  # fmt: skip
    file = folder / "own.toml"
    file.write_text('version = "own-1"\n' + text, "utf-8")
    return file


@pytest.fixture
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An office that named no file of its own; the tests' own vaults do."""
    monkeypatch.delenv("PAREFEU_PROTOCOLS_FILE", raising=False)


@pytest.mark.usefixtures("nothing_named")
def test_the_examples_are_shown_as_what_they_are(shell: Shell) -> None:
    ran = shell.ok("protocols")
    assert {row[0]: row[6] for row in ran.rows if len(row) > 6} == {
        each.code: "EXAMPLE" for each in SHIPPED.entries
    }  # fmt: skip
    assert f"digest {SHIPPED.digest.hex()}" in ran.out
    shell.refused("configuration_error", "protocols", "--strict")


def test_a_file_of_ones_own_is_shown_checked_and_named_by_its_digest(shell: Shell, tmp_path: Path) -> None:
    file = own(tmp_path, "2099-12-31")
    told = shell.ok("protocols", "--file", file, "--json", "--strict").json
    assert told["digest"] == load_protocols(file).digest.hex()
    (row,) = told["protocols"]
    assert (row["party"], row["standing"], row["until"]) == ("follow_up", "runs", "2099-12-31")
    assert row["basis"] == "Loi du 30 juillet 2018, article 20; protocole d'échange"


def test_one_that_has_ended_is_shown_so_and_fails_the_check(shell: Shell, tmp_path: Path) -> None:
    file = own(tmp_path, "2020-02-01")
    assert shell.ok("protocols", "--file", file).rows[0][6] == "ended"
    ran = shell.refused("configuration_error", "protocols", "--file", file, "--strict")
    assert "follow_up: outcome_sheet" in ran.err


def test_an_empty_or_broken_file_fails_the_check(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('version = "none"\n', "utf-8")
    shell.ok("protocols", "--file", file)
    shell.refused("configuration_error", "protocols", "--file", file, "--strict")
    file.write_text("[protocol.a]\nparty = 'casework'\n", "utf-8")
    shell.refused("configuration_error", "protocols", "--file", file)


@pytest.mark.usefixtures("nothing_named")
def test_whoever_serves_with_the_examples_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    banner(Settings(home=tmp_path), "http://127.0.0.1:1")
    assert "nobody agreed to" in capsys.readouterr().err
    banner(Settings(home=tmp_path, protocols_file=own(tmp_path, "2099-12-31")), "http://127.0.0.1:1")
    assert "nobody agreed to" not in capsys.readouterr().err
