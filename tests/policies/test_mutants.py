"""Small mistakes in the rules: nearly every one must change what is decided, and then must not load.

Here a sample; `parefeu policy mutants` makes all of them. Rules of different cells cannot touch each other (the proof
asks Casbin about that), so each mutant is decided with the rules of the cells it touches only.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

import pytest
from typer.testing import CliRunner

import policies.mutants
from gateway.cli import policy
from policies.compiler import Table
from policies.expected import check_expected, load_expected
from policies.lines import Source
from policies.mutants import Measure, measure, mutants

#: One in so many, a number that no column of the rules repeats by.
SAMPLED: Final = 13


def test_a_sample_of_all_small_mistakes_is_noticed(source: Source) -> None:
    measured = measure(source, load_expected(), every=SAMPLED, first=5)
    assert measured.made > 500
    assert measured.made - measured.same > measured.made // 3, "most would be no mistakes at all"
    assert measured.share >= policy.LEAST_NOTICED, measured.unnoticed


def test_every_column_of_every_rule_is_spoilt(source: Source) -> None:
    made = list(mutants(source))
    assert len({mutant.name for mutant in made}) == len(made)
    assert {mutant.rule for mutant in made} == set(source.rules)
    per_rule = Counter(mutant.rule.id for mutant in made)
    assert min(per_rule.values()) > 40
    for mutant in made:
        assert mutant.spoilt != mutant.rule, mutant.name


def test_without_the_expectations_mistakes_would_load(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what notices is what the rules are held against, not the measuring."""
    monkeypatch.setattr(policies.mutants, "check_expected", lambda *_: ())
    rules = tuple(rule for rule in source.rules if rule.id == "cw-11")
    measured = measure(replace(source, rules=rules), load_expected())
    assert measured.share < policy.LEAST_NOTICED
    assert "cw-11: is answered with note_list" in measured.unnoticed


def test_the_command_says_how_many_and_fails_where_too_many_would_load(monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(policy.app, ["mutants", "--every", "400"])
    assert done.exit_code == 0, done.output
    assert "100.00%" in done.stdout
    monkeypatch.setattr(policy, "measure", lambda *_, **__: Measure(100, 0, ("cw-11: also in erased", "cw-12: gone")))
    failed = CliRunner().invoke(policy.app, ["mutants"])
    assert failed.exit_code == 1
    assert "would load: cw-11: also in erased" in failed.stderr


@pytest.mark.parametrize("rule_id", ["cw-11", "fu-02", "pa-02", "ov-04"])
def test_a_missing_allow_line_is_noticed_by_the_expectations(source: Source, table: Table, rule_id: str) -> None:
    rule = next(rule for rule in source.rules if rule.id == rule_id)
    cells = {key: cell for key, cell in table.cells.items() if key != rule.key}
    assert check_expected(replace(table, cells=cells), load_expected())
