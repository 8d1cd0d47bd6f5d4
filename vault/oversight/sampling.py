"""Which looks are reviewed without any reason: a sample that grows with how much was looked at, and cannot be chosen.

The seed is drawn when the sample is, and stands in the log: whoever holds the log can draw the same sample again, and
sees how often somebody drew. An entry's place is the hash of seed and id, so no order in the log matters.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from vault.oversight.detecting import Detection

SEED_BYTES = 16


def sample_size(volume: int, rules: Detection) -> int:
    """At least so many, then so many more for each thousand looks, rounded up; never more than there are."""
    grown = rules.sample_least + -(-volume * rules.sample_per_thousand // 1000)
    return min(volume, rules.sample_most, grown)


def drawn(entries: Iterable[bytes], seed: bytes, size: int) -> list[bytes]:
    """The `size` entries whose hashes with the seed are smallest, in that order."""
    return sorted(entries, key=lambda entry: sha256(seed + entry).digest())[:size]
