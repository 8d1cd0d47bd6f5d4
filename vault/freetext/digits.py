"""Digits with signs between them: runs, their groups, and the windows of groups that hold so many digits.

    [window.digits for window in windows(runs("NISS 93.05.18-223.61")[0], 11)]      # ["93051822361"]

A window begins and ends where a group of digits does: no number is looked for in the middle of a longer one. Its
cost is the number of groups times the length that is looked for, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

#: What people put between the digits of one number, as the inside of a character class; a line may end there.
BETWEEN: Final = r"\s.,;:\-–—−/\\|_·•()+*=~'’\[\]{}<>#&@^\""
_RUN: Final = re.compile(rf"[0-9]+(?:(?:[{BETWEEN}]{{1,4}}|[ \t]{{5,8}})[0-9]+)*")
#: The letter first: a text is quickly looked through for it.
_LETTER_FOR_ZERO: Final = re.compile(
    r"[oO](?:(?<=[0-9][oO])(?=[oO]?[ .\-/]?[oO]?[0-9])|(?<![^\W_][oO])(?=[0-9]{2}|[0-9][./\-])|"
    r"(?<=[0-9][ .\-/][oO])(?=[0-9])|(?<=[./\-][0-9]{3}[oO])(?![^\W_]))"
)
_LETTER_FOR_ONE: Final = re.compile(r"[lI](?:(?<=[0-9][lI])|(?<=[0-9][ .\-/][lI]))(?=[0-9])")
_GROUP: Final = re.compile(r"[0-9]+")


def with_zeros(text: str) -> str:
    """Letters that were typed for a zero or a one made digits: `O484 33`, `79o814`, `0484 l2`. As long as `text`."""
    return _LETTER_FOR_ONE.sub("1", _LETTER_FOR_ZERO.sub("0", text))


@dataclass(frozen=True, slots=True, repr=False)
class Group:
    start: int
    end: int
    digits: str


@dataclass(frozen=True, slots=True, repr=False)
class Window:
    """Neighbouring groups. start, end: offsets of the text; digits: without what separates them."""

    start: int
    end: int
    digits: str
    groups: tuple[Group, ...]


def runs(text: str) -> Iterator[tuple[Group, ...]]:
    """The runs of `text`, each as its groups."""
    for found in _RUN.finditer(text):
        yield tuple(Group(one.start(), one.end(), one[0]) for one in _GROUP.finditer(text, *found.span()))


def windows(groups: tuple[Group, ...], size: int) -> Iterator[Window]:
    """The windows of exactly `size` digits."""
    for first, group in enumerate(groups):
        count = 0
        for last in range(first, min(first + size, len(groups))):
            count += len(groups[last].digits)
            if count >= size:
                if count == size:
                    inside = groups[first : last + 1]
                    yield Window(group.start, groups[last].end, "".join(one.digits for one in inside), inside)
                break
