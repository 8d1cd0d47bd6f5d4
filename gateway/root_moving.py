"""Moving a zone's keys, or the log's, from under one root to another: one document, sealed anew.

The keys stay what they are, so the directory, the log and all that is stored notice nothing. The steps: open the keys
under the present root, seal them under the other, open that as a start would, put it in place.
Whatever fails before the last leaves all as it was. After it, the settings must name the other root.
"""

from __future__ import annotations

from pathlib import Path

from gateway.keyring_file import KeyringFile
from gateway.private import replace_private
from gateway.roots import (
    LOG,
    InFile,
    folder_of,
    keys_file,
    open_at,
    open_root,
    place_of,
    place_with,
    read_keys,
    secret_file_of,
)
from gateway.settings import Settings, slug
from vault.crypto.hierarchy import load_keyring, store_keyring
from vault.crypto.log_key import LogKey
from vault.crypto.providers.file import FileRoot
from vault.errors import ConfigurationError
from vault.ports import Entropy
from vault.vocabulary import Zone


def move_root(
    settings: Settings, zone: Zone | None, to: Settings, entropy: Entropy, root: type[FileRoot] = FileRoot,
    secret_file: Path | None = None,
) -> str:  # fmt: skip
    """Returns the kind of the new root. zone: None for the log. to: the same settings, with the other roots file.

    secret_file: where the new root's PIN, token or passphrase stands for now. The same place again seals under the
    newest version of a key that was rotated there. Raises ConfigurationError if one file would have to hold both
    secrets, or where both are the zone's file; else as `open_root`.
    """
    name = LOG if zone is None else slug(zone)
    old, new = place_of(settings, name), place_with(to, name, secret_file)
    same = old.model_copy(update={"secret_file": None}) == new.model_copy(update={"secret_file": None})
    if same and isinstance(old, InFile):
        raise ConfigurationError(f"both say that the root of {name} is its file: nothing to move")
    if not same and secret_file_of(settings, name, old) == secret_file_of(to, name, new):
        # A passphrase that is tried as a PIN brings the token nearer to locking itself.
        raise ConfigurationError(
            "the new root's PIN, token or passphrase must stand in a file of its own: --secret-file"
        )
    present = open_root(settings, name, entropy, root)
    other, again = (open_at(to, name, new, entropy, root) for _ in range(2))
    if zone is None:
        document = LogKey.load(read_keys(settings, name), present).store(other)
        LogKey.load(document, again)
        replace_private(keys_file(settings, name), document)
        return other.name
    with KeyringFile(folder_of(settings, name), zone, present).alone() as held:
        document = store_keyring(held, other)
        load_keyring(document, zone, again)
        replace_private(keys_file(settings, name), document)
    return other.name
