"""What only its capital gives away: words that may name somebody, shown to the reviewer.

In French, Dutch and English: a capital inside a sentence, and one at its beginning if the word is in no list of
ordinary words. In German, where nouns have capitals, only words that are no German word and could be a name. In text
without capitals: words of no language beside a kinship word.

They are suggestions, but for one: a capital inside a sentence on a word that no language has is a name of somebody or
something. It is masked at once, as a name (`[NAAM-1]`), since nothing says of what. Abbreviations are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from vault.freetext.allowed import is_allowed_word
from vault.freetext.findings import Finding
from vault.freetext.folding import folded_word
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, Tier, TokenType
from vault.freetext.titles import KIN
from vault.freetext.tokens import Token
from vault.freetext.words import Words, load_words
from vault.freetext.written_names import Writing, writing_of

_SCORE: Final = 0.3
_NAME_SCORE: Final = 0.5
_SHORTEST: Final = 3
_SHORTEST_NAME: Final = 4
_INSIDE: Final = "capital inside a sentence"
_OPENING: Final = frozenset("\"'«“‘(-–—•*#>:.!?…[")


class Capitals:
    """A stage; comes last."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:
        words = load_words()
        covered = sorted((one.start, one.end) for one in found if one.tier is Tier.AUTO)
        suggested = sorted((one.start, one.end) for one in found if one.tier is Tier.SUGGEST)
        at = also = 0
        for sentence, tokens, _ in reading.in_sentences:
            writing = writing_of(tokens, sentence.language)
            for place, token in enumerate(tokens):
                while at < len(covered) and covered[at][1] <= token.start:
                    at += 1
                if at < len(covered) and covered[at][0] < token.end:
                    continue
                while also < len(suggested) and suggested[also][1] <= token.start:
                    also += 1
                detail = _why(tokens, place, writing, words)
                if detail == _INSIDE and is_no_word(token.text, words):
                    reason = Reason(Source.CAPITAL, "capital inside a sentence, on no word")
                    yield Finding(token.start, token.end, TokenType.NAME, reason, _NAME_SCORE)
                elif detail and not (also < len(suggested) and suggested[also][0] < token.end):
                    reason = Reason(Source.CAPITAL, detail)
                    yield Finding(token.start, token.end, TokenType.PERSON, reason, _SCORE, Tier.SUGGEST)


def _why(tokens: Sequence[Token], place: int, writing: Writing, words: Words) -> str:
    text = tokens[place].text
    if not text[0].isalpha():
        return ""
    folded = folded_word(text).rstrip("'")
    if len(folded) < _SHORTEST or is_allowed_word(folded):
        return ""
    unknown = not words.is_ordinary(folded, writing.language)
    if writing.small or writing.capitals:
        near = any(folded_word(other.text) in KIN for other in tokens[max(0, place - 3) : place])
        return "beside a kinship word" if unknown and near and not words.is_ordinary_anywhere(folded) else ""
    if not text[0].isupper():
        return ""
    first = place == 0 or tokens[place - 1].text in _OPENING
    if writing.language == "de":
        return "capital, no German word" if unknown and words.is_name(folded) else ""
    if first:
        return "capital, in no list of words" if unknown and not words.is_ordinary_anywhere(folded) else ""
    return _INSIDE


def is_inside(tokens: Sequence[Token], place: int, writing: Writing, words: Words) -> bool:
    """Whether the word at `place` has a capital that no sentence's beginning explains. Abbreviations are not meant."""
    return not tokens[place].text.isupper() and _why(tokens, place, writing, words) == _INSIDE


def is_no_word(text: str, words: Words) -> bool:
    """Whether a word with a capital is in no list of ordinary words of any language. Abbreviations are not meant."""
    folded = folded_word(text).rstrip("'")
    return (
        len(folded) >= _SHORTEST_NAME
        and text[0].isupper()
        and not text.isupper()
        and not words.is_ordinary_anywhere(folded)
        and not is_allowed_word(folded)
    )
