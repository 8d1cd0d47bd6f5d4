"""The steps of a case: a route for each, made from the table; and what a case can do, has done and waits for."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.api.casework import aware
from gateway.api.json import StrictRoute, json_response
from gateway.api.models import StepBody, step_body
from gateway.gate import Asks, Gate
from vault.cases.details import TAKES
from vault.cases.flow import FLOW, QUESTIONS, State, Step
from vault.errors import ConfigurationError
from vault.usecases import flow_view, hand_over, overview
from vault.usecases.casework import parse_reference
from vault.usecases.steps import TakeStep, take_step
from vault.vocabulary import Action, Kind, Purpose

CASE_PATH: Final = "/casework/cases/{case}"
Handler = Callable[..., Awaitable[Response]]


def path_of(step: Step) -> str:
    """`…/steps/hand-over`."""
    return f"{CASE_PATH}/steps/{step.value.replace('_', '-')}"


class _Router:
    def __init__(self, gate: Gate) -> None:
        services = gate.services
        if services.casework is None or services.sender is None:
            raise ConfigurationError("this process has no casework keys")
        self.gate = gate
        self.casework = services.casework
        self.sender = services.sender

    def handler(self, step: Step) -> Handler:
        """What answers a step's route. A body may be left out where the step needs nothing to be told."""
        body_type = step_body(step)

        async def handle(request: Request, case: str, body: StepBody) -> Response:
            cmd = TakeStep(parse_reference(case), step, body.details(), body.coach_login(), body.based_on)
            if step is Step.HAND_OVER:
                return await self._hand_over(request, cmd)
            reply = await self.gate.run(request, lambda uow, actor: take_step(uow, actor, cmd, self.casework))
            return json_response(reply, 201)

        handle.__name__ = step.value
        handle.__doc__ = _told_of(step)
        empty = body_type() if not TAKES[step].needed else inspect.Parameter.empty
        given = dict(inspect.signature(handle).parameters)
        given["request"] = given["request"].replace(annotation=Request)
        given["case"] = given["case"].replace(annotation=str)
        given["body"] = given["body"].replace(annotation=body_type, default=empty)
        # PEP 362: what FastAPI reads; the stubs of functions do not know the attribute.
        handle.__signature__ = inspect.Signature(list(given.values()))  # type: ignore[attr-defined]
        return handle

    async def _hand_over(self, request: Request, cmd: TakeStep) -> Response:
        """Two halves: the entries commit first, then the sheet is sealed and leaves."""
        granted = await self.gate.run(
            request, lambda uow, actor: hand_over.authorise_hand_over(uow, actor, cmd.case, self.casework, cmd.based_on)
        )
        reply = await self.gate.run(
            request, lambda uow, actor: hand_over.hand_over(uow, actor, granted, self.casework, self.sender)
        )
        return json_response(reply, 201)

    async def list_steps(self, request: Request, case: str) -> Response:
        """The steps that this case can take now, or why not; and those it took."""
        wanted = parse_reference(case)
        return json_response(
            await self.gate.run(request, lambda uow, actor: flow_view.list_steps(uow, actor, wanted, self.casework))
        )

    async def list_deadlines(self, request: Request, case: str) -> Response:
        """The days that count for a case, each with its rule, source and inputs."""
        wanted = parse_reference(case)
        rows = await self.gate.run(
            # Holidays are read when first needed: not in the event loop.
            request, lambda uow, actor: flow_view.list_deadlines(uow, actor, wanted, self.casework), quick=False
        )  # fmt: skip
        return json_response({"deadlines": rows})

    async def read_overview(
        self, request: Request, state: Annotated[list[State] | None, Query()] = None,
        language: Annotated[str, Query(pattern="^(fr|nl|de|en)?$")] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50, before: datetime | None = None,
    ) -> Response:  # fmt: skip
        """Open cases with the next step and the day that counts most: a coach's own, else the region's."""
        cmd = overview.Overview(tuple(state or ()), language, limit, aware(before))
        rows = await self.gate.run(
            request, lambda uow, actor: overview.read_overview(uow, actor, cmd, self.casework), quick=False
        )
        return json_response({"cases": rows, "complete": len(rows) < limit})

    async def list_avenues(self, request: Request, case: str) -> Response:
        """Towards which rights of residence the case headed. Sealed; the case's own coach reads it."""
        return await self._sealed(request, case, Kind.AVENUE)

    async def list_return_plans(self, request: Request, case: str) -> Response:
        """With whom the person meant to return. Sealed; the case's own coach reads it."""
        return await self._sealed(request, case, Kind.RETURN_PLAN)

    async def list_grounds(self, request: Request, case: str) -> Response:
        """Why more time was asked for, or the guidance suspended. Sealed; the case's own coach reads it."""
        return await self._sealed(request, case, Kind.GROUND)

    async def _sealed(self, request: Request, case: str, kind: Kind) -> Response:
        wanted = parse_reference(case)
        rows = await self.gate.run(
            request, lambda uow, actor: flow_view.read_sealed(uow, actor, wanted, kind, self.casework)
        )
        return json_response({f"{kind.value}s": rows})


def _told_of(step: Step) -> str:
    """The route's description, from the table."""
    rows = [row for row in FLOW if row.step is step]
    states = ", ".join(dict.fromkeys(row.state.value for row in rows))
    targets = ", ".join(dict.fromkeys(row.next.value if row.next else "where the case was" for row in rows))
    return f"In {states}: {step.value.replace('_', ' ')}. Leads to {targets}."


def router(gate: Gate) -> APIRouter:
    """Every route declares what it asks of the firewall."""
    own = _Router(gate)
    api = APIRouter(tags=["case flow"], route_class=StrictRoute)
    admin, coaching = Purpose.CASE_ADMINISTRATION, Purpose.COACHING
    looking: tuple[tuple[str, Handler, Action, Kind, Purpose], ...] = (
        (f"{CASE_PATH}/steps", own.list_steps, Action.LIST, Kind.STEP, admin),
        (f"{CASE_PATH}/deadlines", own.list_deadlines, Action.LIST, Kind.DEADLINE, admin),
        ("/casework/overview", own.read_overview, Action.SEARCH, Kind.DEADLINE, admin),
        (f"{CASE_PATH}/avenues", own.list_avenues, Action.READ, Kind.AVENUE, coaching),
        (f"{CASE_PATH}/return-plans", own.list_return_plans, Action.READ, Kind.RETURN_PLAN, coaching),
        (f"{CASE_PATH}/grounds", own.list_grounds, Action.READ, Kind.GROUND, coaching),
    )
    for path, handler, *asked in looking:
        _add(api, "GET", path, handler, tuple(asked))
    for step in Step:
        _add(api, "POST", path_of(step), own.handler(step), QUESTIONS[step])
    return api


def _add(api: APIRouter, method: str, path: str, handler: Handler, asked: Any) -> None:
    api.add_api_route(
        path,
        handler,
        methods=[method],
        operation_id=f"casework_{handler.__name__}",
        openapi_extra=Asks("casework", *asked).extra(),
        response_model=None,
        status_code=201 if method == "POST" else 200,
    )
