"""A case as its status columns know it, and the sealed records that hang on it.

Status is pseudonymous: nothing here names the person. What names or tells is in `SealedRecord`, as bytes
that nobody opens without a Permit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, NamedTuple

from vault.cases.flow import NONCOLLABORATION, Outcome, State, Step, next_state, phase_of
from vault.errors import IllegalStep, InvalidInput
from vault.ids import ActorId, CaseId, KeyId, RecordId
from vault.vocabulary import KIND_COMPARTMENT, Compartment, Kind, Phase, Provenance

REGIONS: Final = ("brussels", "antwerp", "liege", "ghent", "charleroi")
LANGUAGES: Final = ("fr", "nl", "de", "en")


@dataclass(frozen=True, slots=True)
class AdminFacts:
    """What the official file knows (provenance ADMIN): all that an outcome sheet may say besides code and date."""

    annex: str = ""
    term_end: date | None = None
    extended: bool = False
    procedure_pending: bool = False
    minors: bool = False
    fitness_check: bool = False


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One step that was taken. note: a code or a leaflet version, never free text."""

    number: int
    step: Step
    to_state: State
    at: datetime
    actor: ActorId
    note: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    id: CaseId
    state: State
    region: str
    language: str
    coach: ActorId
    opened_at: datetime
    closed_at: datetime | None
    outcome: Outcome | None
    facts: AdminFacts
    version: int

    @property
    def phase(self) -> Phase:
        return phase_of(self.state)

    def take(self, step: Step, *, at: datetime, outcome: Outcome | None = None) -> Case:
        """The case after `step`. Raises IllegalStep or InvalidInput; changes nothing."""
        state = next_state(self.state, step)
        ending = step in {Step.CLOSE, Step.BEGIN_CLOSING}
        if ending and outcome is None:
            raise InvalidInput("an outcome code is needed", field="outcome")
        if not ending and outcome is not None:
            raise InvalidInput("only a closing has an outcome", field="outcome")
        if step is Step.BEGIN_CLOSING and outcome not in NONCOLLABORATION:
            raise IllegalStep("closing for non-collaboration is for REFUSED and NO_SHOW only", possible=())
        if self.state is State.INTAKE and step is Step.BEGIN_CLOSING and outcome is not Outcome.NO_SHOW:
            raise IllegalStep("without an intake only NO_SHOW can begin the closing", possible=())
        if step is Step.CLOSE and self.state is State.FOLLOW_UP and outcome in NONCOLLABORATION:
            raise IllegalStep(
                "non-collaboration is closed by two people: begin the closing, a second person signs the hand-over",
                possible=(Step.BEGIN_CLOSING,),
            )
        if step is Step.CLOSE and self.state is State.CLOSING_NONCOLLAB and outcome in NONCOLLABORATION:
            raise IllegalStep(
                "non-collaboration ends by the second signature of a hand-over, not by closing alone",
                possible=(Step.HAND_OVER, Step.RESUME),
            )
        kept = self.outcome if step in {Step.HAND_OVER, Step.GIVE_NOTICE} else outcome
        closed = at if state in {State.CLOSED, State.HANDED_OVER} else None
        return replace(self, state=state, outcome=kept, closed_at=closed, version=self.version + 1)


class Standing(NamedTuple):
    """What a decision needs to know of a case: where it stands, and whose it is."""

    id: CaseId
    state: State
    region: str
    coach: ActorId

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
