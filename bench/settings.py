"""How much effort a run takes: enough for narrow quartiles, or a look within a minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Effort:
    """notes: seeded per contestant. seconds: of one slice, longer for
    who answers fewer than `least` in them. slices: of a case in a round. starts: of the server.

    micro_rounds, micro_calls: rounds of the in-process figures, and calls of a case in each.
    log_rounds, log_seconds: rounds of the access log's writers, and seconds of one slice. log_entries: of the log that
    is verified; log_repeats: how often. simulated_days: of a vault that is filled, as often.
    """

    notes: int
    rounds: int
    slices: int
    seconds: float
    warm_seconds: float
    least: int
    starts: int
    micro_rounds: int
    micro_calls: int
    log_rounds: int
    log_seconds: float
    log_entries: int
    log_repeats: int
    simulated_days: int


FULL: Final = Effort(
    notes=5_000,
    rounds=8,
    slices=4,
    seconds=0.6,
    warm_seconds=0.1,
    least=100,
    starts=7,
    micro_rounds=60,
    micro_calls=2_000,
    log_rounds=9,
    log_seconds=2.0,
    log_entries=1_000_000,
    log_repeats=3,
    simulated_days=45,
)
QUICK: Final = Effort(
    notes=60,
    rounds=2,
    slices=1,
    seconds=0.15,
    warm_seconds=0.03,
    least=20,
    starts=1,
    micro_rounds=5,
    micro_calls=500,
    log_rounds=1,
    log_seconds=0.4,
    log_entries=10_000,
    log_repeats=1,
    simulated_days=10,
)
