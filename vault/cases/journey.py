"""How a case takes a step: the table, the guards, the details, in this order; nothing is changed in place.

    after = take(situation, Step.TRIAGE, Details(criterion="ADDRESS"), at=now)
    possible(situation)     # the steps of this very case that can work now

A refusal names the reason, and the steps that are possible for this case instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from vault.cases.details import Details, check
from vault.cases.families import Composition
from vault.cases.flow import Row, State, Step, listed, row_of
from vault.cases.guards import Obstacle, Situation, obstacles
from vault.cases.model import AdminFacts, Case, CoachType, Place
from vault.errors import IllegalStep, InvalidInput


@dataclass(frozen=True, slots=True)
class Option:
    """A step that the table lists in the case's state. obstacles: what stands in its way now; () if nothing does."""

    row: Row
    next: State
    obstacles: tuple[Obstacle, ...]


#: Steps that are no way forward: they are listed, never put first.
ASIDE: Final = frozenset({
    Step.CLOSE, Step.SUSPEND, Step.RECORD_ABSENCE, Step.EXCUSE_ABSENCE, Step.BEGIN_CLOSING, Step.RESUME,
    Step.EXPLAIN_CONSEQUENCES, Step.SEND_CONSEQUENCES_LETTER, Step.WALK_IN,
})  # fmt: skip
#: Which of these comes is the person's choice, or the Office's decision: none is put before the others.
CHOSEN: Final = frozenset({
    Step.ORIENT_STAY, Step.ORIENT_RETURN, Step.ORIENT_TRANSFER, Step.CONTINUE_FOLLOW_UP, Step.ASK_EXTENSION,
    Step.GRANT_EXTENSION, Step.REFUSE_EXTENSION,
})  # fmt: skip
_NEVER_FIRST: Final = ASIDE | CHOSEN | {Step.GIVE_NOTICE}


def way_forward(able: Sequence[Step], *, notice_given: bool) -> Step | None:
    """Of the steps that somebody can take now, in the table's order, the one to put first; None for none.

    The privacy notice comes before anything else while it was not given; a hand-over that can be signed comes next.
    Where ways part, nothing is put first: the vault proposes to nobody what to choose.
    """
    if Step.GIVE_NOTICE in able and not notice_given:
        return Step.GIVE_NOTICE
    if Step.HAND_OVER in able:
        return Step.HAND_OVER
    return next((step for step in able if step not in _NEVER_FIRST), None)


def options(situation: Situation) -> tuple[Option, ...]:
    """Every listed step of the case's state, with what stands in its way."""
    return tuple(
        Option(row, _target(row, situation), tuple(obstacles(situation, row.step, row.guards, None)))
        for row in listed(situation.case.state)
    )


def possible(situation: Situation) -> tuple[Step, ...]:
    """The steps that can work for this case now, for whoever may take them."""
    return tuple(option.row.step for option in options(situation) if not option.obstacles)


def take(situation: Situation, step: Step, details: Details, *, at: datetime) -> Case:
    """The case after `step`. Raises IllegalStep with the reason and what is possible, or InvalidInput."""
    case = situation.case
    row = row_of(case.state, step)
    if row is None:
        raise refused(
            situation, step, Obstacle("not_listed", f"a case in state {case.state} does not take the step {step}")
        )
    # What is missing altogether is said before what is wrong with the details of it.
    missing = obstacles(situation, step, row.guards, None)
    if missing:
        raise refused(situation, step, missing[0])
    check(step, details, situation.parameters, situation.today)
    wrong = obstacles(situation, step, row.guards, details)
    if wrong:
        raise refused(situation, step, wrong[0])
    state = _target(row, situation)
    changed = _CHANGES[step](situation, details) if step in _CHANGES else {}
    closed = at if state in {State.CLOSED, State.HANDED_OVER} else None
    return replace(case, state=state, closed_at=closed, version=case.version + 1, **changed)


def refused(situation: Situation, step: Step, obstacle: Obstacle) -> IllegalStep:
    """The refusal of a step: why not, and what instead."""
    steps = tuple(other for other in possible(situation) if other is not step)
    named = ", ".join(steps) or "none"
    return IllegalStep(f"{obstacle.text}; possible now: {named}", possible=steps, reason=obstacle.code)


def coach_type_for(facts: AdminFacts, *, open_return: bool) -> CoachType:
    """Who guides such a file, where no criterion says otherwise."""
    if open_return:
        return CoachType.OPEN_RETURN
    return CoachType.FAMILIES if facts.minors else CoachType.INDIVIDUALS


def coach_type_of(facts: AdminFacts, composition: Composition, place: Place) -> CoachType:
    """The same for a file that comes in: the people decide, and the official file, whichever knows of minors."""
    with_minors = replace(facts, minors=facts.minors or composition is Composition.FAMILY)
    return coach_type_for(with_minors, open_return=place is Place.OPEN_RETURN_PLACE)


def _target(row: Row, situation: Situation) -> State:
    return row.next if row.next is not None else situation.history.came_from


Changes = dict[str, Any]


def _triaged(situation: Situation, details: Details) -> Changes:
    case = situation.case
    assert details.criterion is not None
    by_criterion = situation.parameters.criteria[details.criterion].coach_type.value
    region = details.region or case.region
    return {
        "criterion": details.criterion,
        "region": region,
        "coach_type": details.coach_type or by_criterion or case.coach_type,
        # A coach is one of a region, and stays there.
        "coach": details.coach or (case.coach if region == case.region else None),
    }


def _coach(situation: Situation, details: Details) -> Changes:
    return {"coach": details.coach or situation.case.coach}


def _outcome(situation: Situation, details: Details) -> Changes:  # noqa: ARG001 - a change like the others
    return {"outcome": details.outcome}


def _no_outcome(situation: Situation, details: Details) -> Changes:  # noqa: ARG001 - a change like the others
    return {"outcome": None}


def _extended(situation: Situation, details: Details) -> Changes:
    facts = situation.case.facts
    assert details.until is not None
    if facts.term_end is not None and details.until <= facts.term_end:
        raise InvalidInput("an extension ends later than the term did", field="until")
    return {"facts": replace(facts, term_end=details.until, extended=True)}


#: What a step changes besides the state. Whatever is not here keeps all of the case's values.
_CHANGES: Final[dict[Step, Callable[[Situation, Details], Changes]]] = {
    Step.TRIAGE: _triaged,
    Step.INVITE: _coach,
    Step.WALK_IN: _coach,
    Step.GRANT_EXTENSION: _extended,
    Step.BEGIN_CLOSING: _outcome,
    Step.CLOSE: _outcome,
    Step.RESUME: _no_outcome,
    Step.REOPEN: _no_outcome,
}
