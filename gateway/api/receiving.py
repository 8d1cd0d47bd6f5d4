"""Routes of the zones that receive: follow-up, partners, oversight."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.api.casework import aware
from gateway.api.json import StrictRoute, json_response
from gateway.gate import Asks, Gate
from gateway.settings import slug
from vault.ids import ReleaseId
from vault.usecases import received
from vault.vocabulary import Action, Kind, Purpose, Zone

Limit = Annotated[int, Query(ge=1, le=200)]


def prefix(gate: Gate) -> str:
    """`/follow-up`, `/oversight`, `/partner/caritas`."""
    return zone_prefix(gate.zone)


def zone_prefix(zone: Zone) -> str:
    return "/" + str(zone).replace(":", "/").replace("_", "-" if not zone.organisation else "_")


def releases_router(gate: Gate, kind: Kind, purpose: Purpose, plural: str, *, lists: bool = True) -> APIRouter:
    """Open what was sealed to this zone, and list it where the rules have a list (`lists`)."""
    reception = gate.services.reception[gate.zone]
    zone = slug(gate.zone)
    quick = kind is not Kind.REFERRAL  # a reader of referrals may have to wait for a withdrawal
    api = APIRouter(tags=[zone], route_class=StrictRoute)

    async def list_received(request: Request, limit: Limit = 50, before: datetime | None = None) -> Response:
        """What was released to this zone, newest first."""
        rows = await gate.run(
            request,
            lambda uow, actor: received.list_received(
                uow, actor, kind, purpose, reception, limit=limit, before=aware(before)
            ),
            quick=quick,
        )
        return json_response({plural: rows})

    async def read_received(request: Request, release: str) -> Response:
        """Open one release."""
        wanted = ReleaseId.parse(release)
        return json_response(
            await gate.run(
                request,
                lambda uow, actor: received.read_received(uow, actor, kind, purpose, wanted, reception),
                quick=quick,
            )
        )

    base = f"{prefix(gate)}/{plural}"
    reads = Asks(str(gate.zone), Action.READ, kind, purpose).extra()
    if lists:
        extra = Asks(str(gate.zone), Action.LIST, kind, purpose).extra()
        api.add_api_route(
            base, list_received, operation_id=f"{zone}_list_{plural}", openapi_extra=extra, response_model=None
        )
    api.add_api_route(
        f"{base}/{{release}}",
        read_received,
        operation_id=f"{zone}_read_{plural}",
        openapi_extra=reads,
        response_model=None,
    )
    return api
