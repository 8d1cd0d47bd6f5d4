"""A zone's keyring on disk, under a root that stays open: read, looked at again, replaced.

While a process serves, a rotation gives its zone's wrapping key a next generation, in this file. Whoever makes a new
data key looks first whether the file is another one (`LiveWrapper`), so a rotation needs no restart; whoever meets a
wrap of a generation that is not held looks again too.

    file = KeyringFile(folder, zone, provider)
    with file.alone() as keyring:                 # nobody else changes it meanwhile
        file.store(stage_wrapper(keyring, entropy))
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gateway.private import replace_private
from vault.crypto.hierarchy import ZoneKeyring, load_keyring, store_keyring
from vault.crypto.unprintable import Unprintable
from vault.crypto.wrap import SymmetricWrapper, WrapContext
from vault.errors import Conflict, GenerationMissing, KeyringError, KeyringMissing, UnsupportedFormat
from vault.ports import Entropy, KeyProvider
from vault.vocabulary import Zone

KEYRING: Final = "keyring"
_LOCK: Final = "keyring.lock"


class KeyringFile(Unprintable):
    """provider: the zone's root, opened. Reading it raises KeyringMissing, KeyringError, KeyringDamaged."""

    __slots__ = ("_folder", "_seen", "keyring", "provider", "zone")

    def __init__(self, folder: Path, zone: Zone, provider: KeyProvider) -> None:
        self._folder: Final = folder
        self.zone: Final = zone
        self.provider: Final = provider
        self._seen: tuple[int, int, int] | None = None
        self.keyring: ZoneKeyring = self._read()

    def renew(self) -> bool:
        """Read the file again if it is another one than last time; whether it was. Costs a look at its name if not."""
        try:
            if self._mark() == self._seen:
                return False
        except KeyringMissing:  # a machine whose folder was taken away goes on with what it holds
            return False
        self.keyring = self._read()
        return True

    @contextmanager
    def alone(self) -> Iterator[ZoneKeyring]:
        """The keyring as it stands; nobody else changes it until the block ends. Raises Conflict."""
        handle = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Conflict("somebody else is changing the keys of this zone: try again later") from None
            self.renew()
            yield self.keyring
        finally:
            os.close(handle)

    def store(self, keyring: ZoneKeyring) -> None:
        """Put a keyring in place of the present one, whole and on the disk or not at all; for whoever is `alone`.

        It is opened before it takes the place of the only copy. Raises KeyringError.
        """
        document = store_keyring(keyring, self.provider)
        load_keyring(document, self.zone, self.provider)
        self.place(document)

    def place(self, document: bytes) -> None:
        """The same for bytes that were looked at already."""
        try:
            replace_private(self._folder / KEYRING, document)
        except OSError as fault:
            raise KeyringError(f"the keyring cannot be written ({fault.strerror}); the old one stays") from None
        self.keyring = self._read()

    def _mark(self) -> tuple[int, int, int]:
        try:
            found = (self._folder / KEYRING).stat()
        except OSError:
            raise KeyringMissing(f"the keyring of zone {self.zone} is not in its folder") from None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> ZoneKeyring:
        seen = self._mark()  # before: what is put there while it is read is read again
        try:
            document = (self._folder / KEYRING).read_bytes()
        except OSError as fault:
            raise KeyringError(f"the keyring of zone {self.zone} cannot be read ({fault.strerror})") from None
        found = load_keyring(document, self.zone, self.provider)
        self._seen = seen
        return found


class LiveWrapper(Unprintable):
    """A zone's wrapping key as its keyring's file has it, so that a rotation binds the next new data key.

    Where the file opens no more (its root was replaced under it, a newer program wrote it, its folder is gone),
    the process goes on with what it holds, until it meets a wrap that needs the file. Should its key be closed
    meanwhile, the keystore takes nothing under it.
    """

    __slots__ = ("_file",)

    def __init__(self, file: KeyringFile) -> None:
        self._file: Final = file

    def wrap(self, data_key: bytes, context: WrapContext, entropy: Entropy) -> bytes:
        self._look()
        return self._file.keyring.wrapper.wrap(data_key, context, entropy)

    def unwrap(self, wrapped: bytes, context: WrapContext) -> bytes:
        wrapper: SymmetricWrapper = self._file.keyring.wrapper
        try:
            return wrapper.unwrap(wrapped, context)
        except GenerationMissing:
            self._look()
            return self._file.keyring.wrapper.unwrap(wrapped, context)

    def _look(self) -> None:
        with suppress(KeyringError, UnsupportedFormat):
            self._file.renew()
