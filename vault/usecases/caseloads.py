"""What becomes of an absent coach's cases: looked at first, handed over, taken back.

A hand-over is one act: every open case of the coach goes to somebody, or stays and is counted. Each case's change of
hands is asked and logged on its own, so that a case's history in the log is whole. While they are away a coach reads
none of these cases.

Looking and handing over weigh the same facts in the same order, so that what was looked at is what happens; where the
facts changed in between, the plan that was looked at is refused and nothing moves.

    seen = look_at_caseload(uow, head, absence, None, casework)
    hand_over_caseload(uow, head, absence, None, casework, plan=seen["plan"])
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.cases.appointments import Status
from vault.cases.assignment import (
    Absence,
    Assignment,
    Candidate,
    Cause,
    Obstacle,
    check_named,
    propose,
)
from vault.cases.calendar import belgian_day
from vault.cases.model import Case
from vault.errors import Conflict, InvalidInput, NotAssignable, NotFound
from vault.ids import AbsenceId, ActorId, CaseId
from vault.unit_of_work import StaffRow, UnitOfWork
from vault.usecases.casework import Casework, Values, reference
from vault.usecases.coaches import ADMIN, ask_about, barred, candidates_of, move, need_of, receipt
from vault.vocabulary import Action, Kind, Phase

_OVER: Final = frozenset({Phase.CLOSED, Phase.HANDED_OVER, Phase.ERASED})


@dataclass(frozen=True, slots=True)
class _Line:
    """What becomes of one case. to None: it stays. obstacles: what a named stand-in is given it in spite of; of one
    that stays, everything that stands in somebody's way."""

    case: Case
    to: ActorId | None
    explanation: str
    obstacles: tuple[str, ...]


def look_at_caseload(
    uow: UnitOfWork, actor: Actor, absence_id: AbsenceId, stand_in: ActorId | None, casework: Casework
) -> Values:
    """What a hand-over would do, and what became of the cases that were handed over before. Nothing is written.

    Raises NotFound, InvalidInput for a stand-in who is the absent coach.
    """
    absence, permit, row = _absence_of(uow, actor, absence_id, casework, "would_be_handed_over", to_change=False)
    gone = absence.returned_at is not None
    lines = [] if gone else _plan(uow, absence, row, stand_in, casework, to_change=False)
    before = _handed_before(uow, absence, row, lines)
    moved = sum(line.to is not None for line in lines)
    return receipt(
        permit, row, absence=absence, moved=moved, left=len(lines) - moved, plan=_digest(lines),
        cases=[*before, *_told(uow, lines, casework)],
    )  # fmt: skip


def hand_over_caseload(
    uow: UnitOfWork, actor: Actor, absence_id: AbsenceId, stand_in: ActorId | None, casework: Casework, *,
    plan: str = "",
) -> Values:  # fmt: skip
    """Give every open case of an absent coach to `stand_in`, or each to whoever is chosen.

    Done before the absence begins, it is given to who will be at work on its first day. What nobody can take stays, and
    is counted as left. plan: as `look_at_caseload` told it; "" for nobody looked.

    Raises NotFound, InvalidInput, Conflict for an absence that is over or a plan that is another one by now.
    """
    absence, permit, row = _absence_of(uow, actor, absence_id, casework, "handed_over")
    if absence.returned_at is not None:
        raise Conflict("this absence is over")
    lines = _plan(uow, absence, row, stand_in, casework, to_change=True)
    if plan and plan != _digest(lines):
        raise Conflict("what would become of the cases has changed since the look")
    now = casework.clock.now()
    told = _told(uow, lines, casework)
    moved = 0
    for line in lines:
        if line.to is None:
            continue
        entry = casework.ask(
            uow, actor, Action.WRITE, Kind.ASSIGNMENT, line.case, purpose=ADMIN, asked=line.case.id.hex(),
            outcome="absence",
        )  # fmt: skip
        move(
            uow, entry, line.case, line.to, Cause.ABSENCE, actor=actor, at=now, explanation=line.explanation,
            absence=absence.id,
        )  # fmt: skip
        moved += 1
    handed = replace(absence, handed_over_at=now)
    uow.coaches.update_absence(handed, permit.entry)
    return receipt(permit, row, absence=handed, moved=moved, left=len(lines) - moved, cases=told, plan=_digest(lines))


def take_back_caseload(uow: UnitOfWork, actor: Actor, absence_id: AbsenceId, casework: Casework) -> Values:
    """End an absence: what was handed over for it and is still with the stand-in goes back. Raises NotFound, Conflict.

    What was given to somebody else since, what a conflict of interest forbids, and what left the casework stays; and
    all of it, if the coach has left the office.
    """
    absence, permit, row = _absence_of(uow, actor, absence_id, casework, "returned")
    if absence.returned_at is not None:
        raise Conflict("this absence is over")
    now = casework.clock.now()
    moved = left = 0
    handed = _given(uow, absence)
    for case in _cases(uow, list(handed), to_change=True):
        if not _goes_back(uow, absence, row, case, handed[case.id]):
            left += 1
            continue
        entry = casework.ask(
            uow, actor, Action.WRITE, Kind.ASSIGNMENT, case, purpose=ADMIN, asked=case.id.hex(), outcome="return"
        )
        move(uow, entry, case, absence.coach, Cause.RETURN, actor=actor, at=now, absence=absence.id)
        moved += 1
    ended = replace(absence, returned_at=now)
    uow.coaches.update_absence(ended, permit.entry)
    return receipt(permit, row, absence=ended, moved=moved, left=left)


def appointments_at_once(
    uow: UnitOfWork, case: CaseId, coaches: Sequence[ActorId], now: datetime
) -> dict[ActorId, int]:  # fmt: skip
    """How many of the case's booked appointments fall on another one of each of these coaches; those with none are
    left out. A count and no time: a head sees loads, and no appointment of anybody."""
    found: dict[ActorId, int] = {}
    for one in uow.agenda.of_case(case):
        if one.status is Status.BOOKED and one.slot.ends_at > now:
            for coach in uow.agenda.busy(one.slot, coaches):
                found[coach] = found.get(coach, 0) + 1
    return found


# -- the plan -------------------------------------------------------------------------------------------------


def _plan(
    uow: UnitOfWork, absence: Absence, row: StaffRow, stand_in: ActorId | None, casework: Casework, *, to_change: bool
) -> list[_Line]:  # fmt: skip
    """What becomes of each open case, one after the other: every case given makes the next choice another one."""
    if stand_in == absence.coach:
        raise InvalidInput("a stand-in is somebody else", field="coach")
    now = casework.clock.now()
    begins = max(absence.first_day, belgian_day(now))
    able = candidates_of(uow, row.region, casework, day=begins)
    candidates = {one.coach: one for one in able if one.coach != absence.coach}
    if stand_in is not None and stand_in not in candidates:
        raise NotFound("no such item, or not for you")
    lines = []
    for case in _cases(uow, uow.coaches.open_cases(absence.coach), to_change=to_change):
        if case.coach != absence.coach or case.phase in _OVER:
            continue  # it changed hands, or ended, while it was waited for
        if case.region != row.region:
            lines.append(_Line(case, None, "", (Obstacle.OTHER_REGION.value,)))
            continue
        line = _choose(uow, case, candidates, stand_in)
        if line.to is not None:
            chosen = candidates[line.to]
            candidates[line.to] = replace(chosen, load=chosen.load + 1, given_at=now)
        lines.append(line)
    return lines


def _choose(
    uow: UnitOfWork, case: Case, candidates: dict[ActorId, Candidate], stand_in: ActorId | None
) -> _Line:  # fmt: skip
    need, no = need_of(case), barred(uow, case.id)
    seen = {coach: replace(candidate, conflict=coach in no) for coach, candidate in candidates.items()}
    if stand_in is None:
        proposal = propose(need, list(seen.values()))
        there = {obstacle for each in proposal.considered for obstacle in each.obstacles}
        obstacles = () if proposal.coach is not None else tuple(one.value for one in Obstacle if one in there)
        return _Line(case, proposal.coach, proposal.explanation, obstacles)
    try:
        overridden = tuple(one.value for one in check_named(need, seen[stand_in]))
    except NotAssignable as refused:
        return _Line(case, None, "", tuple(refused.obstacles))
    return _Line(case, stand_in, "named" + "".join(f" {one}" for one in overridden), overridden)


def _digest(lines: Sequence[_Line]) -> str:
    """Of which case goes to whom, and what speaks against it: another one where any of that has changed."""
    told = "\n".join(
        f"{line.case.id.hex()} {line.case.version} {line.to.hex() if line.to else '-'} {' '.join(line.obstacles)}"
        for line in lines
    )
    return sha256(b"parefeu plan of a hand-over\x00" + told.encode()).hexdigest()


def _told(uow: UnitOfWork, lines: Sequence[_Line], casework: Casework) -> list[Values]:
    now, staff = casework.clock.now(), uow.staff.by_ids([line.to for line in lines if line.to is not None])
    return [
        {
            "reference": reference(line.case.id),
            "becomes": "stays" if line.to is None else "goes",
            "coach": staff[line.to].display_name if line.to is not None else "",
            "obstacles": list(line.obstacles),
            "at_once": appointments_at_once(uow, line.case.id, [line.to], now).get(line.to, 0) if line.to else 0,
        }
        for line in lines
    ]


# -- what was handed over before -------------------------------------------------------------------------------


def _given(uow: UnitOfWork, absence: Absence) -> dict[CaseId, Assignment]:
    """The cases that were handed over for this absence, each as it last was."""
    return {one.case: one for one in uow.coaches.of_absence(absence.id) if one.cause is Cause.ABSENCE}


def _goes_back(uow: UnitOfWork, absence: Absence, row: StaffRow, case: Case, given: Assignment) -> bool:
    here = row.active and case.region == row.region and case.phase not in (Phase.HANDED_OVER, Phase.ERASED)
    return here and case.coach == given.coach and absence.coach not in barred(uow, case.id)


def _handed_before(uow: UnitOfWork, absence: Absence, row: StaffRow, lines: Sequence[_Line]) -> list[Values]:
    """What became of each: with the stand-in and going back at the return, staying there, or back already."""
    given, planned = _given(uow, absence), {line.case.id for line in lines}
    back = {one.case for one in uow.coaches.of_absence(absence.id) if one.cause is Cause.RETURN}
    staff = uow.staff.by_ids([one.coach for one in given.values() if one.coach is not None])
    told = []
    for case in _cases(uow, [one for one in given if one not in planned], to_change=False):
        # Of a case that has left the region, its head is told that it was handed over, and not where it is now.
        one = given[case.id]
        became = "back" if case.id in back else "given" if _goes_back(uow, absence, row, case, one) else "kept"
        told.append({
            "reference": reference(case.id), "becomes": became, "obstacles": [], "at_once": 0,
            "coach": staff[one.coach].display_name if one.coach in staff else "",
        })  # fmt: skip
    return told


def _cases(uow: UnitOfWork, ids: Collection[CaseId], *, to_change: bool) -> list[Case]:
    get = uow.cases.get_to_change if to_change else uow.cases.get
    return [case for case in map(get, ids) if case is not None]


def _absence_of(
    uow: UnitOfWork, actor: Actor, absence_id: AbsenceId, casework: Casework, outcome: str, *, to_change: bool = True
) -> tuple[Absence, Permit, StaffRow]:
    absence = uow.coaches.absence(absence_id, to_change=to_change)
    # An absence that is not there is asked about all the same: forbidden and unknown answer alike.
    permit, row = ask_about(uow, actor, absence.coach if absence else ActorId(absence_id.raw), casework, outcome)
    assert absence is not None
    return absence, permit, row
