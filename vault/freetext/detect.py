"""What a detector is, and which of several findings counts.

A detector gets the normalised text with stand-ins blanked out (`stand_ins.masked`) and says what it found and
why; it assigns no stand-ins. Later detectors (patterns with check digits, titles, models) join behind the same
interface; the case's known identities always run first and decide which stand-in is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from vault.freetext.spans import Reason, Source, Tier, TokenType

_PRIORITY: Final = {source: place for place, source in enumerate(Source)}


@dataclass(frozen=True, slots=True, repr=False)
class Candidate:
    """One finding. canonical: what restoring would write. person: key of the one person meant, None if unclear.

    names: comparable texts that person is known under. same_as: keys of the people who may be meant.
    """

    start: int
    end: int
    type: TokenType
    canonical: str
    reason: Reason
    person: str | None = None
    names: frozenset[str] = frozenset()
    same_as: tuple[str, ...] = ()
    tier: Tier = Tier.AUTO
    score: float = 1.0


class Detector(Protocol):
    """Finds what identifies people. Pure: no I/O, no state between texts."""

    def detect(self, text: str) -> Sequence[Candidate]:
        """Findings in `text`, in any order; they may overlap. Offsets are code points of `text`."""
        ...


def resolve(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Findings without overlaps, in order of place: the better source first, then the longer, then the earlier."""
    chosen: list[Candidate] = []
    taken: set[int] = set()
    for candidate in sorted(
        candidates, key=lambda found: (_PRIORITY[found.reason.source], found.start - found.end, found.start)
    ):
        places = range(candidate.start, candidate.end)
        if taken.isdisjoint(places):
            taken.update(places)
            chosen.append(candidate)
    return sorted(chosen, key=lambda found: found.start)
