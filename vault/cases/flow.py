"""States and steps of a case, as data; the code only walks it.

The states are those of the trajectory from the order to leave to the closed file. The table holds the
steps that this version plays; a pair that is not listed is refused together with what is possible.

    >>> next_state(State.FOLLOW_UP, Step.CLOSE)
    <State.CLOSED: 'closed'>
"""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Final

from vault.errors import IllegalStep
from vault.vocabulary import Phase


@unique
class State(StrEnum):
    INTAKE = "intake"
    FOLLOW_UP = "follow_up"
    SUSPENDED = "suspended"
    CLOSING_NONCOLLAB = "closing_noncollab"
    CLOSED = "closed"
    HANDED_OVER = "handed_over"
    ERASED = "erased"


@unique
class Step(StrEnum):
    GIVE_NOTICE = "give_notice"
    BEGIN_CLOSING = "begin_closing"  # for non-collaboration; consequences were explained
    RESUME = "resume"
    CLOSE = "close"
    HAND_OVER = "hand_over"  # second signature by another person; only the sheet leaves
    REOPEN = "reopen"


@unique
class Outcome(StrEnum):
    """How a case ended: the only thing of what was said that a sheet ever carries, besides a date."""

    STAY_OBTAINED = "STAY_OBTAINED"
    PROCEDURE_FILED = "PROCEDURE_FILED"
    RETURN_VOLUNTARY = "RETURN_VOLUNTARY"
    TRANSFERRED = "TRANSFERRED"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    REFUSED = "REFUSED"
    NO_SHOW = "NO_SHOW"
    UNREACHABLE = "UNREACHABLE"
    OTHER = "OTHER"


#: Closing for non-collaboration is for these two only.
NONCOLLABORATION: Final = frozenset({Outcome.REFUSED, Outcome.NO_SHOW})

STEPS: Final[dict[tuple[State, Step], State]] = {
    (State.INTAKE, Step.GIVE_NOTICE): State.FOLLOW_UP,
    (State.FOLLOW_UP, Step.GIVE_NOTICE): State.FOLLOW_UP,  # a newer leaflet
    (State.FOLLOW_UP, Step.CLOSE): State.CLOSED,
    (State.FOLLOW_UP, Step.BEGIN_CLOSING): State.CLOSING_NONCOLLAB,
    (State.INTAKE, Step.BEGIN_CLOSING): State.CLOSING_NONCOLLAB,  # repeated no-show: there never was a notice
    (State.CLOSING_NONCOLLAB, Step.RESUME): State.FOLLOW_UP,
    (State.CLOSING_NONCOLLAB, Step.CLOSE): State.CLOSED,
    (State.CLOSING_NONCOLLAB, Step.HAND_OVER): State.HANDED_OVER,
    (State.CLOSED, Step.REOPEN): State.FOLLOW_UP,
}

_PHASE: Final[dict[State, Phase]] = {
    State.INTAKE: Phase.ACTIVE,
    State.FOLLOW_UP: Phase.ACTIVE,
    State.SUSPENDED: Phase.SUSPENDED,
    State.CLOSING_NONCOLLAB: Phase.CLOSING,
    State.CLOSED: Phase.CLOSED,
    State.HANDED_OVER: Phase.HANDED_OVER,
    State.ERASED: Phase.ERASED,
}


def phase_of(state: State) -> Phase:
    """The part of the state that access depends on."""
    return _PHASE[state]


def possible(state: State) -> tuple[Step, ...]:
    """The steps that the table allows from here, in its order."""
    return tuple(step for (source, step) in STEPS if source is state)


def next_state(state: State, step: Step) -> State:
    """Raises IllegalStep, naming what is possible instead."""
    try:
        return STEPS[state, step]
    except KeyError:
        steps = possible(state)
        raise IllegalStep(
            f"a case in state {state} does not take the step {step}; possible now: {', '.join(steps) or 'none'}",
            possible=steps,
        ) from None
