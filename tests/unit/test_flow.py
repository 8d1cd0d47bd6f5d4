"""The table of steps, walked: every listed pair works by use case, interface and command line; every other is refused
with its reason and with what this very case can take instead."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from policies.firewall import TableFirewall
from tests.cli.kit import HouseGateway, Shell
from tests.flow_paths import Paths
from tests.house import House, shipped_firewall
from vault.cases.details import TAKES
from vault.cases.flow import DEMANDS, FLOW, QUESTIONS, WAITING, Guard, Outcome, State, Step, listed, phase_of, row_of
from vault.vocabulary import FACTS, Action, Allowed, Facts, Kind, Phase, Question, Role

EVERY = Facts((1 << len(FACTS)) - 1)
LISTED = [(row.state, row.step) for row in FLOW]
ENDS = {State.CLOSED, State.HANDED_OVER, State.ERASED}


# -- the table itself -------------------------------------------------------------------------------------


def test_there_are_fifteen_states_and_a_technical_end() -> None:
    assert len(State) == 16
    assert {phase_of(state) for state in State} == set(Phase) - {Phase.NONE}


def test_no_pair_is_listed_twice_and_every_step_is_listed() -> None:
    assert len(LISTED) == len(set(LISTED))
    assert {step for _, step in LISTED} == set(Step)
    assert all(row_of(*pair) is not None for pair in LISTED)


def test_every_row_says_who_and_whence() -> None:
    for row in FLOW:
        assert row.actors
        assert len(row.source) > 8
        assert row.source.isascii()
        assert row.event
    assert set(DEMANDS) == set(Guard)
    assert set(TAKES) == set(Step)
    assert {guard for row in FLOW for guard in row.guards} == set(Guard)


def test_no_two_steps_share_a_question() -> None:
    asked = [(action, kind) for action, kind, _ in QUESTIONS.values()]
    assert len(asked) == len(set(asked)) == len(Step)


def test_every_state_leads_to_an_end_and_has_a_step() -> None:
    """By the rows alone; that the guards leave a way too is played by the property tests."""
    reach: dict[State, set[State]] = {
        state: {row.next for row in listed(state) if row.next is not None} for state in State
    }
    ending = set(ENDS)
    while True:
        more = {state for state in State if state not in ending and reach[state] & ending}
        if not more:
            break
        ending |= more
    assert ending == set(State)
    for state in State:
        assert bool(listed(state)) == (state not in {State.HANDED_OVER, State.ERASED})


def test_every_state_before_an_end_waits_for_something() -> None:
    assert set(WAITING) == set(State) - ENDS


def _may(firewall: TableFirewall, role: Role, step: Step, phase: Phase) -> bool:
    action, kind, purpose = QUESTIONS[step]
    return isinstance(firewall.decide(Question(role, action, kind, purpose, phase), EVERY), Allowed)


@pytest.mark.parametrize("step", Step)
def test_the_policy_lets_exactly_the_actors_of_the_table(step: Step) -> None:
    """Two walls that must agree: whom a row names, the policy lets in that phase; whom no row names, it does not."""
    firewall = shipped_firewall()
    named = {(role, phase_of(row.state)) for row in FLOW if row.step is step for role in row.actors}
    may = {(role, phase) for role in Role for phase in Phase if _may(firewall, role, step, phase)}
    assert may == named


def test_a_step_is_no_action_on_anything_but_a_case() -> None:
    firewall = shipped_firewall()
    elsewhere = (Action.CLOSE, Action.SIGN)  # requests for access are refused and approved as well
    steps = [action for action, kind, _ in QUESTIONS.values() if kind is Kind.CASE and action not in elsewhere]
    for key in firewall.table.cells:
        assert key[1] is Kind.CASE or key[2] not in steps


# -- every pair, through use case and interface ---------------------------------------------------------------


@pytest.mark.parametrize("state", [state for state in State if state is not State.ERASED])
def test_every_listed_step_works_and_every_other_is_refused(lite_house: House, state: State) -> None:
    paths = Paths(lite_house)
    untouched = paths.case_in(state)
    for step in Step:
        row = row_of(state, step)
        if row is None:
            _refused(paths, untouched, state, step)
            continue
        case = paths.case_in(state)
        came_from = State.FOLLOW_UP  # where the paths suspend a case and begin its closing
        changed = paths.make_possible(case, state, step)
        reached = paths.take(case, step, **changed)
        assert reached is (row.next or came_from)
        assert paths.state(case) is reached


def _refused(paths: Paths, case: str, state: State, step: Step) -> None:
    """By the table if the actor may ask at all in this phase, else by the policy; the case stays as it is."""
    house = paths.house
    version = house.client("head").get(f"/cases/{case}").json()["version"]
    firewall = shipped_firewall()
    for login, role in (("coach", Role.COACH), ("desk", Role.DESK_OFFICER), ("head", Role.REGIONAL_HEAD)):
        reply = paths.send(case, step, login)
        own = login != "coach" or state is not State.OQT_NOTIFIED  # nobody is assigned there
        if own and _may(firewall, role, step, phase_of(state)):
            problem = reply.json()
            assert (reply.status_code, problem["reason"]) == (409, "not_listed"), (state, step, login, reply.text)
            possible = house.client("head").get(f"/cases/{case}/steps").json()["steps"]
            assert problem["possible"] == [option["step"] for option in possible if option["possible"]]
        else:
            assert reply.status_code in {403, 404}, (state, step, login, reply.text)
    assert house.client("head").get(f"/cases/{case}").json()["version"] == version


def test_an_erased_case_takes_no_step() -> None:
    firewall = shipped_firewall()
    assert listed(State.ERASED) == ()
    assert not any(_may(firewall, role, step, Phase.ERASED) for role in Role for step in Step)


# -- every step, by the command line ------------------------------------------------------------------------


@pytest.fixture
def shell(lite_house: House, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    from gateway.cli.home import Hooks

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return Shell(Hooks(firewall=shipped_firewall(), gateway=HouseGateway(lite_house)))


@pytest.mark.parametrize("step", Step)
def test_every_step_has_a_command(shell: Shell, lite_house: House, step: Step) -> None:
    from tests.cli.kit import signed_in

    paths, row = Paths(lite_house), next(row for row in FLOW if row.step is step)
    case = paths.case_in(row.state)
    told = paths.details(step) | paths.make_possible(case, row.state, step)
    signed_in(lite_house, paths.actor(case, step))
    words: list[str] = []
    for name, value in told.items():
        flag = f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, list) else [value]:
            words += [flag] if one is True else [flag, str(one)]
    ran = shell.ok("case", step.value.replace("_", "-"), case, *words)
    assert ran.out.rstrip("\n").split("\t")[:2] == [case, (row.next or State.FOLLOW_UP).value]
    assert paths.state(case) is (row.next or State.FOLLOW_UP)


def test_the_command_line_shows_what_is_possible_and_why_not(shell: Shell, lite_house: House) -> None:
    from tests.cli.kit import signed_in

    paths = Paths(lite_house)
    case = paths.case_in(State.NO_SHOW)
    signed_in(lite_house, "coach")
    told = shell.ok("case", "steps", case).out
    assert "2 of 2 re-invitations are left" in told
    assert "record_absence" in told
    ran = shell.refused("illegal_step", "case", "begin-closing", case, "--outcome", "NO_SHOW")
    assert "possible now: invite" in ran.err
    assert ran.err.count("possible now") == 1
    deadlines = shell.ok("case", "deadlines", case).out
    assert "annex term: notified_on 2026-10-20, annex 26quater, days 10, first_day 1 = 2026-10-30" in deadlines
    paths.take(case, Step.WALK_IN)
    paths.take(case, Step.GIVE_NOTICE)
    paths.take(case, Step.BEGIN_ANALYSIS)
    paths.take(case, Step.GIVE_CONCLUSIONS)
    paths.take(case, Step.ASK_EXTENSION)
    assert "school" in shell.ok("case", "reasons", case).out


# -- outcomes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("outcome", "state"), list(itertools.product(sorted(Outcome), [State.FOLLOW_UP])))
def test_non_collaboration_is_never_closed_by_one_person(lite_house: House, outcome: Outcome, state: State) -> None:
    paths = Paths(lite_house)
    case = paths.case_in(state)
    reply = paths.send(case, Step.CLOSE, outcome=outcome.value)
    if outcome in {Outcome.REFUSED, Outcome.NO_SHOW}:
        assert (reply.status_code, reply.json()["reason"]) == (409, "second_signature_missing")
    else:
        assert reply.json()["state"] == "closed"
        assert lite_house.client("head").get(f"/cases/{case}").json()["closing_outcome"] == outcome.value
