"""What was found once is found everywhere in the note: the same name, and each of its parts that is no ordinary word.

`Mme Tessaoui … Tessaoui n'est pas venue`: the second has no title, and a model may miss it. Numbers, places and
organisations repeat as a whole only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vault.freetext.findings import Finding
from vault.freetext.folding import folded_word
from vault.freetext.particles import PARTICLES
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, Tier, TokenType
from vault.freetext.tokens import Token
from vault.freetext.words import Words, load_words

_SHORTEST_PART: Final = 3
_SHORTEST_WHOLE: Final = 4
_LEAST_SCORE: Final = 0.3  # a guess is not spread over the note
_SCORE: Final = 0.7
_LONGEST: Final = 12  # tokens of what is repeated as a whole
_WHOLE: Final = frozenset(TokenType) - {TokenType.PERSON, TokenType.DATE, TokenType.AMOUNT, TokenType.BIRTH_DATE}


class Repeats:
    """A stage; comes after those that find names."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:
        tokens = reading.tokens
        folded = reading.folded_words
        taken = _taken(tokens, found)
        parts = _name_parts(reading, found, load_words())
        wholes = _wholes(reading, found)
        for place, (token, word) in enumerate(zip(tokens, folded, strict=True)):
            if taken[place] or (word not in parts and token.text not in wholes):
                continue
            sure = parts.get(word)
            if sure is not None and (token.text[0].isupper() or not sure):
                yield Finding(
                    token.start, token.end, TokenType.PERSON, Reason(Source.REPEAT, "named elsewhere"), _SCORE
                )
            yield from _repeated(tokens, place, wholes)


def _taken(tokens: Sequence[Token], found: Sequence[Finding]) -> list[bool]:
    covered = sorted((one.start, one.end) for one in found if one.tier is Tier.AUTO)
    taken = []
    at = 0
    for token in tokens:
        while at < len(covered) and covered[at][1] <= token.start:
            at += 1
        taken.append(at < len(covered) and covered[at][0] < token.end)
    return taken


def _name_parts(reading: Reading, found: Sequence[Finding], words: Words) -> dict[str, bool]:
    """Folded parts of the names found; whether each needs a capital, being an ordinary word or short."""
    parts: dict[str, bool] = {}
    inside = [one for one in found if one.type is TokenType.PERSON and one.tier is Tier.AUTO]
    for one, tokens in _tokens_of(reading.tokens, inside):
        if one.score < _LEAST_SCORE:
            continue
        for token in tokens:
            bare = folded_word(token.text)
            if len(bare) < _SHORTEST_PART or not bare[0].isalpha() or bare in PARTICLES or not token.text[0].isalpha():
                continue
            ordinary = words.is_ordinary_anywhere(bare)
            if ordinary and not token.text[0].isupper():
                continue
            parts[bare] = parts.get(bare, False) or ordinary or len(bare) == _SHORTEST_PART
    return parts


def _tokens_of(tokens: Sequence[Token], found: Sequence[Finding]) -> Iterator[tuple[Finding, Sequence[Token]]]:
    place = 0
    for one in sorted(found, key=lambda one: one.start):
        while place < len(tokens) and tokens[place].end <= one.start:
            place += 1
        end = place
        while end < len(tokens) and tokens[end].start < one.end:
            end += 1
        yield one, tokens[place:end]


def _wholes(reading: Reading, found: Sequence[Finding]) -> dict[str, list[tuple[tuple[str, ...], TokenType, float]]]:
    """By first token: what else is to be found word for word."""
    wholes: dict[str, list[tuple[tuple[str, ...], TokenType, float]]] = {}
    inside = [one for one in found if one.type in _WHOLE and one.tier is Tier.AUTO and one.score >= _LEAST_SCORE]
    for one, tokens in _tokens_of(reading.tokens, inside):
        if one.end - one.start < _SHORTEST_WHOLE or len(tokens) > _LONGEST or not tokens:
            continue
        key = tuple(token.text for token in tokens)
        known = wholes.setdefault(key[0], [])
        if all(key != other for other, _, _ in known):
            known.append((key, one.type, one.score))
    return wholes


def _repeated(
    tokens: Sequence[Token], place: int, wholes: dict[str, list[tuple[tuple[str, ...], TokenType, float]]]
) -> Iterator[Finding]:
    for key, kind, score in wholes.get(tokens[place].text, ()):
        end = place + len(key)
        if end <= len(tokens) and all(tokens[place + step].text == text for step, text in enumerate(key)):
            yield Finding(
                tokens[place].start,
                tokens[end - 1].end,
                kind,
                Reason(Source.REPEAT, "stands elsewhere"),
                min(score, _SCORE),
            )
