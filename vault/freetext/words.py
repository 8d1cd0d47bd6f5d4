"""What a word is, as far as lists can tell: an ordinary word of a language, part of somebody's name, a place.

The lists are the name tagger's: sets that can be asked and not read, so no name stands in them for anybody to see.
One word in about a hundred that is in no list seems to be in one.

    words = load_words()
    words.is_ordinary("maison", "fr"), words.is_name("fatoumata")      # True, True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from vault.freetext.spellings import Spellings
from vault.freetext.tagger import load_tagger
from vault.freetext.word_filter import WordFilter, hashes

_LETTER: Final = {"fr": "f", "nl": "n", "de": "d", "en": "e"}


@dataclass(frozen=True, slots=True, repr=False)
class Words:
    """lists: by the letters of `features.LISTS`. spellings: of any word. All words that are asked are folded."""

    lists: Mapping[str, WordFilter]
    spellings: Spellings = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "spellings", Spellings(self.is_ordinary_anywhere))

    def is_ordinary(self, word: str, language: str) -> bool:
        """Whether `word` is written small in that language."""
        return hashes(word) in self.lists[_LETTER[language]]

    def is_ordinary_anywhere(self, word: str) -> bool:
        pair = hashes(word)
        return any(pair in self.lists[letter] for letter in _LETTER.values())

    def is_name(self, word: str) -> bool:
        """Whether somebody somewhere has it as a given or family name."""
        pair = hashes(word)
        return pair in self.lists["g"] or pair in self.lists["s"]

    def is_given_name(self, word: str) -> bool:
        return hashes(word) in self.lists["g"]

    def is_place(self, word: str) -> bool:
        return hashes(word) in self.lists["p"]


@cache
def load_words() -> Words:
    """The lists, read with the tagger's model. Raises ConfigurationError."""
    return Words(load_tagger().lists)
