"""Protocols between bodies: what may flow to another service or organisation at all, for what, upon which basis.

A protocol is an agreement that two bodies have published: who gets which categories of data from casework, for which
purposes, upon which legal basis, in which form, how often, until which day. Without one that runs nothing leaves for
that body, and what left before is not shown any more: the end is looked at with every look. Protocols are
configuration (`gateway.protocol_rules`); their digest stands in the entries.

    protocols.require(FOLLOW_UP, Purpose.OQT_FOLLOW_UP, {Compartment.OUTCOME_SHEET}, now)     raises ProtocolMissing
    protocols.covers(reader, purpose, categories, now)                                        True or False
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from vault.cases.exceptions import ITEM_FACTS, leaving_name
from vault.cases.partners import FIELDS
from vault.errors import ProtocolMissing
from vault.vocabulary import KIND_COMPARTMENT, Compartment, Kind, Purpose, Zone, ZoneKind

#: Bodies of their own: nothing flows to them without a protocol. Oversight belongs to the office itself.
ANOTHER_BODY: Final = frozenset({ZoneKind.FOLLOW_UP, ZoneKind.PARTNER})
#: Not agreed to by name, and in every referral: what the partner is asked for, by code.
NEED: Final = "need"
#: Which category each field belongs to that can leave for another body but on an outcome sheet.
_OF_FIELD: Final[dict[str, Compartment]] = {
    **{name: field.compartment for name, field in FIELDS.items()},
    "procedure_pending": Compartment.STATUS,
    NEED: Compartment.STATUS,
    **{kind.value: KIND_COMPARTMENT[kind] for kind in ITEM_FACTS},  # of a lawful exception: single facts by code
}
#: For what each kind of body may get anything, whatever a protocol says.
PURPOSES: Final = {
    ZoneKind.FOLLOW_UP: frozenset({Purpose.OQT_FOLLOW_UP}),
    ZoneKind.PARTNER: frozenset({Purpose.REFERRAL, Purpose.LEGAL_OBLIGATION}),
}


@dataclass(frozen=True, slots=True)
class Protocol:
    """since, until: the first and the last day on which it runs, in Belgium; begins, ends: the same as moments, the
    end exclusive. reference: where it is published. example: it stands there for looking, and nobody agreed to it.
    """

    code: str
    party: Zone
    purposes: frozenset[Purpose]
    categories: frozenset[Compartment]
    basis: str
    form: str
    periodicity: str
    published_on: date
    reference: str
    since: date
    until: date
    begins: datetime
    ends: datetime
    example: bool = False

    def runs(self, now: datetime) -> bool:
        """To the microsecond: what ends at a moment is over at that moment."""
        return self.begins <= now < self.ends


@dataclass(frozen=True, slots=True)
class Protocols:
    """All that there are. digest: 32 bytes."""

    entries: tuple[Protocol, ...]
    digest: bytes

    def covers(self, party: Zone, purpose: Purpose, categories: Collection[Compartment], now: datetime) -> bool:
        """Whether protocols that run now let these categories flow to that party for this purpose.

        Without categories: whether anything may. To a zone of the office itself everything may, as the rules say.
        """
        if party.kind not in ANOTHER_BODY:
            return True
        running = [each for each in self._with(party, purpose) if each.runs(now)]
        agreed = {category for each in running for category in each.categories}
        return bool(running) and set(categories) <= agreed

    def lapsing(self, now: datetime, within: timedelta) -> list[tuple[Zone, Compartment]]:
        """What some protocol of the file names and none covers now, or at some moment of the time to come.

        One that has ended and was followed by another that covers as much lapses nowhere.
        """
        changes = {now, *(each.ends for each in self.entries if now < each.ends <= now + within)}
        named = {(each.party, purpose, one) for each in self.entries for purpose in each.purposes
                 for one in each.categories}  # fmt: skip
        found = {
            (party, category)
            for party, purpose, category in named
            if not all(self.covers(party, purpose, {category}, moment) for moment in changes)
        }
        return sorted(found, key=lambda one: (str(one[0]), one[1].value))

    def require(self, party: Zone, purpose: Purpose, categories: Collection[Compartment], now: datetime) -> None:
        """Raises ProtocolMissing."""
        if not self.covers(party, purpose, categories, now):
            raise ProtocolMissing(f"no published protocol with {party} covers this, or it has ended")

    def _with(self, party: Zone, purpose: Purpose) -> Iterable[Protocol]:
        return (each for each in self.entries if each.party == party and purpose in each.purposes)


def categories_of(kind: Kind, fields: Iterable[str]) -> frozenset[Compartment]:
    """What leaves with these fields of that kind. An outcome sheet is one category, whatever stands in it.

    Raises ProtocolMissing for a field that nobody put into a category: no protocol can name it.
    """
    if kind is Kind.OUTCOME_SHEET:
        return frozenset({Compartment.OUTCOME_SHEET})
    names = tuple(leaving_name(field) for field in fields)
    if not _OF_FIELD.keys() >= set(names):
        raise ProtocolMissing("a field that is in no category can be covered by no protocol")
    return frozenset(_OF_FIELD[name] for name in names)


def categories_of_kinds(kinds: Iterable[str]) -> frozenset[Compartment]:
    """Of a lawful exception, by the kinds that its items are of. Raises ProtocolMissing for what is no kind."""
    try:
        return frozenset(KIND_COMPARTMENT[Kind(kind)] for kind in kinds)
    except ValueError:
        raise ProtocolMissing("what is of no kind can be covered by no protocol") from None


def categories_of_referral(fields: Iterable[str]) -> frozenset[Compartment]:
    """Of a referral with these fields agreed to: what it is needed for leaves with them, always."""
    return categories_of(Kind.REFERRAL, (*fields, NEED))
