"""Facts: a set of routes for each compartment, so that what is asked of the firewall stands in the path."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api import record_models as m
from gateway.api.json import StrictRoute, json_response
from gateway.gate import Asks, Gate
from vault.errors import ConfigurationError
from vault.ids import RecordId
from vault.usecases import facts
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK, Action, Kind, Purpose

#: The last part of a path: which compartment's list.
SECTIONS: Final[dict[str, Kind]] = {
    "narrative": Kind.FACT,
    "contact": Kind.WHEREABOUTS,
    "sensitive": Kind.SENSITIVE_FACT,
    "stay-analysis": Kind.STAY_FACT,
    "return-plan": Kind.RETURN_FACT,
}
Handler = Callable[..., Coroutine[Any, Any, Response]]


class _Facts:
    """The handlers of one compartment."""

    def __init__(self, gate: Gate, kind: Kind) -> None:
        if gate.services.casework is None:
            raise ConfigurationError("this process has no casework keys")
        self.gate, self.kind, self.casework = gate, kind, gate.services.casework

    async def read_facts(self, request: Request, case: str) -> Response:
        """The facts of this compartment, as they stand."""
        wanted = parse_reference(case)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: facts.read_facts(uow, actor, wanted, self.kind, self.casework)
            )
        )

    async def record_fact(self, request: Request, case: str, body: m.NewFactBody) -> Response:
        """Record a fact. Where it comes from is said once and never changes."""
        cmd = facts.RecordFact(parse_reference(case), self.kind, body.content(), body.language, body.provenance)
        return json_response(
            await self.gate.run(request, lambda uow, actor: facts.record_fact(uow, actor, cmd, self.casework)), 201
        )

    async def read_fact(self, request: Request, case: str, fact: str) -> Response:
        """One fact, with every earlier version beside it."""
        wanted, record = parse_reference(case), RecordId.parse(fact)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: facts.read_fact(uow, actor, wanted, self.kind, record, self.casework)
            )
        )

    async def revise_fact(self, request: Request, case: str, fact: str, body: m.RevisedFactBody) -> Response:
        """Write a new version; with `correction`, say why the one before was wrong. The old one stays."""
        cmd = facts.RecordFact(
            parse_reference(case), self.kind, body.content(), body.language, None, RecordId.parse(fact), body.based_on,
            body.correction,
        )  # fmt: skip
        return json_response(
            await self.gate.run(request, lambda uow, actor: facts.record_fact(uow, actor, cmd, self.casework))
        )


def router(gate: Gate) -> APIRouter:
    """Four routes a compartment; each declares what it asks."""
    api = APIRouter(tags=["facts"], route_class=StrictRoute)
    for section, kind in SECTIONS.items():
        own = _Facts(gate, kind)
        base = f"/casework/cases/{{case}}/facts/{section}"
        table: tuple[tuple[str, str, Handler, Action], ...] = (
            ("GET", base, own.read_facts, Action.READ),
            ("POST", base, own.record_fact, Action.WRITE),
            ("GET", f"{base}/{{fact}}", own.read_fact, Action.READ),
            ("PUT", f"{base}/{{fact}}", own.revise_fact, Action.WRITE),
        )
        for method, path, handler, action in table:
            api.add_api_route(
                path,
                handler,
                methods=[method],
                operation_id=f"casework_{handler.__name__}_{section.replace('-', '_')}",
                openapi_extra=Asks(str(CASEWORK), action, kind, Purpose.COACHING).extra(),
                response_model=None,
            )
    return api
