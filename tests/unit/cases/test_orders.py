"""Where an order's case belongs, and what is missing to say so."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.organisation import load_organisation
from gateway.parameters import load_parameters
from vault.cases.families import Composition, Relation
from vault.cases.model import REGIONS, AdminFacts, CoachType, Place
from vault.cases.orders import Missing, Order, brought_up_to_date, placed
from vault.cases.people import Contact, Identity, Person
from vault.errors import InvalidInput, UnaccompaniedMinor

PARAMETERS = load_parameters()
ORGANISATION, _ = load_organisation()
TODAY = date(2026, 11, 25)
ADULT = Person("Exemple", "Awa", date(1990, 5, 4))
CHILD = Person("Exemple", "Ibou", date(2019, 2, 11), relation="child")
ORDER = Order(
    Identity((ADULT,), oqt_reference="OQT-1"), Contact("rue Inventée 3"), AdminFacts("13", notified_on=TODAY), "fr",
    criterion="ADDRESS", postcode="4000",
)  # fmt: skip


def at(order: Order) -> tuple[str, CoachType, tuple[Missing, ...]]:
    found = placed(order, PARAMETERS, ORGANISATION, TODAY)
    return found.region, found.coach_type, found.missing


def with_people(*people: Person, **changed: object) -> Order:
    return replace(ORDER, identity=Identity(people, oqt_reference="OQT-1"), **changed)  # type: ignore[arg-type] # few


def test_region_by_postcode_and_coach_by_people_or_criterion() -> None:
    assert at(ORDER) == ("liege", CoachType.INDIVIDUALS, ())
    assert at(replace(ORDER, region="ghent")) == ("ghent", CoachType.INDIVIDUALS, ())
    assert at(with_people(ADULT, CHILD)) == ("liege", CoachType.FAMILIES, ())
    assert at(with_people(ADULT, CHILD, criterion="FAMILY"))[1] is CoachType.FAMILIES
    assert at(replace(ORDER, place=Place.OPEN_RETURN_PLACE))[1] is CoachType.OPEN_RETURN
    assert at(replace(ORDER, facts=replace(ORDER.facts, minors=True)))[1] is CoachType.FAMILIES


def test_what_is_missing_is_named_and_nothing_is_guessed() -> None:
    nothing = Order(Identity((replace(ADULT, birth_date=None),)), Contact(), AdminFacts("13"), "fr")
    assert at(nothing) == ("", CoachType.INDIVIDUALS, tuple(Missing))
    hidden = replace(nothing, place=Place.NO_KNOWN_ADDRESS, region="ghent", criterion="INTERCEPTED")
    assert at(hidden)[2] == (Missing.BIRTH_DATE,)
    partner = Person("Exemple", "Bah", relation="partner")
    assert at(with_people(ADULT, partner))[2] == (Missing.BIRTH_DATE,)
    young = replace(CHILD, birth_date=None)
    assert at(with_people(ADULT, young)) == ("liege", CoachType.FAMILIES, ()), "who may be a child is taken for one"


def test_an_unaccompanied_minor_has_no_place() -> None:
    with pytest.raises(UnaccompaniedMinor):
        at(with_people(replace(ADULT, birth_date=TODAY - timedelta(days=17 * 365))))


@pytest.mark.parametrize("criterion", ["NONE", "TRANSFER", "FAMILY", "OPEN_RETURN", "UNACCOMPANIED_MINOR"])
def test_a_criterion_that_contradicts_the_rest_is_refused(criterion: str) -> None:
    with pytest.raises(InvalidInput) as told:
        at(replace(ORDER, criterion=criterion))
    assert told.value.field == "criterion"


def test_a_transfer_needs_an_order_of_transfer() -> None:
    dublin = replace(ORDER, criterion="TRANSFER", facts=AdminFacts("26quater", notified_on=TODAY))
    assert at(dublin) == ("liege", CoachType.INDIVIDUALS, ())


def test_every_thing_that_an_order_says_is_in_its_text() -> None:
    changed = {
        "identity": Identity((CHILD,)), "contact": Contact("ailleurs"), "language": "nl", "place": Place.RECEPTION,
        "criterion": "FAMILY", "region": "ghent", "postcode": "4001",
    }  # fmt: skip
    assert set(changed) | {"facts"} == {field.name for field in fields(Order)}
    households = {ORDER.household_text}
    for name, value in changed.items():
        other = replace(ORDER, **{name: value})  # type: ignore[arg-type] # one each
        households.add(other.household_text)
        assert other.facts_text == ORDER.facts_text
    assert len(households) == 1 + len(changed)
    texts = {ORDER.facts_text}
    facts = {
        "annex": "12", "term_end": TODAY, "extended": True, "procedure_pending": True, "minors": True,
        "fitness_check": True, "notified_on": None, "term_days": 3, "second_measure": True,
    }  # fmt: skip
    assert set(facts) == {field.name for field in fields(AdminFacts)}
    for name, value in facts.items():
        other = replace(ORDER, facts=replace(ORDER.facts, **{name: value}))  # type: ignore[arg-type] # one each
        texts.add(other.facts_text)
        assert other.household_text == ORDER.household_text
    assert len(texts) == 1 + len(facts)


def test_an_extension_that_was_granted_is_not_taken_back_by_an_older_file() -> None:
    day = timedelta(days=1)
    granted = AdminFacts("13", term_end=TODAY + 30 * day, extended=True)
    older = AdminFacts("13", term_end=TODAY, procedure_pending=True)
    assert brought_up_to_date(granted, older) == replace(granted, procedure_pending=True)
    later = replace(older, term_end=TODAY + 40 * day)
    assert brought_up_to_date(granted, later) == replace(later, extended=True)
    told = replace(older, extended=True, term_end=TODAY + 10 * day)
    assert brought_up_to_date(granted, told) == told, "the file knows of the extension: it says until when"
    assert brought_up_to_date(older, later) == later
    assert brought_up_to_date(replace(granted, term_end=None), replace(older, term_end=None)).term_end is None


@given(st.integers(-5, 12_000))
def test_a_postcode_belongs_to_one_region_or_to_none(number: int) -> None:
    found = ORGANISATION.region_of(f"{number:04}")
    assert found in {"", *REGIONS}
    assert (found == "") == (not 1000 <= number <= 9999)


def test_what_is_no_postcode_belongs_nowhere() -> None:
    assert {ORGANISATION.region_of(text) for text in ("", "B-4000", "٤٠٠٠", "40000", "0400", "4000 ")} == {""}


@given(
    st.lists(st.sampled_from(list(Relation)), min_size=1, max_size=4), st.lists(st.booleans(), min_size=4, max_size=4),
    st.sampled_from(["", "ADDRESS"]), st.sampled_from(["", "4000"]),
)  # fmt: skip
def test_nobody_is_placed_who_could_be_an_unaccompanied_minor(
    relations: list[Relation], dated: list[bool], criterion: str, postcode: str
) -> None:
    people = tuple(
        Person("Exemple", f"Nr {place}", date(1990, 1, 1) if dated[place] else None, relation=relation.value)
        for place, relation in enumerate(relations)
    )
    try:
        found = placed(with_people(*people, criterion=criterion, postcode=postcode), PARAMETERS, ORGANISATION, TODAY)
    except InvalidInput:
        return
    assert found.composition in Composition
    unknown = any(p.birth_date is None and p.relation not in {"child", "ward"} for p in people)
    assert unknown == (Missing.BIRTH_DATE in found.missing)
    assert (criterion == "") == (Missing.CRITERION in found.missing)
    assert (postcode == "") == (Missing.REGION in found.missing)
