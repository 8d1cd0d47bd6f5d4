"""Cases as plain values: a case and its history without vault, walked by the table alone.

walk = Walk.of(Origin.ORDER)
walk.take(Step.TRIAGE)
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

from gateway.parameters import load_parameters
from vault.cases.calendar import belgian_day
from vault.cases.details import Attendee, Avenue, Details, Interpreting, SuspensionReason, note_of
from vault.cases.flow import Outcome, State, Step
from vault.cases.guards import Situation
from vault.cases.history import FIRST_STATE, History
from vault.cases.journey import coach_type_for, possible, take
from vault.cases.model import AdminFacts, Case, CaseEvent, Origin
from vault.cases.parameters import Parameters
from vault.errors import IllegalStep
from vault.ids import ActorId, CaseId

START: Final = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
COACH: Final = ActorId(b"c" * 16)
COLLEAGUE: Final = ActorId(b"d" * 16)
HEAD: Final = ActorId(b"h" * 16)
ENDS: Final = frozenset({State.CLOSED, State.HANDED_OVER})


@cache
def shipped() -> Parameters:
    return load_parameters()


@dataclass(frozen=True)
class Walk:
    """A case, the steps it took, and the moment. Taking a step gives another walk."""

    case: Case
    events: tuple[CaseEvent, ...] = ()
    at: datetime = START
    parameters: Parameters = field(default_factory=shipped)

    @classmethod
    def of(cls, origin: Origin, facts: AdminFacts | None = None, at: datetime = START) -> Walk:
        known = facts or AdminFacts("26quater", notified_on=date(2026, 10, 20))
        coach = COACH if origin is Origin.WALK_IN else None
        case = Case(
            CaseId(bytes(16)), FIRST_STATE[origin], "brussels", "fr", coach, at, None, None, known, 1,
            origin=origin, coach_type=coach_type_for(known, open_return=False),
        )  # fmt: skip
        return cls(case, at=at)

    @property
    def state(self) -> State:
        return self.case.state

    @property
    def today(self) -> date:
        return belgian_day(self.at)

    def situation(self, actor: ActorId | None = None) -> Situation:
        history = History(self.events, self.case.origin, self.case.opened_at)
        return Situation(self.case, history, self.parameters, self.today, actor)

    def later(self, **by: float) -> Walk:
        return replace(self, at=self.at + timedelta(**by))

    def told(self, step: Step) -> Details:
        """What a step is told so that it can work, in this case."""
        invitation = Details(day=self.today, language="fr", leaflet="2026-1")
        refused = self.situation().history.consequences_explained and self.state is not State.NO_SHOW
        begun = self.case.outcome if self.state is State.CLOSING_NONCOLLAB else None
        signed = self.situation().history.signed
        details = {
            Step.TRIAGE: Details(criterion="ADDRESS", coach=COACH),
            Step.INVITE: replace(invitation, coach=COACH),
            Step.EXCUSE_ABSENCE: invitation,
            Step.REOPEN: invitation,
            Step.WALK_IN: Details(coach=COACH),
            Step.BEGIN_INTAKE: Details(attendees=(Attendee.LAWYER,), interpreter=Interpreting.NOT_NEEDED),
            Step.GIVE_NOTICE: Details(language="fr", leaflet="2026-1"),
            Step.ORIENT_STAY: Details(avenue=Avenue.HUMANITARIAN_9BIS),
            Step.ORIENT_RETURN: Details(partner="fedasil", agreed=True),
            Step.ASK_EXTENSION: Details(ground="school"),
            Step.GRANT_EXTENSION: Details(until=self._later_term()),
            Step.SUSPEND: Details(reason=SuspensionReason.NEW_PROCEDURE),
            Step.EXPLAIN_CONSEQUENCES: Details(language="fr"),
            Step.SEND_CONSEQUENCES_LETTER: Details(language="fr", leaflet="2026-1"),
            Step.BEGIN_CLOSING: Details(outcome=Outcome.REFUSED if refused else Outcome.NO_SHOW),
            Step.CLOSE: Details(outcome=begun if begun and signed else Outcome.OTHER),
        }
        return details.get(step, Details())

    def _later_term(self) -> date:
        end = self.case.facts.term_end
        return (end if end is not None and end > self.today else self.today) + timedelta(days=30)

    def take(self, step: Step, details: Details | None = None, actor: ActorId | None = None) -> Walk:
        """Raises what the step raises."""
        told = self.told(step) if details is None else details
        by = actor or self._usual(step)
        case = take(self.situation(by), step, told, at=self.at)
        event = CaseEvent(len(self.events) + 1, step, case.state, self.at, by, note_of(told))
        return replace(self, case=case, events=(*self.events, event))

    def _usual(self, step: Step) -> ActorId:
        """Who takes a step in the ordinary course: where two must sign, the second is not the first."""
        if step in {Step.SIGN_CLOSING, Step.HAND_OVER}:
            return HEAD if self.situation().history.begun_by != HEAD else COLLEAGUE
        return HEAD if step is Step.SUSPEND else COACH

    def possible(self, actor: ActorId | None = None) -> tuple[Step, ...]:
        """The steps that this actor, or anybody, can take now."""
        return possible(self.situation(actor))


def way_out(walk: Walk, longest: int = 8) -> tuple[Step, ...] | None:
    """The shortest way of possible steps from here to an end; None if there is none of that length.

    A day passes before each step, so that an appointment comes.
    """
    seen = {_mark(walk)}
    waiting: deque[tuple[Walk, tuple[Step, ...]]] = deque([(walk, ())])
    while waiting:
        here, steps = waiting.popleft()
        if here.state in ENDS:
            return steps
        if len(steps) == longest:
            continue
        for step in here.possible():
            try:
                after = here.later(days=1).take(step)
            except IllegalStep:
                continue
            if _mark(after) not in seen:
                seen.add(_mark(after))
                waiting.append((after, (*steps, step)))
    return None


def _mark(walk: Walk) -> tuple[object, ...]:
    """All that the guards can see of a case: two walks that agree in it can do the same."""
    history = walk.situation().history
    return (
        walk.state, walk.case.coach, walk.case.outcome, walk.case.criterion, history.absences(), history.letter_sent,
        history.consequences_explained, history.signed, history.notice_given, history.came_from,
    )  # fmt: skip
