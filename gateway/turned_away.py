"""Counts the requests that are turned away before anybody is known, and hands the counts to the log.

What is counted, per zone: no session or a dead one (`not_signed_in`), a sign-in that must wait (`sign_in_throttled`), a
cookie sent by another site (`cross_site`). A refused sign-in is not: it has an entry of its own. Nor is input that
cannot be used: nothing was asked of the firewall.

The log gets one line for each zone and code every ten minutes at most, and what is left when the process ends. So the
door can be hammered without filling the log, and the hammering shows. See docs/adr/0013.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from functools import partial
from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import Response

from gateway import problems
from gateway.api.receiving import zone_prefix
from gateway.wiring import Services
from vault.errors import AccessDenied, NotSignedIn, SignInRefused, VaultError
from vault.usecases.turned_away import record_turned_away
from vault.vocabulary import Zone

WINDOW: Final = 600.0  # seconds; as long as an epoch of the log's detail keys

log = logging.getLogger("parefeu.gateway")


class TurnedAway:
    """One process's counts. Lives in the event loop's thread."""

    def __init__(self, services: Services) -> None:
        self._worker = services.worker
        self._zones = {zone_prefix(zone) + "/": zone for zone in services.sign_in}
        self._counts: dict[Zone, Counter[str]] = {}

    def install(self, app: FastAPI) -> None:
        """Count what these errors say, wherever they are raised; the answer stays what it was."""
        for kind in (NotSignedIn, AccessDenied):
            app.add_exception_handler(kind, self._refused)

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, VaultError)
        code = code_of(error)
        if code:
            self.note(request.url.path, code)
        return problems.vault_problem(error)

    def note(self, path: str, code: str) -> None:
        """Count one. The framework's error handlers call it, and whoever answers past them."""
        for prefix, zone in self._zones.items():
            if path.startswith(prefix):
                self._counts.setdefault(zone, Counter())[code] += 1
                return

    async def run(self) -> None:
        """Write the counts down every so often, until cancelled."""
        while True:
            await asyncio.sleep(WINDOW)
            await self.flush()

    async def flush(self) -> None:
        """Write the counts down now. Those that the store does not take are kept for the next time."""
        counted, self._counts = self._counts, {}
        for zone, counts in counted.items():
            try:
                await self._worker.submit(zone, partial(record_turned_away, counts=counts))
            except VaultError as fault:
                log.error("counts not written", extra={"code": fault.code})
                self._counts.setdefault(zone, Counter()).update(counts)
            except Exception as fault:  # noqa: BLE001 - one zone's must not keep the others' from being written
                log.error("counts not written", extra={"fault": type(fault).__name__})
                self._counts.setdefault(zone, Counter()).update(counts)


def code_of(error: VaultError) -> str:
    """What a refusal counts as; "" for one that has an entry of its own."""
    if isinstance(error, SignInRefused):
        return ""
    if isinstance(error, NotSignedIn):
        return error.code
    return "cross_site" if isinstance(error, AccessDenied) and "cross_site" in error.reasons else ""
