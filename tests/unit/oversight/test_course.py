"""The phase of a case from entries of the log alone, held to the flow's own walk."""

from __future__ import annotations

from typing import Any, Final

import pytest

from vault.cases.flow import QUESTIONS, State, Step, listed, phase_of
from vault.cases.history import FIRST_STATE
from vault.oversight.course import phase_after
from vault.usecases.open_case import _OPENED_BY
from vault.vocabulary import Phase, Role

DESK: Final = "desk_officer"


def said(action: str, kind: str = "case", role: str = "coach", **more: Any) -> dict[str, Any]:
    return {"action": action, "kind": kind, "role": role, "decision": "allow", "count": 1, **more}


def step(taken: Step) -> dict[str, Any]:
    if taken is Step.HAND_OVER:
        return said("released", "outcome_sheet", "regional_head")
    action, kind, _ = QUESTIONS[taken]
    return said(action.value, kind.value)


OPENED: Final = said("create", role=DESK)
WALKED_IN: Final = said("create")
TO_FOLLOW_UP: Final = [WALKED_IN, *map(step, (Step.GIVE_NOTICE, Step.BEGIN_ANALYSIS, Step.GIVE_CONCLUSIONS))]


@pytest.mark.parametrize(
    ("acts", "phase"),
    [
        ([], None),
        ([step(Step.GIVE_NOTICE)], None),
        ([OPENED], Phase.PENDING),
        ([WALKED_IN], Phase.ACTIVE),
        ([OPENED, step(Step.TRIAGE), step(Step.INVITE), step(Step.BEGIN_INTAKE)], Phase.ACTIVE),
        ([*TO_FOLLOW_UP, step(Step.SUSPEND)], Phase.SUSPENDED),
        ([*TO_FOLLOW_UP, step(Step.SUSPEND), step(Step.RESUME)], Phase.ACTIVE),
        ([OPENED, step(Step.TRIAGE), step(Step.SUSPEND), step(Step.RESUME)], Phase.PENDING),
        ([*TO_FOLLOW_UP, step(Step.BEGIN_CLOSING), step(Step.SIGN_CLOSING), step(Step.RESUME)], Phase.ACTIVE),
        ([*TO_FOLLOW_UP, step(Step.BEGIN_CLOSING), step(Step.HAND_OVER)], Phase.HANDED_OVER),
        ([*TO_FOLLOW_UP, step(Step.CLOSE), step(Step.REOPEN)], Phase.PENDING),
        ([WALKED_IN, {**step(Step.CLOSE), "decision": "deny"}], Phase.ACTIVE),
        ([WALKED_IN, {**step(Step.CLOSE), "count": 0}], Phase.ACTIVE),
        ([WALKED_IN, said("read", "note")], Phase.ACTIVE),
        ([WALKED_IN, step(Step.TRIAGE)], None),
        ([WALKED_IN, step(Step.RESUME)], None),
    ],
)
def test_the_steps_of_the_log_lead_to_the_phase(acts: list[dict[str, Any]], phase: Phase | None) -> None:
    assert phase_after(acts) is phase


def test_a_case_begins_in_the_log_where_its_opener_begins_it() -> None:
    for role, origins in _OPENED_BY.items():
        phases = {phase_of(FIRST_STATE[origin]) for origin in origins}
        assert {phase_after([said("create", role=role.value)])} == phases
    assert set(_OPENED_BY) == {Role.COACH, Role.DESK_OFFICER}


def test_every_step_of_the_table_has_an_entry_that_leads_on() -> None:
    """Along every path of the table, once around: no step is unknown to the walk."""
    seen: set[State] = set()
    ways = [(State.OQT_NOTIFIED, [OPENED])]
    while ways:
        state, acts = ways.pop()
        if state in seen:
            continue
        seen.add(state)
        assert phase_after(acts) is phase_of(state)
        ways += [(row.next, [*acts, step(row.step)]) for row in listed(state) if row.next is not None]
    assert seen == set(State) - {State.ERASED}
