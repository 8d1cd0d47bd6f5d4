"""Lawful exceptions: casework files one, lets it go, takes it back and tells the person; the recipient reads it.

Approving, refusing and asking back go by the routes of gated access: an exception is a request of that kind. The data
protection officer takes note of one that left, and can stop it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from gateway.api.access import Code, Hours, Limit, Reason, RevocationBody
from gateway.api.casework import aware
from gateway.api.json import json_response
from gateway.api.models import Body, clean
from gateway.api.receiving import prefix
from gateway.api.routes import ZoneLine, casework_of, zone_router
from gateway.gate import Gate
from vault.cases.exceptions import MOST_ITEMS, Silence
from vault.errors import ConfigurationError, InvalidInput
from vault.ids import ReleaseId, RequestId
from vault.usecases import answering, disclosing, exceptions, granting
from vault.usecases.answering import AnsweringDesk, desk_of
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK, Action, Kind, Purpose, Zone

Item = Annotated[str, StringConstraints(max_length=60)]
_ADMIN: Final = Purpose.CASE_ADMINISTRATION


class SilenceBody(Body):
    """On which ground the person must not be told, and the last day on which it holds."""

    ground: Code
    until: Annotated[date, Field(strict=False)]


class ExceptionBody(Body):
    """items: fields, or facts as KIND:NUMBER."""

    basis: Code
    recipient: Code
    items: Annotated[list[Item], Field(max_length=MOST_ITEMS)]
    reason: Reason
    hours: Hours
    silence: SilenceBody | None = None

    def command(self, case: str) -> exceptions.File:
        clean(self.basis, self.recipient, self.reason, *self.items)
        try:
            recipient = Zone.parse(self.recipient)
        except ValueError:
            raise InvalidInput("a recipient is partner:NAME", field="recipient") from None
        silence = Silence(self.silence.ground, self.silence.until) if self.silence is not None else None
        return exceptions.File(
            parse_reference(case), self.basis, recipient, self.items, self.reason, self.hours, silence
        )


def casework_router(gate: Gate) -> APIRouter:
    """A coach or a head files, sees and tells; a head lets go and takes back."""
    office = gate.services.access.get(gate.zone)
    if office is None:
        raise ConfigurationError("this process has no casework keys")
    desk = desk_of(office, casework_of(gate))

    async def file_exception(request: Request, case: str, body: ExceptionBody) -> Response:
        """File a lawful exception: named items of this case, for one recipient, upon one basis. Two others approve."""
        cmd = body.command(case)
        return json_response(
            await gate.run(request, lambda uow, actor: exceptions.file(uow, actor, cmd, desk), quick=False), 201
        )

    async def list_exceptions(request: Request, case: str) -> Response:
        """The exceptions of a case, newest first: how each stands, and whether the person was told."""
        wanted = parse_reference(case)
        rows = await gate.run(
            request, lambda uow, actor: exceptions.list_of_case(uow, actor, wanted, desk), quick=False
        )
        return json_response({"exceptions": rows})

    async def record_exception_notice(request: Request, case: str, number: str) -> Response:
        """Write down that the person was told what left, to whom, upon which basis."""
        wanted, which = parse_reference(case), RequestId.parse(number)
        reply = await gate.run(
            request, lambda uow, actor: exceptions.record_notice(uow, actor, wanted, which, desk), quick=False
        )
        return json_response(reply, 201)

    base, kind = prefix(gate), Kind.DISCLOSURE
    of_case = f"{base}/cases/{{case}}/exceptions"
    return zone_router(
        gate,
        _ADMIN,
        (
            ("POST", of_case, file_exception, Action.CREATE, kind, ()),
            ("GET", of_case, list_exceptions, Action.LIST, kind, ()),
            ("POST", f"{of_case}/{{number}}/notice", record_exception_notice, Action.WRITE, kind, ()),
            *_letting_go(gate, desk),
        ),
    )  # fmt: skip


def _letting_go(gate: Gate, desk: AnsweringDesk) -> Sequence[ZoneLine]:
    """A head lets the items go, and takes them back."""
    casework, sender = casework_of(gate), gate.services.sender
    if sender is None:
        raise ConfigurationError("this process has no casework keys")

    async def disclose(request: Request, number: str) -> Response:
        """Let the items go, once both functions have signed: the entries commit first, then the copy is sealed."""
        wanted = RequestId.parse(number)
        leave = await gate.run(request, lambda uow, actor: disclosing.authorise(uow, actor, wanted, desk), quick=False)
        return json_response(
            await gate.run(
                request, lambda uow, actor: disclosing.disclose(uow, actor, leave, desk, sender), quick=False
            ),
            201,
        )

    async def revoke_disclosure(request: Request, disclosure: str, body: RevocationBody) -> Response:
        """Take it back. It binds the very next request; then its key is destroyed."""
        wanted = ReleaseId.parse(disclosure)
        reply = await gate.run(
            request, lambda uow, actor: disclosing.revoke(uow, actor, wanted, body.reason, desk), quick=False
        )
        await gate.services.worker.submit(CASEWORK, lambda uow: granting.destroy_keys(uow, casework), quick=False)
        return json_response(reply, 201)

    base = prefix(gate)
    return (
        (
            "POST", f"{base}/access-requests/{{number}}/disclosure", disclose, Action.READ, Kind.ACCESS_REQUEST,
            ((Action.RELEASE, Kind.DISCLOSURE),),
        ),
        ("POST", f"{base}/disclosures/{{disclosure}}/revocation", revoke_disclosure, Action.CLOSE, Kind.DISCLOSURE, ()),
    )  # fmt: skip


def oversight_router(gate: Gate) -> APIRouter:
    """The data protection officer takes note of what left, and can stop it."""
    office = gate.services.access.get(gate.zone)
    if office is None:
        raise ConfigurationError("this process has no keys to answer with")
    desk: AnsweringDesk = desk_of(office, None)

    async def acknowledge_exception(request: Request, number: str) -> Response:
        """Take note of a lawful exception that left; once."""
        wanted = RequestId.parse(number)
        return json_response(
            await gate.run(request, lambda uow, actor: answering.acknowledge(uow, actor, wanted, desk), quick=False),
            201,
        )

    async def stop_disclosure(request: Request, disclosure: str, body: RevocationBody) -> Response:
        """Take back what left. It binds the very next request; casework destroys the key."""
        wanted = ReleaseId.parse(disclosure)
        reply = await gate.run(
            request, lambda uow, actor: disclosing.stop(uow, actor, wanted, body.reason, desk), quick=False
        )
        casework = gate.services.casework
        if casework is not None:  # in one process with it; else its sweep finds it
            await gate.services.worker.submit(CASEWORK, lambda uow: granting.destroy_keys(uow, casework), quick=False)
        return json_response(reply, 201)

    base = prefix(gate)
    noted = f"{base}/access-requests/{{number}}/acknowledgement"
    stopped = f"{base}/disclosures/{{disclosure}}/revocation"
    lines: Sequence[ZoneLine] = (
        ("POST", noted, acknowledge_exception, Action.WRITE, Kind.ACCESS_FORM, ()),
        ("POST", stopped, stop_disclosure, Action.CLOSE, Kind.DISCLOSURE, ()),
    )
    return zone_router(gate, Purpose.DATA_PROTECTION, lines)


def recipient_router(gate: Gate) -> APIRouter:
    """Another body: what lawful exceptions gave it."""
    reception = gate.services.reception[gate.zone]

    async def list_disclosures(
        request: Request, limit: Limit = 50, before: datetime | None = None, *, ended: bool = False
    ) -> Response:
        """What was given to this body and can be opened now, newest first; or what has ended."""
        rows = await gate.run(
            request,
            lambda uow, actor: disclosing.list_disclosed(
                uow, actor, reception, limit=limit, before=aware(before), ended=ended
            ),
            quick=False,
        )
        return json_response({"disclosures": rows})

    async def read_disclosure(request: Request, disclosure: str) -> Response:
        """The items, while they can be opened. Each look is decided and logged."""
        wanted = ReleaseId.parse(disclosure)
        return json_response(
            await gate.run(
                request, lambda uow, actor: disclosing.read_disclosed(uow, actor, wanted, reception), quick=False
            )
        )

    base = f"{prefix(gate)}/disclosures"
    return zone_router(
        gate,
        Purpose.LEGAL_OBLIGATION,
        (
            ("GET", base, list_disclosures, Action.LIST, Kind.DISCLOSURE, ()),
            ("GET", f"{base}/{{disclosure}}", read_disclosure, Action.READ, Kind.DISCLOSURE, ()),
        ),
    )
