"""What now: open cases with the next step, how far each is, and the day that counts most. One question for all of them.

A coach gets their own cases, a regional head the region's. Everything here comes from status rows; nothing is opened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Item
from vault.access.shaping import shape
from vault.cases.appointments import Status, excused_days
from vault.cases.calendar import belgian_day
from vault.cases.deadlines import Deadline, deadlines
from vault.cases.flow import WAITING, State, Step
from vault.cases.guards import Situation
from vault.cases.journey import options, way_forward
from vault.cases.organisation import day_span
from vault.errors import InvalidInput
from vault.ids import ActorId, CaseId
from vault.unit_of_work import CaseRow, UnitOfWork
from vault.usecases.casework import ABSENT, Casework, Values
from vault.usecases.read_case import PAGE_LIMIT, case_line, scope, staff_names
from vault.usecases.slots import times
from vault.vocabulary import Action, Facts, Kind, Purpose, Role

#: Cases in these states wait for nothing.
OPEN: Final = tuple(state for state in State if state in WAITING)


@dataclass(frozen=True, slots=True)
class Overview:
    """states: () for every open one. before: opening moment of the last line seen, to page backwards in time."""

    states: Sequence[State] = ()
    language: str = ""
    limit: int = 50
    before: datetime | None = None


def read_overview(uow: UnitOfWork, actor: Actor, cmd: Overview, casework: Casework) -> list[Values]:
    """A line per case of the actor's reach, newest first. Raises InvalidInput, AccessDenied."""
    if not 1 <= cmd.limit <= PAGE_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {PAGE_LIMIT}", field="limit")
    coach, region = scope(actor)
    permit = casework.guard.permit(
        uow, actor, Action.SEARCH, Item(Kind.DEADLINE), purpose=Purpose.CASE_ADMINISTRATION,
        facts=Facts.of(own=coach is not None, region=region is not None), config=casework.config,
    )  # fmt: skip
    rows = uow.cases.caseload(
        coach=coach, region=region, states=cmd.states or OPEN, language=cmd.language, limit=cmd.limit,
        before=cmd.before,
    )  # fmt: skip
    histories = uow.cases.histories([row.case.id for row in rows])
    missed = uow.agenda.missed([row.case.id for row in rows if row.case.state in ABSENT])
    names = staff_names(uow, [row.case.coach for row in rows])
    expected = _expected_today(uow, coach, casework)
    found = []
    for row in rows:
        situation = casework.situation(row.case, histories.get(row.case.id, []), actor)
        situation = replace(situation, excused=excused_days(missed.get(row.case.id, ())))
        line = _line(row, situation, names[row.case.coach], actor.role, casework)
        found.append(shape(permit.profile, line | {"expected": expected.get(row.case.id, [])}))
    return found


def _expected_today(uow: UnitOfWork, coach: ActorId | None, casework: Casework) -> dict[CaseId, list[Values]]:
    """When the coach's own cases are expected today, without whom: what for, and the time. {} for a head."""
    found: dict[CaseId, list[Values]] = defaultdict(list)
    if coach is not None:
        for one in uow.agenda.of_coach(coach, *day_span(belgian_day(casework.clock.now()))):
            if one.status is Status.BOOKED:
                found[one.case].append({"occasion": one.occasion.value, **times(one.slot)})
    return found


def next_step(situation: Situation, role: Role) -> Step | None:
    """The step that takes the case forward and that this role can take now."""
    able = [o.row.step for o in options(situation) if not o.obstacles and role in o.row.actors]
    return way_forward(able, notice_given=situation.history.notice_given)


def _line(row: CaseRow, situation: Situation, coach: str, role: Role, casework: Casework) -> Values:
    step = next_step(situation, role)
    nearest = _nearest(deadlines(situation, casework.calendar), situation)
    return case_line(row, coach) | {
        "next": step.value if step is not None else None,
        "done": len(situation.history.events),
        "deadline": nearest.name if nearest is not None else None,
        "day": nearest.day.isoformat() if nearest is not None and nearest.day is not None else None,
        "left": nearest.left(situation.today) if nearest is not None else None,
    }


def _nearest(found: Sequence[Deadline], situation: Situation) -> Deadline | None:
    """The day that counts most: what the case waits for if that day has passed, else the next day to come.

    A term for leaving or for an appeal that has passed can no more be kept: it stands on the case's own page.
    """
    waiting = WAITING.get(situation.case.state)
    dated = [(one, one.left(situation.today)) for one in found]
    kept = [(left, one) for one, left in dated if left is not None and (left >= 0 or one.name == waiting)]
    return min(kept, key=lambda pair: pair[0])[1] if kept else None
