"""Draws one letter, in a process of its own: HTML on the standard input, PDF on the standard output.

    python -I -m gateway.printing.press < letter.html > letter.pdf

It is started for one letter, with an empty environment, and holds no key, no session and no database. Pango, HarfBuzz
and Fontconfig are C; what makes them fail ends this process and nothing else. It opens no connection, starts no
program and writes no file but unpacked fonts; memory and processor time are bounded. The exit code says what went
wrong, and nothing is printed, so that no text of a letter gets into a log.
"""

from __future__ import annotations

import re
import resource
import sys
import warnings
from html import unescape
from typing import Any, Final

#: Exit codes. 0: the PDF is on the standard output.
NO_LIBRARY: Final = 3
NO_FONT: Final = 4
FAILED: Final = 5
#: A letter of four pages takes 0.4 s and 110 MiB; a text that needs more than this is none.
_SECONDS: Final = 20
_BYTES: Final = 1024 * 1024 * 1024
_FILES: Final = 128
_FORBIDDEN: Final = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "pty.")
_STYLE_PLACE: Final = "/* faces */"
_TAG: Final = re.compile(r"<[^>]*>")


def main() -> int:
    _confine()
    html = sys.stdin.buffer.read().decode("utf-8")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that no font of the machine is there is what is wanted
            from gateway.printing.drawing import draw
    except (OSError, ImportError):
        return NO_LIBRARY
    from gateway.printing.faces import choose

    try:
        chosen, missing = choose(unescape(_TAG.sub("", html)))
        if missing:
            return NO_FONT
        style = f"{chosen.rules}\nbody {{ font-family: {chosen.families}; }}"
        sys.stdout.buffer.write(draw(html.replace(_STYLE_PLACE, style, 1), chosen.files))
        sys.stdout.buffer.flush()
    except Exception:  # noqa: BLE001  # whatever it is, its text may quote the letter
        return FAILED
    return 0


def _confine() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, _BYTES), (resource.RLIMIT_CPU, _SECONDS), (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        _, hard = resource.getrlimit(kind)
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (wanted, wanted))
    sys.addaudithook(_refuse)


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(event)


if __name__ == "__main__":
    sys.exit(main())
