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
#: Lazily: `passeport EK 482917` has the letters in its number, not one of the few words before it.
_FAR: Final = re.compile(r"[^\w\n]{0,6}(?:[^\W\d_]{1,16}[^\w\n]{1,4})?")
_MOST_WORDS_BETWEEN: Final = 3
_LONG_KEYWORD: Final = 5  # letters
_AND: Final = re.compile(r"\s{0,2}(?:,|;|&|\band\b|\bet\b|\ben\b|\bund\b|\bou\b|\bof\b|\bor\b)\s{1,2}")
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}")
_DAY: Final = re.compile(r"[0-3]?[0-9]([./-])[01]?[0-9]\1(?:19|20)?[0-9]{2}")
_COUNTED: Final = re.compile(
    r"\s{0,2}(?:€|\$|£|%|euros?\b|eur\b|ans\b|jaar\b|jahre?\b|years?\b|mois\b|maand|jours?\b|dagen\b|tage\b|days?\b|fois\b|"
    r"personnes?\b|km\b|kg\b|heures?\b|uur\b|h\b|u\b|min)"
)
#: In a list of numbers, also a short one: `nos. 260, 45 and 119/5`.
_SHORT: Final = re.compile(r"[0-9]{2,4}(?:[/.][0-9]{1,4}){0,3}(?![\w])")
#: What goes on without a space belongs to the number: `2024/1234` `/A`.
_ATTACHED: Final = re.compile(r"(?:[/.\-][a-z0-9]{1,12}){1,4}(?![^\W_])")
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
            if kind.after_word and keywords is not None:
                yield from _after_words(folded, kind, keywords)
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
    return re.compile(rf"(?<![^\W_])(?:{words})(?:(?<=[^\w])|(?![^\W\d_])){_NEAR}(?=[a-z]{{0,6}}[\W_]?[0-9a-z])")


def _after_words(folded: Folded, kind: Shapes, keywords: re.Pattern[str]) -> Iterator[Finding]:
    text, patterns = folded.text, kind.after_word
    for keyword in keywords.finditer(text):
        one = _number_near(patterns, text, keyword.end(), _words_between(kind, keyword[0]))
        while one is not None:
            yield _finding(folded, one, kind, _AFTER_WORD, Tier.AUTO)
            joined = _AND.match(text, one.end())  # `nos. 29913/96 and 33645/96`
            one = _number_at(patterns, text, joined.end()) or _SHORT.match(text, joined.end()) if joined else None


def _words_between(kind: Shapes, keyword: str) -> int:
    """How many words may stand before the number: behind `no.`, which is many things, none."""
    if kind.type is not TokenType.FILE_NUMBER:
        return _MOST_WORDS_BETWEEN
    return 1 if sum(char.isalpha() for char in keyword) >= _LONG_KEYWORD else 0


def _number_near(patterns: Sequence[re.Pattern[str]], text: str, place: int, words: int) -> re.Match[str] | None:
    """The first number at `place` or behind at most so many further words."""
    for _ in range(words + 1):
        one = _number_at(patterns, text, place)
        if one is not None:
            return one
        between = _FAR.match(text, place)
        if between is None or between.end() == place:
            return None
        place = between.end()
    return None


def _number_at(patterns: Sequence[re.Pattern[str]], text: str, place: int) -> re.Match[str] | None:
    """The longest number at `place`, unless it is a year, a date, or counts something."""
    matched = [found for pattern in patterns if (found := pattern.match(text, place)) is not None]
    one = max(matched, key=lambda found: len(found[0].rstrip(" .-/")), default=None)
    if one is None or sum(char.isdigit() for char in one[0]) < 3:
        return None
    bare = one[0].strip(" .-/")
    if _YEAR.fullmatch(bare) or _DAY.fullmatch(bare) or _COUNTED.match(text, one.end()):
        return None
    return one


def _finding(folded: Folded, one: re.Match[str], kind: Shapes, score: float, tier: Tier) -> Finding:
    end = one.start() + len(one[0].rstrip(kind.between + " .-/"))
    more = _ATTACHED.match(folded.text, end)
    where = folded.source_span(one.start(), more.end() if more is not None else end)
    return Finding(*where, kind.type, Reason(Source.PATTERN, _DETAIL.get(kind.type, "file number")), score, tier)
