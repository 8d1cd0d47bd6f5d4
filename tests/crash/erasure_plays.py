"""Erasing a case, from the tombstone to the confirmation: each step is an operation of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.auth.sessions import hash_token
from tests.house import STAFF
from vault.cases.flow import Outcome, Step
from vault.ids import CaseId, ErasureId
from vault.lifecycle.erasure import Verdict
from vault.usecases import erasing, sign_in
from vault.vocabulary import CASEWORK, OVERSIGHT

if TYPE_CHECKING:
    from tests.crash.plays import Stagehand

Act = Callable[[], None]


def _approved(hand: Stagehand) -> CaseId:
    """A closed case with a note, a fact, a file and a draft, that two people said is to be erased."""
    house = hand.house
    case = hand.noticed()
    hand.write(case)
    hand.fact(case)
    hand.describe(case, hand.arrive(case))
    hand.draft(case)
    hand.step(case, Step.CLOSE, outcome=Outcome.STAY_OBTAINED)
    post, watch = house.services.correspondence[CASEWORK], house.services.erasures
    assert watch is not None

    def ask(uow: Any, actor: Any, wanted: CaseId, casework: Any) -> Any:
        return erasing.ask(uow, actor, wanted, "person_asks", casework, post)

    number = ErasureId.parse(hand.as_("head", ask, case)["erasure"])
    hand.hire("dpo")
    hashed = hash_token(house.tokens["dpo"])

    def agree(uow: Any) -> Any:
        actor = sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock)
        return erasing.decide(uow, actor, number, Verdict.APPROVED, "", watch)

    assert STAFF["dpo"][0] == OVERSIGHT
    house.services.worker.run(OVERSIGHT, agree)
    return case


def erase(hand: Stagehand) -> Act:
    """The oldest that waits goes first: after a death it may be an earlier one, which is of the same shape."""
    _approved(hand)

    def act() -> None:
        services = hand.house.services
        casework, post = services.casework, services.correspondence[CASEWORK]
        assert casework is not None
        case = services.worker.run(CASEWORK, partial(erasing.begin_next, casework=casework, post=post))
        assert case is not None
        while not services.worker.run(CASEWORK, partial(erasing.go_on, case=case, casework=casework)):
            pass

    return act
