"""Files that only their owner can read, and the passphrases that stand in some."""

from __future__ import annotations

import os
from pathlib import Path

from vault.errors import ConfigurationError, KeyringMissing
from vault.sensitive import Sensitive


def write_private(path: Path, content: bytes) -> None:
    """A new file that only its owner can read. Raises FileExistsError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_passphrase(path: Path) -> Sensitive[str]:
    """Raises KeyringMissing, ConfigurationError if others can read the file."""
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8")
    except OSError:
        raise KeyringMissing(f"no passphrase file for this zone ({path.name})") from None
    if mode & 0o077:
        raise ConfigurationError(f"the passphrase file {path.name} can be read by others: chmod 600")
    return Sensitive(text.rstrip("\r\n"))
