"""Known names with digits, signs or other letters in place of their own: `D1all0`, `Tra0ré`, `DiaIIo`, `Di@llo`.

    finder = LookAlikes(NameFinder([Named("1", "Diallo", "Aminata")]))
    list(finder.search(fold("Vu Am1nata D1all0.")))          # one candidate, the full name

What looks like a name of the case is read as that name, and the text looked through once more. At least half of its
letters must be there, and two: `A11` is a motorway, and no `Ali`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from vault.freetext.findings import Finding
from vault.freetext.folding import Folded
from vault.freetext.names import NameFinder
from vault.freetext.spans import Reason
from vault.freetext.tokens import word_start

_SHORTEST: Final = 3
_LONGEST: Final = 40  # characters of one word
_MOST_AROUND: Final = 6  # digits and signs in front of a name or behind it that are none of it
#: What is read as which letters; folded. 3 and 7 also as in Arabic by telephone (`Mo7amed`).
#: Cyrillic and Greek: words that mix scripts are Latin already (`normalise`).
_STANDS_FOR: Final[dict[str, str]] = {
    "0": "o", "1": "il", "2": "z", "3": "ea", "4": "a", "5": "s", "6": "bg", "7": "th", "8": "b", "9": "gq",
    "@": "a", "$": "s", "€": "e", "£": "l", "|": "il", "!": "il", "¡": "i", "ⵏ": "il",
    "а": "a", "в": "b", "е": "e", "і": "i", "ј": "j", "к": "k", "м": "m", "н": "h", "о": "o", "р": "p", "с": "c",
    "т": "t", "у": "y", "х": "x", "ѕ": "s", "ү": "y", "ӏ": "il", "һ": "h", "ԁ": "d", "ԛ": "q", "ԝ": "w",
    "α": "a", "β": "b", "ε": "e", "ζ": "z", "η": "hn", "ι": "i", "κ": "k", "μ": "mu", "ν": "nv", "ο": "o", "ρ": "p",
    "τ": "t", "υ": "yu", "χ": "x",
}  # fmt: skip
#: A word is read from its first sign on, backwards and forwards: a text is quickly looked through for signs.
_SIGN: Final = re.compile(f"[{re.escape(''.join(_STANDS_FOR))}]")
_WITH_SIGNS: Final = re.compile(rf"{_SIGN.pattern}(?:[^\W_]|{_SIGN.pattern})*")
#: Not digits and ASCII signs alone, which are a number and no name.
_MAY_BE_NAME: Final = re.compile(r"[^0-9@$|!]")
#: A capital i among small letters, or a small l among capitals.
_MIXED: Final = re.compile(r"[Il](?:(?<=[a-zà-ÿ]I)(?![A-HJ-ZÀ-Þ])|(?<=[A-ZÀ-Þ]l)(?=[A-ZÀ-Þ]))[^\W\d_]*")
_MIXED_UP: Final = {"i": "l", "l": "i"}


class LookAlikes:
    """Looks for the names that a `NameFinder` knows."""

    __slots__ = ("_by_size", "_names")

    def __init__(self, names: NameFinder) -> None:
        self._names = names
        self._by_size: dict[int, list[str]] = {}
        for key in names.solid:
            self._by_size.setdefault(len(key), []).append(key)

    def search(self, folded: Folded) -> Iterator[Finding]:
        """Without overlaps; offsets of the source."""
        read = list(self._read(folded)) if self._by_size else []
        if not read:
            return
        letters = list(folded.text)
        for start, name in read:
            letters[start : start + len(name)] = name
        again = replace(folded, text="".join(letters))
        for one in self._names.search(again):
            where = [folded.source_span(start, start + len(name)) for start, name in read]
            if any(start < one.end and one.start < end for start, end in where):
                detail = f"{one.reason.detail}, with signs for letters"
                yield replace(one, reason=Reason(one.reason.source, detail))

    def _read(self, folded: Folded) -> Iterator[tuple[int, str]]:
        """Where in the folded text something looks like a name, and that name, which is as long."""
        for start, end in _words_with_signs(folded.text):
            if (read := self._as_name(folded.text[start:end], _STANDS_FOR)) is not None:
                yield start + read[0], read[1]
        for found in _MIXED.finditer(folded.source):
            begin = word_start(folded.source, found.start())
            start = bisect_left(folded.starts, begin) if folded.starts else begin
            word = folded.text[start : start + found.end() - begin]
            if (read := self._as_name(word, _MIXED_UP)) is not None:
                yield start + read[0], read[1]

    def _as_name(self, word: str, stands_for: dict[str, str]) -> tuple[int, str] | None:
        """The name that a word, or what its outer digits and signs leave of it, looks like; and where it begins."""
        if len(word) > _LONGEST:
            return None
        first, last = _outer(word), len(word) - _outer(word[::-1])
        ends = [*range(len(word), last - 1, -1), *([len(word) - 1] if word.endswith("s") else [])]
        for start in range(first + 1):
            for end in ends:
                for name in self._by_size.get(end - start, ()):
                    if _looks_like(word[start:end], name, stands_for):
                        return start, name
        return None


def _words_with_signs(text: str) -> Iterator[tuple[int, int]]:
    """Where words begin and end that hold a sign."""
    for found in _WITH_SIGNS.finditer(text):
        start, end = word_start(text, found.start()), found.end()
        if _MAY_BE_NAME.search(text, start, end):
            yield start, end


def _outer(word: str) -> int:
    """How many characters from its beginning on are no letters."""
    return next((at for at, char in enumerate(word[:_MOST_AROUND]) if char.isalpha()), min(len(word), _MOST_AROUND))


def _looks_like(word: str, name: str, stands_for: dict[str, str]) -> bool:
    same = sum(one == other for one, other in zip(word, name, strict=True))
    if same == len(name) or same < 2 or 2 * same < len(name):
        return stands_for is _STANDS_FOR and same < len(name) and _is_of_other_script(word, name)
    return all(one == other or other in stands_for.get(one, "") for one, other in zip(word, name, strict=True))


def _is_of_other_script(word: str, name: str) -> bool:
    """Whether all letters are Cyrillic or Greek ones that look like those of the name."""
    return len(word) > _SHORTEST and all(
        not one.isascii() and other in _STANDS_FOR.get(one, "") for one, other in zip(word, name, strict=True)
    )
