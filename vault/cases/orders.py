"""An order to leave as the official file tells it: who, with which facts, and where the case belongs.

An order is one household: everybody whom it names, in one case. All of it has provenance ADMIN. `placed` says where the
case goes: the region by the postcode (or as the file names it), the kind of coach by the criterion or the people. What
it would need to know for that and does not, it names instead of guessing; a person then decides.

    placement = placed(order, parameters, organisation, today)
    placement.region, placement.coach_type, placement.missing      # "liege", CoachType.FAMILIES, ()

The reference of the order is what tells two orders apart; the same reference with the same content is the same order
again (`household_text`, `facts_text`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum, unique
from typing import Final

from vault.cases.families import Composition, Relation, composition_of
from vault.cases.journey import coach_type_of
from vault.cases.model import REGIONS, AdminFacts, CoachType, Place
from vault.cases.organisation import Organisation
from vault.cases.parameters import Criterion, Parameters
from vault.cases.people import Contact, Identity, Person
from vault.errors import InvalidInput
from vault.ids import CaseId


@dataclass(frozen=True, slots=True, repr=False)
class Order:
    """One household's order. criterion, region, postcode: "" where the file does not say."""

    identity: Identity
    contact: Contact
    facts: AdminFacts
    language: str
    place: Place = Place.KNOWN_ADDRESS
    criterion: str = ""
    region: str = ""
    postcode: str = ""

    @property
    def household_text(self) -> str:
        """Who, where and how triaged, in one spelling: the same text for the same household, and for no other."""
        told = [
            self.identity.encode().decode(), self.contact.encode().decode(), self.language, self.place.value,
            self.criterion, self.region, self.postcode,
        ]  # fmt: skip
        return _text(told)

    @property
    def facts_text(self) -> str:
        """The facts of the official file, likewise: they change while a case goes on."""
        facts = self.facts
        told = [
            facts.annex, _day(facts.term_end), facts.extended, facts.procedure_pending, facts.minors,
            facts.fitness_check, _day(facts.notified_on), facts.term_days, facts.second_measure,
        ]  # fmt: skip
        return _text(told)


@unique
class Missing(StrEnum):
    """What an order does not say and triage needs. A code says nothing about the person."""

    CRITERION = "criterion"
    REGION = "region"
    ADDRESS = "address"
    BIRTH_DATE = "birth_date"  # of somebody who would be no child: an unaccompanied minor could hide behind it


@unique
class Intake(StrEnum):
    """What became of an order that was handed in."""

    NEW = "new"  # only looked at: it would be taken in
    TRIAGED = "triaged"
    WAITING = "waiting"  # taken in, and not triaged: something is missing
    PASSED_ON = "passed_on"  # another region's: taken in there, if it was not before
    SAME = "same"  # taken in before, with the same content
    DIFFERS = "differs"  # taken in before, with other content: nothing was changed
    UPDATED = "updated"  # taken in before: the facts of the official file were brought up to date
    COMPLETED = "completed"  # waited, and is now triaged with what was missing
    KNOWN = "known"  # a case with this reference was typed by hand: nothing was changed


@dataclass(frozen=True, slots=True)
class TakenOrder:
    """What is kept of an order beside its case. household, facts: 32 bytes, keyed, of what it said. missing: codes."""

    case: CaseId
    household: bytes
    facts: bytes
    missing: tuple[Missing, ...]
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingOrder:
    """A line of the list of orders that wait for a fact."""

    case: CaseId
    language: str
    opened_at: datetime
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a case belongs. region: "" if nothing tells. missing: () if it can be triaged."""

    composition: Composition
    criterion: str
    region: str
    coach_type: CoachType
    missing: tuple[Missing, ...]


#: Who in a household is never asked to be of age.
_MINORS_ROLES: Final = frozenset({Relation.CHILD, Relation.WARD})


def placed(order: Order, parameters: Parameters, organisation: Organisation, today: date) -> Placement:
    """Where the order's case belongs, and what is missing to say so.

    Raises InvalidInput for what contradicts itself, or is not for this trajectory; UnaccompaniedMinor.
    """
    composition = composition_of(order.identity.people, on=today, majority=parameters.flow.majority.value)
    if order.region and order.region not in REGIONS:
        raise InvalidInput(f"region must be one of {', '.join(REGIONS)}", field="region")
    by_people = coach_type_of(order.facts, composition, order.place)
    criterion = _criterion(order, by_people, parameters)
    region = order.region or organisation.region_of(order.postcode)
    missing = []
    if criterion is None:
        missing.append(Missing.CRITERION)
    if not region:
        missing.append(Missing.REGION)
    if order.place is Place.KNOWN_ADDRESS and not order.contact.address:
        missing.append(Missing.ADDRESS)
    if any(_age_unknown(person) for person in order.identity.people):
        missing.append(Missing.BIRTH_DATE)
    by_criterion = criterion.coach_type.value if criterion is not None else None
    return Placement(composition, order.criterion, region, by_criterion or by_people, tuple(missing))


def _criterion(order: Order, by_people: CoachType, parameters: Parameters) -> Criterion | None:
    """The criterion that the order names, held against the rest of it."""
    if not order.criterion:
        return None
    criterion = parameters.criteria.get(order.criterion)
    if criterion is None:
        raise InvalidInput(f"criterion must be one of {', '.join(parameters.criteria)}", field="criterion")
    if criterion.excluded:
        raise InvalidInput("who falls under this criterion is not guided here: no case is opened", field="criterion")
    annex = parameters.annexes.get(order.facts.annex)
    if criterion.transfer and not (annex is not None and annex.transfer):
        raise InvalidInput("this criterion is for orders of transfer, and the annex is none", field="criterion")
    wanted = criterion.coach_type.value
    if wanted is CoachType.FAMILIES and by_people is CoachType.INDIVIDUALS:
        raise InvalidInput("this criterion is for families with minors, and nobody here is one", field="criterion")
    if wanted is CoachType.OPEN_RETURN and order.place is not Place.OPEN_RETURN_PLACE:
        raise InvalidInput("this criterion is for open return places, and the place is none", field="criterion")
    return criterion


def _age_unknown(person: Person) -> bool:
    return person.birth_date is None and Relation(person.relation) not in _MINORS_ROLES


def brought_up_to_date(before: AdminFacts, now: AdminFacts) -> AdminFacts:
    """The facts of a case as the file has them now. An extension that was granted meanwhile is not taken back by it."""
    if not before.extended or now.extended:
        return now
    ends = [end for end in (before.term_end, now.term_end) if end is not None]
    return replace(now, extended=True, term_end=max(ends, default=None))


def _text(told: Sequence[object]) -> str:
    return json.dumps(told, ensure_ascii=True, separators=(",", ":"))


def _day(day: date | None) -> str:
    return day.isoformat() if day is not None else ""
