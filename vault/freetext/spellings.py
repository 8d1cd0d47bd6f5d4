"""When two spellings are one name: one slip of the typing hand, or another transliteration.

    sound("djamila") == sound("jamila"), sound("oumar") == sound("umar"), one_slip("diallo", "dailo")     # True

All words are folded. `sound` is for names that came through Arabic, Persian, Cyrillic, Turkish or African spelling into
French, Dutch, German or English letters: ou/u/oe, ch/sh/sch, dj/j/dzh, kh/h, q/k/c, y/i/ij, w/ou/v, double letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

#: In this order: longer spellings first. Signs on the right are sounds, not letters.
_SOUNDS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"[^a-z]", ""),
        (r"tsch|tch|tsj|tj(?=[aeiou])|ch|sch|sh|sj(?=[aeiou])|cz|š|ş", "S"),
        (r"dzh|dj|dsch|dž|zh|gi(?=[aou])", "j"),
        (r"kh|gh(?=[aeiou])|h(?=[bcdfgklmnpqrstvxz])", "h"),
        (r"gh", "g"),
        (r"ph", "f"),
        (r"th", "t"),
        (r"dh", "d"),
        (r"qu(?=[eiy])|q|ck|cc|c(?=[aouklnrst]|$)|k", "k"),
        (r"c", "s"),
        (r"x", "ks"),
        (r"oue|oui", "ui"),
        (r"aou|aw|au|ao", "au"),
        (r"oe(?=[^aeiou]|$)|ou|oo|u|w|o", "u"),
        (r"ij|ie|ee|ii|y|j(?=[^aeiou]|$)|i", "i"),
        (r"ai|ei|ay|ey|ae|e", "i"),
        (r"v", "u"),
        (r"z", "s"),
        (r"(.)\1+", r"\1"),
        (r"h$", ""),
    )
)
_VOWELS: Final = re.compile("[aeiu]")
_DOUBLED: Final = re.compile(r"(.)\1+")
SHORTEST_SOUND: Final = 4
_SHORTEST_SKELETON: Final = 4


def sound(word: str) -> str:
    """What spellings of one name share; "" if too little is left to tell anything."""
    for pattern, replacement in _SOUNDS:
        word = pattern.sub(replacement, word)
    return word if len(word) >= SHORTEST_SOUND - 1 else ""


def skeleton(heard: str) -> str:
    """The consonants of a sound, as those of `mohamed` and `muhammad` share them; "" if they are few."""
    bare = heard[:1] + _DOUBLED.sub(r"\1", _VOWELS.sub("", heard[1:]))
    return bare if len(bare) >= _SHORTEST_SKELETON else ""


@cache
def _same_names() -> dict[str, str]:
    text = (files("vault.freetext") / "data" / "same_names.txt").read_text("utf-8")
    groups = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {spelling: group[0] for group in groups for spelling in group}


def same_name(word: str) -> str:
    """The first of the spellings that `word` is one of, as `mohamed` of `muhammad`; "" where there are no others."""
    return _same_names().get(word, "")


def deletions(word: str) -> Iterator[str]:
    """`word` and what is left of it without one of its letters: two words one slip apart share one of them."""
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


@dataclass(frozen=True, slots=True, repr=False)
class Spelling:
    """A folded word by all that two spellings of one name may share."""

    sound: str
    skeleton: str
    deletions: tuple[str, ...]

    @classmethod
    def of(cls, word: str) -> Spelling:
        heard = sound(word)
        return cls(heard, skeleton(heard), tuple(deletions(word)))


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
