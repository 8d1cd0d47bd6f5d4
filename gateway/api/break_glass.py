"""Emergencies: casework asks, opens, looks, ends; oversight sees each one and counts them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from gateway.api.access_log import oversight_of
from gateway.api.casework import aware
from gateway.api.json import StrictRoute, json_response
from gateway.api.models import Body, clean
from gateway.api.routes import Line, casework_of, casework_router
from gateway.gate import Asks, Gate
from vault.cases.break_glass import REASON_LONGEST, Cause
from vault.ids import BreakGlassId
from vault.usecases import break_glass, emergency_review
from vault.usecases.casework import Casework, parse_reference
from vault.vocabulary import Action, Kind, Purpose

_PATH: Final = "/casework/emergencies"
_ONE: Final = f"{_PATH}/{{emergency}}"
_ADMIN: Final = Purpose.CASE_ADMINISTRATION


class EmergencyBody(Body):
    """reason: why somebody must know at once; the second person and oversight read it."""

    cause: Annotated[Cause, Field(strict=False)]
    reason: Annotated[str, StringConstraints(max_length=REASON_LONGEST)]

    def command(self, case: str) -> break_glass.Ask:
        clean(self.reason)
        return break_glass.Ask(parse_reference(case), self.cause, self.reason)


class _Way:
    """Casework's routes."""

    def __init__(self, gate: Gate, casework: Casework) -> None:
        self._gate = gate
        self._casework = casework

    async def ask_emergency(self, request: Request, case: str, body: EmergencyBody) -> Response:
        """Ask to see who somebody of the region is, and say why. Somebody else opens it."""
        cmd = body.command(case)
        return json_response(
            await self._gate.run(
                request, lambda uow, actor: break_glass.ask(uow, actor, cmd, self._casework), quick=False
            ),
            201,
        )

    async def list_emergencies(
        self, request: Request, limit: Annotated[int, Query(ge=1, le=break_glass.LIST_LIMIT)] = 50
    ) -> Response:
        """One's own, those that wait for a second person; for a head all of the region. Newest first."""
        rows = await self._gate.run(
            request, lambda uow, actor: break_glass.list_emergencies(uow, actor, self._casework, limit=limit)
        )
        return json_response({"emergencies": rows})

    async def read_emergency(self, request: Request, emergency: str) -> Response:
        """Why a colleague asks."""
        wanted = BreakGlassId.parse(emergency)
        return json_response(
            await self._gate.run(request, lambda uow, actor: break_glass.read(uow, actor, wanted, self._casework))
        )

    async def open_emergency(self, request: Request, emergency: str) -> Response:
        """Open, for some minutes, what somebody else asked for."""
        wanted = BreakGlassId.parse(emergency)
        return json_response(
            await self._gate.run(request, lambda uow, actor: break_glass.open_for(uow, actor, wanted, self._casework)),
            201,
        )

    async def refuse_emergency(self, request: Request, emergency: str) -> Response:
        """Refuse one that waits, or take back one's own."""
        wanted = BreakGlassId.parse(emergency)
        return json_response(
            await self._gate.run(request, lambda uow, actor: break_glass.refuse(uow, actor, wanted, self._casework)),
            201,
        )

    async def end_emergency(self, request: Request, emergency: str) -> Response:
        """End one before its time."""
        wanted = BreakGlassId.parse(emergency)
        return json_response(
            await self._gate.run(request, lambda uow, actor: break_glass.end(uow, actor, wanted, self._casework)), 201
        )

    async def emergency_identity(self, request: Request, emergency: str) -> Response:
        """Who the people of the case are, while it is open. Each look is decided and logged."""
        return await self._look(request, emergency, Kind.IDENTITY)

    async def emergency_contact(self, request: Request, emergency: str) -> Response:
        """How the people of the case are reached, while it is open; for a coach."""
        return await self._look(request, emergency, Kind.CONTACT)

    async def _look(self, request: Request, emergency: str, kind: Kind) -> Response:
        wanted = BreakGlassId.parse(emergency)
        return json_response(
            await self._gate.run(
                request, lambda uow, actor: break_glass.look_at(uow, actor, wanted, kind, self._casework)
            )
        )

    def lines(self) -> tuple[Line, ...]:
        kind, urgent = Kind.BREAK_GLASS, Purpose.EMERGENCY
        return (
            ("POST", "/casework/cases/{case}/emergencies", self.ask_emergency, Action.CREATE, kind, _ADMIN),
            ("GET", _PATH, self.list_emergencies, Action.LIST, kind, _ADMIN),
            ("GET", _ONE, self.read_emergency, Action.READ, kind, _ADMIN),
            ("POST", f"{_ONE}/opening", self.open_emergency, Action.SIGN, kind, _ADMIN),
            ("POST", f"{_ONE}/refusal", self.refuse_emergency, Action.CLOSE, kind, _ADMIN),
            ("POST", f"{_ONE}/end", self.end_emergency, Action.CLOSE, kind, _ADMIN),
            ("GET", f"{_ONE}/identity", self.emergency_identity, Action.READ, Kind.IDENTITY, urgent),
            ("GET", f"{_ONE}/contact", self.emergency_contact, Action.READ, Kind.CONTACT, urgent),
        )


def router(gate: Gate) -> APIRouter:
    """Casework's side."""
    return casework_router(_Way(gate, casework_of(gate)).lines())


def watch_router(gate: Gate) -> APIRouter:
    """Oversight's side."""
    oversight = oversight_of(gate)
    api = APIRouter(tags=["oversight"], route_class=StrictRoute)

    async def list_emergency_uses(request: Request, since: datetime | None = None, waiting: bool = False) -> Response:
        """Emergencies of the last year, each with its review and the day by which it must be closed."""
        begins = aware(since)
        rows = await gate.run(
            request,
            lambda uow, who: emergency_review.list_uses(uow, who, begins, oversight, waiting=waiting),
            quick=False,
        )
        return json_response({"emergencies": rows})

    async def count_emergency_uses(request: Request) -> Response:
        """How many a quarter, as may be published."""
        return json_response(
            await gate.run(request, lambda uow, who: emergency_review.count_uses(uow, who, oversight), quick=False)
        )

    for path, handler, action in (
        ("/oversight/emergencies", list_emergency_uses, Action.LIST),
        ("/oversight/emergencies/counts", count_emergency_uses, Action.READ),
    ):
        api.add_api_route(
            path, handler, methods=["GET"], operation_id=f"oversight_{handler.__name__}", response_model=None,
            openapi_extra=Asks("oversight", action, Kind.EMERGENCY_USE, Purpose.ACCESS_REVIEW).extra(),
        )  # fmt: skip
    return api
