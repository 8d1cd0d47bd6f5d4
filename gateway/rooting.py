"""A zone's root is replaced, or sealed under another passphrase; each step is one file put in place of another.

A new root (`replace_root`): whoever stole the old one and its passphrase opens no keyring from then on.

    1. root.next           the new root, under the same passphrase
    2. keyring             the same keys twice: under the old root, and under the new one
    3. root.next -> root.key
    4. keyring             under the new root alone

After any of them root.key opens the keyring; run again, it goes on. What was copied before (old root *and* old keyring)
still opens together: the wrapping key in it is replaced by a rotation, the key pair by nothing yet.

Another passphrase (`change_passphrase`): the new one is on the disk before the root needs it, beside the old one where
a file holds that. Interrupted between the two, the next run finds out which of them opens the root.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.instance import open_zone
from gateway.keyring_file import KEYRING
from gateway.private import read_passphrase, replace_private, sync_folder
from gateway.roots import InFile, place_of, secret_file_of
from gateway.settings import Settings, slug
from vault.crypto.hierarchy import DOUBLE_FORMAT, double, load_keyring, store_keyring
from vault.crypto.providers.file import FileRoot
from vault.errors import ConfigurationError, InvalidInput, KeyringError, WrongPassphrase
from vault.ports import Entropy
from vault.sensitive import Sensitive
from vault.vocabulary import Zone

ROOT: Final = "root.key"
NEXT: Final = "root.next"


def passphrase_file(settings: Settings, zone: Zone) -> Path:
    """Of the zone's root, which is a file. Raises ConfigurationError where it lives elsewhere."""
    place = place_of(settings, slug(zone))
    if not isinstance(place, InFile):
        raise ConfigurationError(
            f"the root of {zone} is no file ({place.kind}): its PIN or token is changed there, and a new root is made "
            "with `parefeu keys make-root` and `move-root`"
        )
    return secret_file_of(settings, slug(zone), place)


def replace_root(settings: Settings, zone: Zone, entropy: Entropy, root: type[FileRoot] = FileRoot) -> None:
    """Put the zone's keys under a new root, sealed under the present passphrase with the present parameters.

    Raises Conflict while somebody else changes these keys, ConfigurationError for a root that is no file,
    KeyringMissing, KeyringError, WrongPassphrase: the keys open then as before, and another run goes on.
    """
    folder, passphrase = settings.zone_folder(zone), read_passphrase(passphrase_file(settings, zone))
    present, following = folder / ROOT, folder / NEXT
    file = open_zone(settings, zone, entropy, root)
    with file.alone() as keyring:
        try:
            begun = (folder / KEYRING).read_bytes()[:1] == bytes([DOUBLE_FORMAT])
            if begun and not following.exists():  # 4 alone is left, and root.key is the new one
                file.store(keyring)
                return
            if not begun:
                following.unlink(missing_ok=True)  # nothing stands under it
                new = root.create_like(present, following, passphrase, entropy)
                document = double(store_keyring(keyring, file.provider), store_keyring(keyring, new))
                for provider in (file.provider, new):
                    load_keyring(document, zone, provider)
                file.place(document)
            else:
                new = root.open(following, passphrase, entropy)
                load_keyring((folder / KEYRING).read_bytes(), zone, new)
            following.replace(present)
            sync_folder(folder)
            replace_private(folder / KEYRING, store_keyring(keyring, new))
        except OSError as fault:
            raise KeyringError(f"a file of the zone cannot be written ({fault.strerror}); run it again") from None


def begun_passphrase(file: Path) -> Path:
    """Where a new passphrase lies until the root needs it."""
    return file.with_name(f"{file.name}.new")


def finish_passphrase(settings: Settings, zone: Zone, entropy: Entropy, root: type[FileRoot] = FileRoot) -> bool:
    """See a change through that was interrupted. Whether the passphrase of the file is another one than before.

    Raises WrongPassphrase if neither of the two opens the root, KeyringMissing, KeyringError.
    """
    file = passphrase_file(settings, zone)
    fresh = begun_passphrase(file)
    if not fresh.exists():
        return False
    path = settings.zone_folder(zone) / ROOT
    with suppress(WrongPassphrase):
        root.open(path, read_passphrase(file), entropy)
        fresh.unlink()  # the root was not changed yet: it may be one that was not written whole
        return False
    root.open(path, read_passphrase(fresh), entropy)
    _put(fresh, file)
    return True


def change_passphrase(
    settings: Settings, zone: Zone, old: Sensitive[str], new: Sensitive[str], entropy: Entropy,
    root: type[FileRoot] = FileRoot,
) -> bool:  # fmt: skip
    """Seal the root under another passphrase. Whether the passphrase's own file was replaced too: there was one.

    Raises WrongPassphrase, InvalidInput for a short one, KeyringMissing: nothing was changed then. KeyringError where a
    disk fails: the file of the passphrase holds the one that opens.
    """
    file = passphrase_file(settings, zone)
    fresh, kept = begun_passphrase(file), file.exists()
    try:
        if kept:
            replace_private(fresh, new.expose().encode())
        root.change_passphrase(settings.zone_folder(zone) / ROOT, old, new, entropy)
    except OSError as fault:
        raise KeyringError(f"the new passphrase cannot be written ({fault.strerror}); nothing was changed") from None
    except (WrongPassphrase, InvalidInput):  # before anything was written
        fresh.unlink(missing_ok=True)
        raise
    except KeyringError:  # the root may be under either by now: the disk can fail after the file was put in place
        with suppress(KeyringError):
            finish_passphrase(settings, zone, entropy, root)
        raise
    if kept:
        _put(fresh, file)
    return kept


def _put(fresh: Path, file: Path) -> None:
    try:
        fresh.replace(file)
        sync_folder(file.parent)
    except OSError as fault:
        raise KeyringError(
            f"the root is under the new passphrase, which is in {fresh.name} ({fault.strerror}): run it again"
        ) from None
