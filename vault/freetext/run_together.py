"""Known names that are run together with other words: `MmeDiallo`, `dAminata`, `DiallosKinder`, `het Diallodossier`.

    finder = RunTogether(NameFinder([Named("1", "Diallo", "Aminata")]))
    list(finder.search(fold("MmeDiallo et lAminata")))          # two candidates

1. A capital inside a word begins another: what stands from there on, or up to there, may be a name.
2. Behind a longer name a few Dutch and German endings and nouns are run on: `Mohamedje`, `die Diallosche Akte`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from vault.freetext.findings import Finding
from vault.freetext.folding import Folded, folded_word
from vault.freetext.names import NameFinder

_SMALL: Final = "a-zß-öø-ÿ"
_CAPITAL: Final = "A-ZÀ-ÖØ-Þ"
_MIXED: Final = re.compile(rf"(?<![^\W\d_])[^\W\d_]*?(?:[{_SMALL}][{_CAPITAL}]|[{_CAPITAL}]{{2}}[{_SMALL}])[^\W\d_]*")
_PIECE: Final = re.compile(rf"[{_CAPITAL}]?[{_SMALL}]+|[{_CAPITAL}]+(?![{_SMALL}])|[^\W\d_]")
_MOST_PIECES: Final = 6
_SHORTEST: Final = 3
_SHORTEST_BEFORE_ENDING: Final = 5
_CAPITALISED: Final = re.compile(rf"(?<![^\W\d_])[{_CAPITAL}][^\W\d_]{{6,}}")
_ENDINGS: Final = (
    "je", "tje", "etje", "ke", "ken", "sche", "schen", "scher", "sches", "dossier", "dossiers", "zaak", "familie",
    "gezin", "akte", "fall", "sache", "kinder", "kinderen",
)  # fmt: skip


class RunTogether:
    """Looks for the names that a `NameFinder` knows."""

    __slots__ = ("_names",)

    def __init__(self, names: NameFinder) -> None:
        self._names = names

    def search(self, folded: Folded) -> Iterator[Finding]:
        """Offsets of the source; those of one word do not overlap."""
        if not self._names.solid:
            return
        for found in _MIXED.finditer(folded.source):
            yield from self._in_pieces(folded.source, *found.span())
        for found in _CAPITALISED.finditer(folded.source):
            word = folded_word(found[0])
            for ending in _ENDINGS:
                bare = word.removesuffix(ending)
                long_enough = len(bare) >= _SHORTEST_BEFORE_ENDING and bare != word
                if long_enough and len(word) == len(found[0]) and bare in self._names.solid:
                    where = found.start(), found.start() + len(bare)
                    yield self._names.named(bare, where, "with an ending")
                    break

    def _in_pieces(self, text: str, start: int, end: int) -> Iterator[Finding]:
        pieces = [(one.start(), one.end(), folded_word(one[0])) for one in _PIECE.finditer(text, start, end)]
        first = 0
        while first < len(pieces):
            last = self._longest(pieces[first : first + _MOST_PIECES])
            if last and last < len(pieces):  # the whole word is found without this
                key = "".join(piece for *_, piece in pieces[first : first + last])
                where = pieces[first][0], pieces[first + last - 1][1]
                yield self._names.named(key, where, "run together")
            first += last or 1

    def _longest(self, pieces: list[tuple[int, int, str]]) -> int:
        """How many pieces, from the first on, are a name; 0 for none."""
        for size in range(len(pieces), 0, -1):
            key = "".join(piece for *_, piece in pieces[:size])
            if len(key) >= _SHORTEST and key in self._names.solid:
                return size
        return 0
