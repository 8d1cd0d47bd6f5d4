"""Orders from the official file: taken in one household a request, and listed while they wait for a fact."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.api.casework import aware
from gateway.api.json import StrictRoute, json_response
from gateway.api.order_models import OrderBody
from gateway.api.routes import casework_of
from gateway.gate import Asks, Gate
from vault.usecases import orders
from vault.vocabulary import Action, Kind, Purpose

_PATH: Final = "/casework/orders"
_ADMIN: Final = Purpose.CASE_ADMINISTRATION
_ALSO: Final = ((Action.CREATE, Kind.CASE), (Action.TRIAGE, Kind.CASE), (Action.WRITE, Kind.ORDER))


def router(gate: Gate) -> APIRouter:
    """Two routes. Taking in asks three things in one transaction: to hand in, to open the case, to triage it."""
    casework = casework_of(gate)
    api = APIRouter(tags=["casework"], route_class=StrictRoute)

    async def take_in_order(request: Request, body: OrderBody) -> Response:
        """Open and triage the case of one order, or say why not and what is missing. The same order again changes
        nothing. `look`: write nothing."""
        cmd = orders.TakeIn(body.order(), look=body.look, complete=body.complete, update=body.update)
        return json_response(
            await gate.run(request, lambda uow, actor: orders.take_in(uow, actor, cmd, casework), quick=False)
        )

    async def list_orders(
        request: Request, limit: Annotated[int, Query(ge=1, le=200)] = 50, before: datetime | None = None
    ) -> Response:
        """Orders of the region that are not triaged yet, each with what was missing. Newest first."""
        rows = await gate.run(
            request, lambda uow, actor: orders.list_waiting(uow, actor, limit, aware(before), casework)
        )
        return json_response({"orders": rows, "complete": len(rows) < limit})

    for method, handler, asks in (
        ("POST", take_in_order, Asks("casework", Action.CREATE, Kind.ORDER, _ADMIN, also=_ALSO)),
        ("GET", list_orders, Asks("casework", Action.LIST, Kind.ORDER, _ADMIN)),
    ):
        api.add_api_route(
            _PATH, handler, methods=[method], operation_id=f"casework_{handler.__name__}", response_model=None,
            openapi_extra=asks.extra(),
        )  # fmt: skip
    return api
