"""Names to fill templates with: lists by origin of our own, and those of open packages when installed.

Own lists: `names/<origin>.txt`, three lines each: given names of women, of men, family names; invented people are
made of them, nobody's whole name stands there. Faker (MIT) adds many more for the filters and for variety.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "names"
_VOWEL: Final = re.compile("[aeiouyáéíóúàèêëîïôöüåøæœəı]", re.IGNORECASE)
_WORDS: Final = re.compile(r"[^\W\d_][^\d_]{0,24}")
#: Faker's lists in scripts that lose their vowels when written in Latin letters.
_UNREADABLE_LOCALES: Final = """ar_AA ar_PS ar_SA he_IL fa_IR th_TH ta_IN hi_IN or_IN bn_BD gu_IN mr_IN si_LK ne_NP
    zh_CN zh_TW ja_JP ko_KR"""
_UNREADABLE: Final = frozenset(_UNREADABLE_LOCALES.split())


@dataclass(frozen=True, slots=True)
class Origin:
    """The names of one origin. A list may be empty where the origin has one list only."""

    name: str
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]

    @property
    def given(self) -> tuple[str, ...]:
        return self.women + self.men


def own() -> list[Origin]:
    """The origins of our own lists, in order of name."""
    origins = []
    for path in sorted(FOLDER.glob("*.txt")):
        women, men, families = (
            tuple(name.strip() for name in line.split(",") if name.strip())
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.strip() and not line.startswith("#")
        )
        origins.append(Origin(path.stem, women, men, families))
    return origins


def from_faker() -> list[Origin]:
    """The origins of Faker's person providers, in Latin letters. Raises ImportError if it is not installed."""
    providers = importlib.import_module("faker.providers.person")
    to_latin = importlib.import_module("anyascii").anyascii
    origins = []
    for module in sorted(found.name for found in pkgutil.iter_modules(providers.__path__)):
        if module in _UNREADABLE or "_" not in module:
            continue
        provider = importlib.import_module(f"faker.providers.person.{module}").Provider
        given: set[str] = set()
        families: set[str] = set()
        for attribute in dir(provider):
            if not attribute.startswith(("first_name", "last_name")) or "pronunc" in attribute:
                continue
            values = getattr(provider, attribute)
            if isinstance(values, (tuple, list, dict, set)):
                into = families if attribute.startswith("last") else given
                into.update(name for value in values if isinstance(value, str) and (name := _latin(value, to_latin)))
        if len(given) > 20 and len(families) > 5:
            origins.append(Origin(f"faker-{module}", (), tuple(sorted(given)), tuple(sorted(families))))
    return origins


def _latin(name: str, to_latin) -> str:
    if re.search("[^\u0000-\u024f\u1e00-\u1fff'’ -]", name):
        name = to_latin(name)
    if not _WORDS.fullmatch(name) or not _VOWEL.search(name) or len(name) < 2:
        return ""
    return name[0].upper() + name[1:] if name.islower() else name


def held_out(name: str) -> bool:
    """Whether training pretends that the name lists do not know `name`: two of five, always the same ones."""
    return zlib.crc32(b"held" + name.lower().encode()) % 5 < 2
