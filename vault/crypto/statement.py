"""Signed statements between zones: what holds no secret, but must come from whom it says and about what it says.

    withdrawal   casework to a partner: this release ended; confirm by then that you keep nothing of it
    receipt      the partner to casework: what became of its copies
    erasure      casework to oversight: a case is to be erased; oversight to casework: yes or no

A statement is signed over its canonical form in a context of its own, so that neither can stand in for the
other or for a release. Whoever reads it (oversight too) verifies it with the sender's key from the directory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vault.crypto.canonical import encode
from vault.crypto.signing import SigningKey, VerifyKey
from vault.ids import ID_BYTES, EntryId, ErasureId, ReleaseId
from vault.vocabulary import Zone

_WITHDRAWAL_LABEL: Final = "parefeu/withdrawal/1"
_RECEIPT_LABEL: Final = "parefeu/withdrawal-receipt/1"
_ERASURE_LABEL: Final = "parefeu/erasure/1"
_ERASURE: Final = "erasure"
_WITHDRAWAL: Final = "withdrawal"
_RECEIPT: Final = "withdrawal receipt"


@dataclass(frozen=True, slots=True)
class WithdrawalStatement:
    """case: 16 bytes, its pseudonym in the reader's domain. decision: the audit entry of the withdrawal."""

    case: bytes
    release: ReleaseId
    reader: Zone
    sender: Zone
    withdrawn_at: datetime
    receipt_due: datetime
    decision: EntryId

    def __post_init__(self) -> None:
        _check(self.case)

    def sign(self, key: SigningKey) -> bytes:
        return key.sign(self.canonical(), _WITHDRAWAL)

    def verify(self, signature: bytes, key: VerifyKey) -> None:
        """Raises EnvelopeRejected."""
        key.verify(self.canonical(), signature, _WITHDRAWAL)

    def canonical(self) -> bytes:
        return encode(
            _WITHDRAWAL_LABEL, self.case, self.release.raw, str(self.reader), str(self.sender), self.withdrawn_at,
            self.receipt_due, self.decision.raw,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReceiptStatement:
    """outcome: a code. decision: the partner's audit entry."""

    case: bytes
    release: ReleaseId
    reader: Zone
    sender: Zone
    outcome: str
    given_at: datetime
    decision: EntryId

    def __post_init__(self) -> None:
        _check(self.case)

    def sign(self, key: SigningKey) -> bytes:
        return key.sign(self.canonical(), _RECEIPT)

    def verify(self, signature: bytes, key: VerifyKey) -> None:
        """Raises EnvelopeRejected."""
        key.verify(self.canonical(), signature, _RECEIPT)

    def canonical(self) -> bytes:
        return encode(
            _RECEIPT_LABEL, self.case, self.release.raw, str(self.reader), str(self.sender), self.outcome,
            self.given_at, self.decision.raw,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ErasureStatement:
    """case: 16 bytes, its name in the log. said: asked, approved or refused. code: of a refusal, else "".

    closed_at: when the case was closed: of a case that was reopened since, nothing was asked. decision: the entry.
    """

    case: bytes
    erasure: ErasureId
    sender: Zone
    said: str
    code: str
    ground: str
    closed_at: datetime
    at: datetime
    decision: EntryId

    def __post_init__(self) -> None:
        _check(self.case)

    def sign(self, key: SigningKey) -> bytes:
        return key.sign(self.canonical(), _ERASURE)

    def verify(self, signature: bytes, key: VerifyKey) -> None:
        """Raises EnvelopeRejected."""
        key.verify(self.canonical(), signature, _ERASURE)

    def canonical(self) -> bytes:
        return encode(
            _ERASURE_LABEL, self.case, self.erasure.raw, str(self.sender), self.said, self.code, self.ground,
            self.closed_at, self.at, self.decision.raw,
        )  # fmt: skip


def _check(case: bytes) -> None:
    if len(case) != ID_BYTES:
        raise ValueError("case is 16 bytes")
