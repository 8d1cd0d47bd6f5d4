"""Sessions, passkeys, recovery codes and federated identities as they are stored, and what a use case may do with them.

`vault.storage.passkeys` and `vault.storage.federated` implement the protocols; what a passkey may do is weighed in
`vault.access.passkeys`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Protocol

from vault.ids import ActorId, EntryId, PasskeyId, SessionId
from vault.vocabulary import Zone


@dataclass(frozen=True, slots=True)
class OpenSession:
    """service: a token that was issued for a program."""

    session: SessionId
    begun_at: datetime
    expires_at: datetime
    service: bool


@unique
class Said(StrEnum):
    """What was said about a passkey, once each; nothing of it is ever taken back."""

    COUNTERSIGNED = "countersigned"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Passkey:
    """holder, function: as they were when it was enrolled. challenge_at: when the last answered challenge was issued.

    enrolment: the entry that says so; counter: as the authenticator told it last.
    """

    id: PasskeyId
    zone: Zone
    actor: ActorId
    login: str
    holder: str
    function: str
    name: str
    credential: bytes
    public: bytes
    counter: int
    transports: tuple[str, ...]
    synced: bool
    enrolled_at: datetime
    challenge_at: datetime
    used_at: datetime | None
    enrolment: EntryId


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody said about a passkey. zone: where it was said. told_to: the passkey's own zone."""

    passkey: PasskeyId
    said: Said
    zone: Zone
    told_to: Zone
    actor: ActorId
    function: str
    at: datetime
    signature: bytes


@dataclass(frozen=True, slots=True)
class RecoveryCode:
    """One code of a person's newest set. hash: 32 bytes, keyed."""

    number: int
    hash: bytes
    made_at: datetime
    used_at: datetime | None


class Passkeys(Protocol):
    def get(self, passkey: PasskeyId) -> Passkey | None: ...
    def by_credential(self, zone: Zone, credential: bytes) -> Passkey | None: ...
    def of(self, actor: ActorId) -> Sequence[Passkey]:
        """All of a person's, revoked ones too, the oldest first."""
        ...

    def enrolled(self, after: PasskeyId | None, limit: int) -> Sequence[Passkey]:
        """Those of every zone that this one may see, by id."""
        ...

    def words(self, passkeys: Sequence[PasskeyId]) -> Sequence[Word]:
        """What was said about them, as far as this zone may see it."""
        ...

    def add(self, passkey: Passkey, entry: EntryId) -> None:
        """Raises Conflict if the credential is known already."""
        ...

    def use(self, passkey: PasskeyId, *, issued: datetime, counter: int, at: datetime, entry: EntryId) -> bool:
        """False where this challenge or a later one was answered before, or the counter does not go on.

        The comparison and the change are one statement.
        """
        ...

    def count(self, passkey: PasskeyId, *, counter: int, at: datetime, entry: EntryId) -> bool:
        """The same for a signature, whose challenge is what is signed: False where the counter does not go on."""
        ...

    def say(self, word: Word, entry: EntryId) -> None:
        """Raises Conflict if that was said already."""
        ...


class RecoveryCodes(Protocol):
    def newest(self, actor: ActorId) -> tuple[int, Sequence[RecoveryCode]]:
        """The generation of a person's newest set, and its codes; 0 and none where there is no set."""
        ...

    def add(
        self, zone: Zone, actor: ActorId, generation: int, hashes: Sequence[bytes], at: datetime, entry: EntryId
    ) -> None:
        """Raises Conflict if another set of that generation was made meanwhile."""
        ...

    def use(self, actor: ActorId, generation: int, number: int, at: datetime, entry: EntryId) -> bool:
        """False if it was used already: the comparison and the change are one statement."""
        ...


@dataclass(frozen=True, slots=True)
class FederatedIdentity:
    """Who of an identity provider is whom here. mark: 32 bytes, keyed hash. ended_at: None while it lives."""

    actor: ActorId
    generation: int
    mark: bytes
    linked_at: datetime
    ended_at: datetime | None = None


class FederatedIdentities(Protocol):
    def by_mark(self, zone: Zone, mark: bytes) -> FederatedIdentity | None:
        """The live one."""
        ...

    def newest(self, actor: ActorId) -> FederatedIdentity | None:
        """A person's newest, ended or not."""
        ...

    def add(self, zone: Zone, identity: FederatedIdentity, entry: EntryId) -> None:
        """Raises Conflict if another one of that generation was linked meanwhile."""
        ...

    def end(self, identity: FederatedIdentity, at: datetime, entry: EntryId) -> None: ...


class SigningIn(Protocol):
    """The part of a unit of work that this is."""

    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def recovery_codes(self) -> RecoveryCodes: ...
    @property
    def federated(self) -> FederatedIdentities: ...
