"""Comparing without case, accents and typography, with every offset kept.

    folded = fold("Straße İlk")        # folded.text == "strasse ilk"
    folded.source_span(0, 7)           # (0, 6): one ß gave two letters

Folded away: case, accents and all combining marks, compatibility forms (ligatures, full width), zero-width and
other format characters, strokes (ø, ł, đ, ı), and the kinds of apostrophe, hyphen and decimal digit.
Not folded: letters of another script that merely look alike; a coach does not disguise names, a forger is
outside what a text replacement can stop.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

_LETTERS: Final = {
    "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th",
    "ə": "e", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ŋ": "ng", "ɛ": "e", "ɔ": "o",
}  # fmt: skip
_SIGNS: Final = dict.fromkeys("'’‘‛`´ʼʻʹʾʿˈ′＇\u02bd\u02ca\u02cb", "'") | dict.fromkeys(
    "-‐‑‒–—―−﹘﹣－\u058a\u05be", "-"
)
_WORD: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, repr=False)
class Folded:
    """text: folded. source: what it came from. starts: source offset of each folded character; () if one to one."""

    text: str
    source: str
    starts: tuple[int, ...] = ()

    @cached_property
    def words(self) -> list[tuple[int, int]]:
        """Where each word of letters begins and ends in `text`; several finders go through them."""
        return [found.span() for found in _WORD.finditer(self.text)]

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """The source offsets that the non-empty folded range covers; a mark belongs to the letter before it."""
        if not self.starts:
            return start, end
        first, last = self.starts[start], self.starts[end - 1] + 1
        while last < len(self.source) and unicodedata.category(self.source[last])[0] == "M":
            last += 1
        return first, last


def fold(text: str) -> Folded:
    """Fold `text` for comparing; the result is never shown or stored."""
    if text.isascii() and "`" not in text:
        return Folded(text.lower(), text)
    table = {ord(char): fold_character(char) for char in set(text)}
    folded = text.translate(table)
    if all(len(part) == 1 for part in table.values()):
        return Folded(folded, text)
    starts = tuple(place for place, char in enumerate(text) for _ in table[ord(char)])
    return Folded(folded, text, starts)


def folded_word(text: str) -> str:
    """`fold(text).text`, for those who need no offsets: in many places, for every word of a note."""
    return text.lower() if text.isascii() and "`" not in text else "".join(map(fold_character, text))


def folded_text(text: str) -> str:
    """The same for a whole text, which is long and uses few characters."""
    if text.isascii() and "`" not in text:
        return text.lower()
    return text.translate({ord(char): fold_character(char) for char in set(text)})


@lru_cache(maxsize=4096)  # characters, never words: the cache holds nothing about anybody
def fold_character(char: str) -> str:
    """What one character compares as: "" for marks and format characters, several letters for a ligature."""
    if char in _SIGNS:
        return _SIGNS[char]
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    decomposed = unicodedata.normalize("NFKD", char.casefold()).casefold()
    kept = []
    for part in decomposed:
        category = unicodedata.category(part)
        if category[0] != "M" and category != "Cf":
            kept.append(_LETTERS.get(part) or _SIGNS.get(part) or part)
    return "".join(kept)
