"""The choice of a coach: by region, kind and load, the same for the same facts, and explained to the last obstacle."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.cases.assignment import (
    ABSOLUTE,
    Absence,
    AbsenceKind,
    Candidate,
    Need,
    Obstacle,
    Profile,
    check_named,
    propose,
)
from vault.cases.model import CoachType
from vault.errors import InvalidInput, NotAssignable
from vault.ids import AbsenceId, ActorId

NEED = Need("brussels", CoachType.FAMILIES)
NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


def coach(number: int, **changed: Any) -> Candidate:
    values: dict[str, Any] = {
        "coach": ActorId(bytes([number]) * 16), "region": "brussels", "active": True,
        "profile": Profile(frozenset({CoachType.FAMILIES}), 40), "load": 0,
    }  # fmt: skip
    return Candidate(**(values | changed))


def chosen(*candidates: Candidate) -> int | None:
    """The number of who is chosen, in every order of the candidates."""
    found = {propose(NEED, order).coach for order in permutations(candidates)}
    assert len(found) == 1, "the order of the candidates decides nothing"
    (one,) = found
    return one.raw[0] if one is not None else None


def test_the_smallest_part_of_the_capacity_in_use_decides() -> None:
    half = Profile(frozenset({CoachType.FAMILIES}), 20)
    assert chosen(coach(1, load=12), coach(2, load=10, profile=half), coach(3, load=13)) == 1
    assert chosen(coach(1, load=12), coach(2, load=5, profile=half), coach(3, load=13)) == 2


def test_equal_use_goes_to_the_fewest_cases_then_to_who_waited_longest_then_to_the_smaller_id() -> None:
    double = Profile(frozenset({CoachType.FAMILIES}), 80)
    assert chosen(coach(1, load=20, profile=double), coach(2, load=10)) == 2
    late, early = NOW, NOW - timedelta(days=3)
    assert chosen(coach(1, given_at=late), coach(2, given_at=early), coach(3, given_at=late)) == 2
    assert chosen(coach(1, given_at=early), coach(2)) == 2, "who never had one waits longest"
    assert chosen(coach(7), coach(5), coach(6)) == 5


@pytest.mark.parametrize(
    ("changed", "obstacle"),
    [
        ({"region": "ghent"}, Obstacle.OTHER_REGION),
        ({"active": False}, Obstacle.INACTIVE),
        ({"profile": None}, Obstacle.NO_PROFILE),
        ({"profile": Profile(frozenset({CoachType.INDIVIDUALS}), 40)}, Obstacle.OTHER_TYPE),
        ({"absent": True}, Obstacle.ABSENT),
        ({"conflict": True}, Obstacle.CONFLICT_OF_INTEREST),
        ({"load": 40}, Obstacle.FULL),
    ],
)
def test_every_obstacle_keeps_a_case_away_and_is_named(changed: dict[str, Any], obstacle: Obstacle) -> None:
    hindered, free = coach(1, **changed), coach(2, load=39)
    proposal = propose(NEED, [hindered, free])
    assert proposal.coach == free.coach
    told = {each.candidate.coach: each for each in proposal.considered}
    assert (told[hindered.coach].obstacles, told[hindered.coach].rank) == ((obstacle,), None)
    assert (told[free.coach].obstacles, told[free.coach].rank) == ((), 1)
    alone = propose(NEED, [hindered])
    assert alone.coach is None
    with pytest.raises(NotAssignable) as refused:
        alone.chosen()
    assert refused.value.obstacles == (obstacle,)


def test_the_explanation_is_codes_and_numbers() -> None:
    assert propose(NEED, [coach(1, load=12), coach(2, load=30)]).explanation == "families: load 12/40, least of 2"
    assert propose(NEED, [coach(1, absent=True)]).explanation == "families in brussels: nobody of 1"
    assert propose(NEED, []).explanation == "families in brussels: nobody of 0"


def test_a_head_overrides_what_is_a_heads_to_judge_and_nothing_else() -> None:
    assert check_named(NEED, coach(1)) == ()
    overridden = coach(1, profile=Profile(frozenset({CoachType.INDIVIDUALS}), 3), load=3, absent=True)
    assert check_named(NEED, overridden) == (Obstacle.OTHER_TYPE, Obstacle.ABSENT, Obstacle.FULL)
    for changed in ({"region": "ghent"}, {"active": False}, {"conflict": True}):
        with pytest.raises(NotAssignable) as refused:
            check_named(NEED, coach(1, **changed))
        assert set(refused.value.obstacles) <= ABSOLUTE


_CANDIDATES = st.lists(
    st.builds(
        coach, st.integers(0, 255), load=st.integers(0, 50), absent=st.booleans(), conflict=st.booleans(),
        region=st.sampled_from(["brussels", "ghent"]), given_at=st.none() | st.just(NOW),
        profile=st.none()
        | st.builds(Profile, st.sets(st.sampled_from(CoachType), min_size=1).map(frozenset), st.integers(1, 60)),
    ),
    max_size=8, unique_by=lambda candidate: candidate.coach,
)  # fmt: skip


@given(_CANDIDATES, st.randoms(use_true_random=False))
def test_nobody_is_chosen_who_could_not_and_no_order_matters(candidates: list[Candidate], chance: Any) -> None:
    proposal = propose(NEED, candidates)
    shuffled = list(candidates)
    chance.shuffle(shuffled)
    assert propose(NEED, shuffled) == proposal
    able = [one for one in candidates if not one.obstacles(NEED)]
    assert len(proposal.considered) == len(candidates)
    assert sorted(each.rank for each in proposal.considered if each.rank) == list(range(1, len(able) + 1))
    if not able:
        assert proposal.coach is None
        return
    first = next(one for one in candidates if one.coach == proposal.coach)
    assert first in able
    assert first.use == min(one.use for one in able)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 40))
def test_cases_given_out_one_by_one_fill_coaches_evenly(first: int, second: int, count: int) -> None:
    kind = frozenset({CoachType.FAMILIES})
    coaches = [coach(1, profile=Profile(kind, first)), coach(2, profile=Profile(kind, second))]
    for _ in range(count):
        one = propose(NEED, coaches).coach
        if one is None:
            break
        coaches = [replace(each, load=each.load + 1) if each.coach == one else each for each in coaches]
    assert sum(each.load for each in coaches) == min(count, first + second)
    assert abs(coaches[0].use - coaches[1].use) <= Fraction(1, min(first, second))


@pytest.mark.parametrize("values", [(frozenset(), 5), (frozenset(CoachType), 0), (frozenset(CoachType), 1000)])
def test_a_profile_that_cannot_be_meant_does_not_exist(values: tuple[frozenset[CoachType], int]) -> None:
    with pytest.raises(InvalidInput):
        Profile(*values)


def test_an_absence_covers_its_days_until_the_return() -> None:
    first, last = NOW.date(), NOW.date() + timedelta(days=4)
    absence = Absence(AbsenceId(bytes(16)), ActorId(bytes(16)), AbsenceKind.HOLIDAY, first, last)
    day = timedelta(days=1)
    assert [absence.covers(one) for one in (first - day, first, last, last + day)] == [False, True, True, False]
    assert replace(absence, last_day=None).covers(last + 300 * day)
    assert not replace(absence, returned_at=NOW).covers(first)
