"""Names back in the place of stand-ins: an act of its own, decided and logged by the caller.

    restore("Vu [PERSOON-1].", token_map).text      # "Vu Aminata Diallo."

With the note's trace, exactly what was typed comes back; without one, each identity's canonical form. A stand-in of
any of the four languages restores; one the map does not have stays as it is. What is put in is not looked at again: a
name that itself looks like a stand-in restores to nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vault.freetext.stand_ins import EXACT, TYPE_OF_WORD
from vault.freetext.token_map import UNTYPED, Mark, TokenMap


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


def restore(text: str, token_map: TokenMap, marks: Sequence[Mark] = ()) -> Restored:
    """Put back what the stand-ins of `text` mean. marks: of the trace of this version of the note."""
    meaning = {(entry.type, entry.number): entry for entry in token_map.entries}
    pieces: list[str] = []
    spans: list[RestoredSpan] = []
    length = done = 0
    for place, found in enumerate(EXACT.finditer(text)):
        entry = meaning.get((TYPE_OF_WORD[found[1]], int(found[2])))
        if entry is None:
            continue
        mark = marks[place] if place < len(marks) else None
        same = mark is not None and (mark.type, mark.number) == (entry.type, entry.number)
        typed = entry.form(mark.form if mark is not None and same else UNTYPED)
        before = text[done : found.start()]
        start = length + len(before)
        length = start + len(typed)
        pieces += [before, typed]
        spans.append(RestoredSpan(start, length))
        done = found.end()
    return Restored("".join([*pieces, text[done:]]), tuple(spans))
