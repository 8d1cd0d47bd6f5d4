"""Sees a rotation of casework's key through, inside the server that holds an embedded store.

`parefeu keys rotate` stages the next generation in the keyring's file; whoever holds the store does the rest. On
PostgreSQL that is the command itself, as the keystore's owner: a zone's process may replace no wrap there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from gateway.rotation import Outcome, Progress, Rotation, under_way
from gateway.wiring import Services
from vault.errors import Conflict, VaultError
from vault.vocabulary import CASEWORK

#: Seconds. An operator waits at a bar; what came to no end is tried again when a wrap is old enough to be an orphan.
_LOOK_EVERY: Final = 1.0
_AGAIN_AFTER: Final = 660.0
#: Wraps in one transaction, while others are served by the same thread.
_AT_ONCE: Final = 50

log = logging.getLogger("parefeu.rewrapper")


@asynccontextmanager
async def rewrapping(services: Services, *, every: float = _LOOK_EVERY) -> AsyncIterator[None]:
    """Look in the background whether a rotation is to be seen through, until the block ends."""
    if not services.settings.sqlite or CASEWORK not in services.keyring_files:
        yield
        return
    task = asyncio.create_task(_look_now_and_then(services, every))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _look_now_and_then(services: Services, every: float) -> None:
    file = services.keyring_files[CASEWORK]
    while True:
        await asyncio.sleep(every)
        try:
            file.renew()
            if under_way(file.keyring.wrapper):
                outcome = await see_through(services)
                if not outcome.finished:
                    log.warning("a rotation waits", extra={"size": outcome.waiting + len(outcome.broken)})
                    await asyncio.sleep(_AGAIN_AFTER)
        except Conflict:  # the command is still at the file
            continue
        except VaultError as fault:
            log.warning("rotation failed", extra={"code": fault.code})
            await asyncio.sleep(every * 60)
        except Exception as fault:  # noqa: BLE001 - a task that died would leave the rotation half done
            log.error("rotation failed", extra={"fault": type(fault).__name__})
            await asyncio.sleep(every * 60)


async def see_through(services: Services) -> Outcome:
    """Every step in a thread, so that whoever is served waits for one batch at most. Raises as `Rotation.carry_on`."""
    rotation = Rotation(services, CASEWORK, at_once=_AT_ONCE)
    steps = rotation.carry_on()
    step: asyncio.Future[Progress | None] | None = None
    try:
        while True:
            step = asyncio.ensure_future(asyncio.to_thread(next, steps, None))
            if await asyncio.shield(step) is None:
                return rotation.outcome
    finally:
        if step is not None and not step.done():  # the server is told to stop: the batch that runs is ended first
            await asyncio.wait([step])
        steps.close()
