"""Reviews of looks: the list, opening one, and one with its acts: ask, decide, sign as the second person, close.

Nobody reviews their own look: for whoever looked, its review is a page that does not exist.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from gateway.pages.log import OversightPages
from gateway.pages.site import Visit
from vault.audit.reading import EntryFilter
from vault.errors import NotFound, StaleVersion
from vault.ids import EntryId
from vault.oversight.reviewing import BY_HAND, MOVES, ORIGINS, SECOND, Judgement, Move, ReasonCode, Stage
from vault.review_questions import QuestionCode
from vault.usecases import reviews

_PAGE: Final = 25
_DONE: Final[dict[Move, str]] = {
    Move.ASK: "review_asked", Move.ANSWER: "review_answered", Move.DECIDE: "review_decided",
    Move.SIGN: "review_signed", Move.GIVE_BACK: "review_given_back", Move.CLOSE: "review_closed",
}  # fmt: skip


class ReviewPages(OversightPages):
    """What is decided about a look is two people's word."""

    async def all(self, visit: Visit) -> Response:
        """Reviews, the newest first, without those of one's own looks."""
        stage, before = visit.asked("stage"), visit.asked("before")
        stage = stage if stage in set(Stage) else ""
        wanted = EntryFilter(limit=_PAGE, before=EntryId.parse(before) if before else None)
        rows, upto = await visit.run(
            lambda uow, actor: reviews.list_reviews(uow, actor, wanted, stage, self.oversight), quick=False
        )
        return visit.draw("reviews.html", rows=rows, stage=stage, stages=tuple(Stage), before=upto)

    async def new(self, visit: Visit) -> Response:
        """Begin to look into one entry."""
        await visit.who()
        form = visit.form
        entry = form.text("entry") if visit.posted else visit.asked("entry")
        origin = form.text("origin") if visit.posted else visit.asked("origin")
        about, origin = EntryId.parse(entry), origin if origin in ORIGINS else BY_HAND
        if visit.saving:
            cmd = reviews.OpenReview(about, origin, form.text("reason").strip())
            reply = await visit.attempt(
                lambda uow, actor: reviews.open_review(uow, actor, cmd, self.oversight), main="reason"
            )
            if reply is not None:
                return visit.go(f"/reviews/{reply['review']}", done="review_opened")
        return visit.draw(
            "review_new.html", origins=sorted(ORIGINS), entry=about.hex(), chosen=origin, reason=form.text("reason")
        )

    async def one(self, visit: Visit) -> Response:
        """One review with what was written at each act, and what can be done now."""
        wanted = EntryId.parse(visit.place("review"))
        if visit.saving:
            try:
                done = await self._act(visit, wanted)
            except StaleVersion:
                visit.faults.add("form", "conflict")
                done = ""
            if done:
                return visit.go(f"/reviews/{wanted.hex()}", done=done)
        found: dict[str, Any] = await visit.run(
            lambda uow, actor: reviews.read_review(uow, actor, wanted, self.oversight), quick=False
        )
        assert visit.actor is not None
        mine = found["decided_by"] == visit.actor.log_name
        moves = {move.value for stage, move in MOVES if stage.value == found["stage"] and not (move in SECOND and mine)}
        return visit.draw(
            "review.html", found=found, moves=moves, mine=mine, codes=tuple(QuestionCode), judgements=tuple(Judgement),
            reasons=tuple(ReasonCode),
        )  # fmt: skip

    async def _act(self, visit: Visit, wanted: EntryId) -> str:
        """Take the step of the pressed button. Returns what was done; "" where it was refused."""
        form, act = visit.form, visit.form.text("act")
        if act not in set(Move):
            raise NotFound("no such page")
        move, version = Move(act), form.text("based_on")
        based_on = int(version) if version.isascii() and version.isdigit() and len(version) < 6 else 0
        cmd = reviews.Act(
            wanted, move, based_on, form.text(f"{act}_reason").strip(),
            judgement=form.text("judgement") if move is Move.DECIDE else "",
            reason_code=form.text("reason_code") if move is Move.DECIDE else "",
            asks=form.text("asks") if move is Move.ASK else "", to=form.text("to").strip() if move is Move.ASK else "",
        )  # fmt: skip
        reply = await visit.attempt(
            lambda uow, actor: reviews.act_on(uow, actor, cmd, self.oversight), quick=False, main="form"
        )
        faults = visit.faults.by_field
        if "reason" in faults:
            del faults["reason"]
            faults[f"{act}_reason"] = "missing" if not cmd.reason else "too_long"
        if "to" in faults:
            faults["to"] = "not_of_casework"
        return _DONE[move] if reply is not None else ""
