"""What a case has been through, read from the steps it took. Nothing of it is stored twice.

A *period* runs from the opening or the last reopening: who comes back after years is told anew who reads what. Within
it, absences, explanations and signatures count.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Final

from vault.cases.flow import State, Step
from vault.cases.model import CaseEvent, Origin
from vault.ids import ActorId

#: A case that was registered begins with the order; somebody who walks in is met at once.
FIRST_STATE: Final = {
    Origin.ORDER: State.OQT_NOTIFIED,
    Origin.SELF_REFERRAL: State.OQT_NOTIFIED,
    Origin.WALK_IN: State.INTAKE,
}
_APPOINTING: Final = frozenset({Step.INVITE, Step.EXCUSE_ABSENCE, Step.REOPEN})


def notice_given(events: Sequence[CaseEvent]) -> bool:
    """Whether the privacy notice was given since the case was opened or last reopened."""
    for event in reversed(events):
        if event.step is Step.GIVE_NOTICE:
            return True
        if event.step is Step.REOPEN:
            return False
    return False


def standing_absences(events: Sequence[CaseEvent], excused: Collection[date] = ()) -> list[int]:
    """The places of the absences that nobody excused, neither by a step nor by what became of the appointment.

    excused: the days of invitations whose absence was excused. An excuse by a step is of the newest absence; one that
    is recorded of an appointment is of whichever absence that day was, however late it comes.
    """
    standing: list[tuple[int, date | None]] = []
    day, before = None, None
    for place, event in enumerate(events):
        if event.step is Step.RECORD_ABSENCE:
            standing.append((place, day))
        elif event.step is Step.EXCUSE_ABSENCE and before is State.NO_SHOW and standing:
            standing.pop()
        if event.step in _APPOINTING:
            day = _day_of(event)
        before = event.to_state
    return [place for place, day in standing if day is None or day not in excused]


def _day_of(event: CaseEvent) -> date | None:
    """The day that an invitation names; None where an older case was reopened without one."""
    try:
        return date.fromisoformat(event.note.partition(" ")[0])
    except ValueError:
        return None


class History:
    """events: all of the case, in order. opened: the moment of its opening."""

    def __init__(self, events: Sequence[CaseEvent], origin: Origin, opened: datetime) -> None:
        self.events = tuple(events)
        self._first = FIRST_STATE[origin]
        self._opened = opened

    def before(self, place: int) -> State:
        """The state in which the event at this place was taken."""
        return self.events[place - 1].to_state if place > 0 else self._first

    def last(self, *steps: Step) -> int | None:
        """The place of the newest of these steps in the present period."""
        for place in range(len(self.events) - 1, self._begin - 1, -1):
            if self.events[place].step in steps:
                return place
        return None

    def last_of_all(self, step: Step) -> CaseEvent | None:
        """The newest event of this step, whatever the period."""
        return next((event for event in reversed(self.events) if event.step is step), None)

    @cached_property
    def _begin(self) -> int:
        """Where the present period begins."""
        places = [place for place, event in enumerate(self.events) if event.step is Step.REOPEN]
        return places[-1] if places else 0

    @property
    def notice_given(self) -> bool:
        return notice_given(self.events)

    def absences(self, excused: Collection[date] = ()) -> int:
        """Absences without excuse in this period. excused: see `standing_absences`."""
        return sum(place >= self._begin for place in standing_absences(self.events, excused))

    @property
    def consequences_explained(self) -> bool:
        """To the person, since the last time a closing was taken back."""
        place = self.last(Step.EXPLAIN_CONSEQUENCES)
        return place is not None and place > self._taken_back

    @property
    def letter_sent(self) -> bool:
        """The letter that explains them, after the last absence and the last time a closing was taken back."""
        place = self.last(Step.SEND_CONSEQUENCES_LETTER)
        absence = self.last(Step.RECORD_ABSENCE)
        return place is not None and place > max(self._taken_back, absence if absence is not None else -1)

    @property
    def _taken_back(self) -> int:
        for place in range(len(self.events) - 1, self._begin - 1, -1):
            if self.events[place].step is Step.RESUME and self.before(place) is State.CLOSING_NONCOLLAB:
                return place
        return -1

    @property
    def begun_by(self) -> ActorId | None:
        """Who began the closing that runs, or ran last."""
        place = self.last(Step.BEGIN_CLOSING)
        return self.events[place].actor if place is not None else None

    @property
    def signed(self) -> bool:
        """Whether the second person signed the closing that runs."""
        begun, signature = self.last(Step.BEGIN_CLOSING), self.last(Step.SIGN_CLOSING)
        return begun is not None and signature is not None and signature > begun

    @property
    def came_from(self) -> State:
        """Where the case was before it was suspended or began to be closed."""
        place = self.last(Step.SUSPEND, Step.BEGIN_CLOSING)
        return self.before(place) if place is not None else self._first

    @property
    def appointment(self) -> date | None:
        """The day of the newest invitation of this period."""
        place = self.last(*_APPOINTING)
        return _day_of(self.events[place]) if place is not None else None

    @property
    def since(self) -> datetime:
        """When the case came into its present state."""
        at = self._opened
        state = self._first
        for event in self.events:
            if event.to_state is not state:
                at, state = event.at, event.to_state
        return at
