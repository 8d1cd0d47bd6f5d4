"""Partner organisations, what a referral may carry to each kind of them, and the operator's rules for it.

Two lists are closed and stand here in code: which compartments' fields a referral to a kind of partner may
carry at all (`CARRIES`), and which fields there are (`FIELDS`). What may differ from place to place, which
organisations there are, what they can be asked for, how long a consent may last, how soon a receipt is due, is
configuration: `parse_rules` reads it, whole or not at all.

    rules = parse_rules(tomllib.loads(text))
    rules.organisation(Zone.parse("partner:caritas")).kind
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum, unique
from hashlib import sha256
from json import dumps
from types import MappingProxyType
from typing import Any, Final

from vault.errors import ConfigurationError, InvalidInput
from vault.vocabulary import Compartment, Zone, ZoneKind


@unique
class PartnerKind(StrEnum):
    RETURN_OPERATOR = "return_operator"  # Fedasil, IOM, Caritas
    LAWYER = "lawyer"
    MEDICAL = "medical"
    SOCIAL = "social"


_COMMON: Final = frozenset({Compartment.IDENTITY, Compartment.CONTACT})
#: What a referral may carry, by kind of partner: the requirements' matrix where the design does not narrow it.
#: Narrative and stay analysis go to nobody; a lawyer gets the client's own words on paper, from the coach.
CARRIES: Final[dict[PartnerKind, frozenset[Compartment]]] = {
    PartnerKind.RETURN_OPERATOR: _COMMON | {Compartment.STATUS, Compartment.SENSITIVE, Compartment.RETURN_PLAN},
    PartnerKind.LAWYER: _COMMON | {Compartment.STATUS, Compartment.SENSITIVE, Compartment.RETURN_PLAN},
    PartnerKind.MEDICAL: _COMMON | {Compartment.SENSITIVE},
    PartnerKind.SOCIAL: _COMMON | {Compartment.SENSITIVE},
}


@dataclass(frozen=True, slots=True)
class ReferralField:
    """Something that a person can consent to give a partner.

    kinds: the partners it may go to. A field of `sensitive` names the few that it concerns: a medical partner
    gets what is medical, never all that is sensitive.
    """

    name: str
    compartment: Compartment
    kinds: frozenset[PartnerKind]

    def __post_init__(self) -> None:
        if not self.kinds or any(self.compartment not in CARRIES[kind] for kind in self.kinds):
            raise ValueError(f"no referral carries {self.name} of {self.compartment} to these kinds of partner")


_EVERY_KIND: Final = frozenset(PartnerKind)
#: In the order in which a partner sees them. Where the values come from: `vault.usecases.referral_fields`.
FIELDS: Final[dict[str, ReferralField]] = {
    field.name: field
    for field in (
        ReferralField("family_name", Compartment.IDENTITY, _EVERY_KIND),
        ReferralField("given_names", Compartment.IDENTITY, _EVERY_KIND),
        ReferralField("birth_date", Compartment.IDENTITY, _EVERY_KIND),
        ReferralField("nationality", Compartment.IDENTITY, _EVERY_KIND),
        ReferralField("phone", Compartment.CONTACT, _EVERY_KIND),
        ReferralField("email", Compartment.CONTACT, _EVERY_KIND),
        ReferralField("address", Compartment.CONTACT, _EVERY_KIND),
        ReferralField("language", Compartment.CONTACT, _EVERY_KIND),  # how to speak with the person
    )
}


def fields_for(kind: PartnerKind) -> tuple[str, ...]:
    """The names of all fields that may ever go to a partner of this kind."""
    return tuple(name for name, field in FIELDS.items() if kind in field.kinds)


@unique
class Sureness(StrEnum):
    """How well a value is founded. `B`: background knowledge, not looked up; `D`: a choice of this program's design."""

    HIGH = "H"
    MEDIUM = "M"
    BACKGROUND = "B"
    DESIGN = "D"


@dataclass(frozen=True, slots=True)
class Term:
    """A number of days, with what it rests on."""

    days: int
    source: str
    sure: Sureness

    @property
    def length(self) -> timedelta:
        return timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Organisation:
    """One partner. needs: what it can be asked for. names: by language."""

    zone: Zone
    kind: PartnerKind
    needs: tuple[str, ...]
    names: Mapping[str, str]

    def check_need(self, need: str) -> None:
        """Raises InvalidInput."""
        if need not in self.needs:
            raise InvalidInput(f"this partner's needs are {', '.join(self.needs)}", field="need")

    def check_fields(self, fields: Collection[str]) -> None:
        """Raises InvalidInput unless there is at least one field, and each may go to this kind of partner."""
        possible = fields_for(self.kind)
        if not fields or set(fields) - set(possible):
            raise InvalidInput(f"name at least one of {', '.join(possible)}", field="fields")


@dataclass(frozen=True, slots=True)
class ReferralRules:
    """The operator's rules. needs: code to its names by language. digest: 32 bytes over all that was configured."""

    organisations: Mapping[Zone, Organisation]
    needs: Mapping[str, Mapping[str, str]]
    receipt: Term
    longest_consent: Term
    digest: bytes

    def organisation(self, zone: Zone) -> Organisation:
        """Raises InvalidInput for one that is not configured, or that the signed directory does not name."""
        found = self.organisations.get(zone)
        if found is None:
            raise InvalidInput("no such partner organisation", field="partner")
        return found

    def limited_to(self, zones: Collection[Zone]) -> ReferralRules:
        """The same for these zones only: to any other, nobody could seal."""
        kept = {zone: found for zone, found in self.organisations.items() if zone in zones}
        return replace(self, organisations=MappingProxyType(kept))


# -- reading -----------------------------------------------------------------------------------------

LANGUAGES: Final = ("fr", "nl", "de", "en")
_CODE: Final = re.compile(r"[a-z][a-z_]{1,39}")
_LONGEST_TERM: Final = 3660
_LONGEST_NAME: Final = 120


def parse_rules(content: Mapping[str, Any]) -> ReferralRules:
    """Rules from parsed TOML. Raises ConfigurationError with every fault found; nothing is guessed or left out."""
    reading = _Reading()
    reading.closed(content, "", {"needs", "partners", "terms"})
    needs = {code: reading.names(names, f"needs.{code}") for code, names in reading.codes(content, "needs")}
    partners = [reading.organisation(name, table, needs) for name, table in reading.table(content, "partners").items()]
    terms = reading.table(content, "terms")
    reading.closed(terms, "terms.", {"receipt", "longest_consent"})
    receipt, longest = (reading.term(terms, name) for name in ("receipt", "longest_consent"))
    if reading.faults:
        raise ConfigurationError("the rules for referrals cannot be used: " + "; ".join(reading.faults))
    plain = dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    organisations = {found.zone: found for found in partners if found is not None}
    return ReferralRules(
        MappingProxyType(organisations), MappingProxyType(needs), receipt, longest, sha256(plain).digest()
    )


class _Reading:
    """Collects faults, so that one run tells all of them."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def closed(self, table: Mapping[str, Any], place: str, known: set[str]) -> None:
        self.faults += [f"{place}{name} is not known" for name in table if name not in known]

    def table(self, content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        found = content.get(name)
        if not isinstance(found, Mapping) or not found:
            self.faults.append(f"{name} is missing")
            return {}
        return found

    def codes(self, content: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
        for code, value in self.table(content, name).items():
            if _CODE.fullmatch(code):
                yield code, value
            else:
                self.faults.append(f"{name}: a code is 2 to 40 small letters and '_'")

    def names(self, value: Any, place: str) -> Mapping[str, str]:
        """A name in each of the four languages."""
        if (
            not isinstance(value, Mapping)
            or set(value) != set(LANGUAGES)
            or not all(isinstance(text, str) and 0 < len(text.strip()) <= _LONGEST_NAME for text in value.values())
        ):
            self.faults.append(f"{place} needs a name in each of {', '.join(LANGUAGES)}")
            return {}
        return MappingProxyType(dict(value))

    def organisation(self, name: str, table: Any, needs: Collection[str]) -> Organisation | None:
        place = f"partners.{name}"
        if not isinstance(table, Mapping):
            self.faults.append(f"{place} is no table")
            return None
        before = len(self.faults)
        self.closed(table, f"{place}.", {"kind", "needs", "names"})
        asked = table.get("needs")
        if not isinstance(asked, list) or not asked or len(set(map(str, asked))) != len(asked):
            self.faults.append(f"{place}.needs is a list of needs, each once")
        elif set(map(str, asked)) - set(needs):
            self.faults.append(f"{place}.needs names a need that is not listed")
        names = self.names(table.get("names"), f"{place}.names")
        try:
            kind, zone = PartnerKind(str(table.get("kind"))), Zone(ZoneKind.PARTNER, name)
        except ValueError as fault:
            known = f"kind is one of {', '.join(PartnerKind)}" if "PartnerKind" in str(fault) else str(fault)
            self.faults.append(f"{place}: {known}")
            return None
        if len(self.faults) > before or not isinstance(asked, list):
            return None
        return Organisation(zone, kind, tuple(map(str, asked)), names)

    def term(self, terms: Mapping[str, Any], name: str) -> Term:
        place, table = f"terms.{name}", terms.get(name)
        if not isinstance(table, Mapping) or set(table) != {"days", "source", "sure"}:
            self.faults.append(f"{place} needs days, source and sure")
            return Term(0, "", Sureness.DESIGN)
        days, source, sure = table["days"], table["source"], table["sure"]
        if type(days) is not int or not 1 <= days <= _LONGEST_TERM:
            self.faults.append(f"{place}.days is a whole number from 1 to {_LONGEST_TERM}")
            days = 0
        if not isinstance(source, str) or not source.strip():
            self.faults.append(f"{place}.source says what the value rests on")
        if sure not in set(Sureness):
            self.faults.append(f"{place}.sure is one of {', '.join(Sureness)}")
            sure = Sureness.DESIGN
        return Term(days, str(source), Sureness(sure))
