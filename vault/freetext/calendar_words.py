"""How days, months and years are written out in the four languages; folded.

day_of("twaalfde"), month_of("février"), year_of(["mille", "neuf", "cent", "quatre", "vingt", "dix"])
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

_LISTS: Final = tomllib.loads((files("vault.freetext") / "data" / "calendar.toml").read_text("utf-8"))
_UNITS: Final[dict[str, int]] = {
    word: int(number) for number, words in _LISTS["numbers"].items() for word in words.split()
}
_HUNDRED: Final = frozenset({"cent", "cents", "honderd", "hundert", "hundred"})
_THOUSAND: Final = frozenset({"mille", "mil", "duizend", "tausend", "thousand"})
_AND: Final = frozenset({"et", "en", "und", "and"})
_PIECES: Final = re.compile(
    "|".join(sorted({*_UNITS, *_HUNDRED, *_THOUSAND, *_AND}, key=len, reverse=True))
)  # compound words are cut, the longest first

MONTHS: Final[dict[str, int]] = {
    word: number for number, words in enumerate(_LISTS["months"], 1) for word in words.split()
}
DAYS: Final[dict[str, int]] = {word: number for number, words in enumerate(_LISTS["days"], 1) for word in words.split()}
#: A month's name that is an ordinary word too: only beside a day or a year it is a month.
NUMBER_WORDS: Final = frozenset(_UNITS) | _HUNDRED | _THOUSAND | _AND


def month_of(word: str) -> int | None:
    """1 to 12. word: folded, without its point."""
    return MONTHS.get(word.rstrip("."))


def day_of(words: Sequence[str]) -> int | None:
    """1 to 31, of one or several folded words: `vingt`, `et`, `un`."""
    return DAYS.get("".join(words).replace("-", ""))


def year_of(words: Sequence[str], *, short: bool = False) -> int | None:
    """The year that folded words say, 1900 to 2099, or None. short: `eighty-five` is one too, from thirty on."""
    pieces: list[str] = []
    single: list[int] = []  # what each word alone says
    for word in words:
        bare = word.replace("-", "")
        cut = [bare] if bare in _UNITS else _PIECES.findall(bare)
        if "".join(cut) != bare:
            return None
        pieces += cut
        single.append(_said(cut))
    if len(single) == 2 and single[0] in {19, 20} and 10 <= single[1] <= 99:  # negentien vijfentachtig
        return single[0] * 100 + single[1]
    said = _said(pieces)
    return 1900 + said if short and 30 <= said <= 99 else said if 1900 <= said <= 2099 else None


def _said(pieces: Sequence[str]) -> int:
    total = current = 0
    halves: list[int] = []
    for piece in pieces:
        if piece in _AND:
            continue
        if piece in _THOUSAND:
            total, current = total + max(current, 1) * 1000, 0
        elif piece in _HUNDRED:
            total, current = total + max(current, 1) * 100, 0
        elif _UNITS[piece] == 20 and current == 4:  # quatre-vingt
            current = 80
        elif current and _UNITS[piece] >= 10 and current in {19, 20} and not total:
            halves, current = [current], _UNITS[piece]  # nineteen ninety, twenty fourteen
        else:
            current += _UNITS[piece]
    return halves[0] * 100 + current if halves else total + current
