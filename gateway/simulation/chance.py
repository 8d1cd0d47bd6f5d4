"""Chance that can be repeated: for what happens in a simulation, never for keys or ids."""

from __future__ import annotations

from random import Random


def seeded(seed: int, *names: object) -> Random:
    """The same numbers for the same seed and names. Not secure: it decides who misses a meeting."""
    return Random("/".join(map(str, (seed, *names))))  # noqa: S311 - repeatable on purpose; keys come from elsewhere
