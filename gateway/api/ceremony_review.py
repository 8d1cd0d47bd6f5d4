"""Ceremonies as oversight reviews them: every one, and one with its approvals held against their signatures."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api.access_log import oversight_of
from gateway.api.casework import aware
from gateway.api.json import StrictRoute, json_response
from gateway.gate import Asks, Gate
from vault.errors import ConfigurationError
from vault.ids import ReleaseId
from vault.usecases import ceremony_review
from vault.vocabulary import Action, Kind, Purpose


def watch_router(gate: Gate) -> APIRouter:
    oversight, office = oversight_of(gate), gate.services.access.get(gate.zone)
    if office is None:
        raise ConfigurationError("this process has no keys to open forms with")
    api = APIRouter(tags=["oversight"], route_class=StrictRoute)

    async def list_ceremonies(request: Request, since: datetime | None = None, waiting: bool = False) -> Response:
        """Ceremonies of the last year, each with its review and the day by which it must be closed."""
        begins = aware(since)
        rows = await gate.run(
            request,
            lambda uow, who: ceremony_review.list_ceremonies(uow, who, begins, oversight, waiting=waiting),
            quick=False,
        )
        return json_response({"ceremonies": rows})

    async def read_ceremony_evidence(request: Request, ceremony: str) -> Response:
        """One with its form and approvals: who signed, whether each signature holds, and all it takes to check it."""
        wanted = ReleaseId.parse(ceremony)
        return json_response(
            await gate.run(
                request,
                lambda uow, who: ceremony_review.read_ceremony(uow, who, wanted, oversight, office),
                quick=False,
            )
        )

    for path, handler, action in (
        ("/oversight/ceremonies", list_ceremonies, Action.LIST),
        ("/oversight/ceremonies/{ceremony}", read_ceremony_evidence, Action.READ),
    ):
        api.add_api_route(
            path, handler, methods=["GET"], operation_id=f"oversight_{handler.__name__}", response_model=None,
            openapi_extra=Asks("oversight", action, Kind.CEREMONY_USE, Purpose.ACCESS_REVIEW).extra(),
        )  # fmt: skip
    return api
