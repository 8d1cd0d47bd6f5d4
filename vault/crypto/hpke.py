"""Sealing to a zone: HPKE base mode (RFC 9180) with X-Wing, ML-KEM-768 beside X25519.

Anyone who knows a zone's public key can seal to it; only that zone opens. Both component problems must fall
before a stored wrap opens, so wraps written today hold against a quantum computer later.
Suite: KEM MLKEM768_X25519 (0x647a), KDF HKDF-SHA256, AEAD AES-256-GCM.

    sealed = 01 ‖ enc 1120 (ML-KEM ciphertext 1088 ‖ X25519 share 32) ‖ ciphertext ‖ tag 16

Base mode proves no sender: what crosses zones is also signed (envelope.py). The library draws the
ephemeral randomness of encapsulation itself; key seeds come from `Entropy`.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from vault.crypto.unprintable import Unprintable
from vault.errors import InvalidInput, RecordTampered, UnsupportedFormat
from vault.ports import Entropy
from vault.sensitive import Sensitive

FORMAT: Final = 1
MLKEM_PUBLIC_BYTES: Final = 1184
PUBLIC_BYTES: Final = MLKEM_PUBLIC_BYTES + 32
MLKEM_SEED_BYTES: Final = 64
SECRET_BYTES: Final = MLKEM_SEED_BYTES + 32
ENC_BYTES: Final = 1120
SEALED_OVERHEAD: Final = 1 + ENC_BYTES + 16

_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_VERSION_BYTE: Final = bytes([FORMAT])
_PROBE: Final = X25519PrivateKey.from_private_bytes(b"\x08" * 32)


class SealingPublicKey:
    """A zone's public sealing key. raw: 1216 bytes, ML-KEM-768 key 1184 ‖ X25519 key 32.

    Raises InvalidInput for bytes that are no such key, or an X25519 point that contributes no secret.
    """

    __slots__ = ("_key", "raw")

    def __init__(self, raw: bytes) -> None:
        if type(raw) is not bytes or len(raw) != PUBLIC_BYTES:
            raise InvalidInput(f"a sealing public key is {PUBLIC_BYTES} bytes")
        try:
            lattice = MLKEM768PublicKey.from_public_bytes(raw[:MLKEM_PUBLIC_BYTES])
            curve = X25519PublicKey.from_public_bytes(raw[MLKEM_PUBLIC_BYTES:])
            _PROBE.exchange(curve)  # fails for a point of small order, which every sealing would hit later
        except ValueError as error:
            raise InvalidInput("not a sealing public key") from error
        self.raw: Final = raw
        self._key: Final = MLKEM768X25519PublicKey(lattice, curve)

    def seal(self, plaintext: bytes, info: bytes) -> bytes:
        """Return `plaintext` sealed to this zone, 1137 bytes longer. info: canonical context, bound."""
        return _VERSION_BYTE + _SUITE.encrypt(plaintext, self._key, info=info)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SealingPublicKey) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return "<SealingPublicKey>"


class SealingKeyPair(Unprintable):
    """A zone's sealing key pair. secret: 96 bytes, ML-KEM seed (d ‖ z) 64 ‖ X25519 private key 32."""

    __slots__ = ("_key", "public", "secret")

    def __init__(self, secret: Sensitive[bytes]) -> None:
        raw = secret.expose()
        if len(raw) != SECRET_BYTES:
            raise InvalidInput(f"a sealing secret is {SECRET_BYTES} bytes")
        lattice = MLKEM768PrivateKey.from_seed_bytes(raw[:MLKEM_SEED_BYTES])
        curve = X25519PrivateKey.from_private_bytes(raw[MLKEM_SEED_BYTES:])
        self.secret: Final = secret
        self.public: Final = SealingPublicKey(
            lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
        )
        self._key: Final = MLKEM768X25519PrivateKey(lattice, curve)

    @classmethod
    def generate(cls, entropy: Entropy) -> SealingKeyPair:
        return cls(Sensitive(entropy.bytes(SECRET_BYTES)))

    @classmethod
    def from_secret(cls, secret: Sensitive[bytes]) -> SealingKeyPair:
        """Raises InvalidInput unless the secret has 96 bytes."""
        return cls(secret)

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Return what was sealed to this pair with this `info`.

        Raises RecordTampered for another key, another info or any changed byte, UnsupportedFormat for
        another version byte.
        """
        if len(sealed) < SEALED_OVERHEAD:
            raise RecordTampered("too short to be sealed")
        if sealed[0] != FORMAT:
            raise UnsupportedFormat(f"sealing format {sealed[0]} is not known")
        try:
            return _SUITE.decrypt(sealed[1:], self._key, info=info)
        except (InvalidTag, ValueError):
            # ValueError: an X25519 share of small order.
            raise RecordTampered("does not open with this key in this context") from None
