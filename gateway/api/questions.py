"""What oversight asks a member of casework about a look of theirs; they answer, once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import StringConstraints, field_validator
from starlette.responses import Response

from gateway.api.json import json_response
from gateway.api.models import Body
from gateway.api.reviewing_looks import without_nul
from gateway.api.routes import casework_of, casework_router
from gateway.gate import Gate
from vault.ids import EntryId
from vault.usecases import questions
from vault.usecases.trail import LONGEST_REASON
from vault.vocabulary import Action, Kind, Purpose


class AnswerBody(Body):
    answer: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_REASON, strip_whitespace=True)]

    _clean = field_validator("answer")(without_nul)


def router(gate: Gate) -> APIRouter:
    """Two routes."""
    casework = casework_of(gate)

    async def list_questions(request: Request) -> Response:
        """What oversight asked you, unanswered ones first. A question is a code; `subject` is the log's."""
        rows = await gate.run(request, lambda uow, actor: questions.list_questions(uow, actor, casework))
        return json_response({"questions": rows})

    async def answer_question(request: Request, question: str, body: AnswerBody) -> Response:
        """Answer, once. The text is sealed to oversight: nobody here reads it back."""
        wanted = EntryId.parse(question)
        return json_response(
            await gate.run(request, lambda uow, actor: questions.answer(uow, actor, wanted, body.answer, casework)), 201
        )

    path, admin = "/casework/questions", Purpose.CASE_ADMINISTRATION
    return casework_router(
        (
            ("GET", path, list_questions, Action.LIST, Kind.REVIEW_QUESTION, admin),
            ("POST", f"{path}/{{question}}/answer", answer_question, Action.WRITE, Kind.REVIEW_QUESTION, admin),
        )
    )
