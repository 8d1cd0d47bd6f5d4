"""The office's rules of gated access: validated whole, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.access_rules import load_access_rules
from vault.errors import ConfigurationError
from vault.vocabulary import Role

SHIPPED = (Path(__file__).parents[2] / "gateway" / "access.toml").read_text("utf-8")
KEYS = """
[key.dpo]
function = "dpo"
login = "dpo"
fingerprint = "{one}"
[key.head]
function = "regional_head"
login = "head"
fingerprint = "{two}"
"""


def test_the_shipped_rules_take_two_functions_for_who_and_where() -> None:
    rules = load_access_rules()
    assert rules.functions(("family_name",)) == (Role.REGIONAL_HEAD, Role.DPO)
    assert rules.functions(("procedure_pending",)) == (Role.REGIONAL_HEAD,)
    assert (rules.per_day, rules.longest_hours, rules.signed) == (5, 72, False)
    assert len(rules.digest) == 32


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('address = ["regional_head", "dpo"]', 'address = ["regional_head"]'),
        ('address = ["regional_head", "dpo"]', 'address = ["dpo"]'),
        ('address = ["regional_head", "dpo"]', ""),
        ('address = ["regional_head", "dpo"]', 'address = ["regional_head", "coach"]'),
        ('address = ["regional_head", "dpo"]', 'address = ["regional_head", "dpo"]\nnotes = ["regional_head", "dpo"]'),
        ('procedure_pending = ["regional_head"]', 'procedure_pending = ["regional_head", "regional_head"]'),
        ("requests_per_day = 5", "requests_per_day = 0"),
        ("requests_per_day = 5", 'requests_per_day = "5"'),
        ("longest_hours = 72", "longest_hours = 8000"),
        ("required = false", "required = true"),
        ("required = false", "required = false\nmore = 1"),
        ('version = "shipped-1"', ""),
        ("[basis.oqt_execution]", "[basis.OQT]"),
        ("[approvals]", "[approvals"),
    ],
)
def test_rules_that_promise_less_do_not_load(tmp_path: Path, before: str, after: str) -> None:
    assert before in SHIPPED
    file = tmp_path / "access.toml"
    file.write_text(SHIPPED.replace(before, after), "utf-8")
    with pytest.raises(ConfigurationError):
        load_access_rules(file)


def test_a_key_is_one_approvers(tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    required = SHIPPED.replace("required = false", "required = true")
    file.write_text(required + KEYS.format(one="a" * 64, two="b" * 64), "utf-8")
    rules = load_access_rules(file)
    assert rules.keys == {"a" * 64: (Role.DPO, "dpo"), "b" * 64: (Role.REGIONAL_HEAD, "head")}
    file.write_text(required + KEYS.format(one="a" * 64, two="a" * 64), "utf-8")
    with pytest.raises(ConfigurationError):
        load_access_rules(file)
    file.write_text(required + KEYS.format(one="a" * 64, two="b" * 64).replace('"dpo"\nlogin', '"auditor"\nlogin'))
    with pytest.raises(ConfigurationError):
        load_access_rules(file)
    with pytest.raises(ConfigurationError):
        load_access_rules(tmp_path / "missing.toml")


def test_other_rules_have_another_digest(tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    file.write_text(SHIPPED.replace("requests_per_day = 5", "requests_per_day = 6"), "utf-8")
    assert load_access_rules(file).digest != load_access_rules().digest
