"""Casework's routes for referrals to partners: the person's decision, sending, answers, withdrawal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api import models as m
from gateway.api.casework import ADMIN, COACHING
from gateway.api.json import StrictRoute, json_response
from gateway.api.note_models import AnswerLookBody, TakenAnswerBody
from gateway.gate import Asks, Gate
from gateway.looking import looking_of
from vault.errors import ConfigurationError, ReviewNeeded
from vault.freetext import Choice, Looked
from vault.ids import AnswerId, ReferralId
from vault.usecases import answers, referrals, taking_in, withdrawals
from vault.usecases.casework import Values, parse_reference
from vault.vocabulary import CASEWORK, Action, Kind, Purpose, Zone


class _Router:
    """The handlers share the gate and casework's services."""

    def __init__(self, gate: Gate) -> None:
        services = gate.services
        if services.casework is None or services.sender is None:
            raise ConfigurationError("this process has no casework keys")
        self.gate = gate
        self.casework = services.casework
        self.sender = services.sender
        self.correspondence = services.correspondence[CASEWORK]
        self._look = looking_of(gate).look

    # -- the person's decision --------------------------------------------------------------------

    async def propose_referral(self, request: Request, case: str, body: m.ProposalBody) -> Response:
        """Begin a referral to a partner: for which need, with which fields. Nothing leaves yet."""
        cmd = referrals.Propose(
            parse_reference(case), Zone.parse(f"partner:{body.partner}"), body.need, tuple(body.fields)
        )
        return json_response(
            await self.gate.run(request, lambda uow, actor: referrals.propose(uow, actor, cmd, self.casework)), 201
        )

    async def record_consent(self, request: Request, case: str, referral: str, body: m.ConsentBody) -> Response:
        """Record that the person agreed: to which of the proposed fields, until when."""
        cmd = referrals.RecordConsent(
            parse_reference(case), ReferralId.parse(referral), tuple(body.fields), body.expires_at()
        )
        return json_response(
            await self.gate.run(request, lambda uow, actor: referrals.record_consent(uow, actor, cmd, self.casework)),
            201,
        )

    async def record_refusal(self, request: Request, case: str, referral: str) -> Response:
        """Record that the person said no."""
        wanted, asked = parse_reference(case), ReferralId.parse(referral)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: referrals.record_refusal(uow, actor, wanted, asked, self.casework)
            )
        )

    async def send_referral(self, request: Request, case: str, referral: str) -> Response:
        """Send the consented fields to the partner."""
        wanted, asked = parse_reference(case), ReferralId.parse(referral)
        granted = await self.gate.run(
            request, lambda uow, actor: referrals.authorise_sending(uow, actor, wanted, asked, self.casework)
        )
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: referrals.send(uow, actor, granted, self.casework, self.sender)
            ),
            201,
        )

    # -- looking ----------------------------------------------------------------------------------

    async def list_referrals(self, request: Request, case: str) -> Response:
        """The referrals of a case, newest first, with how many answers wait."""
        wanted = parse_reference(case)
        rows = await self.gate.run(
            request, lambda uow, actor: referrals.list_referrals(uow, actor, wanted, self.casework)
        )
        return json_response({"referrals": rows})

    async def read_referral(self, request: Request, case: str, referral: str) -> Response:
        """One referral: its steps, the answers there are, the receipt of a withdrawal."""
        wanted, asked = parse_reference(case), ReferralId.parse(referral)
        return json_response(
            await self.gate.run(
                request,
                lambda uow, actor: referrals.read_referral(
                    uow, actor, wanted, asked, self.casework, self.correspondence
                ),
            )
        )

    # -- answers ----------------------------------------------------------------------------------

    async def list_answers(self, request: Request) -> Response:
        """Answers of partners about one's own cases that were not taken in yet, the oldest first."""
        rows = await self.gate.run(
            request, lambda uow, actor: answers.list_waiting(uow, actor, self.casework), quick=False
        )
        return json_response({"answers": rows})

    async def take_answer(
        self, request: Request, case: str, referral: str, answer: str, body: TakenAnswerBody | None = None
    ) -> Response:
        """Take an answer in: verified, kept under casework's own key, what identifies people replaced; its text.
        Refused, with what is to be decided, while anything in it is only suggested: until then it stays sealed."""
        asked = taking_in.Asked(
            parse_reference(case), ReferralId.parse(referral), AnswerId.parse(answer), body.spoken() if body else ""
        )
        decided = body.decided() if body is not None else None
        looked = await self._looked(request, asked)
        ready = asked.looking(looked, decided)
        try:
            reply = await self.gate.run(
                request,
                lambda uow, actor: taking_in.take_in(uow, actor, ready, self.casework, self.correspondence),
            )
        except ReviewNeeded as needed:
            needed.review = await self._reviewed(request, ready, ())
            raise
        return json_response(reply, 201)

    async def review_answer(
        self, request: Request, case: str, referral: str, answer: str, body: AnswerLookBody
    ) -> Response:
        """Look through an answer before it is taken in. Nothing is stored; decisions are tried out on it."""
        asked = taking_in.Asked(
            parse_reference(case), ReferralId.parse(referral), AnswerId.parse(answer), body.spoken()
        )
        decisions = body.choices()
        looked = await self._looked(request, asked)
        return json_response(await self._reviewed(request, asked.looking(looked), decisions))

    async def _looked(self, request: Request, asked: taking_in.Asked) -> Looked:
        """Open the message for a look, and look outside the transaction. Raises NotFound, Conflict."""
        text, language = await self.gate.run(
            request,
            lambda uow, actor: taking_in.message_to_look_at(uow, actor, asked, self.casework, self.correspondence),
        )
        return await self._look(request, text, language)

    async def _reviewed(self, request: Request, asked: taking_in.Asked, decisions: Sequence[Choice]) -> Values:
        reviewed: Values = await self.gate.run(
            request,
            lambda uow, actor: taking_in.review_answer(
                uow, actor, asked, self.casework, self.correspondence, decisions
            ),
        )
        return reviewed

    async def read_answer(self, request: Request, case: str, referral: str, answer: str) -> Response:
        """An answer that was taken in, stand-ins kept."""
        wanted, asked, which = parse_reference(case), ReferralId.parse(referral), AnswerId.parse(answer)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: answers.read_answer(uow, actor, wanted, asked, which, self.casework)
            )
        )

    # -- withdrawal -------------------------------------------------------------------------------

    async def withdraw_referral(self, request: Request, case: str, referral: str) -> Response:
        """The person takes the consent back: the partner sees nothing from now on, and is asked for a receipt."""
        wanted, asked = parse_reference(case), ReferralId.parse(referral)
        return json_response(
            await self.gate.run(
                request,
                lambda uow, actor: withdrawals.withdraw(uow, actor, wanted, asked, self.casework, self.correspondence),
                quick=False,  # it may have to wait for a reader
            )
        )

    async def withdraw_all(self, request: Request, case: str) -> Response:
        """The person takes every consent of the case back. For the regional head too, while the coach is away."""
        wanted = parse_reference(case)
        return json_response(
            await self.gate.run(
                request,
                lambda uow, actor: withdrawals.withdraw_all(uow, actor, wanted, self.casework, self.correspondence),
                quick=False,
            )
        )

    async def list_withdrawals(self, request: Request, overdue: bool = True) -> Response:
        """Withdrawals of one's own cases: those whose receipt is overdue, or all for which one was asked."""
        rows = await self.gate.run(
            request,
            lambda uow, actor: withdrawals.list_own(uow, actor, self.casework, self.correspondence, overdue=overdue),
            quick=False,
        )
        return json_response({"withdrawals": rows})


def router(gate: Gate) -> APIRouter:
    """Every route declares what it asks of the firewall."""
    own = _Router(gate)
    api = APIRouter(tags=["casework"], route_class=StrictRoute)
    case = "/casework/cases/{case}"
    one = f"{case}/referrals/{{referral}}"
    answer = f"{one}/answers/{{answer}}"
    table: tuple[tuple[str, str, Any, Action, Kind, Purpose], ...] = (
        ("POST", f"{case}/referrals", own.propose_referral, Action.WRITE, Kind.REFERRAL, COACHING),
        ("GET", f"{case}/referrals", own.list_referrals, Action.LIST, Kind.REFERRAL, COACHING),
        ("GET", one, own.read_referral, Action.READ, Kind.REFERRAL, COACHING),
        ("POST", f"{one}/consent", own.record_consent, Action.WRITE, Kind.REFERRAL, COACHING),
        ("POST", f"{one}/refusal", own.record_refusal, Action.WRITE, Kind.REFERRAL, COACHING),
        ("POST", f"{one}/send", own.send_referral, Action.RELEASE, Kind.REFERRAL, COACHING),
        ("POST", f"{one}/withdraw", own.withdraw_referral, Action.WRITE, Kind.WITHDRAWAL, ADMIN),
        ("POST", f"{case}/withdraw", own.withdraw_all, Action.WRITE, Kind.WITHDRAWAL, ADMIN),
        ("GET", "/casework/withdrawals", own.list_withdrawals, Action.LIST, Kind.WITHDRAWAL, COACHING),
        ("GET", "/casework/answers", own.list_answers, Action.LIST, Kind.REFERRAL_ANSWER, COACHING),
        ("POST", f"{answer}/review", own.review_answer, Action.REVIEW, Kind.REFERRAL_ANSWER, COACHING),
        ("POST", answer, own.take_answer, Action.REVIEW, Kind.REFERRAL_ANSWER, COACHING),
        ("GET", answer, own.read_answer, Action.READ, Kind.REFERRAL_ANSWER, COACHING),
    )
    also = {"take_answer": ((Action.WRITE, Kind.REFERRAL_ANSWER),)}
    for method, path, handler, action, kind, purpose in table:
        api.add_api_route(
            path,
            handler,
            methods=[method],
            operation_id=f"casework_{handler.__name__}",
            openapi_extra=Asks("casework", action, kind, purpose, also.get(handler.__name__, ())).extra(),
            response_model=None,
        )
    return api
