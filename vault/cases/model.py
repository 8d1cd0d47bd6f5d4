"""A case as its status columns know it, and the sealed records that hang on it.

Status is pseudonymous: nothing here names the person. What names or tells is in `SealedRecord`, as bytes
that nobody opens without a Permit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, unique
from typing import Final, NamedTuple

from vault.cases.flow import Outcome, State, Step, phase_of
from vault.ids import ActorId, CaseId, KeyId, RecordId
from vault.vocabulary import KIND_COMPARTMENT, Compartment, Kind, Phase, Provenance

REGIONS: Final = ("brussels", "antwerp", "liege", "ghent", "charleroi")
LANGUAGES: Final = ("fr", "nl", "de", "en")


@unique
class Origin(StrEnum):
    """How a case came to be."""

    ORDER = "order"  # an order to leave was notified
    SELF_REFERRAL = "self_referral"  # the person asked, by the helpline
    WALK_IN = "walk_in"  # the person stood at a walk-in desk


@unique
class Place(StrEnum):
    """Where the person can be found, as far as the official file says: a sort of place, never an address."""

    KNOWN_ADDRESS = "known_address"
    NO_KNOWN_ADDRESS = "no_known_address"
    RECEPTION = "reception"
    OPEN_RETURN_PLACE = "open_return_place"


@unique
class CoachType(StrEnum):
    INDIVIDUALS = "individuals"
    FAMILIES = "families"  # with minors
    OPEN_RETURN = "open_return"  # for open return places


@dataclass(frozen=True, slots=True)
class AdminFacts:
    """What the official file knows (provenance ADMIN). The outcome sheet carries what `SHEET_FIELDS` names of it.

    notified_on: the day the order was notified, in Belgium. term_days: the term as the order says it; None where it
    says none. second_measure: a measure that follows another one, with a shorter term for extreme urgency.
    """

    annex: str = ""
    term_end: date | None = None
    extended: bool = False
    procedure_pending: bool = False
    minors: bool = False
    fitness_check: bool = False
    notified_on: date | None = None
    term_days: int | None = None
    second_measure: bool = False


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One step that was taken. note: codes, days and leaflet versions, never free text, never what was confided."""

    number: int
    step: Step
    to_state: State
    at: datetime
    actor: ActorId
    note: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """coach: None until one is assigned. criterion: the code by which the case was triaged, "" before."""

    id: CaseId
    state: State
    region: str
    language: str
    coach: ActorId | None
    opened_at: datetime
    closed_at: datetime | None
    outcome: Outcome | None
    facts: AdminFacts
    version: int
    origin: Origin = Origin.WALK_IN
    place: Place = Place.KNOWN_ADDRESS
    coach_type: CoachType | None = None
    criterion: str = ""

    @property
    def phase(self) -> Phase:
        return phase_of(self.state)


class Standing(NamedTuple):
    """What a decision needs to know of a case: where it stands, and whose it is."""

    id: CaseId
    state: State
    region: str
    coach: ActorId | None

    @property
    def phase(self) -> Phase:
        return phase_of(self.state)


class SealedRecord(NamedTuple):
    """One version of one record. Every version is kept; (id, version) is unique, which is the version check."""

    id: RecordId
    version: int
    case: CaseId
    kind: Kind
    provenance: Provenance
    template: str
    language: str
    author: ActorId
    written_at: datetime
    key: KeyId
    sealed: bytes

    @property
    def compartment(self) -> Compartment:
        return KIND_COMPARTMENT[self.kind]


@dataclass(frozen=True, slots=True)
class RecordHead:
    """What a list shows of a record: everything but its content."""

    id: RecordId
    version: int
    case: CaseId
    kind: Kind
    provenance: Provenance
    template: str
    language: str
    author: ActorId
    written_at: datetime
