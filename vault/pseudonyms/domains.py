"""Pseudonym domains: within one, a case has one name; across two, its names have nothing in common.

Every recipient has a domain of its own, and each partner organisation too. The log and the statistics are
domains without a zone: no zone is known by them.

    >>> str(domain_of(Zone.parse("partner:caritas"))), domain_of(Zone.parse("follow_up")).letter
    ('partner:caritas', 'F')
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from vault.vocabulary import Zone, ZoneKind


@unique
class DomainKind(StrEnum):
    """The first part of a domain's name."""

    CASEWORK = "casework"
    FOLLOW_UP = "follow_up"
    PARTNER = "partner"
    OVERSIGHT = "oversight"
    LOG = "log"
    STATISTICS = "statistics"


#: The letter that opens a pseudonym in its readable form. Six different characters of Crockford's alphabet,
#: where L is read as 1.
LETTERS: Final[dict[DomainKind, str]] = {
    DomainKind.CASEWORK: "C",
    DomainKind.FOLLOW_UP: "F",
    DomainKind.PARTNER: "P",
    DomainKind.OVERSIGHT: "V",
    DomainKind.LOG: "L",
    DomainKind.STATISTICS: "S",
}


@dataclass(frozen=True, slots=True, order=True)
class PseudonymDomain:
    """One domain. organisation: only for partners, and required there; named as in `Zone`."""

    kind: DomainKind
    organisation: str = ""

    def __post_init__(self) -> None:
        if self.kind is DomainKind.PARTNER:
            Zone(ZoneKind.PARTNER, self.organisation)  # raises ValueError for a name that is none
        elif self.organisation:
            raise ValueError("exactly the partner domains name an organisation")

    @property
    def letter(self) -> str:
        return LETTERS[self.kind]

    @property
    def name(self) -> str:
        """`follow_up`, `partner:caritas`: what the domain's key is derived from."""
        return f"{self.kind}:{self.organisation}" if self.organisation else str(self.kind)

    def __str__(self) -> str:
        return self.name


LOG: Final = PseudonymDomain(DomainKind.LOG)
STATISTICS: Final = PseudonymDomain(DomainKind.STATISTICS)


def domain_of(zone: Zone) -> PseudonymDomain:
    """Return the domain in which `zone` knows its cases."""
    return PseudonymDomain(DomainKind(zone.kind.value), zone.organisation)
