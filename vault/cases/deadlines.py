"""The days that count for a case, each with its reasons: which rule, from which source, with which inputs.

A `Deadline` carries its whole computation as data (`Because`), so that it can be printed in any language and computed
again. Nothing here decides anything: a deadline that passes is shown, and a person acts or does not.

    for deadline in deadlines(situation, calendar):
        print(deadline.name, deadline.day, [because.rule for because in deadline.because])

Counting: the day of notification does not count; the term ends with its last day. A departure term ends on whatever
day that is; a term for an appeal that ends on a day that is not worked ends on the next working day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum, unique
from typing import Final

from vault.cases.calendar import Calendar, belgian_day
from vault.cases.flow import WAITING, State, Step
from vault.cases.guards import Situation
from vault.cases.model import AdminFacts
from vault.cases.parameters import Appeal, Parameters, Sourced, Sureness


@unique
class Rule(StrEnum):
    """How a day was found. Each is one sentence in each language."""

    FILE_SAYS = "file_says"  # the official file gives the day itself
    ORDER_TERM = "order_term"  # days after notification, as the order says
    ANNEX_TERM = "annex_term"  # days after notification, as the form of order has it
    DAYS_AFTER = "days_after"
    WORKING_DAYS_AFTER = "working_days_after"
    NEXT_WORKING_DAY = "next_working_day"  # the last day is not worked
    EXTENDED = "extended"  # the Office granted more time
    APPOINTED = "appointed"  # the day that was agreed
    MUST_BE_REASONED = "must_be_reasoned"  # a term shorter than the general one
    MISSING = "missing"  # cannot be computed: what it needs is not known


#: What went into a rule, by name.
Inputs = tuple[tuple[str, str | int | date], ...]


@dataclass(frozen=True, slots=True)
class Because:
    """One step of a computation. inputs: what went in, by name. result: the day that came out, None for a remark."""

    rule: Rule
    inputs: Inputs
    result: date | None
    source: str
    sure: Sureness


@dataclass(frozen=True, slots=True)
class Deadline:
    """day: None where it cannot be computed; then the last reason says what is missing."""

    name: str
    day: date | None
    because: tuple[Because, ...]

    def left(self, today: date) -> int | None:
        """Days until it ends; negative once it has passed."""
        return (self.day - today).days if self.day is not None else None


_FILE: Final = "the official file"


def deadlines(situation: Situation, calendar: Calendar) -> tuple[Deadline, ...]:
    """All that run for a case: its term, its appeals, and what it waits for. A closed case waits for nothing."""
    found = [departure_term(situation), *_appeals(situation.case.facts, situation.parameters, calendar)]
    waiting = _waiting(situation, calendar)
    return (*found, waiting) if waiting is not None else tuple(found)


def term_end(facts: AdminFacts, parameters: Parameters) -> date | None:
    """The last day of the departure term as it is stored: the file's own, else computed from notification."""
    if facts.term_end is not None:
        return facts.term_end
    counted = _counted_term(facts, parameters)
    return counted.result if counted is not None else None


def departure_term(situation: Situation) -> Deadline:
    """The term for leaving."""
    facts, parameters = situation.case.facts, situation.parameters
    because: list[Because] = []
    counted = _counted_term(facts, parameters)
    if counted is not None:
        because += [counted, *_reasoned(facts, parameters)]
    granted = situation.history.last_of_all(Step.GRANT_EXTENSION)
    if facts.extended and granted is not None and facts.term_end is not None:
        inputs: Inputs = (("granted_on", belgian_day(granted.at)), ("until", facts.term_end))
        because.append(_told(Rule.EXTENDED, inputs, facts.term_end, parameters.terms.extension))
    elif facts.term_end is not None and (counted is None or counted.result != facts.term_end):
        inputs = (("term_end", facts.term_end), ("extended", "yes" if facts.extended else "no"))
        because.append(Because(Rule.FILE_SAYS, inputs, facts.term_end, _FILE, Sureness.HIGH))
    if not because:
        because.append(_missing("term_end", "notified_on"))
    day = next((one.result for one in reversed(because) if one.result is not None), None)
    return Deadline("departure", day, tuple(because))


def _counted_term(facts: AdminFacts, parameters: Parameters) -> Because | None:
    """The term counted from notification; None where day or length is not known."""
    annex = parameters.annexes.get(facts.annex)
    if facts.notified_on is None or (facts.term_days is None and annex is None):
        return None
    first = parameters.terms.first_day
    if facts.term_days is not None:
        rule, days, source, sure = Rule.ORDER_TERM, facts.term_days, _FILE, Sureness.HIGH
    else:
        assert annex is not None
        rule, days, source, sure = Rule.ANNEX_TERM, annex.term.value, annex.term.source, annex.term.sure
    end = _count(facts.notified_on, days, first.value)
    inputs = (("notified_on", facts.notified_on), ("annex", facts.annex), ("days", days), ("first_day", first.value))
    return Because(rule, inputs, end, source, sure)


def _reasoned(facts: AdminFacts, parameters: Parameters) -> Iterator[Because]:
    general = parameters.terms.general
    if facts.term_days is not None and facts.term_days < general.value:
        inputs = (("days", facts.term_days), ("general", general.value))
        yield _told(Rule.MUST_BE_REASONED, inputs, None, general)


def _open_appeals(facts: AdminFacts, parameters: Parameters) -> dict[str, Appeal]:
    """The ways to appeal against this order. A term that is not the person's own is never told beside a shorter one."""
    fits = {name: one for name, one in parameters.appeals.items() if facts.second_measure or not one.second_measure}
    replaced = {one.instead_of for one in fits.values()}
    return {name: one for name, one in fits.items() if name not in replaced}


def _appeals(facts: AdminFacts, parameters: Parameters, calendar: Calendar) -> Iterator[Deadline]:
    for name, appeal in _open_appeals(facts, parameters).items():
        if facts.notified_on is None:
            yield Deadline(f"appeal_{name}", None, (_missing("notified_on"),))
            continue
        first = parameters.terms.first_day.value
        end = _count(facts.notified_on, appeal.days.value, first)
        inputs = (("notified_on", facts.notified_on), ("days", appeal.days.value), ("first_day", first))
        because = [_told(Rule.DAYS_AFTER, inputs, end, appeal.days)]
        move = parameters.terms.appeals_move
        if move.value and not calendar.worked(end):
            moved = calendar.next_working_day(end)
            because.append(_told(Rule.NEXT_WORKING_DAY, (("last_day", end),), moved, move))
            end = moved
        yield Deadline(f"appeal_{name}", end, tuple(because))


def _waiting(situation: Situation, calendar: Calendar) -> Deadline | None:
    """What the case waits for in its state."""
    state, history = situation.case.state, situation.history
    name = WAITING.get(state)
    if name is None:
        return None
    if state is State.INVITED:
        day = history.appointment
        if day is None:
            return Deadline(name, None, (_missing("day"),))
        return Deadline(name, day, (Because(Rule.APPOINTED, (("day", day),), day, _FILE, Sureness.HIGH),))
    wait, since = situation.parameters.waits[name], belgian_day(history.since)
    inputs = (("since", since), ("days", wait.days.value))
    if wait.working:
        end = calendar.working_days_after(since, wait.days.value)
        return Deadline(name, end, (_told(Rule.WORKING_DAYS_AFTER, inputs, end, wait.days),))
    end = since + timedelta(days=wait.days.value)
    return Deadline(name, end, (_told(Rule.DAYS_AFTER, inputs, end, wait.days),))


def _count(notified: date, days: int, first: int) -> date:
    """The last of `days` days, the first of which is `first` days after notification. No days: the day itself."""
    return notified + timedelta(days=days + first - 1) if days > 0 else notified


def _told(rule: Rule, inputs: Inputs, result: date | None, by: Sourced[int] | Sourced[bool]) -> Because:
    return Because(rule, inputs, result, by.source, by.sure)


def _missing(*names: str) -> Because:
    return Because(Rule.MISSING, tuple(("needed", name) for name in names), None, _FILE, Sureness.HIGH)
