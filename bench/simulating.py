"""How fast a vault on SQLite lives: steps of the case flow a second, everything that comes with them included.

`parefeu simulate` at the density of the design size (140 new cases on a working day, 150 members of staff), through the
worker's queue, with sessions, decisions, audit entries, the log's tree, sealed identities and notes. A run begins with
an empty vault, so it holds more openings and fewer notes a step than ten years would: both are dear.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Collection
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from bench.catalogue import VOLUME
from bench.interleave import summarise
from bench.report import Figure, Outcome
from bench.settings import Effort

_END: Final = date(2026, 11, 25)
_CASES_A_DAY: Final = 35_000 / 365


def measure(names: Collection[str], effort: Effort, chance: random.Random, say: Callable[[str], None]) -> Outcome:
    """The figures of `VOLUME` that are wanted."""
    outcome = Outcome()
    for spec in VOLUME:
        if spec.name in names:
            say(f"simulating {effort.simulated_days} days at the design size, {effort.log_repeats} times")
            rates = [_rate(effort.simulated_days, chance.randrange(1 << 30)) for _ in range(effort.log_repeats)]
            outcome.figures.append(Figure.of(spec.name, summarise(rates), unit=spec.unit, bar=spec.bar))
    return outcome


def _rate(days: int, seed: int) -> float:
    from gateway.cli.home import Hooks, settings_of
    from gateway.cli.init import create_home
    from gateway.cli.simulate import fill
    from gateway.simulation.standing import Plan

    with tempfile.TemporaryDirectory(prefix="parefeu-simulate-") as folder:
        home = Path(folder) / "home"
        create_home(home, None, Hooks())
        first, cases = _END - timedelta(days=days), round(days * _CASES_A_DAY)
        plan = Plan(seed=seed, cases=cases, first=first, end=_END)
        return fill(settings_of(home), {}, plan, lambda *_: None)[0].rate
