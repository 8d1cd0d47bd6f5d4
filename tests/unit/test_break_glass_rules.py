"""The figures for emergencies: the shipped ones, and files that do not load."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.break_glass_rules import load_emergency_rules
from vault.cases.break_glass import Period
from vault.errors import ConfigurationError
from vault.vocabulary import Role

SHIPPED = (Path(__file__).parents[2] / "gateway" / "break_glass.toml").read_text("utf-8")


def test_the_shipped_figures() -> None:
    rules = load_emergency_rules()
    assert dict(rules.budget) == {Role.COACH: 3, Role.REGIONAL_HEAD: 3}
    assert (rules.period, rules.lasts, rules.answer_within) == (Period.MONTH, timedelta(minutes=30), timedelta(hours=1))
    assert (rules.review_within, len(rules.digest)) == (5, 32)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("minutes = 30", "minutes = 481"), ("minutes = 30", "minutes = 0"), ("coach = 3", "coach = -1"),
        ('period = "month"', 'period = "year"'), ("review_within_days = 5", "review_within_days = 0"),
        ("coach = 3", "coach = 3\ndesk_officer = 3"), ("[budget]", "[budgets]"), ("coach = 3", 'coach = "3"'),
    ],
)  # fmt: skip
def test_a_file_that_says_something_else_does_not_load(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "own.toml"
    assert before in SHIPPED
    file.write_text(SHIPPED.replace(before, after, 1), "utf-8")
    with pytest.raises(ConfigurationError, match=r"own\.toml cannot be used"):
        load_emergency_rules(file)


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_emergency_rules(tmp_path / "none.toml")
    (tmp_path / "huge.toml").write_bytes(b"#" * 20_000)
    with pytest.raises(ConfigurationError, match="larger"):
        load_emergency_rules(tmp_path / "huge.toml")


@pytest.mark.parametrize(
    ("period", "day", "name"),
    [
        (Period.WEEK, date(2027, 1, 1), "2026-W53"), (Period.MONTH, date(2026, 11, 26), "2026-11"),
        (Period.QUARTER, date(2026, 12, 31), "2026-Q4"), (Period.QUARTER, date(2027, 1, 1), "2027-Q1"),
    ],
)  # fmt: skip
def test_a_budget_is_for_a_period_of_belgian_days(period: Period, day: date, name: str) -> None:
    assert period.of(day) == name
