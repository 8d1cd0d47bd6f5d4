"""Names back in the place of stand-ins: an act of its own, decided and logged by the caller.

    restore("Vu [PERSOON-1].", token_map).text      # "Vu Aminata Diallo."

A stand-in of any of the four languages restores; one the map does not have stays as it is. What is put in is
not looked at again: a name that itself looks like a stand-in restores to nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass

from vault.freetext.stand_ins import EXACT, TYPE_OF_WORD
from vault.freetext.token_map import TokenMap


@dataclass(frozen=True, slots=True)
class RestoredSpan:
    """Where a restored name stands in the restored text; end exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, repr=False)
class Restored:
    """text: names instead of stand-ins. spans: their places, in order."""

    text: str
    spans: tuple[RestoredSpan, ...]


def restore(text: str, token_map: TokenMap) -> Restored:
    """Put back what the stand-ins of `text` mean."""
    meaning = {(entry.type, entry.number): entry.canonical for entry in token_map.entries}
    pieces: list[str] = []
    spans: list[RestoredSpan] = []
    length = done = 0
    for found in EXACT.finditer(text):
        canonical = meaning.get((TYPE_OF_WORD[found[1]], int(found[2])))
        if canonical is None:
            continue
        before = text[done : found.start()]
        start = length + len(before)
        length = start + len(canonical)
        pieces += [before, canonical]
        spans.append(RestoredSpan(start, length))
        done = found.end()
    return Restored("".join([*pieces, text[done:]]), tuple(spans))
