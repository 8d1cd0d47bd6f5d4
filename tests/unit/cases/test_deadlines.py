"""The days that count: each value by hand, and computed again from what its own explanation names."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cases.journeys import START, Walk, shipped
from vault.cases.calendar import Calendar
from vault.cases.deadlines import Because, Deadline, Rule, deadlines, departure_term, term_end
from vault.cases.flow import WAITING, State, Step
from vault.cases.model import AdminFacts, Origin
from vault.cases.parameters import Sureness

CALENDAR = Calendar()
ANNEXES = sorted(shipped().annexes)


def _found(walk: Walk) -> dict[str, Deadline]:
    return {one.name: one for one in deadlines(walk.situation(), CALENDAR)}


def _of(facts: AdminFacts) -> dict[str, Deadline]:
    return _found(Walk.of(Origin.ORDER, facts))


# -- by hand ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notified", "annex", "days", "end"),
    [
        ("2026-11-03", "13", None, "2026-12-03"),
        ("2026-11-30", "13", None, "2026-12-30"),
        ("2026-12-31", "13", None, "2027-01-30"),
        ("2028-01-30", "13", None, "2028-02-29"),  # a leap day is a day
        ("2027-01-30", "13", None, "2027-03-01"),
        ("2026-03-20", "26quater", None, "2026-03-30"),  # over the night in which summer time begins
        ("2026-10-20", "26quater", None, "2026-10-30"),
        ("2026-11-03", "13", 7, "2026-11-10"),
        ("2026-11-03", "13", 1, "2026-11-04"),
        ("2026-11-03", "13", 0, "2026-11-03"),
        ("2026-11-03", "13septies", None, "2026-11-03"),
        ("2026-11-25", "13", None, "2026-12-25"),  # a term for leaving ends on whatever day that is
    ],
)
def test_the_term_counts_from_the_day_after_notification(notified: str, annex: str, days: int | None, end: str) -> None:
    facts = AdminFacts(annex, notified_on=date.fromisoformat(notified), term_days=days)
    assert term_end(facts, shipped()) == date.fromisoformat(end)
    assert _of(facts)["departure"].day == date.fromisoformat(end)


@pytest.mark.parametrize(
    ("notified", "annulment", "urgency"),
    [
        ("2026-11-03", "2026-12-03", "2026-11-13"),
        ("2026-11-25", "2026-12-28", "2026-12-07"),  # Christmas, a Friday; and a Saturday
        ("2026-12-02", "2027-01-04", "2026-12-14"),  # New Year's Day is a Friday
        ("2026-03-05", "2026-04-07", "2026-03-16"),  # Saturday, Easter, Easter Monday; and a Sunday
    ],
)
def test_an_appeal_that_would_end_on_a_free_day_ends_on_the_next_working_day(
    notified: str, annulment: str, urgency: str
) -> None:
    found = _of(AdminFacts("13", notified_on=date.fromisoformat(notified)))
    assert found["appeal_annulment"].day == date.fromisoformat(annulment)
    assert found["appeal_extreme_urgency"].day == date.fromisoformat(urgency)
    assert "appeal_second_measure" not in found


def test_a_second_measure_has_its_own_shorter_term() -> None:
    found = _of(AdminFacts("13", notified_on=date(2026, 11, 3), second_measure=True))
    assert found["appeal_second_measure"].day == date(2026, 11, 9)  # the fifth day is a Sunday
    assert [one.rule for one in found["appeal_second_measure"].because] == [Rule.DAYS_AFTER, Rule.NEXT_WORKING_DAY]
    assert "appeal_extreme_urgency" not in found, "who is told ten days appeals too late"
    assert found["appeal_annulment"].day == date(2026, 12, 3)


def test_a_short_term_is_remarked_and_the_file_goes_before_what_was_counted() -> None:
    facts = AdminFacts("13", notified_on=date(2026, 11, 3), term_days=7, term_end=date(2026, 11, 20))
    departure = _of(facts)["departure"]
    assert departure.day == date(2026, 11, 20)
    assert [one.rule for one in departure.because] == [Rule.ORDER_TERM, Rule.MUST_BE_REASONED, Rule.FILE_SAYS]


def test_what_cannot_be_computed_says_what_is_missing() -> None:
    found = _of(AdminFacts("13"))
    for name in ("departure", "appeal_annulment", "appeal_extreme_urgency"):
        assert found[name].day is None
        assert found[name].because[-1].rule is Rule.MISSING
        assert ("needed", "notified_on") in found[name].because[-1].inputs


def test_more_time_that_was_granted_ends_the_term_and_says_so() -> None:
    walk = Walk.of(Origin.WALK_IN, AdminFacts("13", notified_on=date(2026, 11, 1), term_end=date(2026, 12, 1)))
    for step in (Step.GIVE_NOTICE, Step.BEGIN_ANALYSIS, Step.GIVE_CONCLUSIONS, Step.ASK_EXTENSION):
        walk = walk.take(step)
    walk = walk.take(Step.GRANT_EXTENSION)
    departure = departure_term(walk.situation())
    assert departure.day == date(2026, 12, 31)
    assert departure.because[-1].rule is Rule.EXTENDED
    assert departure.because[0].rule is Rule.ANNEX_TERM


def test_left_counts_days_and_goes_on_below_zero() -> None:
    walk = Walk.of(Origin.ORDER, AdminFacts("13", notified_on=date(2026, 11, 3)))
    departure = _found(walk)["departure"]
    assert departure.left(date(2026, 12, 3)) == 0
    assert departure.left(date(2026, 12, 5)) == -2


@pytest.mark.parametrize(
    ("moment", "end"),
    [("2026-11-29T22:59:59", "2026-12-13"), ("2026-11-29T23:00:00", "2026-12-14")],
)
def test_what_a_case_waits_for_runs_from_the_day_it_is_in_brussels(moment: str, end: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    found = _found(Walk.of(Origin.WALK_IN, AdminFacts("13"), at))
    assert found["analysis"].day == date.fromisoformat(end)


def test_an_appointment_is_the_day_that_was_agreed_and_an_excuse_moves_it() -> None:
    walk = Walk.of(Origin.ORDER).take(Step.TRIAGE).take(Step.INVITE)
    assert _found(walk)["appointment"].day == START.date()
    walk = walk.later(days=3).take(Step.EXCUSE_ABSENCE)
    assert _found(walk)["appointment"].day == START.date() + timedelta(days=3)


@pytest.mark.parametrize("state", State)
def test_each_state_before_an_end_waits_for_what_the_table_names(state: State) -> None:
    walk = Walk.of(Origin.ORDER)
    case = Walk.of(Origin.ORDER).case
    object.__setattr__(case, "state", state)
    found = {one.name for one in deadlines(Walk(case).situation(), CALENDAR)}
    assert found - set(_found(walk)) - set(WAITING.values()) == set()
    assert (found & set(WAITING.values())) == ({WAITING[state]} if state in WAITING else set())


# -- explained ----------------------------------------------------------------------------------------------


def again(because: Because) -> date | None:
    """The day that a reason gives, computed from its inputs alone."""
    told = dict(because.inputs)
    match because.rule:
        case Rule.FILE_SAYS:
            return _day(told["term_end"])
        case Rule.EXTENDED:
            return _day(told["until"])
        case Rule.APPOINTED:
            return _day(told["day"])
        case Rule.ORDER_TERM | Rule.ANNEX_TERM | Rule.DAYS_AFTER:
            days, first = int(str(told["days"])), int(str(told.get("first_day", 1)))
            begin = _day(told["notified_on"] if "notified_on" in told else told["since"])
            return begin + timedelta(days=days + first - 1) if days else begin
        case Rule.WORKING_DAYS_AFTER:
            return CALENDAR.working_days_after(_day(told["since"]), int(str(told["days"])))
        case Rule.NEXT_WORKING_DAY:
            return CALENDAR.next_working_day(_day(told["last_day"]))
        case _:
            return None


def _day(value: object) -> date:
    assert isinstance(value, date)
    return value


def check_explained(deadline: Deadline) -> None:
    """Each reason names its source and how sure it is, gives its own result again, and the last one the day."""
    assert deadline.because
    for because in deadline.because:
        assert len(because.source) > 8
        assert because.sure in Sureness
        assert because.inputs
        assert again(because) == because.result
    days = [because.result for because in deadline.because if because.result is not None]
    assert deadline.day == (days[-1] if days else None)
    assert (deadline.day is None) == (deadline.because[-1].rule is Rule.MISSING)


@given(
    annex=st.sampled_from(ANNEXES),
    notified=st.none() | st.dates(date(2000, 1, 1), date(2099, 1, 1)),
    term=st.none() | st.integers(0, 366),
    file_says=st.none() | st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    second=st.booleans(),
)
def test_every_deadline_is_explained_and_can_be_computed_again(
    annex: str, notified: date | None, term: int | None, file_says: date | None, *, second: bool
) -> None:
    facts = AdminFacts(annex, notified_on=notified, term_days=term, term_end=file_says, second_measure=second)
    found = _of(facts)
    for deadline in found.values():
        check_explained(deadline)
        if deadline.name.startswith("appeal") and deadline.day is not None:
            assert CALENDAR.worked(deadline.day)
            assert notified is not None
            assert deadline.day > notified
    if notified is not None and found["departure"].day is not None and file_says is None:
        assert found["departure"].day >= notified
