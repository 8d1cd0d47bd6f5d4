"""Erasing a case: who asked, who agreed, and what stands afterwards. Two functions in two zones, each word signed.

A regional head asks, upon a listed ground; the data protection officer agrees or refuses. Casework erases once the
second word is there, and only what both words are about: the case's name in the log, its moment of closing and the
ground stand in what is signed.

    asked ── refused
      └───── approved ── begun (tombstone) ── erased
                └─ lapsed: the case was reopened, or another erasure took it
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique

from vault.ids import ActorId, CaseId, EntryId, ErasureId, KeyId
from vault.vocabulary import Zone


@unique
class Verdict(StrEnum):
    APPROVED = "approved"
    REFUSED = "refused"


@unique
class Refusal(StrEnum):
    """Why not, in the data protection officer's codes."""

    STILL_NEEDED = "still_needed"  # for the purpose, or for legal claims (GDPR art. 17(3)(e))
    BOUND_BY_LAW = "bound_by_law"  # a law wants it kept, or an authority asked that it be (GDPR art. 17(3)(b))
    GROUND_NOT_MET = "ground_not_met"


@unique
class Standing(StrEnum):
    ASKED = "asked"
    REFUSED = "refused"
    APPROVED = "approved"
    LAPSED = "lapsed"
    BEGUN = "begun"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """What was asked. subject: 16 bytes, the case's name in the log. closed_at: of the case then."""

    id: ErasureId
    subject: bytes
    ground: str
    actor: ActorId
    asked_by: str  # as the log names them
    asked_at: datetime
    closed_at: datetime
    signature: bytes
    entry: EntryId


@dataclass(frozen=True, slots=True)
class WordRow:
    """What the data protection officer said, once. code: of a refusal, else ""."""

    erasure: ErasureId
    verdict: Verdict
    code: str
    actor: ActorId
    at: datetime
    signature: bytes
    entry: EntryId


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A case that is gone. done_at: None while something of it may be left."""

    case: CaseId
    at: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Buried:
    """A wrap that must not be there: of which key, for which reader."""

    key: KeyId
    reader: Zone
