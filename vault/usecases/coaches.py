"""A region's coaches: what they take, how much they have, when they are away; and how a case changes hands.

What becomes of an absent coach's cases: `caseloads.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
)
from vault.cases.calendar import belgian_day, plausible
from vault.cases.flow import Step
from vault.cases.journey import coach_type_for
from vault.cases.model import Case, CoachType, Place
from vault.errors import Conflict, InvalidInput, StoreBusy
from vault.ids import AbsenceId, ActorId, CaseId
from vault.unit_of_work import StaffRow, UnitOfWork
from vault.usecases.casework import Casework, Values
from vault.vocabulary import CASEWORK, Action, Facts, Kind, Purpose, Role

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
                "absences": [absence_values(absence) for absence in absences if absence.coach == row.id],
            },
        )
        for row in staff
    ]


def set_profile(uow: UnitOfWork, actor: Actor, coach: ActorId, profile: Profile, casework: Casework) -> Values:
    """Say which kinds of case a coach of the region takes, and how many. Raises NotFound."""
    permit, row = ask_about(uow, actor, coach, casework, "profile")
    uow.coaches.put_profile(coach, profile, permit.entry)
    return receipt(permit, row, profile=profile)


@dataclass(frozen=True, slots=True)
class RecordAbsence:
    """last_day None: until they return."""

    coach: ActorId
    kind: AbsenceKind
    first_day: date
    last_day: date | None


def record_absence(uow: UnitOfWork, actor: Actor, cmd: RecordAbsence, casework: Casework) -> Values:
    """Write down that a coach is away.

    Raises NotFound, InvalidInput, Conflict for one that overlaps another, StoreBusy while somebody does not let go.
    """
    last = cmd.last_day if cmd.last_day is not None else cmd.first_day
    if not plausible(cmd.first_day) or not timedelta(0) <= last - cmd.first_day <= LONGEST_ABSENCE:
        raise InvalidInput(f"an absence lasts 1 to {LONGEST_ABSENCE.days} days", field="last_day")
    permit, row = ask_about(uow, actor, cmd.coach, casework, "absence")
    absence = Absence(AbsenceId(casework.entropy.bytes(16)), cmd.coach, cmd.kind, cmd.first_day, cmd.last_day)
    if not uow.coaches.exclude_absences(cmd.coach):  # of two at once the second sees the first
        raise StoreBusy("somebody is recording an absence of this coach and does not let go: try again")
    for other in uow.coaches.absences([cmd.coach]):
        if other.covers(absence.first_day) or absence.covers(other.first_day):
            raise Conflict("this coach is away at that time already")
    uow.coaches.add_absence(absence, permit.entry)
    return receipt(permit, row, absence=absence)


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


def changed_by_step(
    uow: UnitOfWork, permit: Permit, before: Case, after: Case, step: Step, *, actor: Actor, at: datetime
) -> None:
    """Write down whose the case is once a step was taken, and where it lies, if that is not as it was."""
    if (after.coach, after.region) != (before.coach, before.region):
        entrust(uow, permit, after, actor)
    if after.coach != before.coach:
        changed_hands(uow, permit, before, after.coach, Cause.STEP, actor=actor, at=at, explanation=step.value)


def coach_of(uow: UnitOfWork, coach: ActorId) -> StaffRow | None:
    """The row of a coach; None for anybody else."""
    row = uow.staff.by_ids([coach]).get(coach)
    return row if row is not None and row.role == Role.COACH.value else None


def ask_about(
    uow: UnitOfWork, actor: Actor, coach: ActorId, casework: Casework, outcome: str
) -> tuple[Permit, StaffRow]:  # fmt: skip
    """Ask whether the actor changes something about a coach. Raises NotFound for nobody, or of another region."""
    row = coach_of(uow, coach)
    near = row is not None and bool(actor.region) and row.region == actor.region
    permit = casework.guard.permit(
        uow, actor, Action.WRITE, Item(Kind.COACH, coach.hex()), purpose=ADMIN, facts=Facts.of(region=near),
        outcome=outcome,
    )  # fmt: skip
    assert row is not None
    return permit, row


def _profile_values(profile: Profile | None) -> Values:
    types = sorted(profile.types) if profile is not None else []
    return {"types": [CoachType(kind).value for kind in types], "capacity": profile.capacity if profile else None}


def absence_values(absence: Absence) -> Values:
    """An absence as the list and the receipts tell it."""
    return {
        "absence": absence.id.hex(),
        "kind": absence.kind.value,
        "first_day": absence.first_day.isoformat(),
        "last_day": absence.last_day.isoformat() if absence.last_day is not None else None,
        "handed_over": absence.handed_over_at is not None,
    }


def receipt(
    permit: Permit, row: StaffRow, *, profile: Profile | None = None, absence: Absence | None = None,
    moved: int | None = None, left: int | None = None, cases: Sequence[Values] = (), plan: str = "",
) -> Values:  # fmt: skip
    """What a head is told of a change about a coach. cases, plan: of a caseload that changes hands."""
    told = absence_values(absence) if absence is not None else {}
    return shape(
        permit.profile,
        {
            "coach": row.id.hex(),
            "name": row.display_name,
            **_profile_values(profile),
            **{name: told.get(name) for name in ("absence", "kind", "first_day", "last_day")},
            "over": absence is not None and absence.returned_at is not None,
            "moved": moved,
            "left": left,
            "cases": list(cases),
            "plan": plan,
        },
    )
