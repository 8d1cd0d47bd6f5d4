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
from vault.errors import LogBeingFiled
from vault.oversight.standing import HEADS_LOOKED_AT
from vault.unit_of_work import UnitOfWork
from vault.usecases.trail import Oversight, purpose_of
from vault.vocabulary import Action, Facts, Kind, ReleaseProfile, Zone

#: Starts of processes that are gone through: one entry each. Beyond, a key is at least as old as the oldest of these.
_STARTS: Final = 500
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
    """filed, unfiled: entries that can be searched, and that cannot yet. standing: None while those are too many."""

    profile: ReleaseProfile
    filed: int
    unfiled: int
    standing: LogStanding | None = None
    zones: tuple[ZoneLife, ...] = ()
    swept_at: str | None = None
    erased: Body | None = None


def observe(uow: UnitOfWork, actor: Actor, zones: Sequence[Zone], oversight: Oversight) -> Observed:
    """Raises AccessDenied."""
    permit = oversight.guard.permit(
        uow, actor, Action.READ, Item(Kind.OPERATION), purpose=purpose_of(actor), facts=Facts()
    )
    bare = Observed(permit.profile, *uow.trail.how_far())
    try:
        standing = uow.trail.standing(HEADS_LOOKED_AT)
    except LogBeingFiled:  # how far that is, is what an operator comes to see
        return bare
    lives = tuple(_life(uow, str(zone)) for zone in zones)
    swept = next(iter(_said(uow, Happening.SWEPT.value, limit=1)), None)
    erased = next(iter(_said(uow, LogHappening.DETAILS_ERASED.value, limit=1)), None)
    return bare._replace(
        standing=standing, zones=lives, swept_at=swept["at"] if swept is not None else None,
        erased={"at": erased["at"], "count": erased["count"]} if erased is not None else None,
    )  # fmt: skip


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
