"""Hashed clues as they are written for the model: places in a table of 2**20, as two characters each.

    written([zlib.crc32(b"diallo")])      # [b"\\xcb\\xb3\\xcd\\xa4"], "˳ͤ" in UTF-8: no word can be read back

A text has thousands of clues, so they are written many at a time: each has 64 bits of one long number, on which the
arithmetic is done for all at once. That takes a fifth of the time of one after the other.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

_BITS: Final = 20
_LANE: Final = 8  # bytes
_MOST: Final = 256  # clues at once; more are hardly faster
_EACH: Final = struct.Struct("4s4x" * _MOST)


def _in_each(value: int) -> int:
    """A number with `value` in each lane."""
    return int.from_bytes(value.to_bytes(_LANE, "little") * _MOST, "little")


_WORD: Final = _in_each(0xFFFFFFFF)
_FOUR_BITS: Final = _in_each(0xF)
_SIX_BITS: Final = _in_each(0x3F)
#: What makes four and six bits the two bytes of a character from U+0100 to U+04FF.
_CHARACTERS: Final = _in_each(0x80C4_80C4)


def written(clues: Sequence[int]) -> list[bytes]:
    """Each of `clues`, numbers below 2**64 of which the lower 32 bits count, as two characters in UTF-8."""
    found: list[bytes] = []
    for start in range(0, len(clues), _MOST):
        part = clues[start : start + _MOST]
        found.extend(_EACH.unpack(_characters(part))[: len(part)])
    return found


def _characters(clues: Sequence[int]) -> bytes:
    value = int.from_bytes(struct.pack(f"<{len(clues)}Q", *clues), "little") & _WORD
    value = value * 0x9E3779B1 & _WORD
    value = ((value ^ value >> 15) & _WORD) * 0x85EBCA77 & _WORD
    value >>= 32 - _BITS
    first, second = value >> 16 & _FOUR_BITS, value >> 10 & _SIX_BITS
    third, fourth = value >> 6 & _FOUR_BITS, value & _SIX_BITS
    characters = first | second << 8 | third << 16 | fourth << 24
    return (characters + _CHARACTERS).to_bytes(_MOST * _LANE, "little")
