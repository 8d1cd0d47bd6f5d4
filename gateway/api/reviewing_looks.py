"""What deserves a second look, for auditor and data protection officer: findings, samples, and reviews of looks.

A review is of somebody else's look: one's own, and one that never was, answer alike.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints, field_validator
from starlette.responses import Response

from gateway.api.access_log import needs_of, oversight_of
from gateway.api.casework import aware
from gateway.api.json import StrictRoute, json_response
from gateway.api.models import Body, Version
from gateway.gate import Asks, Gate
from vault.audit.reading import EntryFilter
from vault.errors import InvalidInput
from vault.ids import EntryId
from vault.oversight.reviewing import Move, Stage
from vault.usecases import detection, reviews
from vault.usecases.trail import LONGEST_REASON
from vault.vocabulary import Action, Kind, Purpose

Reason = Annotated[str, StringConstraints(max_length=LONGEST_REASON, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z_]*$")]
_REVIEWS = "/oversight/reviews"


def without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("a reason has no NUL")
    return text


class PeriodBody(Body):
    """since is inside, until is not; without a zone they are UTC."""

    since: Annotated[datetime, Field(strict=False)]
    until: Annotated[datetime, Field(strict=False)]

    def period(self) -> detection.Period:
        return _period(self.since, self.until)


class ReviewBody(Body):
    """entry: the look. origin: the rule that found it, `sample` or `by_hand`."""

    entry: Annotated[str, StringConstraints(max_length=40)]
    origin: Code
    reason: Reason = ""

    _clean = field_validator("reason")(without_nul)


class ActBody(Body):
    """based_on: the version of the review that was looked at."""

    based_on: Version
    reason: Reason = ""

    _clean = field_validator("reason")(without_nul)


class NoteBody(ActBody):
    """asks: a code that the vault puts to `to`, or to whoever looked; without it, it was asked outside of the vault."""

    move: Literal["ask", "answer"]
    asks: Code = ""
    to: Annotated[str, StringConstraints(max_length=40, pattern=r"^(a-[0-9a-f]{24})?$")] = ""


class DecisionBody(ActBody):
    judgement: Code
    reason_code: Code


class SignatureBody(ActBody):
    move: Literal["sign", "give_back"]


def _period(since: datetime | None, until: datetime | None) -> detection.Period:
    begins, ends = aware(since), aware(until)
    if begins is None or ends is None:
        raise InvalidInput("a period has a beginning and an end", field="since")
    return detection.Period(begins, ends)


def router(gate: Gate) -> APIRouter:
    """Findings, samples, reviews."""
    api = APIRouter(tags=["oversight"], route_class=StrictRoute)
    for method, path, handler, action, kind in (*_findings(gate), *_reading(gate), *_acting(gate)):
        extra = Asks("oversight", action, kind, Purpose.ACCESS_REVIEW).extra()
        api.add_api_route(
            path, handler, methods=[method], operation_id=f"oversight_{handler.__name__}", openapi_extra=extra,
            response_model=None,
        )  # fmt: skip
    return api


_Line = tuple[str, str, Any, Action, Kind]


def _findings(gate: Gate) -> tuple[_Line, ...]:
    oversight, needs = oversight_of(gate), needs_of(gate)

    async def list_findings(request: Request, since: datetime, until: datetime) -> Response:
        """Let the detection rules look through a period of at most 31 days."""
        period = _period(since, until)
        found = await gate.run(request, lambda uow, who: detection.gather(uow, who, period, oversight), quick=False)
        told = await asyncio.to_thread(detection.tell, found, needs(), oversight.detection, oversight.calendar)
        return json_response(told)

    async def read_detection_rules(request: Request) -> Response:
        """The rules in force with their figures, and how often each was right within a year."""
        return json_response(
            await gate.run(request, lambda uow, who: detection.read_rules(uow, who, oversight), quick=False)
        )

    async def draw_sample(request: Request, body: PeriodBody) -> Response:
        """Looks of a period, drawn by lot; how many grows with how many there were."""
        period = body.period()
        found = await gate.run(
            request, lambda uow, who: detection.draw_sample(uow, who, period, oversight), quick=False
        )
        return json_response(found, 201)

    return (
        ("GET", "/oversight/findings", list_findings, Action.LIST, Kind.FINDING),
        ("GET", "/oversight/detection-rules", read_detection_rules, Action.READ, Kind.FINDING),
        ("POST", "/oversight/samples", draw_sample, Action.LIST, Kind.SAMPLE),
    )


def _reading(gate: Gate) -> tuple[_Line, ...]:
    oversight = oversight_of(gate)

    async def list_reviews(
        request: Request, stage: Stage | None = None, since: datetime | None = None, until: datetime | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50, before: str = "",
    ) -> Response:  # fmt: skip
        """Reviews, newest first, without those of one's own looks. Go on with `before` = `next` until `complete`."""
        start = EntryId.parse(before) if before else None
        wanted = EntryFilter(since=aware(since), until=aware(until), limit=limit, before=start)
        chosen = stage.value if stage is not None else ""
        rows, upto = await gate.run(
            request, lambda uow, who: reviews.list_reviews(uow, who, wanted, chosen, oversight), quick=False
        )
        return json_response({"reviews": rows, "next": upto or None, "complete": not upto})

    async def read_review(request: Request, review: str) -> Response:
        """One review with its acts, and what was written at each."""
        wanted = EntryId.parse(review)
        return json_response(await gate.run(request, lambda uow, who: reviews.read_review(uow, who, wanted, oversight)))

    return (
        ("GET", _REVIEWS, list_reviews, Action.LIST, Kind.REVIEW_CASE),
        ("GET", f"{_REVIEWS}/{{review}}", read_review, Action.READ, Kind.REVIEW_CASE),
    )


def _acting(gate: Gate) -> tuple[_Line, ...]:
    oversight = oversight_of(gate)

    async def take(request: Request, act: reviews.Act) -> Response:
        return json_response(await gate.run(request, lambda uow, who: reviews.act_on(uow, who, act, oversight)), 201)

    async def open_review(request: Request, body: ReviewBody) -> Response:
        """Look into one entry."""
        cmd = reviews.OpenReview(EntryId.parse(body.entry), body.origin, body.reason)
        return json_response(
            await gate.run(request, lambda uow, who: reviews.open_review(uow, who, cmd, oversight)), 201
        )

    async def note_in_review(request: Request, review: str, body: NoteBody) -> Response:
        """Write down what was asked, or answered. With `asks`, the vault puts that question to a member of casework."""
        act = reviews.Act(
            EntryId.parse(review), Move(body.move), body.based_on, body.reason, asks=body.asks, to=body.to
        )  # fmt: skip
        return await take(request, act)

    async def decide_review(request: Request, review: str, body: DecisionBody) -> Response:
        """Decide: `appropriate`, `policy_breach` or `breach`, with a reason code."""
        return await take(
            request,
            reviews.Act(
                EntryId.parse(review), Move.DECIDE, body.based_on, body.reason, body.judgement, body.reason_code
            ),
        )

    async def sign_review(request: Request, review: str, body: SignatureBody) -> Response:
        """Sign what somebody else decided, or give it back."""
        return await take(request, reviews.Act(EntryId.parse(review), Move(body.move), body.based_on, body.reason))

    async def close_review(request: Request, review: str, body: ActBody) -> Response:
        """Close a signed review."""
        return await take(request, reviews.Act(EntryId.parse(review), Move.CLOSE, body.based_on, body.reason))

    kind, one = Kind.REVIEW_CASE, f"{_REVIEWS}/{{review}}"
    return (
        ("POST", _REVIEWS, open_review, Action.CREATE, kind),
        ("POST", f"{one}/notes", note_in_review, Action.WRITE, kind),
        ("POST", f"{one}/decision", decide_review, Action.REVIEW, kind),
        ("POST", f"{one}/signature", sign_review, Action.SIGN, kind),
        ("POST", f"{one}/close", close_review, Action.CLOSE, kind),
    )
