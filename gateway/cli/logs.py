"""What a server logs: JSON lines on stderr with ids, codes and counts. Never content.

A line holds the time, level, logger and an event from the program's own texts; of what a call adds, only the
names in `KNOWN`, and only codes and numbers. Arguments of a message and texts of exceptions are dropped:
they could hold what somebody typed.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any, Final

KNOWN: Final = ("code", "fault", "size", "status")
_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
#: Ours, and uvicorn's few: the rest of the world's messages are replaced by the name of their logger.
_OURS: Final = ("parefeu", "vault", "gateway", "policies")
_PLACEHOLDER: Final = re.compile(r"%[-#0 +]*[\d.*]*[a-zA-Z]|\{[^}]*\}")


def told(record: logging.LogRecord) -> dict[str, Any]:
    """What of one record is known to be harmless. Its time is UTC, as RFC 3339 writes it."""
    line: dict[str, Any] = {
        "at": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": _event(record),
    }
    for name in KNOWN:
        value = getattr(record, name, None)
        if isinstance(value, int) or (isinstance(value, str) and _CODE.fullmatch(value)):
            line[name] = value
    if record.exc_info and record.exc_info[0] is not None:
        line["fault"] = record.exc_info[0].__name__
    return line


class _Lines(logging.Formatter):
    """One line of JSON a record. logging's own formatting, which would read arguments and exceptions, is not used."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(told(record))


def _event(record: logging.LogRecord) -> str:
    """The message as it stands in the source, its places for values empty."""
    if record.name.partition(".")[0] not in _OURS or not isinstance(record.msg, str):
        return "message of a library"
    if not record.args:
        return record.msg if _PLACEHOLDER.search(record.msg) is None and record.msg.isascii() else "message"
    return _PLACEHOLDER.sub("…", record.msg)


def configure() -> None:
    """Send every logger's lines to stderr in this form."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("parefeu").setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        library = logging.getLogger(name)
        library.handlers[:] = []
        library.propagate = True
    logging.captureWarnings(True)
    # A request that logging itself cannot format must not print its arguments.
    logging.raiseExceptions = False
