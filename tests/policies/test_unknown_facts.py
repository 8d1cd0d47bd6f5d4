"""An unknown fact never helps, also where a deny line names it; and nothing malformed is ever allowed."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.facts import ALL_FACTS, condition_sets
from policies.firewall import TableFirewall
from policies.lines import Source
from tests.policies.support import table_of
from vault.vocabulary import Action, Allowed, Denied, Fact, Facts, Kind, NearMiss, Phase, Purpose, Question, Role

READ_NOTE = Question(Role.COACH, Action.READ, Kind.NOTE, Purpose.COACHING, Phase.ACTIVE)
MASKS = st.integers(0, ALL_FACTS)


def _questions(firewall: TableFirewall) -> list[Question]:
    return [
        Question(role, act, kind, purpose, phase)
        for (role, kind, act, purpose), phase in sorted({(key, phase) for key, phase, _, _ in firewall.table.allowed()})
    ]


@settings(max_examples=250, deadline=None)
@given(data=st.data(), held=MASKS, known=MASKS)
def test_an_unknown_fact_never_helps(firewall: TableFirewall, data: st.DataObject, held: int, known: int) -> None:
    question = data.draw(st.sampled_from(_questions(firewall)))
    decision = firewall.decide(question, Facts(held & known, known))
    ways = [firewall.decide(question, Facts(held & known | way)) for way in condition_sets(ALL_FACTS & ~known)]
    assert isinstance(decision, Allowed) is all(isinstance(way, Allowed) for way in ways)
    if isinstance(decision, Allowed):
        assert all(way is decision for way in ways)


@pytest.fixture(scope="module")
def with_denial(source: Source) -> TableFirewall:
    """Own cases, unless a second person stands against it: a deny line that names a fact."""
    lines = (
        "cw-90,coach,note,read,coaching,active,own,note_full,allow",
        "cw-91,coach,note,read,coaching,active,second,none,deny",
    )
    return TableFirewall(table_of(source, lines))


def test_an_unknown_fact_of_a_deny_line_denies(with_denial: TableFirewall) -> None:
    assert isinstance(with_denial.decide(READ_NOTE, Facts.of(own=True)), Allowed)
    decision = with_denial.decide(READ_NOTE, Facts.of(own=True, second=None))
    assert isinstance(decision, Denied)
    assert decision.rule == "cw-91"


@given(held=MASKS, known=MASKS)
def test_an_unknown_fact_never_helps_past_a_deny_line(with_denial: TableFirewall, held: int, known: int) -> None:
    decision = with_denial.decide(READ_NOTE, Facts(held, known))
    assert isinstance(decision, Allowed) is all(
        isinstance(with_denial.decide(READ_NOTE, Facts(held & known | way)), Allowed)
        for way in condition_sets(ALL_FACTS & ~known)
    )


def test_a_fact_held_but_not_known_does_not_count(firewall: TableFirewall) -> None:
    assert isinstance(firewall.decide(READ_NOTE, Facts(held=1, known=ALL_FACTS & ~1)), Denied)


def test_a_denial_names_what_was_missing(firewall: TableFirewall) -> None:
    decision = firewall.decide(READ_NOTE, Facts.of(own=None))
    assert isinstance(decision, Denied)
    assert decision.nearest == (NearMiss("cw-11", (Fact.OWN,)),)


MALFORMED_FACTS: list[Any] = [
    Facts(-1),
    Facts(256),
    Facts(1 << 40),
    Facts(ALL_FACTS, -1),
    Facts(1, 511),
    Facts(-1, 0),
    None,
    "own",
    object(),
    *(Facts(*wrong) for wrong in [("1",), (1.0,), (None,), (1, None), (1, "127")]),  # type: ignore[arg-type]
]
MALFORMED_QUESTIONS: list[Any] = [
    None,
    "coach",
    object(),
    *(
        Question(*wrong)  # type: ignore[arg-type]
        for wrong in [
            ("root", "read", "note", "coaching", "active"),
            ("read", "coach", "note", "coaching", "active"),
            ([], {}, None, 0, 1),
        ]
    ),
]


@pytest.mark.parametrize("facts", MALFORMED_FACTS)
def test_malformed_facts_are_denied(firewall: TableFirewall, facts: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    assert isinstance(firewall.decide(READ_NOTE, facts), Denied)


@pytest.mark.parametrize("question", MALFORMED_QUESTIONS)
def test_malformed_questions_are_denied(
    firewall: TableFirewall, question: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    assert isinstance(firewall.decide(question, Facts(ALL_FACTS)), Denied)


def test_a_failing_question_is_logged_without_content(
    firewall: TableFirewall, caplog: pytest.LogCaptureFixture
) -> None:
    firewall.decide(READ_NOTE, None)  # type: ignore[arg-type]
    assert [record.getMessage() for record in caplog.records] == [
        "a question could not be decided and was denied: AttributeError"
    ]
