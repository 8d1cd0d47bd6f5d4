"""Orders as the official file has them: one flat body a household, with the names of the columns of a file.

Texts come from other systems: they are brought to one spelling (NFC, single spaces), so that the same order is the same
again, and what nobody can see on a screen is refused.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from gateway.api.models import Body, Day, Language, PersonBody, Region, Text
from vault.cases.identifiers import OqtReference, OvNumber
from vault.cases.model import AdminFacts, Place
from vault.cases.orders import Order
from vault.cases.people import Contact, Identity
from vault.errors import InvalidInput
from vault.vocabulary import Provenance

Number = Annotated[str, StringConstraints(max_length=60)]


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
    people: Annotated[list[PersonBody], Field(min_length=1, max_length=30)]
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
