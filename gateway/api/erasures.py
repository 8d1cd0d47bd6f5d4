"""Erasing closed cases: casework sees what is due and asks, oversight answers. Nothing here erases by itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from gateway.api.casework import aware
from gateway.api.json import json_response
from gateway.api.models import Body
from gateway.api.routes import Line, ZoneLine, casework_of, casework_router, zone_router
from gateway.gate import Gate
from vault.errors import ConfigurationError
from vault.ids import ErasureId
from vault.lifecycle.erasure import Refusal, Verdict
from vault.usecases import erasing
from vault.usecases.casework import Casework, parse_reference
from vault.vocabulary import CASEWORK, Action, Kind, Purpose

_ADMIN: Final = Purpose.CASE_ADMINISTRATION
Limit = Annotated[int, Query(ge=1, le=erasing.LIST_LIMIT)]


class ErasureBody(Body):
    """ground: a code of the office's file."""

    ground: Annotated[str, StringConstraints(max_length=24)]


class RefusalBody(Body):
    """code: why not."""

    code: Annotated[Refusal, Field(strict=False)]


class _Way:
    """Casework's routes."""

    def __init__(self, gate: Gate, casework: Casework) -> None:
        self._gate = gate
        self._casework = casework
        self._post = gate.services.correspondence[CASEWORK]

    async def list_due(self, request: Request, limit: Limit = 50, by: date | None = None) -> Response:
        """Closed cases of the region that may be kept no longer, or are asked for already, with what holds each."""
        rows = await self._gate.run(
            request,
            lambda uow, actor: erasing.list_due(uow, actor, self._casework, self._post, limit=limit, by=by),
            quick=False,
        )
        return json_response({"cases": rows, "grounds": list(self._casework.retention.grounds)})

    async def ask_erasure(self, request: Request, case: str, body: ErasureBody) -> Response:
        """Ask that a case be erased; an open one is held. The data protection officer answers; nothing goes before."""
        wanted, ground = parse_reference(case), body.ground
        return json_response(
            await self._gate.run(
                request, lambda uow, actor: erasing.ask(uow, actor, wanted, ground, self._casework, self._post)
            ),
            201,
        )

    def lines(self) -> tuple[Line, ...]:
        return (
            ("GET", "/casework/erasures", self.list_due, Action.LIST, Kind.ERASURE, _ADMIN),
            ("POST", "/casework/cases/{case}/erasure", self.ask_erasure, Action.CREATE, Kind.ERASURE, _ADMIN),
        )


def router(gate: Gate) -> APIRouter:
    return casework_router(_Way(gate, casework_of(gate)).lines())


def deciding_router(gate: Gate) -> APIRouter:
    """Oversight's routes: what was asked, yes, and no."""
    watch = gate.services.erasures
    if watch is None:
        raise ConfigurationError("this process has no oversight keys")

    async def list_erasures(request: Request, limit: Limit = 50, before: datetime | None = None) -> Response:
        """What was asked to be erased, newest first; each by its name in the log."""
        begins = aware(before)
        rows = await gate.run(
            request, lambda uow, actor: erasing.list_asked(uow, actor, watch, limit=limit, before=begins)
        )
        return json_response({"erasures": rows})

    async def _say(request: Request, erasure: str, verdict: Verdict, code: str) -> Response:
        wanted = ErasureId.parse(erasure)
        return json_response(
            await gate.run(request, lambda uow, actor: erasing.decide(uow, actor, wanted, verdict, code, watch)), 201
        )

    async def approve_erasure(request: Request, erasure: str) -> Response:
        """Agree. Casework erases soon after, unless something holds the case; this cannot be taken back."""
        return await _say(request, erasure, Verdict.APPROVED, "")

    async def refuse_erasure(request: Request, erasure: str, body: RefusalBody) -> Response:
        """Refuse, by code. It may be asked again."""
        return await _say(request, erasure, Verdict.REFUSED, body.code.value)

    one = "/oversight/erasures/{erasure}"
    lines: tuple[ZoneLine, ...] = (
        ("GET", "/oversight/erasures", list_erasures, Action.LIST, Kind.ERASURE, ()),
        ("POST", f"{one}/approve", approve_erasure, Action.SIGN, Kind.ERASURE, ()),
        ("POST", f"{one}/refuse", refuse_erasure, Action.CLOSE, Kind.ERASURE, ()),
    )
    return zone_router(gate, Purpose.DATA_PROTECTION, lines)
