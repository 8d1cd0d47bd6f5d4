"""Routes of the zones that receive: follow-up, partners, oversight."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.api.casework import aware
from gateway.api.json import json_response
from gateway.api.models import PRINTABLE
from gateway.gate import Asks, Gate
from gateway.settings import slug
from vault.errors import ConfigurationError
from vault.ids import EntryId, ReleaseId
from vault.unit_of_work import EntryFilter
from vault.usecases import received, trail
from vault.vocabulary import Action, Kind, Purpose, Zone

Limit = Annotated[int, Query(ge=1, le=200)]


def prefix(gate: Gate) -> str:
    """`/follow-up`, `/oversight`, `/partner/caritas`."""
    return zone_prefix(gate.zone)


def zone_prefix(zone: Zone) -> str:
    return "/" + str(zone).replace(":", "/").replace("_", "-" if not zone.organisation else "_")


def releases_router(gate: Gate, kind: Kind, purpose: Purpose, plural: str, *, lists: bool = True) -> APIRouter:
    """Open what was sealed to this zone, and list it where the rules have a list (`lists`)."""
    reception = gate.services.reception[gate.zone]
    zone = slug(gate.zone)
    quick = kind is not Kind.REFERRAL  # a reader of referrals may have to wait for a withdrawal
    api = APIRouter(tags=[zone])

    async def list_received(request: Request, limit: Limit = 50, before: datetime | None = None) -> Response:
        """What was released to this zone, newest first."""
        rows = await gate.run(
            request,
            lambda uow, actor: received.list_received(
                uow, actor, kind, purpose, reception, limit=limit, before=aware(before)
            ),
            quick=quick,
        )
        return json_response({plural: rows})

    async def read_received(request: Request, release: str) -> Response:
        """Open one release."""
        wanted = ReleaseId.parse(release)
        return json_response(
            await gate.run(
                request,
                lambda uow, actor: received.read_received(uow, actor, kind, purpose, wanted, reception),
                quick=quick,
            )
        )

    base = f"{prefix(gate)}/{plural}"
    reads = Asks(str(gate.zone), Action.READ, kind, purpose).extra()
    if lists:
        extra = Asks(str(gate.zone), Action.LIST, kind, purpose).extra()
        api.add_api_route(
            base, list_received, operation_id=f"{zone}_list_{plural}", openapi_extra=extra, response_model=None
        )
    api.add_api_route(
        f"{base}/{{release}}",
        read_received,
        operation_id=f"{zone}_read_{plural}",
        openapi_extra=reads,
        response_model=None,
    )
    return api


def trail_router(gate: Gate) -> APIRouter:
    """The access history, for auditor and DPO."""
    oversight = gate.services.oversight
    if oversight is None:
        raise ConfigurationError("this process has no oversight keys")
    api = APIRouter(tags=["oversight"])

    async def list_entries(
        request: Request, actor: Annotated[str, Query(max_length=40, pattern=PRINTABLE)] = "",
        subject: Annotated[str, Query(max_length=60, pattern=PRINTABLE)] = "", since: datetime | None = None,
        until: datetime | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 50, before: str = "",
    ) -> Response:  # fmt: skip
        """Audit entries, newest first; with `subject`, the access history of one case by its log pseudonym."""
        wanted = EntryFilter(
            actor, subject, aware(since), aware(until), limit, EntryId.parse(before) if before else None
        )
        rows = await gate.run(request, lambda uow, who: trail.list_entries(uow, who, wanted, oversight))
        return json_response({"entries": rows, "complete": len(rows) < limit})

    async def read_entry(request: Request, entry: str) -> Response:
        """One entry."""
        wanted = EntryId.parse(entry)
        return json_response(await gate.run(request, lambda uow, who: trail.read_entry(uow, who, wanted, oversight)))

    async def read_detail(request: Request, entry: str) -> Response:
        """Who exactly, from where and why. Looking is logged."""
        wanted = EntryId.parse(entry)
        return json_response(await gate.run(request, lambda uow, who: trail.read_detail(uow, who, wanted, oversight)))

    table: tuple[tuple[str, Any, Action, Kind], ...] = (
        ("/oversight/entries", list_entries, Action.LIST, Kind.AUDIT_ENTRY),
        ("/oversight/entries/{entry}", read_entry, Action.READ, Kind.AUDIT_ENTRY),
        ("/oversight/entries/{entry}/detail", read_detail, Action.READ, Kind.AUDIT_DETAIL),
    )
    for path, handler, action, kind in table:
        extra = Asks("oversight", action, kind, Purpose.ACCESS_REVIEW).extra()
        api.add_api_route(
            path, handler, operation_id=f"oversight_{handler.__name__}", openapi_extra=extra, response_model=None
        )
    return api
