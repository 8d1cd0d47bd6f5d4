"""A review is what its entries lead to; what does not fit changes nothing, whoever wrote it."""

from __future__ import annotations

from itertools import count
from typing import Any, Final

import pytest

from vault.oversight.reviewing import (
    MOVES,
    ORIGINS,
    QUESTIONS,
    Move,
    Review,
    Stage,
    is_opening,
    may,
    outcome_of,
    precision,
    review_of,
)

_NUMBERS: Final = count(10)
LOOK: Final = {"actor": "a-coach", "subject": "L-1"}
OPENING: Final = {
    "entry": "r1", "object": "e1", "outcome": "after_hours", "at": "2026-11-03T09:00:00", "actor": "a-auditor",
    "action": "create", "kind": "review_case", "decision": "allow", "count": 1, "zone": "oversight",
}  # fmt: skip
JUDGED: Final = "breach:curiosity"


def act(move: Move, actor: str = "a-auditor", word: str = "", **said: Any) -> dict[str, Any]:
    number = next(_NUMBERS)
    return {
        "entry": f"e{number}", "at": f"2026-11-03T09:{number % 50 + 10}:00", "actor": actor, "role": "auditor",
        "action": QUESTIONS[move].value, "outcome": outcome_of(move, word), "subject": "R-r1", "decision": "allow",
        "count": 1, "kind": "review_case", "zone": "oversight", **said,
    }  # fmt: skip


def told(*acts: dict[str, Any]) -> Review:
    ordered = [{**each, "at": f"2026-11-03T10:{place:02}:00"} for place, each in enumerate(acts)]
    return review_of(OPENING, LOOK, ordered)


def decided(by: str = "a-auditor") -> dict[str, Any]:
    return act(Move.DECIDE, by, JUDGED)


def test_a_review_goes_its_whole_way() -> None:
    review = told(
        act(Move.ASK), act(Move.ANSWER), decided(), act(Move.SIGN, "a-dpo"), act(Move.CLOSE, "a-auditor"),
    )  # fmt: skip
    assert (review.stage, review.judgement, review.reason_code) == (Stage.CLOSED, "breach", "curiosity")
    assert (review.decided_by, review.version, review.strays) == ("a-auditor", 6, 0)
    assert (review.reviewed, review.about, review.origin) == ("a-coach", "e1", "after_hours")


def test_what_is_given_back_is_decided_anew_by_anybody_else() -> None:
    review = told(decided(), act(Move.GIVE_BACK, "a-dpo"))
    assert (review.stage, review.judgement, review.decided_by) == (Stage.OPENED, "", "")
    again = told(decided(), act(Move.GIVE_BACK, "a-dpo"), decided("a-dpo"), act(Move.SIGN, "a-auditor"))
    assert (again.stage, again.decided_by) == (Stage.SIGNED, "a-dpo")


@pytest.mark.parametrize(
    ("acts", "stage", "strays"),
    [
        pytest.param([decided(), act(Move.SIGN)], Stage.DECIDED, 1, id="signed by whoever decided"),
        pytest.param([decided("a-coach")], Stage.OPENED, 1, id="decided by whose look it is"),
        pytest.param([decided(), act(Move.SIGN, "a-coach")], Stage.DECIDED, 1, id="signed by whose look it is"),
        pytest.param([decided(), decided("a-dpo")], Stage.DECIDED, 1, id="two decisions at once: the first counts"),
        pytest.param([act(Move.SIGN, "a-dpo")], Stage.OPENED, 1, id="signed before it was decided"),
        pytest.param([act(Move.CLOSE)], Stage.OPENED, 1, id="closed unsigned"),
        pytest.param([act(Move.ANSWER)], Stage.OPENED, 1, id="answered before anybody asked"),
        pytest.param([{**decided(), "decision": "deny"}], Stage.OPENED, 0, id="refused"),
        pytest.param([{**decided(), "count": 0}], Stage.OPENED, 0, id="came to nothing"),
        pytest.param([{**decided(), "action": "write"}], Stage.OPENED, 1, id="a decision by a lesser right"),
        pytest.param([{**decided(), "zone": "casework"}], Stage.OPENED, 1, id="decided in another zone"),
        pytest.param([{**decided(), "subject": "R-r2"}], Stage.OPENED, 1, id="of another review"),
        pytest.param([{**decided(), "outcome": "pardon"}], Stage.OPENED, 1, id="no act that there is"),
    ],
)
def test_what_does_not_fit_changes_nothing(acts: list[dict[str, Any]], stage: Stage, strays: int) -> None:
    review = told(*acts)
    assert (review.stage, review.strays) == (stage, strays)


def test_order_is_the_logs_and_not_the_readers() -> None:
    acts = [act(Move.ASK, at="2026-11-03T10:00:00"), act(Move.ANSWER, at="2026-11-03T10:01:00")]
    assert review_of(OPENING, LOOK, acts[::-1]).stage is Stage.OPENED
    assert review_of(OPENING, LOOK, acts[::-1]).version == 3


def test_nobody_does_anything_in_the_review_of_their_own_look() -> None:
    review = review_of(OPENING, LOOK, [])
    for stage, move in MOVES:
        moved = Review(**{**_fields(review), "stage": stage})
        assert may(moved, move, "a-dpo")
        assert not may(moved, move, "a-coach")


def _fields(review: Review) -> dict[str, Any]:
    return {name: getattr(review, name) for name in Review.__dataclass_fields__}


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [({}, True), ({"count": 0}, False), ({"decision": "deny"}, False), ({"kind": "case"}, False)],
)
def test_an_opening_is_an_allowed_act_that_came_to_something(changed: dict[str, Any], wanted: bool) -> None:
    assert is_opening(OPENING | changed) is wanted


def test_precision_counts_what_a_second_person_signed() -> None:
    signed = [told(decided(), act(Move.SIGN, "a-dpo")) for _ in range(3)]
    fine = told(act(Move.DECIDE, word="appropriate:case_work"), act(Move.SIGN, "a-dpo"))
    found = precision([*signed, fine, told(decided()), told()])
    assert set(found) == ORIGINS
    assert (found["after_hours"].opened, found["after_hours"].right) == (6, 0.75)
    assert found["after_hours"].judged == {"appropriate": 1, "policy_breach": 0, "breach": 3}
    assert (found["sample"].opened, found["sample"].right) == (0, None)


def asked(by: str = "a-auditor", whom: str = "a-coach") -> dict[str, Any]:
    return act(Move.ASK, by, f"{whom}:why_then")


def theirs(who: str = "a-coach") -> dict[str, Any]:
    """The answer of somebody of casework, as it stands in the log."""
    return act(Move.ANSWER, who, kind="review_question", role="coach", zone="casework")


def test_whoever_was_asked_answers_though_it_is_their_own_look() -> None:
    review = told(asked(), theirs())
    assert (review.stage, review.version, review.strays, review.asked) == (Stage.OPENED, 3, 0, frozenset())
    both = told(asked(), asked(whom="a-head"), theirs("a-head"), theirs())
    assert (both.stage, both.version, both.strays) == (Stage.OPENED, 5, 0)


@pytest.mark.parametrize(
    "acts",
    [
        [theirs()], [act(Move.ASK), theirs()], [asked(), theirs("a-other")], [asked(), theirs(), theirs()],
        [asked(), decided(), theirs()], [asked(), {**decided("a-coach"), "kind": "review_question"}],
        [asked(), act(Move.ANSWER, "a-coach")],
    ],
)  # fmt: skip
def test_an_answer_that_nobody_asked_for_is_stray(acts: list[dict[str, Any]]) -> None:
    assert told(*acts).strays == 1
