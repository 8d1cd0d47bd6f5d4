"""What a stage of the pipeline found, and what a stage is.

Each stage looks at one `Reading` (the text, prepared once) and says what it found and why; it assigns no
stand-ins and decides nothing. Which of several findings counts is settled afterwards (`settle`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, Tier, TokenType

#: Details of a DATE that is coarse, or that the trajectory itself sets.
YEAR: Final = "year"
APPOINTMENT: Final = "appointment or term"


@dataclass(frozen=True, slots=True, repr=False)
class Finding:
    """One place of a reading's text. Offsets are code points of that text, end exclusive.

    canonical: how the case writes what is meant, "" for as it stands there. person: key of the one known person
    meant, None if unclear or unknown. names: comparable texts that person is known under. same_as: keys of the
    people who may be meant.
    """

    start: int
    end: int
    type: TokenType
    reason: Reason
    score: float = 1.0
    tier: Tier = Tier.AUTO
    canonical: str = ""
    person: str | None = None
    names: frozenset[str] = frozenset()
    same_as: tuple[str, ...] = ()

    @property
    def source(self) -> Source:
        return self.reason.source


class Stage(Protocol):
    """Finds what identifies people. Pure: no I/O, no state between texts, time in proportion to the text."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:
        """Findings in `reading.text`, in any order; they may overlap. found: what earlier stages found, settled."""
        ...
