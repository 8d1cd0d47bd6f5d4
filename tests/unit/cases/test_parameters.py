"""The parameters: whole, sourced, versioned, digested; a wrong file is refused and says where."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.parameters import LARGEST_FILE, load_parameters
from tests.cli.kit import Shell
from vault.cases.flow import WAITING, State
from vault.cases.parameters import Sourced
from vault.errors import ConfigurationError


def _sourced(value: Any) -> list[Sourced[Any]]:
    if isinstance(value, Sourced):
        return [value]
    if is_dataclass(value):
        return [one for field in fields(value) for one in _sourced(getattr(value, field.name))]
    if hasattr(value, "values"):
        return [one for inner in value.values() for one in _sourced(inner)]
    return []


def _file(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_every_shipped_value_has_a_source_and_every_wait_a_value() -> None:
    found = load_parameters()
    values = _sourced(found)
    assert len(values) >= 50
    assert all(len(one.source) >= 8 for one in values)
    assert {name for state, name in WAITING.items() if state is not State.INVITED} == set(found.waits)
    assert set(found.annexes) == {
        "12", "13", "13bis", "13quinquies", "13septies", "14", "14ter", "20", "21", "26quater"
    }  # fmt: skip
    assert [name for name, annex in found.annexes.items() if annex.transfer] == ["26quater"]


def test_an_operators_table_replaces_one_whole_and_moves_the_digest(tmp_path: Path) -> None:
    shipped = load_parameters()
    text = 'version = "office-1"\n[flow.reinvitations]\nvalue = 3\nsource = "a circular of the Office"\nsure = "H"\n'
    own = load_parameters(_file(tmp_path, text))
    assert (own.version, own.flow.reinvitations.value) == ("office-1", 3)
    assert own.flow.reinvitations.source == "a circular of the Office"
    assert own.flow.majority == shipped.flow.majority
    assert own.digest != shipped.digest
    assert load_parameters().digest == shipped.digest


def test_a_successor_of_the_transfer_order_is_a_line_of_configuration(tmp_path: Path) -> None:
    text = 'version = "2027-1"\n[annexes.26sexies]\nvalue = 7\nsource = "the regulation that follows"\nsure = "B"\n'
    text += "transfer = true\n"
    own = load_parameters(_file(tmp_path, text))
    assert own.annexes["26sexies"].transfer
    assert "26quater" in own.annexes


_TABLE = 'value = 3\nsource = "some source"\nsure = "H"\n'
WRONG = {
    "": "version of its own",
    'version = "2026-11"\n': "version of its own",
    'version = "a b"\n': "version",
    'version = "1"\n[flow.reinvitations]\nvalue = 3\n': "flow.reinvitations.source",
    'version = "1"\n[flow.reinvitations]\n' + _TABLE.replace("3", "-1"): "flow.reinvitations",
    'version = "1"\n[flow.reinvitations]\n' + _TABLE.replace("3", '"2"'): "flow.reinvitations",
    'version = "1"\n[flow.reinvitations]\n' + _TABLE.replace("3", "true"): "flow.reinvitations",
    'version = "1"\n[flow.reinvitations]\n' + _TABLE.replace("H", "X"): "flow.reinvitations.sure",
    'version = "1"\n[flow.unknown]\n' + _TABLE: "flow.unknown",
    'version = "1"\n[waits.coffee]\n' + _TABLE: "waits.coffee",
    'version = "1"\n[appeals.annulment]\ninstead_of = "cassation"\n' + _TABLE: "appeals.annulment.instead_of",
    'version = "1"\n[appeals.annulment]\ninstead_of = "annulment"\n' + _TABLE: "appeals.annulment.instead_of",
    'version = "1"\n[made_up]\nvalue = 3\n': "made_up",
    'version = "1"\nflow = 3\n': "flow",
    "version = \n": "no TOML",
}


@pytest.mark.parametrize(("text", "told"), WRONG.items())
def test_a_wrong_file_is_refused_and_says_where(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_parameters(_file(tmp_path, text))
    assert told in str(refused.value)


def test_a_file_that_is_absent_huge_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_parameters(tmp_path / "none.toml")
    with pytest.raises(ConfigurationError, match="larger"):
        load_parameters(_file(tmp_path, "#" * (LARGEST_FILE + 1)))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="no TOML"):
        load_parameters(tmp_path / "bytes.toml")


def test_the_command_prints_each_value_with_source_and_the_digest(tmp_path: Path) -> None:
    shell = Shell()
    shown = shell.ok("flow", "parameters").out
    assert load_parameters().digest.hex() in shown
    assert "flow.reinvitations" in shown
    wrong = _file(tmp_path, 'version = "1"\n[flow.unknown]\nvalue = 3\n')
    assert "flow.unknown" in shell.refused("configuration_error", "flow", "parameters", "--file", str(wrong)).err
