"""Names of places that are in every atlas: Belgian localities, countries and their peoples. No personal data.

is_locality("Sint-Jans-Molenbeek")    # True, in either spelling of case and accents
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from vault.freetext.folding import folded_word
from vault.freetext.tokens import tokenise

_LISTS: Final = files("vault.freetext") / "data"
#: Localities that are ordinary words of one of the languages: only a capital, or an address, makes them places.
_SHORTEST: Final = 3


def comparable_place(name: str) -> str:
    """Folded, hyphens and apostrophes as spaces."""
    return " ".join(folded_word(name).replace("-", " ").replace("'", " ").split())


@cache
def _localities() -> frozenset[str]:
    return _lines("localities.txt")


@cache
def countries() -> frozenset[str]:
    """Countries, and what their people and languages are called, in the four languages; comparable form."""
    return _lines("origins.txt")


def is_locality(name: str) -> bool:
    """Whether `name` is a locality of Belgium, or a large city, as people write it."""
    bare = comparable_place(name)
    return len(bare) >= _SHORTEST and bare in _localities()


def begins_locality(folded: str) -> bool:
    """Whether a folded word, as `tokenise` cuts it, may be the first of a locality."""
    return folded.strip("'").partition("'")[0] in _first_words()


@cache
def _first_words() -> frozenset[str]:
    return frozenset(tokenise(name)[0].text for name in _localities())


def _lines(name: str) -> frozenset[str]:
    text = (_LISTS / name).read_text("utf-8")
    lines = (line.strip() for line in text.splitlines())
    return frozenset(comparable_place(line) for line in lines if line and not line.startswith("#"))
