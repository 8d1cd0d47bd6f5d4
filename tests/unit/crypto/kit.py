"""What the cryptographic tests share: sources of bytes, ready keys, a weak root for speed."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from functools import cache
from typing import ClassVar

from vault.crypto.envelope import ReleaseContext
from vault.crypto.hpke import SealingKeyPair
from vault.crypto.providers.file import FileRoot
from vault.crypto.providers.passphrase import Argon2Parameters
from vault.crypto.record import RecordContext
from vault.crypto.signing import SigningKey
from vault.ids import EntryId, KeyId, ReleaseId
from vault.vocabulary import CASEWORK, FOLLOW_UP, Compartment, Purpose

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 4, 2, 9, 30, tzinfo=UTC)


class SystemEntropy:
    def bytes(self, count: int) -> bytes:
        return os.urandom(count)


class SeededEntropy:
    """The same bytes in every run: SHAKE256 of seed and call number. For vectors only."""

    def __init__(self, seed: str) -> None:
        self._seed, self._calls = seed.encode(), 0

    def bytes(self, count: int) -> bytes:
        self._calls += 1
        return hashlib.shake_256(self._seed + self._calls.to_bytes(8, "big")).digest(count)


class WeakFileRoot(FileRoot):
    """Test only: a root that costs no time. The production class refuses its files."""

    __slots__ = ()
    floor: ClassVar[Argon2Parameters] = Argon2Parameters(memory_kib=8, iterations=1, lanes=1)


ENTROPY = SystemEntropy()


@cache
def pair(name: str) -> SealingKeyPair:
    return SealingKeyPair.generate(SeededEntropy(f"pair {name}"))


@cache
def signer(name: str) -> SigningKey:
    return SigningKey.generate(SeededEntropy(f"signer {name}"))


def record_context() -> RecordContext:
    return RecordContext(Compartment.NARRATIVE, b"c" * 16, b"r" * 16, 3, 1, KeyId(b"k" * 16))


def release_context() -> ReleaseContext:
    return ReleaseContext(
        case=b"f" * 16,
        compartment=Compartment.OUTCOME_SHEET,
        reader=FOLLOW_UP,
        sender=CASEWORK,
        release=ReleaseId(b"l" * 16),
        key=KeyId(b"k" * 16),
        purpose=Purpose.OQT_FOLLOW_UP,
        decision=EntryId(b"d" * 16),
        policy_digest=b"p" * 32,
        schema=1,
        expires_at=LATER,
    )


def other(value: object) -> object:
    """A valid value of the same kind that differs from `value`: for tests that walk all fields of a context."""
    changed: dict[object, object] = {
        CASEWORK: FOLLOW_UP,
        FOLLOW_UP: CASEWORK,
        Compartment.NARRATIVE: Compartment.SENSITIVE,
        Compartment.OUTCOME_SHEET: Compartment.IDENTITY,
        Purpose.OQT_FOLLOW_UP: Purpose.REFERRAL,
        LATER: None,
        b"": b"b" * 32,
    }
    if value in changed:
        return changed[value]
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, KeyId | ReleaseId | EntryId):
        return type(value)(b"\x01" * 16)
    raise AssertionError(f"no other value known for {type(value).__name__}")
