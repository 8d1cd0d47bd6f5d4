"""How long after closing the content of a case may be kept, and upon which grounds a case is erased.

Each compartment has a number of months: the longest that it may be kept (GDPR art. 5(1)(e)). A case goes as a whole, so
it is due on the first day on which one of the compartments that it holds may be kept no longer. A ground is a code with
its legal text; some can be used before that day (a request of the person, GDPR art. 17), some cannot.

    >>> rules.due_on(date(2026, 11, 3), {Compartment.NARRATIVE})      # 24 months
    datetime.date(2028, 11, 3)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from vault.errors import InvalidInput
from vault.oversight.timetable import months_after
from vault.vocabulary import Compartment

#: What a case can hold under a data key of its own; each has a line in the office's file.
KEPT: Final = (
    Compartment.IDENTITY, Compartment.CONTACT, Compartment.STATUS, Compartment.NARRATIVE, Compartment.SENSITIVE,
    Compartment.STAY_ANALYSIS, Compartment.RETURN_PLAN,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ground:
    """text: the legal ground, as the file has it. before_due: whether it can be used before the case is due."""

    text: str
    before_due: bool


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """Configuration. months: of each of `KEPT`, whole ones of the calendar. digest: 32 bytes, stands in the entries."""

    months: Mapping[Compartment, int]
    grounds: Mapping[str, Ground]
    digest: bytes

    def due_on(self, closed: date, held: Collection[Compartment]) -> date:
        """closed: the day in Belgium. held: what the case has keys of; where it has none, all count."""
        return months_after(closed, min(self.months[each] for each in (set(held) & set(KEPT)) or KEPT))

    def ground(self, code: str) -> Ground:
        """Raises InvalidInput for one that is not listed."""
        try:
            return self.grounds[code]
        except KeyError:
            raise InvalidInput(f"ground must be one of {', '.join(self.grounds)}", field="ground") from None
