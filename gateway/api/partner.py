"""A partner's routes besides reading its referrals: answers, withdrawals, receipts; and oversight's look at these."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api import models as m
from gateway.api.casework import aware
from gateway.api.json import StrictRoute, json_response
from gateway.api.receiving import Limit, prefix
from gateway.gate import Asks, Gate
from gateway.settings import slug
from vault.errors import ConfigurationError
from vault.ids import ReleaseId
from vault.usecases import answers, withdrawals
from vault.vocabulary import Action, Kind, Purpose


def router(gate: Gate) -> APIRouter:
    """Answer a referral, see what was withdrawn, confirm what became of the copies."""
    reception = gate.services.reception[gate.zone]
    zone = slug(gate.zone)
    api = APIRouter(tags=[zone], route_class=StrictRoute)

    async def answer_referral(request: Request, release: str, body: m.AnswerBody) -> Response:
        """Accept, refuse or write to the coach. Only casework opens it."""
        wanted = ReleaseId.parse(release)
        reply = await gate.run(
            request,
            lambda uow, actor: answers.give_answer(uow, actor, wanted, body.status, body.message, reception),
            quick=False,
        )
        return json_response(reply, 201)

    async def list_withdrawals(request: Request, limit: Limit = 50, before: datetime | None = None) -> Response:
        """What was withdrawn, newest first, with the receipts given."""
        rows = await gate.run(
            request,
            lambda uow, actor: withdrawals.list_addressed(uow, actor, reception, limit=limit, before=aware(before)),
            quick=False,
        )
        return json_response({"withdrawals": rows})

    async def give_receipt(request: Request, release: str, body: m.ReceiptBody) -> Response:
        """Confirm what became of the copies of a referral that was withdrawn."""
        wanted = ReleaseId.parse(release)
        reply = await gate.run(
            request, lambda uow, actor: withdrawals.give_receipt(uow, actor, wanted, body.outcome, reception)
        )
        return json_response(reply, 201)

    base = prefix(gate)
    table: tuple[tuple[str, str, Any, Action, Kind], ...] = (
        ("POST", "/referrals/{release}/answers", answer_referral, Action.WRITE, Kind.REFERRAL_ANSWER),
        ("GET", "/withdrawals", list_withdrawals, Action.LIST, Kind.WITHDRAWAL),
        ("POST", "/withdrawals/{release}/receipt", give_receipt, Action.WRITE, Kind.WITHDRAWAL),
    )
    for method, path, handler, action, kind in table:
        api.add_api_route(
            base + path,
            handler,
            methods=[method],
            operation_id=f"{zone}_{handler.__name__}",
            openapi_extra=Asks(str(gate.zone), action, kind, Purpose.REFERRAL).extra(),
            response_model=None,
        )
    return api


def watch_router(gate: Gate) -> APIRouter:
    """Which partners owe a receipt, for the data protection officer."""
    oversight, correspondence = gate.services.oversight, gate.services.correspondence[gate.zone]
    if oversight is None:
        raise ConfigurationError("this process has no oversight keys")
    api = APIRouter(tags=["oversight"], route_class=StrictRoute)

    async def list_withdrawals(
        request: Request, overdue: bool = True, limit: Limit = 50, before: datetime | None = None
    ) -> Response:
        """Withdrawals by every partner, by its own pseudonyms: those whose receipt is overdue, or all."""
        rows = await gate.run(
            request,
            lambda uow, actor: withdrawals.list_watched(
                uow, actor, oversight, correspondence, overdue=overdue, limit=limit, before=aware(before)
            ),
            quick=False,
        )
        return json_response({"withdrawals": rows})

    api.add_api_route(
        "/oversight/withdrawals",
        list_withdrawals,
        operation_id="oversight_list_withdrawals",
        openapi_extra=Asks("oversight", Action.LIST, Kind.WITHDRAWAL, Purpose.DATA_PROTECTION).extra(),
        response_model=None,
    )
    return api
