"""From a letter to its PDF: starts the press for one letter, feeds it, bounds it, and says in plain words why not.

    pdf = await Printer().print_letter(letter)

The press is a process of its own (`gateway.printing.press`) with an empty environment: text goes in and the PDF comes
out through pipes, nothing of a letter lies on a disk. Two letters are drawn at once, a few more wait.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from gateway.pages import assets
from gateway.printing import press
from gateway.printing.sheet import html_of
from vault.errors import LetterNotPrintable, PrinterUnavailable

#: What apt calls the libraries that WeasyPrint loads.
LIBRARIES: Final = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
MEDIA_TYPE: Final = "application/pdf"
#: Seconds until a press that does not end is stopped.
PATIENCE: Final = 30.0
_AT_ONCE: Final = 2
_WAITING: Final = 8
#: Bytes: the longest letter in four languages is a twentieth of it.
_LARGEST: Final = 1024 * 1024
_CONFIGURATION: Final = Path(__file__).resolve().parent / "fonts.conf"
_COMMAND: Final = (sys.executable, "-I", "-m", press.__name__)


class Printer:
    """One a process."""

    def __init__(self) -> None:
        self._waiting = 0

    @cached_property
    def _turns(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(_AT_ONCE)

    async def print_letter(self, letter: Mapping[str, Any]) -> bytes:
        """The PDF, in all languages of the letter. Raises PrinterUnavailable, LetterNotPrintable."""
        if not assets.whole():
            raise PrinterUnavailable("the fonts of letters could not be made when this program was set up")
        html = html_of(letter).encode()
        if len(html) > _LARGEST:
            raise LetterNotPrintable("the letter is too long to be drawn")
        if self._waiting >= _WAITING:
            raise PrinterUnavailable("too many letters are being drawn: try again in a moment")
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(_draw, html)
        finally:
            self._waiting -= 1


def _draw(html: bytes) -> bytes:
    environment = {
        "FONTCONFIG_FILE": str(_CONFIGURATION), "LANG": "C.UTF-8", "SOURCE_DATE_EPOCH": "0",
        "TMPDIR": tempfile.gettempdir(), "PATH": os.defpath,
    }  # fmt: skip
    try:
        done = subprocess.run(
            _COMMAND, input=html, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd="/",
            timeout=PATIENCE, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        raise PrinterUnavailable("the letter could not be drawn in time") from None
    if done.returncode == press.NO_LIBRARY:
        raise PrinterUnavailable(f"this machine lacks what draws letters: apt-get install {' '.join(LIBRARIES)}")
    if done.returncode == press.NO_FONT:
        raise LetterNotPrintable("the letter holds a character that no font of letters can write")
    if done.returncode or not done.stdout.startswith(b"%PDF-"):
        raise PrinterUnavailable("the letter could not be drawn")
    return done.stdout
