"""Wraps: data keys under a zone's own symmetric key.

A zone wraps its own data keys, and those released to it, under AES-256-GCM; opening one takes microseconds,
so no request needs a cached key. The key has generations; a wrap says under which it stands:

    01 ‖ nonce 12, random ‖ ciphertext 32 ‖ tag 16                    generation 1, 61 bytes
    02 ‖ generation 8 ‖ nonce 12, random ‖ ciphertext 32 ‖ tag 16     from generation 2 on, 69 bytes; it is bound in

A rotation puts every wrap under the next generation (`vault.access.rewrapping`); what it wraps stays the same key.

Nonces are random: at most 2**32 wraps under one key (NIST SP 800-38D, 8.3), far above what a zone writes
between two rotations. No key commitment here: a wrap is only ever tried with its zone's own key, and the
record under it commits.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.crypto.canonical import encode
from vault.crypto.unprintable import Unprintable
from vault.errors import GenerationMissing, RecordTampered, UnsupportedFormat
from vault.ids import ID_BYTES, KeyId
from vault.ports import Entropy
from vault.sensitive import Sensitive
from vault.vocabulary import Compartment, Zone

FORMAT: Final = 1
WRAPPED_BYTES: Final = 1 + 12 + 32 + 16
LATER_FORMAT: Final = 2
GENERATION_BYTES: Final = 8
LATER_WRAPPED_BYTES: Final = WRAPPED_BYTES + GENERATION_BYTES
#: More are not kept: a rotation ends before the next one begins.
MOST_GENERATIONS: Final = 3

_LABEL: Final = "parefeu/wrap"
_LATER_LABEL: Final = "parefeu/wrap/2"
_MARK_LABEL: Final = "parefeu/wrapper-mark/1"
_VERSION_BYTE: Final = bytes([FORMAT])
_LATER_BYTE: Final = bytes([LATER_FORMAT])
_DATA_KEY_BYTES: Final = 32
_DIGEST_BYTES: Final = 32
# See record.py: the same encoding as `encode`, laid out once; held equal by a test.
_TAIL: Final = struct.Struct(">5s16s5s16s5s")
_BYTES_HEAD: Final = b"\x01" + ID_BYTES.to_bytes(4, "big")


@lru_cache(maxsize=512)
def _head(compartment: Compartment, reader: Zone) -> bytes:
    return encode(_LABEL, FORMAT, compartment, str(reader))


@dataclass(slots=True)  # not frozen: made once for each seal and opening, at half the cost
class WrapContext:
    """Where a wrapped data key belongs.

    case: 16 bytes, the case's pseudonym in the reader's domain. bound: empty, or 32 bytes: the digest of the
    release that the key came with, which ties a kept release to its purpose, decision and expiry.
    """

    case: bytes
    compartment: Compartment
    reader: Zone
    key: KeyId
    bound: bytes = b""

    def __post_init__(self) -> None:
        if len(self.case) != ID_BYTES:
            raise ValueError("case is 16 bytes")
        if len(self.bound) not in (0, _DIGEST_BYTES):
            raise ValueError("bound is empty or 32 bytes")

    def canonical(self) -> bytes:
        bound = self.bound
        tail = _TAIL.pack(_BYTES_HEAD, self.case, _BYTES_HEAD, self.key.raw, b"\x01" + len(bound).to_bytes(4, "big"))
        return _head(self.compartment, self.reader) + tail + bound


class Wrapper(Protocol):
    """Wraps data keys and opens wraps: a `SymmetricWrapper`, or whatever finds the present one."""

    def wrap(self, data_key: bytes, context: WrapContext, entropy: Entropy) -> bytes: ...
    def unwrap(self, wrapped: bytes, context: WrapContext) -> bytes: ...


def generation_of(wrapped: bytes) -> int:
    """Under which generation a wrap stands, from 1; 0 for what is none of a zone's own key (empty, or sealed to it)."""
    if len(wrapped) == WRAPPED_BYTES and wrapped[0] == FORMAT:
        return 1
    if len(wrapped) == LATER_WRAPPED_BYTES and wrapped[0] == LATER_FORMAT:
        return int.from_bytes(wrapped[1 : 1 + GENERATION_BYTES], "big")
    return 0


class SymmetricWrapper(Unprintable):
    """One zone's wrapping key, ready for use, with the older and newer ones that are held beside it.

    key: 32 bytes, of generation `current`: what is wrapped goes under it. others: keys of further generations, which
    open what stands under them.
    """

    __slots__ = ("_ciphers", "_head", "current", "held")

    def __init__(self, key: bytes, current: int = 1, others: Mapping[int, bytes] | None = None) -> None:
        keys = {**(others or {}), current: key}
        if any(len(each) != _DATA_KEY_BYTES for each in keys.values()):
            raise ValueError("a wrapping key is 32 bytes")
        if any(not 1 <= generation < 1 << 63 for generation in keys) or len(keys) > MOST_GENERATIONS:
            raise ValueError("generations count from 1, and few are held at a time")
        if len(set(keys.values())) != len(keys):
            raise ValueError("two generations share a key")
        self.current: Final = current
        self.held: Final = {generation: Sensitive(keys[generation]) for generation in sorted(keys)}
        self._ciphers: Final = {generation: AESGCM(each) for generation, each in keys.items()}
        self._head: Final = _VERSION_BYTE if current == 1 else _LATER_BYTE + current.to_bytes(GENERATION_BYTES, "big")

    @property
    def secret(self) -> Sensitive[bytes]:
        """The present key."""
        return self.held[self.current]

    @property
    def staged(self) -> int | None:
        """The generation that is held and not yet wrapped under."""
        newest = max(self.held)
        return newest if newest > self.current else None

    @property
    def retired(self) -> tuple[int, ...]:
        """Generations that are not wrapped under any more, and may still be needed to open."""
        return tuple(generation for generation in self.held if generation < self.current)

    def with_next(self, key: bytes) -> Self:
        """The same, with the key of the next generation staged."""
        return self._with(self.current, self._keys() | {max(self.held) + 1: key})

    def activated(self) -> Self:
        """The same, wrapping under the newest generation from now on."""
        return self._with(max(self.held), self._keys())

    def without_retired(self) -> Self:
        """The present and any staged generation alone: what stands under an older one opens no more."""
        return self._with(self.current, {g: key for g, key in self._keys().items() if g >= self.current})

    def marks(self, zone: Zone) -> dict[int, bytes]:
        """By generation: 32 bytes that tell whether two keyrings mean the same key by it, and nothing of the key."""
        return {
            generation: hmac.digest(secret.expose(), encode(_MARK_LABEL, str(zone), generation), "sha256")
            for generation, secret in self.held.items()
        }

    def wrap(self, data_key: bytes, context: WrapContext, entropy: Entropy) -> bytes:
        """Return 61 bytes, or 69 from generation 2 on. data_key: 32 bytes."""
        if len(data_key) != _DATA_KEY_BYTES:
            raise ValueError("a data key is 32 bytes")
        nonce = entropy.bytes(12)
        sealed = self._ciphers[self.current].encrypt(nonce, data_key, _bound(self.current, context))
        return self._head + nonce + sealed

    def unwrap(self, wrapped: bytes, context: WrapContext) -> bytes:
        """Return the data key.

        Raises RecordTampered, UnsupportedFormat for another version byte, GenerationMissing for a generation whose key
        is not held here.
        """
        if len(wrapped) not in (WRAPPED_BYTES, LATER_WRAPPED_BYTES):
            raise RecordTampered("a wrap of another length")
        generation = generation_of(wrapped)
        if generation == 0:
            raise UnsupportedFormat(f"wrap format {wrapped[0]} is not known")
        cipher = self._ciphers.get(generation)
        if cipher is None:
            raise GenerationMissing(f"a wrap is under generation {generation} of its zone's key, which is not held")
        start = 1 if generation == 1 else 1 + GENERATION_BYTES
        try:
            return cipher.decrypt(wrapped[start : start + 12], wrapped[start + 12 :], _bound(generation, context))
        except InvalidTag:
            raise RecordTampered("the wrap does not open with this key in this context") from None

    def _keys(self) -> dict[int, bytes]:
        return {generation: secret.expose() for generation, secret in self.held.items()}

    def _with(self, current: int, keys: dict[int, bytes]) -> Self:
        others = {generation: key for generation, key in keys.items() if generation != current}
        return type(self)(keys[current], current, others)


@lru_cache(maxsize=8)
def _later_head(generation: int) -> bytes:
    return encode(_LATER_LABEL, generation)


def _bound(generation: int, context: WrapContext) -> bytes:
    """The associated data: from generation 2 on ctx("parefeu/wrap/2", generation, wrap context); a test says so."""
    canonical = context.canonical()
    if generation == 1:
        return canonical
    return _later_head(generation) + b"\x01" + len(canonical).to_bytes(4, "big") + canonical
