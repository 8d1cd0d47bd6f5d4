"""A text in the user's editor: in a private folder, in memory where the system has one, gone afterwards."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

from gateway.instance import write_private
from vault.errors import ConfigurationError


def edit(before: str) -> str:
    """What the user's $VISUAL or $EDITOR made of `before`. Raises ConfigurationError without an editor."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not command:
        command = [next((name for name in ("nano", "vi") if shutil.which(name)), "")]
    if not command[0] or shutil.which(command[0]) is None:
        raise ConfigurationError("no editor is set: set EDITOR, or give a file or standard input")
    with tempfile.TemporaryDirectory(prefix="parefeu-", dir=_memory()) as folder:
        path = Path(folder) / "note.txt"
        write_private(path, before.encode())
        done = subprocess.run([*command, str(path)], check=False)  # noqa: S603 - the user's own editor
        text = path.read_text("utf-8", errors="replace")
    if done.returncode != 0:
        keep(text, datetime.now().astimezone())
        raise ConfigurationError("the editor ended with an error; nothing was sent, your text was kept")
    return text


def _memory() -> str | None:
    """A folder that no disk keeps, if there is one."""
    for candidate in (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm"):  # noqa: S108 - a private folder is made in it
        if candidate and os.access(candidate, os.W_OK | os.X_OK):
            return candidate
    return None


def keep(text: str, now: datetime) -> Path:
    """Write a text that could not be stored into a file of this user's own, mode 0600."""
    base = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser()
    stamp = f"{now:%Y%m%dT%H%M%S%f}-{os.getpid()}"
    path = base / "parefeu" / "kept" / f"{stamp}.txt"
    write_private(path, text.encode(errors="replace"))
    return path
