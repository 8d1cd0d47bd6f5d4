"""Bodies as they arrive: strict types, closed field lists, bounded lengths. Parsed once, here."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, create_model

from vault.cases.calendar import end_of, plausible
from vault.cases.details import TAKES, Attendee, Avenue, Details, Interpreting, SuspensionReason
from vault.cases.flow import Outcome, Step
from vault.cases.identifiers import NationalNumber, OqtReference, OvNumber
from vault.cases.model import AdminFacts, CoachType, Origin, Place
from vault.cases.people import Contact, Identity, Person
from vault.cases.referrals import AnswerStatus, ReceiptOutcome
from vault.errors import InvalidInput
from vault.vocabulary import Provenance

Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
Short = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
#: No control characters: no login or filter has them, and PostgreSQL refuses a NUL in text.
PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*$"
_UNCLEAN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
#: What a version column holds on both databases.
LARGEST_VERSION: Final = 2**31 - 1

#: Joins and separates letters in some scripts, and so is part of a name.
_JOINERS: Final = "\u200c\u200d"
#: Controls, other invisible signs, private and unassigned characters, halves of characters, separators of lines.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})


def _spelling(text: str) -> str:
    if any(char not in _JOINERS and unicodedata.category(char) in _UNSEEN for char in text):
        raise ValueError("holds characters that cannot be seen: control characters, line breaks or half characters")
    return unicodedata.normalize("NFC", " ".join(text.split()))


Text = Annotated[str, StringConstraints(max_length=200), AfterValidator(_spelling)]
#: Of a person: the same name is the same characters, and none that hides.
Named = Annotated[
    str, StringConstraints(min_length=1, max_length=120), AfterValidator(_spelling), StringConstraints(min_length=1)
]
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written(value: object) -> object:
    """A date is written, in one way. pydantic would take a number, or a text that holds one, for seconds since 1970."""
    if value is None or type(value) is date:
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("a date is written YYYY-MM-DD, and is a day of the calendar")


Day = Annotated[date, Field(strict=False), BeforeValidator(_written)]
Version = Annotated[int, Field(ge=1, le=LARGEST_VERSION)]
Language = Literal["fr", "nl", "de", "en"]
Region = Literal["brussels", "antwerp", "liege", "ghent", "charleroi"]
Relation = Literal["head", "partner", "child", "ward", "parent", "sibling", "other"]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PersonBody(Body):
    family_name: Named
    given_names: Named
    birth_date: Day | None = None
    national_number: Short = Field(
        default="", description="NISS or bis number, optional; its check digits are verified"
    )
    nationality: Text = ""
    aliases: Annotated[list[Named], Field(max_length=20)] = []
    relation: Relation = "head"

    def person(self) -> Person:
        number = NationalNumber.parse(self.national_number).digits if self.national_number else ""
        return Person(
            self.family_name, self.given_names, self.birth_date, number, self.nationality, tuple(self.aliases),
            self.relation,
        )  # fmt: skip


class IdentityBody(Body):
    people: Annotated[list[PersonBody], Field(min_length=1, max_length=30)]
    ov_number: Short = ""
    oqt_reference: Short = ""

    def identity(self) -> Identity:
        """Raises InvalidIdentifier for numbers that cannot be meant."""
        return Identity(
            tuple(person.person() for person in self.people),
            OvNumber.parse(self.ov_number).digits if self.ov_number else "",
            OqtReference.parse(self.oqt_reference).text if self.oqt_reference else "",
        )


class ContactBody(Body):
    address: Short = ""
    phone: Short = ""
    email: Short = ""
    whereabouts_note: Annotated[str, StringConstraints(max_length=2000)] = ""
    provenance: Annotated[Provenance, Field(strict=False)] = Provenance.INTERVIEW

    def contact(self) -> Contact:
        clean(self.address, self.phone, self.email, self.whereabouts_note)
        return Contact(self.address, self.phone, self.email, self.whereabouts_note, self.provenance)


class FactsBody(Body):
    """Facts of the official file (provenance ADMIN)."""

    annex: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{0,14}$")] = ""
    term_end: Day | None = None
    extended: bool = False
    procedure_pending: bool = False
    minors: bool = False
    fitness_check: bool = False
    notified_on: Day | None = None
    term_days: Annotated[int, Field(ge=0, le=366)] | None = Field(
        default=None, description="the term as the order says it, where it says one"
    )
    second_measure: bool = False

    def facts(self) -> AdminFacts:
        return AdminFacts(
            self.annex, self.term_end, self.extended, self.procedure_pending, self.minors, self.fitness_check,
            self.notified_on, self.term_days, self.second_measure,
        )  # fmt: skip


class OpenCaseBody(IdentityBody):
    region: Region
    language: Language
    contact: ContactBody = ContactBody()
    facts: FactsBody = FactsBody()
    origin: Annotated[Origin, Field(strict=False)] = Origin.WALK_IN
    place: Annotated[Place, Field(strict=False)] = Place.KNOWN_ADDRESS
    coach_type: Annotated[CoachType | None, Field(strict=False)] = None


class RevisedIdentityBody(IdentityBody):
    based_on: Version


class RevisedContactBody(ContactBody):
    based_on: Version


Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,30}$")]
#: What can be told with a step, by name. Which step takes what, and needs what, stands in `vault.cases.details`.
_STEP_FIELDS: Final[dict[str, tuple[Any, str]]] = {
    "outcome": (Annotated[Outcome, Field(strict=False)], "how the case ends"),
    "leaflet": (Annotated[str, StringConstraints(min_length=1, max_length=40)], "the leaflet's version"),
    "language": (Language, "in which language"),
    "day": (Day, "the day of the appointment, in Belgium"),
    "attendees": (
        Annotated[list[Annotated[Attendee, Field(strict=False)]], Field(max_length=3)],
        "who was there besides the people of the case and the coach; [] for nobody",
    ),
    "interpreter": (Annotated[Interpreting, Field(strict=False)], "how it was interpreted"),
    "criterion": (Code, "the code of triage (parameter)"),
    "region": (Region, "the region that the case goes to"),
    "coach_type": (Annotated[CoachType, Field(strict=False)], "the type of coach, where the criterion does not say it"),
    "coach": (
        Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=PRINTABLE)],
        "the login of the coach to assign, who works in the region",
    ),
    "avenue": (Annotated[Avenue, Field(strict=False)], "towards which right of residence; sealed"),
    "partner": (Code, "with whom the person means to return (parameter); sealed"),
    "agreed": (bool, "that the person agrees"),
    "ground": (Code, "why more time is asked for (parameter); sealed"),
    "reason": (Annotated[SuspensionReason, Field(strict=False)], "why the guidance is suspended; sealed"),
    "until": (Day, "the last day of the extended term, as the Office granted it"),
}


class StepBody(Body):
    """What is told with a step. based_on: the case's version that was looked at; left out, the step is taken anyway."""

    based_on: Version | None = None

    def details(self) -> Details:
        told = {name: getattr(self, name) for name in type(self).model_fields if name not in {"based_on", "coach"}}
        if told.get("attendees") is not None:
            told["attendees"] = tuple(told["attendees"])
        return Details(**told)

    def coach_login(self) -> str:
        return getattr(self, "coach", None) or ""


@cache
def step_body(step: Step) -> type[StepBody]:
    """The body of one step's route: what it needs, what it may be told, and nothing else."""
    takes = TAKES[step]
    named: dict[str, Any] = {
        name: (_STEP_FIELDS[name][0], Field(description=_STEP_FIELDS[name][1])) for name in takes.needed
    }
    for name in takes.optional:
        kind, description = _STEP_FIELDS[name]
        named[name] = (kind | None, Field(default=None, description=description))
    title = "".join(word.title() for word in step.value.split("_"))
    return create_model(f"{title}Body", __base__=StepBody, **named)


class NoteBody(Body):
    """A note as typed."""

    text: Annotated[str, StringConstraints(min_length=1)]
    language: Language
    template: str = "interview"
    template_version: Version | None = Field(
        default=None, description="the version of the skeleton it was begun from; default: the present one"
    )


class RevealBody(Body):
    reason: Annotated[str, StringConstraints(max_length=500)]


class FindBody(Body):
    field: Literal["national_number", "ov_number", "oqt_reference", "log_name"]
    value: Annotated[str, StringConstraints(min_length=1, max_length=60)]


class SearchBody(Body):
    word: Annotated[str, StringConstraints(min_length=2, max_length=80)]


PartnerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,23}$")]
FieldNames = Annotated[list[Annotated[str, StringConstraints(max_length=40)]], Field(min_length=1, max_length=40)]


class ProposalBody(Body):
    partner: PartnerName
    need: Annotated[str, StringConstraints(max_length=40)]
    fields: FieldNames


class ConsentBody(Body):
    fields: FieldNames
    expires_on: Day

    def expires_at(self) -> datetime:
        """The moment after the last day. Its midnight in Brussels. Raises InvalidInput for an impossible day."""
        if not plausible(self.expires_on):
            raise InvalidInput("no day on which a consent can end", field="expires_on")
        return end_of(self.expires_on)


class AnswerBody(Body):
    status: Annotated[AnswerStatus, Field(strict=False)]
    message: str = ""


class ReceiptBody(Body):
    outcome: Annotated[ReceiptOutcome, Field(strict=False)]


class SignInBody(Body):
    login: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=PRINTABLE)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    code: Annotated[str, StringConstraints(min_length=1, max_length=16)]


def clean(*texts: str) -> None:
    """No half characters, control characters or bidirectional overrides: what is shown would not be what is stored."""
    for text in texts:
        if _UNCLEAN.search(text):
            raise InvalidInput("the text holds control characters, some that reorder others, or half a character")
