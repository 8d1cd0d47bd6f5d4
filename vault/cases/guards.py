"""What a guard of the table looks at, and what it says when it does not hold.

A guard sees the case, what it has been through, the parameters and the day. With the step's details it can be asked
whether the step works with them; without, whether it can work at all: that is what "possible now" means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from vault.cases.details import Details
from vault.cases.flow import NONCOLLABORATION, Guard, Outcome, State, Step
from vault.cases.history import History
from vault.cases.model import Case
from vault.cases.parameters import Parameters
from vault.ids import ActorId


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a step may depend on. today: in Belgium. actor: None where it is asked for nobody in particular.

    excused: the days of invitations whose absence was excused since.
    """

    case: Case
    history: History
    parameters: Parameters
    today: date
    actor: ActorId | None = None
    excused: frozenset[date] = frozenset()

    @property
    def absences(self) -> int:
        """Without excuse, in this period."""
        return self.history.absences(self.excused)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a step is not possible. code: stable, for other languages; text: the same in English."""

    code: str
    text: str


#: Returns what stands in the way, in words, or "". details: None where none are told yet.
Check = Callable[[Situation, Step, Details | None], str]


def obstacles(situation: Situation, step: Step, guards: tuple[Guard, ...], details: Details | None) -> list[Obstacle]:
    """What stands in the way of a step, in the table's order; [] if nothing does."""
    found = ((guard, _CHECKS[guard](situation, step, details)) for guard in guards)
    return [Obstacle(guard.value, text) for guard, text in found if text]


def _eligible(situation: Situation, step: Step, details: Details | None) -> str:  # noqa: ARG001 - a Check
    criterion = situation.parameters.criteria.get(situation.case.criterion)
    if criterion is None or not criterion.excluded:
        return ""
    return f"who is triaged as {situation.case.criterion} is not guided here: the case can be closed as NOT_ELIGIBLE"


def _coach_assigned(situation: Situation, step: Step, details: Details | None) -> str:
    named = step in {Step.INVITE, Step.WALK_IN} and (details is None or details.coach is not None)
    return "" if named or situation.case.coach is not None else "no coach is assigned yet"


def _coach_type(situation: Situation, step: Step, details: Details | None) -> str:  # noqa: ARG001 - a Check
    return "" if situation.case.coach_type is not None else "the type of coach is not recorded yet"


def _appointment_reached(situation: Situation, step: Step, details: Details | None) -> str:  # noqa: ARG001 - a Check
    day = situation.history.appointment
    return f"the appointment is on {day}" if day is not None and situation.today < day else ""


def _reinvitations_left(situation: Situation, step: Step, details: Details | None) -> str:  # noqa: ARG001 - a Check
    most, absences = situation.parameters.flow.reinvitations.value, situation.absences
    return f"all {most} re-invitations were used" if absences > most else ""


def _reinvitations_used_up(situation: Situation, step: Step, details: Details | None) -> str:
    """A closing that began with an absence is looked at again by whoever ends it: an excuse may have come since."""
    if situation.case.state is State.CLOSING_NONCOLLAB:
        outcome = details.outcome if details is not None else None
        if situation.history.came_from is not State.NO_SHOW or (step is Step.CLOSE and outcome is not Outcome.NO_SHOW):
            return ""
    most, absences = situation.parameters.flow.reinvitations.value, situation.absences
    return "" if absences > most else f"{most - absences + 1} of {most} re-invitations are left"


def _notice_given(situation: Situation, step: Step, details: Details | None) -> str:  # noqa: ARG001 - a Check
    return "" if situation.history.notice_given else "the privacy notice has not been given yet in this period"


def _transfer_order(situation: Situation, step: Step, details: Details | None) -> str:  # noqa: ARG001 - a Check
    annex = situation.parameters.annexes.get(situation.case.facts.annex)
    return "" if annex is not None and annex.transfer else "the order is not one of transfer to another member state"


def _consequences_told(situation: Situation, step: Step, details: Details | None) -> str:  # noqa: ARG001 - a Check
    """Nobody refuses from a distance: before an intake there is only absence, and only the letter can explain."""
    history, absent = situation.history, situation.case.state is State.NO_SHOW
    outcome = details.outcome if details is not None else None
    if absent and outcome is Outcome.REFUSED:
        return "nobody was there to refuse: before an intake only NO_SHOW can begin the closing"
    refused = history.consequences_explained and not absent
    if outcome is Outcome.REFUSED and not refused:
        return "explain the consequences to the person first, and record it"
    if outcome is Outcome.NO_SHOW and not history.letter_sent:
        return "send the letter that explains the consequences first, after the last absence, and record it"
    if outcome is None and not refused and not history.letter_sent:
        return "the consequences were not explained, nor the letter sent that explains them"
    return ""


def _second_person(situation: Situation, step: Step, details: Details | None) -> str:  # noqa: ARG001 - a Check
    same = situation.actor is not None and situation.actor == situation.history.begun_by
    return "the second signature is another person's than the one who began the closing" if same else ""


def _not_signed(situation: Situation, step: Step, details: Details | None) -> str:  # noqa: ARG001 - a Check
    return "this closing is signed already" if situation.history.signed else ""


def _two_signatures(situation: Situation, step: Step, details: Details | None) -> str:  # noqa: ARG001 - a Check
    """Other outcomes need one person: then it is no closing for non-collaboration after all."""
    outcome = details.outcome if details is not None else None
    if outcome not in NONCOLLABORATION:
        return ""
    if situation.case.state is not State.CLOSING_NONCOLLAB:
        return "non-collaboration is closed by two people: begin the closing, a second person signs it or hands over"
    if situation.case.outcome is not outcome:
        return f"the closing was begun as {situation.case.outcome}: take it back to begin it otherwise"
    return "" if situation.history.signed else "non-collaboration ends by a second person's signature"


_CHECKS: Final[dict[Guard, Check]] = {
    Guard.ELIGIBLE: _eligible,
    Guard.COACH_ASSIGNED: _coach_assigned,
    Guard.COACH_TYPE: _coach_type,
    Guard.APPOINTMENT_REACHED: _appointment_reached,
    Guard.REINVITATIONS_LEFT: _reinvitations_left,
    Guard.REINVITATIONS_USED_UP: _reinvitations_used_up,
    Guard.NOTICE_GIVEN: _notice_given,
    Guard.TRANSFER_ORDER: _transfer_order,
    Guard.CONSEQUENCES_TOLD: _consequences_told,
    Guard.SECOND_PERSON: _second_person,
    Guard.NOT_SIGNED: _not_signed,
    Guard.TWO_SIGNATURES: _two_signatures,
}
