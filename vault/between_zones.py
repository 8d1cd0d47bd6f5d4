"""What passes between a partner and casework beside releases, and the repositories that keep it.

Withdrawals and receipts are signed statements in clear, answers are sealed to casework: `vault.access.correspondence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from vault.ids import AnswerId, EntryId, KeyId, ReleaseId
from vault.vocabulary import Zone


@dataclass(frozen=True, slots=True)
class WithdrawalRow:
    """That a release ended before its day: signed by casework; entry: its own, about the reader's pseudonym."""

    release: ReleaseId
    reader: Zone
    sender: Zone
    subject: bytes
    withdrawn_at: datetime
    receipt_due: datetime
    signature: bytes
    entry: EntryId


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """What a partner did with its copies, as it signed it."""

    release: ReleaseId
    reader: Zone
    sender: Zone
    subject: bytes
    outcome: str
    given_at: datetime
    signature: bytes
    entry: EntryId


#: Bytes of a sealed answer. A message of 20 KiB, each character escaped and all of it padded, stays below.
LARGEST_ANSWER: Final = 65_536


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A partner's answer to one release, sealed to casework. decision: the entry it was sent under."""

    id: AnswerId
    release: ReleaseId
    reader: Zone
    sender: Zone
    subject: bytes
    policy: bytes
    schema: int
    key: KeyId
    sealed: bytes
    signature: bytes
    sent_at: datetime
    decision: EntryId
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """What is known of an answer without opening it."""

    id: AnswerId
    release: ReleaseId
    sent_at: datetime
    taken_at: datetime | None


class Withdrawals(Protocol):
    def fence(self, reader: Zone) -> bool:
        """Wait until no reader holds (`Releases.hold`), and let none begin before the commit.

        False if one does not let go in time: whoever reads may not keep a withdrawal from happening.
        """
        ...

    def add(self, withdrawal: WithdrawalRow) -> None:
        """Raises Conflict if the release was withdrawn already."""
        ...

    def get(self, release: ReleaseId) -> WithdrawalRow | None: ...
    def addressed(
        self, reader: Zone | None, limit: int, before: datetime | None, *, due_by: datetime | None = None
    ) -> list[WithdrawalRow]:
        """Newest first. reader None: to anyone, for oversight. due_by: those whose receipt is due by then,
        whether or not there is one."""
        ...


class Receipts(Protocol):
    def add(self, receipt: ReceiptRow) -> None:
        """Raises Conflict if there is one already."""
        ...

    def of(self, releases: Sequence[ReleaseId]) -> dict[ReleaseId, ReceiptRow]: ...


class Answers(Protocol):
    def add(self, answer: AnswerRow) -> None: ...
    def get(self, answer: AnswerId) -> AnswerRow | None: ...
    def heads(self, releases: Sequence[ReleaseId], *, waiting: bool = False) -> list[AnswerHead]:
        """Oldest first. waiting: only those that were not taken in yet."""
        ...

    def take(self, answer: AnswerId, at: datetime, entry: EntryId) -> bool:
        """Note that it was taken in. False if it was already."""
        ...
