"""Who consulted what of a case: casework passes the person's question on, the data protection officer answers it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.api.casework import aware
from gateway.api.json import StrictRoute, json_response
from gateway.gate import Asks, Gate
from vault.errors import ConfigurationError
from vault.ids import ReleaseId
from vault.usecases import access_report, received
from vault.usecases.casework import parse_reference
from vault.vocabulary import Action, Kind, Purpose

Language = Literal["fr", "nl", "de", "en"]
_ASKED: Final = "/casework/cases/{case}/access-report"
_REPORTS: Final = "/oversight/access-reports"


def asking_router(gate: Gate) -> APIRouter:
    """Casework: the person asks."""
    casework, sender = gate.services.casework, gate.services.sender
    if casework is None or sender is None:
        raise ConfigurationError("this process has no casework keys")
    api = APIRouter(tags=["casework"], route_class=StrictRoute)

    async def ask_access_report(request: Request, case: str) -> Response:
        """Pass on that the person asks who consulted what. The case's names go to oversight, sealed."""
        wanted = parse_reference(case)
        granted = await gate.run(request, lambda uow, actor: access_report.authorise(uow, actor, wanted, casework))
        return json_response(
            await gate.run(request, lambda uow, actor: access_report.ask(uow, actor, granted, casework, sender)), 201
        )

    api.add_api_route(
        _ASKED, ask_access_report, methods=["POST"], operation_id="casework_ask_access_report", response_model=None,
        openapi_extra=Asks("casework", Action.RELEASE, Kind.ACCESS_REPORT, Purpose.CASE_ADMINISTRATION).extra(),
    )  # fmt: skip
    return api


def reports_router(gate: Gate) -> APIRouter:
    """Oversight: the data protection officer sees who asks, and makes the report."""
    oversight, words = gate.services.oversight, gate.services.report_words
    reception = gate.services.reception.get(gate.zone)
    if oversight is None or words is None or reception is None:
        raise ConfigurationError("this process has no oversight keys")
    api = APIRouter(tags=["oversight"], route_class=StrictRoute)

    async def list_access_reports(
        request: Request, limit: Annotated[int, Query(ge=1, le=200)] = 50, before: datetime | None = None
    ) -> Response:
        """Which persons ask who consulted what, newest first."""
        rows = await gate.run(
            request,
            lambda uow, actor: received.list_received(
                uow, actor, Kind.ACCESS_REPORT, Purpose.DATA_PROTECTION, reception, limit=limit, before=aware(before)
            ),
        )
        return json_response({"requests": rows})

    async def make_access_report(
        request: Request, release: str, lang: Language = "fr", since: datetime | None = None,
        until: datetime | None = None,
    ) -> Response:  # fmt: skip
        """The report of one request, signed, with its text in one language."""
        wanted, period = ReleaseId.parse(release), access_report.Period(aware(since), aware(until))
        report = await gate.run(
            request,
            lambda uow, actor: access_report.make(uow, actor, wanted, period, reception, oversight, words.withheld),
            quick=False,
        )
        return json_response({"report": report, "text": words.text(report, lang)})

    for path, handler, action in (
        (_REPORTS, list_access_reports, Action.LIST),
        (f"{_REPORTS}/{{release}}", make_access_report, Action.READ),
    ):
        api.add_api_route(
            path, handler, operation_id=f"oversight_{handler.__name__}", response_model=None,
            openapi_extra=Asks("oversight", action, Kind.ACCESS_REPORT, Purpose.DATA_PROTECTION).extra(),
        )  # fmt: skip
    return api
