"""A sample grows with the volume, and follows from its seed alone."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection import load_detection
from vault.oversight.sampling import drawn, sample_size

RULES = load_detection()


@pytest.mark.parametrize(
    ("volume", "size"), [(0, 0), (1, 1), (5, 5), (6, 6), (7, 6), (100, 6), (101, 7), (5_000, 55), (10**6, 200)]
)
def test_a_sample_is_as_large_as_the_figures_say(volume: int, size: int) -> None:
    assert sample_size(volume, RULES) == size


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_more_looks_never_mean_a_smaller_sample(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert sample_size(less, RULES) <= sample_size(more, RULES) <= RULES.sample_most


def test_the_seed_decides_and_not_the_order() -> None:
    entries = [bytes([n] * 16) for n in range(200)]
    first = drawn(entries, b"\x01" * 16, 20)
    assert drawn(entries[::-1], b"\x01" * 16, 20) == first
    assert len(set(first)) == 20
    assert drawn(entries, b"\x02" * 16, 20) != first


def test_every_entry_is_drawn_about_as_often() -> None:
    entries = [bytes([n] * 16) for n in range(20)]
    seen = Counter(each for seed in range(2_000) for each in drawn(entries, seed.to_bytes(16, "big"), 5))
    assert len(seen) == 20
    assert all(400 < times < 600 for times in seen.values())
