"""Write down how many requests were turned away before anybody was known, counted and not one by one.

An entry per anonymous request would let whoever can reach the door fill the log, and pay a commit for each. The counts
are the gateway's; a killed process loses those that it had not yet written.
"""

from __future__ import annotations

from collections.abc import Mapping

from vault.audit.events import Detail, Event, Happening, Verdict
from vault.unit_of_work import UnitOfWork


def record_turned_away(uow: UnitOfWork, counts: Mapping[str, int]) -> None:
    """One entry for each code in `counts`: how often since the last such entry of this lane."""
    for code, count in sorted(counts.items()):
        event = Event(Happening.TURNED_AWAY.value, "request", Verdict.DENY, outcome=code, count=count)
        uow.audit.append(event, Detail())
