"""Alternations grouped by first letter find exactly what they found before."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.freetext.alternatives import by_first_letter

ROADS = r"rue|ruelle|route|rte\.?|[ée]cole|ch\.|chauss[ée]e|place(?=\s(?:de|du|d['’]))|stra(?:ß|ss)e|str\.|impasse|kaai"
ENDS = rf"(?:{ROADS})(?![^\W\d_])"
GROUPED = rf"(?:{by_first_letter(ROADS)})(?![^\W\d_])"
EVERY_LETTER = "".join(map(chr, range(sys.maxunicode + 1)))


# fmt: off
PIECES = [
    "rue", "RUELLE", "rte", ".", " ", "É", "cole", "ch", "ausse", "place", " de", " d’", "straße", "STRASSE", "ſtr",
    "İmpasse", "ımpasse", "\u212aaai", "str", "e", "x", "\n",
]
# fmt: on


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_same_places_are_found(text: str) -> None:
    before = [one.span() for one in re.finditer(ENDS, text, re.IGNORECASE)]
    assert [one.span() for one in re.finditer(GROUPED, text, re.IGNORECASE)] == before


@pytest.mark.parametrize("letter", "abcdefghijklmnopqrstuvwxyzàâäçéèêëîïôöûüœ")
def test_a_first_letter_stands_for_what_the_pattern_language_takes_for_it(letter: str) -> None:
    for word in (letter, f"[{letter}]"):
        before = re.findall(word, EVERY_LETTER, re.IGNORECASE)
        assert re.findall(by_first_letter(word), EVERY_LETTER, re.IGNORECASE) == before
    assert re.findall(by_first_letter(letter, blind=False), EVERY_LETTER) == [letter]


@pytest.mark.parametrize("wrong", ["(?:un)?known", "s?chool", "Big", ".", r"\w", "open[(]|shut", "[ab"])
def test_what_cannot_be_grouped_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"does not begin|stays open"):
        by_first_letter(wrong)
