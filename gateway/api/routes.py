"""What casework's router modules share: a table of routes, each with what it asks of the firewall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

from gateway.api.json import StrictRoute
from gateway.gate import Asks, Gate
from vault.errors import ConfigurationError
from vault.usecases.casework import Casework
from vault.vocabulary import Action, Kind, Purpose

#: Method, path, handler, and the question: action, kind, purpose.
Line = tuple[str, str, Any, Action, Kind, Purpose]


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
