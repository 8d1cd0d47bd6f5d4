"""What the detection rules find in small logs, and what they leave alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, Final

import pytest

from gateway.detection import load_detection
from vault.audit.reading import Line, Volume
from vault.cases.calendar import Calendar
from vault.oversight.detecting import Finding, RuleName, Surroundings, detect

SHIPPED: Final = load_detection()
CALENDAR: Final = Calendar()
#: A Tuesday at ten in Brussels; a working day.
MORNING: Final = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
_NUMBERS: Final = count(1)


def line(at: datetime = MORNING, **said: Any) -> Line:
    usual = {
        "actor": "a-coach", "subject": "L-1", "action": "read", "kind": "note", "role": "coach", "zone": "casework",
        "purpose": "coaching", "decision": "allow", "rule": "cw-13",
    }  # fmt: skip
    return Line(f"{next(_NUMBERS):032x}", at, **{**usual, **said})


def only(name: RuleName, lines: Sequence[Line], around: Surroundings | None = None, **changed: Any) -> list[Finding]:
    """Findings of one rule alone, with some of its figures changed."""
    rules = {each: replace(rule, on=each is name) for each, rule in SHIPPED.rules.items()}
    rules[name] = replace(rules[name], **changed)
    return detect(lines, around or Surroundings(CALENDAR), replace(SHIPPED, rules=rules))


def minutes(number: float) -> datetime:
    return MORNING + timedelta(minutes=number)


def test_an_ordinary_morning_finds_nothing() -> None:
    lines = [line(minutes(3 * n), subject=f"L-{n % 4}", action=("read", "write")[n % 2]) for n in range(40)]
    assert detect(lines, Surroundings(CALENDAR), SHIPPED) == []


def test_what_nothing_explains_is_found_by_actor_case_and_day() -> None:
    lines = [line(), line(minutes(1)), line(minutes(2), subject="L-2"), line(minutes(3), subject="L-3")]
    around = Surroundings(CALENDAR, unexplained=frozenset(each.entry for each in lines[:3]))
    found = only(RuleName.OUTSIDE_CASELOAD, lines, around)
    assert [(each.subject, each.counted, each.entry, each.last) for each in found] == [
        ("L-1", 2, lines[0].entry, lines[1].entry), ("L-2", 1, lines[2].entry, lines[2].entry)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("hour", "found"),
    [
        (datetime(2026, 11, 3, 5, 29, tzinfo=UTC), 1),  # 06:29 in Brussels, in winter
        (datetime(2026, 11, 3, 5, 30, tzinfo=UTC), 0),
        (datetime(2026, 11, 3, 18, 59, tzinfo=UTC), 0),
        (datetime(2026, 11, 3, 19, 0, tzinfo=UTC), 1),
        (datetime(2026, 7, 2, 4, 29, tzinfo=UTC), 1),  # in summer an hour earlier in UTC
        (datetime(2026, 7, 2, 4, 30, tzinfo=UTC), 0),
        (datetime(2026, 11, 7, 12, 0, tzinfo=UTC), 1),  # a Saturday
        (datetime(2026, 11, 11, 12, 0, tzinfo=UTC), 1),  # Armistice
    ],
)
def test_hours_are_those_of_brussels(hour: datetime, found: int) -> None:
    looks = [line(hour + timedelta(seconds=n)) for n in range(3)]
    assert len(only(RuleName.AFTER_HOURS, looks)) == found
    assert only(RuleName.AFTER_HOURS, looks[:2]) == []
    assert only(RuleName.AFTER_HOURS, [each._replace(decision="deny") for each in looks]) == []


def _usual(actor: str, cases: int, days: int = 10) -> list[Volume]:
    return [Volume(actor, "coach", date(2026, 11, 2) - timedelta(days=n), cases) for n in range(days)]


def _cases(number: int, **said: Any) -> list[Line]:
    return [line(minutes(12 * n), subject=f"L-{n}", **said) for n in range(number)]


def test_a_day_is_held_against_ones_own_usual_day() -> None:
    around = Surroundings(CALENDAR, volumes=_usual("a-coach", 6))
    (found,) = only(RuleName.VOLUME_OWN, _cases(18), around)
    assert (found.counted, found.usual, found.subject) == (18, 6.0, "")
    assert only(RuleName.VOLUME_OWN, _cases(17), around) == []
    assert only(RuleName.VOLUME_OWN, _cases(14), Surroundings(CALENDAR, volumes=_usual("a-coach", 1))) == []
    few_days = Surroundings(CALENDAR, volumes=_usual("a-coach", 1, days=4))
    assert only(RuleName.VOLUME_OWN, _cases(40), few_days) == []
    long_ago = [each._replace(day=each.day - timedelta(days=60)) for each in _usual("a-coach", 1)]
    assert only(RuleName.VOLUME_OWN, _cases(40), Surroundings(CALENDAR, volumes=long_ago)) == []
    others = Surroundings(CALENDAR, volumes=_usual("a-other", 1))
    assert only(RuleName.VOLUME_OWN, _cases(40), others) == []


def test_a_day_is_held_against_the_same_roles_days() -> None:
    peers = [*_usual("a-two", 4), *_usual("a-three", 6)]
    (found,) = only(RuleName.VOLUME_PEERS, _cases(20), Surroundings(CALENDAR, volumes=peers))
    assert (found.counted, found.usual) == (20, 5.0)
    of_another_role = [each._replace(role="desk_officer") for each in peers]
    assert only(RuleName.VOLUME_PEERS, _cases(20), Surroundings(CALENDAR, volumes=of_another_role)) == []
    # Who always looks at many is not their own peer.
    assert only(RuleName.VOLUME_PEERS, _cases(20), Surroundings(CALENDAR, volumes=_usual("a-coach", 1))) == []


def test_one_case_after_the_other_is_found_and_work_is_not() -> None:
    quick = [line(MORNING + timedelta(seconds=40 * n), subject=f"L-{n}") for n in range(12)]
    (found,) = only(RuleName.SEQUENTIAL_BROWSING, quick)
    assert (found.counted, found.entry, found.last) == (12, quick[0].entry, quick[-1].entry)
    assert only(RuleName.SEQUENTIAL_BROWSING, quick[:11]) == []
    slow = [line(minutes(n), subject=f"L-{n}") for n in range(12)]
    assert only(RuleName.SEQUENTIAL_BROWSING, slow) == []
    written = [*quick[:6], line(quick[5].at, action="write"), *quick[6:]]
    assert only(RuleName.SEQUENTIAL_BROWSING, written) == []
    same = [each._replace(subject="L-1") for each in quick]
    assert only(RuleName.SEQUENTIAL_BROWSING, same) == []
    two = [each._replace(actor=f"a-{n % 2}") for n, each in enumerate(quick)]
    assert only(RuleName.SEQUENTIAL_BROWSING, two) == []


def test_a_case_that_was_closed_long_ago_is_looked_at() -> None:
    closed, reopened = MORNING - timedelta(days=40), MORNING - timedelta(days=5)
    around = Surroundings(CALENDAR, turns={"L-1": [(closed, True)]})
    assert [each.subject for each in only(RuleName.CLOSED_CASE, [line(), line(subject="L-2")], around)] == ["L-1"]
    assert only(RuleName.CLOSED_CASE, [line(action="reopen", kind="case")], around) == []
    again = Surroundings(CALENDAR, turns={"L-1": [(closed, True), (reopened, False)]})
    assert only(RuleName.CLOSED_CASE, [line()], again) == []
    lately = Surroundings(CALENDAR, turns={"L-1": [(reopened, True)]})
    assert only(RuleName.CLOSED_CASE, [line()], lately) == []
    afterwards = Surroundings(CALENDAR, turns={"L-1": [(minutes(1), True)]})
    assert only(RuleName.CLOSED_CASE, [line()], afterwards, days=0) == []


def test_refusals_add_up_over_a_day_and_a_person() -> None:
    doors = [line(minutes(n), decision="deny", subject="") for n in range(5)]
    (found,) = only(RuleName.DENIED_ATTEMPTS, doors)
    assert (found.counted, found.actor) == (5, "a-coach")
    assert only(RuleName.DENIED_ATTEMPTS, doors[:4]) == []
    assert only(RuleName.DENIED_ATTEMPTS, [*doors[:4], doors[4]._replace(actor="a-other")]) == []
    assert only(RuleName.DENIED_ATTEMPTS, [*doors[:4], line(minutes(60 * 24), decision="deny")]) == []


def test_searches_that_lead_nowhere_add_up() -> None:
    searches = [line(minutes(20 * n), action="search", kind="case", subject="") for n in range(8)]
    assert len(only(RuleName.SEARCH_ONLY, searches)) == 1
    opened = sorted([*searches, line(minutes(141))], key=lambda each: each.at)
    assert only(RuleName.SEARCH_ONLY, opened) == []
    too_late = sorted([*searches, line(minutes(156))], key=lambda each: each.at)
    assert len(only(RuleName.SEARCH_ONLY, too_late)) == 1
    another = sorted([*searches, line(minutes(141), actor="a-other")], key=lambda each: each.at)
    assert len(only(RuleName.SEARCH_ONLY, another)) == 1


def test_what_a_search_led_to_after_the_period_counts_for_it() -> None:
    """A period ends at midnight; whoever searched at 23:59 may open what they found at 00:01."""
    searches = [line(minutes(20 * n), action="search", kind="case", subject="") for n in range(8)]

    def then(*lines: Line) -> int:
        return len(only(RuleName.SEARCH_ONLY, searches, Surroundings(CALENDAR, after=lines)))

    assert then() == 1
    assert then(line(minutes(142))) == 0
    assert then(line(minutes(142), decision="deny")) == 1
    assert then(line(minutes(142), role="auditor")) == 1
    assert then(line(minutes(142), action="search", kind="case", subject="")) == 1, "it makes no finding of its own"
    assert then(line(minutes(156))) == 1


def test_every_use_of_the_emergency_purpose_is_found() -> None:
    assert len(only(RuleName.BREAK_GLASS, [line(purpose="emergency"), line()])) == 1


@pytest.mark.parametrize("name", RuleName)
def test_a_rule_that_is_off_or_watches_others_finds_nothing(name: RuleName) -> None:
    lines = [line(MORNING - timedelta(hours=6), purpose="emergency", decision="deny") for _ in range(50)]
    assert only(name, lines, on=False) == []
    assert only(name, lines, roles=frozenset({"dpo"})) == []
