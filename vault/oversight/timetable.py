"""When keys, details of the log and sweeps are due: reckoned from what the log and the keystore say, never by itself.

Nothing happens when a day passes: the operator is told. Only what the program can date is here; backups are made by the
database's own means, and it does not see them.

    >>> months_after(date(2028, 2, 29), 12)
    datetime.date(2029, 2, 28)
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum, unique
from typing import Final, NamedTuple

from vault.cases.calendar import belgian_day
from vault.vocabulary import CASEWORK, Zone, ZoneKind

#: Records that the proposed command tries to open: seconds of work, and more entries than one of the log.
EXAMINED_AT_ONCE: Final = 500
#: The one zone with wraps under a key of its own. Of the others no command replaces the key pair.
_ROTATE: Final = f"parefeu keys rotate --zone {CASEWORK}"


@unique
class Duty(StrEnum):
    """What has a day on which it is due."""

    KEYS = "keys"  # a zone's keys are replaced
    DETAILS = "details"  # names, addresses and reasons behind old entries of the log are destroyed
    SWEEP = "sweep"  # forgotten drafts and files, and keys of what is over, are emptied
    EXAMINATION = "examination"  # a sample of records is tried: does it open?


@unique
class Punctuality(StrEnum):
    LATE = "late"
    SOON = "soon"
    IN_TIME = "in_time"
    UNKNOWN = "unknown"  # the log does not say when it was last done


@dataclass(frozen=True, slots=True)
class Timetable:
    """The office's choices. Months are whole ones of the calendar.

    keys: how long a zone's keys may be in use. erase_after: how old details are that may be destroyed; none may be
    older than `details_longest`. …_soon: days before a line's day in which it says so. digest: 32 bytes.
    """

    version: str
    keys: Mapping[ZoneKind, int]
    keys_soon: int
    erase_after: int
    details_longest: int
    details_soon: int
    sweep_days: int
    sweep_soon: int
    examination_months: int
    examination_soon: int
    digest: bytes


class KeysSeen(NamedTuple):
    """since: when its present keys came into use, as far as is known; None where nothing says so."""

    zone: Zone
    since: datetime | None


class Seen(NamedTuple):
    """What is known on the day. The moments: when it was last done, None for never.

    begun: since when the vault is there. oldest_detail: of all that are stored. told: False where the log could not be
    asked.
    """

    keys: Sequence[KeysSeen]
    begun: datetime
    erased: datetime | None
    oldest_detail: datetime | None
    swept: datetime | None
    examined: datetime | None
    told: bool = True


class Line(NamedTuple):
    """One line of the timetable. zone: "" where it is of no single one. command: "" where there is none yet.

    due_on: None where nothing is due, or it cannot be said.
    """

    duty: Duty
    zone: str
    done_at: datetime | None
    due_on: date | None
    state: Punctuality
    command: str


def months_after(day: date, months: int) -> date:
    """The same day of a later (or, negative, earlier) month, or that month's last one if it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def reckon(table: Timetable, seen: Seen, today: date) -> tuple[Line, ...]:
    """Every line, keys first, in the order of `seen.keys`. today: the day in Brussels."""
    return (*_keys(table, seen, today), *_tasks(table, seen, today))


def _keys(table: Timetable, seen: Seen, today: date) -> Iterator[Line]:
    for zone, since in seen.keys:
        due = months_after(belgian_day(since), table.keys[zone.kind]) if since is not None else None
        state = _state(due, today, table.keys_soon) if due is not None else Punctuality.UNKNOWN
        yield Line(Duty.KEYS, str(zone), since, due, state, _ROTATE if zone == CASEWORK else "")


def _tasks(table: Timetable, seen: Seen, today: date) -> Iterator[Line]:
    oldest, begun = seen.oldest_detail, belgian_day(seen.begun)
    details = months_after(belgian_day(oldest), table.details_longest) if oldest is not None else None
    swept, examined = (belgian_day(at) if at is not None else begun for at in (seen.swept, seen.examined))
    # What was erased is older than the command's day; the details of the day itself stay.
    erase = f"parefeu audit erase --before {months_after(today, -table.erase_after).isoformat()}"
    for duty, done, due, soon, command in (
        (Duty.DETAILS, seen.erased, details, table.details_soon, erase),
        (Duty.SWEEP, seen.swept, swept + timedelta(days=table.sweep_days), table.sweep_soon, "parefeu db sweep"),
        (
            Duty.EXAMINATION, seen.examined, months_after(examined, table.examination_months), table.examination_soon,
            f"parefeu doctor --open {EXAMINED_AT_ONCE}",
        ),
    ):  # fmt: skip
        if seen.told:
            yield Line(duty, "", done, due, _state(due, today, soon), command)
        else:
            yield Line(duty, "", None, None, Punctuality.UNKNOWN, command)


def _state(due: date | None, today: date, soon: int) -> Punctuality:
    """On its own day something is not late yet. None: nothing is due."""
    if due is None:
        return Punctuality.IN_TIME
    if today > due:
        return Punctuality.LATE
    return Punctuality.SOON if (due - today).days <= soon else Punctuality.IN_TIME
