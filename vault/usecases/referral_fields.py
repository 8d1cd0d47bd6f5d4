"""Where the values of consented fields come from: the one place that opens records for a referral.

Each field of `vault.cases.partners.FIELDS` has exactly one source here; a test holds the two together. To let a
referral carry fields of another compartment (`sensitive`, `return_plan`): name each in `FIELDS`, with the kinds of
partner that it concerns; add a source; and add the kind of record it opens to `ALSO_OPENS` for the release of a
referral. A source is asked only if one of its fields was consented to, so nothing is opened that does not leave.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from vault.access.enforcement import Permit
from vault.cases.model import Case
from vault.cases.partners import FIELDS, Organisation
from vault.cases.people import Contact, Identity
from vault.errors import NotFound
from vault.provenance import Leaving, Sourced
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework
from vault.usecases.open_case import record_for
from vault.vocabulary import Compartment, Kind, Provenance

#: A field's value as it leaves: text, or None where the case knows nothing; and where it was taken from.
FieldValues = Mapping[str, Sourced]


@dataclass(frozen=True, slots=True)
class Taking:
    """What a source is given: the transaction, leave to open, the case."""

    uow: UnitOfWork
    permit: Permit
    case: Case
    casework: Casework

    def open(self, kind: Kind) -> tuple[bytes, Provenance]:
        """The plaintext of the case's one record of that kind. Raises NotFound, PermitInvalid, Erased."""
        record = self.uow.records.head(record_for(self.case.id, kind, self.casework))
        if record is None:
            raise NotFound("no such item, or not for you")
        return self.casework.keeper.open(self.uow, self.permit, record).expose(), record.provenance


@dataclass(frozen=True, slots=True)
class FieldSource:
    """Some fields of one compartment. opens: the kind of record it reads, None for the case's own columns."""

    compartment: Compartment
    fields: tuple[str, ...]
    opens: Kind | None
    take: Callable[[Taking], FieldValues]


def _identity(taking: Taking) -> FieldValues:
    """Of the case's first person."""
    plaintext, provenance = taking.open(Kind.IDENTITY)
    person = Identity.decode(plaintext).people[0]
    values = {
        "family_name": person.family_name,
        "given_names": person.given_names,
        "birth_date": person.birth_date.isoformat() if person.birth_date else None,
        "nationality": person.nationality,
    }
    return {name: Sourced(value, f"identity.{name}", provenance) for name, value in values.items()}


def _contact(taking: Taking) -> FieldValues:
    plaintext, provenance = taking.open(Kind.CONTACT)
    contact = Contact.decode(plaintext)
    values = {"phone": contact.phone, "email": contact.email, "address": contact.address}
    return {name: Sourced(value, f"contact.{name}", provenance) for name, value in values.items()}


def _language(taking: Taking) -> FieldValues:
    return {"language": Sourced(taking.case.language, "case.language")}


SOURCES: Final = (
    FieldSource(
        Compartment.IDENTITY, ("family_name", "given_names", "birth_date", "nationality"), Kind.IDENTITY, _identity
    ),
    FieldSource(Compartment.CONTACT, ("phone", "email", "address"), Kind.CONTACT, _contact),
    FieldSource(Compartment.CONTACT, ("language",), None, _language),
)


def consented_values(taking: Taking, organisation: Organisation, fields: Collection[str], need: str) -> Leaving:
    """What a referral carries: the consented fields, in their order, and the need.

    Raises InvalidInput for a field that may not, or may no longer, go to this kind of partner.
    """
    organisation.check_fields(fields)
    organisation.check_need(need)
    values: dict[str, Sourced] = {}
    for source in SOURCES:
        wanted = [name for name in source.fields if name in fields]
        if wanted:
            taken = source.take(taking)
            values |= {name: taken[name] for name in wanted}
    carried = {name: values[name] for name in FIELDS if name in values}
    return Leaving(carried | {"need": Sourced(need, "note.text")})  # a code that the coach chose for what was said
