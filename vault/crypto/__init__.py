"""The cryptographic core. What it owns, from the outside in:

    providers/     where a zone's root lives          directory   which public key is whose, signed offline
    hierarchy      a zone's keys under its root       envelope    what leaves a zone, for one reader
    wrap           data keys under a zone's own key   record      what is stored: committing, padded
    hpke, signing  sealing to a zone, and proof of the sender
    detail         audit details that oversight alone reads
    blind_index    look-up by exact value             canonical, padding, committing: the parts below

Names are loaded on first use, so that importing this package loads no cryptographic library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from vault.crypto.blind_index import BlindIndex
    from vault.crypto.canonical import encode
    from vault.crypto.detail import DetailLane, DetailReader, commitment, open_detail
    from vault.crypto.directory import DirectoryEntry, ZoneDirectory, fingerprint, load_directory, sign_directory
    from vault.crypto.envelope import Release, ReleaseContext, keep_release, open_kept, open_release, seal_release
    from vault.crypto.hierarchy import ZoneKeyring, generate_keyring, load_keyring, rotate_keyring, store_keyring
    from vault.crypto.hpke import SealingKeyPair, SealingPublicKey
    from vault.crypto.record import RecordContext, open_record, seal_record
    from vault.crypto.signing import SigningKey, VerifyKey
    from vault.crypto.wrap import SymmetricWrapper, WrapContext

__all__ = [
    "BlindIndex",
    "DetailLane",
    "DetailReader",
    "DirectoryEntry",
    "RecordContext",
    "Release",
    "ReleaseContext",
    "SealingKeyPair",
    "SealingPublicKey",
    "SigningKey",
    "SymmetricWrapper",
    "VerifyKey",
    "WrapContext",
    "ZoneDirectory",
    "ZoneKeyring",
    "commitment",
    "encode",
    "fingerprint",
    "generate_keyring",
    "keep_release",
    "load_directory",
    "load_keyring",
    "open_detail",
    "open_kept",
    "open_record",
    "open_release",
    "rotate_keyring",
    "seal_record",
    "seal_release",
    "sign_directory",
    "store_keyring",
]

_HOME: Final = {
    "blind_index": ("BlindIndex",),
    "canonical": ("encode",),
    "detail": ("DetailLane", "DetailReader", "commitment", "open_detail"),
    "directory": ("DirectoryEntry", "ZoneDirectory", "fingerprint", "load_directory", "sign_directory"),
    "envelope": ("Release", "ReleaseContext", "keep_release", "open_kept", "open_release", "seal_release"),
    "hierarchy": ("ZoneKeyring", "generate_keyring", "load_keyring", "rotate_keyring", "store_keyring"),
    "hpke": ("SealingKeyPair", "SealingPublicKey"),
    "record": ("RecordContext", "open_record", "seal_record"),
    "signing": ("SigningKey", "VerifyKey"),
    "wrap": ("SymmetricWrapper", "WrapContext"),
}
_MODULE_OF: Final = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
