"""Routes of a region's coaches: load, profile, absence; whose a case is; conflicts of interest; the calendar."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from gateway.api.json import json_response
from gateway.api.models import Body, Day, Language, Region, clean
from gateway.api.routes import casework_of, casework_router
from gateway.gate import Gate, source_of
from vault.cases.assignment import LARGEST_CAPACITY, AbsenceKind, Profile
from vault.cases.model import CoachType, Place
from vault.errors import NotFound
from vault.ids import AbsenceId, ActorId, SessionId
from vault.usecases import assign, calendars, caseloads, coaches
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK, Action, Kind, Purpose

ADMIN: Final = Purpose.CASE_ADMINISTRATION
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
_SECRET_DIGITS: Final = 2 * calendars.SECRET_BYTES


class ProfileBody(Body):
    types: Annotated[list[Annotated[CoachType, Field(strict=False)]], Field(min_length=1, max_length=3)]
    capacity: Annotated[int, Field(ge=1, le=LARGEST_CAPACITY)]


class AbsenceBody(Body):
    kind: Annotated[AbsenceKind, Field(strict=False)]
    first_day: Day
    last_day: Day | None = None


class HandOverBody(Body):
    coach: Id | None = Field(default=None, description="who takes all of them; left out: each goes to who is chosen")
    look: bool = Field(default=False, description="say what would become of each case, and write nothing")
    plan: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = Field(
        default="", description="of a look: refused where anything has changed since"
    )


class AssignmentBody(Body):
    coach: Id | None = Field(default=None, description="left out: one is chosen by kind, region and load")
    region: Region | None = None
    place: Annotated[Place, Field(strict=False)] | None = Field(default=None, description="where the people live now")
    coach_type: Annotated[CoachType, Field(strict=False)] | None = Field(
        default=None, description="the kind of coach they need now; left out: as the place says, or as it was"
    )


class ConflictBody(Body):
    coach: Id | None = Field(default=None, description="whom it concerns; left out: the coach who declares it")
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class CalendarBody(Body):
    language: Language


class _Coaches:
    """The handlers share the gate and casework's services."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.casework = casework_of(gate)

    async def list_coaches(self, request: Request) -> Response:
        """The coaches of the region: what they take, how much they have, when they are away."""
        rows = await self.gate.run(request, lambda uow, actor: coaches.list_coaches(uow, actor, self.casework))
        return json_response({"coaches": rows})

    async def set_profile(self, request: Request, coach: str, body: ProfileBody) -> Response:
        """Say which kinds of case a coach takes, and how many."""
        who, profile = ActorId.parse(coach), Profile(frozenset(body.types), body.capacity)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: coaches.set_profile(uow, actor, who, profile, self.casework)
            )
        )

    async def record_coach_absence(self, request: Request, coach: str, body: AbsenceBody) -> Response:
        """Write down a holiday or a leave."""
        cmd = coaches.RecordAbsence(ActorId.parse(coach), body.kind, body.first_day, body.last_day)
        return json_response(
            await self.gate.run(request, lambda uow, actor: coaches.record_absence(uow, actor, cmd, self.casework)), 201
        )

    async def hand_over_caseload(self, request: Request, absence: str, body: HandOverBody) -> Response:
        """Give every open case of an absent coach to somebody else, or look what would become of each."""
        which, stand_in = AbsenceId.parse(absence), ActorId.parse(body.coach) if body.coach else None
        if body.look:
            return json_response(
                await self.gate.run(
                    request,
                    lambda uow, actor: caseloads.look_at_caseload(uow, actor, which, stand_in, self.casework),
                    quick=False,
                )
            )
        return json_response(
            await self.gate.run(
                request,
                lambda uow, actor: caseloads.hand_over_caseload(
                    uow, actor, which, stand_in, self.casework, plan=body.plan
                ),
                quick=False,
            )
        )

    async def take_back_caseload(self, request: Request, absence: str) -> Response:
        """End an absence: what was handed over and is still with the stand-in goes back."""
        which = AbsenceId.parse(absence)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: caseloads.take_back_caseload(uow, actor, which, self.casework), quick=False
            )
        )

    # -- one case ---------------------------------------------------------------------------------

    async def read_assignment(self, request: Request, case: str) -> Response:
        """Whose the case is and was, and who could take it, explained."""
        wanted = parse_reference(case)
        return json_response(
            await self.gate.run(request, lambda uow, actor: assign.read_assignment(uow, actor, wanted, self.casework))
        )

    async def assign_case(self, request: Request, case: str, body: AssignmentBody) -> Response:
        """Give the case to a coach: a named one, or whoever is chosen."""
        coach = ActorId.parse(body.coach) if body.coach else None
        cmd = assign.Assign(parse_reference(case), coach, body.region or "", body.place, body.coach_type)
        return json_response(
            await self.gate.run(request, lambda uow, actor: assign.assign(uow, actor, cmd, self.casework))
        )

    async def list_conflicts(self, request: Request, case: str) -> Response:
        """Which conflicts of interest were declared; not why."""
        wanted = parse_reference(case)
        rows = await self.gate.run(request, lambda uow, actor: assign.list_conflicts(uow, actor, wanted, self.casework))
        return json_response({"conflicts": rows})

    async def declare_conflict(self, request: Request, case: str, body: ConflictBody) -> Response:
        """Keep the case from a coach. The reason is sealed; if the case was theirs, it goes to somebody else."""
        clean(body.reason)
        coach = ActorId.parse(body.coach) if body.coach else None
        cmd = assign.DeclareConflict(parse_reference(case), coach, body.reason)
        return json_response(
            await self.gate.run(request, lambda uow, actor: assign.declare_conflict(uow, actor, cmd, self.casework)),
            201,
        )

    async def read_conflict(self, request: Request, case: str, coach: str) -> Response:
        """Why a coach must not have the case. Logged."""
        wanted, who = parse_reference(case), ActorId.parse(coach)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: assign.read_conflict(uow, actor, wanted, who, self.casework)
            )
        )

    async def lift_conflict(self, request: Request, case: str, coach: str) -> Response:
        """Lift a conflict of interest. The case stays where it is."""
        wanted, who = parse_reference(case), ActorId.parse(coach)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: assign.lift_conflict(uow, actor, wanted, who, self.casework)
            )
        )

    # -- the calendar -----------------------------------------------------------------------------

    async def make_calendar(self, request: Request, body: CalendarBody) -> Response:
        """A secret address for a calendar program. Shown this once."""
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: calendars.make_feed(uow, actor, body.language, self.casework)
            ),
            201,
        )

    async def list_calendars(self, request: Request) -> Response:
        """The addresses that the coach made, without their secrets."""
        rows = await self.gate.run(request, lambda uow, actor: calendars.list_feeds(uow, actor, self.casework))
        return json_response({"calendars": rows})

    async def revoke_calendar(self, request: Request, feed: str) -> Response:
        """End an address: the very next fetch finds nothing."""
        which = SessionId.parse(feed)
        return json_response(
            await self.gate.run(request, lambda uow, actor: calendars.revoke_feed(uow, actor, which, self.casework))
        )

    async def read_calendar(self, request: Request, secret: str) -> Response:
        """Times and places of a coach, and nobody. The secret in the address is the only key; no session is asked."""
        from gateway.calendar_file import MEDIA_TYPE, render

        if len(secret) != _SECRET_DIGITS or not set(secret) <= set("0123456789abcdef"):
            raise NotFound("no such calendar")
        hashed, source = sha256(bytes.fromhex(secret)).digest(), source_of(request.scope)
        services = self.gate.services
        feed = await services.worker.submit(
            CASEWORK, lambda uow: calendars.read_feed(uow, hashed, source, self.casework)
        )
        return Response(render(feed, services.clock.now()), media_type=MEDIA_TYPE)


def router(gate: Gate) -> APIRouter:
    """Every route declares what it asks of the firewall."""
    own = _Coaches(gate)
    coach, absence, case = "/casework/coaches/{coach}", "/casework/absences/{absence}", "/casework/cases/{case}"
    return casework_router(
        (
            ("GET", "/casework/coaches", own.list_coaches, Action.LIST, Kind.COACH, ADMIN),
            ("PUT", coach, own.set_profile, Action.WRITE, Kind.COACH, ADMIN),
            ("POST", f"{coach}/absences", own.record_coach_absence, Action.WRITE, Kind.COACH, ADMIN),
            ("POST", f"{absence}/hand-over", own.hand_over_caseload, Action.WRITE, Kind.COACH, ADMIN),
            ("POST", f"{absence}/return", own.take_back_caseload, Action.WRITE, Kind.COACH, ADMIN),
            ("GET", f"{case}/assignment", own.read_assignment, Action.READ, Kind.ASSIGNMENT, ADMIN),
            ("POST", f"{case}/assignment", own.assign_case, Action.WRITE, Kind.ASSIGNMENT, ADMIN),
            ("GET", f"{case}/conflicts", own.list_conflicts, Action.LIST, Kind.CONFLICT, ADMIN),
            ("POST", f"{case}/conflicts", own.declare_conflict, Action.WRITE, Kind.CONFLICT, ADMIN),
            ("GET", f"{case}/conflicts/{{coach}}", own.read_conflict, Action.READ, Kind.CONFLICT, ADMIN),
            ("DELETE", f"{case}/conflicts/{{coach}}", own.lift_conflict, Action.WRITE, Kind.CONFLICT, ADMIN),
            ("POST", "/casework/calendar", own.make_calendar, Action.WRITE, Kind.CALENDAR, ADMIN),
            ("GET", "/casework/calendar", own.list_calendars, Action.LIST, Kind.CALENDAR, ADMIN),
            ("DELETE", "/casework/calendar/{feed}", own.revoke_calendar, Action.WRITE, Kind.CALENDAR, ADMIN),
            ("GET", "/casework/calendar/{secret}/agenda.ics", own.read_calendar, Action.READ, Kind.CALENDAR, ADMIN),
        )
    )
