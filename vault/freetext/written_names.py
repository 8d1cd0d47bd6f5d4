"""Where a name that begins at a word ends, by how it is written; in small letters or capitals, by word lists.

Used behind a title, a kinship word or `s'appelle`, where something that names somebody is expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vault.freetext.folding import folded_word
from vault.freetext.particles import INSIDE, PARTICLES
from vault.freetext.tokens import Token
from vault.freetext.words import Words

_MOST_WORDS: Final = 6
_SHORTEST_UNKNOWN: Final = 4
_APOSTROPHES: Final = frozenset("'’‘ʼ`´")


@dataclass(frozen=True, slots=True)
class Writing:
    """How the words around are written. small, capitals: the sentence has no ordinary capitals to go by."""

    language: str
    small: bool = False
    capitals: bool = False


def writing_of(tokens: Sequence[Token], language: str) -> Writing:
    """How the words of a sentence are written."""
    words = [token.text for token in tokens if token.text[0].isalpha() and len(token.text) > 1]
    if len(words) < 3:
        return Writing(language)
    upper = sum(word.isupper() for word in words)
    return Writing(language, not any(word[0].isupper() for word in words), upper >= 0.7 * len(words))


def name_end(tokens: Sequence[Token], place: int, writing: Writing, words: Words) -> int:
    """The place after the last token of the name that begins at `place`, or `place` if none does."""
    end = place
    at = place
    count = 0
    while at < len(tokens) and count < _MOST_WORDS:
        if count and not _touches(tokens, at, end):
            break
        token = tokens[at]
        initial = _is_initial(tokens, at)
        if initial or _is_name_word(token, writing, words, first=count == 0):
            count += 1
            at = end = at + 1
            if initial:
                at = end = at + 1
        elif count and token.text in _APOSTROPHES | {"-", "‐", "‑"} and token.start == tokens[at - 1].end:
            at += 1
            if at >= len(tokens) or tokens[at].start != token.end or not tokens[at].text[0].isalpha():
                break
            at = end = at + 1
        elif folded_word(token.text) in INSIDE and at + 1 < len(tokens):
            at += 1
        else:
            break
    return end


def _is_initial(tokens: Sequence[Token], at: int) -> bool:
    """`A.`: a capital and its point."""
    token = tokens[at]
    pointed = at + 1 < len(tokens) and tokens[at + 1].text == "." and tokens[at + 1].start == token.end
    return pointed and len(token.text) == 1 and token.text.isupper()


def _touches(tokens: Sequence[Token], at: int, end: int) -> bool:
    return 0 <= tokens[at].start - tokens[at - 1].end <= 2 and at - end <= 2


def _is_name_word(token: Token, writing: Writing, words: Words, *, first: bool) -> bool:
    text = token.text
    if not text[0].isalpha():
        return False
    folded = folded_word(text).rstrip("'")
    if not folded or folded in PARTICLES:
        return False
    if writing.small or writing.capitals:
        if len(folded) < 3:
            return False
        ordinary = words.is_ordinary(folded, writing.language)
        return not ordinary if first else (not ordinary and (words.is_name(folded) or len(folded) > 3))
    return text[0].isupper() or (first and _is_unknown(folded, writing, words))


def _is_unknown(folded: str, writing: Writing, words: Words) -> bool:
    """Whether a word that is written small among capitals is none of the note's languages: `enfants wisam et Nour`.

    Notes mix French and Dutch. The lists of German words are too short for that.
    """
    if writing.language == "de" or len(folded) < _SHORTEST_UNKNOWN:
        return False
    return not any(words.is_ordinary(folded, language) for language in {"fr", "nl", writing.language})
