"""Every emergency as the log tells it: who asked, who opened it, what was looked at, whether it was reviewed.

Nothing here is taken from the rows that casework writes: an emergency that casework kept to itself would have no entry,
and without an entry nothing opens. Each that was opened is to be reviewed (`reviewing`) within so many working days, by
two people of oversight; until its review is closed it stays in the queue, and after its day it is overdue.

Counts for publication are of whole quarters that are over, of the whole office, in cells that share no total: a small
number cannot be computed from the others, and is not told.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum, unique
from typing import Any, Final

from vault.audit.events import Verdict
from vault.audit.reading import Line
from vault.cases.break_glass import quarter_of
from vault.cases.calendar import belgian_day
from vault.vocabulary import CASEWORK, Action, Kind

Body = Mapping[str, Any]
#: A published cell below this says only that it is below.
SMALLEST_TOLD: Final = 5
#: Quarters that are counted for publication.
QUARTERS: Final = 8
_BREAK_GLASS: Final = Kind.BREAK_GLASS.value


@unique
class How(StrEnum):
    """What became of it."""

    ASKED = "asked"  # nothing since: it waits, or nobody opened it in time
    REFUSED = "refused"
    OPENED = "opened"
    ENDED = "ended"  # opened, and ended before its time


@dataclass(frozen=True, slots=True)
class Use:
    """One emergency. emergency: its id, hexadecimal. entry: by which it was asked for, which is what a review is about.

    second: who opened or refused it. looks: entries by which something was shown upon it.
    """

    emergency: str
    entry: str
    actor: str
    role: str
    subject: str
    cause: str
    asked_at: datetime
    how: How = How.ASKED
    second: str = ""
    opened_at: datetime | None = None
    opened_by_entry: str = ""
    ended_at: datetime | None = None
    looks: tuple[str, ...] = ()

    @property
    def about(self) -> frozenset[str]:
        """The entries of which one must be reviewed."""
        return frozenset({self.entry, self.opened_by_entry, *self.looks} - {""})


def uses(acts: Iterable[Body], looks: Iterable[Line]) -> list[Use]:
    """acts: entries about break-glasses; casework's count. looks: lines of the purpose `emergency`. Newest first."""
    found: dict[str, Use] = {}
    for body in sorted(acts, key=lambda body: (body["at"], body["entry"])):
        counts = body["decision"] == Verdict.ALLOW.value and body["count"] and body["zone"] == str(CASEWORK)
        if body["kind"] == _BREAK_GLASS and counts:
            _take(found, body)
    return sorted(_with_looks(found.values(), looks), key=lambda use: (use.asked_at, use.entry), reverse=True)


def _take(found: dict[str, Use], body: Body) -> None:
    at, known = datetime.fromisoformat(body["at"]), found.get(body["object"])
    if body["action"] == Action.CREATE.value:
        found.setdefault(
            body["object"],
            Use(
                body["object"], body["entry"], body["actor"], body["role"], body["subject"], body["outcome"], at,
            ),
        )  # fmt: skip
    elif known is None:
        return
    elif body["action"] == Action.SIGN.value and known.how is How.ASKED:
        found[body["object"]] = replace(
            known, how=How.OPENED, second=body["actor"], opened_at=at, opened_by_entry=body["entry"]
        )
    elif body["action"] == Action.CLOSE.value and known.how is How.ASKED:
        found[body["object"]] = replace(known, how=How.REFUSED, second=body["actor"])
    elif body["action"] == Action.CLOSE.value and known.how is How.OPENED:
        found[body["object"]] = replace(known, how=How.ENDED, ended_at=at)


def _with_looks(found: Iterable[Use], looks: Iterable[Line]) -> list[Use]:
    """A look belongs to the newest emergency of that person and case that was opened before it."""
    opened: dict[tuple[str, str], list[Use]] = defaultdict(list)
    others: list[Use] = []
    for use in found:
        (opened[use.actor, use.subject] if use.opened_at is not None else others).append(use)
    by_use: dict[str, list[str]] = defaultdict(list)
    for several in opened.values():
        several.sort(key=lambda use: use.opened_at or use.asked_at)
    for line in sorted(looks, key=lambda line: (line.at, line.entry)):
        several = opened.get((line.actor, line.subject), [])
        place = bisect_right([use.opened_at or use.asked_at for use in several], line.at)
        if line.decision == Verdict.ALLOW.value and place:
            by_use[several[place - 1].emergency].append(line.entry)
    seen = [replace(use, looks=tuple(by_use[use.emergency])) for several in opened.values() for use in several]
    return [*others, *seen]


def quarters_before(today: date, count: int = QUARTERS) -> list[tuple[str, date]]:
    """The newest quarters that are over, oldest first, each with its first day."""
    year, quarter = today.year, (today.month + 2) // 3
    found = []
    for _ in range(count):
        year, quarter = (year - 1, 4) if quarter == 1 else (year, quarter - 1)
        first = date(year, 3 * quarter - 2, 1)
        found.append((quarter_of(first), first))
    return found[::-1]


def published(found: Iterable[Use], today: date) -> list[dict[str, Any]]:
    """Opened and not opened, a quarter each. None: fewer than `SMALLEST_TOLD`, none included."""
    cells: Counter[tuple[str, bool]] = Counter(
        (quarter_of(belgian_day(use.asked_at)), use.opened_at is not None) for use in found
    )
    return [
        {"period": name, "opened": _told(cells[name, True]), "not_opened": _told(cells[name, False])}
        for name, _ in quarters_before(today)
    ]


def _told(count: int) -> int | None:
    return count if count >= SMALLEST_TOLD else None
