"""Requests for access as the store keeps them, and what a use case may do with them. `vault.storage.asking` implements.

A request's content is sealed, a copy per zone that may read it; in clear stand only who filed it, when, and until when
it can be answered. Answers are in clear and signed by the zone they were given in. Of a grant, nothing of a person
stands here: it points at the release that holds the copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from vault.cases.access_requests import Answer
from vault.ceremonies import Ceremonies
from vault.ids import ActorId, CaseId, EntryId, KeyId, ReleaseId, RequestId
from vault.vocabulary import Zone


@dataclass(frozen=True, slots=True)
class RequestRow:
    """number: the how-manieth of its requester on that Belgian day; no two have the same."""

    id: RequestId
    zone: Zone
    requester: ActorId
    day: date
    number: int
    filed_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class CopyRow:
    """One version of a request, sealed to one zone by the zone that asks. entry: bound into its envelope."""

    request: RequestId
    version: int
    reader: Zone
    zone: Zone
    policy: bytes
    key: KeyId
    sealed: bytes
    signature: bytes
    written_at: datetime
    entry: EntryId


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An answer with where it was given. told_to: the zone that may read it besides the approvers', "" for none."""

    request: RequestId
    zone: Zone
    answer: Answer
    told_to: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class TakenRequest:
    """A request that casework took in. case: whom it is about, None where there is no such case."""

    request: RequestId
    case: CaseId | None


@dataclass(frozen=True, slots=True)
class GrantRow:
    """What was granted to whom, until when. key: of the sealed copy, to be destroyed once the grant is over.

    revoked_at: casework took it back. stopped_at: oversight stopped it, which nothing that casework writes undoes.
    """

    release: ReleaseId
    request: RequestId
    reader: Zone
    requester: ActorId
    fields: tuple[str, ...]
    key: KeyId
    granted_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_for: str = ""
    erased_at: datetime | None = None
    opened: bool = True  # a ceremony waits for its second share first
    stopped_at: datetime | None = None

    @property
    def taken_back_at(self) -> datetime | None:
        """By whichever of the two came first."""
        return min((each for each in (self.revoked_at, self.stopped_at) if each is not None), default=None)

    def live(self, now: datetime) -> bool:
        return self.taken_back_at is None and now < self.expires_at


class AccessRequests(Protocol):
    def exclude(self, request: RequestId) -> bool:
        """Until the commit nobody else who excludes answers it, or lets go what was asked. False: they do not let go of
        it in time."""
        ...

    def get(self, request: RequestId) -> RequestRow | None: ...
    def of_day(self, requester: ActorId, zone: Zone, day: date) -> tuple[int, int]:
        """How many this person filed there on that day, and the number for another."""
        ...

    def filed_by(self, requester: ActorId, limit: int, before: datetime | None) -> list[RequestRow]:
        """Newest first."""
        ...

    def newest(self, limit: int, before: datetime | None) -> list[RequestRow]:
        """Of everybody, newest first."""
        ...

    def of_case(self, case: CaseId, zone: Zone, limit: int) -> list[RequestRow]:
        """Taken in, about that case, filed by that zone; newest first."""
        ...

    def in_region(self, region: str, actor: ActorId, limit: int, before: datetime | None) -> list[RequestRow]:
        """Taken in and about a case of that region, about no case, or delegated to `actor`; newest first."""
        ...

    def add(self, request: RequestRow, entry: EntryId) -> None:
        """Raises Conflict if the requester filed another under that number meanwhile."""
        ...

    def add_copy(self, copy: CopyRow) -> None:
        """Raises Conflict if that version is there already."""
        ...

    def copy(self, request: RequestId, reader: Zone) -> CopyRow | None:
        """The newest version that was sealed to that zone; None for one that this program never writes."""
        ...

    def answers(self, request: RequestId, told_to: Zone | None = None) -> list[AnswerRow]:
        """In the order they were given; with `told_to`, only what that zone is told. What says nothing that can be
        said is passed over: who may add a row need not be honest."""
        ...

    def next_number(self, request: RequestId) -> int:
        """For another answer: one that no row has, whatever stands in it."""
        ...

    def add_answer(self, answer: AnswerRow, entry: EntryId) -> None:
        """Raises Conflict if somebody else answered meanwhile."""
        ...

    def untaken(self, limit: int) -> list[RequestId]:
        """Requests that casework has not taken in yet, the oldest first."""
        ...

    def taken(self, request: RequestId) -> TakenRequest | None: ...
    def take(self, taken: TakenRequest, at: datetime, entry: EntryId) -> None: ...


class Grants(Protocol):
    def hold(self, release: ReleaseId) -> None:
        """Until the commit nobody's revocation of it is acknowledged. Readers may hold it together."""
        ...

    def exclude(self, release: ReleaseId) -> bool:
        """Wait for those who hold it, and keep others from holding it until the commit. False: they do not let go."""
        ...

    def get(self, release: ReleaseId) -> GrantRow | None: ...
    def of(self, requests: Sequence[RequestId]) -> dict[RequestId, GrantRow]: ...
    def add(self, grant: GrantRow, entry: EntryId) -> None:
        """Raises Conflict if the request was granted already."""
        ...

    def revoke(self, release: ReleaseId, at: datetime, cause: str, entry: EntryId) -> bool:
        """False if it was revoked already."""
        ...

    def given_to(self, reader: Zone, limit: int, before: datetime | None) -> list[GrantRow]:
        """Whatever that zone was given, over or not, newest first."""
        ...

    def over(self, now: datetime, limit: int) -> list[GrantRow]:
        """Revoked, stopped or ended, and their keys not destroyed yet."""
        ...

    def erased(self, release: ReleaseId, at: datetime, entry: EntryId) -> None: ...


class Asking(Protocol):
    """The part of a unit of work that gated access needs."""

    @property
    def requests(self) -> AccessRequests: ...
    @property
    def grants(self) -> Grants: ...
    @property
    def ceremonies(self) -> Ceremonies: ...
