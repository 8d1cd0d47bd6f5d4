"""Outcome figures: what each counts, in which unit, of which whole; and how one case adds to them.

Every figure here that is a count is a sum over cases, and each case stands in one group: the parts of a table always
add up to its whole. A ratio or a median is computed last, from the sums and lists of its own group, and never added.

    table = Table(Period(date(2026, 1, 1), date(2027, 1, 1)), By.COACH_TYPE)
    for case in cases: table.add(Told(case, events, attended))
    table.values()

A period is of Belgian days, its first inside and its last outside. A case counts under what its row says today: a case
that moved to another region is counted where it is. Small numbers are shown as they are: nothing here is for
publication.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum, unique
from statistics import median
from typing import Final

from vault.cases.calendar import belgian_day
from vault.cases.flow import Outcome, Step
from vault.cases.history import standing_absences
from vault.cases.model import Case, CaseEvent, Origin


@unique
class By(StrEnum):
    """Into which groups a table is taken apart. `outcome`: of a case that ended, as its row has it; "" while open."""

    REGION = "region"
    COACH_TYPE = "coach_type"
    ANNEX = "annex"
    OUTCOME = "outcome"


@unique
class Unit(StrEnum):
    FILES = "files"  # a case: one person or one family
    EVENTS = "events"  # each time it happened
    RATIO = "ratio"  # between 0 and 1, or interviews per file
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Definition:
    """counts: what is counted. whole: what it is a part of, or "". once: how double counting is avoided."""

    unit: Unit
    counts: str
    whole: str = ""
    once: str = ""


_OUTCOMES: Final = {f"ended_{outcome.value.lower()}": outcome for outcome in Outcome}
_COUNTED: Final[dict[str, Definition]] = {
    "opened": Definition(Unit.FILES, "files opened in the period", once="a file is opened once"),
    "walked_in": Definition(
        Unit.EVENTS, "people received without an appointment in the period: files opened so, and steps `walk_in`",
        once="each time"),
    "invited": Definition(
        Unit.FILES, "files with an invitation in the period: steps `invite` and `reopen`",
        once="a file counts once, however often it was invited"),
    "invitations": Definition(
        Unit.EVENTS, "invitations in the period: steps `invite`, `reopen`, and `excuse_absence`, which names a new day",
        once="each time"),
    "attended": Definition(
        Unit.FILES, "files invited in the period whose person came after that, by the day of counting: a step "
        "`begin_intake` or `walk_in` after the first invitation of the period", "invited",
        "a file counts once; a young period can still grow"),
    "no_shows": Definition(
        Unit.EVENTS, "absences without excuse in the period: steps `record_absence` that nothing excused later, "
        "neither a step nor the invitation itself",
        once="each absence; an excuse, even a late one, takes it away"),
    "interviews": Definition(
        Unit.EVENTS, "days on which a person was met in the period: an appointment attended, a step `begin_intake` or "
        "`walk_in`, or a file opened by a walk-in", once="a file and a day count once, whatever is recorded of them"),
    "interviewed": Definition(
        Unit.FILES, "files with at least one interview in the period", once="a file counts once"),
    "extensions_asked": Definition(Unit.EVENTS, "steps `ask_extension` in the period", once="each time"),
    "extensions_granted": Definition(
        Unit.EVENTS, "steps `grant_extension` in the period, whenever they were asked", once="each time"),
    "extensions_refused": Definition(
        Unit.EVENTS, "steps `refuse_extension` in the period, whenever they were asked", once="each time"),
    "suspended": Definition(Unit.EVENTS, "steps `suspend` in the period", once="each time"),
    "reopened": Definition(Unit.EVENTS, "steps `reopen` in the period", once="each time"),
    "handed_over": Definition(
        Unit.FILES, "files handed over to the follow-up of orders in the period", "ended", "it happens once to a file"),
    "ended": Definition(
        Unit.EVENTS, "files closed or handed over in the period: steps `close` and `hand_over`",
        once="each time: a file that was reopened can end twice"),
    **{
        name: Definition(Unit.EVENTS, f"of `ended`: with the outcome {outcome.value}", "ended", "as `ended`")
        for name, outcome in _OUTCOMES.items()
    },
}  # fmt: skip
_DERIVED: Final[dict[str, Definition]] = {
    "attendance": Definition(Unit.RATIO, "attended / invited", "invited"),
    "interviews_per_file": Definition(Unit.RATIO, "interviews / interviewed", "interviewed"),
    "days_to_interview": Definition(
        Unit.DAYS, "median days from the first invitation of the period to the first day on which the person came",
        "attended"),
    "days_to_end": Definition(
        Unit.DAYS, "median days from the opening, or the last reopening, to each end in the period", "ended"),
}  # fmt: skip
DEFINITIONS: Final[Mapping[str, Definition]] = _COUNTED | _DERIVED
COUNTS: Final = tuple(_COUNTED)

_INVITING: Final = frozenset({Step.INVITE, Step.REOPEN})
_NEW_DAY: Final = _INVITING | {Step.EXCUSE_ABSENCE}
_COMING: Final = frozenset({Step.BEGIN_INTAKE, Step.WALK_IN})
_ENDING: Final = frozenset({Step.CLOSE, Step.HAND_OVER})
_PLAIN: Final = {
    Step.WALK_IN: "walked_in", Step.ASK_EXTENSION: "extensions_asked", Step.GRANT_EXTENSION: "extensions_granted",
    Step.REFUSE_EXTENSION: "extensions_refused", Step.SUSPEND: "suspended", Step.REOPEN: "reopened",
    Step.HAND_OVER: "handed_over",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """first is inside, end is not."""

    first: date
    end: date

    def holds(self, moment: datetime) -> bool:
        return self.first <= belgian_day(moment) < self.end


@dataclass(frozen=True, slots=True)
class Told:
    """A case with all its steps, and the beginnings of the appointments that the person attended.

    excused: the days of invitations whose absence was excused.
    """

    case: Case
    events: Sequence[CaseEvent]
    attended: Sequence[datetime] = ()
    excused: Collection[date] = ()


@dataclass(slots=True)
class Tally:
    """The sums of one group, and the lists that medians are made of."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    days_to_interview: list[int] = field(default_factory=list)
    days_to_end: list[int] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name, count in other.counts.items():
            self.counts[name] += count
        self.days_to_interview += other.days_to_interview
        self.days_to_end += other.days_to_end

    def values(self) -> dict[str, int | float | None]:
        """Every figure by name; None for a ratio or median of nothing."""
        counts = self.counts
        return {
            **counts,
            "attendance": _ratio(counts["attended"], counts["invited"]),
            "interviews_per_file": _ratio(counts["interviews"], counts["interviewed"]),
            "days_to_interview": median(self.days_to_interview) if self.days_to_interview else None,
            "days_to_end": median(self.days_to_end) if self.days_to_end else None,
        }


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def of_case(told: Told, period: Period) -> Tally:
    """What one case adds."""
    tally = Tally()
    counts, case = tally.counts, told.case
    walked_in = case.origin is Origin.WALK_IN
    if period.holds(case.opened_at):
        counts["opened"] += 1
        counts["walked_in"] += walked_in
    for event in told.events:
        if period.holds(event.at):
            counts["invitations"] += event.step in _NEW_DAY
            if event.step in _PLAIN:
                counts[_PLAIN[event.step]] += 1
    _coming(told, period, tally)
    standing = standing_absences(told.events, told.excused)
    counts["no_shows"] = sum(period.holds(told.events[place].at) for place in standing)
    met = [event.at for event in told.events if event.step in _COMING] + list(told.attended)
    days = {belgian_day(at) for at in (*met, *([case.opened_at] if walked_in else ())) if period.holds(at)}
    counts["interviews"], counts["interviewed"] = len(days), int(bool(days))
    _ends(told, period, tally)
    return tally


def _coming(told: Told, period: Period, tally: Tally) -> None:
    invited = next((e for e in told.events if e.step in _INVITING and period.holds(e.at)), None)
    if invited is None:
        return
    tally.counts["invited"] = 1
    came = next((e for e in told.events if e.step in _COMING and e.number > invited.number), None)
    if came is not None:
        tally.counts["attended"] = 1
        tally.days_to_interview.append((belgian_day(came.at) - belgian_day(invited.at)).days)


def _ends(told: Told, period: Period, tally: Tally) -> None:
    began, outcome = told.case.opened_at, ""
    for event in told.events:
        if event.step is Step.REOPEN:
            began = event.at
        if event.step in {Step.BEGIN_CLOSING, Step.CLOSE}:
            outcome = next((word for word in event.note.split() if word in Outcome.__members__), "")
        if event.step in _ENDING and period.holds(event.at):
            tally.counts["ended"] += 1
            if outcome:
                tally.counts[f"ended_{outcome.lower()}"] += 1
            tally.days_to_end.append((belgian_day(event.at) - belgian_day(began)).days)


class Table:
    """One table: the whole, and each of its groups."""

    def __init__(self, period: Period, by: By) -> None:
        self.period, self.by = period, by
        self.whole = Tally()
        self.groups: dict[str, Tally] = {}

    def add(self, told: Told) -> None:
        counted = of_case(told, self.period)
        if not any(counted.counts.values()):
            return
        self.whole.add(counted)
        self.groups.setdefault(self._group(told.case), Tally()).add(counted)

    def _group(self, case: Case) -> str:
        match self.by:
            case By.REGION:
                return case.region
            case By.COACH_TYPE:
                return case.coach_type.value if case.coach_type is not None else ""
            case By.ANNEX:
                return case.facts.annex
            case By.OUTCOME:
                return case.outcome.value if case.outcome is not None else ""
