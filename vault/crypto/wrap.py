"""Wraps: data keys under a zone's own symmetric key.

A zone wraps its own data keys, and those released to it, under AES-256-GCM; opening one takes microseconds,
so no request needs a cached key. 61 bytes:

    01 ‖ nonce 12, random ‖ ciphertext 32 ‖ tag 16

Nonces are random: at most 2**32 wraps under one key (NIST SP 800-38D, 8.3), far above what a zone writes
between two rotations. No key commitment here: a wrap is only ever tried with its zone's own key, and the
record under it commits.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.crypto.canonical import encode
from vault.crypto.unprintable import Unprintable
from vault.errors import RecordTampered, UnsupportedFormat
from vault.ids import ID_BYTES, KeyId
from vault.ports import Entropy
from vault.sensitive import Sensitive
from vault.vocabulary import Compartment, Zone

FORMAT: Final = 1
WRAPPED_BYTES: Final = 1 + 12 + 32 + 16

_LABEL: Final = "parefeu/wrap"
_VERSION_BYTE: Final = bytes([FORMAT])
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


class SymmetricWrapper(Unprintable):
    """One zone's wrapping key, ready for use. key: 32 bytes."""

    __slots__ = ("_cipher", "secret")

    def __init__(self, key: bytes) -> None:
        if len(key) != _DATA_KEY_BYTES:
            raise ValueError("a wrapping key is 32 bytes")
        self.secret: Final = Sensitive(key)
        self._cipher: Final = AESGCM(key)

    def wrap(self, data_key: bytes, context: WrapContext, entropy: Entropy) -> bytes:
        """Return 61 bytes. data_key: 32 bytes."""
        if len(data_key) != _DATA_KEY_BYTES:
            raise ValueError("a data key is 32 bytes")
        nonce = entropy.bytes(12)
        return _VERSION_BYTE + nonce + self._cipher.encrypt(nonce, data_key, context.canonical())

    def unwrap(self, wrapped: bytes, context: WrapContext) -> bytes:
        """Return the data key. Raises RecordTampered, or UnsupportedFormat for another version byte."""
        if len(wrapped) != WRAPPED_BYTES:
            raise RecordTampered("a wrap of another length")
        if wrapped[0] != FORMAT:
            raise UnsupportedFormat(f"wrap format {wrapped[0]} is not known")
        try:
            return self._cipher.decrypt(wrapped[1:13], wrapped[13:], context.canonical())
        except InvalidTag:
            raise RecordTampered("the wrap does not open with this key in this context") from None
