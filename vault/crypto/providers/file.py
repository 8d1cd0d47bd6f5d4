"""A root in a file, sealed under a passphrase. The default provider.

The file, 173 bytes, numbers big-endian:

    header 29     01 ‖ memory in KiB 4 ‖ passes 4 ‖ lanes 4 ‖ Argon2 salt 16
    sealed 112    the root key, by committing.py under the stretched passphrase; context = the header
    checksum 32   SHA-256 of everything before

The checksum protects nothing against an attacker, but tells a
damaged file from a wrong passphrase; sealing commits to its key, so that one file cannot be made to answer
to many passphrases at once.

The file belongs to its owner alone (mode 0600, checked at each opening), is written whole or not at all,
and is never overwritten by `create`.
"""

from __future__ import annotations

import os
import stat
import struct
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Final, Self

from vault.crypto import committing
from vault.crypto.canonical import encode
from vault.crypto.providers.held import HeldRoot
from vault.crypto.providers.passphrase import CEILING, FLOOR, SALT_BYTES, Argon2Parameters, refuse_weak, stretch
from vault.errors import (
    Conflict,
    InvalidInput,
    KeyringDamaged,
    KeyringError,
    KeyringMissing,
    RecordTampered,
    UnsupportedFormat,
    WrongPassphrase,
)
from vault.ports import Entropy
from vault.sensitive import Sensitive

FORMAT: Final = 1
_LABEL: Final = "parefeu/root-file"
_HEADER: Final = struct.Struct(f">BIII{SALT_BYTES}s")
_CHECKSUM_BYTES: Final = 32
FILE_BYTES: Final = _HEADER.size + committing.KEY_BYTES + committing.OVERHEAD + _CHECKSUM_BYTES


class FileRoot(HeldRoot):
    """A KeyProvider whose root key was read from a sealed file. Keeps the root, not the passphrase."""

    __slots__ = ("_path",)

    #: Below this nothing is created or opened. A test may subclass with less; then production refuses its files.
    floor: ClassVar[Argon2Parameters] = FLOOR

    def __init__(self, root: Sensitive[bytes], entropy: Entropy, path: Path) -> None:
        super().__init__(root, entropy)
        self._path: Final = path

    @classmethod
    def create(
        cls,
        path: Path,
        passphrase: Sensitive[str],
        entropy: Entropy,
        parameters: Argon2Parameters | None = None,
    ) -> Self:
        """Make a new root and its file. parameters: the floor unless given; see `calibrate`.

        Raises Conflict if the file exists, InvalidInput for a short passphrase or parameters out of bounds,
        KeyringMissing if the folder does not exist, KeyringError if it cannot be written.
        """
        refuse_weak(passphrase)
        root = Sensitive(entropy.bytes(committing.KEY_BYTES))
        document = cls._sealed(root, passphrase, entropy, parameters or cls.floor)
        _write(path, document, entropy, replace=False)
        return cls(root, entropy, path)

    @classmethod
    def open(cls, path: Path, passphrase: Sensitive[str], entropy: Entropy) -> Self:
        """Open the root. entropy: for what this root will wrap.

        Raises KeyringMissing, KeyringDamaged (not whole, or parameters out of bounds), UnsupportedFormat,
        WrongPassphrase, or KeyringError if others than its owner may read the file or it cannot be read.
        """
        return cls(cls._unsealed(_read(path), passphrase)[0], entropy, path)

    @classmethod
    def create_like(cls, present: Path, path: Path, passphrase: Sensitive[str], entropy: Entropy) -> Self:
        """Make another root and its file, under the passphrase and the parameters of a present one.

        Raises as `open` for the present one, and as `create`.
        """
        _, parameters = cls._unsealed(_read(present), passphrase)
        return cls.create(path, passphrase, entropy, parameters)

    @classmethod
    def change_passphrase(
        cls,
        path: Path,
        old: Sensitive[str],
        new: Sensitive[str],
        entropy: Entropy,
        parameters: Argon2Parameters | None = None,
    ) -> None:
        """Seal the same root under another passphrase; the file is replaced whole. Raises as `open` and `create`.

        parameters: those of the file unless given. A copy of the old file still opens with the old passphrase:
        destroy copies, or make a new root.
        """
        refuse_weak(new)
        root, present = cls._unsealed(_read(path), old)
        _write(path, cls._sealed(root, new, entropy, parameters or present), entropy, replace=True)

    @property
    def name(self) -> str:
        return "file"

    def healthy(self) -> bool:
        """A round trip works, and the file is still there, whole in shape and private."""
        try:
            return len(_read(self._path)) == FILE_BYTES and super().healthy()
        except KeyringError:
            return False

    @classmethod
    def _sealed(
        cls, root: Sensitive[bytes], passphrase: Sensitive[str], entropy: Entropy, parameters: Argon2Parameters
    ) -> bytes:
        if not parameters.at_least(cls.floor) or not CEILING.at_least(parameters):
            raise InvalidInput("these Argon2 parameters are below the floor or above the ceiling", field="parameters")
        header = _HEADER.pack(
            FORMAT, parameters.memory_kib, parameters.iterations, parameters.lanes, entropy.bytes(SALT_BYTES)
        )
        key = stretch(passphrase, header[-SALT_BYTES:], parameters)
        body = committing.seal(key, encode(_LABEL, header), root.expose(), entropy, prefix=header)
        return body + sha256(body).digest()

    @classmethod
    def _unsealed(cls, document: bytes, passphrase: Sensitive[str]) -> tuple[Sensitive[bytes], Argon2Parameters]:
        if len(document) != FILE_BYTES:
            raise KeyringDamaged("the root file is not whole")
        if document[0] != FORMAT:
            raise UnsupportedFormat(f"root file format {document[0]} is not known")
        body = document[:-_CHECKSUM_BYTES]
        if sha256(body).digest() != document[-_CHECKSUM_BYTES:]:
            raise KeyringDamaged("the root file is damaged: its checksum does not fit")
        header = body[: _HEADER.size]
        _, memory_kib, iterations, lanes, salt = _HEADER.unpack(header)
        try:
            parameters = Argon2Parameters(memory_kib, iterations, lanes)
        except ValueError:
            raise KeyringDamaged("the root file's Argon2 parameters are none") from None
        # Before any memory is taken.
        if not parameters.at_least(cls.floor) or not CEILING.at_least(parameters):
            raise KeyringDamaged("the root file's Argon2 parameters are below the floor or above the ceiling")
        key = stretch(passphrase, salt, parameters)
        try:
            root = committing.open_sealed(key, encode(_LABEL, header), body, skip=_HEADER.size)
        except RecordTampered:
            raise WrongPassphrase("the passphrase does not open this root") from None
        return Sensitive(root), parameters


def _read(path: Path) -> bytes:
    try:
        # O_NONBLOCK: a planted pipe answers at once instead of hanging the start.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeyringMissing("no root file where the settings say") from None
    except OSError as error:
        raise KeyringError("the root file cannot be read") from error
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        os.close(handle)  # a folder would not even become a file object
        raise KeyringError("the root is not a regular file")
    with os.fdopen(handle, "rb") as file:
        if found.st_mode & 0o077 or found.st_uid not in (0, os.geteuid()):
            raise KeyringError("the root file must belong to its user and be readable by nobody else: chmod 600")
        try:
            return file.read(FILE_BYTES + 1)
        except OSError as error:
            raise KeyringError("the root file cannot be read") from error


def _write(path: Path, document: bytes, entropy: Entropy, *, replace: bool) -> None:
    """Write whole or not at all: a private neighbour first, then one step of the file system."""
    neighbour = path.with_name(f".{path.name}.{entropy.bytes(8).hex()}")
    try:
        handle = os.open(neighbour, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(document)
            file.flush()
            os.fsync(handle)
        if replace:
            neighbour.replace(path)
        else:
            os.link(neighbour, path)  # unlike a rename, fails if the name is taken
        _sync_folder(path.parent)
    except FileExistsError:
        raise Conflict("a root file exists already, and is not overwritten") from None
    except FileNotFoundError:
        raise KeyringMissing("the folder for the root file does not exist") from None
    except OSError as error:
        raise KeyringError("the root file cannot be written") from error
    finally:
        with suppress(OSError):
            neighbour.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
