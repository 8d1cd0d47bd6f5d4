"""Two actors on one case at the same moment never lose a step, and never take the same one twice.

Each pair goes through the worker from two threads at once. What was answered with a receipt stands in the case's
history, in an order that the table allows; what was not, left nothing.
"""

from __future__ import annotations

import threading
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from gateway.auth.sessions import hash_token
from tests.crash.checks import faults
from tests.flow_paths import Paths
from tests.house import House
from tests.properties.walks import Walk
from vault.cases.details import Attendee, Avenue, Details, Interpreting, SuspensionReason
from vault.cases.flow import Outcome, State, Step, row_of
from vault.cases.history import FIRST_STATE, History
from vault.cases.model import Case, CaseEvent
from vault.errors import AccessDenied, IllegalStep, InvalidInput, NotFound, StaleVersion
from vault.ids import CaseId
from vault.usecases import hand_over
from vault.usecases.casework import parse_reference
from vault.usecases.sign_in import authenticate
from vault.usecases.steps import TakeStep, take_step
from vault.vocabulary import CASEWORK

#: How an act may fail: the other one came first, or it was never possible.
LOST: Final = (AccessDenied, IllegalStep, InvalidInput, NotFound, StaleVersion)
ACTORS: Final = ("coach", "desk", "head")


class Pair:
    """Takes steps of one case as members of staff, two at once."""

    def __init__(self, house: House, reference: str) -> None:
        self.house = house
        self.reference = reference
        self.case: CaseId = parse_reference(reference)
        for login in ACTORS:
            house.client(login)

    def details(self, step: Step) -> tuple[Details, str]:
        """What the step is told, and the login of the coach to assign."""
        day = self.house.clock.moment.date()
        invitation = Details(day=day, language="fr", leaflet="2026-1")
        told = {
            Step.TRIAGE: Details(criterion="ADDRESS"),
            Step.INVITE: invitation,
            Step.EXCUSE_ABSENCE: invitation,
            Step.REOPEN: invitation,
            Step.BEGIN_INTAKE: Details(attendees=(Attendee.LAWYER,), interpreter=Interpreting.BY_PHONE),
            Step.GIVE_NOTICE: Details(language="fr", leaflet="2026-1"),
            Step.ORIENT_STAY: Details(avenue=Avenue.ASYLUM),
            Step.ORIENT_RETURN: Details(partner="iom", agreed=True),
            Step.ASK_EXTENSION: Details(ground="health"),
            Step.SUSPEND: Details(reason=SuspensionReason.PUBLIC_ORDER),
            Step.EXPLAIN_CONSEQUENCES: Details(language="nl"),
            Step.SEND_CONSEQUENCES_LETTER: Details(language="nl", leaflet="2026-1"),
            Step.BEGIN_CLOSING: Details(outcome=Outcome.REFUSED),
            Step.CLOSE: Details(outcome=Outcome.OTHER),
        }
        coach = "coach" if step in {Step.TRIAGE, Step.INVITE, Step.WALK_IN} else ""
        return told.get(step, Details()), coach

    def take(self, login: str, step: Step, based_on: int | None) -> Any:
        house = self.house
        casework, hashed = house.services.casework, hash_token(house.tokens[login])
        sender = house.services.sender
        assert casework is not None
        assert sender is not None

        def run(work: Any) -> Any:
            return house.services.worker.run(
                CASEWORK, lambda uow: work(uow, authenticate(uow, hashed, "", house.clock))
            )

        if step is Step.HAND_OVER:
            granted = run(lambda uow, actor: hand_over.authorise_hand_over(uow, actor, self.case, casework, based_on))
            return run(lambda uow, actor: hand_over.hand_over(uow, actor, granted, casework, sender))
        details, coach = self.details(step)
        cmd = TakeStep(self.case, step, details, coach, based_on)
        return run(lambda uow, actor: take_step(uow, actor, cmd, casework))

    def at_once(self, *acts: tuple[str, Step, int | None]) -> list[Any]:
        """The receipts, and the refusals, in the order of the acts."""
        ready, replies = threading.Barrier(len(acts)), [None] * len(acts)

        def run(place: int, act: tuple[str, Step, int | None]) -> None:
            ready.wait()
            try:
                replies[place] = self.take(*act)
            except LOST as lost:
                replies[place] = lost  # type: ignore[call-overload]

        threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return replies

    def stored(self) -> tuple[Case, list[CaseEvent]]:
        def look(uow: Any) -> tuple[Case, list[CaseEvent]]:
            return uow.cases.get(self.case), uow.cases.events(self.case)

        found: tuple[Case, list[CaseEvent]] = self.house.services.worker.run(CASEWORK, look)
        return found


def check_history(case: Case, events: list[CaseEvent]) -> None:
    """Numbered without a gap, each listed where it was taken, the case where the last one led."""
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    state = FIRST_STATE[case.origin]
    for place, event in enumerate(events):
        row = row_of(state, event.step)
        assert row is not None, (state, event.step)
        before = History(events[:place], case.origin, case.opened_at)
        assert event.to_state is (row.next or before.came_from)
        state = event.to_state
    assert case.state is state
    assert case.version == len(events) + 1


STEPS = st.sampled_from(Step)
LOGINS = st.sampled_from(ACTORS)


class TwoActors(Walk):
    @initialize(state=st.sampled_from([State.OQT_NOTIFIED, State.INVITED, State.INTAKE, State.FOLLOW_UP]))
    def open(self, state: State) -> None:
        house = self.move_in()
        self.pair = Pair(house, Paths(house).case_in(state))
        self.taken = len(self.pair.stored()[1])

    def _both(self, one: tuple[str, Step], two: tuple[str, Step], based_on: int | None) -> None:
        replies = self.pair.at_once((*one, based_on), (*two, based_on))
        receipts = [reply for reply in replies if isinstance(reply, dict)]
        assert len(replies) == 2
        assert based_on is None or len(receipts) <= 1, "who looked at the same version does not both win"
        self.taken += len(receipts)
        _, events = self.pair.stored()
        assert len(events) == self.taken
        written = [(event.number + 1, event.to_state.value) for event in events]
        assert {(reply["version"], reply["state"]) for reply in receipts} <= set(written)

    @rule(one=st.tuples(LOGINS, STEPS), two=st.tuples(LOGINS, STEPS))
    def without_looking(self, one: tuple[str, Step], two: tuple[str, Step]) -> None:
        self._both(one, two, None)

    @rule(data=st.data())
    def likely_steps_that_saw_the_same(self, data: st.DataObject) -> None:
        case, _ = self.pair.stored()
        likely = [(login, row_step) for row_step in Step if row_of(case.state, row_step) for login in ACTORS]
        if likely:
            choice = st.sampled_from(likely)
            self._both(data.draw(choice), data.draw(choice), data.draw(st.sampled_from([None, case.version])))

    @invariant()
    def the_history_is_whole(self) -> None:
        if hasattr(self, "pair"):
            check_history(*self.pair.stored())


TestTwoActors = TwoActors.TestCase
TestTwoActors.settings = settings(max_examples=6, stateful_step_count=15, deadline=None)


@pytest.mark.parametrize(
    ("state", "one", "two", "winners"),
    [
        (State.OQT_NOTIFIED, ("desk", Step.TRIAGE), ("desk", Step.TRIAGE), 1),
        (State.INVITED, ("desk", Step.RECORD_ABSENCE), ("coach", Step.BEGIN_INTAKE), 1),
        (State.FOLLOW_UP, ("coach", Step.CLOSE), ("head", Step.SUSPEND), 1),
        (State.FOLLOW_UP, ("coach", Step.EXPLAIN_CONSEQUENCES), ("coach", Step.GIVE_NOTICE), 2),
        (State.CLOSING_NONCOLLAB, ("head", Step.SIGN_CLOSING), ("head", Step.SIGN_CLOSING), 1),
        (State.CLOSING_NONCOLLAB, ("head", Step.HAND_OVER), ("coach", Step.RESUME), 1),
        (State.CLOSING_NONCOLLAB, ("head", Step.HAND_OVER), ("head", Step.HAND_OVER), 1),
    ],
)
def test_of_two_steps_at_once_as_many_win_as_the_table_allows(
    house: House, state: State, one: tuple[str, Step], two: tuple[str, Step], winners: int
) -> None:
    """On both stores. A suspended case may still be closed: then both are taken, one after the other."""
    pair = Pair(house, Paths(house).case_in(state))
    before = len(pair.stored()[1])
    replies = pair.at_once((*one, None), (*two, None))
    receipts = [reply for reply in replies if isinstance(reply, dict)]
    case, events = pair.stored()
    check_history(case, events)
    assert len(events) == before + len(receipts)
    closed_after = {one[1], two[1]} == {Step.CLOSE, Step.SUSPEND} and case.state is State.CLOSED
    assert len(receipts) == winners or (closed_after and len(receipts) == 2)
    assert faults(house.settings) == []
