"""Reload the policy while serving, on SIGHUP: build aside, check, swap, write down. What fails changes nothing.

The new policy is compiled in a thread of its own (a second or two); requests are answered by the old one meanwhile,
each by one whole policy. Every zone of the process gets an entry that names the policy then in force.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Final

from gateway.wiring import Services
from vault.errors import PolicyRejected, VaultError
from vault.usecases.policy_changes import record_policy_change

log: Final = logging.getLogger("parefeu.gateway")


class Reloader:
    """One process's reloads, one after the other."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Task[bool]] = set()

    def asked(self) -> None:
        """Called by the signal: start a reload, and remember it until it ends."""
        task = asyncio.get_running_loop().create_task(self.reload())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def reload(self) -> bool:
        """Whether the folder's policy is in force now. Never raises; the reasons of a refusal stand in the log."""
        policy = self._services.policy
        if policy is None:
            return False
        async with self._turn:
            try:
                impact = await asyncio.to_thread(policy.reload)
            except PolicyRejected as fault:
                for line in fault.faults:
                    log.error("the policy was not loaded: %s", line, extra={"code": fault.code})
                await self._record("refused", loaded=False)
                return False
            outcome = "wider" if impact.widens else "narrower" if impact.changes else "same"
            log.warning("another policy is in force", extra={"policy": policy.firewall.digest.hex(), "change": outcome})
            await self._record(outcome, loaded=True)
            return True

    async def _record(self, outcome: str, *, loaded: bool) -> None:
        digest = self._services.firewall.digest
        for zone in self._services.sign_in:
            try:
                await self._services.worker.submit(
                    zone, partial(record_policy_change, digest=digest, outcome=outcome, loaded=loaded)
                )
            except VaultError as fault:
                log.error("the change of the policy was not written down", extra={"code": fault.code})
