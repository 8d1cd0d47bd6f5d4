"""Orders as the official file has them: one flat body a household, with the names of the columns of a file.

Texts come from other systems: they are brought to one spelling (NFC, single spaces), so that the same order is the same
again, and what nobody can see on a screen is refused.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from gateway.api.models import Body, Day, Language, PersonBody, Region
from vault.cases.identifiers import OqtReference, OvNumber
from vault.cases.model import AdminFacts, Place
from vault.cases.orders import Order
from vault.cases.people import Contact, Identity
from vault.errors import InvalidInput
from vault.vocabulary import Provenance

#: Joins and separates letters in some scripts, and so is part of a name.
_JOINERS: Final = "\u200c\u200d"
#: Controls, other invisible signs, private and unassigned characters, halves of characters, separators of lines.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})


def _spelling(text: str) -> str:
    if any(char not in _JOINERS and unicodedata.category(char) in _UNSEEN for char in text):
        raise ValueError("holds characters that cannot be seen: control characters, line breaks or half characters")
    return unicodedata.normalize("NFC", " ".join(text.split()))


Text = Annotated[str, StringConstraints(max_length=200), AfterValidator(_spelling)]
Named = Annotated[
    str, StringConstraints(min_length=1, max_length=120), AfterValidator(_spelling), StringConstraints(min_length=1)
]
Number = Annotated[str, StringConstraints(max_length=60)]


class OrderPersonBody(PersonBody):
    family_name: Named
    given_names: Named
    nationality: Text = ""
    aliases: Annotated[list[Named], Field(max_length=20)] = Field(default_factory=list)


class OrderBody(Body):
    """One household's order. Everything in it has provenance ADMIN."""

    oqt_reference: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    ov_number: Number = ""
    criterion: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{0,30}$")] = Field(
        default="", description="the code of triage (parameter); without it the case waits"
    )
    region: Region | None = Field(default=None, description="where the postcode does not tell, or tells wrong")
    language: Language
    place: Annotated[Place, Field(strict=False)] = Place.KNOWN_ADDRESS
    annex: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,14}$")]
    notified_on: Day
    term_days: Annotated[int, Field(ge=0, le=366)] | None = None
    term_end: Day | None = None
    extended: bool = False
    procedure_pending: bool = False
    minors: bool = False
    fitness_check: bool = False
    second_measure: bool = False
    street: Text = ""
    postcode: Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]{3})?$")] = ""
    town: Text = ""
    phone: Text = ""
    email: Text = ""
    people: Annotated[list[OrderPersonBody], Field(min_length=1, max_length=30)]
    look: bool = Field(default=False, description="say what would become of it, and write nothing")
    update: bool = Field(default=False, description="bring the facts up to date in the case of the same household")
    complete: bool = Field(default=False, description="fill in what an order that waits was missing, and triage it")

    def order(self) -> Order:
        """Raises InvalidIdentifier for numbers that cannot be meant, InvalidInput."""
        return Order(
            Identity(
                tuple(person.person() for person in self.people),
                OvNumber.parse(self.ov_number).digits if self.ov_number else "",
                OqtReference.parse(self.oqt_reference).text,
            ),
            Contact(self._address(), self.phone, self.email, "", Provenance.ADMIN),
            AdminFacts(
                self.annex, self.term_end, self.extended, self.procedure_pending, self.minors, self.fitness_check,
                self.notified_on, self.term_days, self.second_measure,
            ),
            self.language, self.place, self.criterion, self.region or "", self.postcode,
        )  # fmt: skip

    def _address(self) -> str:
        """`street, postcode town`; without a street none, as nobody finds a person in a town."""
        if not self.street:
            return ""
        address = ", ".join(part for part in (self.street, f"{self.postcode} {self.town}".strip()) if part)
        if len(address) > 200:
            raise InvalidInput("street, postcode and town have at most 200 characters together", field="street")
        return address
