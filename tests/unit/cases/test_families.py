"""Who may stand in one case: every sort of family, and nobody who is a child alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from vault.cases.families import Composition, Relation, age_on, composition_of, is_minor
from vault.cases.people import Person
from vault.errors import InvalidInput, UnaccompaniedMinor

TODAY = date(2026, 11, 25)
ADULT, CHILD = date(1990, 5, 1), date(2015, 5, 1)


def person(relation: str = "head", born: date | None = ADULT, number: str = "") -> Person:
    return Person("Inventé", "Prénom", born, number, relation=relation)


def composition(*people: Person, on: date = TODAY, majority: int = 18) -> Composition:
    return composition_of(people, on=on, majority=majority)


@pytest.mark.parametrize(
    ("people", "wanted"),
    [
        ([person()], Composition.INDIVIDUAL),
        ([person(born=None)], Composition.INDIVIDUAL),
        ([person(), person("partner")], Composition.COUPLE),
        ([person(), person("partner", None)], Composition.COUPLE),
        ([person(), person("sibling")], Composition.HOUSEHOLD),
        ([person(), person("child")], Composition.HOUSEHOLD),
        ([person(), person("partner"), person("parent")], Composition.HOUSEHOLD),
        ([person(), person("child", CHILD)], Composition.FAMILY),
        ([person(), person("ward", CHILD)], Composition.FAMILY),
        ([person(), person("partner"), person("child", CHILD), person("child")], Composition.FAMILY),
        ([person(), person("child", None)], Composition.FAMILY),
    ],
)
def test_people_make_a_case_of_a_kind(people: list[Person], wanted: Composition) -> None:
    assert composition(*people) is wanted
    assert composition(*reversed(people)) is wanted, "their order says nothing"


@pytest.mark.parametrize(
    "people",
    [
        [person(born=CHILD)],
        [person(born=date(2008, 11, 26))],
        [person(), person("partner", CHILD)],
        [person(), person("sibling", CHILD)],
        [person(), person("other", CHILD)],
        [person(born=CHILD), person("parent")],
        [person(born=CHILD), person("child", CHILD)],
    ],
)
def test_a_minor_without_parent_or_guardian_is_outside_the_trajectory(people: list[Person]) -> None:
    with pytest.raises(UnaccompaniedMinor) as refused:
        composition(*people)
    assert refused.value.field == "people"
    assert "Guardianship Service" in str(refused.value)
    assert "Prénom" not in str(refused.value)


@pytest.mark.parametrize(
    ("people", "says"),
    [
        ([], "at least one person"),
        ([person("partner")], "exactly one person"),
        ([person(), person()], "exactly one person"),
        ([person(), person("partner"), person("partner")], "at most one partner"),
        ([person(), person("ward")], "a ward is a minor"),
        ([person(born=date(2026, 11, 26))], "in the future"),
        ([person(born=date(1900, 11, 24))], "older than 125"),
        ([person(), person("child", born=date(201, 5, 1))], "older than 125"),
        ([person(number="93051822361"), person("partner", number="93051822361")], "the same national number"),
    ],
)
def test_roles_that_do_not_fit_are_refused_with_the_reason(people: list[Person], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        composition(*people)


def test_majority_comes_with_the_birthday_and_not_a_day_before() -> None:
    born = date(2008, 11, 25)
    assert composition(person(born=born)) is Composition.INDIVIDUAL
    with pytest.raises(UnaccompaniedMinor):
        composition(person(born=born), on=date(2026, 11, 24))


def test_who_was_born_on_a_leap_day_comes_of_age_on_the_first_of_march() -> None:
    leap = date(2008, 2, 29)
    assert [age_on(leap, day) for day in (date(2026, 2, 28), date(2026, 3, 1), date(2028, 2, 29))] == [17, 18, 20]


def test_a_family_becomes_a_household_when_the_last_child_is_of_age() -> None:
    people = (person(), person("child", date(2009, 1, 10)))
    assert composition(*people, on=date(2027, 1, 9)) is Composition.FAMILY
    assert composition(*people, on=date(2027, 1, 10)) is Composition.HOUSEHOLD


def test_majority_is_a_parameter() -> None:
    assert composition(person(born=date(2008, 1, 1)), majority=18) is Composition.INDIVIDUAL
    with pytest.raises(UnaccompaniedMinor):
        composition(person(born=date(2008, 1, 1)), majority=21)


def test_an_unknown_date_protects_a_child_and_says_nothing_of_others() -> None:
    for relation in Relation:
        protected = relation in {Relation.CHILD, Relation.WARD}
        assert is_minor(replace(person(born=None), relation=relation.value), TODAY, 18) is protected


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
    minor = is_minor(person(born=date.fromisoformat(born)), date.fromisoformat(today), 18)
    assert minor is not grown
