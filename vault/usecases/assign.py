"""Give a case to a coach, and keep it from one with a conflict of interest.

The desk has a case's first coach chosen; a regional head has one chosen or names one, and moves cases between regions.
A conflict of interest is declared by the case's coach or by the head. It holds until the head lifts it: the case goes
to somebody else at once, and never to that coach by any road. Why is sealed, and told to the head alone; to colleagues
even the fact is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.access.shaping import shape
from vault.cases.appointments import Status
from vault.cases.assignment import Candidate, Cause, ConflictOfInterest, Need, check_named, propose
from vault.cases.journey import coach_type_for
from vault.cases.model import REGIONS, Case, CoachType, Place
from vault.cases.people import decode_content, encode_content
from vault.errors import AccessDenied, Conflict, InvalidInput, NotAssignable, NotFound
from vault.ids import ActorId, CaseId, RecordId
from vault.unit_of_work import StaffRow, UnitOfWork
from vault.usecases.caseloads import appointments_at_once
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.coaches import barred, candidates_of, coach_of, move, need_of
from vault.vocabulary import Action, Kind, Provenance, Purpose, Role

ADMIN: Final = Purpose.CASE_ADMINISTRATION
_REASON: Final = (5, 500)  # characters


def read_assignment(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> Values:
    """Whose a case is and was, and who could take it now, each with what speaks for or against. Raises NotFound."""
    case = uow.cases.get(case_id)
    permit = casework.ask(uow, actor, Action.READ, Kind.ASSIGNMENT, case, purpose=ADMIN, asked=case_id.hex())
    case = existing(case)
    history = uow.coaches.history(case_id)
    others = _others(case, candidates_of(uow, case.region, casework, barred(uow, case_id)))
    need = need_of(case)
    proposal = propose(need, others)
    known = [actor_id for change in history for actor_id in (change.before, change.coach) if actor_id is not None]
    at_once = appointments_at_once(uow, case_id, [one.coach for one in others], casework.clock.now())
    staff = uow.staff.by_ids([*known, *(one.coach for one in others), *([case.coach] if case.coach else [])])
    return shape(
        permit.profile,
        {
            "reference": reference(case_id),
            "region": case.region,
            "coach_type": need.type.value,
            "coach": _name(staff, case.coach),
            "history": [
                {
                    "number": change.number,
                    "before": _name(staff, change.before),
                    "coach": _name(staff, change.coach),
                    "cause": change.cause.value,
                    "at": change.at.isoformat(timespec="seconds"),
                    "explanation": change.explanation,
                }
                for change in history
            ],
            "considered": [
                {
                    "coach": each.candidate.coach.hex(),
                    "name": _name(staff, each.candidate.coach),
                    "rank": each.rank,
                    "obstacles": [obstacle.value for obstacle in each.obstacles],
                    "load": each.candidate.load,
                    "at_once": at_once.get(each.candidate.coach, 0),
                    "capacity": each.candidate.profile.capacity if each.candidate.profile is not None else None,
                }
                for each in proposal.considered
            ],
            "explanation": proposal.explanation,
        },
    )


@dataclass(frozen=True, slots=True)
class Assign:
    """coach None: let one be chosen. region: where the case moves to, "" for where it is.

    place, coach_type: where the people live now, and the kind of coach that they need now; None for as it was.
    """

    case: CaseId
    coach: ActorId | None = None
    region: str = ""
    place: Place | None = None
    coach_type: CoachType | None = None

    @property
    def plain(self) -> bool:
        """Whether it asks for nothing but that a coach is chosen."""
        return (self.coach, self.region, self.place, self.coach_type) == (None, "", None, None)


def assign(uow: UnitOfWork, actor: Actor, cmd: Assign, casework: Casework) -> Values:
    """Give a case to a coach. Raises NotFound, NotAssignable (with every obstacle), Conflict, InvalidInput."""
    if cmd.region and cmd.region not in REGIONS:
        raise InvalidInput(f"region must be one of {', '.join(REGIONS)}", field="region")
    case = uow.cases.get_to_change(cmd.case)
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.ASSIGNMENT, case, purpose=ADMIN, asked=cmd.case.hex(), outcome="assigned"
    )
    case = existing(case)
    if actor.role is Role.DESK_OFFICER and not (cmd.plain and case.coach is None):
        raise AccessDenied("the desk has a first coach chosen; a regional head does the rest", reasons=("needs_head",))
    region = cmd.region or case.region
    if region != case.region:
        _leave(uow, case)
    before, elsewhere = need_of(case), cmd.place is not None and cmd.place is not case.place
    case = _as_it_is_now(case, cmd)
    need = replace(need_of(case), region=region)
    coach: ActorId | None
    if elsewhere and cmd.coach is None and case.coach is not None and need == before:
        # Where they live is written down: that alone is no reason to get to know somebody else.
        coach, cause, explanation = case.coach, Cause.NAMED, "place"
    else:
        candidates = candidates_of(uow, region, casework, barred(uow, cmd.case))
        coach, cause, explanation = _pick(case, cmd, need, before, candidates)
    moved = move(
        uow, permit, case, coach, cause, actor=actor, at=casework.clock.now(), explanation=explanation, region=region
    )
    return shape(
        permit.profile,
        {
            "reference": reference(case.id),
            "coach": _name(uow.staff.by_ids([coach] if coach else []), coach),
            "cause": cause.value,
            "explanation": explanation,
            "version": moved.version,
            "state": moved.state.value,
        },
    )


def _as_it_is_now(case: Case, cmd: Assign) -> Case:
    """Where the people live and what kind of coach they need.

    Who moves into an open return place needs its coach, and who leaves one needs another; every other change of place
    leaves the kind as it is: a family stays one, also where the official file knows of no minors.
    """
    place = cmd.place or case.place
    kind, lodged = cmd.coach_type, place is Place.OPEN_RETURN_PLACE
    if kind is None and lodged is not (case.place is Place.OPEN_RETURN_PLACE):
        kind = coach_type_for(case.facts, open_return=lodged)
    return replace(case, place=place, coach_type=kind or case.coach_type)


def _pick(
    case: Case, cmd: Assign, need: Need, before: Need, candidates: list[Candidate]
) -> tuple[ActorId | None, Cause, str]:
    """Who, how and why. A case that moves to another region may wait there without a coach; nowhere else.

    before: what the case needed until now; where it needs the same, naming its own coach is a mistake.
    """
    moving = need.region != case.region
    if cmd.coach is None:
        proposal = propose(need, _others(case, candidates))
        coach = proposal.coach if moving else proposal.chosen()
        return coach, Cause.CHOSEN, proposal.explanation
    if cmd.coach == case.coach and need == before:
        raise Conflict("this coach has the case already")
    named = next((one for one in candidates if one.coach == cmd.coach), None)
    if named is None:
        raise NotAssignable("this coach cannot take this case", ("other_region",))
    overridden = check_named(need, named)
    return cmd.coach, Cause.NAMED, "named" + "".join(f" {obstacle}" for obstacle in overridden)


def _others(case: Case, candidates: list[Candidate]) -> list[Candidate]:
    """Without the present coach: choosing again means somebody else."""
    return [one for one in candidates if one.coach != case.coach]


def _leave(uow: UnitOfWork, case: Case) -> None:
    """Before a case leaves its region: nobody waits for it there. Raises Conflict."""
    waiting = [one for one in uow.agenda.of_case(case.id) if one.status is Status.BOOKED and one.slot.desk]
    if waiting:
        raise Conflict("an appointment is booked at a desk of this region: cancel it before the case moves")


# -- conflicts of interest --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class DeclareConflict:
    """coach None: the one who declares it. reason: free text, sealed at once."""

    case: CaseId
    coach: ActorId | None
    reason: str


def declare_conflict(uow: UnitOfWork, actor: Actor, cmd: DeclareConflict, casework: Casework) -> Values:
    """Keep a case from a coach. If it was theirs, it goes to who is chosen next, or waits for the head.

    Raises NotFound, InvalidInput.
    """
    if not _REASON[0] <= len(cmd.reason.strip()) <= _REASON[1]:
        raise InvalidInput(f"say in {_REASON[0]} to {_REASON[1]} characters why", field="reason")
    case = uow.cases.get_to_change(cmd.case)
    permit = _ask(uow, actor, case, cmd.case, casework, "declared")
    case = existing(case)
    coach = cmd.coach or actor.id
    if actor.role is Role.COACH and coach != actor.id:
        raise AccessDenied("a coach speaks for themself", reasons=("needs_head",))
    if coach_of(uow, coach) is None:
        raise InvalidInput("a conflict of interest is a coach's", field="coach")
    now = casework.clock.now()
    uow.coaches.put_conflict(ConflictOfInterest(cmd.case, coach, now, actor.id), permit.entry)
    record = _reason_record(cmd.case, coach, casework)
    newest = uow.records.head(record)
    casework.keeper.write(
        uow, permit, kind=Kind.CONFLICT, case=cmd.case, record=record, version=newest.version + 1 if newest else 1,
        plaintext=encode_content({"reason": cmd.reason.strip()}), author=actor.id, at=now, provenance=Provenance.ADMIN,
    )  # fmt: skip
    if case.coach == coach:
        candidates = candidates_of(uow, case.region, casework, barred(uow, cmd.case))
        proposal = propose(need_of(case), _others(case, candidates))
        case = move(
            uow, permit, case, proposal.coach, Cause.CONFLICT, actor=actor, at=now, explanation=proposal.explanation
        )
    return _declared(permit, case, declared=True)


def lift_conflict(uow: UnitOfWork, actor: Actor, case_id: CaseId, coach: ActorId, casework: Casework) -> Values:
    """Lift a conflict of interest; the case stays where it is. For the head. Raises NotFound."""
    case = uow.cases.get(case_id)
    permit = _ask(uow, actor, case, case_id, casework, "lifted")
    case = existing(case)
    if actor.role is not Role.REGIONAL_HEAD:
        raise AccessDenied("a regional head lifts it", reasons=("needs_head",))
    found = next(
        (one for one in uow.coaches.conflicts(case_id) if one.coach == coach and one.withdrawn_at is None), None
    )
    if found is None:
        raise NotFound("no such item, or not for you")
    uow.coaches.put_conflict(replace(found, withdrawn_at=casework.clock.now()), permit.entry)
    return _declared(permit, case, declared=False)


def list_conflicts(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> list[Values]:
    """Which conflicts of interest were declared in a case, and by whom; not why. Raises NotFound."""
    case = uow.cases.get(case_id)
    permit = casework.ask(uow, actor, Action.LIST, Kind.CONFLICT, case, purpose=ADMIN, asked=case_id.hex())
    found = uow.coaches.conflicts(case_id)
    staff = uow.staff.by_ids([one.coach for one in found] + [one.declared_by for one in found])
    return [shape(permit.profile, _conflict_values(one, staff)) for one in found]


def read_conflict(uow: UnitOfWork, actor: Actor, case_id: CaseId, coach: ActorId, casework: Casework) -> Values:
    """One conflict of interest, with why: a logged act. Raises NotFound, Erased."""
    case = uow.cases.get(case_id)
    wanted = _reason_record(case_id, coach, casework)
    found = next((one for one in uow.coaches.conflicts(case_id) if one.coach == coach), None)
    record = uow.records.head(wanted)
    permit = casework.ask(
        uow, actor, Action.READ, Kind.CONFLICT, case if record is not None else None, purpose=ADMIN, asked=wanted.hex()
    )
    if found is None or record is None:
        raise NotFound("no such item, or not for you")
    content: dict[str, Any] = decode_content(casework.keeper.open(uow, permit, record).expose())
    staff = uow.staff.by_ids([found.coach, found.declared_by])
    return shape(permit.profile, {**_conflict_values(found, staff), "reason": content["reason"]})


def _conflict_values(conflict: ConflictOfInterest, staff: Mapping[ActorId, StaffRow]) -> Values:
    return {
        "reference": reference(conflict.case),
        "coach": conflict.coach.hex(),
        "name": _name(staff, conflict.coach),
        "declared_at": conflict.declared_at,
        "declared_by": _name(staff, conflict.declared_by),
        "withdrawn_at": conflict.withdrawn_at,
    }


def _reason_record(case: CaseId, coach: ActorId, casework: Casework) -> RecordId:
    """One record per case and coach: its id is derived, so a second declaration is a second version."""
    return RecordId(casework.index.token("record/conflict", f"{case.hex()}/{coach.hex()}")[:16])


def _ask(uow: UnitOfWork, actor: Actor, case: Case | None, case_id: CaseId, casework: Casework, outcome: str) -> Permit:
    """A permit about the case as a whole: the record that it may store is named by case and coach, not by the case."""
    return casework.ask(
        uow, actor, Action.WRITE, Kind.CONFLICT, case, purpose=ADMIN, asked=case_id.hex(), outcome=outcome
    )


def _declared(permit: Permit, case: Case, *, declared: bool) -> Values:
    return shape(
        permit.profile,
        {
            "reference": reference(case.id), "declared": declared, "version": case.version, "state": case.state.value
        },
    )  # fmt: skip


def _name(staff: Mapping[ActorId, StaffRow], coach: ActorId | None) -> str:
    return staff[coach].display_name if coach is not None and coach in staff else ""
