"""What router modules share: a table of routes, each with what it asks of the firewall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

from gateway.api.json import StrictRoute
from gateway.gate import Asks, Gate
from gateway.settings import slug
from vault.errors import ConfigurationError
from vault.usecases.casework import Casework
from vault.vocabulary import Action, Kind, Purpose

#: Method, path, handler, and the question: action, kind, purpose.
Line = tuple[str, str, Any, Action, Kind, Purpose]
#: Method, path, handler, action and kind of the question, and what is asked besides once that was allowed.
ZoneLine = tuple[str, str, Any, Action, Kind, tuple[tuple[Action, Kind], ...]]


def casework_of(gate: Gate) -> Casework:
    """Raises ConfigurationError for a process without casework's keys."""
    if gate.services.casework is None:
        raise ConfigurationError("this process has no casework keys")
    return gate.services.casework


def casework_router(table: Sequence[Line]) -> APIRouter:
    """Every route declares what it asks; its operation id is the handler's name."""
    api = APIRouter(tags=["casework"], route_class=StrictRoute)
    for method, path, handler, action, kind, purpose in table:
        api.add_api_route(
            path,
            handler,
            methods=[method],
            operation_id=f"casework_{handler.__name__}",
            openapi_extra=Asks("casework", action, kind, purpose).extra(),
            response_model=None,
        )
    return api


def zone_router(gate: Gate, purpose: Purpose, table: Sequence[ZoneLine]) -> APIRouter:
    """Routes of any zone, all for one purpose; a POST creates something. Operation ids begin with the zone."""
    zone = slug(gate.zone)
    api = APIRouter(tags=[zone], route_class=StrictRoute)
    for method, path, handler, action, kind, also in table:
        api.add_api_route(
            path,
            handler,
            methods=[method],
            operation_id=f"{zone}_{handler.__name__}",
            openapi_extra=Asks(str(gate.zone), action, kind, purpose, also).extra(),
            response_model=None,
            status_code=201 if method == "POST" else 200,
        )
    return api
