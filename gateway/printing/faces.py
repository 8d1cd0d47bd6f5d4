"""The fonts of letters: which are needed for a text, in which order, and what none of them can write.

The pages' own font comes first; Noto follows for names in other scripts. All are files that were made and checked with
the pages' assets (`gateway.pages.assets`), so that a letter looks alike, and has the same bytes, wherever it is drawn.
The fonts of the machine are never used.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from fontTools.ttLib import TTFont

from gateway.pages import assets

SCHEME: Final = "face:"
_REGULAR: Final = 400
_BOLD: Final = 700
#: In this order: the first that has a character writes it. Family, file of each weight.
FACES: Final[dict[str, dict[int, str]]] = {
    "Atkinson Hyperlegible Next": {_REGULAR: "atkinson-latin-400.woff2", _BOLD: "atkinson-latin-700.woff2"},
    "Atkinson Extended": {_REGULAR: "atkinson-latin-ext-400.woff2", _BOLD: "atkinson-latin-ext-700.woff2"},
    **{f"{family} {subset}": {_REGULAR: f"{family}-{subset}.woff2"} for family, subset in assets.NOTO},
}
#: Scripts whose letters are put together from parts: a part that several share is read out as the first of them.
#: Latin, Greek and Cyrillic letters stay whole (no `ccmp`): such a name is copied and read out as it is written.
_COMPOSED: Final = "noto-sans-"
#: Format, separator and control characters are never drawn; what they do to a line is the layout's business.
_UNDRAWN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """families: as a style sheet lists them. rules: `@font-face`, one a file. files: which may be read."""

    families: str
    rules: str
    files: frozenset[str]


def choose(text: str) -> tuple[Chosen, frozenset[str]]:
    """The faces that a text needs, and the characters that none of them has."""
    left = {char for char in text if unicodedata.category(char) not in _UNDRAWN}
    taken: list[str] = []
    for family, files in FACES.items():
        has = left & _characters(files[_REGULAR]) if left else set()
        if has or not taken:
            left -= has
            taken.append(family)
    rules = [_rule(family, weight, file) for family in taken for weight, file in FACES[family].items()]
    allowed = frozenset(file for family in taken for file in FACES[family].values())
    return Chosen(", ".join(f'"{family}"' for family in taken), "\n".join(rules), allowed), frozenset(left)


def _characters(file: str) -> frozenset[str]:
    with TTFont(assets.STATIC / file, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


def _rule(family: str, weight: int, file: str) -> str:
    settings = "" if family.startswith(_COMPOSED) else 'font-feature-settings: "ccmp" 0; '
    source = f'url("{SCHEME}{file}") format("woff2")'
    return f'@font-face {{ font-family: "{family}"; font-weight: {weight}; {settings}src: {source}; }}'
