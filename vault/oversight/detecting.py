"""What in the log deserves a second look: nine rules over one period's lines, each with figures that an office sets.

A rule finds behaviour, not guilt. It sees what an entry says (who by pseudonym, as what, when, with what, about which
case by pseudonym, allowed or not) and nothing of any case. What it finds is grouped, so that forty looks of one evening
are one finding, and says what was counted and against what. Nothing is done with a finding but to look (`reviewing`);
how often a rule was right is counted from how the reviews ended.

    detect(lines, Surroundings(...), rules)      # findings, by rule and time

The figures are configuration with a digest (`gateway/detection.toml`), named by the entry of every run: none changes
silently. Days are those of Brussels, but for volumes, which the store counts by days of UTC.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum, unique
from statistics import mean, median
from typing import Final, NamedTuple

from vault.audit.events import Verdict
from vault.audit.reading import Line, Volume
from vault.cases.calendar import BRUSSELS, Calendar, belgian_day
from vault.vocabulary import Action, Kind, Purpose


@unique
class RuleName(StrEnum):
    OUTSIDE_CASELOAD = "outside_caseload"  # allowed, and no entry of the log explains it
    AFTER_HOURS = "after_hours"
    VOLUME_OWN = "volume_own"  # many more cases than this actor's own usual day
    VOLUME_PEERS = "volume_peers"  # many more cases than others of the role look at
    SEQUENTIAL_BROWSING = "sequential_browsing"  # one case after the other, and nothing written
    CLOSED_CASE = "closed_case"
    DENIED_ATTEMPTS = "denied_attempts"
    SEARCH_ONLY = "search_only"  # searched, and opened nothing of it
    BREAK_GLASS = "break_glass"  # every use of the emergency purpose


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule's figures. What a figure means, and which rule has it: `gateway/detection.toml`.

    roles: whom it watches. at_least: how many lines (for volumes and browsing: cases) make a finding. why: in words.
    """

    name: RuleName
    on: bool
    roles: frozenset[str]
    at_least: int
    why: str
    begins: time = time(0)
    ends: time = time(0)
    factor: float = 0.0
    days: int = 0
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Detection:
    """All rules, and how large a sample is. digest: 32 bytes, stands in the entry of every run."""

    version: str
    digest: bytes
    rules: Mapping[RuleName, Rule]
    sample_least: int
    sample_per_thousand: int
    sample_most: int

    @property
    def baseline_days(self) -> int:
        return max(rule.days for name, rule in self.rules.items() if name in _BY_VOLUME)

    @property
    def minutes_after(self) -> timedelta:
        """How long after a period what was begun in it may still lead somewhere."""
        return timedelta(minutes=self.rules[RuleName.SEARCH_ONLY].minutes)


class Finding(NamedTuple):
    """entry, last: the first and the last line of it, hexadecimal. counted: lines, or cases.

    usual: what that is held against, where the rule compares. subject: "" where it is about more than one case.
    """

    rule: RuleName
    role: str
    actor: str
    subject: str
    day: date
    entry: str
    last: str
    counted: int
    usual: float | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the lines alone do not say.

    unexplained: entries, hexadecimal, that nothing in the log explains. turns: when cases were closed (True) or
    reopened (False), oldest first, by subject. volumes: cases a day of each actor, before and during the period.
    after: lines of the `minutes_after` that follow the period, oldest first. They make no finding, but a look at
    00:01 is what a search of 23:59 led to.
    """

    calendar: Calendar
    unexplained: frozenset[str] = frozenset()
    turns: Mapping[str, Sequence[tuple[datetime, bool]]] = field(default_factory=dict)
    volumes: Sequence[Volume] = ()
    after: Sequence[Line] = ()


#: Acts by which a case is closed for good, or opened again: action and kind as they stand in the log.
TURNS: Final[dict[tuple[str, str], bool]] = {
    (Action.CLOSE.value, Kind.CASE.value): True,
    ("released", Kind.OUTCOME_SHEET.value): True,
    (Action.REOPEN.value, Kind.CASE.value): False,
}
_BY_VOLUME: Final = (RuleName.VOLUME_OWN, RuleName.VOLUME_PEERS)
_LOOKING: Final = frozenset({Action.READ.value, Action.LIST.value, Action.SEARCH.value})
#: Of other actors' days, and of one's own, that make something usual: fewer say nothing.
_DAYS_THAT_TELL: Final = 5
_Found = Iterator[Finding]


def detect(lines: Sequence[Line], around: Surroundings, rules: Detection) -> list[Finding]:
    """lines: everything of the period, oldest first. Findings in the rules' order, then in time's."""
    found: list[Finding] = []
    for name, search in _SEARCHES.items():
        rule = rules.rules[name]
        if rule.on:
            found += search([line for line in lines if line.role in rule.roles], rule, around)
    return found


def _allowed(line: Line) -> bool:
    return line.decision == Verdict.ALLOW.value


def _grouped(lines: Iterable[Line], rule: Rule, key: Callable[[Line], tuple[str, str]]) -> _Found:
    """A finding for each actor, day and `key` (actor, subject) with enough lines."""
    groups: dict[tuple[date, tuple[str, str]], list[Line]] = defaultdict(list)
    for line in lines:
        groups[belgian_day(line.at), key(line)].append(line)
    for (day, (actor, subject)), group in groups.items():
        if len(group) >= rule.at_least:
            first, last = group[0], group[-1]
            yield Finding(rule.name, first.role, actor, subject, day, first.entry, last.entry, len(group))


def _by_case(line: Line) -> tuple[str, str]:
    return line.actor, line.subject


def _by_actor(line: Line) -> tuple[str, str]:
    return line.actor, ""


def _outside_caseload(lines: Sequence[Line], rule: Rule, around: Surroundings) -> _Found:
    return _grouped((line for line in lines if line.entry in around.unexplained), rule, _by_case)


def _after_hours(lines: Sequence[Line], rule: Rule, around: Surroundings) -> _Found:
    def outside(moment: datetime) -> bool:
        there = moment.astimezone(BRUSSELS)
        return not around.calendar.worked(there.date()) or not rule.begins <= there.time() < rule.ends

    return _grouped((line for line in lines if _allowed(line) and outside(line.at)), rule, _by_actor)


def _denied_attempts(lines: Sequence[Line], rule: Rule, _: Surroundings) -> _Found:
    return _grouped((line for line in lines if line.decision == Verdict.DENY.value), rule, _by_actor)


def _break_glass(lines: Sequence[Line], rule: Rule, _: Surroundings) -> _Found:
    emergency = Purpose.EMERGENCY.value
    return _grouped((line for line in lines if line.purpose == emergency), rule, _by_case)


def _closed_case(lines: Sequence[Line], rule: Rule, around: Surroundings) -> _Found:
    grace = timedelta(days=rule.days)

    def long_closed(line: Line) -> bool:
        before = [turn for turn in around.turns.get(line.subject, ()) if turn[0] < line.at]
        return bool(before) and before[-1][1] and line.at - before[-1][0] >= grace

    looked = (line for line in lines if _allowed(line) and line.action in _LOOKING and long_closed(line))
    return _grouped(looked, rule, _by_case)


def _search_only(lines: Sequence[Line], rule: Rule, around: Surroundings) -> _Found:
    """A search counts if its actor opens no case within so many minutes."""
    within = timedelta(minutes=rule.minutes)
    opened: dict[str, list[datetime]] = defaultdict(list)
    for line in (*lines, *(line for line in around.after if line.role in rule.roles)):
        if _allowed(line) and line.subject and line.action != Action.SEARCH.value:
            opened[line.actor].append(line.at)

    def led_nowhere(line: Line) -> bool:
        after = opened[line.actor]
        place = bisect_left(after, line.at)
        return place == len(after) or after[place] > line.at + within

    searches = (line for line in lines if _allowed(line) and line.action == Action.SEARCH.value)
    return _grouped((line for line in searches if led_nowhere(line)), rule, _by_actor)


def _sequential_browsing(lines: Sequence[Line], rule: Rule, _: Surroundings) -> _Found:
    by_actor: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if _allowed(line) and line.subject:
            by_actor[line.actor].append(line)
    for own in by_actor.values():
        for run in _unbroken(own):
            yield from _browsed(run, rule)


def _unbroken(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Looks in a row: whoever writes something in between is at work."""
    run: list[Line] = []
    for line in lines:
        if line.action in _LOOKING:
            run.append(line)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _browsed(run: Sequence[Line], rule: Rule) -> _Found:
    """The fullest stretch of so many minutes, if it holds enough cases."""
    window: deque[Line] = deque()
    fullest: list[Line] = []
    most = 0
    for line in run:
        window.append(line)
        while line.at - window[0].at > timedelta(minutes=rule.minutes):
            window.popleft()
        cases = len({each.subject for each in window})
        if cases > most:
            most, fullest = cases, list(window)
    if most >= rule.at_least:
        first, last = fullest[0], fullest[-1]
        day = belgian_day(first.at)
        yield Finding(rule.name, first.role, first.actor, "", day, first.entry, last.entry, most)


def _volume_own(lines: Sequence[Line], rule: Rule, around: Surroundings) -> _Found:
    def usual(actor: str, role: str, day: date) -> list[int]:
        return [v.cases for v in around.volumes if v.actor == actor and v.role == role and _before(v.day, day, rule)]

    return _volumes(lines, rule, usual, mean)


def _volume_peers(lines: Sequence[Line], rule: Rule, around: Surroundings) -> _Found:
    def usual(actor: str, role: str, day: date) -> list[int]:
        return [v.cases for v in around.volumes if v.actor != actor and v.role == role and _before(v.day, day, rule)]

    return _volumes(lines, rule, usual, median)


def _before(past: date, day: date, rule: Rule) -> bool:
    return timedelta(0) < day - past <= timedelta(days=rule.days)


def _volumes(
    lines: Sequence[Line], rule: Rule, usual: Callable[[str, str, date], list[int]],
    middle: Callable[[list[int]], float],
) -> _Found:  # fmt: skip
    days: dict[tuple[str, str, date], list[Line]] = defaultdict(list)
    for line in lines:
        if _allowed(line) and line.subject:
            days[line.actor, line.role, line.at.date()].append(line)
    for (actor, role, day), looks in days.items():
        cases = len({line.subject for line in looks})
        if cases < rule.at_least:
            continue
        before = usual(actor, role, day)
        if len(before) < _DAYS_THAT_TELL:
            continue
        against = middle(before)
        if cases >= rule.factor * against:
            yield Finding(
                rule.name, role, actor, "", day, looks[0].entry, looks[-1].entry, cases, round(float(against), 1)
            )


_SEARCHES: Final[dict[RuleName, Callable[[Sequence[Line], Rule, Surroundings], _Found]]] = {
    RuleName.OUTSIDE_CASELOAD: _outside_caseload,
    RuleName.AFTER_HOURS: _after_hours,
    RuleName.VOLUME_OWN: _volume_own,
    RuleName.VOLUME_PEERS: _volume_peers,
    RuleName.SEQUENTIAL_BROWSING: _sequential_browsing,
    RuleName.CLOSED_CASE: _closed_case,
    RuleName.DENIED_ATTEMPTS: _denied_attempts,
    RuleName.SEARCH_ONLY: _search_only,
    RuleName.BREAK_GLASS: _break_glass,
}
