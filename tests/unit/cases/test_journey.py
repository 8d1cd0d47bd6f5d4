"""Cases walked by the table alone: no state is a dead end, a refusal names what is possible, nothing is forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.unit.cases.journeys import COACH, COLLEAGUE, ENDS, HEAD, Walk, way_out
from tests.unit.cases.test_deadlines import check_explained
from vault.cases.calendar import Calendar
from vault.cases.deadlines import deadlines
from vault.cases.details import NOTHING, TAKES, Attendee, Details, note_of, sealed_of
from vault.cases.flow import FLOW, Outcome, State, Step, listed, row_of
from vault.cases.journey import CHOSEN, possible, take, way_forward
from vault.cases.model import AdminFacts, Origin
from vault.errors import IllegalStep, InvalidInput, VaultError
from vault.ids import ActorId

CALENDAR = Calendar()


class RandomWalk(RuleBasedStateMachine):
    """Any step at any time by anybody, with and without what it needs, days or months apart."""

    @initialize(
        origin=st.sampled_from(Origin),
        annex=st.sampled_from(["13", "26quater", "13septies", ""]),
        notified=st.none() | st.dates(date(2026, 1, 1), date(2026, 11, 3)),
    )
    def begin(self, origin: Origin, annex: str, notified: date | None) -> None:
        self.walk = Walk.of(origin, AdminFacts(annex, notified_on=notified))

    @rule(step=st.sampled_from(Step), actor=st.sampled_from([COACH, COLLEAGUE, HEAD]), data=st.data())
    def try_step(self, step: Step, actor: object, data: st.DataObject) -> None:
        before = self.walk
        told = before.told(step)
        if step in {Step.CLOSE, Step.BEGIN_CLOSING}:
            told = data.draw(st.sampled_from([told, *(Details(outcome=outcome) for outcome in Outcome)]))
        try:
            self.walk = before.take(step, told, actor)  # type: ignore[arg-type]
        except IllegalStep as refused:
            self._refused(before, step, actor, refused)  # type: ignore[arg-type]
            return
        except InvalidInput:
            assert step is Step.BEGIN_CLOSING, "what the walk tells can be meant"
            return
        row = row_of(before.state, step)
        assert row is not None
        assert self.walk.state is (row.next or before.situation().history.came_from)
        assert self.walk.case.version == before.case.version + 1 == len(self.walk.events) + 1

    def _refused(self, before: Walk, step: Step, actor: ActorId, refused: IllegalStep) -> None:
        assert (refused.reason == "not_listed") is (row_of(before.state, step) is None)
        assert step not in refused.possible
        assert set(refused.possible) == set(before.possible(actor)) - {step}
        assert str(refused)

    @precondition(lambda self: self.walk.possible())
    @rule(data=st.data(), days=st.integers(0, 40))
    def go_on(self, data: st.DataObject, days: int) -> None:
        """A step that is said to be possible works, told what it needs, by whom the table names."""
        later = self.walk.later(days=days)
        step = data.draw(st.sampled_from(later.possible()))
        self.walk = later.take(step)

    @invariant()
    def there_is_a_way_to_close(self) -> None:
        if self.walk.state not in ENDS:
            assert way_out(self.walk) is not None, (self.walk.state, [event.step for event in self.walk.events])

    @invariant()
    def every_deadline_is_explained(self) -> None:
        found = deadlines(self.walk.situation(), CALENDAR)
        assert len({one.name for one in found}) == len(found)
        for deadline in found:
            check_explained(deadline)

    @invariant()
    def a_note_is_codes_and_short(self) -> None:
        assert all(len(event.note) <= 80 and event.note.isascii() for event in self.walk.events)

    @invariant()
    def nobody_closes_non_collaboration_alone(self) -> None:
        case, history = self.walk.case, self.walk.situation().history
        if case.state is State.CLOSED and case.outcome in {Outcome.REFUSED, Outcome.NO_SHOW}:
            signatures = {event.actor for event in self.walk.events[history.last(Step.BEGIN_CLOSING) :]}
            assert history.signed
            assert len(signatures) > 1
        if case.state is State.HANDED_OVER:
            assert self.walk.events[-1].actor != history.begun_by


TestRandomWalk = RandomWalk.TestCase
TestRandomWalk.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("origin", Origin)
def test_every_listed_step_can_be_reached_from_some_beginning(origin: Origin) -> None:
    """By possible steps alone. An order of transfer opens every avenue."""
    seen: set[tuple[State, Step]] = set()
    waiting, marks = [Walk.of(origin)], set()
    while waiting:
        here = waiting.pop().later(days=1)
        history = here.situation().history
        mark = (here.state, here.case.outcome, min(history.absences(), 3), history.letter_sent, history.signed,
                history.consequences_explained, history.notice_given, history.came_from, here.case.coach)  # fmt: skip
        if mark in marks:
            continue
        marks.add(mark)
        for step in here.possible():
            try:
                waiting.append(here.take(step))
            except IllegalStep:
                continue
            seen.add((here.state, step))
    missing = {(row.state, row.step) for row in FLOW} - seen
    first = {State.OQT_NOTIFIED, State.TRIAGED}
    assert {state for state, _ in missing} <= (first if origin is Origin.WALK_IN else set())


# -- invitations and absences -----------------------------------------------------------------------------


def _absent(walk: Walk) -> Walk:
    return walk.later(days=1).take(Step.INVITE).take(Step.RECORD_ABSENCE)


def test_two_reinvitations_come_before_a_closing_for_absence() -> None:
    walk = _absent(Walk.of(Origin.ORDER).take(Step.TRIAGE))
    for left in (2, 1):
        with pytest.raises(IllegalStep, match=f"{left} of 2 re-invitations are left"):
            walk.take(Step.SEND_CONSEQUENCES_LETTER).take(Step.BEGIN_CLOSING)
        walk = _absent(walk)
    with pytest.raises(IllegalStep) as refused:
        walk.take(Step.INVITE)
    assert refused.value.reason == "reinvitations_used_up"
    with pytest.raises(IllegalStep) as refused:
        walk.take(Step.BEGIN_CLOSING)
    assert refused.value.reason == "consequences_not_told"
    closing = walk.take(Step.SEND_CONSEQUENCES_LETTER).take(Step.BEGIN_CLOSING)
    assert (closing.state, closing.case.outcome) == (State.CLOSING_NONCOLLAB, Outcome.NO_SHOW)


def test_how_often_is_a_parameter() -> None:
    walk = Walk.of(Origin.ORDER).take(Step.TRIAGE)
    flow = walk.parameters.flow
    none = replace(walk.parameters, flow=replace(flow, reinvitations=replace(flow.reinvitations, value=0)))
    walk = _absent(replace(walk, parameters=none))
    assert Step.INVITE not in walk.possible()
    assert walk.take(Step.SEND_CONSEQUENCES_LETTER).take(Step.BEGIN_CLOSING).state is State.CLOSING_NONCOLLAB


def test_an_excuse_takes_the_absence_away_even_late_and_a_letter_before_it_does_not_count() -> None:
    walk = Walk.of(Origin.ORDER).take(Step.TRIAGE)
    for _ in range(3):
        walk = _absent(walk)
    walk = walk.take(Step.SEND_CONSEQUENCES_LETTER).take(Step.EXCUSE_ABSENCE)
    assert walk.state is State.INVITED
    assert walk.situation().history.absences() == 2
    walk = walk.take(Step.RECORD_ABSENCE)
    with pytest.raises(IllegalStep) as refused:
        walk.take(Step.BEGIN_CLOSING)
    assert refused.value.reason == "consequences_not_told"


@pytest.mark.parametrize("which", [0, 1, 2])
def test_an_excuse_that_is_recorded_of_the_invitation_takes_its_absence_away_whichever_it_is(which: int) -> None:
    walk, days = Walk.of(Origin.ORDER).take(Step.TRIAGE), []
    for _ in range(3):
        walk = _absent(walk)
        days.append(walk.today)
    closing = walk.take(Step.SEND_CONSEQUENCES_LETTER).take(Step.BEGIN_CLOSING)
    excused = frozenset({days[which]})
    before = replace(walk.take(Step.SEND_CONSEQUENCES_LETTER).situation(), excused=excused)
    assert before.absences == 2
    assert Step.INVITE in possible(before)
    assert Step.BEGIN_CLOSING not in possible(before)
    after = replace(closing.situation(HEAD), excused=excused)
    assert set(possible(after)) == {Step.RESUME, Step.CLOSE}
    with pytest.raises(IllegalStep) as refused:
        take(replace(closing.take(Step.SIGN_CLOSING).situation(), excused=excused), Step.CLOSE,
             Details(outcome=Outcome.NO_SHOW), at=closing.at)  # fmt: skip
    assert refused.value.reason == "reinvitations_left"
    assert take(after, Step.CLOSE, Details(outcome=Outcome.OTHER), at=closing.at).state is State.CLOSED
    unrelated = replace(closing.situation(HEAD), excused=frozenset({days[0] - timedelta(days=9)}))
    assert {Step.SIGN_CLOSING, Step.HAND_OVER} <= set(possible(unrelated))


def test_nobody_is_absent_before_the_day_of_the_appointment() -> None:
    walk = Walk.of(Origin.ORDER).take(Step.TRIAGE)
    invited = walk.take(Step.INVITE, Details(day=date(2026, 11, 5), language="fr", leaflet="1"))
    with pytest.raises(IllegalStep) as refused:
        invited.take(Step.RECORD_ABSENCE)
    assert refused.value.reason == "appointment_ahead"
    assert invited.later(days=2).take(Step.RECORD_ABSENCE).state is State.NO_SHOW
    # 23:30 in Brussels the evening before, then half an hour later.
    evening = invited.later(days=1, hours=13, minutes=30)
    with pytest.raises(IllegalStep):
        evening.take(Step.RECORD_ABSENCE)
    assert evening.later(minutes=30).take(Step.RECORD_ABSENCE).state is State.NO_SHOW


def test_from_a_distance_nobody_refuses() -> None:
    walk = Walk.of(Origin.ORDER).take(Step.TRIAGE)
    for _ in range(3):
        walk = _absent(walk)
    with pytest.raises(IllegalStep, match="nobody was there to refuse"):
        walk.take(Step.SEND_CONSEQUENCES_LETTER).take(Step.BEGIN_CLOSING, Details(outcome=Outcome.REFUSED))


# -- closing and coming back ---------------------------------------------------------------------------------


def _guided(origin: Origin = Origin.WALK_IN) -> Walk:
    walk = Walk.of(origin)
    for step in (Step.GIVE_NOTICE, Step.BEGIN_ANALYSIS, Step.GIVE_CONCLUSIONS):
        walk = walk.take(step)
    return walk


@pytest.mark.parametrize(
    ("told", "outcome"),
    [(Step.EXPLAIN_CONSEQUENCES, Outcome.REFUSED), (Step.SEND_CONSEQUENCES_LETTER, Outcome.NO_SHOW)],
)
def test_a_refusal_is_explained_to_the_person_and_an_absence_by_letter(told: Step, outcome: Outcome) -> None:
    walk = _guided().take(told)
    other = {Outcome.REFUSED: Outcome.NO_SHOW, Outcome.NO_SHOW: Outcome.REFUSED}[outcome]
    with pytest.raises(IllegalStep) as refused:
        walk.take(Step.BEGIN_CLOSING, Details(outcome=other))
    assert refused.value.reason == "consequences_not_told"
    assert walk.take(Step.BEGIN_CLOSING, Details(outcome=outcome)).case.outcome is outcome


def test_a_closing_that_was_taken_back_is_explained_anew_and_signed_anew() -> None:
    closing = _guided().take(Step.EXPLAIN_CONSEQUENCES).take(Step.BEGIN_CLOSING).take(Step.SIGN_CLOSING)
    back = closing.take(Step.RESUME)
    assert (back.state, back.case.outcome) == (State.FOLLOW_UP, None)
    with pytest.raises(IllegalStep) as refused:
        back.take(Step.BEGIN_CLOSING)
    assert refused.value.reason == "consequences_not_told"
    again = back.take(Step.EXPLAIN_CONSEQUENCES).take(Step.BEGIN_CLOSING)
    with pytest.raises(IllegalStep) as refused:
        again.take(Step.CLOSE, Details(outcome=Outcome.REFUSED))
    assert refused.value.reason == "second_signature_missing"
    signed = again.take(Step.SIGN_CLOSING)
    with pytest.raises(IllegalStep) as refused:
        signed.take(Step.SIGN_CLOSING)
    assert refused.value.reason == "signed_already"
    assert signed.take(Step.CLOSE, Details(outcome=Outcome.REFUSED)).state is State.CLOSED


def test_who_began_a_closing_does_not_sign_it_nor_hand_over() -> None:
    closing = _guided().take(Step.EXPLAIN_CONSEQUENCES).take(Step.BEGIN_CLOSING, actor=HEAD)
    for step in (Step.SIGN_CLOSING, Step.HAND_OVER):
        with pytest.raises(IllegalStep) as refused:
            closing.take(step, actor=HEAD)
        assert refused.value.reason == "same_person"


def test_whoever_comes_back_is_told_anew_and_old_absences_do_not_count() -> None:
    closed = _guided().take(Step.EXPLAIN_CONSEQUENCES).take(Step.CLOSE)
    assert closed.case.closed_at is not None
    back = closed.take(Step.REOPEN)
    assert (back.state, back.case.outcome, back.case.closed_at) == (State.INVITED, None, None)
    intake = back.take(Step.BEGIN_INTAKE)
    assert not intake.situation().history.notice_given
    with pytest.raises(IllegalStep) as refused:
        intake.take(Step.BEGIN_ANALYSIS)
    assert refused.value.reason == "notice_missing"
    with pytest.raises(IllegalStep) as refused:
        intake.take(Step.BEGIN_CLOSING)
    assert refused.value.reason == "consequences_not_told"


@pytest.mark.parametrize("state", [row.state for row in FLOW if row.step is Step.SUSPEND])
def test_a_suspension_ends_where_it_began(state: State) -> None:
    way: dict[State, tuple[Step, ...]] = {
        State.TRIAGED: (Step.TRIAGE,),
        State.INVITED: (Step.TRIAGE, Step.INVITE),
        State.NO_SHOW: (Step.TRIAGE, Step.INVITE, Step.RECORD_ABSENCE),
    }
    met = (Step.WALK_IN, Step.GIVE_NOTICE, Step.BEGIN_ANALYSIS, Step.GIVE_CONCLUSIONS)
    way |= {State.INTAKE: met[:1], State.ANALYSIS: met[:3], State.FOLLOW_UP: met}
    way |= {State(step.value): (*met, step) for step in (Step.ORIENT_STAY, Step.ORIENT_RETURN, Step.ORIENT_TRANSFER)}
    way[State.EXTENSION] = (*met, Step.ASK_EXTENSION)
    walk = Walk.of(Origin.ORDER)
    for step in way[state]:
        walk = walk.take(step)
    assert walk.state is state
    assert walk.take(Step.SUSPEND).take(Step.RESUME).state is state


# -- details -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", Step)
def test_each_step_needs_what_it_needs_and_takes_nothing_else(step: Step) -> None:
    walk = Walk.of(Origin.ORDER)
    case = replace(walk.case, state=next(row.state for row in FLOW if row.step is step), coach=COACH)
    walk = replace(walk, case=case)
    told, takes = walk.told(step), TAKES[step]
    from vault.cases.details import check

    check(step, told, walk.parameters, walk.today)
    for name in takes.needed:
        with pytest.raises(InvalidInput) as refused:
            check(step, replace(told, **{name: None}), walk.parameters, walk.today)
        assert refused.value.field == name
    strange = {"leaflet": "1", "ground": "school", "avenue": "9bis", "until": date(2027, 1, 1)}
    for name in strange.keys() - {*takes.needed, *takes.optional}:
        with pytest.raises(InvalidInput) as refused:
            check(step, replace(told, **{name: strange[name]}), walk.parameters, walk.today)
        assert refused.value.field == name


@pytest.mark.parametrize(
    ("step", "wrong", "field"),
    [
        (Step.TRIAGE, Details(criterion="MADE_UP"), "criterion"),
        (Step.TRIAGE, Details(criterion="ADDRESS", region="namur"), "region"),
        (Step.INVITE, Details(day=date(2026, 11, 2), language="fr", leaflet="1"), "day"),
        (Step.INVITE, Details(day=date(2027, 11, 2), language="fr", leaflet="1"), "day"),
        (Step.INVITE, Details(day=date(2026, 11, 4), language="it", leaflet="1"), "language"),
        (Step.INVITE, Details(day=date(2026, 11, 4), language="fr", leaflet="un dépliant"), "leaflet"),
        (Step.INVITE, Details(day=date(2026, 11, 4), language="fr", leaflet="x" * 41), "leaflet"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_names_the_field(step: Step, wrong: Details, field: str) -> None:
    walk = Walk.of(Origin.ORDER)
    if step is Step.INVITE:
        walk = walk.take(Step.TRIAGE)
    with pytest.raises(InvalidInput) as refused:
        walk.take(step, wrong)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("step", "wrong", "field"),
    [
        (Step.ORIENT_RETURN, Details(partner="fedasil", agreed=False), "agreed"),
        (Step.ORIENT_RETURN, Details(partner="police", agreed=True), "partner"),
        (Step.ASK_EXTENSION, Details(ground="tired"), "ground"),
        (Step.BEGIN_CLOSING, Details(outcome=Outcome.OTHER), "outcome"),
    ],
)
def test_a_return_needs_agreement_and_an_extension_its_ground(step: Step, wrong: Details, field: str) -> None:
    walk = _guided().take(Step.EXPLAIN_CONSEQUENCES)
    with pytest.raises(InvalidInput) as refused:
        walk.take(step, wrong)
    assert refused.value.field == field


def test_an_extension_ends_later_than_the_term() -> None:
    walk = _guided()
    walk = replace(walk, case=replace(walk.case, facts=replace(walk.case.facts, term_end=date(2026, 12, 1))))
    asked = walk.take(Step.ASK_EXTENSION)
    for until in (date(2026, 12, 1), date(2026, 11, 30), date(9999, 12, 31)):
        with pytest.raises(InvalidInput):
            asked.take(Step.GRANT_EXTENSION, Details(until=until))
    granted = asked.take(Step.GRANT_EXTENSION, Details(until=date(2026, 12, 2)))
    assert (granted.case.facts.term_end, granted.case.facts.extended) == (date(2026, 12, 2), True)
    refused = asked.take(Step.REFUSE_EXTENSION)
    assert (refused.state, refused.case.facts.extended) == (State.FOLLOW_UP, False)


def test_a_transfer_needs_an_order_of_transfer() -> None:
    walk = Walk.of(Origin.WALK_IN, AdminFacts("13", notified_on=date(2026, 11, 1)))
    for step in (Step.GIVE_NOTICE, Step.BEGIN_ANALYSIS, Step.GIVE_CONCLUSIONS):
        walk = walk.take(step)
    with pytest.raises(IllegalStep) as refused:
        walk.take(Step.ORIENT_TRANSFER)
    assert refused.value.reason == "no_transfer_order"
    assert _guided().take(Step.ORIENT_TRANSFER).state is State.ORIENT_TRANSFER


def test_what_was_confided_stands_in_no_note() -> None:
    told = Details(avenue=None, ground="health", partner="fedasil", agreed=True)
    assert note_of(told) == ""
    walk = _guided()
    assert note_of(walk.told(Step.ORIENT_STAY)) == note_of(walk.told(Step.SUSPEND)) == ""
    assert sealed_of(Step.ORIENT_STAY, walk.told(Step.ORIENT_STAY)) == {"avenue": "9bis"}
    assert sealed_of(Step.CLOSE, Details(outcome=Outcome.OTHER)) == {}


@given(attendees=st.lists(st.sampled_from(Attendee)))
def test_a_note_names_each_attendee_once(attendees: list[Attendee]) -> None:
    note = note_of(Details(attendees=tuple(attendees)))
    assert note == "+".join(sorted({one.value for one in attendees}))


def test_a_step_that_nothing_is_told_says_what_it_needs() -> None:
    with pytest.raises(InvalidInput) as refused:
        Walk.of(Origin.ORDER).take(Step.TRIAGE, NOTHING)
    assert refused.value.field == "criterion"
    for step in Step:
        if not any(row.step is step for row in listed(State.OQT_NOTIFIED)):
            with pytest.raises(VaultError):
                Walk.of(Origin.ORDER).take(step, NOTHING)


@pytest.mark.parametrize("state", [State.FOLLOW_UP, State.ORIENT_STAY, State.ORIENT_RETURN, State.EXTENSION])
def test_where_ways_part_no_way_is_put_first(state: State) -> None:
    """What a person wants, or the Office decides, is proposed by nobody: neither staying nor leaving."""
    steps = [row.step for row in FLOW if row.state is state]
    assert set(steps) & CHOSEN
    assert way_forward(steps, notice_given=True) is None
    assert way_forward(steps, notice_given=False) is Step.GIVE_NOTICE


def test_where_one_way_leads_on_it_is_put_first() -> None:
    for state, step in {
        State.OQT_NOTIFIED: Step.TRIAGE, State.TRIAGED: Step.INVITE, State.INVITED: Step.BEGIN_INTAKE,
        State.INTAKE: Step.BEGIN_ANALYSIS, State.ANALYSIS: Step.GIVE_CONCLUSIONS,
        State.CLOSING_NONCOLLAB: Step.HAND_OVER, State.CLOSED: Step.REOPEN,
    }.items():  # fmt: skip
        assert way_forward([row.step for row in FLOW if row.state is state], notice_given=True) is step


def test_a_head_who_began_a_closing_leaves_the_second_signature_to_another() -> None:
    walk = Walk.of(Origin.ORDER, AdminFacts("13")).take(Step.WALK_IN).take(Step.EXPLAIN_CONSEQUENCES)
    begun = walk.take(Step.BEGIN_CLOSING, Details(outcome=Outcome.REFUSED), HEAD)
    assert Step.SIGN_CLOSING not in begun.possible(HEAD)
    with pytest.raises(IllegalStep, match="another person"):
        begun.take(Step.SIGN_CLOSING, actor=HEAD)
    assert begun.take(Step.SIGN_CLOSING).events[-1].actor == COLLEAGUE
