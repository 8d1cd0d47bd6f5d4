"""What was found in a text, why, and what was decided about it.

A span speaks of the text before replacement. It holds offsets and a stand-in, never the words
themselves: spans may be logged as counts and sent to the screen that already shows the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique


@unique
class TokenType(StrEnum):
    """What a stand-in stands for."""

    PERSON = "person"
    NAME = "name"  # a proper name; of what, nothing tells
    ORGANISATION = "organisation"
    SCHOOL = "school"
    EMPLOYER = "employer"
    PLACE = "place"
    ADDRESS = "address"
    PHONE = "phone"
    EMAIL = "email"
    WEB = "web"  # an address of a page
    PROFILE = "profile"  # a user name
    BIRTH_DATE = "birth_date"
    DATE = "date"
    NISS = "niss"  # national number or bis number
    IBAN = "iban"
    CARD = "card"
    VAT = "vat"  # enterprise number
    OV_NUMBER = "ov_number"
    CGRA_NUMBER = "cgra_number"
    OQT_REFERENCE = "oqt_reference"
    PASSPORT = "passport"  # also identity cards and laissez-passer
    PLATE = "plate"
    FILE_NUMBER = "file_number"
    ORIGIN = "origin"  # nationality, country, people
    OCCUPATION = "occupation"
    AMOUNT = "amount"


@unique
class Tier(StrEnum):
    """`AUTO` is replaced unless rejected; `SUGGEST` is shown and must be decided, never silently masked."""

    AUTO = "auto"
    SUGGEST = "suggest"


@unique
class Source(StrEnum):
    """Who says so. In this order of priority: known decides which stand-in is meant."""

    KNOWN = "known"
    HAND = "hand"  # the reviewer marked it
    CHECKED = "checked"
    PATTERN = "pattern"
    TITLE = "title"
    MODEL = "model"
    REPEAT = "repeat"
    CAPITAL = "capital"


@unique
class Decision(StrEnum):
    """What the reviewer said."""

    PENDING = "pending"
    ACCEPT = "accept"
    REJECT = "reject"
    RETYPE = "retype"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class Reason:
    """detail: a fixed phrase such as `full name`; it never repeats what was found."""

    source: Source
    detail: str


@dataclass(frozen=True, slots=True)
class Span:
    """One place in the text that was sent.

    id: unique within the text. start, end: code points, end exclusive. score: 0 to 1. token: the stand-in as
    written in the result. same_as: stand-ins of people who may be meant too. by, at: who decided, when.
    decided_before: the decision was taken on an earlier version of this note.
    """

    id: str
    start: int
    end: int
    type: TokenType
    tier: Tier
    score: float
    reasons: tuple[Reason, ...]
    token: str
    same_as: tuple[str, ...] = ()
    decision: Decision = Decision.PENDING
    by: str | None = None
    at: datetime | None = None
    decided_before: bool = False

    @property
    def needs_reason_to_reject(self) -> bool:
        """The case itself, or check digits, say what this is: a rejection must say why not."""
        return any(reason.source in {Source.KNOWN, Source.CHECKED} for reason in self.reasons)

    @property
    def replaced(self) -> bool:
        """Whether the stand-in takes the place of the text."""
        if self.decision is Decision.PENDING:
            return self.tier is Tier.AUTO
        return self.decision is not Decision.REJECT
