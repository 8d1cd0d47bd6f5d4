"""What happens to one simulated case, and when: decided by chance alone, from the seed and the case's number.

A life is a stream of acts, each by whom, when, and what; nothing in it depends on ids, keys or the order in which cases
take turns, so one seed always gives the same lives. Shares are those of the requirement where it knows any (41 % of
those invited attend; three notes a file), else invented.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum, unique
from random import Random
from typing import Final

from gateway.simulation.chance import seeded
from vault.cases.calendar import BRUSSELS, Calendar, belgian_day
from vault.cases.details import NOTHING, Attendee, Avenue, Details, Interpreting, SuspensionReason
from vault.cases.flow import Outcome, Step
from vault.cases.model import REGIONS, Origin

LEAFLET: Final = "2026-1"
#: Of those invited, how many come in the end; the rest never do, and a few ask to be excused first.
ATTENDED: Final = 0.41
_WALKS_IN: Final = 0.05
_NOT_ELIGIBLE: Final = 0.03
_COMES_LATER: Final = 0.15  # of those who come: after a first absence
_EXCUSES: Final = 0.15
_COMES_BACK: Final = 0.02
_WEDNESDAY: Final = 2
_PEAK: Final = 2  # Wednesdays bring so many times the cases of another day
_GROUNDS: Final = ("health", "school", "voluntary_return", "family_ties", "no_transport")
_ANNEXES: Final = ("13", "13", "13", "13quinquies", "13quinquies", "20", "26quater")


@unique
class Who(StrEnum):
    DESK = "desk"
    COACH = "coach"
    HEAD = "head"


@unique
class Doing(StrEnum):
    OPEN = "open"
    STEP = "step"
    NOTE = "note"
    FACT = "fact"


@dataclass(frozen=True, slots=True)
class Act:
    """template: of a note."""

    at: datetime
    who: Who
    doing: Doing
    step: Step | None = None
    details: Details = NOTHING
    template: str = ""


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a case begins. number: from 1; it is the case's in every name that is made of it."""

    number: int
    at: datetime
    region: str
    language: str
    origin: Origin
    annex: str


class Days:
    """Walks through working days: each act is later than the one before, within office hours."""

    def __init__(self, calendar: Calendar, chance: Random, at: datetime) -> None:
        self._calendar, self._chance, self.at = calendar, chance, at

    def soon(self) -> datetime:
        """A few minutes later, the same visit."""
        self.at += timedelta(minutes=self._chance.randint(2, 20))
        return self.at

    def later(self, least: int, most: int) -> datetime:
        """A working day so many days on."""
        return self.on(belgian_day(self.at) + timedelta(days=self._chance.randint(least, most)))

    def on(self, day: date) -> datetime:
        self.at = max(self.at + timedelta(minutes=1), office_hour(self._calendar.next_working_day(day), self._chance))
        return self.at

    def appointed(self) -> date:
        """A working day one to four weeks ahead."""
        return self._calendar.next_working_day(belgian_day(self.at) + timedelta(days=self._chance.randint(7, 28)))


def office_hour(day: date, chance: Random) -> datetime:
    """Some moment between nine and five in Belgium."""
    opening = datetime.combine(day, time(9), BRUSSELS).astimezone(UTC)
    return opening + timedelta(seconds=chance.randrange(8 * 3600))


def beginnings(seed: int, cases: int, first: date, end: date, calendar: Calendar) -> Iterator[Beginning]:
    """Every case in the order of its opening, spread over the working days, more of them on Wednesdays."""
    days = [first + timedelta(days=number) for number in range((end - first).days)]
    worked = [day for day in days if calendar.worked(day)]
    weights = [_PEAK if day.weekday() == _WEDNESDAY else 1 for day in worked]
    total, passed, number = sum(weights), 0, 0
    for day, weight in zip(worked, weights, strict=True):
        passed += weight
        until = cases * passed // total
        chance = seeded(seed, day)
        for at in sorted(office_hour(day, chance) for _ in range(until - number)):
            number += 1
            yield _beginning(seed, number, at)


def _beginning(seed: int, number: int, at: datetime) -> Beginning:
    chance = seeded(seed, number, "beginning")
    region = chance.choice(REGIONS)
    language = "nl" if region in {"antwerp", "ghent"} or (region == "brussels" and chance.random() < 0.3) else "fr"
    origin = Origin.WALK_IN if chance.random() < _WALKS_IN else Origin.ORDER
    return Beginning(number, at, region, language, origin, chance.choice(_ANNEXES))


def life(seed: int, begun: Beginning, calendar: Calendar) -> Iterator[Act]:
    """Everything that happens to a case after it was opened, in order; it may reach past any end."""
    chance = seeded(seed, begun.number, "life")
    return _Life(begun, chance, Days(calendar, chance, begun.at)).acts()


class _Life:
    def __init__(self, begun: Beginning, chance: Random, days: Days) -> None:
        self.begun, self.chance, self.days = begun, chance, days

    def _step(self, who: Who, step: Step, at: datetime, **told: object) -> Act:
        return Act(at, who, Doing.STEP, step, Details(**told) if told else NOTHING)  # type: ignore[arg-type]

    def _note(self, template: str) -> Act:
        return Act(self.days.soon(), Who.COACH, Doing.NOTE, template=template)

    def acts(self) -> Iterator[Act]:
        days = self.days
        if self.begun.origin is Origin.WALK_IN:
            yield from self._guided()
            return
        excluded = self.chance.random() < _NOT_ELIGIBLE
        criterion = "UNACCOMPANIED_MINOR" if excluded else "TRANSFER" if self.begun.annex == "26quater" else "ADDRESS"
        yield self._step(Who.DESK, Step.TRIAGE, days.later(1, 5), criterion=criterion)
        if excluded:
            yield self._step(Who.DESK, Step.CLOSE, days.later(1, 5), outcome=Outcome.NOT_ELIGIBLE)
            return
        comes = self.chance.random() < ATTENDED
        later = self.chance.random() < _COMES_LATER
        day = days.appointed()
        yield self._invite(day)
        if comes and not later:
            yield from self._received(day)
            return
        if self.chance.random() < _EXCUSES:
            day = days.appointed()
            yield self._step(
                Who.DESK, Step.EXCUSE_ABSENCE, days.later(1, 3), day=day, language=self.begun.language, leaflet=LEAFLET
            )
        yield self._step(Who.DESK, Step.RECORD_ABSENCE, days.on(day))
        if comes:
            day = days.appointed()
            yield self._invite(day)
            yield from self._received(day)
        else:
            yield from self._never_comes()

    def _invite(self, day: date) -> Act:
        self.days.soon()
        return self._step(
            Who.DESK, Step.INVITE, self.days.at, day=day, language=self.begun.language, leaflet=LEAFLET
        )  # fmt: skip

    def _received(self, day: date) -> Iterator[Act]:
        attendees = (Attendee.LAWYER,) if self.chance.random() < 0.2 else ()
        interpreter = self.chance.choice(tuple(Interpreting))
        yield self._step(Who.COACH, Step.BEGIN_INTAKE, self.days.on(day), attendees=attendees, interpreter=interpreter)
        yield from self._guided()

    def _never_comes(self) -> Iterator[Act]:
        if self.chance.random() < 0.3:
            yield self._step(Who.DESK, Step.CLOSE, self.days.later(10, 40), outcome=Outcome.UNREACHABLE)
            return
        for _ in range(2):
            day = self.days.appointed()
            yield self._invite(day)
            yield self._step(Who.DESK, Step.RECORD_ABSENCE, self.days.on(day))
        yield self._step(
            Who.DESK, Step.SEND_CONSEQUENCES_LETTER, self.days.later(1, 5), language=self.begun.language,
            leaflet=LEAFLET,
        )  # fmt: skip
        yield from self._noncollaboration(Outcome.NO_SHOW, self.days.later(20, 40))

    def _noncollaboration(self, outcome: Outcome, at: datetime) -> Iterator[Act]:
        yield self._step(Who.COACH, Step.BEGIN_CLOSING, at, outcome=outcome)
        if self.chance.random() < 0.7:
            yield self._step(Who.HEAD, Step.HAND_OVER, self.days.later(1, 10))
            return
        yield self._step(Who.HEAD, Step.SIGN_CLOSING, self.days.later(1, 10))
        yield self._step(Who.COACH, Step.CLOSE, self.days.later(1, 5), outcome=outcome)

    def _guided(self) -> Iterator[Act]:
        """From the intake on: notice, notes, analysis, conclusions, an avenue, an end; some come back."""
        days, chance = self.days, self.chance
        yield self._step(Who.COACH, Step.GIVE_NOTICE, days.soon(), language=self.begun.language, leaflet=LEAFLET)
        yield self._note("intake")
        if chance.random() < 0.3:
            yield Act(days.soon(), Who.COACH, Doing.FACT)
        yield self._step(Who.COACH, Step.BEGIN_ANALYSIS, days.later(1, 20))
        yield self._note("legal_analysis")
        yield self._step(Who.COACH, Step.GIVE_CONCLUSIONS, days.later(7, 30))
        yield self._note("conclusions")
        if chance.random() < 0.05:
            yield from self._suspended()
        if chance.random() < 0.15:
            yield from self._extension()
        closed = yield from self._ends()
        if closed and chance.random() < _COMES_BACK:
            yield from self._comes_back()

    def _comes_back(self) -> Iterator[Act]:
        self.days.later(30, 200)
        day = self.days.appointed()
        yield self._step(
            Who.COACH, Step.REOPEN, self.days.at, day=day, language=self.begun.language, leaflet=LEAFLET
        )  # fmt: skip
        yield self._step(
            Who.COACH, Step.BEGIN_INTAKE, self.days.on(day), attendees=(), interpreter=Interpreting.NOT_NEEDED
        )
        yield self._step(Who.COACH, Step.GIVE_NOTICE, self.days.soon(), language=self.begun.language, leaflet=LEAFLET)
        yield self._note("intake")
        yield self._step(Who.COACH, Step.CLOSE, self.days.later(20, 120), outcome=Outcome.PROCEDURE_FILED)

    def _suspended(self) -> Iterator[Act]:
        reason = self.chance.choice(tuple(SuspensionReason))
        yield self._step(Who.HEAD, Step.SUSPEND, self.days.later(5, 30), reason=reason)
        yield self._step(Who.HEAD, Step.RESUME, self.days.later(10, 90))

    def _extension(self) -> Iterator[Act]:
        yield self._step(Who.COACH, Step.ASK_EXTENSION, self.days.later(5, 20), ground=self.chance.choice(_GROUNDS))
        at = self.days.later(5, 30)
        if self.chance.random() < 0.6:
            until = belgian_day(at) + timedelta(days=self.chance.randint(120, 300))
            yield self._step(Who.COACH, Step.GRANT_EXTENSION, at, until=until)
        else:
            yield self._step(Who.HEAD, Step.REFUSE_EXTENSION, at)

    def _ends(self) -> Generator[Act, None, bool]:
        """Whether the case was closed, and can come back."""
        days, chance = self.days, self.chance
        way = chance.random()
        if self.begun.annex == "26quater" and way < 0.6:
            yield self._step(Who.COACH, Step.ORIENT_TRANSFER, days.later(5, 40))
            yield self._step(Who.COACH, Step.CLOSE, days.later(20, 90), outcome=Outcome.TRANSFERRED)
        elif way < 0.4:
            yield self._step(Who.COACH, Step.ORIENT_STAY, days.later(5, 40), avenue=chance.choice(tuple(Avenue)))
            outcome = chance.choice((Outcome.STAY_OBTAINED, Outcome.PROCEDURE_FILED))
            yield self._step(Who.COACH, Step.CLOSE, days.later(30, 200), outcome=outcome)
        elif way < 0.7:
            partner = chance.choice(("fedasil", "iom", "caritas"))
            yield self._step(Who.COACH, Step.ORIENT_RETURN, days.later(5, 40), partner=partner, agreed=True)
            yield self._step(Who.COACH, Step.CLOSE, days.later(20, 120), outcome=Outcome.RETURN_VOLUNTARY)
        elif way < 0.85:
            yield self._step(Who.COACH, Step.EXPLAIN_CONSEQUENCES, days.later(5, 40), language=self.begun.language)
            yield from self._noncollaboration(Outcome.REFUSED, days.later(5, 20))
            return False
        else:
            yield self._step(Who.COACH, Step.CLOSE, days.later(20, 120), outcome=Outcome.OTHER)
        return True
