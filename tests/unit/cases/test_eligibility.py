"""Who the trajectory is not for, and what an order must say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.unit.cases.journeys import Walk, shipped
from vault.cases.details import Details
from vault.cases.eligibility import LONGEST_TERM, check_facts, of_age, refuse_unaccompanied
from vault.cases.flow import Step
from vault.cases.model import AdminFacts, Origin
from vault.cases.people import Identity, Person
from vault.errors import IllegalStep, InvalidInput, UnaccompaniedMinor

TODAY = date(2026, 11, 3)
ORDER = AdminFacts("13", notified_on=date(2026, 10, 20))
KNOWN = Identity((Person("Diallo", "Aminata"),), "8123456")


@pytest.mark.parametrize(
    ("born", "today", "grown"),
    [
        ("2008-11-03", "2026-11-02", False),
        ("2008-11-03", "2026-11-03", True),
        ("2008-02-29", "2026-02-28", False),
        ("2008-02-29", "2026-03-01", True),
        ("2010-02-28", "2028-02-28", True),
        ("2009-12-31", "2027-12-30", False),
        ("2009-12-31", "2027-12-31", True),
    ],
)
def test_a_person_is_of_age_from_the_birthday_on(born: str, today: str, *, grown: bool) -> None:
    person = Person("Diallo", "Ibrahima", birth_date=date.fromisoformat(born))
    assert of_age(person, 18, date.fromisoformat(today)) is grown


def test_unaccompanied_minors_are_refused_with_where_to_turn_and_families_are_not() -> None:
    child = Person("Diallo", "Ibrahima", birth_date=date(2012, 5, 1))
    mother = Person("Diallo", "Aminata", birth_date=date(1991, 4, 12))
    with pytest.raises(UnaccompaniedMinor, match="guardian") as refused:
        refuse_unaccompanied([child, replace(child, given_names="Fatou")], shipped(), TODAY)
    assert "Diallo" not in str(refused.value)
    refuse_unaccompanied([child, mother], shipped(), TODAY)


def test_whose_birth_date_is_unknown_counts_by_the_place_in_the_family() -> None:
    unknown = Person("Diallo", "Aminata")
    refuse_unaccompanied([unknown], shipped(), TODAY)
    with pytest.raises(UnaccompaniedMinor):
        refuse_unaccompanied([replace(unknown, relation="child")], shipped(), TODAY)


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
