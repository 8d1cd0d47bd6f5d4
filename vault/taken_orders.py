"""What a use case may do with the orders that were taken in, as a protocol. `vault.storage` implements it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from vault.cases.orders import TakenOrder, WaitingOrder
from vault.ids import CaseId, EntryId


class TakenOrders(Protocol):
    """One row an order. mark: 32 bytes, keyed, of its reference: no two orders share one."""

    def of_cases(self, cases: Sequence[CaseId]) -> TakenOrder | None:
        """The order of the first of these cases that has one."""
        ...

    def add(self, mark: bytes, order: TakenOrder, entry: EntryId) -> None:
        """Raises Conflict if an order with this mark was taken in meanwhile."""
        ...

    def complete(self, case: CaseId, household: bytes, facts: bytes, entry: EntryId) -> None:
        """From now on it said this, and nothing is missing."""
        ...

    def update(self, case: CaseId, facts: bytes, entry: EntryId) -> None:
        """From now on its facts said this; one more change of the case."""
        ...

    def waiting(self, region: str, limit: int, before: datetime | None) -> list[WaitingOrder]:
        """Orders of a region whose cases are not triaged yet, the newest first. before: opening moment, to page."""
        ...
