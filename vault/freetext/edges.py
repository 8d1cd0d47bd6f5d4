"""Where a name really begins and ends: what a model takes in beside it is taken off again.

    « Mme Diallo », prinses Charlotte, Joop Munsterman aangesteld   →   Diallo, Charlotte, Joop Munsterman

Only words that are ordinary in one of the languages and nobody's name go, and only from a name that has capitals: in
`ousmane diallo` nothing tells them apart. Particles stay (`de Vries`, `el Amrani`) unless such a word follows.
"""

from __future__ import annotations

import re
from typing import Final

from vault.freetext.cues import cue_words
from vault.freetext.folding import folded_word
from vault.freetext.particles import PARTICLES
from vault.freetext.titles import TITLES
from vault.freetext.words import load_words

_SIGNS: Final = " \t\n.,;:!?()[]{}\"«»“”„‘’'`´/-–—*•|<>=&…"
_LINKS_TO_DROP: Final = frozenset({"de", "du", "des", "van", "von", "of", "et", "en", "y"})
_OF_A_FAMILY: Final = frozenset({"van", "von", "vander", "vanden", "vande"})
_ARTICLES: Final = frozenset({"de", "het", "een", "le", "la", "les", "the"})
_POSSESSIVE: Final = ("'s", "’s")
_GAP: Final = " '’-"
#: Before a sentence, its white space left out.
_OPENS: Final = '.!?:;\n"«“(-–—•*'
#: What is longer is no name, and is not gone through word by word.
_LONGEST: Final = 120
#: Capitals within so many characters: the text is not written all small.
_AROUND: Final = 80
_RANKS: Final = cue_words("ranks")
_BEFORE_NAMES: Final = TITLES | _RANKS
_WORD_BEFORE: Final = re.compile(r"(?<![^\W\d_])([^\W\d_]{1,15})\.?\s$")
_LONGEST_TITLE: Final = 18  # characters, its point and space included
_LAST_WORD: Final = re.compile(r"[ ]([^\W\d_]+)$")


def without_signs(text: str, start: int, end: int) -> tuple[int, int]:
    """Without white space and punctuation at either end."""
    while start < end and text[start] in _SIGNS:
        start += 1
    while end > start and text[end - 1] in _SIGNS:
        end -= 1
    return start, end


def without_titles(text: str, start: int, end: int) -> tuple[int, int]:
    """Without titles and ranks in front, and without a possessive's end. A title alone stays."""
    while True:
        size = 0
        while start + size < end and (text[start + size].isalpha()):
            size += 1
        word = folded_word(text[start : start + size])
        after = start + size
        if size == 0 or word not in _BEFORE_NAMES or (size == 1 and text[after : after + 1] != "."):
            break
        while after < end and text[after] in " .\t\n'’":
            after += 1
        if after >= end or (word in _RANKS and not text[after:end][:1].isupper()):
            break
        start = after
    if text[start:end].endswith(_POSSESSIVE):
        end -= 2
    return start, end


def without_small_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Without ordinary small words before its first capital and behind its last one."""
    if end - start > _LONGEST or not any(char.isupper() for char in text[start:end]):
        return start, end
    start = _beginning(text, start, end)
    words = load_words()
    while (found := _LAST_WORD.search(text[start:end])) is not None:
        word = folded_word(found[1])
        ordinary = words.is_ordinary_anywhere(word) and not words.is_name(word)
        if not found[1].islower() or not (word in PARTICLES or ordinary):
            break
        end = start + found.start()
    return start, end


def _beginning(text: str, start: int, end: int) -> int:
    at = start
    while at < end:
        stop = next((place for place in range(at, end) if not text[place].isalpha()), end)
        word = text[at:stop]
        if not word or not word.islower():
            break
        if folded_word(word) in PARTICLES and (_follows_title(text, at) or not _is_preposition(text, at, stop, end)):
            break
        at = stop
        while at < end and text[at] in _GAP:
            at += 1
    while at > start and at < end and text[at:end].split(" ")[0].lower() in _LINKS_TO_DROP and " " in text[at:end]:
        at += len(text[at:end].split(" ")[0]) + 1
    return at if at < end else start


def _is_preposition(text: str, start: int, at: int, end: int) -> bool:
    """Whether a particle from `start` to `at` is no part of a name: `de dirigent Thomas`, `van de Kalahari`.

    So it is if an ordinary small word follows that is no particle, or a single word that is nobody's name; but
    `de la Cruz` and, unless it is a place, `van Heukelom` are names.
    """
    words = load_words()
    parts = re.findall(r"[^\W\d_]+", text[at:end])
    following = [word for word in parts if folded_word(word) not in PARTICLES]
    if not following:
        return False
    folded = folded_word(following[0])
    if following[0].islower():
        return words.is_ordinary_anywhere(folded) and not words.is_given_name(folded)
    if len(following) != 1 or words.is_name(folded):
        return False
    return len(parts) > 1 or folded_word(text[start:at]) not in _OF_A_FAMILY or words.is_place(folded)


def _follows_title(text: str, at: int) -> bool:
    """Whether a title stands right before `at`: `de heer van Heukelom`."""
    found = _WORD_BEFORE.search(text, max(0, at - _LONGEST_TITLE), at)
    return found is not None and folded_word(found[1]) in _BEFORE_NAMES


def is_opening(text: str, start: int, end: int) -> bool:
    """Whether this is one ordinary word, nobody's given name, that opens a sentence: `Vu` before a known name."""
    word = text[start:end].strip()
    before = text[max(0, start - 3) : start].rstrip(" \t")
    if not word.isalpha() or (before and before[-1] not in _OPENS):
        return False
    folded, words = folded_word(word), load_words()
    return words.is_ordinary_anywhere(folded) and not words.is_given_name(folded)


def is_doubtful(text: str, start: int, end: int) -> bool:
    """Whether this is one ordinary word, nobody's name, whose capital may be the sentence's; or small words only.

    `Nummer` and `De Vereniging` at the beginning, `van de carwash` and `de Westelijke Oceaan` anywhere.
    """
    if end - start > _LONGEST:
        return False
    parts = re.findall(r"[^\W\d_]+", text[start:end])
    words = load_words()
    ordinary = all(
        (folded := folded_word(one)) in PARTICLES or (words.is_ordinary_anywhere(folded) and not words.is_name(folded))
        for one in parts
    )
    if not parts or not ordinary:
        return False
    if text[start:end].islower():
        return any(char.isupper() for char in text[max(0, start - _AROUND) : end + _AROUND])
    before = text[max(0, start - 3) : start].rstrip(" \t")
    with_article = len(parts) > 1 and folded_word(parts[0]) in _ARTICLES and not _follows_title(text, start)
    if with_article and parts[0].islower():
        return True
    return (len(parts) == 1 or with_article) and (not before or before[-1] in _OPENS)
