"""Re-identification by ceremony: follow-up asks, casework begins, oversight lets the second share go, follow-up reads.

Approving, refusing and asking back go by the routes of gated access: a ceremony is a request of that kind.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from gateway.api.access import Code, Reason, RevocationBody
from gateway.api.json import json_response
from gateway.api.models import Body, clean
from gateway.api.receiving import prefix
from gateway.api.routes import ZoneLine, zone_router
from gateway.gate import Gate
from vault.cases.access_requests import Manner, Naming
from vault.errors import ConfigurationError
from vault.ids import ReleaseId, RequestId
from vault.usecases import asking
from vault.usecases import ceremony as ceremonies
from vault.usecases.answering import AnsweringDesk, desk_of
from vault.vocabulary import CASEWORK, Action, Kind, Purpose

Minutes = Annotated[int, Field(ge=1, le=60)]


class CeremonyBody(Body):
    """One pseudonym. There is no field to choose, and no list of people."""

    pseudonym: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    purpose: Literal["oqt_follow_up"] = "oqt_follow_up"
    basis: Code
    reason: Reason
    minutes: Minutes

    def command(self) -> asking.Ask:
        clean(self.pseudonym, self.reason, self.basis)
        return asking.Ask(
            Naming.PSEUDONYM, self.pseudonym, (), self.basis, self.reason, 0, Manner.CEREMONY, self.minutes
        )


def asking_router(gate: Gate) -> APIRouter:
    """Follow-up: ask who hides behind a pseudonym of its own, and read it."""
    office, reception = gate.services.access.get(gate.zone), gate.services.reception.get(gate.zone)
    if office is None or reception is None:
        raise ConfigurationError("this process has no keys to ask with")

    async def ask_ceremony(request: Request, body: CeremonyBody) -> Response:
        """Ask who hides behind a pseudonym. Answered, looked at and explained like every request for access."""
        cmd = body.command()
        return json_response(
            await gate.run(request, lambda uow, actor: asking.file(uow, actor, cmd, office), quick=False), 201
        )

    async def read_ceremony(request: Request, ceremony: str) -> Response:
        """Who it is, while the ceremony is open. Each look is decided and logged."""
        wanted = ReleaseId.parse(ceremony)
        return json_response(
            await gate.run(request, lambda uow, actor: ceremonies.read_identity(uow, actor, wanted, office, reception))
        )

    base = f"{prefix(gate)}/ceremonies"
    return zone_router(
        gate,
        Purpose.OQT_FOLLOW_UP,
        (
            ("POST", base, ask_ceremony, Action.CREATE, Kind.ACCESS_REQUEST, ()),
            ("GET", f"{base}/{{ceremony}}", read_ceremony, Action.READ, Kind.CEREMONY, ()),
        ),
    )


def answering_router(gate: Gate) -> APIRouter:
    """Casework: a regional head begins and ends. Oversight: the data protection officer opens and ends."""
    office = gate.services.access.get(gate.zone)
    if office is None:
        raise ConfigurationError("this process has no keys to answer with")
    desk = desk_of(office, gate.services.casework)
    base, kind = f"{prefix(gate)}/ceremonies", Kind.CEREMONY

    async def end_ceremony(request: Request, ceremony: str, body: RevocationBody) -> Response:
        """End a ceremony at once. It binds the very next request; its first share is destroyed, or by the sweep."""
        wanted = ReleaseId.parse(ceremony)
        reply = await gate.run(
            request, lambda uow, actor: ceremonies.end(uow, actor, wanted, body.reason, desk), quick=False
        )
        casework = gate.services.casework
        if casework is not None:
            await gate.services.worker.submit(CASEWORK, lambda uow: ceremonies.destroy_keys(uow, casework), quick=False)
        return json_response(reply, 201)

    ending: ZoneLine = ("POST", f"{base}/{{ceremony}}/end", end_ceremony, Action.CLOSE, kind, ())
    if gate.zone == CASEWORK:
        return zone_router(gate, Purpose.CASE_ADMINISTRATION, (_beginning(gate, desk), ending))
    return zone_router(gate, Purpose.DATA_PROTECTION, (_opening(gate, desk, base), ending))


def _beginning(gate: Gate, desk: AnsweringDesk) -> ZoneLine:
    sender = gate.services.sender
    if sender is None:
        raise ConfigurationError("this process has no casework keys")

    async def begin_ceremony(request: Request, number: str) -> Response:
        """Seal the identity under a key of two shares: the entries commit first."""
        wanted = RequestId.parse(number)
        leave = await gate.run(
            request, lambda uow, actor: ceremonies.authorise_beginning(uow, actor, wanted, desk), quick=False
        )
        return json_response(
            await gate.run(request, lambda uow, actor: ceremonies.begin(uow, actor, leave, desk, sender), quick=False),
            201,
        )

    path = f"{prefix(gate)}/access-requests/{{number}}/ceremony"
    also = ((Action.RELEASE, Kind.CEREMONY),)
    return ("POST", path, begin_ceremony, Action.READ, Kind.ACCESS_REQUEST, also)


def _opening(gate: Gate, desk: AnsweringDesk, base: str) -> ZoneLine:
    async def open_ceremony(request: Request, ceremony: str) -> Response:
        """Let the second share go: the entry commits first, then the minutes begin."""
        wanted = ReleaseId.parse(ceremony)
        leave = await gate.run(
            request, lambda uow, actor: ceremonies.authorise_opening(uow, actor, wanted, desk), quick=False
        )
        return json_response(
            await gate.run(request, lambda uow, actor: ceremonies.let_go(uow, actor, leave, desk), quick=False), 201
        )

    also = ((Action.SIGN, Kind.CEREMONY),)
    return ("POST", f"{base}/{{ceremony}}/opening", open_ceremony, Action.READ, Kind.ACCESS_FORM, also)
