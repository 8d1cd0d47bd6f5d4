"""Files that only their owner can read, and the passphrases that stand in some."""

from __future__ import annotations

import os
import secrets
import select
import stat
import time
from pathlib import Path
from typing import Final

from vault.errors import ConfigurationError, KeyringError, KeyringMissing
from vault.sensitive import Sensitive

#: Seconds in which a pipe has to give its passphrase: whoever opened it is there already.
PATIENCE: float = 10.0
_LARGEST: Final = 65_536  # bytes


def write_private(path: Path, content: bytes) -> None:
    """A new file that only its owner can read. Raises FileExistsError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_private(path: Path, content: bytes) -> None:
    """Put a file in place of another one: whole and on the disk, or not at all. Raises OSError."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        write_private(fresh, content)
        fresh.replace(path)
        sync_folder(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Names in it are on the disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_passphrase(path: Path) -> Sensitive[str]:
    """What stands in a file, or comes out of a pipe, up to its line end.

    Raises KeyringMissing; KeyringError if it cannot be read, or a pipe does not end within PATIENCE seconds;
    ConfigurationError if others can read it, or it is no text.
    """
    try:
        mode = path.stat().st_mode
        text = _whole(path).decode("utf-8") if not mode & 0o077 else ""
    except (FileNotFoundError, NotADirectoryError):
        raise KeyringMissing(f"there is no passphrase file {path.name}") from None
    except OSError as fault:
        raise KeyringError(f"the passphrase file {path.name} cannot be read ({fault.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"the passphrase file {path.name} is no text in UTF-8") from None
    if mode & 0o077:
        raise ConfigurationError(f"the passphrase file {path.name} can be read by others: chmod 600")
    return Sensitive(text.rstrip("\r\n"))


def _whole(path: Path) -> bytes:
    """Raises OSError; KeyringError for a pipe that nobody writes to, or what holds more than any passphrase."""
    until = time.monotonic() + PATIENCE
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # of a pipe, without waiting for its writer
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        waits = not stat.S_ISREG(os.fstat(descriptor).st_mode)
        content = b""
        while len(content) <= _LARGEST:
            if waits and not select.select([file], [], [], max(0.0, until - time.monotonic()))[0]:
                raise KeyringError(f"nobody writes a passphrase to the pipe {path.name}, or to its end")
            if not (piece := file.read(_LARGEST)):
                return content
            content += piece
    raise KeyringError(f"{path.name} holds more than any passphrase")
