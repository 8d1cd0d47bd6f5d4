"""The web application of one process: the routers of the zones it serves, and nothing of the others."""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.metadata import version
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway import problems
from gateway.api import (
    access,
    access_log,
    access_report,
    appointments,
    attachments,
    authzen,
    break_glass,
    case_samples,
    casework,
    ceremonies,
    ceremony_review,
    coaches,
    erasures,
    exceptions,
    facts,
    figures,
    flow,
    letters,
    log_figures,
    notes,
    operation,
    orders,
    partner,
    passkeys,
    people,
    questions,
    receiving,
    referrals,
    reviewing_looks,
    tasks,
)
from gateway.api.json import json_response
from gateway.api.why import router as why_router
from gateway.auth.passwords import PasswordChecker
from gateway.background import file_the_log
from gateway.decision_points import points_of
from gateway.gate import Asks, Gate
from gateway.hot_path import HotPath
from gateway.middleware import Guardrails
from gateway.pages.router import routes as pages
from gateway.printing.printer import Printer
from gateway.rewrapper import rewrapping
from gateway.sweeper import sweeping
from gateway.turned_away import TurnedAway
from gateway.wiring import Services
from vault.vocabulary import OVERSIGHT, Kind, Purpose, ZoneKind

_GC_THRESHOLDS: Final = (20_000, 20, 50)
_ENCODED_SLASH: Final = re.compile(rb"%2[Ff]")
#: Seconds after the start: what the first requests load stays as well.
_SETTLES: Final = 2.0


class Application(FastAPI):
    """FastAPI for everything but the hot path (`gateway.hot_path`), which is answered before its stack."""

    hot_path: HotPath | None = None
    turned_away: TurnedAway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if b"%2" in (raw := scope.get("raw_path") or b"") and _ENCODED_SLASH.search(raw):
            # It belongs to a name and parts nothing (RFC 3986, 2.2): a proxy that guards addresses reads it so.
            scope["path"] = raw.decode("ascii", "replace")
        if self.hot_path is not None and (parts := self.hot_path.wanted(scope)) is not None:
            await self.hot_path.answer(parts, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(services: Services) -> Application:
    """Put the routers of the zones that this process serves together."""
    turned_away = TurnedAway(services)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        settling = asyncio.get_running_loop().call_later(_SETTLES, _settle_memory)
        async with AsyncExitStack() as stack:
            stack.callback(settling.cancel)
            stack.callback(services.close)
            if OVERSIGHT in services.sign_in:
                filing = file_the_log(services.worker, services.filing_pace)
                stack.push_async_callback(_end, asyncio.create_task(filing))
            stack.push_async_callback(turned_away.flush)
            stack.push_async_callback(_end, asyncio.create_task(turned_away.run()))
            await stack.enter_async_context(sweeping(services))
            await stack.enter_async_context(rewrapping(services))
            yield

    app = Application(
        title="Parefeu", version=version("parefeu"), lifespan=lifespan, openapi_url="/openapi.json",
        description="Privacy vault and access firewall for the ICAM case flow.",
        docs_url=None, redoc_url=None, telemetry={"logs": False},
        # A redirect would name the request's own host, and no TLS behind a proxy: a token would follow in clear.
        redirect_slashes=False,
    )  # fmt: skip
    problems.install(app)
    turned_away.install(app)
    app.turned_away = turned_away
    app.add_middleware(Guardrails)
    app.state.services = services
    checker, printer = PasswordChecker(), Printer()
    hot: tuple[str, Any, dict[str, Any]] | None = None
    gates = {zone: Gate(zone, services) for zone in services.sign_in}
    for gate in gates.values():
        _include(app, people.router(gate, checker))
        _include(app, passkeys.router(gate, checker))
        _include(app, why_router(gate))
        if gate.zone.kind is ZoneKind.CASEWORK:
            hot = _casework(app, gate, services, printer)
        else:
            _receiving(app, gate)
    _decision_points(app, gates.values(), services)
    _health(app, services)
    # First: the API's routers are asked one after the other, and a page would wait for them all.
    app.router.routes[:0] = pages(services, gates, checker, turned_away, printer)
    _document(app, hot)
    return app


def _include(app: FastAPI, router: APIRouter) -> None:
    """The router's routes become the application's as they are: ours have neither prefix nor dependencies of their own.

    FastAPI's `include_router` builds every route once more when the first request comes, which then waits for it.
    """
    app.router.routes.extend(router.routes)


def _casework(app: Application, gate: Gate, services: Services, printer: Printer) -> tuple[str, Any, dict[str, Any]]:
    """The routes of the zone that keeps the cases; returns the hot one, which goes past FastAPI."""
    hot = casework.hot_route(gate)
    path, handler, _ = hot
    if services.casework is not None:
        app.hot_path = HotPath(gate, services.casework, app.turned_away.note)
    app.router.routes.insert(0, Route(path, handler, methods=["GET"]))
    ways = (
        casework, flow, notes, facts, attachments, tasks, appointments, coaches, figures, referrals, orders,
        break_glass, case_samples, erasures, questions,
    )  # fmt: skip
    for module in ways:
        _include(app, module.router(gate))
    _include(app, letters.router(gate, printer))
    _include(app, access_report.asking_router(gate))
    _include(app, access.answering_router(gate))
    _include(app, ceremonies.answering_router(gate))
    _include(app, exceptions.casework_router(gate))
    return hot


def _receiving(app: Application, gate: Gate) -> None:
    """The routes of a zone that gets what casework released to it."""
    if gate.zone.kind is ZoneKind.FOLLOW_UP:
        _include(app, receiving.releases_router(gate, Kind.OUTCOME_SHEET, Purpose.OQT_FOLLOW_UP, "sheets"))
        _include(app, access.asking_router(gate))
        _include(app, ceremonies.asking_router(gate))
    elif gate.zone.kind is ZoneKind.PARTNER:
        _include(app, receiving.releases_router(gate, Kind.REFERRAL, Purpose.REFERRAL, "referrals"))
        _include(app, partner.router(gate))
        _include(app, exceptions.recipient_router(gate))
    else:
        for router in (access_log.router, reviewing_looks.router, access_report.reports_router):
            _include(app, router(gate))
        _include(app, access.answering_router(gate))
        _include(app, ceremonies.answering_router(gate))
        _include(app, exceptions.oversight_router(gate))
        _include(app, partner.watch_router(gate))
        _include(app, break_glass.watch_router(gate))
        _include(app, ceremony_review.watch_router(gate))
        _include(app, erasures.deciding_router(gate))
        _include(app, log_figures.router(gate))
        _include(app, operation.router(gate))
        _include(app, passkeys.vouching_router(gate))
        _include(app, receiving.releases_router(gate, Kind.OUTCOME_SHEET, Purpose.ACCESS_REVIEW, "sheets", lists=False))


def _settle_memory() -> None:
    """What start-up built lives as long as the process: the collector need not walk it again for every few requests.

    Nor now: that would stop everybody for a fifth of a second. What start-up left in cycles, a thousand objects, stays.
    """
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.enable()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _decision_points(app: FastAPI, gates: Iterable[Gate], services: Services) -> None:
    """Where other systems ask: the vault of each zone, the namespaces beside it, and the metadata of them all."""
    paths: list[str] = []
    for gate in gates:
        points = points_of(gate, services.namespaces.get(gate.zone, ()))
        _include(app, authzen.router(gate, points))
        paths += [receiving.prefix(gate) + below for below in points]
    _include(app, authzen.discovery(paths, services.settings.public_url))


def _health(app: FastAPI, services: Services) -> None:
    async def health(_: Request) -> Response:
        """Whether this process answers, and under which policy. No content, no counts."""
        return json_response({"status": "up", "policy": services.firewall.digest.hex()})

    app.add_api_route(
        "/health",
        health,
        operation_id="health",
        openapi_extra=Asks("", None).extra(),
        response_model=None,
        tags=["operation"],
    )


def _document(app: FastAPI, hot: tuple[str, Any, dict[str, Any]] | None) -> None:
    """The hot route is not FastAPI's, so its description is added by hand; every operation may answer a problem."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        schema = build()
        problem = {
            "description": "A problem (RFC 9457)",
            "content": {
                problems.MEDIA_TYPE: {
                    "schema": {
                        "type": "object",
                        "required": ["type", "title", "status", "instance"],
                        "properties": {name: {"type": "string"} for name in ("type", "title", "detail", "instance")}
                        | {"status": {"type": "integer"}},
                    }
                }
            },
        }
        if hot is not None:
            path, handler, extra = hot
            parameters = [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in ("case", "note")
            ]
            schema["paths"].setdefault(path, {})["get"] = {
                "tags": ["casework"],
                "summary": "Read Note",
                "description": handler.__doc__,
                "operationId": "casework_read_note",
                "parameters": parameters,
                "responses": {"200": {"description": "Successful Response", "content": {"application/json": {}}}},
                **extra,
            }
        for operations in schema["paths"].values():
            for one in operations.values():
                one["responses"].pop("422", None)
                one["responses"]["default"] = problem
        app.openapi_schema = schema
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
