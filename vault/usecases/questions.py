"""What oversight asks a member of casework about a look, and their answer.

The answer is an entry about the review, its text sealed to oversight beside it: nobody of casework reads it back.
"""

from __future__ import annotations

from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Item
from vault.access.shaping import shape
from vault.errors import Conflict, InvalidInput
from vault.ids import EntryId
from vault.oversight.reviewing import MARK, Move
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values
from vault.usecases.trail import LONGEST_REASON
from vault.vocabulary import Action, Facts, Kind, Purpose

LIST_LIMIT: Final = 100


def list_questions(uow: UnitOfWork, actor: Actor, casework: Casework) -> list[Values]:
    """Questions put to the actor: those without an answer first, then the newest."""
    permit = casework.guard.permit(
        uow, actor, Action.LIST, Item(Kind.REVIEW_QUESTION), purpose=Purpose.CASE_ADMINISTRATION,
        facts=Facts.of(own=True),
    )  # fmt: skip
    return [
        shape(
            permit.profile,
            {
                "question": each.id.hex(), "asks": each.code.value, "looked_at": each.looked_at, "action": each.action,
                "kind": each.kind, "subject": each.subject or None, "asked_at": each.asked_at,
                "answered_at": each.answered_at,
            },
        )
        for each in uow.review_questions.put_to(actor.log_name, LIST_LIMIT)
    ]  # fmt: skip


def answer(uow: UnitOfWork, actor: Actor, question: EntryId, text: str, casework: Casework) -> Values:
    """Answer a question that was put to the actor, once. Raises NotFound, InvalidInput, Conflict."""
    if not text.strip() or len(text) > LONGEST_REASON:
        raise InvalidInput(f"an answer has 1 to {LONGEST_REASON} characters", field="answer")
    found = uow.review_questions.get(question)
    mine = found is not None and found.addressee == actor.log_name
    subject = MARK + found.review.hex() if found is not None and mine else ""
    permit = casework.guard.permit(
        uow, actor, Action.WRITE, Item(Kind.REVIEW_QUESTION, question.hex(), None, subject),
        purpose=Purpose.CASE_ADMINISTRATION, facts=Facts.of(own=mine), outcome=Move.ANSWER.value, reason=text,
    )  # fmt: skip
    now = casework.clock.now()
    if not uow.review_questions.answer(question, now, permit.entry):
        raise Conflict("this question was answered already")
    return shape(permit.profile, {"question": question.hex(), "answered_at": now})
