"""Outcome figures on cases that are counted by hand, and what holds for any cases: the parts add up to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vault.cases.flow import Outcome, State, Step
from vault.cases.model import AdminFacts, Case, CaseEvent, CoachType, Origin
from vault.ids import ActorId, CaseId
from vault.statistics.measures import COUNTS, DEFINITIONS, By, Period, Table, Tally, Told, of_case

COACH = ActorId(bytes(16))
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))
#: One way through the flow, with the day after the opening on which each step was taken.
STORY: tuple[tuple[int, Step, State, str], ...] = (
    (1, Step.TRIAGE, State.TRIAGED, "ADDRESS"),
    (2, Step.INVITE, State.INVITED, "2026-03-10 fr 2026-1"),
    (8, Step.RECORD_ABSENCE, State.NO_SHOW, ""),
    (9, Step.INVITE, State.INVITED, "2026-03-20 fr 2026-1"),
    (18, Step.RECORD_ABSENCE, State.NO_SHOW, ""),
    (19, Step.EXCUSE_ABSENCE, State.INVITED, "2026-03-30 fr 2026-1"),
    (28, Step.BEGIN_INTAKE, State.INTAKE, "interpreter:present"),
    (28, Step.GIVE_NOTICE, State.INTAKE, "fr 2026-1"),
    (30, Step.BEGIN_ANALYSIS, State.ANALYSIS, ""),
    (40, Step.GIVE_CONCLUSIONS, State.FOLLOW_UP, ""),
    (50, Step.ASK_EXTENSION, State.EXTENSION, ""),
    (60, Step.GRANT_EXTENSION, State.FOLLOW_UP, "2026-07-01"),
    (70, Step.CLOSE, State.CLOSED, "STAY_OBTAINED"),
    (100, Step.REOPEN, State.INVITED, "2026-06-20 fr 2026-1"),
    (110, Step.WALK_IN, State.INTAKE, ""),
    (111, Step.EXPLAIN_CONSEQUENCES, State.INTAKE, "fr"),
    (112, Step.BEGIN_CLOSING, State.CLOSING_NONCOLLAB, "REFUSED"),
    (120, Step.HAND_OVER, State.HANDED_OVER, ""),
)


def case(**changed: Any) -> Case:
    given_ = {
        "id": CaseId(bytes(16)), "state": State.HANDED_OVER, "region": "brussels", "language": "fr", "coach": COACH,
        "opened_at": BEGIN, "closed_at": None, "outcome": Outcome.REFUSED, "facts": AdminFacts(annex="13"),
        "version": 1, "origin": Origin.ORDER, "coach_type": CoachType.FAMILIES,
    }  # fmt: skip
    return Case(**(given_ | changed))


def story(until: int = len(STORY), begin: datetime = BEGIN) -> list[CaseEvent]:
    return [
        CaseEvent(number, step, state, begin + timedelta(days=day), COACH, note)
        for number, (day, step, state, note) in enumerate(STORY[:until], start=1)
    ]


def nonzero(tally: Tally) -> dict[str, int]:
    return {name: count for name, count in tally.counts.items() if count}


def test_a_whole_story_counted_by_hand() -> None:
    attended = [BEGIN + timedelta(days=28, hours=1), BEGIN + timedelta(days=45), BEGIN + timedelta(days=45, hours=2)]
    tally = of_case(Told(case(), story(), attended), YEAR)
    assert nonzero(tally) == {
        "opened": 1, "walked_in": 1, "invited": 1,
        "invitations": 4,  # two, one with the excuse, one with the reopening
        "attended": 1, "no_shows": 1,  # the second was excused
        "interviews": 3,  # days 28 (once, though an appointment says so too), 45 and 110
        "interviewed": 1, "extensions_asked": 1, "extensions_granted": 1, "reopened": 1, "handed_over": 1,
        "ended": 2, "ended_stay_obtained": 1, "ended_refused": 1,
    }  # fmt: skip
    assert tally.days_to_interview == [26]
    assert tally.days_to_end == [70, 20]
    values = tally.values()
    assert (values["attendance"], values["interviews_per_file"], values["days_to_end"]) == (1.0, 3.0, 45)


def test_what_happened_outside_of_the_period_is_not_counted() -> None:
    april = Period(date(2026, 4, 1), date(2026, 5, 1))
    tally = of_case(Told(case(), story(), []), april)
    assert nonzero(tally) == {"extensions_asked": 1}
    march = Period(date(2026, 3, 1), date(2026, 4, 1))
    assert nonzero(of_case(Told(case(), story(), []), march)) == {
        "opened": 1, "invited": 1, "invitations": 3, "attended": 1, "no_shows": 1, "interviews": 1, "interviewed": 1,
    }  # fmt: skip


def test_days_are_belgian_and_the_last_one_is_outside() -> None:
    late = case(opened_at=datetime(2026, 12, 31, 23, 30, tzinfo=UTC))  # 2027 in Belgium
    assert nonzero(of_case(Told(late, []), YEAR)) == {}
    early = case(opened_at=datetime(2025, 12, 31, 23, 30, tzinfo=UTC))
    assert of_case(Told(early, []), YEAR).counts["opened"] == 1


def test_an_absence_that_was_excused_at_the_invitation_is_none() -> None:
    events = [
        CaseEvent(1, Step.INVITE, State.INVITED, BEGIN, COACH, "2026-03-09 fr 2026-1"),
        CaseEvent(2, Step.RECORD_ABSENCE, State.NO_SHOW, BEGIN + timedelta(days=8), COACH),
        CaseEvent(3, Step.INVITE, State.INVITED, BEGIN + timedelta(days=9), COACH, "2026-03-20 fr 2026-1"),
        CaseEvent(4, Step.RECORD_ABSENCE, State.NO_SHOW, BEGIN + timedelta(days=19), COACH),
    ]
    absent = case(state=State.NO_SHOW, outcome=None)
    for excused, left in (((), 2), ((date(2026, 3, 9),), 1), ((date(2026, 3, 10),), 2)):
        assert of_case(Told(absent, events, (), excused), YEAR).counts["no_shows"] == left


def test_who_opens_a_file_by_walking_in_was_met_that_day() -> None:
    tally = of_case(Told(case(origin=Origin.WALK_IN, state=State.INTAKE, outcome=None), []), YEAR)
    assert nonzero(tally) == {"opened": 1, "walked_in": 1, "interviews": 1, "interviewed": 1}


def test_a_ratio_of_nothing_is_no_number() -> None:
    values = Tally().values()
    assert (values["attendance"], values["interviews_per_file"], values["days_to_end"]) == (None, None, None)


def test_each_group_is_what_its_own_cases_add_up_to() -> None:
    table = Table(YEAR, By.COACH_TYPE)
    table.add(Told(case(), story()))
    table.add(Told(case(coach_type=CoachType.INDIVIDUALS, state=State.INVITED, outcome=None), story(2)))
    table.add(Told(case(coach_type=None, opened_at=BEGIN.replace(year=2025)), []))  # nothing in the period
    assert {name: tally.counts["invited"] for name, tally in table.groups.items()} == {"families": 1, "individuals": 1}
    assert table.whole.values()["attendance"] == 0.5
    assert table.groups["families"].values()["attendance"] == 1.0


@st.composite
def told(draw: st.DrawFn) -> Told:
    begin = BEGIN + timedelta(days=draw(st.integers(-400, 400)))
    one = case(
        opened_at=begin, region=draw(st.sampled_from(("brussels", "liege"))),
        coach_type=draw(st.sampled_from((*CoachType, None))), facts=AdminFacts(annex=draw(st.sampled_from(("13", "")))),
        outcome=draw(st.sampled_from((*Outcome, None))), origin=draw(st.sampled_from(tuple(Origin))),
    )  # fmt: skip
    attended = draw(st.lists(st.integers(0, 200), max_size=4))
    events = story(draw(st.integers(0, len(STORY))), begin)
    return Told(one, events, [begin + timedelta(days=day) for day in attended])


def _whole(cases: Sequence[Told], by: By, period: Period = YEAR) -> Table:
    table = Table(period, by)
    for one in cases:
        table.add(one)
    return table


@settings(max_examples=60)
@given(st.lists(told(), max_size=12), st.sampled_from(tuple(By)))
def test_the_parts_add_up_to_the_whole(cases: list[Told], by: By) -> None:
    table = _whole(cases, by)
    for name in COUNTS:
        assert sum(tally.counts[name] for tally in table.groups.values()) == table.whole.counts[name], name
    counts = table.whole.counts
    outcomes = sum(count for name, count in counts.items() if name.startswith("ended_"))
    assert outcomes == counts["ended"]
    assert counts["attended"] <= counts["invited"] <= counts["invitations"]
    assert counts["interviewed"] <= counts["interviews"]
    assert counts["handed_over"] <= counts["ended"]


@settings(max_examples=40)
@given(st.lists(told(), max_size=8), st.integers(1, 364))
def test_two_periods_side_by_side_count_every_event_once(cases: list[Told], day: int) -> None:
    middle = YEAR.first + timedelta(days=day)
    parts = [Period(YEAR.first, middle), Period(middle, YEAR.end)]
    whole, halves = _whole(cases, By.REGION).whole, [_whole(cases, By.REGION, part).whole for part in parts]
    # Not of files, which can be met or invited in both, nor of who came, which hangs on the first invitation.
    for name in COUNTS:
        if name not in {"invited", "attended", "interviewed"}:
            assert sum(half.counts[name] for half in halves) == whole.counts[name], name


def test_every_figure_is_defined_and_stands_in_its_page() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "figures.md").read_text("utf-8")
    assert set(Tally().values()) == set(DEFINITIONS)
    for name, definition in DEFINITIONS.items():
        assert f"`{name}`" in page, name
        assert definition.counts in page, name
        assert not definition.whole or definition.whole in DEFINITIONS
