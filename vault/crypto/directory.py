"""The zone directory: which public keys belong to which zone, signed by a key that is kept offline.

HPKE proves no sender and a database proves nothing: a zone believes a public key only because it stands in
this document, and the document only because its offline key has the fingerprint pinned at start. So nobody
who owns a server or a database can slip in a key of their own.

The document is JSON for people to read; what is signed is the canonical encoding of the parsed values, so
spacing and order of JSON carry no meaning. The format is closed: an unknown field, a second entry for a zone
or one key under two zones is refused.

    document = sign_directory(entries, serial=4, issued_at=clock.now(), offline=key)
    pin = fingerprint(key.public)                       # on paper, and in each zone's settings
    load_directory(document, pin, at_least_serial=4).of(FOLLOW_UP).sealing
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final, TypeGuard

from vault.crypto.canonical import encode
from vault.crypto.hpke import SealingPublicKey
from vault.crypto.signing import SigningKey, VerifyKey
from vault.errors import DirectoryRejected, EnvelopeRejected, InvalidInput
from vault.vocabulary import Zone

FORMAT: Final = "parefeu-zone-directory-1"
LARGEST_DOCUMENT: Final = 4 * 1024 * 1024  # bytes; some 900 zones

_LABEL: Final = "parefeu/zone-directory/1"
_SIGNED_AS: Final = "zone directory"
_MOMENT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_FIELDS: Final = frozenset({"format", "serial", "issued_at", "zones", "offline_key", "signature"})
_ZONE_FIELDS: Final = frozenset({"zone", "key_version", "sealing", "verify"})
_LARGEST_NUMBER: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """One zone's public keys. key_version: from 1, the version of the zone's keyring."""

    zone: Zone
    sealing: SealingPublicKey
    verify: VerifyKey
    key_version: int


@dataclass(frozen=True, slots=True)
class ZoneDirectory:
    """A verified directory. Only `load_directory` makes one. entries: sorted by zone."""

    serial: int
    issued_at: datetime
    entries: tuple[DirectoryEntry, ...]

    def of(self, zone: Zone) -> DirectoryEntry:
        """Raises DirectoryRejected if the directory does not name the zone."""
        for entry in self.entries:
            if entry.zone == zone:
                return entry
        raise DirectoryRejected(f"the directory names no zone {zone}")


def fingerprint(verify_key: VerifyKey) -> str:
    """Return the pin of an offline key: 64 lower-case hexadecimal digits of SHA-256."""
    return sha256(encode("parefeu/offline-key/1", verify_key.raw)).hexdigest()


def sign_directory(entries: Iterable[DirectoryEntry], serial: int, issued_at: datetime, offline: SigningKey) -> bytes:
    """Return the document, as UTF-8 JSON. serial: from 1, higher than every one issued before.

    Raises DirectoryRejected for entries that no reader would accept, InvalidInput for a naive `issued_at`.
    """
    ordered = tuple(sorted(entries, key=lambda entry: entry.zone))
    if issued_at.utcoffset() is None:
        raise InvalidInput("issued_at needs a time zone", field="issued_at")
    _check(serial, ordered)
    document = {
        "format": FORMAT,
        "serial": serial,
        "issued_at": issued_at.astimezone(UTC).strftime(_MOMENT),
        "zones": [
            {
                "zone": str(entry.zone),
                "key_version": entry.key_version,
                "sealing": _text(entry.sealing.raw),
                "verify": _text(entry.verify.raw),
            }
            for entry in ordered
        ],
        "offline_key": _text(offline.public.raw),
        "signature": _text(offline.sign(_signed_bytes(serial, issued_at, ordered), _SIGNED_AS)),
    }
    return json.dumps(document, indent=2).encode("ascii") + b"\n"


def load_directory(document: bytes, pin: str, at_least_serial: int = 0) -> ZoneDirectory:
    """Return the directory that `document` proves. at_least_serial: the highest serial seen before.

    Raises DirectoryRejected if, in this order, (1) the document is not of this closed form, (2) its offline
    key is not the pinned one, (3) the signature is not that key's, (4) the content contradicts itself,
    (5) it is older than one already seen.
    """
    try:
        fields = _fields(_parse(document), _FIELDS)  # 1
        if fields["format"] != FORMAT:
            raise DirectoryRejected("the directory is of a format this program does not know")
        serial, issued_at = _number(fields["serial"]), _moment(fields["issued_at"])
        entries = tuple(_entry(item) for item in _list(fields["zones"]))
        offline = VerifyKey(_raw(fields["offline_key"]))
        if not compare_digest(fingerprint(offline).encode(), pin.encode()):  # 2
            raise DirectoryRejected("the directory is signed by another key than the pinned one")
        offline.verify(_signed_bytes(serial, issued_at, entries), _raw(fields["signature"]), _SIGNED_AS)  # 3
    except EnvelopeRejected:
        raise DirectoryRejected("the directory's signature is not the offline key's") from None
    except (ValueError, RecursionError, InvalidInput):
        raise DirectoryRejected("the directory is malformed") from None
    _check(serial, entries)  # 4
    if serial < at_least_serial:  # 5
        raise DirectoryRejected(f"directory {serial} is older than {at_least_serial}, which was seen before")
    return ZoneDirectory(serial, issued_at, entries)


def _signed_bytes(serial: int, issued_at: datetime, entries: tuple[DirectoryEntry, ...]) -> bytes:
    listed = [
        encode("zone", str(entry.zone), entry.key_version, entry.sealing.raw, entry.verify.raw) for entry in entries
    ]
    return encode(_LABEL, serial, issued_at, len(listed), *listed)


def _check(serial: int, entries: tuple[DirectoryEntry, ...]) -> None:
    if not 1 <= serial <= _LARGEST_NUMBER or any(not 1 <= entry.key_version <= _LARGEST_NUMBER for entry in entries):
        raise DirectoryRejected("serial and key versions count from 1")
    zones = [entry.zone for entry in entries]
    if zones != sorted(set(zones)):
        raise DirectoryRejected("a zone is listed twice, or the zones are not in order")
    # One key under two names would let one zone open what was sealed to the other.
    for keys in ({e.sealing.raw for e in entries}, {e.verify.raw for e in entries}):
        if len(keys) != len(entries):
            raise DirectoryRejected("two zones share a key")


def _parse(document: bytes) -> object:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise DirectoryRejected("the directory names a field twice")
        return dict(pairs)

    def never(_: str) -> object:
        raise DirectoryRejected("the directory holds a number that is not whole")

    if len(document) > LARGEST_DOCUMENT:
        raise DirectoryRejected("the directory is too long")
    parsed: object = json.loads(
        document.decode("ascii"), object_pairs_hook=once, parse_float=never, parse_constant=never
    )
    return parsed


def _fields(item: object, names: frozenset[str]) -> dict[str, Any]:
    if not isinstance(item, dict) or item.keys() != names:
        raise DirectoryRejected("the directory has an unknown or missing field")
    return item


def _entry(item: object) -> DirectoryEntry:
    fields = _fields(item, _ZONE_FIELDS)
    return DirectoryEntry(
        zone=Zone.parse(_string(fields["zone"])),
        sealing=SealingPublicKey(_raw(fields["sealing"])),
        verify=VerifyKey(_raw(fields["verify"])),
        key_version=_number(fields["key_version"]),
    )


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _list(value: object) -> list[object]:
    if not _is_list(value):
        raise DirectoryRejected("the directory is malformed")
    return value


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise DirectoryRejected("the directory is malformed")
    return value


def _number(value: object) -> int:
    if type(value) is not int:
        raise DirectoryRejected("the directory is malformed")
    return value


def _moment(value: object) -> datetime:
    return datetime.strptime(_string(value), _MOMENT).replace(tzinfo=UTC)


def _text(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")


def _raw(value: object) -> bytes:
    text = _string(value)
    raw = b64decode(text, validate=True)
    if _text(raw) != text:  # unused bits of the last character would give one key two spellings
        raise DirectoryRejected("the directory is malformed")
    return raw
