"""Sign in and out, one door per zone; a session of one zone is none in another."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api.json import StrictRoute, json_response
from gateway.api.models import SignInBody
from gateway.api.receiving import prefix
from gateway.auth.passwords import PasswordChecker
from gateway.auth.sessions import clear_cookie, set_cookie
from gateway.gate import Asks, Gate, source_of
from gateway.settings import slug
from vault.ids import SessionId
from vault.unit_of_work import SessionRow, UnitOfWork
from vault.usecases import own_sessions, recovery, sign_in


class _Sessions:
    """One zone's sign-in, sign-out and who-am-I."""

    def __init__(self, gate: Gate, checker: PasswordChecker) -> None:
        self.gate = gate
        self.service = gate.services.sign_in[gate.zone]
        self.worker = gate.services.worker
        self.checker = checker

    async def sign_in(self, request: Request, body: SignInBody) -> Response:
        """Sign in with password and code. Sets a cookie; the token in the body is for programs."""
        zone, service = self.gate.zone, self.service
        source = source_of(request.scope)
        candidate = await self.worker.submit(zone, lambda uow: sign_in.look_up(uow, body.login, source, service))
        stored = candidate.staff.password if candidate.staff is not None else None
        right = await self.checker.check(stored, body.password)

        def conclude(uow: UnitOfWork) -> tuple[str, SessionRow, list[datetime]]:
            token, session = sign_in.conclude(uow, candidate, right, body.code, service)
            return token, session, recovery.to_tell(uow, session)

        token, session, used = await self.worker.submit(zone, conclude)
        response = json_response(
            {
                "token": token,
                "name": session.name,
                "role": session.role,
                "zone": str(zone),
                "expires_at": session.expires_at.isoformat(timespec="seconds"),
            }
            | ({"recovery_codes_used": used} if used else {}),
            201,
        )
        set_cookie(response, zone, token, int(sign_in.SESSION_LIFETIME.total_seconds()))
        return response

    async def sign_out(self, request: Request) -> Response:
        """Sign out; the very next request with this token is refused."""
        await self.gate.run(request, lambda uow, actor: sign_in.sign_out(uow, actor, self.gate.services.clock))
        response = Response(status_code=204)
        clear_cookie(response, self.gate.zone)
        return response

    async def whoami(self, request: Request) -> Response:
        """Who the bearer of this token is."""
        actor = await self.gate.run(request, lambda _, actor: actor)
        return json_response({"name": actor.name, "role": actor.role.value, "zone": str(self.gate.zone)})

    async def list_sessions(self, request: Request) -> Response:
        """One's own open sessions, the oldest first; `here` is the one that asks."""
        clock = self.gate.services.clock
        rows = await self.gate.run(request, lambda uow, actor: own_sessions.list_open(uow, actor, clock))
        return json_response({"sessions": rows})

    async def end_sessions(self, request: Request) -> Response:
        """End all of one's own sessions but the one that asks."""
        clock = self.gate.services.clock
        ended = await self.gate.run(request, lambda uow, actor: own_sessions.end_others(uow, actor, clock))
        return json_response({"ended": ended})

    async def end_session(self, request: Request, session: str) -> Response:
        """End one of one's own sessions."""
        wanted, clock = SessionId.parse(session), self.gate.services.clock
        await self.gate.run(request, lambda uow, actor: own_sessions.end_one(uow, actor, wanted, clock))
        return Response(status_code=204)


def router(gate: Gate, checker: PasswordChecker) -> APIRouter:
    """The routes of a zone's sessions. They ask the firewall nothing: they touch no item, and nobody else's session."""
    own = _Sessions(gate, checker)
    zone = slug(gate.zone)
    api = APIRouter(tags=[zone], route_class=StrictRoute)
    table: tuple[tuple[str, str, Any], ...] = (
        ("POST", "/session", own.sign_in),
        ("DELETE", "/session", own.sign_out),
        ("GET", "/session", own.whoami),
        ("GET", "/sessions", own.list_sessions),
        ("DELETE", "/sessions", own.end_sessions),
        ("DELETE", "/sessions/{session}", own.end_session),
    )
    for method, path, handler in table:
        api.add_api_route(
            prefix(gate) + path,
            handler,
            methods=[method],
            operation_id=f"{zone}_{handler.__name__}",
            openapi_extra=Asks(str(gate.zone), None).extra(),
            response_model=None,
        )
    return api
