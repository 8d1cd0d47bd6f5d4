"""Hybrid signatures: Ed25519 (RFC 8032) and ML-DSA-65 (FIPS 204); both must verify.

    secret     Ed25519 seed 32 ‖ ML-DSA seed 32                    64 bytes
    public     Ed25519 key 32 ‖ ML-DSA-65 key 1952               1984 bytes
    signature  01 ‖ Ed25519 signature 64 ‖ ML-DSA-65 signature 3309   3374 bytes

Both sign the same framed message: label, context, digest of the signer's public key, message. The context
keeps a signature made for one purpose from standing in for another; the key's digest ties both halves to
this pair, so that neither half can be lifted into another signature. ML-DSA also gets the label as its own
context. Its signing is hedged with the library's randomness: two signatures of one message differ.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from vault.crypto.canonical import encode
from vault.crypto.unprintable import Unprintable
from vault.errors import EnvelopeRejected, InvalidInput
from vault.ports import Entropy
from vault.sensitive import Sensitive

FORMAT: Final = 1
SECRET_BYTES: Final = 64
VERIFY_BYTES: Final = 32 + 1952
SIGNATURE_BYTES: Final = 1 + 64 + 3309

_LABEL: Final = "parefeu/signature/1"
_MLDSA_CONTEXT: Final = _LABEL.encode("ascii")
_VERSION_BYTE: Final = bytes([FORMAT])


class VerifyKey:
    """A public signing key. raw: 1984 bytes. Raises InvalidInput for bytes that are no such key."""

    __slots__ = ("_classic", "_digest", "_lattice", "raw")

    def __init__(self, raw: bytes) -> None:
        if type(raw) is not bytes or len(raw) != VERIFY_BYTES:
            raise InvalidInput(f"a verification key is {VERIFY_BYTES} bytes")
        try:
            self._classic: Final = Ed25519PublicKey.from_public_bytes(raw[:32])
            self._lattice: Final = MLDSA65PublicKey.from_public_bytes(raw[32:])
        except ValueError as error:
            raise InvalidInput("not a verification key") from error
        self.raw: Final = raw
        self._digest: Final = sha256(raw).digest()

    def verify(self, message: bytes, signature: bytes, context: str) -> None:
        """Return if both halves verify in `context`. Raises EnvelopeRejected otherwise."""
        if len(signature) != SIGNATURE_BYTES or signature[0] != FORMAT:
            raise EnvelopeRejected("not a signature of this format")
        framed = self.framed(message, context)
        try:
            self._classic.verify(signature[1:65], framed)
            self._lattice.verify(signature[65:], framed, _MLDSA_CONTEXT)
        except InvalidSignature:
            raise EnvelopeRejected("the signature is not the sender's") from None

    def framed(self, message: bytes, context: str) -> bytes:
        """The bytes that both algorithms sign."""
        return encode(_LABEL, context, self._digest, message)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VerifyKey) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"<VerifyKey {self._digest.hex()[:16]}>"


class SigningKey(Unprintable):
    """A private signing key, as its 64 bytes of seeds."""

    __slots__ = ("_classic", "_lattice", "public", "secret")

    def __init__(self, secret: Sensitive[bytes]) -> None:
        raw = secret.expose()
        if len(raw) != SECRET_BYTES:
            raise InvalidInput(f"a signing secret is {SECRET_BYTES} bytes")
        self.secret: Final = secret
        self._classic: Final = Ed25519PrivateKey.from_private_bytes(raw[:32])
        self._lattice: Final = MLDSA65PrivateKey.from_seed_bytes(raw[32:])
        self.public: Final = VerifyKey(
            self._classic.public_key().public_bytes_raw() + self._lattice.public_key().public_bytes_raw()
        )

    @classmethod
    def generate(cls, entropy: Entropy) -> SigningKey:
        return cls(Sensitive(entropy.bytes(SECRET_BYTES)))

    @classmethod
    def from_secret(cls, secret: Sensitive[bytes]) -> SigningKey:
        """Raises InvalidInput unless the secret has 64 bytes."""
        return cls(secret)

    def sign(self, message: bytes, context: str) -> bytes:
        """Return 3374 bytes. context: names the purpose, such as `release`; verification must name it too."""
        framed = self.public.framed(message, context)
        return _VERSION_BYTE + self._classic.sign(framed) + self._lattice.sign(framed, _MLDSA_CONTEXT)
