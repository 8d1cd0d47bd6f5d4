"""An emergency: a colleague must know at once who somebody is and how to reach them, and the case's coach is not there.

Somebody of the region asks, with a reason; somebody else of the region opens it; for minutes, who asked sees who the
person is (a coach: how to reach them too), and nothing that was told. Each person has so many a period, whether they
were opened or not. Afterwards oversight reviews each one (`vault.oversight.emergencies`).

    found = BreakGlass(...)
    found.standing(now)      # Standing.ASKED, then OPEN, then ENDED; or REFUSED, or LAPSED

Plain values: nothing is opened here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from vault.errors import InvalidInput
from vault.ids import ActorId, BreakGlassId, CaseId
from vault.vocabulary import Role

REASON_SHORTEST, REASON_LONGEST = 20, 500
#: Who can ask, and who can open what somebody else asked for.
COLLEAGUES: Final = (Role.COACH, Role.REGIONAL_HEAD)


@unique
class Cause(StrEnum):
    """What sort of emergency: a code, so that causes can be counted without reading a reason."""

    HEALTH = "health"  # an ambulance, a hospital, a suicide that is announced
    DANGER = "danger"  # somebody threatens the person
    CHILD = "child"  # a child of the household is in danger
    MISSING = "missing"  # somebody looks for the person because harm is feared
    OTHER = "other"


@unique
class Period(StrEnum):
    """What a budget is for: Belgian days."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"

    def of(self, day: date) -> str:
        """`2026-W48`, `2026-11`, `2026-Q4`."""
        if self is Period.WEEK:
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        return f"{day:%Y-%m}" if self is Period.MONTH else quarter_of(day)


def quarter_of(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


@unique
class Standing(StrEnum):
    ASKED = "asked"
    LAPSED = "lapsed"  # nobody opened it in time
    REFUSED = "refused"
    OPEN = "open"
    ENDED = "ended"  # by time, or because somebody ended it


@dataclass(frozen=True, slots=True)
class EmergencyRules:
    """Configuration. digest: 32 bytes, stands in the entries.

    budget: how many one person of that function may ask for in a period. answer_within: for opening it. lasts: how long
    it is open. review_within: working days that oversight has.
    """

    budget: Mapping[Role, int]
    period: Period
    answer_within: timedelta
    lasts: timedelta
    review_within: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """number: the how-manieth of this person in that period; no two have the same.

    decided_by: who opened or refused it. expires_at: None unless it was opened. ended_at: before its time.
    """

    id: BreakGlassId
    case: CaseId
    actor: ActorId
    role: Role
    region: str
    cause: Cause
    period: str
    number: int
    asked_at: datetime
    lapses_at: datetime
    decided_by: ActorId | None = None
    decided_at: datetime | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None

    def standing(self, now: datetime) -> Standing:
        """To the microsecond: what ends at a moment is over at that moment."""
        if self.decided_at is None:
            return Standing.ASKED if now < self.lapses_at else Standing.LAPSED
        if self.expires_at is None:
            return Standing.REFUSED
        return Standing.OPEN if self.ended_at is None and now < self.expires_at else Standing.ENDED

    def opens_for(self, actor: ActorId, now: datetime) -> bool:
        """For the one who asked, upon somebody else's word, while it lasts."""
        twice = self.decided_by is not None and self.decided_by != self.actor
        return self.actor == actor and twice and self.standing(now) is Standing.OPEN


def parse_reason(text: str) -> str:
    """Raises InvalidInput."""
    found = text.strip()
    if not REASON_SHORTEST <= len(found) <= REASON_LONGEST:
        raise InvalidInput(
            f"say in {REASON_SHORTEST} to {REASON_LONGEST} characters what the emergency is", field="reason"
        )
    return found
