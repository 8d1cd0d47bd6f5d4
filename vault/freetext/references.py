"""Numbers without check digits, by the word before them and their shape: SP/OV, CGRA, orders, passports, plates, files.

Which words and shapes is configuration (`shapes`). After its word a number is replaced; a shape that is certain is
replaced without one; one that is merely possible is suggested.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vault.freetext.findings import Finding
from vault.freetext.folding import Folded
from vault.freetext.reading import Reading
from vault.freetext.shapes import Shapes, default_shapes, parse_shapes
from vault.freetext.spans import Reason, Source, Tier, TokenType

_AFTER_WORD: Final = 0.8
_CERTAIN: Final = 0.8
_POSSIBLE: Final = 0.4
#: Between the word and its number: signs, and a few words such as `n°`, `de Mme`, `valable`.
_NEAR: Final = r"[^\w\n]{0,6}(?:(?:n|nr|no|nos|num|numero|nummer|number|ref)\b[^\w\n]{0,4})?"
_FAR: Final = r"[^\w\n]{0,6}(?:[^\W\d_]{1,16}[^\w\n]{1,4}){0,3}"
_AND: Final = re.compile(r"\s{0,2}(?:,|;|&|\band\b|\bet\b|\ben\b|\bund\b|\bou\b|\bof\b|\bor\b)\s{1,2}")
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}")
_DAY: Final = re.compile(r"[0-3]?[0-9]([./-])[01]?[0-9]\1(?:19|20)?[0-9]{2}")
_COUNTED: Final = re.compile(
    r"\s{0,2}(?:€|\$|£|%|euros?\b|eur\b|ans\b|jaar\b|jahre?\b|years?\b|mois\b|maand|jours?\b|dagen\b|tage\b|days?\b|fois\b|"
    r"personnes?\b|km\b|kg\b|heures?\b|uur\b|h\b|u\b|min)"
)
#: In a list of numbers, also a short one: `nos. 260, 45 and 119/5`.
_SHORT: Final = re.compile(r"[0-9]{2,4}(?:[/.][0-9]{1,4}){0,3}(?![\w])")
_DETAIL: Final = {
    TokenType.OV_NUMBER: "SP/OV number",
    TokenType.CGRA_NUMBER: "CGRA number",
    TokenType.OQT_REFERENCE: "reference of the order",
    TokenType.PASSPORT: "document number",
    TokenType.PLATE: "licence plate",
}


class References:
    """A stage. shapes: of the operator's configuration; the shipped ones by default."""

    def __init__(self, shapes: Sequence[Shapes] | None = None) -> None:
        self._shapes = tuple(shapes) if shapes is not None else parse_shapes(default_shapes())
        self._words = tuple((kind, _keywords(kind)) for kind in self._shapes)

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        folded = reading.folded
        for kind, keywords in self._words:
            if kind.after_word is not None and keywords is not None:
                yield from _after_words(folded, kind, keywords, kind.after_word)
            for pattern, score, tier in (
                (kind.certain, _CERTAIN, Tier.AUTO),
                (kind.possible, _POSSIBLE, Tier.SUGGEST),
            ):
                for one in pattern.finditer(folded.text) if pattern is not None else ():
                    yield _finding(folded, one, kind, score, tier)


def _keywords(kind: Shapes) -> re.Pattern[str] | None:
    if not kind.words:
        return None
    words = "|".join(re.escape(word).replace(r"\ ", r"\s{1,2}") for word in kind.words)
    gap = _NEAR if kind.type is TokenType.FILE_NUMBER else _FAR
    return re.compile(rf"(?<![^\W_])(?:{words})(?:(?<=[^\w])|(?![^\W\d_])){gap}(?=[a-z]{{0,6}}[\W_]?[0-9a-z])")


def _after_words(
    folded: Folded, kind: Shapes, keywords: re.Pattern[str], pattern: re.Pattern[str]
) -> Iterator[Finding]:
    text = folded.text
    for keyword in keywords.finditer(text):
        one = _number_at(pattern, text, keyword.end())
        while one is not None:
            yield _finding(folded, one, kind, _AFTER_WORD, Tier.AUTO)
            joined = _AND.match(text, one.end())  # `nos. 29913/96 and 33645/96`
            one = _number_at(pattern, text, joined.end()) or _SHORT.match(text, joined.end()) if joined else None


def _number_at(pattern: re.Pattern[str], text: str, place: int) -> re.Match[str] | None:
    """A number at `place`, unless it is a year, a date, or counts something."""
    one = pattern.match(text, place)
    if one is None or sum(char.isdigit() for char in one[0]) < 3:
        return None
    bare = one[0].strip(" .-/")
    if _YEAR.fullmatch(bare) or _DAY.fullmatch(bare) or _COUNTED.match(text, one.end()):
        return None
    return one


def _finding(folded: Folded, one: re.Match[str], kind: Shapes, score: float, tier: Tier) -> Finding:
    matched = one[0].rstrip(kind.between + " .-/")
    where = folded.source_span(one.start(), one.start() + len(matched))
    return Finding(*where, kind.type, Reason(Source.PATTERN, _DETAIL.get(kind.type, "file number")), score, tier)
