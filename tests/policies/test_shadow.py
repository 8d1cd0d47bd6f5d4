"""Decisions that are asked again: what Casbin does not confirm is refused, and somebody hears of it."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from policies.compiler import Answer, Table
from policies.engine import Engine
from policies.facts import ALL_FACTS
from policies.firewall import TableFirewall
from policies.shadow import DISAGREEMENT, ONE_IN, ShadowedFirewall
from vault.vocabulary import Action, Allowed, Denied, Facts, Kind, Phase, Purpose, Question, Role

NOTE = Question(Role.COACH, Action.READ, Kind.NOTE, Purpose.COACHING, Phase.ACTIVE)
OWN = Facts.of(own=True)


def _flipped(table: Table) -> Table:
    """A table in which one answer is not the rules': somebody else's notes are shown too."""
    key = (NOTE.role, NOTE.kind, NOTE.action, NOTE.purpose)
    cell = table.cells[key]
    answers = {phase: dict(each) for phase, each in cell.answers.items()}
    answers[Phase.ACTIVE][0] = Answer(True, "cw-11", "note_full")
    return replace(table, cells=MappingProxyType({**table.cells, key: replace(cell, answers=answers)}))


def test_a_firewall_that_is_right_is_confirmed(table: Table) -> None:
    shadowed = ShadowedFirewall(TableFirewall(table), one_in=1)
    plain = TableFirewall(table)
    for kind in (Kind.NOTE, Kind.CASE, Kind.AUDIT_ENTRY):
        for role in Role:
            for phase in (Phase.ACTIVE, Phase.ERASED, Phase.NONE):
                for facts in (
                    Facts(),
                    OWN,
                    Facts.of(own=True, consent=None),
                    Facts.of(own=None),
                    Facts.of(region=True),
                ):
                    for purpose in (Purpose.COACHING, Purpose.CASE_ADMINISTRATION):
                        question = Question(role, Action.READ, kind, purpose, phase)
                        assert shadowed.decide(question, facts) == plain.decide(question, facts)
    assert shadowed.disagreements == 0


def test_a_table_that_says_something_else_is_refused_and_alarms(table: Table, caplog: pytest.LogCaptureFixture) -> None:
    shadowed = ShadowedFirewall(TableFirewall(_flipped(table)), one_in=1)
    with caplog.at_level(logging.CRITICAL):
        decision = shadowed.decide(NOTE, Facts())
    assert isinstance(decision, Denied)
    assert (decision.rule, decision.digest) == (DISAGREEMENT, table.digest)
    assert shadowed.disagreements == 1
    assert "ALARM" in caplog.text
    assert isinstance(shadowed.decide(NOTE, OWN), Allowed)


def test_a_wrong_refusal_is_noticed_too(table: Table) -> None:
    key = (NOTE.role, NOTE.kind, NOTE.action, NOTE.purpose)
    cells = MappingProxyType({each: cell for each, cell in table.cells.items() if each != key})
    shadowed = ShadowedFirewall(TableFirewall(replace(table, cells=cells)), one_in=1)
    assert isinstance(shadowed.decide(NOTE, OWN), Denied)
    assert shadowed.disagreements == 1


def test_casbin_over_a_roles_lines_of_a_kind_answers_as_over_all(table: Table) -> None:
    """What the shadow leaves out cannot match: no line names several roles or kinds, whatever stands in a policy."""
    whole = Engine(table.source.model, table.source.rules)
    shadowed = ShadowedFirewall(TableFirewall(table))
    for index, (role, kind, act, purpose) in enumerate(sorted(table.cells)):
        if index % 7:
            continue  # each costs milliseconds of stock Casbin over everything
        for phase in (Phase.ACTIVE, Phase.NONE):
            for held in (0, ALL_FACTS):
                asked = ((role, kind, act, purpose), phase, held)
                assert shadowed._engine_for((role, kind)).ask(*asked) == whole.ask(*asked), asked


def test_an_engine_that_cannot_answer_confirms_nothing(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    shadowed = ShadowedFirewall(TableFirewall(table), one_in=1)

    def broken(*_: Any) -> Any:
        raise SystemError("the tree of the matcher is too deep")

    monkeypatch.setattr(Engine, "ask", broken)
    decision = shadowed.decide(NOTE, OWN)
    assert isinstance(decision, Denied)
    assert decision.rule == DISAGREEMENT


def test_one_in_a_thousand_is_asked_again_by_however_many_threads(table: Table) -> None:
    shadowed = ShadowedFirewall(TableFirewall(_flipped(table)))
    refused: list[int] = []

    def ask() -> None:
        answers = [shadowed.decide(NOTE, Facts()) for _ in range(2 * ONE_IN)]
        refused.append(sum(isinstance(answer, Denied) for answer in answers))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(refused) == shadowed.disagreements == 8


def test_the_shipped_policy_is_served_with_its_shadow(table: Table) -> None:
    assert ShadowedFirewall(TableFirewall(table)).digest == table.digest
    assert ONE_IN == 1000
