"""What may stay in a note: administrations, courts and services that say nothing about one person.

    is_allowed("Commissariaat-generaal"), is_allowed("Court of Appeal"), is_allowed("Kayseri Court of Appeal")
    # True, True, False: with a town it says where

The list is `data/administrations.txt`; what consists of nothing but the words for courts, offices and functions is
allowed too. A person the case knows is never allowed: the known identities are not asked here.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

from vault.freetext.cues import cue_words
from vault.freetext.gazetteer import comparable_place

_WORD: Final = re.compile(r"[^\W_]+")
_GENERIC: Final = cue_words("institutions")
#: Words that by themselves prove nothing: a finding of only these is no institution, but is allowed as well.


@cache
def _administrations() -> frozenset[str]:
    text = (files("vault.freetext") / "data" / "administrations.txt").read_text("utf-8")
    return frozenset(comparable_place(line) for line in text.splitlines() if line.strip() and not line.startswith("#"))


def is_allowed(text: str) -> bool:
    """Whether `text` may stay as it is."""
    bare = comparable_place(text.strip(" .,;:()[]\"'«»“”‘’"))
    for start in ("l ", "le ", "la ", "les ", "het ", "de ", "the ", "der ", "die ", "das ", "d ", "du "):
        bare = bare.removeprefix(start)
    if bare in _administrations():
        return True
    words = _WORD.findall(bare)
    generic = [word for word in words if word in _GENERIC and len(word) > 1]
    return bool(generic) and all(word in _GENERIC or word.isdigit() or len(word) == 1 for word in words)


def is_allowed_word(folded: str) -> bool:
    """The same for one folded word."""
    return folded in _administrations() or folded in _GENERIC
