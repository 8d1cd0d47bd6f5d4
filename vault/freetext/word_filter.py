"""A set of words that can be asked but not read: a Bloom filter over keyed hashes.

    names = WordFilter.of(["fatima", "jan"])
    hashes("fatima") in names        # True; a word that is not there is taken for one in about 1 of 2,000 cases

Only bits are kept. Somebody who guesses a word can ask whether it is there, and may be told yes by chance; nobody
can list what is there. The words are folded (`folding.fold`) before they come here.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_BITS_PER_WORD: Final = 10
_PROBES: Final = 6
_PAIR: Final = struct.Struct("<QQ")
#: Only ever copied: it has taken in the key, and no word.
_KEYED: Final = hashlib.blake2b(digest_size=16, key=b"parefeu word filter 1")


def hashes(word: str) -> tuple[int, int]:
    """Two 64-bit numbers from which all places of `word` follow, in every filter."""
    keyed = _KEYED.copy()
    keyed.update(word.encode())
    first, second = _PAIR.unpack(keyed.digest())
    return first, second | 1


@dataclass(frozen=True, slots=True, repr=False)
class WordFilter:
    """bits: the filter, its length a multiple of 8 bits."""

    bits: bytes

    @classmethod
    def of(cls, words: Iterable[str]) -> WordFilter:
        """A filter in which one word in about two thousand that is not in `words` seems to be."""
        distinct = sorted(set(words))
        size = max(64, len(distinct) * _BITS_PER_WORD + 7 & ~7)
        bits = bytearray(size // 8)
        for word in distinct:
            for place in _places(hashes(word), size):
                bits[place >> 3] |= 1 << (place & 7)
        return cls(bytes(bits))

    def __contains__(self, pair: tuple[int, int]) -> bool:
        bits = self.bits
        size = len(bits) * 8
        place = pair[0] % size
        if not bits[place >> 3] >> (place & 7) & 1:
            return False  # most words end here: the other places are not worked out for them
        step = pair[1] % size
        for _ in range(1, _PROBES):
            place += step
            if place >= size:
                place -= size
            if not bits[place >> 3] >> (place & 7) & 1:
                return False
        return True


def _places(pair: tuple[int, int], size: int) -> list[int]:
    first, step = pair
    return [(first + probe * step) % size for probe in range(_PROBES)]
