"""The figures for samples: the shipped ones, and files that do not load."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.case_sample_rules import load_case_sample_rules
from vault.errors import ConfigurationError, InvalidInput

SHIPPED = (Path(__file__).parents[2] / "gateway" / "case_samples.toml").read_text("utf-8")


def test_the_shipped_figures() -> None:
    rules = load_case_sample_rules()
    assert rules.reasons == ("quality", "complaint", "training")
    assert (rules.budget, rules.working_days, rules.fewest, len(rules.digest)) == (4, 5, 3, 32)
    rules.check("complaint")
    with pytest.raises(InvalidInput, match="reason must be one of quality, complaint, training"):
        rules.check("curiosity")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("month = 4", "month = 51"), ("month = 4", "month = -1"), ("working_days = 5", "working_days = 0"),
        ("working_days = 5", "working_days = 21"), ("fewest = 3", "fewest = 0"), ("month = 4", 'month = "4"'),
        ("[budget]", "[budgets]"), ("month = 4", "month = 4\nweek = 1"), ('"quality", ', '"training", '),
        ('"quality"', '"Quality"'), ('["quality", "complaint", "training"]', "[]"),
    ],
)  # fmt: skip
def test_a_file_that_says_something_else_does_not_load(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "own.toml"
    assert before in SHIPPED
    file.write_text(SHIPPED.replace(before, after, 1), "utf-8")
    with pytest.raises(ConfigurationError, match=r"own\.toml cannot be used"):
        load_case_sample_rules(file)


def test_an_office_lists_its_own_reasons(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(SHIPPED.replace('"training"', '"new_coach"'), "utf-8")
    assert load_case_sample_rules(tmp_path / "own.toml").reasons == ("quality", "complaint", "new_coach")
    assert load_case_sample_rules(tmp_path / "own.toml").digest != load_case_sample_rules().digest
