"""Clues are written many at a time exactly as one after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vault.freetext.written_clues import written


def one_after_the_other(clue: int) -> bytes:
    value = ((clue & 0xFFFFFFFF) * 0x9E3779B1) & 0xFFFFFFFF
    value = ((value ^ (value >> 15)) * 0x85EBCA77 & 0xFFFFFFFF) >> 12
    return (chr(0x100 + (value >> 10)) + chr(0x100 + (value & 1023))).encode()


@given(st.lists(st.integers(0, 2**64 - 1), max_size=600))
def test_many_clues_are_written_as_each_of_them_would_be(clues: list[int]) -> None:
    assert written(clues) == [one_after_the_other(clue) for clue in clues]
