"""Words and signs of a text, with exact offsets: what the name tagger and the word rules look at.

    [token.text for token in tokenise("N'Diaye, 34 ans, l'ami de Jean-Luc")]
    # ["N'", "Diaye", ",", "34", "ans", ",", "l'", "ami", "de", "Jean", "-", "Luc"]

1. Letters with their marks, and with the joiners inside them, are one token: `Zoé`, also when its accent is a
   character of its own.
2. Digits are one token, apart from letters beside them: `26quater` is `26`, `quater`.
3. An elided word keeps its apostrophe (`l'`, `d'`, `qu'`), so that the name after it stands alone; any other
   apostrophe is a token of its own, and so is every other sign, hyphens and points among them.
4. White space, and characters that show nothing outside words, are no tokens.
Every token is a slice of the text: `text[token.start:token.end] == token.text`; tokens never overlap.
One pass with one pattern that cannot backtrack: time grows with the length alone.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from vault.freetext.folding import fold_character

_TOKEN: Final = re.compile(r"(?P<letters>[^\W\d_]+)|(?P<digits>\d+)|(?P<sign>[^\s])")
_LETTER: Final = re.compile(r"[^\W\d_]")
#: French and Italian words that lose their vowel before another, without their apostrophe; Dutch 's and 't differ.
_ELIDED: Final = frozenset({
    "l", "d", "j", "m", "t", "s", "n", "c", "qu", "lorsqu", "puisqu", "jusqu", "quoiqu", "quelqu", "presqu",
    "entr", "dell", "dall", "all", "nell",
})  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """text: as written. start, end: code points of the text it was cut from, end exclusive."""

    text: str
    start: int
    end: int


def tokenise(text: str) -> list[Token]:
    """The tokens of `text` in order. Any string is fine; the same string always gives the same tokens."""
    pieces: list[tuple[int, int, str | None]] = []  # start, end, kind
    for found in _TOKEN.finditer(text):
        start, end, kind = found.start(), found.end(), found.lastgroup
        if kind == "sign" and not text[start].isascii():
            kind = _kind_of_sign(text[start])
        if pieces and pieces[-1][1] == start and (joined := _joined(text, pieces[-1], start, kind)):
            pieces[-1] = (pieces[-1][0], end, joined)
        else:
            pieces.append((start, end, kind))
    return [Token(text[start:end], start, end) for start, end, kind in pieces if kind != "unseen"]


def _kind_of_sign(sign: str) -> str:
    category = unicodedata.category(sign)
    return "mark" if category[0] == "M" else "unseen" if category in {"Cf", "Cc"} else "sign"


def _joined(text: str, before: tuple[int, int, str | None], start: int, kind: str | None) -> str | None:
    """What the piece at `start` makes of the one that it touches; None if it begins a token of its own."""
    begin, _, kind_before = before
    if kind_before in {"letters", "open"}:
        if kind in {"mark", "unseen"}:
            return "open"  # letters may go on after a mark or a joiner
        if kind == "letters" and kind_before == "open":
            return "letters"
        if kind == "sign" and _closes_elision(text, begin, start):
            return "elided"
    if kind in {"mark", "unseen"} and kind_before != "unseen":
        return kind_before
    return None


def _closes_elision(text: str, begin: int, sign: int) -> bool:
    """Whether an apostrophe at `sign` ends the elided word at `begin` and another word follows without a space."""
    return (
        sign - begin <= 7
        and text[begin:sign].lower() in _ELIDED
        and text[sign + 1 : sign + 2].isalpha()
        and fold_character(text[sign]) == "'"
    )


def word_start(text: str, place: int) -> int:
    """Where the letters begin that stand right before `place`; `place` if none do.

    For patterns that look for what is rare in a word: one that begins with the word tries every word of the text.
    """
    while place and _LETTER.match(text, place - 1):
        place -= 1
    return place
