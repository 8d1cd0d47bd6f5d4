"""How the installation runs, for its operator: signs of life, keys and their ages, the log's lag, what was erased.

Nothing of any case and nobody's name is in it: moments, counts, digests of public things. It is told from what the log
says of processes, so that a process elsewhere is seen as well as this one. The look itself is an entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from vault.access.actor import Actor
from vault.access.enforcement import Item
from vault.audit.events import Happening
from vault.audit.log_events import LogHappening
from vault.audit.reading import EntryFilter, LogStanding
from vault.cases.calendar import belgian_day
from vault.crypto.directory import ZoneDirectory
from vault.errors import LogBeingFiled
from vault.oversight.standing import HEADS_LOOKED_AT
from vault.oversight.timetable import KeysSeen, Line, Seen, reckon
from vault.unit_of_work import UnitOfWork
from vault.usecases.trail import Oversight, purpose_of
from vault.vocabulary import CASEWORK, OVERSIGHT, Action, Facts, Kind, ReleaseProfile, Zone

#: Starts of processes that are gone through: one entry each. Beyond, a key is at least as old as the oldest of these.
_STARTS: Final = 500
#: Destructions of details that are gone through for one that was for their age.
_ERASURES: Final = 100
Body = dict[str, Any]


class ZoneLife(NamedTuple):
    """One zone, as its processes said themselves. alive_at: the newest entry that only says so.

    keys_since: the first start with the keys that the newest one used. policy: digest, hexadecimal.
    """

    zone: str
    started_at: str | None
    alive_at: str | None
    keys_since: str | None
    policy: str | None


class Observed(NamedTuple):
    """filed, unfiled: entries that can be searched, and that cannot yet. standing: None while those are too many.

    swept_at: something was emptied; swept_through_at: all that was due. erased: the newest destruction of details,
    whatever it was for; retired_at: the newest one for their age. rotated_at: casework's old key was destroyed.
    """

    profile: ReleaseProfile
    filed: int
    unfiled: int
    standing: LogStanding | None = None
    zones: tuple[ZoneLife, ...] = ()
    swept_at: str | None = None
    erased: Body | None = None
    swept_through_at: str | None = None
    examined_at: str | None = None
    retired_at: str | None = None
    rotated_at: str | None = None
    oldest_detail: datetime | None = None


def observe(uow: UnitOfWork, actor: Actor, zones: Sequence[Zone], oversight: Oversight) -> Observed:
    """The entry of the look names the timetable by its digest. Raises AccessDenied."""
    permit = oversight.guard.permit(
        uow, actor, Action.READ, Item(Kind.OPERATION), purpose=purpose_of(actor), facts=Facts(),
        config=oversight.timetable.digest.hex(),
    )  # fmt: skip
    bare = Observed(permit.profile, *uow.trail.how_far())
    try:
        standing = uow.trail.standing(HEADS_LOOKED_AT)
    except LogBeingFiled:  # how far that is, is what an operator comes to see
        return bare
    lives = tuple(_life(uow, str(zone)) for zone in zones)
    erasures = list(_said(uow, LogHappening.DETAILS_ERASED.value, zone=str(OVERSIGHT), limit=_ERASURES))
    return bare._replace(
        standing=standing, zones=lives, swept_at=_newest(uow, Happening.SWEPT.value, CASEWORK),
        erased={"at": erasures[0]["at"], "count": erasures[0]["count"]} if erasures else None,
        swept_through_at=_newest(uow, Happening.SWEPT_THROUGH.value, CASEWORK),
        examined_at=_newest(uow, Happening.EXAMINED.value, CASEWORK),
        retired_at=next((body["at"] for body in erasures if body["object"].startswith("before:")), None),
        oldest_detail=uow.trail.oldest_detail(),
        rotated_at=_newest(uow, LogHappening.WRAPS_ROTATED.value, CASEWORK),
    )  # fmt: skip


def reckoned(seen: Observed, oversight: Oversight, directory: ZoneDirectory, now: datetime) -> tuple[Line, ...]:
    """The timetable as it stands. A zone's keys are as old as its first start with them, or as the first directory.

    Casework's are those under which its data keys stand: as old as the last rotation.
    """
    made = directory.issued_at if directory.serial == 1 else None  # a later one does not say which keys are new
    used = {life.zone: _moment(life.keys_since) for life in seen.zones}
    keys = [
        KeysSeen(entry.zone, min(filter(None, (made, used.get(str(entry.zone)))), default=None))
        for entry in directory.entries
    ]
    rotated = _moment(seen.rotated_at)
    keys = [
        KeysSeen(zone, max(filter(None, (since, rotated)), default=None)) if zone == CASEWORK else KeysSeen(zone, since)
        for zone, since in keys
    ]
    begun = min(filter(None, (directory.issued_at, *used.values())))
    known = Seen(
        keys, begun, _moment(seen.retired_at), seen.oldest_detail, _moment(seen.swept_through_at),
        _moment(seen.examined_at), told=seen.standing is not None,
    )  # fmt: skip
    return reckon(oversight.timetable, known, belgian_day(now))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None


def _newest(uow: UnitOfWork, action: str, zone: Zone) -> str | None:
    """zone: whose word it must be."""
    return next((body["at"] for body in _said(uow, action, zone=str(zone), limit=1)), None)


def _life(uow: UnitOfWork, zone: str) -> ZoneLife:
    loaded = [
        body for body in _said(uow, LogHappening.KEYS_LOADED.value, zone=zone, limit=_STARTS)
        if body["kind"] == "keyring"
    ]  # fmt: skip
    alive = next(iter(_said(uow, LogHappening.HEARTBEAT.value, zone=zone, limit=1)), None)
    policy = next(iter(_said(uow, LogHappening.POLICY_LOADED.value, zone=zone, limit=1)), None)
    same = [body for body in loaded if body["object"] == loaded[0]["object"]]
    return ZoneLife(
        zone, loaded[0]["at"] if loaded else None, alive["at"] if alive is not None else None,
        same[-1]["at"] if same else None, policy["policy"] if policy is not None else None,
    )  # fmt: skip


def _said(uow: UnitOfWork, action: str, *, limit: int, zone: str = "") -> Iterable[Body]:
    """Newest first."""
    page = uow.trail.entries(EntryFilter(action=action, zone=zone, limit=limit))
    return [entry.told() for entry in page.entries]


def days_between(since: datetime | str | None, now: datetime) -> int | None:
    """Whole days; None for no moment."""
    if since is None:
        return None
    then = datetime.fromisoformat(since) if isinstance(since, str) else since
    return max(0, (now - then).days)
