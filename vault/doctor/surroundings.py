"""What the doctor's checks know besides the rows: the day, the values in force, who works here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vault.cases.calendar import Calendar
from vault.cases.parameters import Parameters
from vault.ids import ActorId


@dataclass(frozen=True, slots=True)
class Colleague:
    """One row of the staff."""

    id: ActorId
    zone: str
    role: str
    region: str
    active: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """zones: names of all zones that the signed directory holds. cell: how long a desk's cell is, in seconds."""

    now: datetime
    parameters: Parameters
    calendar: Calendar
    zones: frozenset[str]
    cell: int
    staff: Mapping[ActorId, Colleague] = field(default_factory=dict)

    def works_in(self, region: str) -> set[str]:
        """The roles that somebody active holds in a region."""
        return {one.role for one in self.staff.values() if one.active and one.region == region}
