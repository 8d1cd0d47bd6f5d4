"""A day's work: whom a coach expects, whom a desk receives, which desks there are and when they are free.

The desk gets a face and a slot and no story: names, and only on the day itself. On any other day it sees that a time
is taken. A coach sees the names of their own cases on any day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.access.shaping import shape
from vault.cases.appointments import Appointment, Status
from vault.cases.calendar import belgian_day, plausible
from vault.cases.organisation import day_span, is_open, wall_clock, written_hours
from vault.cases.people import Identity
from vault.errors import InvalidInput
from vault.ids import CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values
from vault.usecases.slots import appointment_values
from vault.vocabulary import Action, Facts, Kind, Phase, Purpose

ADMIN: Final = Purpose.CASE_ADMINISTRATION
LONGEST_LOOK: Final = 31  # days
#: Nobody comes to these any more.
_GONE: Final = frozenset({Status.CANCELLED, Status.MOVED})


def coach_days(uow: UnitOfWork, actor: Actor, first: date, days: int, casework: Casework) -> list[Values]:
    """Whom the actor expects from that day on, by name and time. Raises InvalidInput, AccessDenied."""
    if not plausible(first) or not 1 <= days <= LONGEST_LOOK:
        raise InvalidInput(f"look at 1 to {LONGEST_LOOK} days", field="days")
    since, until = day_span(first)[0], day_span(first + timedelta(days=days - 1))[1]
    found = [one for one in uow.agenda.of_coach(actor.id, since, until) if one.status not in _GONE]
    permit = _permit(uow, actor, found, casework, Facts.of(own=True))
    names, suspended = _names(uow, permit, found, casework), _suspended(uow, found)
    return [
        shape(permit.profile, {**appointment_values(one), **names[one.case], "suspended": one.case in suspended})
        for one in found
    ]


def desk_day(uow: UnitOfWork, actor: Actor, code: str, day: date, casework: Casework) -> list[Values]:
    """Whom a desk of the actor's region receives; by name today, by time on other days. Raises InvalidInput."""
    desk = casework.organisation.desk(code)
    if not plausible(day):
        raise InvalidInput("the day cannot be meant", field="day")
    near = bool(actor.region) and desk.region == actor.region
    found = [one for one in uow.agenda.at_desk(code, *day_span(day)) if one.status not in _GONE] if near else []
    permit = _permit(uow, actor, found, casework, Facts.of(region=near))
    today = day == belgian_day(casework.clock.now())
    names = _names(uow, permit, found, casework) if today else {}
    coaches, suspended = _coaches(uow, found), _suspended(uow, found)
    nobody = {"family_name": None, "given_names": None}
    return [
        shape(
            permit.profile,
            {
                **appointment_values(one),
                **names.get(one.case, nobody),
                "coach": coaches.get(one.case, ""),
                "suspended": one.case in suspended,
            },
        )
        for one in found
    ]


def _permit(uow: UnitOfWork, actor: Actor, found: Sequence[Appointment], casework: Casework, facts: Facts) -> Permit:
    item = Item(Kind.DAY_LIST, scope=frozenset(one.case for one in found))
    return casework.guard.permit(
        uow, actor, Action.LIST, item, purpose=ADMIN, facts=facts, count=len(found)
    )  # fmt: skip


def _names(uow: UnitOfWork, permit: Permit, found: Sequence[Appointment], casework: Casework) -> dict[CaseId, Values]:
    """The head of each case by name. A case whose keys were destroyed has none any more."""
    cases = list(dict.fromkeys(one.case for one in found))
    nobody: Values = {"family_name": None, "given_names": None}
    names = dict.fromkeys(cases, nobody)
    if not cases:
        return names
    records = uow.records.newest(cases, Kind.IDENTITY)
    for record, text in casework.keeper.open_many(uow, permit, records):
        people = Identity.decode(text.expose()).people
        head = next((person for person in people if person.relation == "head"), people[0])
        names[record.case] = {"family_name": head.family_name, "given_names": head.given_names}
    return names


def _suspended(uow: UnitOfWork, found: Sequence[Appointment]) -> frozenset[CaseId]:
    """The cases whose guidance is suspended: what was booked before stands, until somebody decides about it."""
    cases = map(uow.cases.get, dict.fromkeys(one.case for one in found))
    return frozenset(case.id for case in cases if case is not None and case.phase is Phase.SUSPENDED)


def _coaches(uow: UnitOfWork, found: Sequence[Appointment]) -> dict[CaseId, str]:
    """The display name of each case's coach: somebody must be told that the person has come."""
    cases = [case for case in map(uow.cases.get, dict.fromkeys(one.case for one in found)) if case is not None]
    staff = uow.staff.by_ids([case.coach for case in cases if case.coach is not None])
    return {case.id: staff[case.coach].display_name for case in cases if case.coach is not None}


# -- desks ------------------------------------------------------------------------------------------------


def list_desks(uow: UnitOfWork, actor: Actor, casework: Casework) -> list[Values]:
    """The desks of the actor's region, their hours, and whether they are open now."""
    permit = casework.guard.permit(
        uow, actor, Action.LIST, Item(Kind.DESK), purpose=ADMIN, facts=Facts.of(region=bool(actor.region))
    )
    now = casework.clock.now()
    closed = "holiday" if casework.calendar.holiday(belgian_day(now)) else ""
    return [
        shape(
            permit.profile,
            {
                "desk": desk.code,
                "name": desk.name,
                "site": desk.site.name,
                "region": desk.region,
                "open_return_place": desk.site.open_return_place,
                "hours": written_hours(desk.hours),
                "walk_in": written_hours(desk.walk_in),
                "open_now": not closed and is_open(desk.hours, now),
                "closed_for": closed or None,
            },
        )
        for desk in casework.organisation.desks_of(actor.region)
    ]


def free_times(uow: UnitOfWork, actor: Actor, code: str, day: date, casework: Casework) -> Values:
    """When a desk of the actor's region is free on a day: the first moments of its free cells. Raises InvalidInput.

    Times in which the desk receives who walks in are left out, and so are holidays.
    """
    desk = casework.organisation.desk(code)
    if not plausible(day):
        raise InvalidInput("the day cannot be meant", field="day")
    permit = casework.guard.permit(
        uow, actor, Action.READ, Item(Kind.DESK), purpose=ADMIN,
        facts=Facts.of(region=bool(actor.region) and desk.region == actor.region),
    )  # fmt: skip
    now, taken = casework.clock.now(), uow.agenda.taken(code, *day_span(day))
    holiday = casework.calendar.holiday(day)
    cells = () if holiday else casework.organisation.cells(desk, day)
    free = [cell for cell in cells if cell > now and cell not in taken and not is_open(desk.walk_in, cell)]
    return shape(
        permit.profile,
        {
            "desk": code,
            "day": day.isoformat(),
            "cell_minutes": int(casework.organisation.cell.total_seconds()) // 60,
            "free": [wall_clock(cell).isoformat(timespec="minutes") for cell in free],
        },
    )
