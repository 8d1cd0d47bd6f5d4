"""Lists of words that stages go by, from `data/cues.toml`: titles, kinship, functions, institutions, abbreviations."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def _lists() -> dict[str, frozenset[str]]:
    text = (files("vault.freetext") / "data" / "cues.toml").read_text("utf-8")
    return {name: frozenset(words.split()) for name, words in tomllib.loads(text).items()}


def cue_words(name: str) -> frozenset[str]:
    """The folded words of one list."""
    return _lists()[name]
