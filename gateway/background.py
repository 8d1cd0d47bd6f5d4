"""What a serving process does when nobody waits."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from vault.errors import StoreError
from vault.storage.filing import BATCH
from vault.storage.worker import Worker
from vault.vocabulary import OVERSIGHT

log = logging.getLogger(__name__)

_PAUSE: Final = 2.0  # seconds between two looks
_BREATH: Final = 0.05  # seconds between two batches while many wait to be filed


async def file_the_log(worker: Worker) -> None:
    """Make new audit entries findable, batch by batch, whenever nobody waits. Runs until it is cancelled.

    Nothing depends on it: whoever looks at the log files first what is missing. It keeps that short.
    """
    while True:
        filed = 0
        if worker.idle:
            try:
                filed = await worker.submit(OVERSIGHT, lambda uow: uow.trail.file(BATCH))
            except StoreError as fault:
                log.warning("the log could not be filed now", extra={"fault": fault.code})
        await asyncio.sleep(_BREATH if filed == BATCH else _PAUSE)
