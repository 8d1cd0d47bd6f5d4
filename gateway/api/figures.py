"""Outcome figures of the region, for its head."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.api.json import StrictRoute, json_response
from gateway.gate import Asks, Gate
from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.errors import ConfigurationError
from vault.ids import CaseId
from vault.statistics.measures import By, Table
from vault.unit_of_work import UnitOfWork
from vault.usecases import figures
from vault.vocabulary import Action, Kind, Purpose

_PATH: Final = "/casework/figures"


def _page(uow: UnitOfWork, actor: Actor, *, permit: Permit, table: Table, after: CaseId | None) -> CaseId | None:
    return figures.count(uow, actor, permit, table, after)


def router(gate: Gate) -> APIRouter:
    """One route; counting is paged inside it, so that other requests come in between."""
    casework = gate.services.casework
    if casework is None:
        raise ConfigurationError("this process has no casework keys")
    api = APIRouter(tags=["casework"], route_class=StrictRoute)

    async def read_figures(
        request: Request, first: Annotated[date, Query(alias="from")], end: Annotated[date, Query(alias="to")],
        by: By = By.COACH_TYPE,
    ) -> Response:  # fmt: skip
        """What was recorded in a period, counted: `from` is inside, `to` is not. Not for publication."""
        wanted = figures.Wanted(first, end, by)
        permit = await gate.run(request, lambda uow, actor: figures.authorise(uow, actor, wanted, casework))
        table = wanted.table()
        after: CaseId | None = None
        while True:
            page = partial(_page, permit=permit, table=table, after=after)
            after = await gate.run(request, page, quick=False)
            if after is None:
                break
        reply = await gate.run(request, lambda _, actor: figures.told(actor, permit, wanted, table, casework))
        return json_response(reply)

    api.add_api_route(
        _PATH, read_figures, operation_id="casework_read_figures", response_model=None,
        openapi_extra=Asks("casework", Action.LIST, Kind.FIGURES, Purpose.CASE_ADMINISTRATION).extra(),
    )  # fmt: skip
    return api
