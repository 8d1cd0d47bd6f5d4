"""Small mistakes in the rules: nearly every one must change what is decided, and then must not load.

Rules of different cells cannot touch each other (the proof asks Casbin about that), so each mutant is compiled
with the rules of its own cell only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from policies.compiler import Answer, Table
from policies.expected import check_expected, load_expected
from policies.lines import Key, Rule, Source
from tests.policies.support import table_of
from vault.errors import PolicyRejected
from vault.vocabulary import Phase


def _mutants(rule: Rule) -> Iterator[tuple[str, Rule | None]]:
    yield "dropped line", None
    words = [] if rule.need == "none" else rule.need.split("+")
    for word in words:
        rest = [other for other in words if other != word]
        yield f"dropped {word}", replace(rule, need="+".join(rest) or "none")
    if rule.states == ("any",):
        yield "narrowed", replace(rule, states=("active",))
    else:
        yield "widened to any", replace(rule, states=("any",))
        missing = next(phase for phase in Phase if phase not in rule.phases)
        yield f"widened to {missing}", replace(rule, states=(*rule.states, missing.value))
    release = "none" if rule.allows else "receipt"
    yield "swapped effect", replace(rule, allows=not rule.allows, release=release)


def _decided(table: Table) -> dict[object, Answer]:
    return {
        (key, phase, held): answer
        for key, cell in table.cells.items()
        for phase, answers in cell.answers.items()
        for held, answer in answers.items()
    }


def _all_mutants(source: Source) -> Iterator[tuple[str, Rule, tuple[Rule, ...], tuple[Rule, ...]]]:
    for rule in source.rules:
        cell = tuple(other for other in source.rules if other.key == rule.key)
        for name, mutant in _mutants(rule):
            changed = (mutant if other is rule else other for other in cell)
            yield name, rule, cell, tuple(other for other in changed if other is not None)


def test_nearly_every_small_mistake_changes_the_table_and_a_changed_verdict_never_loads(source: Source) -> None:
    expected = load_expected()
    total, unchanged, unnoticed = 0, [], []
    decided: dict[Key, dict[object, Answer]] = {}
    for name, rule, cell, mutated in _all_mutants(source):
        total += 1
        if not mutated:
            continue  # the cell is gone, and with it its answers
        if rule.key not in decided:
            decided[rule.key] = _decided(table_of(source, cell))
        before = decided[rule.key]
        try:
            table = table_of(source, mutated)
        except PolicyRejected:
            continue  # two lines allow the same request
        after = _decided(table)
        if after == before:
            unchanged.append((rule.id, name))
        shown = {asked: (answer.allowed, answer.profile) for asked, answer in before.items()}
        now = {asked: (answer.allowed, answer.profile) for asked, answer in after.items()}
        own = [line for line in expected if line.key == rule.key]
        if shown != now and not check_expected(table, own):
            unnoticed.append((rule.id, name))
    assert total > 350
    assert len(unchanged) <= total * 0.01, unchanged
    assert unnoticed == []


@pytest.mark.parametrize("rule_id", ["cw-11", "fu-02", "pa-02", "ov-04"])
def test_a_missing_allow_line_is_noticed_by_the_expectations(source: Source, table: Table, rule_id: str) -> None:
    rule = next(rule for rule in source.rules if rule.id == rule_id)
    cells = {key: cell for key, cell in table.cells.items() if key != rule.key}
    assert check_expected(replace(table, cells=cells), load_expected())
