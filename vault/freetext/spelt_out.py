"""Known names that are spelt out letter by letter, or torn by a slip: `D I A L L O`, `D.I.A.L.L.O.`, `Dia llo`.

    finder = SpeltOut(NameFinder([Named("1", "Diallo", "Aminata")]))
    list(finder.search(fold("Ça s'écrit D, I, A, L, L, O.")))          # one candidate

Letters: three or more, each alone, with a blank or a mark between each two. A name of three letters counts only if the
letters are nothing else; a longer one also between others (`il y a D I A L L O`).
Torn: a name of five letters or more with one blank, or line end, where none belongs; not where both pieces are words
that anybody writes (`la mine` is no `Lamine`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from vault.freetext.findings import Finding
from vault.freetext.folding import Folded
from vault.freetext.names import NameFinder

_LETTER: Final = r"(?<![^\W\d])[^\W\d_](?![^\W\d])"
_BETWEEN: Final = r"(?:[ \t\u00a0\u202f\n]{1,2}|[ \t\u00a0\u202f]?[.,;:/_*·•\-][ \t\u00a0\u202f]?)"
_SPELT: Final = re.compile(rf"{_LETTER}(?:{_BETWEEN}{_LETTER}){{2,}}")
_BLANKS: Final = " \t\u00a0\u202f\n"
_SHORTEST: Final = 3
_SHORTEST_AMONG_OTHERS: Final = 4
_SHORTEST_TORN: Final = 5


class SpeltOut:
    """Looks for the names that a `NameFinder` knows. is_ordinary: whether a folded word is one that anybody writes."""

    __slots__ = ("_is_ordinary", "_names", "_sizes")

    def __init__(self, names: NameFinder, is_ordinary: Callable[[str], bool] = lambda _: False) -> None:
        self._names = names
        self._is_ordinary = is_ordinary
        self._sizes = sorted({len(key) for key in names.solid}, reverse=True)

    def search(self, folded: Folded) -> Iterator[Finding]:
        """Without overlaps among those of letters, nor among the torn; offsets of the source."""
        if self._sizes:
            yield from self._letters(folded)
            yield from self._torn(folded)

    def _letters(self, folded: Folded) -> Iterator[Finding]:
        for run in _spelt(folded):
            places = [at for at in range(*run.span()) if folded.text[at].isalpha()]
            joined = "".join(folded.text[at] for at in places)
            first = 0
            while first < len(joined):
                size = self._longest(joined, first)
                if size:
                    where = folded.source_span(places[first], places[first + size - 1] + 1)
                    yield self._names.named(joined[first : first + size], where, "spelt out")
                first += size or 1

    def _longest(self, joined: str, first: int) -> int:
        """How many of the letters from `first` on are a name; 0 for none."""
        for size in self._sizes:
            least = _SHORTEST if size == len(joined) else _SHORTEST_AMONG_OTHERS
            if least <= size <= len(joined) - first and joined[first : first + size] in self._names.solid:
                return size
        return 0

    def _torn(self, folded: Folded) -> Iterator[Finding]:
        text, names, longest = folded.text, self._names, self._sizes[0]
        done = 0
        for (start, end), (other, stop) in pairwise(folded.words):
            if other != end + 1 or not names.begins(text[start:end]) or start < done:
                continue
            if not _SHORTEST_TORN <= stop - start - 1 <= longest or text[end] not in _BLANKS:
                continue
            one, two = text[start:end], text[other:stop]
            if one + two not in names.solid or (self._is_ordinary(one) and self._is_ordinary(two)):
                continue
            done = stop
            yield names.named(one + two, folded.source_span(start, stop), "with a blank too many")


def _spelt(folded: Folded) -> Iterator[re.Match[str]]:
    """Runs of single letters, looked for where three words of one letter follow each other."""
    words = folded.words
    alone = [place for place, (start, end) in enumerate(words) if end == start + 1]
    done = 0
    for first, third in zip(alone, alone[2:], strict=False):
        start = words[first][0]
        if third == first + 2 and start >= done and (run := _SPELT.match(folded.text, start)) is not None:
            done = run.end()
            yield run
