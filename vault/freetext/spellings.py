"""When two spellings are one name: one slip of the typing hand, or another transliteration.

    sound("djamila") == sound("jamila"), sound("oumar") == sound("umar"), one_slip("diallo", "dailo")     # True

All words are folded. `sound` is for names that came through Arabic, Persian, Cyrillic, Turkish or African spelling into
French, Dutch, German or English letters: ou/u/oe, ch/sh/sch, dj/j/dzh, kh/h, q/k/c, y/i/ij, w/ou/v, double letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from operator import eq
from typing import Final, NamedTuple

#: In this order: longer spellings first. What a match holds at least one of, asked first because it is quick; the
#: pattern; the sound, whose capitals are no letters.
_SOUNDS: Final[tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...]] = tuple(
    (holds, re.compile(pattern), sound)
    for holds, pattern, sound in (
        (("h", "j", "z"), r"tsch|tch|tsj|tj(?=[aeiou])|ch|sch|sh|sj(?=[aeiou])|cz", "S"),
        (("j", "z", "gi"), r"dzh|dj|zh|gi(?=[aou])", "j"),
        (("h",), r"kh|gh(?=[aeiou])|h(?=[bcdfgklmnpqrstvxz])", "h"),
        (("gh",), r"gh", "g"),
        (("ph",), r"ph", "f"),
        (("th",), r"th", "t"),
        (("dh",), r"dh", "d"),
        (("c", "q"), r"qu(?=[eiy])|q|ck|cc|c(?=[aouklnrst]|$)|k", "k"),
        (("c",), r"c", "s"),
        (("x",), r"x", "ks"),
        (("ou",), r"oue|oui", "ui"),
        (("ao", "aw"), r"aou|aw|au|ao", "au"),
        (("o", "w"), r"oe(?=[^aeiou]|$)|ou|oo|u|w|o", "u"),
        (("j", "y", "ie", "ee", "ii"), r"ij|ie|ee|ii|y|j(?=[^aeiou]|$)|i", "i"),
        (("e", "ai"), r"ai|ei|ae|e", "i"),
        (("v",), r"v", "u"),
        (("z",), r"z", "s"),
    )
)
_NO_LETTER: Final = re.compile("[^a-z]")
_NO_VOWELS: Final = str.maketrans("", "", "aeiu")
_DOUBLED: Final = re.compile(r"(.)\1+")
SHORTEST_SOUND: Final = 4
_SHORTEST_SKELETON: Final = 4


def sound(word: str) -> str:
    """What spellings of one name share; "" if too little is left to tell anything."""
    if not (word.isascii() and word.isalpha()):
        word = _NO_LETTER.sub("", word)
    for holds, pattern, replacement in _SOUNDS:
        for letters in holds:
            if letters in word:
                word = pattern.sub(replacement, word)
                break
    word = _undoubled(word).removesuffix("h")
    return word if len(word) >= SHORTEST_SOUND - 1 else ""


def _undoubled(word: str) -> str:
    """Letters that follow themselves once; most words have none, which is quickly seen."""
    return _DOUBLED.sub(r"\1", word) if any(map(eq, word, word[1:])) else word


def skeleton(heard: str) -> str:
    """The consonants of a sound, as those of `mohamed` and `muhammad` share them; "" if they are few."""
    bare = heard[:1] + _undoubled(heard[1:].translate(_NO_VOWELS))
    return bare if len(bare) >= _SHORTEST_SKELETON else ""


@cache
def _same_names() -> dict[str, str]:
    text = (files("vault.freetext") / "data" / "same_names.txt").read_text("utf-8")
    groups = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {spelling: group[0] for group in groups for spelling in group}


def same_name(word: str) -> str:
    """The first of the spellings that `word` is one of, as `mohamed` of `muhammad`; "" where there are no others."""
    return _same_names().get(word, "")


def deletions(word: str) -> tuple[str, ...]:
    """`word` and what is left of it without one of its letters: two words one slip apart share one of them."""
    return (word, *[word[:place] + word[place + 1 :] for place in range(len(word))])


class Spelling(NamedTuple):
    """A folded word by all that two spellings of one name may share; a tuple, as one is made for each new word."""

    sound: str
    skeleton: str
    deletions: tuple[str, ...]

    @classmethod
    def of(cls, word: str) -> Spelling:
        heard = sound(word)
        return cls(heard, skeleton(heard), deletions(word))


class Spellings:
    """Spellings of words, those of ordinary ones made once and kept: most of a note is ordinary words.

    A word that is no ordinary one may be somebody's name and is never kept past its text.
    """

    __slots__ = ("_is_ordinary", "_kept")

    #: So many ordinary words are in use at all.
    MOST: Final = 50_000

    def __init__(self, is_ordinary: Callable[[str], bool]) -> None:
        """is_ordinary: whether anybody writes that folded word."""
        self._is_ordinary = is_ordinary
        self._kept: dict[str, Spelling] = {}

    def of(self, word: str) -> Spelling:
        """Safe to share between threads: at worst two make the same."""
        found = self._kept.get(word)
        if found is None:
            found = Spelling.of(word)
            if len(self._kept) < self.MOST and self._is_ordinary(word):
                self._kept[word] = found
        return found


def one_slip(first: str, second: str) -> bool:
    """Whether one letter more, less, another one, or two exchanged neighbours make the difference; equal too."""
    if first == second:
        return True
    if len(first) > len(second):
        first, second = second, first
    if len(second) - len(first) > 1:
        return False
    start = next((at for at, (one, two) in enumerate(zip(first, second, strict=False)) if one != two), len(first))
    if len(first) < len(second):
        return first[start:] == second[start + 1 :]
    if first[start + 1 :] == second[start + 1 :]:
        return True
    return first[start : start + 2] == second[start : start + 2][::-1] and first[start + 2 :] == second[start + 2 :]
