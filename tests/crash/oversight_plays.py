"""Oversight asks about a look, and whoever is asked answers: each with what must be there first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gateway.auth.sessions import hash_token
from tests.house import STAFF
from vault.audit.reading import EntryFilter
from vault.ids import EntryId
from vault.oversight.reviewing import BY_HAND, Move
from vault.usecases import questions, reviews, sign_in
from vault.usecases.read_case import read_case
from vault.vocabulary import Action, Kind

if TYPE_CHECKING:
    from tests.crash.plays import Stagehand

Act = Callable[[], None]


def _oversees(hand: Stagehand, work: Callable[..., Any]) -> Any:
    """Run a use case as the auditor, with the services of oversight."""
    house, zone = hand.house, STAFF["auditor"][0]
    hand.hire("auditor")
    hashed, oversight = hash_token(house.tokens["auditor"]), house.services.oversight
    return house.services.worker.run(
        zone, lambda uow: work(uow, sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock), oversight)
    )


def _reviewed(hand: Stagehand) -> EntryId:
    """A review of the newest look of a coach at a case."""
    hand.as_("coach", read_case, hand.open())
    coach = hand.house.staff["coach"].log_name
    looks = EntryFilter(actor=coach, action=Action.READ.value, kind=Kind.CASE.value, limit=1)

    def work(uow: Any, actor: Any, oversight: Any) -> Any:
        [look] = uow.trail.entries(looks).entries
        return reviews.open_review(uow, actor, reviews.OpenReview(look.id, BY_HAND), oversight)

    return EntryId.parse(_oversees(hand, work)["review"])


def _put(hand: Stagehand, review: EntryId) -> EntryId:
    cmd = reviews.Act(review, Move.ASK, 1, "Pourquoi ce dossier ?", asks="why_this_case")
    asked = _oversees(hand, lambda uow, actor, oversight: reviews.act_on(uow, actor, cmd, oversight))
    return EntryId.parse(asked["entry"])


def ask(hand: Stagehand) -> Act:
    """The act of the review and the row that the asked person finds, or neither."""
    review = _reviewed(hand)

    def act() -> None:
        _put(hand, review)

    return act


def answer(hand: Stagehand) -> Act:
    """The answer's entry, its sealed text, and that the question is answered: all or nothing."""
    question = _put(hand, _reviewed(hand))

    def act() -> None:
        hand.as_("coach", questions.answer, question, "Un appel de l'hôpital.")

    return act
