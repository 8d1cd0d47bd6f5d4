"""Who the trajectory is not for, and what an order must say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.unit.cases.journeys import Walk, shipped
from vault.cases.details import Details
from vault.cases.eligibility import LONGEST_TERM, check_facts
from vault.cases.flow import Step
from vault.cases.model import AdminFacts, Origin
from vault.cases.people import Identity, Person
from vault.errors import IllegalStep, InvalidInput

TODAY = date(2026, 11, 3)
ORDER = AdminFacts("13", notified_on=date(2026, 10, 20))
KNOWN = Identity((Person("Diallo", "Aminata"),), "8123456")


def test_whoever_is_triaged_as_unaccompanied_can_only_be_closed() -> None:
    walk = Walk.of(Origin.ORDER).take(Step.TRIAGE, Details(criterion="UNACCOMPANIED_MINOR"))
    assert set(walk.possible()) == {Step.CLOSE, Step.SUSPEND}
    for step in (Step.INVITE, Step.WALK_IN):
        with pytest.raises(IllegalStep) as refused:
            walk.take(step)
        assert refused.value.reason == "not_eligible"
        assert Step.CLOSE in refused.value.possible


@pytest.mark.parametrize(
    ("facts", "identity", "field"),
    [
        (replace(ORDER, annex="99"), KNOWN, "annex"),
        (replace(ORDER, annex=""), KNOWN, "annex"),
        (replace(ORDER, notified_on=None), KNOWN, "notified_on"),
        (replace(ORDER, notified_on=date(2026, 11, 4)), KNOWN, "notified_on"),
        (replace(ORDER, notified_on=date(1889, 1, 1)), KNOWN, "notified_on"),
        (replace(ORDER, term_days=-1), KNOWN, "term_days"),
        (replace(ORDER, term_days=LONGEST_TERM + 1), KNOWN, "term_days"),
        (replace(ORDER, term_end=date(9999, 12, 31)), KNOWN, "term_end"),
        (replace(ORDER, term_end=date(2026, 10, 19)), KNOWN, "term_end"),
        (ORDER, Identity((Person("Diallo", "Aminata"),)), "oqt_reference"),
    ],
)
def test_an_order_that_cannot_be_meant_names_the_field(facts: AdminFacts, identity: Identity, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_facts(Origin.ORDER, facts, identity, shipped(), TODAY)
    assert refused.value.field == field


def test_who_walks_in_or_calls_need_not_know_the_order() -> None:
    nothing = Identity((Person("Diallo", "Aminata"),))
    for origin in (Origin.WALK_IN, Origin.SELF_REFERRAL):
        check_facts(origin, AdminFacts(), nothing, shipped(), TODAY)
    check_facts(Origin.ORDER, ORDER, KNOWN, shipped(), TODAY)
