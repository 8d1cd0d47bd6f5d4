"""Empties forgotten drafts and files that nobody described, and erases approved cases, now and then, while casework is
served.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

from gateway.eraser import erase_all
from gateway.wiring import Services
from vault.errors import Conflict, VaultError
from vault.usecases.sweep import sweep, swept_through
from vault.vocabulary import CASEWORK

#: Seconds. Nothing is due to the minute: a file waits two hours, a draft two weeks.
_FIRST: Final = 10.0
_EVERY: Final = 900.0
#: So often the log is told that all is swept, also where there was nothing: else a sweep that fails would look like one
#: that had nothing to do.
_TOLD_EVERY: Final = timedelta(days=1)

log = logging.getLogger("parefeu.sweeper")


@asynccontextmanager
async def sweeping(services: Services, *, first: float = _FIRST, every: float = _EVERY) -> AsyncIterator[None]:
    """Sweep in the background until the block ends. Does nothing where casework is not served."""
    if services.casework is None:
        yield
        return
    task = asyncio.create_task(_sweep_now_and_then(services, first, every))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _sweep_now_and_then(services: Services, first: float, every: float) -> None:
    await asyncio.sleep(first)
    told: datetime | None = None
    swept = 0
    while True:
        try:
            swept += await sweep_all(services)
            await erase_all(services)
            now = services.clock.now()
            if told is None or now - told >= _TOLD_EVERY:
                await tell(services, swept)
                told, swept = now, 0
        except VaultError as fault:
            log.warning("sweep failed", extra={"code": fault.code})
        except Exception as fault:  # noqa: BLE001 - a task that died would keep what must go, until somebody restarts
            log.error("sweep failed", extra={"fault": type(fault).__name__})
        await asyncio.sleep(every)


async def sweep_all(services: Services) -> int:
    """Everything that is due, a little at a time, so that nobody waits for it. Returns how many."""
    casework = services.casework
    assert casework is not None
    swept = 0
    while True:
        try:
            done = await services.worker.submit(CASEWORK, lambda uow: sweep(uow, casework), quick=False)
        except Conflict:  # somebody came back for a file: it is not among the next ones
            continue
        if not done:
            return swept
        swept += done


async def tell(services: Services, swept: int) -> None:
    """Write down that all that was due is swept. swept: how many since this was last written."""
    await services.worker.submit(CASEWORK, lambda uow: swept_through(uow, swept), quick=False)
