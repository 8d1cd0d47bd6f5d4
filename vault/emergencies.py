"""What a use case may do with emergencies, as a protocol. `vault.storage.emergencies` implements it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from vault.cases.break_glass import BreakGlass
from vault.ids import ActorId, BreakGlassId, EntryId


class Emergencies(Protocol):
    def get(self, emergency: BreakGlassId) -> BreakGlass | None:
        """Until the commit nobody ends it: who reads upon it was answered before its end was acknowledged."""
        ...

    def get_to_change(self, emergency: BreakGlassId) -> BreakGlass | None:
        """The same, and nobody else changes it, or reads upon it, until the commit."""
        ...

    def in_period(self, actor: ActorId, period: str) -> int:
        """How many this person asked for in that period."""
        ...

    def of_region(self, region: str, since: datetime, limit: int) -> Sequence[BreakGlass]:
        """Asked for since then, the newest first."""
        ...

    def add(self, emergency: BreakGlass, entry: EntryId) -> None:
        """Raises Conflict if the same person asked for another under that number meanwhile."""
        ...

    def update(self, emergency: BreakGlass, entry: EntryId) -> None: ...
