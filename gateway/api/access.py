"""Gated access: follow-up asks, a regional head and the data protection officer answer, what was granted is read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from gateway.api.casework import aware
from gateway.api.json import json_response
from gateway.api.models import Body, Version, clean
from gateway.api.receiving import prefix
from gateway.api.routes import ZoneLine, zone_router
from gateway.gate import Gate
from vault.access.evidence import LOGIN_LONGEST, Evidence
from vault.cases.access_requests import GRANTABLE, REASON_LONGEST, Doubt, Naming, Refusal, Revocation
from vault.errors import ConfigurationError
from vault.ids import ReleaseId, RequestId
from vault.usecases import answering, asking, granting
from vault.usecases.answering import AnsweringDesk, desk_of
from vault.vocabulary import CASEWORK, Action, Kind, Purpose

FieldNames = Annotated[list[Annotated[str, StringConstraints(max_length=40)]], Field(max_length=len(GRANTABLE))]
Reason = Annotated[str, StringConstraints(max_length=REASON_LONGEST)]
Code = Annotated[str, StringConstraints(max_length=40)]
Hours = Annotated[int, Field(ge=1, le=31 * 24)]
Limit = Annotated[int, Query(ge=1, le=200)]


class AboutBody(Body):
    """One person. A list of them cannot be written down here."""

    by: Annotated[Naming, Field(strict=False)]
    value: Annotated[str, StringConstraints(min_length=1, max_length=80)]


class AskBody(Body):
    about: AboutBody
    fields: FieldNames
    purpose: Literal["oqt_follow_up"] = "oqt_follow_up"
    basis: Code
    reason: Reason
    hours: Hours

    def command(self) -> asking.Ask:
        clean(self.about.value, self.reason, self.basis)
        return asking.Ask(self.about.by, self.about.value, self.fields, self.basis, self.reason, self.hours)


class ExplainBody(Body):
    fields: FieldNames | None = None
    basis: Code | None = None
    reason: Reason | None = None
    hours: Hours | None = None
    minutes: Annotated[int, Field(ge=1, le=60)] | None = None  # of a ceremony, in place of fields and hours

    def command(self) -> asking.Explain:
        clean(self.reason or "", self.basis or "")
        return asking.Explain(self.basis, self.reason, self.hours, self.fields, self.minutes)


class EvidenceBody(Body):
    """The approver's own signature (`parefeu access approve --key`)."""

    login: Annotated[str, StringConstraints(min_length=1, max_length=LOGIN_LONGEST)]
    signed_at: Annotated[str, StringConstraints(max_length=40)]
    key: Annotated[str, StringConstraints(max_length=4000)]
    signature: Annotated[str, StringConstraints(max_length=6000)]


class PasskeyEvidenceBody(Body):
    """The same by an authenticator: what it signed, as base64."""

    login: Annotated[str, StringConstraints(min_length=1, max_length=LOGIN_LONGEST)]
    signed_at: Annotated[str, StringConstraints(max_length=40)]
    credential: Annotated[str, StringConstraints(max_length=1400)]
    public_key: Annotated[str, StringConstraints(max_length=2800)]
    client_data: Annotated[str, StringConstraints(max_length=5600)]
    authenticator_data: Annotated[str, StringConstraints(max_length=2800)]
    signature: Annotated[str, StringConstraints(max_length=5600)]


class ApprovalBody(Body):
    """fields: only these; left out for all that was asked for."""

    based_on: Version
    fields: FieldNames | None = None
    evidence: EvidenceBody | PasskeyEvidenceBody | None = None


class RefusalBody(Body):
    based_on: Version
    reason: Annotated[Refusal, Field(strict=False)]


class QuestionBody(Body):
    based_on: Version
    question: Annotated[Doubt, Field(strict=False)]


class DelegationBody(Body):
    based_on: Version
    to: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class RevocationBody(Body):
    reason: Annotated[Revocation, Field(strict=False)]


def asking_router(gate: Gate) -> APIRouter:
    """Follow-up: ask, look how it stands, answer a question, read a grant."""
    office, reception = gate.services.access.get(gate.zone), gate.services.reception.get(gate.zone)
    if office is None or reception is None:
        raise ConfigurationError("this process has no keys to ask with")

    async def file_access_request(request: Request, body: AskBody) -> Response:
        """Ask to know fields of one case. The receipt is the same whether or not there is such a case."""
        cmd = body.command()
        return json_response(
            await gate.run(request, lambda uow, actor: asking.file(uow, actor, cmd, office), quick=False), 201
        )

    async def list_access_requests(request: Request, limit: Limit = 50, before: datetime | None = None) -> Response:
        """One's own requests, newest first."""
        rows = await gate.run(
            request,
            lambda uow, actor: asking.list_own(uow, actor, office, limit=limit, before=aware(before)),
            quick=False,
        )
        return json_response({"requests": rows})

    async def read_access_request(request: Request, number: str) -> Response:
        """One of one's own requests: what was asked, what was asked back, how it stands."""
        wanted = RequestId.parse(number)
        return json_response(await gate.run(request, lambda uow, actor: asking.read_own(uow, actor, wanted, office)))

    async def explain_access_request(request: Request, number: str, body: ExplainBody) -> Response:
        """Answer a question that was asked back: the request's next version."""
        wanted, cmd = RequestId.parse(number), body.command()
        return json_response(
            await gate.run(request, lambda uow, actor: asking.explain(uow, actor, wanted, cmd, office), quick=False),
            201,
        )

    async def read_grant(request: Request, grant: str) -> Response:
        """The granted fields, while the grant lives. Each look is decided and logged."""
        wanted = ReleaseId.parse(grant)
        return json_response(
            await gate.run(request, lambda uow, actor: asking.read_granted(uow, actor, wanted, office, reception))
        )

    base, kind = f"{prefix(gate)}/access-requests", Kind.ACCESS_REQUEST
    return zone_router(
        gate,
        Purpose.OQT_FOLLOW_UP,
        (
            ("POST", base, file_access_request, Action.CREATE, kind, ()),
            ("GET", base, list_access_requests, Action.LIST, kind, ()),
            ("GET", f"{base}/{{number}}", read_access_request, Action.READ, kind, ()),
            ("POST", f"{base}/{{number}}/explanation", explain_access_request, Action.WRITE, kind, ()),
            ("GET", f"{prefix(gate)}/grants/{{grant}}", read_grant, Action.READ, Kind.GRANT, ()),
        ),
    )


class _Answers:
    """What both approvers' zones do with a request."""

    def __init__(self, gate: Gate, desk: AnsweringDesk) -> None:
        self._gate = gate
        self._desk = desk

    async def list_access_requests(
        self, request: Request, limit: Limit = 50, before: datetime | None = None
    ) -> Response:
        """Requests before this approver, newest first, with a reminder where the answer is due soon."""
        rows = await self._gate.run(
            request,
            lambda uow, actor: answering.list_before(uow, actor, self._desk, limit=limit, before=aware(before)),
            quick=False,
        )
        return json_response({"requests": rows})

    async def read_access_request(self, request: Request, number: str) -> Response:
        """What is asked, why and on which basis; names of fields, never what stands in them."""
        wanted = RequestId.parse(number)
        return json_response(
            await self._gate.run(request, lambda uow, actor: answering.read_request(uow, actor, wanted, self._desk))
        )

    async def approve_access_request(self, request: Request, number: str, body: ApprovalBody) -> Response:
        """Approve the version that one looked at, or some of its fields."""
        wanted, fields = RequestId.parse(number), body.fields
        evidence = Evidence.from_json(body.evidence.model_dump()) if body.evidence is not None else None
        return await self._answer(
            request,
            lambda uow, actor: answering.approve(
                uow, actor, wanted, self._desk, based_on=body.based_on, fields=fields, evidence=evidence
            ),
        )

    async def refuse_access_request(self, request: Request, number: str, body: RefusalBody) -> Response:
        """Refuse, with a reason that could be said of a request about nobody."""
        wanted = RequestId.parse(number)
        return await self._answer(
            request,
            lambda uow, actor: answering.refuse(uow, actor, wanted, self._desk, body.reason, based_on=body.based_on),
        )

    async def question_access_request(self, request: Request, number: str, body: QuestionBody) -> Response:
        """Ask back."""
        wanted = RequestId.parse(number)
        return await self._answer(
            request,
            lambda uow, actor: answering.ask_back(
                uow, actor, wanted, self._desk, body.question, based_on=body.based_on
            ),
        )

    async def delegate_access_request(self, request: Request, number: str, body: DelegationBody) -> Response:
        """Let another of the same function answer too."""
        wanted = RequestId.parse(number)
        return await self._answer(
            request,
            lambda uow, actor: answering.delegate(uow, actor, wanted, self._desk, body.to, based_on=body.based_on),
        )

    async def _answer(self, request: Request, work: Any) -> Response:
        return json_response(await self._gate.run(request, work, quick=False), 201)

    def lines(self, base: str, kind: Kind) -> Sequence[ZoneLine]:
        return (
            ("GET", base, self.list_access_requests, Action.LIST, kind, ()),
            ("GET", f"{base}/{{number}}", self.read_access_request, Action.READ, kind, ()),
            ("POST", f"{base}/{{number}}/approval", self.approve_access_request, Action.SIGN, kind, ()),
            ("POST", f"{base}/{{number}}/refusal", self.refuse_access_request, Action.CLOSE, kind, ()),
            ("POST", f"{base}/{{number}}/question", self.question_access_request, Action.WRITE, kind, ()),
        )


def answering_router(gate: Gate) -> APIRouter:
    """Casework: a regional head. Oversight: the data protection officer."""
    office = gate.services.access.get(gate.zone)
    if office is None:
        raise ConfigurationError("this process has no keys to answer with")
    desk = desk_of(office, gate.services.casework, gate.services.passkeys[gate.zone])
    answers, base, kind = _Answers(gate, desk), f"{prefix(gate)}/access-requests", office.kind
    if gate.zone != CASEWORK:
        return zone_router(gate, Purpose.DATA_PROTECTION, answers.lines(base, kind))
    delegation: ZoneLine = (
        "POST",
        f"{base}/{{number}}/delegation",
        answers.delegate_access_request,
        Action.WRITE,
        kind,
        (),
    )
    return zone_router(
        gate, Purpose.CASE_ADMINISTRATION, (*answers.lines(base, kind), delegation, *_granting(gate, desk, base))
    )


def _granting(gate: Gate, desk: AnsweringDesk, base: str) -> Sequence[ZoneLine]:
    """Casework alone lets something go, and takes it back."""
    casework, sender = gate.services.casework, gate.services.sender
    if casework is None or sender is None:
        raise ConfigurationError("this process has no casework keys")

    async def grant_access_request(request: Request, number: str) -> Response:
        """Let the approved fields go: the entries commit first, then the copy is sealed."""
        wanted = RequestId.parse(number)
        leave = await gate.run(request, lambda uow, actor: granting.authorise(uow, actor, wanted, desk), quick=False)
        return json_response(
            await gate.run(request, lambda uow, actor: granting.grant(uow, actor, leave, desk, sender), quick=False),
            201,
        )

    async def revoke_grant(request: Request, grant: str, body: RevocationBody) -> Response:
        """Take a grant back. It binds the very next request; then its key is destroyed."""
        wanted = ReleaseId.parse(grant)
        reply = await gate.run(
            request, lambda uow, actor: granting.revoke(uow, actor, wanted, body.reason, desk), quick=False
        )
        await gate.services.worker.submit(CASEWORK, lambda uow: granting.destroy_keys(uow, casework), quick=False)
        return json_response(reply, 201)

    return (
        (
            "POST",
            f"{base}/{{number}}/grant",
            grant_access_request,
            Action.READ,
            Kind.ACCESS_REQUEST,
            ((Action.RELEASE, Kind.GRANT),),
        ),
        ("POST", f"{prefix(gate)}/grants/{{grant}}/revocation", revoke_grant, Action.CLOSE, Kind.GRANT, ()),
    )
