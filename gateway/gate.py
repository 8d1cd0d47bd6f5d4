"""From a request to a use case: who asks is found in the same transaction as what is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import Scope

from gateway.auth.sessions import token_hash
from gateway.wiring import Services
from vault.access.actor import Actor
from vault.storage.hot import Want
from vault.unit_of_work import UnitOfWork
from vault.usecases.decision_clients import DecisionClient, introduce
from vault.usecases.sign_in import authenticate
from vault.vocabulary import Action, Kind, Purpose, Zone

Authenticated = Callable[[UnitOfWork, Actor], Any]
ForClient = Callable[[UnitOfWork, DecisionClient], Any]


@dataclass(frozen=True, slots=True)
class Asks:
    """What a route asks of the firewall; every route declares it, a test calls each and compares.

    action None: the route asks nothing because it touches no item (sign-in, sign-out, who am I, health). also: what it
    asks besides, where one request is several acts.
    """

    zone: str
    action: Action | None
    kind: Kind | None = None
    purpose: Purpose | None = None
    also: tuple[tuple[Action, Kind], ...] = ()

    def extra(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "zone": self.zone,
            "action": self.action.value if self.action else None,
            "kind": self.kind.value if self.kind else None,
            "purpose": self.purpose.value if self.purpose else None,
        }
        if self.also:
            told["also"] = [[action.value, kind.value] for action, kind in self.also]
        return {"x-parefeu": told}


class Gate:
    """One zone's door."""

    def __init__(self, zone: Zone, services: Services) -> None:
        self.zone = zone
        self.services = services
        self._clock = services.clock

    async def run(self, request: Request, work: Authenticated, *, quick: bool = True) -> Any:
        """Run `work` as the bearer of the request's token, in one transaction; the reply is committed."""
        hashed = token_hash(request.scope, self.zone)
        return await self.services.worker.submit(
            self.zone, self.job(hashed, source_of(request.scope), work), quick=quick, want=Want(hashed)
        )

    async def run_for_client(self, request: Request, work: ForClient, *, quick: bool = True) -> Any:
        """The same for a service that asks for decisions; the token of a member of staff is none."""
        hashed, source, clock = token_hash(request.scope, self.zone), source_of(request.scope), self._clock
        return await self.services.worker.submit(
            self.zone, lambda uow: work(uow, introduce(uow, hashed, source, clock)), quick=quick, want=Want(hashed)
        )

    def job(self, hashed: bytes, source: str, work: Authenticated) -> Callable[[UnitOfWork], Any]:
        clock = self._clock

        def run(uow: UnitOfWork) -> Any:
            return work(uow, authenticate(uow, hashed, source, clock))

        return run


def source_of(scope: Scope) -> str:
    """The peer's address; forwarded headers count only where the server was told to trust its proxy."""
    client = scope.get("client")
    return client[0] if client is not None else ""
