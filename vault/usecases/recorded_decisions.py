"""How often which decision was recorded: kinds of entries, counted, for whoever changes the rules. No case, no person.

The operator who asks is nobody of the vault's, and sees counts of words; the look is written down all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from vault.audit.events import Detail, Event, Verdict
from vault.audit.reading import EntryFilter
from vault.ids import EntryId
from vault.unit_of_work import UnitOfWork
from vault.vocabulary import Action, Kind

PAGE: Final = 500
#: Role, action, kind, purpose, whether allowed, rule.
Words = tuple[str, str, str, str, bool, str]


def count_page(uow: UnitOfWork, since: datetime, before: EntryId | None) -> tuple[Counter[Words], EntryId | None]:
    """One page of the log, newest first, counted; and the entry to go on from, None after the last page."""
    entries = uow.trail.entries(EntryFilter(since=since, limit=PAGE, before=before)).entries
    counted = Counter(_decisions(entry.told() for entry in entries))
    return counted, entries[-1].id if len(entries) == PAGE else None


def note_the_look(uow: UnitOfWork, policy: str, count: int) -> None:
    """Say in the log that it was counted. policy: hexadecimal, of the policy that was compared with."""
    event = Event(
        Action.LIST.value, Kind.AUDIT_ENTRY.value, Verdict.NONE, role="operator", policy=policy,
        outcome="policy_compared", count=count,
    )  # fmt: skip
    uow.audit.append(event, Detail())


def _decisions(bodies: Iterable[dict[str, Any]]) -> Iterable[Words]:
    """Of the entries, those that record an answer of the firewall."""
    for entry in bodies:
        if entry["decision"] in (Verdict.ALLOW.value, Verdict.DENY.value) and entry["policy"]:
            allowed = entry["decision"] == Verdict.ALLOW.value
            yield entry["role"], entry["action"], entry["kind"], entry["purpose"], allowed, entry["rule"]
