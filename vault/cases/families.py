"""Who may stand in one case: one person, a couple, adults of one household, a family with minors.

The people of a case are linked by their roles (`relation`); each has an identity of their own in the one identity
record. A minor is accompanied by a parent in the same case, or by an adult there who has the guardianship. A minor
without one is outside this trajectory: the case is not opened, and the message says whom to call.

    composition_of(identity.people, on=date(2026, 11, 25), majority=18)      # Composition.FAMILY
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum, unique
from typing import Final

from vault.cases.people import Person
from vault.errors import InvalidInput, UnaccompaniedMinor


@unique
class Relation(StrEnum):
    """A person's role in the case, seen from its head."""

    HEAD = "head"  # the first to speak for the case; an adult
    PARTNER = "partner"  # married, registered or living together
    CHILD = "child"  # of the head or the partner, of any age
    WARD = "ward"  # a minor of whom the head or the partner has the guardianship
    PARENT = "parent"
    SIBLING = "sibling"
    OTHER = "other"


@unique
class Composition(StrEnum):
    """What kind of case the people make, for choosing the kind of coach."""

    INDIVIDUAL = "individual"
    COUPLE = "couple"
    HOUSEHOLD = "household"  # adults only, more than a couple
    FAMILY = "family"  # with at least one minor


#: The roles in which a minor is with whoever answers for them.
_ACCOMPANIED: Final = frozenset({Relation.CHILD, Relation.WARD})


#: Years. A year with a digit too few or turned round makes a child an adult of eighteen centuries.
OLDEST: Final = 125


def age_on(born: date, day: date) -> int:
    """Completed years. Somebody born on 29 February completes a year on 1 March where there is no such day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def is_minor(person: Person, on: date, majority: int) -> bool:
    """Whether somebody is to be treated as a minor. A child or ward whose date of birth is unknown is: the mistake
    that protects is the smaller one. For everybody else an unknown date says nothing, and the official file decides.
    """
    if person.birth_date is None:
        return Relation(person.relation) in _ACCOMPANIED
    return age_on(person.birth_date, on) < majority


def composition_of(people: Sequence[Person], *, on: date, majority: int) -> Composition:
    """What the people make on that day. The one check of who may be in a case; every opening and revision calls it.

    majority: completed years, a parameter. Raises InvalidInput for roles that do not fit each other, and
    UnaccompaniedMinor.
    """
    relations = [Relation(person.relation) for person in people]
    _roles(people, relations, on, majority)
    minors = [person for person in people if is_minor(person, on, majority)]
    unaccompanied = [person for person in minors if Relation(person.relation) not in _ACCOMPANIED]
    if unaccompanied:
        raise UnaccompaniedMinor(
            "a minor who is not with a parent or guardian has no place in this trajectory: no case is opened; "
            "inform the Guardianship Service of the FPS Justice",
            field="people",
        )
    if minors:
        return Composition.FAMILY
    if len(people) == 1:
        return Composition.INDIVIDUAL
    if len(people) == 2 and Relation.PARTNER in relations:
        return Composition.COUPLE
    return Composition.HOUSEHOLD


def _roles(people: Sequence[Person], relations: Sequence[Relation], on: date, majority: int) -> None:
    if not people:
        raise InvalidInput("a case needs at least one person", field="people")
    if relations.count(Relation.HEAD) != 1:
        raise InvalidInput("exactly one person of a case is its head", field="people")
    if relations.count(Relation.PARTNER) > 1:
        raise InvalidInput("a case has at most one partner; another adult is `other`", field="people")
    numbers = [person.national_number for person in people if person.national_number]
    if len(set(numbers)) != len(numbers):
        raise InvalidInput("two people of a case have the same national number", field="people")
    for person, relation in zip(people, relations, strict=True):
        if person.birth_date is not None and person.birth_date > on:
            raise InvalidInput("nobody is born in the future", field="people")
        if person.birth_date is not None and age_on(person.birth_date, on) > OLDEST:
            raise InvalidInput(f"nobody is older than {OLDEST} years", field="people")
        if relation is Relation.WARD and not is_minor(person, on, majority):
            raise InvalidInput("a ward is a minor; an adult is `child`, `sibling` or `other`", field="people")
