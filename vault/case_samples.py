"""What a use case may do with samples, as a protocol. `vault.storage.case_samples` implements it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from vault.cases.case_samples import CaseSample
from vault.cases.flow import State
from vault.ids import ActorId, CaseId, CaseSampleId, EntryId


class CaseSamples(Protocol):
    """Rows are added and never changed: that one is done is a row of its own."""

    def listed(self, region: str, coach: ActorId | None, states: Sequence[State]) -> list[CaseId]:
        """What can be drawn: all cases of a region, or one coach's of them, in these states; in no order."""
        ...

    def get(self, sample: CaseSampleId) -> CaseSample | None: ...
    def in_period(self, actor: ActorId, period: str) -> int:
        """How many this head had drawn in that month."""
        ...

    def of_head(self, actor: ActorId, since: datetime, limit: int) -> Sequence[CaseSample]:
        """Drawn since then, the newest first."""
        ...

    def of_coach(self, coach: ActorId, since: datetime, limit: int) -> Sequence[CaseSample]:
        """The same, of the cases that are this coach's now."""
        ...

    def add(self, sample: CaseSample, entry: EntryId) -> None:
        """Raises Conflict if the same head had another drawn under that number meanwhile."""
        ...

    def end(self, sample: CaseSampleId, at: datetime, entry: EntryId) -> None:
        """Raises Conflict if it was ended meanwhile."""
        ...


class Sampling(Protocol):
    """The part of a unit of work that samples need."""

    @property
    def case_samples(self) -> CaseSamples: ...
