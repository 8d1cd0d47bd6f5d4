"""Figures of the log, for auditor and data protection officer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.api.access_log import oversight_of
from gateway.api.json import StrictRoute, json_response
from gateway.gate import Asks, Authenticated, Gate
from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.oversight.log_figures import LogFigures, Step
from vault.unit_of_work import UnitOfWork
from vault.usecases import log_figures
from vault.usecases.trail import Oversight
from vault.vocabulary import Action, Kind, Purpose

Run = Callable[[Authenticated], Awaitable[Any]]


async def counted(run: Run, wanted: log_figures.Wanted, oversight: Oversight) -> tuple[Permit, LogFigures]:
    """Ask once, then count day by day, so that other requests come in between."""
    permit: Permit = await run(lambda uow, actor: log_figures.authorise(uow, actor, wanted, oversight))
    figures = wanted.figures(oversight)
    for day in figures.days():
        await run(partial(_day, permit=permit, figures=figures, day=day, oversight=oversight))
    return permit, figures


def _day(
    uow: UnitOfWork, actor: Actor, *, permit: Permit, figures: LogFigures, day: date, oversight: Oversight
) -> None:
    log_figures.count(uow, actor, permit, figures, day, oversight)


def router(gate: Gate) -> APIRouter:
    oversight = oversight_of(gate)
    api = APIRouter(tags=["oversight"], route_class=StrictRoute)

    async def read_log_figures(
        request: Request, first: Annotated[date, Query(alias="from")], end: Annotated[date, Query(alias="to")],
        step: Step = Step.WEEK,
    ) -> Response:  # fmt: skip
        """Looks, refusals, emergencies, searches and looks after hours, counted: `from` is inside, `to` is not."""
        wanted = log_figures.Wanted(first, end, step)
        permit, figures = await counted(lambda work: gate.run(request, work, quick=False), wanted, oversight)
        return json_response(log_figures.told(permit, wanted, figures))

    api.add_api_route(
        "/oversight/log-figures", read_log_figures, operation_id="oversight_read_log_figures", response_model=None,
        openapi_extra=Asks("oversight", Action.READ, Kind.LOG_FIGURES, Purpose.ACCESS_REVIEW).extra(),
    )  # fmt: skip
    return api
