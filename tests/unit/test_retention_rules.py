"""The office's rules of retention: the shipped ones, when a case is due, and files that do not load."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.retention_rules import load_retention_rules
from vault.errors import ConfigurationError, InvalidInput
from vault.lifecycle.holds import WHY, Hold
from vault.lifecycle.retention import KEPT
from vault.vocabulary import KIND_COMPARTMENT, Compartment, Kind

SHIPPED = (Path(__file__).parents[2] / "gateway" / "retention.toml").read_text("utf-8")


def test_the_shipped_rules_say_24_months_and_four_grounds() -> None:
    rules = load_retention_rules()
    assert set(rules.months) == set(KEPT)
    assert set(rules.months.values()) == {24}
    assert [code for code, ground in rules.grounds.items() if not ground.before_due] == ["retention_over"]
    assert all("GDPR" in ground.text for ground in rules.grounds.values())
    with pytest.raises(InvalidInput, match="ground must be one of retention_over"):
        rules.ground("because")


def test_a_case_is_due_on_the_first_day_on_which_one_compartment_may_be_kept_no_longer(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(SHIPPED.replace("sensitive = 24", "sensitive = 6"), "utf-8")
    rules, closed = load_retention_rules(tmp_path / "own.toml"), date(2026, 8, 31)
    assert rules.due_on(closed, {Compartment.NARRATIVE, Compartment.IDENTITY}) == date(2028, 8, 31)
    assert rules.due_on(closed, {Compartment.NARRATIVE, Compartment.SENSITIVE}) == date(2027, 2, 28)
    assert rules.due_on(closed, ()) == date(2027, 2, 28), "where nothing is known, the shortest"
    assert rules.digest != load_retention_rules().digest


def test_whatever_a_case_can_hold_has_its_months() -> None:
    elsewhere = {Compartment.OUTCOME_SHEET, Compartment.AUDIT, Compartment.AGGREGATES}
    assert {KIND_COMPARTMENT[kind] for kind in Kind} - elsewhere == set(KEPT)
    assert set(WHY) == set(Hold)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("narrative = 24\n", ""), ("narrative = 24", "narrative = 0"), ("narrative = 24", "narrative = 601"),
        ("narrative = 24", 'narrative = "24"'), ("narrative = 24", "narrative = 24\naudit = 120"),
        ("narrative = 24", "narrative = 24.5"), ("before_due = false", "before_due = true"),
        ("before_due = false", "before_due = 0"), ("[ground.retention_over]", "[ground.Retention]"),
        ("[months]", "[month]"), ('version = "shipped-1"', 'version = ""'),
        ("before_due = false", "before_due = false\nalone = true"),
    ],
)  # fmt: skip
def test_a_file_that_says_something_else_does_not_load(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "own.toml"
    assert before in SHIPPED
    file.write_text(SHIPPED.replace(before, after, 1), "utf-8")
    with pytest.raises(ConfigurationError, match=r"own\.toml cannot be used"):
        load_retention_rules(file)
