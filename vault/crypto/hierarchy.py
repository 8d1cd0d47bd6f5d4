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

    02 ‖ …                        the same, once the wrapper is not of generation 1 alone; its secrets end with
    … ‖ present generation 8 ‖ (generation 8 ‖ wrapper 32), rising, one to three      in place of the wrapper

    03 ‖ length of the first, 4 ‖ one document ‖ another one, of the same keys under another root

Format, zone and version are bound into the root's wrap: a document that is relabelled does not open. The third format
stands for the moment in which a root is replaced (`gateway.rooting`): it opens with the old root and with the new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
#: With generations of the wrapper.
LATER_FORMAT: Final = 2
#: Under two roots.
DOUBLE_FORMAT: Final = 3

_LABEL: Final = "parefeu/keyring"
_KEY_BYTES: Final = 32
_GENERATION_BYTES: Final = 8
_EVERY_ZONE: Final = (hpke.SECRET_BYTES, signing.SECRET_BYTES, _KEY_BYTES, _KEY_BYTES)
_CASEWORK: Final = (*_EVERY_ZONE, _KEY_BYTES, _KEY_BYTES)
_WRAPPER_PLACE: Final = 2


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
    parts = [entropy.bytes(size) for size in _sizes(zone)]
    return _assemble(zone, 1, parts, SymmetricWrapper(parts.pop(_WRAPPER_PLACE)))


def rotate_keyring(keyring: ZoneKeyring, entropy: Entropy) -> ZoneKeyring:
    """Return the next version: new sealing pair and signing key.

    The log key, pseudonym root and blind-index key stay: changing them would rename every actor and case. The wrapper
    has generations of its own (`stage_wrapper`). The old keyring opens what was sealed to it.
    """
    fresh = generate_keyring(keyring.zone, entropy)
    return replace(keyring, version=keyring.version + 1, sealing=fresh.sealing, signing=fresh.signing)


def stage_wrapper(keyring: ZoneKeyring, entropy: Entropy) -> ZoneKeyring:
    """Return the keyring with a next generation of its wrapper staged: it opens, and nothing is wrapped under it yet.

    Everything else stays. One that has a staged generation already is returned as it is.
    """
    if keyring.wrapper.staged is not None:
        return keyring
    return replace(keyring, wrapper=keyring.wrapper.with_next(entropy.bytes(_KEY_BYTES)))


def store_keyring(keyring: ZoneKeyring, provider: KeyProvider) -> bytes:
    """Return the document to store: the keys under the provider's root."""
    wrapper = keyring.wrapper
    first = wrapper.current == 1 and len(wrapper.held) == 1
    held = [keyring.sealing.secret, keyring.signing.secret, *([wrapper.secret] if first else []), keyring.log_key]
    held += [key for key in (keyring.pseudonym_root, keyring.blind_index_key) if key is not None]
    secrets = b"".join(key.expose() for key in held)
    if not first:
        secrets += wrapper.current.to_bytes(_GENERATION_BYTES, "big")
        for generation, secret in wrapper.held.items():
            secrets += generation.to_bytes(_GENERATION_BYTES, "big") + secret.expose()
    form = FORMAT if first else LATER_FORMAT
    name = str(keyring.zone).encode("ascii")
    header = bytes([form, len(name)]) + name + keyring.version.to_bytes(8, "big")
    return header + provider.wrap(secrets, _context(form, keyring.zone, keyring.version))


def double(first: bytes, second: bytes) -> bytes:
    """One document of two, of the same keys under two roots: either root opens it."""
    return bytes([DOUBLE_FORMAT]) + len(first).to_bytes(4, "big") + first + second


def root_kind_of(document: bytes) -> int:
    """The first byte of the root's wrap: see `vault.crypto.providers.KINDS`. Raises KeyringDamaged."""
    if document[:1] == bytes([DOUBLE_FORMAT]):  # under both roots, of one kind
        document = document[5:]
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
    if document[0] == DOUBLE_FORMAT:
        return _either(document[1:], zone, provider)
    if document[0] not in (FORMAT, LATER_FORMAT):
        raise UnsupportedFormat(f"keyring format {document[0]} is not known")
    end = 2 + document[1]
    if len(document) < end + 8:
        raise KeyringDamaged("the keyring is not whole")
    if document[2:end] != str(zone).encode("ascii"):
        raise KeyringError(f"this keyring is not the one of zone {zone}")
    version = int.from_bytes(document[end : end + 8], "big")
    if not 1 <= version < 1 << 63:
        raise KeyringDamaged("the keyring's version is out of range")
    secrets = provider.unwrap(document[end + 8 :], _context(document[0], zone, version))
    sizes = _sizes(zone)
    if document[0] == LATER_FORMAT:
        sizes = sizes[:_WRAPPER_PLACE] + sizes[_WRAPPER_PLACE + 1 :]
    elif len(secrets) != sum(sizes):
        raise KeyringDamaged("the keyring holds another set of keys")
    parts, position = [], 0
    for size in sizes:
        parts.append(secrets[position : position + size])
        position += size
    wrapper = _generations(secrets[position:]) if document[0] == LATER_FORMAT else None
    if wrapper is None:
        wrapper = SymmetricWrapper(parts.pop(_WRAPPER_PLACE))
    return _assemble(zone, version, parts, wrapper)


def _either(both: bytes, zone: Zone, provider: KeyProvider) -> ZoneKeyring:
    end = 4 + int.from_bytes(both[:4], "big")
    if len(both) <= end or DOUBLE_FORMAT in (both[4:5][0], both[end]):
        raise KeyringDamaged("the keyring is not whole")
    try:
        return load_keyring(both[4:end], zone, provider)
    except KeyringDamaged:
        return load_keyring(both[end:], zone, provider)


def _generations(told: bytes) -> SymmetricWrapper:
    """What stands at the end of a keyring's secrets. Raises KeyringDamaged."""
    present, rest = int.from_bytes(told[:_GENERATION_BYTES], "big"), told[_GENERATION_BYTES:]
    each = _GENERATION_BYTES + _KEY_BYTES
    keys = {
        int.from_bytes(rest[start : start + _GENERATION_BYTES], "big"): rest[start + _GENERATION_BYTES : start + each]
        for start in range(0, len(rest), each)
    }
    if not rest or len(rest) != len(keys) * each or list(keys) != sorted(keys):
        raise KeyringDamaged("the keyring holds another set of keys")
    try:
        return SymmetricWrapper(keys.pop(present), present, keys)
    except (KeyError, ValueError):
        raise KeyringDamaged("the keyring holds another set of keys") from None


def _sizes(zone: Zone) -> tuple[int, ...]:
    return _CASEWORK if zone.kind is ZoneKind.CASEWORK else _EVERY_ZONE


def _assemble(zone: Zone, version: int, parts: list[bytes], wrapper: SymmetricWrapper) -> ZoneKeyring:
    """parts: all but the wrapper."""
    sealing, signing_seeds, *others = parts
    return ZoneKeyring(
        zone,
        version,
        SealingKeyPair.from_secret(Sensitive(sealing)),
        SigningKey.from_secret(Sensitive(signing_seeds)),
        wrapper,
        *(Sensitive(key) for key in others),
    )


def _context(form: int, zone: Zone, version: int) -> bytes:
    return encode(_LABEL, form, str(zone), version)
