"""Passkeys and recovery codes over HTTP: one's own, and oversight's look at everybody's.

A passkey is made and used on the pages, in a browser; what needs none is here as well.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import StringConstraints
from starlette.responses import Response

from gateway.api.json import StrictRoute, json_response
from gateway.api.models import Body
from gateway.api.receiving import prefix
from gateway.auth.passwords import PasswordChecker
from gateway.gate import Asks, Gate
from gateway.settings import slug
from vault.ids import PasskeyId
from vault.usecases import passkeys, recovery, sign_in
from vault.vocabulary import Action, Kind, Purpose


class ProofBody(Body):
    """Password and code again. code: six digits, or a recovery code."""

    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class _Own:
    """What one may see and do of one's own sign-in. Asks the firewall nothing, like one's own sessions."""

    def __init__(self, gate: Gate, checker: PasswordChecker) -> None:
        self.gate = gate
        self.service = gate.services.sign_in[gate.zone]
        self.checker = checker

    async def list_passkeys(self, request: Request) -> Response:
        """One's own passkeys, the oldest first; `standing`: `waiting` until oversight has vouched for it."""
        desk = self.gate.services.passkeys[self.gate.zone]
        rows = await self.gate.run(request, lambda uow, actor: passkeys.list_own(uow, actor, desk))
        return json_response({"passkeys": rows})

    async def revoke_passkey(self, request: Request, passkey: str) -> Response:
        """Revoke one of one's own passkeys, for good."""
        wanted, desk = PasskeyId.parse(passkey), self.gate.services.passkeys[self.gate.zone]
        await self.gate.run(request, lambda uow, actor: passkeys.revoke_own(uow, actor, wanted, desk))
        return Response(status_code=204)

    async def recovery_codes(self, request: Request) -> Response:
        """How many recovery codes are left, since when, and when some were used."""
        return json_response(await self.gate.run(request, recovery.standing))

    async def make_recovery_codes(self, request: Request, body: ProofBody) -> Response:
        """A new set, shown this once; every older code is void. Asks for password and code again."""
        service = self.service
        candidate = await self.gate.run(request, lambda uow, actor: sign_in.look_up_own(uow, actor, service))
        right = await self.checker.check(candidate.staff.password, body.password)
        proof = passkeys.Proof(candidate, right, body.code)
        codes = await self.gate.run(
            request, lambda uow, actor: recovery.make_codes(uow, actor, proof, service), quick=False
        )
        return json_response({"codes": codes}, 201)


def router(gate: Gate, checker: PasswordChecker) -> APIRouter:
    """One's own, in every zone."""
    own, zone = _Own(gate, checker), slug(gate.zone)
    api = APIRouter(tags=[zone], route_class=StrictRoute)
    table: tuple[tuple[str, str, Any], ...] = (
        ("GET", "/passkeys", own.list_passkeys),
        ("DELETE", "/passkeys/{passkey}", own.revoke_passkey),
        ("GET", "/recovery-codes", own.recovery_codes),
        ("POST", "/recovery-codes", own.make_recovery_codes),
    )
    for method, path, handler in table:
        api.add_api_route(
            prefix(gate) + path, handler, methods=[method], operation_id=f"{zone}_{handler.__name__}",
            openapi_extra=Asks(str(gate.zone), None).extra(), response_model=None,
        )  # fmt: skip
    return api


def vouching_router(gate: Gate) -> APIRouter:
    """Oversight: everybody's passkeys, vouched for and revoked."""
    desk = gate.services.passkeys[gate.zone]
    api = APIRouter(tags=["oversight"], route_class=StrictRoute)

    async def list_enrolled(request: Request, waiting: bool = False) -> Response:
        """Passkeys of all zones, those that wait for a second person first; `waiting=true`: these alone."""
        rows = await gate.run(
            request, lambda uow, actor: passkeys.list_enrolled(uow, actor, desk, waiting=waiting), quick=False
        )
        return json_response({"passkeys": rows})

    async def countersign_passkey(request: Request, passkey: str) -> Response:
        """Vouch that it is its holder's: for another person, of another function."""
        wanted = PasskeyId.parse(passkey)
        reply = await gate.run(request, lambda uow, actor: passkeys.countersign(uow, actor, wanted, desk))
        return json_response(reply, 201)

    async def revoke_enrolled(request: Request, passkey: str) -> Response:
        """Revoke somebody else's, for good."""
        wanted = PasskeyId.parse(passkey)
        reply = await gate.run(request, lambda uow, actor: passkeys.revoke(uow, actor, wanted, desk))
        return json_response(reply, 201)

    one = "/oversight/staff-passkeys/{passkey}"
    table: tuple[tuple[str, str, Any, Action], ...] = (
        ("GET", "/oversight/staff-passkeys", list_enrolled, Action.LIST),
        ("POST", f"{one}/countersignature", countersign_passkey, Action.SIGN),
        ("POST", f"{one}/revocation", revoke_enrolled, Action.CLOSE),
    )
    for method, path, handler, action in table:
        api.add_api_route(
            path, handler, methods=[method], operation_id=f"oversight_{handler.__name__}", response_model=None,
            openapi_extra=Asks("oversight", action, Kind.PASSKEY, Purpose.ACCESS_REVIEW).extra(),
            status_code=201 if method == "POST" else 200,
        )  # fmt: skip
    return api
