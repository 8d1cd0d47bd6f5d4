"""Sign in and out, one door per zone; a session of one zone is none in another."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api.json import StrictRoute, json_response
from gateway.api.models import SignInBody
from gateway.api.receiving import prefix
from gateway.auth.passwords import PasswordChecker
from gateway.auth.sessions import clear_cookie, set_cookie
from gateway.gate import Asks, Gate, source_of
from gateway.settings import slug
from vault.errors import SignInRefused
from vault.usecases import sign_in


def router(gate: Gate, checker: PasswordChecker) -> APIRouter:
    service = gate.services.sign_in[gate.zone]
    worker = gate.services.worker
    zone = slug(gate.zone)
    api = APIRouter(tags=[zone], route_class=StrictRoute)

    async def start(request: Request, body: SignInBody) -> Response:
        """Sign in with password and code. Sets a cookie; the token in the body is for programs."""
        candidate = await worker.submit(
            gate.zone, lambda uow: sign_in.look_up(uow, body.login, source_of(request), service)
        )
        stored = candidate.staff.password if candidate.staff is not None else None
        right = await checker.check(stored, body.password)
        try:
            token, session = await worker.submit(
                gate.zone, lambda uow: sign_in.conclude(uow, candidate, right, body.code, service)
            )
        except SignInRefused:
            await worker.submit(gate.zone, lambda uow: sign_in.refuse(uow, candidate, service))
            raise
        lifetime = int(sign_in.SESSION_LIFETIME.total_seconds())
        response = json_response(
            {
                "token": token,
                "name": session.name,
                "role": session.role,
                "zone": str(gate.zone),
                "expires_at": session.expires_at.isoformat(timespec="seconds"),
            },
            201,
        )
        set_cookie(response, gate.zone, token, lifetime)
        return response

    async def end(request: Request) -> Response:
        """Sign out; the very next request with this token is refused."""
        await gate.run(request, lambda uow, actor: sign_in.sign_out(uow, actor, gate.services.clock))
        response = Response(status_code=204)
        clear_cookie(response, gate.zone)
        return response

    async def whoami(request: Request) -> Response:
        """Who the bearer of this token is."""
        actor = await gate.run(request, lambda _, actor: actor)
        return json_response({"name": actor.name, "role": actor.role.value, "zone": str(gate.zone)})

    base = prefix(gate)
    nothing = Asks(str(gate.zone), None).extra()
    api.add_api_route(
        f"{base}/session",
        start,
        methods=["POST"],
        operation_id=f"{zone}_sign_in",
        openapi_extra=nothing,
        response_model=None,
    )
    api.add_api_route(
        f"{base}/session",
        end,
        methods=["DELETE"],
        operation_id=f"{zone}_sign_out",
        openapi_extra=nothing,
        response_model=None,
    )
    api.add_api_route(
        f"{base}/session",
        whoami,
        methods=["GET"],
        operation_id=f"{zone}_whoami",
        openapi_extra=nothing,
        response_model=None,
    )
    return api
