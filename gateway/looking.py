"""Looking through a text before it is stored: outside any transaction, a few at a time, in threads of their own.

looked = await looking_of(gate).look(request, text, "fr")
"""

from __future__ import annotations

import asyncio
from typing import Final
from weakref import WeakKeyDictionary

from starlette.requests import Request

from gateway.gate import Gate
from vault.errors import ConfigurationError
from vault.freetext import Looked
from vault.usecases.casework import Casework

#: The models' work is not parallel in Python; more at once would only make everybody wait.
_AT_ONCE: Final = 2


class Looking:
    """A gate's looks. API and pages share its slots: the bound holds for both together."""

    def __init__(self, gate: Gate, casework: Casework, slots: asyncio.Semaphore) -> None:
        self._gate = gate
        self._office = casework.office
        self._slots = slots

    async def look(self, request: Request, text: str, language: str) -> Looked:
        """What the stages find. Raises NotSignedIn before any work is done."""
        await self._gate.run(request, lambda _, actor: actor)
        async with self._slots:
            return await asyncio.to_thread(self._office.look, text, language)


#: Of each gate, and nothing that holds the gate: it, and through it every key of the process, would never be let go.
_SLOTS: Final[WeakKeyDictionary[Gate, asyncio.Semaphore]] = WeakKeyDictionary()


def looking_of(gate: Gate) -> Looking:
    """The looks of this gate. Raises ConfigurationError where the process has no casework keys."""
    casework = gate.services.casework
    if casework is None:
        raise ConfigurationError("this process has no casework keys")
    if gate not in _SLOTS:
        _SLOTS[gate] = asyncio.Semaphore(_AT_ONCE)
    return Looking(gate, casework, _SLOTS[gate])
