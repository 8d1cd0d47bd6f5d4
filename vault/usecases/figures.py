"""Outcome figures of a region, counted from status rows: nothing is opened. For the regional head; not to be published.

Two acts: the question is asked and logged once, then the region's cases are counted a page at a time, so that nobody
waits behind a count of everything.

    permit = authorise(uow, actor, wanted, casework)
    table = wanted.table()
    while more: more = count(uow, actor, permit, table, after, casework)
    told(permit, table, ...)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.access.shaping import shape
from vault.cases.appointments import excused_days
from vault.cases.calendar import FIRST_DAY, LAST_DAY, belgian_day
from vault.errors import InvalidInput
from vault.ids import CaseId
from vault.statistics.measures import DEFINITIONS, By, Period, Table, Told
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values
from vault.vocabulary import Action, Facts, Kind, Purpose

#: Cases of one page: about a twentieth of a second.
PAGE: Final = 1000
#: Longer periods say less, and cost more.
LONGEST: Final = 3660  # days
NOT_FOR_PUBLICATION: Final = "internal: small numbers are shown as they are, and can point at single people"


@dataclass(frozen=True, slots=True)
class Wanted:
    """first is inside, end is not; Belgian days."""

    first: date
    end: date
    by: By

    def table(self) -> Table:
        return Table(Period(self.first, self.end), self.by)


def authorise(uow: UnitOfWork, actor: Actor, wanted: Wanted, casework: Casework) -> Permit:
    """Raises AccessDenied, InvalidInput."""
    if not FIRST_DAY <= wanted.first < wanted.end <= LAST_DAY or (wanted.end - wanted.first).days > LONGEST:
        raise InvalidInput(f"a period begins before it ends, and lasts at most {LONGEST} days", field="to")
    return casework.guard.permit(
        uow, actor, Action.LIST, Item(Kind.FIGURES), purpose=Purpose.CASE_ADMINISTRATION,
        facts=Facts.of(region=bool(actor.region)), outcome=wanted.by.value,
    )  # fmt: skip


def count(uow: UnitOfWork, actor: Actor, permit: Permit, table: Table, after: CaseId | None) -> CaseId | None:
    """Add the next page of the actor's region to the table. Returns where to go on; None once all are counted."""
    permit.used_by(actor.id)
    cases = uow.cases.of_region(actor.region, after, PAGE)
    ids = [case.id for case in cases]
    events, attended, missed = uow.cases.histories(ids), uow.agenda.attended(ids), uow.agenda.missed(ids)
    for case in cases:
        excused = excused_days(missed.get(case.id, ()))
        table.add(Told(case, events.get(case.id, ()), attended.get(case.id, ()), excused))
    return ids[-1] if len(ids) == PAGE else None


def told(actor: Actor, permit: Permit, wanted: Wanted, table: Table, casework: Casework) -> Values:
    """The table as the profile has it, each figure with what it means."""
    return shape(
        permit.profile,
        {
            "region": actor.region,
            "from": wanted.first.isoformat(),
            "to": wanted.end.isoformat(),
            "by": wanted.by.value,
            "counted_on": belgian_day(casework.clock.now()).isoformat(),
            "whole": table.whole.values(),
            "groups": [{"group": name, **tally.values()} for name, tally in sorted(table.groups.items())],
            "definitions": {
                name: {"unit": one.unit.value, "counts": one.counts, "whole": one.whole, "once": one.once}
                for name, one in DEFINITIONS.items()
            },
            "caution": NOT_FOR_PUBLICATION,
        },
    )
