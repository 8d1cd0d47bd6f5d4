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
    """A gate's looks. API and pages share it: the bound holds for both together."""

    def __init__(self, gate: Gate, casework: Casework) -> None:
        self._gate = gate
        self._office = casework.office
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def look(self, request: Request, text: str, language: str) -> Looked:
        """What the stages find. Raises NotSignedIn before any work is done."""
        await self._gate.run(request, lambda _, actor: actor)
        async with self._slots:
            return await asyncio.to_thread(self._office.look, text, language)


_OF: Final[WeakKeyDictionary[Gate, Looking]] = WeakKeyDictionary()


def looking_of(gate: Gate) -> Looking:
    """The one of this gate. Raises ConfigurationError where the process has no casework keys."""
    casework = gate.services.casework
    if casework is None:
        raise ConfigurationError("this process has no casework keys")
    return _OF.setdefault(gate, Looking(gate, casework))
