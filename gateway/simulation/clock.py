"""The simulation's own time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

_TICK: Final = timedelta(microseconds=1)


class SimulatedClock:
    """Stands where the simulation is; never gives the same moment twice, and never goes back."""

    def __init__(self, begin: datetime) -> None:
        self._moment = begin

    def now(self) -> datetime:
        self._moment += _TICK
        return self._moment

    def reach(self, moment: datetime) -> None:
        """Go on to a moment; one that has passed changes nothing."""
        self._moment = max(self._moment, moment)
