"""Where people come from: countries, nationalities, peoples, languages and beliefs, by list.

Belgium and Europe say nothing here. French and German write adjectives small; elsewhere a capital is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from vault.freetext.cues import cue_words
from vault.freetext.findings import Finding
from vault.freetext.gazetteer import countries
from vault.freetext.languages import Sentence
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, TokenType
from vault.freetext.tokens import Token

_SCORE: Final = 0.7
_MOST_WORDS: Final = 4
#: A detail that says: by list alone.
ORIGIN: Final = "origin"
_SMALL: Final = frozenset({"fr", "de"})
#: What may follow an adjective of origin and says the same.
_SAID_OF: Final = frozenset({"national", "nationals", "citizen", "citizens", "nationality", "origin", "descent"})
_ENDINGS: Final = ("es", "en", "er", "em", "s", "e", "n")
_NOT_HERE: Final = cue_words("not_origins")


@cache
def _first_words() -> dict[str, int]:
    """By first word, the most words that a name of the list has."""
    longest: dict[str, int] = {}
    for name in countries():
        words = name.split()
        longest[words[0]] = max(longest.get(words[0], 0), min(len(words), _MOST_WORDS))
    return longest


class Origins:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        for sentence, tokens, folded in reading.in_sentences:
            yield from _in_sentence(sentence, tokens, folded)


def _in_sentence(sentence: Sentence, tokens: Sequence[Token], folded: Sequence[str]) -> Iterable[Finding]:
    words = [(word, token) for word, token in zip(folded, tokens, strict=True) if token.text[0].isalpha()]
    place = 0
    while place < len(words):
        count = _length_at(words, place, sentence.language)
        if count:
            reason = Reason(Source.PATTERN, ORIGIN)
            end = words[place + count - 1][1].end
            if place + count < len(words) and words[place + count][0] in _SAID_OF:
                end = words[place + count][1].end
            yield Finding(words[place][1].start, end, TokenType.ORIGIN, reason, _SCORE)
        place += count or 1


def _length_at(words: Sequence[tuple[str, Token]], place: int, language: str) -> int:
    folded, token = words[place]
    if folded in _NOT_HERE or not (token.text[0].isupper() or language in _SMALL):
        return 0
    bare = (
        folded
        if folded in _first_words()
        else next(
            (
                folded.removesuffix(ending)
                for ending in _ENDINGS
                if folded.endswith(ending) and folded.removesuffix(ending) in countries()
            ),
            "",
        )
    )
    for count in range(_first_words().get(bare, 0), 0, -1):
        name = " ".join([bare, *(word for word, _ in words[place + 1 : place + count])])
        if len(name.split()) == count and name in countries():
            return count
    return 0
