"""Whether two ways take equally long, judged by pairs: one of each, one right after the other, as many as it takes.

    while (verdict := judge(ratios, 0.12)) is Verdict.UNDECIDED:
        ratios += await pairs(timed, 64)

A busy machine makes every clock wrong, also one of processor time: caches are shared. But it is as busy for one half
of a pair as for the other, so each pair says for itself which half took longer, and by which part. A sign test counts
what they say; it asks nothing of how the times are spread, and one that is ten times too long counts like any other.
More noise brings the shares nearer to a half, and then it takes more pairs: never another verdict.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from math import sqrt
from typing import Final

#: Standard deviations of a fair coin: once in 30,000 looks, chance alone says so much.
SURE: Final = 4.0


class Verdict(StrEnum):
    ALIKE = "alike"
    LONGER = "the first takes longer"
    SHORTER = "the first takes less long"
    UNDECIDED = "nobody can tell yet"


def judge(ratios: Sequence[float], leeway: float) -> Verdict:
    """What pairs tell. ratios: of each pair, the first's time by the second's. leeway: by which part two that count as
    alike may differ.

    Half of the pairs lie beyond the true ratio. So if surely less than half lie beyond the leeway, on either side, it
    is within; if surely more than half lie beyond it on one side, it is beyond.
    """
    half, sure = len(ratios) / 2, SURE * sqrt(len(ratios)) / 2
    longer = sum(ratio > 1 + leeway for ratio in ratios) - half
    shorter = sum(ratio < 1 / (1 + leeway) for ratio in ratios) - half
    if longer > sure:
        return Verdict.LONGER
    if shorter > sure:
        return Verdict.SHORTER
    return Verdict.ALIKE if max(longer, shorter) < -sure else Verdict.UNDECIDED


async def pairs(timed: Callable[[int], Awaitable[float]], number: int) -> list[float]:
    """So many ratios. timed: does the first (0) or the second (1) once, and returns the time that it took."""
    found = []
    for _ in range(number):
        taken = [0.0, 0.0]
        for which in random.sample((0, 1), 2):  # which of the two finds its memory warm is chance
            taken[which] = await timed(which)
        found.append(taken[0] / taken[1])
    return found
