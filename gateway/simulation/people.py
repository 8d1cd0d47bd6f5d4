"""Who works in a simulated vault, and whom they meet: all invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from vault.cases.families import Relation
from vault.cases.model import REGIONS
from vault.cases.people import Contact, Identity, Person
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Provenance, Role, Zone

#: The design size: coaches, desk officers and heads of one region, and who works elsewhere; 150 in all.
_COACHES, _DESKS, _HEADS = 17, 9, 2
_ELSEWHERE: Final = ((FOLLOW_UP, Role.FOLLOW_UP_OFFICER, 6), (OVERSIGHT, Role.AUDITOR, 2), (OVERSIGHT, Role.DPO, 2))
#: Cases from which on all of them are needed.
FULL_HOUSE: Final = 35_000
#: Syllables of names that nobody bears.
_SYLLABLES: Final = ("ba", "du", "fi", "ko", "la", "me", "no", "ri", "sa", "to", "vu", "zé")
_NATIONALITIES: Final = ("AF", "CD", "DZ", "ER", "GN", "IQ", "MA", "SY", "TN", "BR")


@dataclass(frozen=True, slots=True)
class Member:
    login: str
    name: str
    zone: Zone
    role: Role
    region: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    """Who works in one region."""

    coaches: tuple[Member, ...]
    desks: tuple[Member, ...]
    heads: tuple[Member, ...]


def teams(cases: int) -> dict[str, Team]:
    """A team per region, of a size that goes with so many cases."""

    def some(role: Role, region: str, full: int) -> tuple[Member, ...]:
        count = max(1, round(full * min(1.0, cases / FULL_HOUSE)))
        return tuple(_member(role, region, number) for number in range(1, count + 1))

    return {
        region: Team(
            some(Role.COACH, region, _COACHES), some(Role.DESK_OFFICER, region, _DESKS),
            some(Role.REGIONAL_HEAD, region, _HEADS),
        )
        for region in REGIONS
    }  # fmt: skip


def elsewhere() -> tuple[Member, ...]:
    """Who works outside of casework."""
    return tuple(
        Member(f"sim-{role.value.replace('_', '-')}-{number}", f"{role.value} {number} (simulated)", zone, role)
        for zone, role, count in _ELSEWHERE
        for number in range(1, count + 1)
    )


def _member(role: Role, region: str, number: int) -> Member:
    word = role.value.replace("_", "-")
    return Member(f"sim-{word}-{region}-{number}", f"{word} {number} {region} (simulated)", CASEWORK, role, region)


def _name(chance: Random, syllables: int) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(syllables)).capitalize()


def a_person(chance: Random, relation: Relation, today: date) -> Person:
    """Adults of 20 to 60, children of 1 to 16, as they are on the day."""
    years = chance.randint(1, 16) if relation is Relation.CHILD else chance.randint(20, 60)
    born = today - timedelta(days=years * 366 + chance.randint(0, 364))
    return Person(
        _name(chance, 3), _name(chance, 2), born, nationality=chance.choice(_NATIONALITIES), relation=relation.value
    )


def a_file(chance: Random, number: int, today: date) -> tuple[Identity, Contact, bool]:
    """Identity, contact, and whether there are minors: one file in five is a family's."""
    people = [a_person(chance, Relation.HEAD, today)]
    family = chance.random() < 0.2
    if family:
        people += [a_person(chance, Relation.CHILD, today) for _ in range(chance.randint(1, 3))]
    reference = f"OQT-{today.year}-{number:06d}"
    identity = Identity(tuple(people), ov_number=f"{5_000_000 + number}", oqt_reference=reference)
    contact = Contact(
        address=f"rue Inventée {chance.randint(1, 200)}, 1000 Bruxelles", phone=f"0499 {number % 1_000_000:06d}",
        provenance=Provenance.ADMIN,
    )  # fmt: skip
    return identity, contact, family
