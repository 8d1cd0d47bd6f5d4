"""What the office itself printed into a note: the headings of its skeletons name nobody.

A heading counts only at the beginning of a line, word for word, and only as far as it goes: what the coach types behind
it is looked through like everything else. A finding that reaches beyond a heading stays whole. French is printed with
spaces that do not break; which kind of space stands in a note makes no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from vault.freetext.findings import Finding
from vault.freetext.spans import Source

_LINE: Final = re.compile(r"[^\n]+")
#: One character for one: places stay places.
_SPACES: Final = str.maketrans("\u00a0\u202f", "  ")


class Wording:
    """The headings of an office's skeletons, in all its languages."""

    def __init__(self, skeletons: Iterable[str] = ()) -> None:
        lines = {line.translate(_SPACES).strip() for skeleton in skeletons for line in skeleton.splitlines()}
        self._lines = tuple(sorted(lines - {""}, key=len, reverse=True))  # the longest first: it wins

    def without(self, text: str, found: Sequence[Finding]) -> list[Finding]:
        """`found` less what lies wholly within headings of `text`. What the case knows always stays."""
        printed = self._printed(text) if found and self._lines else ()
        if not printed:
            return list(found)
        return [
            one
            for one in found
            if one.source is Source.KNOWN
            or not _covered(text, one, [(start, end) for start, end in printed if start < one.end and end > one.start])
        ]

    def _printed(self, text: str) -> list[tuple[int, int]]:
        text, places = text.translate(_SPACES), []
        for line in _LINE.finditer(text):
            start = line.end() - len(line[0].lstrip())
            if text.startswith(self._lines, start):
                heading = next(one for one in self._lines if text.startswith(one, start))
                places.append((start, start + len(heading)))
        return places


def _covered(text: str, one: Finding, places: Sequence[tuple[int, int]]) -> bool:
    """Whether nothing of the finding but white space lies outside `places`."""
    at = one.start
    for start, end in places:
        if text[at : max(at, start)].strip():
            return False
        at = max(at, end)
    return bool(places) and not text[at : one.end].strip()
