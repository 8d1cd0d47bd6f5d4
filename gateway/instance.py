"""An installation on disk: a root and a keyring per zone, and the directory of public keys that names them all.

home/
  zones/ZONE/root.key      the zone's root, under its own passphrase; none where it lives elsewhere (gateway/roots.py)
  zones/ZONE/keyring       the zone's keys, under its root
  passphrases/ZONE         only where one person plays every zone; production keeps them elsewhere
  directory.json           public keys of all zones, signed
  directory.pin            the fingerprint to compare with
  directory.serial         the newest serial of the directory that was seen here
  offline/directory.key    the key that signs the directory; belongs offline
  log/                     the access log's own key and policy file (gateway/log/key.py)
  main.db, keystore.db     embedded databases
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.keyring_file import KeyringFile
from gateway.log.key import create_log_key
from gateway.private import read_passphrase as read_passphrase
from gateway.private import replace_private
from gateway.private import write_private as write_private
from gateway.roots import first_root, keys_file, open_root, read_keys
from gateway.settings import Settings, slug
from vault.crypto.directory import DirectoryEntry, ZoneDirectory, fingerprint, load_directory, sign_directory
from vault.crypto.hierarchy import ZoneKeyring, generate_keyring, store_keyring
from vault.crypto.providers.file import FileRoot
from vault.crypto.providers.passphrase import Argon2Parameters, calibrate
from vault.crypto.signing import SigningKey
from vault.errors import ConfigurationError, DirectoryRejected, KeyringMissing
from vault.ports import Clock, Entropy
from vault.vocabulary import Zone

_OFFLINE: Final = "offline/directory.key"
_SEEN: Final = "directory.serial"
_LONGEST_SERIAL: Final = 19  # digits of 64 bits
#: What unlocking the roots that one process opens may cost on this machine: one zone's, or, in an embedded home, all of
#: them one after the other. Each costs at least the floor; what is made here is under a passphrase of 192 random bits.
_UNLOCK_SECONDS: Final = 0.3


def create_zone(
    settings: Settings, zone: Zone, entropy: Entropy, root: type[FileRoot] = FileRoot,
    parameters: Argon2Parameters | None = None,
) -> DirectoryEntry:  # fmt: skip
    """Make a zone's root and keyring.

    A file's passphrase is taken from its file, or made there if there is none. A root that lives elsewhere is there
    already (`parefeu keys make-root`).
    """
    provider = first_root(settings, slug(zone), entropy, root, parameters)
    keyring = generate_keyring(zone, entropy)
    write_private(keys_file(settings, slug(zone)), store_keyring(keyring, provider))
    return DirectoryEntry(zone, keyring.sealing.public, keyring.signing.public, keyring.version)


def create_instance(
    settings: Settings, zones: Sequence[Zone], clock: Clock, entropy: Entropy, root: type[FileRoot] = FileRoot,
    log_name: str = "",
) -> str:  # fmt: skip
    """Make every zone's keys, the signed directory and the log's key. Returns the directory's pin.

    log_name: what the log's origins begin with; "" for an invented one. Raises ConfigurationError, InvalidInput.
    """
    if (settings.home / "directory.json").exists():
        raise ConfigurationError(f"{settings.home} is an installation already; nothing was changed")
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    at_once = len(zones) if settings.sqlite else 1
    parameters = calibrate(_UNLOCK_SECONDS / at_once) if root is FileRoot else None
    entries = [create_zone(settings, zone, entropy, root, parameters) for zone in zones]
    create_log_key(settings, log_name, clock, entropy, root, parameters)
    offline = SigningKey.generate(entropy)
    write_private(settings.home / _OFFLINE, offline.secret.expose())
    pin = fingerprint(offline.public)
    write_private(settings.home / "directory.json", sign_directory(entries, 1, clock.now(), offline))
    write_private(settings.home / "directory.pin", pin.encode())
    return pin


def open_zone(settings: Settings, zone: Zone, entropy: Entropy, root: type[FileRoot] = FileRoot) -> KeyringFile:
    """A zone's keys, and the root they stand under, kept open.

    Raises KeyringMissing, KeyringError and those under it, ConfigurationError.
    """
    name = slug(zone)
    read_keys(settings, name)
    return KeyringFile(settings.zone_folder(zone), zone, open_root(settings, name, entropy, root))


def open_zones(
    settings: Settings, zones: Sequence[Zone], entropy: Entropy, root: type[FileRoot] = FileRoot
) -> dict[Zone, KeyringFile]:
    """All of them, each under its own root. Raises as `open_zone`."""
    return {zone: open_zone(settings, zone, entropy, root) for zone in zones}


def load_zone(settings: Settings, zone: Zone, entropy: Entropy, root: type[FileRoot] = FileRoot) -> ZoneKeyring:
    """Raises as `open_zone`."""
    return open_zone(settings, zone, entropy, root).keyring


def load_zones(
    settings: Settings, zones: Sequence[Zone], entropy: Entropy, root: type[FileRoot] = FileRoot
) -> dict[Zone, ZoneKeyring]:
    """All keyrings, each under its own passphrase."""
    return {zone: load_zone(settings, zone, entropy, root) for zone in zones}


def read_pin(settings: Settings) -> str:
    """The fingerprint that the directory is compared with: a setting, or a file beside it. Raises KeyringMissing."""
    try:
        return settings.directory_pin or (settings.home / "directory.pin").read_text("ascii").strip()
    except (OSError, ValueError):
        raise _no_directory() from None


def _no_directory() -> KeyringMissing:
    return KeyringMissing("the zone directory or its pin is missing here")


def read_directory(settings: Settings) -> ZoneDirectory:
    """The signed directory, checked against the pin and against the newest serial seen here.

    Raises KeyringMissing, DirectoryRejected; an older directory would bring back keys that were replaced.
    """
    try:
        document = (settings.home / "directory.json").read_bytes()
    except OSError:
        raise _no_directory() from None
    pin, seen = read_pin(settings), settings.home / _SEEN
    newest = _newest(seen)
    directory = load_directory(document, pin, newest)
    if directory.serial > newest:
        replace_private(seen, str(directory.serial).encode("ascii"))
    return directory


def _newest(seen: Path) -> int:
    """The newest serial that was seen here; 0 for none yet. Raises DirectoryRejected if that cannot be read any more.

    Taken for none, a torn file would let an older directory in.
    """
    try:
        kept = seen.read_bytes().rstrip()
    except FileNotFoundError:
        return 0
    except OSError as fault:
        raise DirectoryRejected(f"{_SEEN}, the newest serial seen here, cannot be read ({fault.strerror})") from None
    if not (kept.isdigit() and len(kept) <= _LONGEST_SERIAL):
        raise DirectoryRejected(
            f"{_SEEN}, the newest serial seen here, is damaged: put it back, or write the newest serial that was ever "
            "issued into it"
        )
    return int(kept)
