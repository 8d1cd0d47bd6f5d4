"""The method: short slices of every case, shuffled per round; ratios inside a round; their median over rounds.

A case may run several slices a round; the round's value of a measure is their lower quartile, since a busy
neighbour only ever adds time. Whatever disturbs a whole round disturbs both sides of its ratio.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

#: One slice's measures, by name; each is a cost (seconds, bytes): less is better.
Slice = Callable[[], Mapping[str, float]]
#: Per case, per measure, the round's value.
Round = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Summary:
    """The median over rounds, the lower and upper quartile, and how many rounds there were."""

    median: float
    low: float
    high: float
    repetitions: int


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of `values` lies, linear between neighbours. Raises ValueError if empty."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def summarise(values: Sequence[float]) -> Summary:
    """Median and quartiles of one value per round."""
    return Summary(quantile(values, 0.5), quantile(values, 0.25), quantile(values, 0.75), len(values))


def run_rounds(
    cases: Mapping[str, Slice],
    *,
    rounds: int,
    slices: int,
    chance: random.Random,
    progress: Callable[[int, Round], None] = lambda _number, _round: None,
) -> list[Round]:
    """Run every case `slices` times a round, all shuffled; return each round's lower quartiles.

    progress: called after each round with its number, from 1, and its values.
    """
    done: list[Round] = []
    for number in range(1, rounds + 1):
        order = list(cases) * slices
        chance.shuffle(order)
        gathered: dict[str, dict[str, list[float]]] = {case: {} for case in cases}
        for case in order:
            for measure, value in cases[case]().items():
                gathered[case].setdefault(measure, []).append(value)
        values = {
            case: {measure: quantile(seen, 0.25) for measure, seen in measures.items()}
            for case, measures in gathered.items()
        }
        done.append(values)
        progress(number, values)
    return done


def ratio(rounds: Sequence[Round], *, over: tuple[str, str], under: tuple[str, str]) -> Summary:
    """Summarise over/under, taken inside each round. over, under: (case, measure)."""
    return summarise([one[over[0]][over[1]] / one[under[0]][under[1]] for one in rounds])


def value(rounds: Sequence[Round], case: str, measure: str) -> Summary:
    """Summarise one measure by itself: this machine's, this hour's."""
    return summarise([one[case][measure] for one in rounds])
