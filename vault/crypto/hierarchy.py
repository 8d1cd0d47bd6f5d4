"""A zone's keys, and how they are stored under its root.

    root (KeyProvider, one per zone)
    └── keyring            this module; one document per zone and version
        ├── sealing pair   others seal to the zone
        ├── signing key    the zone signs what it sends
        ├── wrapper        the zone's data keys, per case and compartment (wrap.py)
        │   └── data key → record keys (record.py)
        ├── log key        keyed pseudonyms of the zone's own actors in the log
        └── casework only: pseudonym root, blind-index key

The stored document:

    01 ‖ length of the zone's name, 1 ‖ zone's name ‖ keyring version, 8 big-endian ‖ secrets under the root
    secrets = sealing 96 ‖ signing 64 ‖ wrapper 32 ‖ log 32 [‖ pseudonym root 32 ‖ blind index 32]

Format, zone and version are bound into the root's wrap: a document that is relabelled does not open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vault.crypto import hpke, signing
from vault.crypto.canonical import encode
from vault.crypto.hpke import SealingKeyPair
from vault.crypto.signing import SigningKey
from vault.crypto.unprintable import Unprintable
from vault.crypto.wrap import SymmetricWrapper
from vault.errors import KeyringDamaged, KeyringError, UnsupportedFormat
from vault.ports import Entropy, KeyProvider
from vault.sensitive import Sensitive
from vault.vocabulary import Zone, ZoneKind

FORMAT: Final = 1

_LABEL: Final = "parefeu/keyring"
_KEY_BYTES: Final = 32
_EVERY_ZONE: Final = (hpke.SECRET_BYTES, signing.SECRET_BYTES, _KEY_BYTES, _KEY_BYTES)
_CASEWORK: Final = (*_EVERY_ZONE, _KEY_BYTES, _KEY_BYTES)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ZoneKeyring(Unprintable):
    """All keys of one zone, at one version. The last two exist in casework and nowhere else."""

    zone: Zone
    version: int
    sealing: SealingKeyPair
    signing: SigningKey
    wrapper: SymmetricWrapper
    log_key: Sensitive[bytes]
    pseudonym_root: Sensitive[bytes] | None = None
    blind_index_key: Sensitive[bytes] | None = None

    def __post_init__(self) -> None:
        casework = self.zone.kind is ZoneKind.CASEWORK
        if (self.pseudonym_root is not None) != casework or (self.blind_index_key is not None) != casework:
            raise ValueError("exactly casework holds the pseudonym root and the blind-index key")
        if not 1 <= self.version < 1 << 63:
            raise ValueError("keyring versions count from 1")


def generate_keyring(zone: Zone, entropy: Entropy) -> ZoneKeyring:
    """Return a first keyring for `zone`, version 1."""
    return _assemble(zone, 1, [entropy.bytes(size) for size in _sizes(zone)])


def rotate_keyring(keyring: ZoneKeyring, entropy: Entropy) -> ZoneKeyring:
    """Return the next version: new sealing pair, signing key and wrapper.

    The log key, pseudonym root and blind-index key stay: changing them would rename every actor and case.
    The old keyring opens what stands under it until that is re-wrapped.
    """
    fresh = generate_keyring(keyring.zone, entropy)
    return ZoneKeyring(
        zone=keyring.zone,
        version=keyring.version + 1,
        sealing=fresh.sealing,
        signing=fresh.signing,
        wrapper=fresh.wrapper,
        log_key=keyring.log_key,
        pseudonym_root=keyring.pseudonym_root,
        blind_index_key=keyring.blind_index_key,
    )


def store_keyring(keyring: ZoneKeyring, provider: KeyProvider) -> bytes:
    """Return the document to store: the keys under the provider's root."""
    held = [keyring.sealing.secret, keyring.signing.secret, keyring.wrapper.secret, keyring.log_key]
    held += [key for key in (keyring.pseudonym_root, keyring.blind_index_key) if key is not None]
    secrets = b"".join(key.expose() for key in held)
    name = str(keyring.zone).encode("ascii")
    header = bytes([FORMAT, len(name)]) + name + keyring.version.to_bytes(8, "big")
    return header + provider.wrap(secrets, _context(keyring.zone, keyring.version))


def root_kind_of(document: bytes) -> int:
    """The first byte of the root's wrap: see `vault.crypto.providers.KINDS`. Raises KeyringDamaged."""
    end = 2 + (document[1] if len(document) > 1 else 0) + 8
    if len(document) <= end:
        raise KeyringDamaged("the keyring is not whole")
    return document[end]


def load_keyring(document: bytes, zone: Zone, provider: KeyProvider) -> ZoneKeyring:
    """Return the keyring of `zone`.

    Raises KeyringError if the document is another zone's, KeyringDamaged if it is not whole or not under this
    root, UnsupportedFormat for another version byte.
    """
    if len(document) < 2:
        raise KeyringDamaged("the keyring is not whole")
    if document[0] != FORMAT:
        raise UnsupportedFormat(f"keyring format {document[0]} is not known")
    end = 2 + document[1]
    if len(document) < end + 8:
        raise KeyringDamaged("the keyring is not whole")
    if document[2:end] != str(zone).encode("ascii"):
        raise KeyringError(f"this keyring is not the one of zone {zone}")
    version = int.from_bytes(document[end : end + 8], "big")
    if not 1 <= version < 1 << 63:
        raise KeyringDamaged("the keyring's version is out of range")
    secrets = provider.unwrap(document[end + 8 :], _context(zone, version))
    sizes = _sizes(zone)
    if len(secrets) != sum(sizes):
        raise KeyringDamaged("the keyring holds another set of keys")
    parts, position = [], 0
    for size in sizes:
        parts.append(secrets[position : position + size])
        position += size
    return _assemble(zone, version, parts)


def _sizes(zone: Zone) -> tuple[int, ...]:
    return _CASEWORK if zone.kind is ZoneKind.CASEWORK else _EVERY_ZONE


def _assemble(zone: Zone, version: int, parts: list[bytes]) -> ZoneKeyring:
    sealing, signing_seeds, wrapper, *others = parts
    return ZoneKeyring(
        zone,
        version,
        SealingKeyPair.from_secret(Sensitive(sealing)),
        SigningKey.from_secret(Sensitive(signing_seeds)),
        SymmetricWrapper(wrapper),
        *(Sensitive(key) for key in others),
    )


def _context(zone: Zone, version: int) -> bytes:
    return encode(_LABEL, FORMAT, str(zone), version)
