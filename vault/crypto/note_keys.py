"""Keys that sign and verify notes: the log's own signature and a witness's cosignature.

    kind 01   Ed25519 over the text                                                 C2SP signed-note
    kind 04   8-byte moment ‖ Ed25519 over "cosignature/v1\\ntime N\\n" and the text    C2SP tlog-cosignature
    kind 06   8-byte moment ‖ ML-DSA-44 over a structure of the checkpoint's first three lines   the same

    key id = first four bytes of SHA-256(name ‖ 0A ‖ kind ‖ public key)
    verifier key, as text = name + hexadecimal key id + base64(kind ‖ public key), joined by plus signs

A log that moves to ML-DSA signs its checkpoints with kind 06 as its own cosigner, as the checkpoint format advises;
both kinds may stand on one note meanwhile.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from vault.crypto.unprintable import Unprintable
from vault.errors import InvalidInput, NoteRejected
from vault.ports import Entropy
from vault.sensitive import Sensitive

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
COSIGNATURE_MLDSA: Final = 0x06
SEED_BYTES: Final = 32

_PUBLIC_BYTES: Final = {ED25519: 32, COSIGNATURE: 32, COSIGNATURE_MLDSA: 1312}
_SIGNATURE_BYTES: Final = {ED25519: 64, COSIGNATURE: 8 + 64, COSIGNATURE_MLDSA: 8 + 2420}
_LARGEST_MOMENT: Final = (1 << 63) - 1
_SUBTREE_LABEL: Final = b"subtree/v1\n\x00"


def canonical_base64(text: str) -> bytes:
    """Return the bytes that `text` is the one standard base64 spelling of. Raises NoteRejected for any other."""
    try:
        raw = b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, Base64Error):
        raise NoteRejected("not base64") from None
    if b64encode(raw).decode("ascii") != text:
        raise NoteRejected("base64 with unused bits set, or without its padding")
    return raw


def check_name(name: str) -> str:
    """Return a key's name. Raises NoteRejected if it is empty or holds a space, a plus sign or a control character."""
    if not name or "+" in name or any(char.isspace() or char < " " or "\ud800" <= char <= "\udfff" for char in name):
        raise NoteRejected("a key's name is not empty and has no space, plus sign or control character")
    return name


class NoteVerifier:
    """A public key under its name. kind: how it signs; public: the raw key."""

    __slots__ = ("_key", "key_id", "kind", "name", "public")

    def __init__(self, name: str, kind: int, public: bytes) -> None:
        """Raises NoteRejected for a name or key that cannot be one."""
        if kind not in _PUBLIC_BYTES or len(public) != _PUBLIC_BYTES[kind]:
            raise NoteRejected("a verifier key of a kind that is not known here")
        self.name: Final = check_name(name)
        self.kind: Final = kind
        self.public: Final = public
        self.key_id: Final = sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]
        try:
            self._key: Ed25519PublicKey | MLDSA44PublicKey = (
                MLDSA44PublicKey.from_public_bytes(public)
                if kind == COSIGNATURE_MLDSA
                else Ed25519PublicKey.from_public_bytes(public)
            )
        except ValueError:
            raise NoteRejected("not a public key") from None

    @classmethod
    def parse(cls, text: str) -> NoteVerifier:
        """Return the key written as `name+id+base64`. Raises NoteRejected."""
        name, plus, rest = text.partition("+")
        key_id, second, encoded = rest.partition("+")
        if not plus or not second:
            raise NoteRejected("a verifier key is written name+id+base64")
        raw = canonical_base64(encoded)
        found = cls(name, raw[0] if raw else 0, raw[1:])
        if found.key_id.hex() != key_id:
            raise NoteRejected("the verifier key's id is not the one of its name and key")
        return found

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode('ascii')}"

    def __repr__(self) -> str:
        return f"<NoteVerifier {self.name}+{self.key_id.hex()}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NoteVerifier) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash((self.name, self.kind, self.public))

    def verify(self, text: bytes, signature: bytes) -> int | None:
        """Return the moment a cosignature carries (seconds since 1970), None for a plain one. Raises NoteRejected."""
        if len(signature) != _SIGNATURE_BYTES[self.kind]:
            raise NoteRejected(f"a signature of {self.name} that has another length")
        moment = None if self.kind == ED25519 else int.from_bytes(signature[:8], "big")
        try:
            if moment is None:
                self._key.verify(signature, text)
            else:
                self._key.verify(signature[8:], cosigned(self.kind, self.name, text, moment))
        except InvalidSignature:
            raise NoteRejected(f"a signature of {self.name} that is not its key's") from None
        return moment


class NoteSigner(Unprintable):
    """A private key under its name, as its 32-byte seed."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, secret: Sensitive[bytes], kind: int = ED25519) -> None:
        """Raises InvalidInput for a seed of another length, NoteRejected for a name that cannot be one."""
        seed = secret.expose()
        if len(seed) != SEED_BYTES:
            raise InvalidInput(f"a note's signing seed is {SEED_BYTES} bytes")
        self._key: Final[Ed25519PrivateKey | MLDSA44PrivateKey] = (
            MLDSA44PrivateKey.from_seed_bytes(seed)
            if kind == COSIGNATURE_MLDSA
            else Ed25519PrivateKey.from_private_bytes(seed)
        )
        self.verifier: Final = NoteVerifier(name, kind, self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str, entropy: Entropy, kind: int = ED25519) -> NoteSigner:
        return cls(name, Sensitive(entropy.bytes(SEED_BYTES)), kind)

    def sign(self, text: bytes, moment: int = 0) -> bytes:
        """Return the signature's bytes without key id. moment: seconds since 1970, for the kinds that carry one."""
        kind = self.verifier.kind
        if kind == ED25519:
            return self._key.sign(text)
        return moment.to_bytes(8, "big") + self._key.sign(cosigned(kind, self.verifier.name, text, moment))


def cosigned(kind: int, name: str, text: bytes, moment: int) -> bytes:
    """The bytes that a cosignature signs. Raises NoteRejected if they cannot be made."""
    if not 0 <= moment <= _LARGEST_MOMENT:
        raise NoteRejected("a cosignature's moment is out of range")
    if kind == COSIGNATURE:
        return b"cosignature/v1\ntime %d\n" % moment + text
    lines = text.split(b"\n")
    if len(lines) < 4 or not lines[1].isdigit() or len(lines[1]) > 20:
        raise NoteRejected("what is cosigned is not a checkpoint")
    origin, size, named = lines[0], int(lines[1]), name.encode()
    try:
        root = canonical_base64(lines[2].decode("ascii"))
    except UnicodeDecodeError:
        raise NoteRejected("what is cosigned is not a checkpoint") from None
    if not 1 <= len(named) <= 255 or not 1 <= len(origin) <= 255 or size >= 1 << 64 or len(root) != 32:
        raise NoteRejected("what is cosigned is not a checkpoint that fits the format")
    return b"".join(
        (
            _SUBTREE_LABEL,
            bytes([len(named)]) + named,
            moment.to_bytes(8, "big"),
            bytes([len(origin)]) + origin,
            bytes(8),
            size.to_bytes(8, "big"),
            root,
        )
    )
