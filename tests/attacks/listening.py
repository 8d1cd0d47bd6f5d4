"""Everything that is logged while a test listens."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

#: Libraries of the client side of these tests, which know what they send.
CLIENT_LOGGERS: Final = ("httpx2", "httpx", "httpcore", "httpcore2")


@dataclass
class Ears(logging.Handler):
    """Everything that is logged by anybody, with arguments, extras and tracebacks."""

    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in CLIENT_LOGGERS:
            return
        extras = {name: value for name, value in vars(record).items() if name not in {"exc_info", "args"}}
        text = f"{record.getMessage()} {record.args!r} {extras!r}"
        if record.exc_info:
            text += "".join(traceback.format_exception(*record.exc_info))
        self.lines.append(text)


@contextmanager
def listening() -> Iterator[Ears]:
    root, ears = logging.getLogger(), Ears()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(ears)
    try:
        yield ears
    finally:
        root.removeHandler(ears)
        root.setLevel(level)
