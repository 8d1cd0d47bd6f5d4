"""What oversight asks a member of casework about a look of theirs: the list, the look, the answer.

A question is a code: no words of oversight are shown, because none were sent. The answer goes to oversight, sealed.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from gateway.pages.casework import CaseworkPages
from gateway.pages.site import Visit
from vault.errors import InvalidInput, NotFound
from vault.ids import EntryId
from vault.usecases import questions, read_case

#: Pressed to find which case the log's name is, within one's own reach.
_FIND: Final = "find"


class QuestionPages(CaseworkPages):
    """Whoever was asked answers, once."""

    async def all(self, visit: Visit) -> Response:
        """Questions to whoever is signed in, unanswered ones first."""
        rows = await visit.run(lambda uow, actor: questions.list_questions(uow, actor, self.casework))
        return visit.draw("questions.html", rows=rows)

    async def one(self, visit: Visit) -> Response:
        """One question: which look it is about, which case that was, and the answer."""
        wanted = EntryId.parse(visit.place("question"))
        rows: list[dict[str, Any]] = await visit.run(
            lambda uow, actor: questions.list_questions(uow, actor, self.casework)
        )
        row = next((row for row in rows if row["question"] == wanted.hex()), None)
        if row is None:
            raise NotFound("no such item, or not for you")
        cases: list[dict[str, Any]] | None = None
        if visit.saving and visit.form.text("act") == _FIND:
            cases = await visit.run(
                lambda uow, actor: read_case.find_case(
                    uow, actor, read_case.LOG_NAME, row["subject"] or "", self.casework
                ),
                quick=False,
            )
        elif visit.saving and await self._answered(visit, wanted):
            return visit.go("/questions", done="question_answered")
        return visit.draw("question.html", row=row, cases=cases, answer=visit.form.text("answer"))

    async def _answered(self, visit: Visit, wanted: EntryId) -> bool:
        text = visit.form.text("answer").strip()
        if not text:
            visit.faults.add("answer", "missing")
            return False
        if "\x00" in text:
            raise InvalidInput("an answer has no NUL", field="answer")
        reply = await visit.attempt(
            lambda uow, actor: questions.answer(uow, actor, wanted, text, self.casework), main="answer"
        )
        if "answer" in visit.faults.by_field:
            visit.faults.by_field["answer"] = "too_long"
        return reply is not None
