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
from vault.freetext.tokens import word_start

_SMALL: Final = "a-zß-öø-ÿ"
_CAPITAL: Final = "A-ZÀ-ÖØ-Þ"
#: A capital where another word may begin: behind a small letter, or between a capital and a small letter. What comes
#: first is the capital, for which a text is quickly looked through.
_INNER: Final = re.compile(
    rf"[{_CAPITAL}](?:(?<=[{_SMALL}][{_CAPITAL}])|(?<=[{_CAPITAL}][{_CAPITAL}])(?=[{_SMALL}]))[^\W\d_]*"
)
_PIECE: Final = re.compile(rf"[{_CAPITAL}]?[{_SMALL}]+|[{_CAPITAL}]+(?![{_SMALL}])|[^\W\d_]")
_MOST_PIECES: Final = 6
_SHORTEST: Final = 3
_SHORTEST_BEFORE_ENDING: Final = 5
_CAPITALISED: Final = re.compile(rf"[{_CAPITAL}](?<![^\W\d_].)[^\W\d_]{{6,}}")
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
        for found in _INNER.finditer(folded.source):
            yield from self._in_pieces(folded.source, word_start(folded.source, found.start()), found.end())
        for found in _CAPITALISED.finditer(folded.source):
            word = folded_word(found[0])
            if self._names.begins(word) and len(word) == len(found[0]):
                yield from self._with_ending(word, found.start())

    def _with_ending(self, word: str, start: int) -> Iterator[Finding]:
        for ending in _ENDINGS:
            bare = word.removesuffix(ending)
            if len(bare) >= _SHORTEST_BEFORE_ENDING and bare != word and bare in self._names.solid:
                yield self._names.named(bare, (start, start + len(bare)), "with an ending")
                return

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
