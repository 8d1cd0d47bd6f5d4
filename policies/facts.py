"""All that a decision may look at besides the question: eight facts, as bits of one small number.

A rule's `need` is written `own+consent` (all of them) or `none`. `holds` is the one function that Casbin's
matcher calls; it looks at whole numbers only, because simpleeval inspects every value that it is handed.

    >>> need_of("own+consent")
    5
    >>> holds(5, "own"), holds(5, "own+region")
    (True, False)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from vault.vocabulary import FACTS, Fact

ALL_FACTS: Final = (1 << len(FACTS)) - 1
NOTHING_NEEDED: Final = "none"
_BIT: Final[dict[str, int]] = {fact.value: 1 << position for position, fact in enumerate(FACTS)}


def mask_of(facts: Iterable[Fact]) -> int:
    """The facts as bits; bit i belongs to `FACTS[i]`, as in `vault.vocabulary.Facts`."""
    mask = 0
    for fact in facts:
        mask |= _BIT[fact]
    return mask


def facts_of(mask: int) -> tuple[Fact, ...]:
    """The facts whose bits are set, in the vocabulary's order."""
    return tuple(fact for fact in FACTS if mask & _BIT[fact])


@lru_cache(maxsize=256)
def need_of(text: str) -> int:
    """The bits of a written need. Raises ValueError on an unknown, empty or repeated word."""
    if text == NOTHING_NEEDED:
        return 0
    mask = 0
    for word in text.split("+"):
        bit = _BIT.get(word)
        if bit is None:
            raise ValueError("an unknown fact")
        if mask & bit:
            raise ValueError("a fact named twice")
        mask |= bit
    return mask


def holds(held: int, need: str) -> bool:
    """Whether all needed facts are held. Called by Casbin's matcher; an unknown word raises, it never helps."""
    wanted = need_of(need)
    return held & wanted == wanted


def condition_sets(relevant: int) -> Iterator[int]:
    """Every set of facts drawn from `relevant`, the empty one included, in ascending order."""
    subset = 0
    while True:
        yield subset
        if subset == relevant:
            return
        subset = (subset - relevant) & relevant
