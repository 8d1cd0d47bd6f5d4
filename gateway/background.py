"""What a serving process does beside its requests: it makes new audit entries findable."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vault.errors import StoreError
from vault.storage.filing import BATCH
from vault.storage.worker import Worker
from vault.vocabulary import OVERSIGHT

log = logging.getLogger(__name__)

_PAUSE: Final = 2.0  # seconds between two looks whether something is to be filed
_BREATH: Final = 0.02  # seconds between two batches at least, and never less than the last one took
#: So many seconds filing gives way to whoever waits, while much is to be filed and otherwise. Then one batch comes in
#: between all the same: a server that is always busy must not fall behind for ever.
_GIVES_WAY: Final = 0.5
_GIVES_WAY_LONG: Final = 5.0


@dataclass
class Pace:
    """How fast this process files. a_second: entries; a guess until it has filed something."""

    a_second: float = 8_000.0

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
    behind, last = False, tick()
    while True:
        begun, filed = tick(), 0
        if worker.idle or begun - last >= (_GIVES_WAY if behind else _GIVES_WAY_LONG):
            try:
                filed = await worker.submit(OVERSIGHT, lambda uow: uow.trail.file(BATCH), quick=False)
            except StoreError as fault:
                log.warning("the log could not be filed now", extra={"fault": fault.code})
            last, behind = tick(), filed == BATCH
        await asyncio.sleep(max(_BREATH, tick() - begun) if behind else _PAUSE)
        if filed == BATCH:
            pace.went(filed, tick() - begun)
