"""Ceremonies as the store keeps them, and what a use case may do with them. `vault.storage.ceremonies` implements.

A ceremony is what became of a request of that manner once casework began it: an identity sealed to the asking zone
under a key of two shares. The first is the release's own wrap. The second lies here, sealed to oversight, and beside it
once oversight let it go, sealed to the asking zone. Nothing of a person stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from vault.ids import ActorId, EntryId, KeyId, ReleaseId, RequestId
from vault.vocabulary import Zone


@dataclass(frozen=True, slots=True)
class CeremonyRow:
    """begun_at, open_until: between these the second share may be let go. minutes: how long the identity is told then.

    decision, policy: bound into the share that casework sealed to oversight; opened_decision: into the one that
    oversight sealed to the reader, which ends at `expires_at`. key: of the copy, to be destroyed once it is over.
    """

    release: ReleaseId
    request: RequestId
    reader: Zone
    requester: ActorId
    key: KeyId
    minutes: int
    begun_at: datetime
    open_until: datetime
    policy: bytes
    decision: EntryId
    share: bytes
    share_signature: bytes
    opened_at: datetime | None = None
    expires_at: datetime | None = None
    opened_decision: EntryId | None = None
    opened_share: bytes = b""
    opened_signature: bytes = b""
    ended_at: datetime | None = None
    ended_by: str = ""
    ended_for: str = ""
    erased_at: datetime | None = None

    @property
    def over_at(self) -> datetime:
        """When it is over by itself: as long as nobody opened it, with the time for opening.

        Its minutes begin within that time, so that it never outlasts both, whatever oversight's columns say: casework
        destroys the first share then.
        """
        if self.expires_at is None:
            return self.open_until
        return min(self.expires_at, self.open_until + timedelta(minutes=self.minutes))

    def live(self, now: datetime) -> bool:
        """To the microsecond: what ends at a moment is over at that moment."""
        return self.ended_at is None and now < self.over_at

    def open(self, now: datetime) -> bool:
        """Whether both shares are with the reader, and its minutes run."""
        return self.opened_at is not None and self.live(now)


class Ceremonies(Protocol):
    def get(self, release: ReleaseId) -> CeremonyRow | None: ...
    def of(self, requests: Sequence[RequestId]) -> dict[RequestId, CeremonyRow]: ...
    def add(self, ceremony: CeremonyRow, entry: EntryId) -> None:
        """Raises Conflict if the request became a ceremony already."""
        ...

    def opened(self, ceremony: CeremonyRow, entry: EntryId) -> bool:
        """Keep the share that was let go. False if somebody opened or ended it meanwhile."""
        ...

    def end(self, release: ReleaseId, at: datetime, by: Zone, cause: str, entry: EntryId) -> bool:
        """False if it was ended already. The share that was let go is emptied."""
        ...

    def over(self, now: datetime, limit: int) -> list[CeremonyRow]:
        """Ended or over by themselves, and their keys not destroyed yet."""
        ...

    def erased(self, release: ReleaseId, at: datetime, entry: EntryId) -> None: ...
