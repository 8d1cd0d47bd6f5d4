"""Courts, prisons, hospitals, town halls and offices that are named together with a place or a name of their own.

    the Izmir Administrative Court · la cour d'appel de Mons · de gevangenis van Merksplas · Amtsgericht Köln

`Court of Appeal` alone says nothing about anybody and stays; with a town it says where.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vault.freetext.allowed import is_allowed
from vault.freetext.cues import cue_words
from vault.freetext.findings import Finding
from vault.freetext.languages import Sentence
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, TokenType
from vault.freetext.tokens import Token

_SCORE: Final = 0.65
#: Words for the institution itself, and small words that may stand inside its name.
_HEADS: Final = cue_words("institution_heads")
_INSIDE: Final = cue_words("institution_links")
_ARTICLES: Final = frozenset({"the", "la", "le", "de", "het", "der", "die", "das"})
_HYPHENS: Final = frozenset({"-", "\u2010", "\u2011"})
_MOST_TOKENS: Final = 14


class Institutions:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        for sentence, tokens, folded in reading.in_sentences:
            if not _HEADS.isdisjoint(folded):
                yield from _in_sentence(reading.text, sentence, tokens, folded)


def _in_sentence(text: str, sentence: Sentence, tokens: Sequence[Token], folded: Sequence[str]) -> Iterator[Finding]:
    place = 0
    while place < len(tokens):
        if folded[place] not in _HEADS:
            place += 1
            continue
        begin, end = _begin(tokens, folded, place, sentence), _end(tokens, folded, place)
        start, stop = tokens[begin].start, tokens[end - 1].end
        named = any(tokens[at].text[0].isupper() and folded[at] not in _HEADS for at in range(begin, end))
        if named and not is_allowed(text[start:stop]):
            yield Finding(start, stop, TokenType.ORGANISATION, Reason(Source.PATTERN, "institution"), _SCORE)
        place = max(end, place + 1)


def _begin(tokens: Sequence[Token], folded: Sequence[str], head: int, sentence: Sentence) -> int:
    """Where the name begins: capitalised words directly before the head, as English and Dutch have them."""
    begin = head
    while begin > 0 and head - begin < _MOST_TOKENS:
        before = tokens[begin - 1]
        capital = before.text[0].isupper() and folded[begin - 1] not in _ARTICLES
        joined = before.text in _HYPHENS and begin > 1 and tokens[begin - 2].text[0].isupper()
        if not (capital or joined) or tokens[begin].start - before.end > 1:
            break
        begin -= 1
    if not tokens[head].text[0].isupper() and sentence.language != "de":
        return head  # `tribunal`, written small, begins its own name
    return begin


def _end(tokens: Sequence[Token], folded: Sequence[str], head: int) -> int:
    """Where it ends: after the last capitalised word, generic word or head that is joined to it by small words."""
    end = at = head + 1
    while at < len(tokens) and at - head < _MOST_TOKENS:
        token = tokens[at]
        if token.start - tokens[at - 1].end > 1:
            break
        if token.text[0].isupper() or folded[at] in _HEADS:
            end = at + 1
        elif folded[at] not in _INSIDE and not is_allowed(folded[at]):
            break
        at += 1
    return end
