"""What reviewers did with what was found, as counts: by type, source and tier, never by person, note or word.

From them recall can be estimated: of all that turned out to identify somebody, the share that was found before a
reviewer had to mark it by hand. It is an upper bound: what neither the program nor the reviewer saw is not in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from vault.freetext.spans import Decision, Source, Span, Tier, TokenType


class Counted(NamedTuple):
    """What was counted. language: of the note. decision: `pending` is an automatic finding nobody touched."""

    language: str
    type: str
    source: str
    tier: str
    decision: str


@dataclass(frozen=True, slots=True)
class Quality:
    """Of one type. found: right, automatic or accepted. missed: marked by hand. wrong: rejected.

    recall: found or suggested, of all that was right. automatic: the same without suggestions. precision: of the
    automatic findings, those that were not rejected. None where nothing was counted.
    """

    type: str
    found: int
    suggested: int
    missed: int
    wrong: int

    @property
    def recall(self) -> float | None:
        right = self.found + self.suggested + self.missed
        return (self.found + self.suggested) / right if right else None

    @property
    def automatic(self) -> float | None:
        right = self.found + self.suggested + self.missed
        return self.found / right if right else None

    @property
    def precision(self) -> float | None:
        shown = self.found + self.wrong
        return self.found / shown if shown else None


def count(spans: Iterable[Span], language: str) -> Counter[Counted]:
    """The counts of one reviewed note."""
    return Counter(
        Counted(language, span.type.value, span.reasons[0].source.value, span.tier.value, span.decision.value)
        for span in spans
        if not span.decided_before
    )


def quality(counts: Mapping[Counted, int]) -> list[Quality]:
    """One line per type that was counted, in the order of the types, and one for all (`""`) first."""
    lines = [_of_type(counts, "")] if counts else []
    lines += [_of_type(counts, kind.value) for kind in TokenType if any(one.type == kind.value for one in counts)]
    return lines


def _of_type(counts: Mapping[Counted, int], kind: str) -> Quality:
    found = suggested = missed = wrong = 0
    for one, number in counts.items():
        if kind and one.type != kind:
            continue
        if one.source == Source.HAND:
            missed += number if one.decision != Decision.REJECT else 0
        elif one.decision == Decision.REJECT:
            wrong += number if one.tier == Tier.AUTO else 0
        elif one.tier == Tier.SUGGEST:
            suggested += number
        else:
            found += number
    return Quality(kind, found, suggested, missed, wrong)
