"""The table of steps, walked: every listed pair leads where it says, every other is refused with what is possible."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from tests.house import House
from vault.cases.flow import NONCOLLABORATION, STEPS, Outcome, State, Step, next_state, phase_of, possible
from vault.cases.model import AdminFacts, Case
from vault.errors import IllegalStep, InvalidInput
from vault.ids import ActorId, CaseId
from vault.vocabulary import Phase

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
ENDING = {Step.CLOSE, Step.BEGIN_CLOSING}


def a_case(state: State, outcome: Outcome | None = None) -> Case:
    return Case(
        CaseId(bytes(16)), state, "brussels", "fr", ActorId(bytes(16)), NOW, None, outcome, AdminFacts(), 4
    )  # fmt: skip


@pytest.mark.parametrize(("state", "step"), list(itertools.product(State, Step)))
def test_a_listed_step_is_taken_and_an_unlisted_one_refused(state: State, step: Step) -> None:
    if (state, step) in STEPS:
        assert next_state(state, step) is STEPS[state, step]
        return
    with pytest.raises(IllegalStep) as refused:
        next_state(state, step)
    assert refused.value.possible == possible(state)
    assert all((state, other) in STEPS for other in refused.value.possible)


def test_every_state_has_its_phase() -> None:
    assert {phase_of(state) for state in State} == set(Phase) - {Phase.NONE}


def test_a_step_counts_and_changes_nothing_else() -> None:
    before = a_case(State.FOLLOW_UP)
    after = before.take(Step.BEGIN_CLOSING, at=NOW, outcome=Outcome.REFUSED)
    assert (after.state, after.outcome, after.version) == (State.CLOSING_NONCOLLAB, Outcome.REFUSED, 5)
    assert (before.state, before.version) == (State.FOLLOW_UP, 4)
    assert (after.id, after.coach, after.facts, after.closed_at) == (before.id, before.coach, before.facts, None)


@pytest.mark.parametrize("outcome", Outcome)
def test_closing_for_non_collaboration_is_for_refusal_and_no_show_only(outcome: Outcome) -> None:
    case = a_case(State.FOLLOW_UP)
    if outcome in NONCOLLABORATION:
        assert case.take(Step.BEGIN_CLOSING, at=NOW, outcome=outcome).outcome is outcome
    else:
        with pytest.raises(IllegalStep):
            case.take(Step.BEGIN_CLOSING, at=NOW, outcome=outcome)


@pytest.mark.parametrize("outcome", Outcome)
def test_before_an_intake_only_absence_begins_the_closing(outcome: Outcome) -> None:
    case = a_case(State.INTAKE)
    if outcome is Outcome.NO_SHOW:
        assert case.take(Step.BEGIN_CLOSING, at=NOW, outcome=outcome).state is State.CLOSING_NONCOLLAB
    else:
        with pytest.raises(IllegalStep):
            case.take(Step.BEGIN_CLOSING, at=NOW, outcome=outcome)


@pytest.mark.parametrize("outcome", Outcome)
def test_non_collaboration_does_not_end_without_the_second_signature(outcome: Outcome) -> None:
    case = a_case(State.CLOSING_NONCOLLAB, Outcome.REFUSED)
    if outcome in NONCOLLABORATION:
        with pytest.raises(IllegalStep) as refused:
            case.take(Step.CLOSE, at=NOW, outcome=outcome)
        assert set(refused.value.possible) == {Step.HAND_OVER, Step.RESUME}
    else:
        assert case.take(Step.CLOSE, at=NOW, outcome=outcome).closed_at == NOW


@pytest.mark.parametrize("step", Step)
def test_an_ending_has_an_outcome_and_nothing_else_has(step: Step) -> None:
    state = next(source for (source, taken) in STEPS if taken is step)
    case = a_case(state, Outcome.NO_SHOW if state is State.CLOSING_NONCOLLAB else None)
    with pytest.raises(InvalidInput):
        case.take(step, at=NOW, outcome=None if step in ENDING else Outcome.OTHER)


def test_a_resumed_or_reopened_case_has_no_outcome_any_more() -> None:
    assert a_case(State.CLOSING_NONCOLLAB, Outcome.REFUSED).take(Step.RESUME, at=NOW).outcome is None
    reopened = a_case(State.CLOSED, Outcome.OTHER).take(Step.REOPEN, at=NOW)
    assert (reopened.outcome, reopened.closed_at) == (None, None)
    assert a_case(State.CLOSING_NONCOLLAB, Outcome.NO_SHOW).take(Step.HAND_OVER, at=NOW).outcome is Outcome.NO_SHOW


def test_over_http_an_impossible_step_names_the_possible_ones(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach, notice=False)
    refused = coach.post(f"/cases/{case}/close", json={"step": "close", "outcome": "OTHER"})
    assert refused.status_code == 409
    assert refused.json()["possible"] == ["give_notice", "begin_closing"]
    assert coach.post(f"/cases/{case}/close", json={"step": "hand_over"}).status_code == 400
    assert coach.post(f"/cases/{case}/reopen", json={"step": "close", "outcome": "OTHER"}).status_code == 400
    assert coach.post(f"/cases/{case}/close", json={"step": "begin_closing", "outcome": "NO_SHOW"}).status_code == 400
    explained = {"step": "begin_closing", "outcome": "NO_SHOW", "explained": True}
    assert coach.post(f"/cases/{case}/close", json=explained).json()["state"] == "closing_noncollab"
    assert coach.post(f"/cases/{case}/reopen", json={"step": "resume"}).json()["state"] == "follow_up"


def test_a_leaflet_is_named_by_its_version_and_nothing_else(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach, notice=False)
    for leaflet in ("", "x" * 41, "il a peur", "é", "a/b", "a\nb", "-", "..", "a\x00"):
        reply = coach.post(f"/cases/{case}/notice", json={"language": "fr", "leaflet": leaflet})
        assert reply.status_code == 400, leaflet
    assert coach.get(f"/cases/{case}").json()["notice_given"] is False
    assert coach.post(f"/cases/{case}/notice", json={"language": "fr", "leaflet": "2026-1.b"}).status_code == 201
    assert coach.get(f"/cases/{case}").json()["notice_given"] is True


@pytest.mark.parametrize("outcome", sorted(NONCOLLABORATION))
def test_non_collaboration_is_never_closed_by_one_person(outcome: Outcome) -> None:
    with pytest.raises(IllegalStep) as refused:
        a_case(State.FOLLOW_UP, None).take(Step.CLOSE, at=NOW, outcome=outcome)
    assert refused.value.possible == (Step.BEGIN_CLOSING,)
