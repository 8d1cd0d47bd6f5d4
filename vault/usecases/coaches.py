"""A region's coaches: what they take, how much they have, when they are away; handing over and taking back a caseload.

A hand-over is one act: every open case of the coach goes to somebody, or stays and is counted. Each case's change of
hands is asked and logged on its own, so that a case's history in the log is whole. While they are away a coach reads
none of these cases.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.access.shaping import shape
from vault.audit.events import Event, Happening, Verdict
from vault.cases.assignment import (
    Absence,
    AbsenceKind,
    Assignment,
    Candidate,
    Cause,
    Need,
    Profile,
    check_named,
    propose,
)
from vault.cases.calendar import belgian_day, plausible
from vault.cases.journey import coach_type_for
from vault.cases.model import Case, CoachType, Place
from vault.errors import Conflict, InvalidInput, NotAssignable, NotFound
from vault.ids import AbsenceId, ActorId, CaseId
from vault.unit_of_work import StaffRow, UnitOfWork
from vault.usecases.casework import Casework, Values
from vault.vocabulary import CASEWORK, Action, Facts, Kind, Phase, Purpose, Role

#: How far ahead the appointments are counted that a head sees beside a coach's load.
AHEAD: Final = timedelta(days=7)
#: A longer absence is not one: the cases are assigned anew.
LONGEST_ABSENCE: Final = timedelta(days=366)
ADMIN: Final = Purpose.CASE_ADMINISTRATION


def list_coaches(uow: UnitOfWork, actor: Actor, casework: Casework) -> list[Values]:
    """The coaches of the actor's region with their load. No case and no person is in it."""
    staff = uow.staff.of_region(CASEWORK, actor.region, Role.COACH)
    permit = casework.guard.permit(
        uow, actor, Action.LIST, Item(Kind.COACH), purpose=ADMIN, facts=Facts.of(region=bool(actor.region)),
        count=len(staff),
    )  # fmt: skip
    ids = [row.id for row in staff]
    now = casework.clock.now()
    today = belgian_day(now)
    profiles, loads = uow.coaches.profiles(ids), uow.coaches.loads(ids)
    ahead, away = uow.agenda.counts(ids, now, now + AHEAD), uow.coaches.away(ids, today)
    absences = uow.coaches.absences(ids)
    return [
        shape(
            permit.profile,
            {
                "coach": row.id.hex(),
                "name": row.display_name,
                **_profile_values(profiles.get(row.id)),
                "load": loads.get(row.id, 0),
                "appointments": ahead.get(row.id, 0),
                "absent": row.id in away,
                "absences": [_absence_values(absence) for absence in absences if absence.coach == row.id],
            },
        )
        for row in staff
    ]


def set_profile(uow: UnitOfWork, actor: Actor, coach: ActorId, profile: Profile, casework: Casework) -> Values:
    """Say which kinds of case a coach of the region takes, and how many. Raises NotFound."""
    permit, row = _ask(uow, actor, coach, casework, "profile")
    uow.coaches.put_profile(coach, profile, permit.entry)
    return _receipt(permit, row, profile=profile)


@dataclass(frozen=True, slots=True)
class RecordAbsence:
    """last_day None: until they return."""

    coach: ActorId
    kind: AbsenceKind
    first_day: date
    last_day: date | None


def record_absence(uow: UnitOfWork, actor: Actor, cmd: RecordAbsence, casework: Casework) -> Values:
    """Write down that a coach is away. Raises NotFound, InvalidInput, Conflict for one that overlaps another."""
    last = cmd.last_day if cmd.last_day is not None else cmd.first_day
    if not plausible(cmd.first_day) or not timedelta(0) <= last - cmd.first_day <= LONGEST_ABSENCE:
        raise InvalidInput(f"an absence lasts 1 to {LONGEST_ABSENCE.days} days", field="last_day")
    permit, row = _ask(uow, actor, cmd.coach, casework, "absence")
    absence = Absence(AbsenceId(casework.entropy.bytes(16)), cmd.coach, cmd.kind, cmd.first_day, cmd.last_day)
    for other in uow.coaches.absences([cmd.coach]):
        if other.covers(absence.first_day) or absence.covers(other.first_day):
            raise Conflict("this coach is away at that time already")
    uow.coaches.add_absence(absence, permit.entry)
    return _receipt(permit, row, absence=absence)


def hand_over_caseload(
    uow: UnitOfWork, actor: Actor, absence_id: AbsenceId, stand_in: ActorId | None, casework: Casework
) -> Values:
    """Give every open case of an absent coach to `stand_in`, or each to whoever is chosen.

    Done before the absence begins, it is given to who will be at work on its first day. What nobody can take stays, and
    is counted as left. Raises NotFound, Conflict, NotAssignable for a stand-in who cannot take any case of the region.
    """
    absence, permit, row = _absence_of(uow, actor, absence_id, casework, "handed_over")
    if absence.returned_at is not None:
        raise Conflict("this absence is over")
    if stand_in == absence.coach:
        raise InvalidInput("a stand-in is somebody else", field="coach")
    now = casework.clock.now()
    begins = max(absence.first_day, belgian_day(now))
    able = candidates_of(uow, row.region, casework, day=begins)
    candidates = {one.coach: one for one in able if one.coach != absence.coach}
    if stand_in is not None and stand_in not in candidates:
        raise NotFound("no such item, or not for you")
    moved = left = 0
    for case in _cases(uow, uow.coaches.open_cases(absence.coach)):
        chosen = _choose(uow, case, candidates, stand_in)
        if chosen is None or case.region != row.region:
            left += 1
            continue
        coach, explanation = chosen
        entry = casework.ask(
            uow, actor, Action.WRITE, Kind.ASSIGNMENT, case, purpose=ADMIN, asked=case.id.hex(), outcome="absence"
        )
        move(uow, entry, case, coach, Cause.ABSENCE, actor=actor, at=now, explanation=explanation, absence=absence.id)
        candidates[coach] = replace(candidates[coach], load=candidates[coach].load + 1, given_at=now)
        moved += 1
    handed = replace(absence, handed_over_at=now)
    uow.coaches.update_absence(handed, permit.entry)
    return _receipt(permit, row, absence=handed, moved=moved, left=left)


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
    handed = {change.case: change for change in uow.coaches.of_absence(absence.id) if change.cause is Cause.ABSENCE}
    for case in _cases(uow, list(handed)):
        here = row.active and case.region == row.region and case.phase not in (Phase.HANDED_OVER, Phase.ERASED)
        if not here or case.coach != handed[case.id].coach or absence.coach in barred(uow, case.id):
            left += 1
            continue
        entry = casework.ask(
            uow, actor, Action.WRITE, Kind.ASSIGNMENT, case, purpose=ADMIN, asked=case.id.hex(), outcome="return"
        )
        move(uow, entry, case, absence.coach, Cause.RETURN, actor=actor, at=now, absence=absence.id)
        moved += 1
    ended = replace(absence, returned_at=now)
    uow.coaches.update_absence(ended, permit.entry)
    return _receipt(permit, row, absence=ended, moved=moved, left=left)


# -- shared with the assignment of one case -------------------------------------------------------------


def need_of(case: Case) -> Need:
    """Which kind of coach a case asks for: as triaged, else by where the people live and whether minors are there."""
    kind = case.coach_type or coach_type_for(case.facts, open_return=case.place is Place.OPEN_RETURN_PLACE)
    return Need(case.region, kind)


def candidates_of(
    uow: UnitOfWork, region: str, casework: Casework, barred_from: Collection[ActorId] = (), day: date | None = None
) -> list[Candidate]:
    """The coaches of a region as the choice sees them. barred_from: who has a conflict of interest.

    day: on which they are at work or away, None for today.
    """
    staff = uow.staff.of_region(CASEWORK, region, Role.COACH)
    ids = [row.id for row in staff]
    profiles, loads, given = uow.coaches.profiles(ids), uow.coaches.loads(ids), uow.coaches.given_at(ids)
    away = uow.coaches.away(ids, day or belgian_day(casework.clock.now()))
    return [
        Candidate(
            row.id, row.region, row.active, profiles.get(row.id), loads.get(row.id, 0), given.get(row.id),
            row.id in away, row.id in barred_from,
        )
        for row in staff
    ]  # fmt: skip


def barred(uow: UnitOfWork, case: CaseId) -> frozenset[ActorId]:
    """Who must not have this case."""
    return frozenset(one.coach for one in uow.coaches.conflicts(case) if one.withdrawn_at is None)


def move(
    uow: UnitOfWork, permit: Permit, case: Case, coach: ActorId | None, cause: Cause, *, actor: Actor, at: datetime,
    explanation: str = "", absence: AbsenceId | None = None, region: str = "",
) -> Case:  # fmt: skip
    """Change hands: the case's row and its history, under one entry. Raises StaleVersion."""
    moved = replace(case, coach=coach, region=region or case.region, version=case.version + 1)
    uow.cases.update(moved, permit.entry)
    entrust(uow, permit, moved, actor)
    changed_hands(
        uow, permit, case, coach, cause, actor=actor, at=at, explanation=explanation, absence=absence
    )  # fmt: skip
    return moved


def entrust(uow: UnitOfWork, permit: Permit, case: Case, actor: Actor) -> None:
    """Write down whose a case is from now on, and in which region: later looks are explained by it.

    permit: about this case. The entry names the coach by their pseudonym in the log.
    """
    whose = uow.staff.by_ids([case.coach])[case.coach].log_name if case.coach is not None else ""
    event = Event(
        Happening.ENTRUSTED.value, Kind.CASE.value, Verdict.NONE, actor=actor.log_name, role=actor.role.value,
        session=actor.session.hex(), object=whose, subject=permit.item.subject, outcome=case.region,
    )  # fmt: skip
    uow.audit.append(event, actor.detail())


def changed_hands(
    uow: UnitOfWork, permit: Permit, case: Case, coach: ActorId | None, cause: Cause, *, actor: Actor, at: datetime,
    explanation: str = "", absence: AbsenceId | None = None,
) -> None:  # fmt: skip
    """A line of the case's history: whose it was before. Raises StaleVersion."""
    number = len(uow.coaches.history(case.id)) + 1
    change = Assignment(case.id, number, case.coach, coach, cause, at, actor.id, explanation, absence)
    uow.coaches.assigned(change, permit.entry)


def _choose(
    uow: UnitOfWork, case: Case, candidates: dict[ActorId, Candidate], stand_in: ActorId | None
) -> tuple[ActorId, str] | None:
    """Who takes a case, and why; None if nobody can."""
    need, no = need_of(case), barred(uow, case.id)
    seen = {coach: replace(candidate, conflict=coach in no) for coach, candidate in candidates.items()}
    if stand_in is None:
        proposal = propose(need, list(seen.values()))
        return (proposal.coach, proposal.explanation) if proposal.coach is not None else None
    try:
        overridden = check_named(need, seen[stand_in])
    except NotAssignable:
        return None
    return stand_in, "named" + "".join(f" {obstacle}" for obstacle in overridden)


def _cases(uow: UnitOfWork, ids: Collection[CaseId]) -> list[Case]:
    return [case for case in map(uow.cases.get, ids) if case is not None]


def coach_of(uow: UnitOfWork, coach: ActorId) -> StaffRow | None:
    """The row of a coach; None for anybody else."""
    row = uow.staff.by_ids([coach]).get(coach)
    return row if row is not None and row.role == Role.COACH.value else None


def _ask(
    uow: UnitOfWork, actor: Actor, coach: ActorId, casework: Casework, outcome: str
) -> tuple[Permit, StaffRow]:  # fmt: skip
    row = coach_of(uow, coach)
    near = row is not None and bool(actor.region) and row.region == actor.region
    permit = casework.guard.permit(
        uow, actor, Action.WRITE, Item(Kind.COACH, coach.hex()), purpose=ADMIN, facts=Facts.of(region=near),
        outcome=outcome,
    )  # fmt: skip
    assert row is not None
    return permit, row


def _absence_of(
    uow: UnitOfWork, actor: Actor, absence_id: AbsenceId, casework: Casework, outcome: str
) -> tuple[Absence, Permit, StaffRow]:
    absence = uow.coaches.absence(absence_id)
    # An absence that is not there is asked about all the same: forbidden and unknown answer alike.
    permit, row = _ask(uow, actor, absence.coach if absence else ActorId(absence_id.raw), casework, outcome)
    assert absence is not None
    return absence, permit, row


def _profile_values(profile: Profile | None) -> Values:
    types = sorted(profile.types) if profile is not None else []
    return {"types": [CoachType(kind).value for kind in types], "capacity": profile.capacity if profile else None}


def _absence_values(absence: Absence) -> Values:
    return {
        "absence": absence.id.hex(),
        "kind": absence.kind.value,
        "first_day": absence.first_day.isoformat(),
        "last_day": absence.last_day.isoformat() if absence.last_day is not None else None,
        "handed_over": absence.handed_over_at is not None,
    }


def _receipt(
    permit: Permit, row: StaffRow, *, profile: Profile | None = None, absence: Absence | None = None,
    moved: int | None = None, left: int | None = None,
) -> Values:  # fmt: skip
    told = _absence_values(absence) if absence is not None else {}
    return shape(
        permit.profile,
        {
            "coach": row.id.hex(),
            "name": row.display_name,
            **_profile_values(profile),
            **{name: told.get(name) for name in ("absence", "kind", "first_day", "last_day")},
            "moved": moved,
            "left": left,
        },
    )
