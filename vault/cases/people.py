"""Who a case is about and how they are reached: the plaintext of the `identity` and `contact` records.

These objects exist only between opening a record and building a reply; they never print themselves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from vault.errors import RecordTampered
from vault.vocabulary import Provenance

PERSON_FIELDS: Final = (
    "family_name",
    "given_names",
    "birth_date",
    "national_number",
    "nationality",
    "aliases",
    "relation",
)


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """One person of the case. national_number: 11 digits or "". relation: a code such as `head`, `partner`, `child`."""

    family_name: str
    given_names: str
    birth_date: date | None = None
    national_number: str = ""
    nationality: str = ""
    aliases: tuple[str, ...] = ()
    relation: str = "head"

    def to_json(self) -> dict[str, Any]:
        return {
            "family_name": self.family_name,
            "given_names": self.given_names,
            "birth_date": self.birth_date.isoformat() if self.birth_date else "",
            "national_number": self.national_number,
            "nationality": self.nationality,
            "aliases": list(self.aliases),
            "relation": self.relation,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Person:
        return cls(
            data["family_name"],
            data["given_names"],
            date.fromisoformat(data["birth_date"]) if data["birth_date"] else None,
            data["national_number"],
            data["nationality"],
            tuple(data["aliases"]),
            data["relation"],
        )


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """The people of a case and the numbers of its file (provenance ADMIN)."""

    people: tuple[Person, ...]
    ov_number: str = ""
    oqt_reference: str = ""

    def encode(self) -> bytes:
        return encode_content(
            {
                "people": [person.to_json() for person in self.people],
                "ov_number": self.ov_number,
                "oqt_reference": self.oqt_reference,
            }
        )

    @classmethod
    def decode(cls, plaintext: bytes) -> Identity:
        data = decode_content(plaintext)
        return cls(
            tuple(Person.from_json(person) for person in data["people"]), data["ov_number"], data["oqt_reference"]
        )


@dataclass(frozen=True, slots=True, repr=False)
class Contact:
    """Where the people of a case can be reached. provenance: who told; follow-up never learns an INTERVIEW address."""

    address: str = ""
    phone: str = ""
    email: str = ""
    whereabouts_note: str = ""
    provenance: Provenance = field(default=Provenance.INTERVIEW)

    def encode(self) -> bytes:
        return encode_content(
            {
                "address": self.address,
                "phone": self.phone,
                "email": self.email,
                "whereabouts_note": self.whereabouts_note,
                "provenance": self.provenance.value,
            }
        )

    @classmethod
    def decode(cls, plaintext: bytes) -> Contact:
        data = decode_content(plaintext)
        return cls(
            data["address"],
            data["phone"],
            data["email"],
            data["whereabouts_note"],
            Provenance(data["provenance"]),
        )


def encode_content(data: dict[str, Any]) -> bytes:
    """The plaintext of a record: canonical JSON."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def decode_content(plaintext: bytes) -> dict[str, Any]:
    """Raises RecordTampered for what is no JSON object."""
    try:
        data = json.loads(plaintext)
    except ValueError:
        raise RecordTampered("an authentic record of another shape") from None
    if not isinstance(data, dict):
        raise RecordTampered("an authentic record of another shape")
    return data
