"""What a serving process does beside its requests: it makes new audit entries findable."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from vault.errors import StoreError
from vault.storage.filing import BATCH
from vault.storage.worker import Worker
from vault.unit_of_work import UnitOfWork
from vault.vocabulary import OVERSIGHT

log = logging.getLogger(__name__)

_PAUSE: Final = 2.0  # seconds between two looks whether something is to be filed
_BREATH: Final = 0.02  # seconds between two batches at least, and never less than the last one took
#: While nobody comes: whoever comes next waits for some ten milliseconds at most, where a whole batch takes fifty.
_QUIET_PIECE: Final = 200
#: While requests come, so many entries, so often: about a hundredth of the server's time.
_PIECE: Final = 50
_BUSY_PAUSE: Final = 0.25  # seconds
#: Where so many come in one such pause, filing cannot keep up whatever it does, and pieces are rare.
_CROWD: Final = 10 * _PIECE
_CROWD_PAUSE: Final = 1.0  # seconds
#: For so long after somebody was refused a look because too much is to be filed, batches are whole.
_WANTED: Final = 10.0  # seconds


@dataclass
class Pace:
    """How fast this process files. a_second: entries; a guess until it has filed something."""

    a_second: float = 8_000.0
    wanted_until: float = -math.inf  # of the clock that runs forward only

    def want(self, now: float) -> None:
        """Somebody waits for it to come to an end."""
        self.wanted_until = now + _WANTED

    def went(self, entries: int, seconds: float) -> None:
        """So many were filed, breath included. What was measured before counts on: one slow batch is not all."""
        if entries and seconds > 0:
            self.a_second += 0.2 * (entries / seconds - self.a_second)

    def seconds_for(self, entries: int) -> int:
        """How long that many will take; at least 1."""
        return max(1, math.ceil(entries / max(self.a_second, 0.001)))


async def file_the_log(worker: Worker, pace: Pace, tick: Callable[[], float] = time.monotonic) -> None:
    """Make new audit entries findable, batch by batch, between requests. Runs until it is cancelled.

    Nothing depends on it: whoever looks at the log files first what is missing. It keeps that short; and where
    very much was written while nobody served oversight, it is what gets there. tick: a clock that only runs forward.
    """
    seen = -1
    while True:
        begun, filed = tick(), 0
        came = worker.submitted - seen  # during the pause
        quiet = worker.idle and not came
        wanted = begun < pace.wanted_until
        much = min(BATCH, BATCH if wanted else _QUIET_PIECE if quiet else _PIECE)
        try:
            filed = await worker.submit(OVERSIGHT, partial(_file, much), quick=False)
        except StoreError as fault:
            log.warning("the log could not be filed now", extra={"fault": fault.code})
        except Exception as fault:  # noqa: BLE001 - a task that died would leave looks to wait, until somebody restarts
            log.error("the log could not be filed now", extra={"fault": type(fault).__name__})
        seen = worker.submitted
        pause = _PAUSE
        if filed == much:  # more waits
            busy = _BUSY_PAUSE if came < _CROWD else _CROWD_PAUSE
            pause = max(_BREATH, tick() - begun) if wanted or quiet else busy
        await asyncio.sleep(pause)
        if filed == much and (wanted or quiet):
            pace.went(filed, tick() - begun)


def _file(limit: int, uow: UnitOfWork) -> int:
    return uow.trail.file(limit)
