"""Figures of the log, for auditor and data protection officer: asked and logged once, then counted day by day.

Nobody waits behind a count of everything: each day is a transaction of its own, and holds so many lines at most.

    permit = authorise(uow, actor, wanted, oversight)
    figures = wanted.figures(oversight)
    for day in figures.days(): count(uow, actor, permit, figures, day, oversight)
    told(permit, wanted, figures)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.access.shaping import shape
from vault.audit.reading import TallyRules
from vault.cases.calendar import BRUSSELS, FIRST_DAY, LAST_DAY
from vault.errors import InvalidInput
from vault.oversight.detecting import RuleName
from vault.oversight.log_figures import LONGEST, LogFigures, Step
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Values
from vault.usecases.trail import Oversight, purpose_of
from vault.vocabulary import Action, Facts, Kind

#: Lines of one day, and of a whole period: some tenths of a second, and some seconds.
MOST_A_DAY: Final = 200_000
MOST: Final = 2_000_000
_LOOKING: Final = (Action.READ.value, Action.LIST.value, Action.SEARCH.value, Action.REVEAL.value)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """first is inside, end is not; Belgian days."""

    first: date
    end: date
    step: Step

    def check(self) -> None:
        """Raises InvalidInput."""
        longest = LONGEST[self.step]
        if not FIRST_DAY <= self.first < self.end <= LAST_DAY or (self.end - self.first).days > longest:
            raise InvalidInput(
                f"a period begins before it ends, and lasts at most {longest} days by {self.step.value}", field="to"
            )

    def figures(self, oversight: Oversight) -> LogFigures:
        rules = oversight.detection.rules
        return LogFigures(
            self.first, self.end, self.step, oversight.calendar, rules[RuleName.AFTER_HOURS].roles,
            rules[RuleName.SEARCH_ONLY].roles,
        )  # fmt: skip


def authorise(uow: UnitOfWork, actor: Actor, wanted: Wanted, oversight: Oversight) -> Permit:
    """Raises AccessDenied, InvalidInput."""
    wanted.check()
    return oversight.guard.permit(
        uow, actor, Action.READ, Item(Kind.LOG_FIGURES), purpose=purpose_of(actor), facts=Facts(),
        outcome=wanted.step.value, config=oversight.detection.digest.hex(),
        reason=f"from={wanted.first.isoformat()} to={wanted.end.isoformat()}",
    )  # fmt: skip


def count(uow: UnitOfWork, actor: Actor, permit: Permit, figures: LogFigures, day: date, oversight: Oversight) -> None:
    """Add one day. Raises LogBeingFiled, InvalidInput where it or the whole period holds too much."""
    permit.used_by(actor.id)
    rules = oversight.detection.rules
    hours, searches = rules[RuleName.AFTER_HOURS], rules[RuleName.SEARCH_ONLY]
    left = MOST_A_DAY
    for since, until, offset in _stretches(day):
        how = TallyRules(_LOOKING, offset, hours.begins, hours.ends, timedelta(minutes=searches.minutes))
        found = uow.trail.tallies(since, until, how, left + 1)
        left -= sum(tally.lines for tally in found)
        figures.add(day, found)
        if left < 0 or figures.lines > MOST:
            raise InvalidInput("too many entries to be counted at once: ask for a shorter period", field="to")


def _stretches(day: date) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """A day of Brussels in UTC, with its distance from UTC: two stretches on the day on which that changes."""
    since = datetime.combine(day, time.min, BRUSSELS).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time.min, BRUSSELS).astimezone(UTC)
    while since < end:
        offset, until = _offset(since), since
        while until < end and _offset(until) == offset:
            until += _HOUR
        yield since, until, offset
        since = until


def _offset(moment: datetime) -> timedelta:
    found = moment.astimezone(BRUSSELS).utcoffset()
    assert found is not None
    return found


def told(permit: Permit, wanted: Wanted, figures: LogFigures) -> Values:
    """Every row as the profile has it."""
    return {
        "from": wanted.first.isoformat(), "to": wanted.end.isoformat(), "step": wanted.step.value,
        "entries": figures.lines, "rows": [shape(permit.profile, row) for row in figures.rows()],
    }  # fmt: skip
