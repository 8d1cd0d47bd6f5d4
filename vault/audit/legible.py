"""An entry's bytes, read back: what they say, or that they say nothing.

Whoever owns a zone's database role can add an entry of any bytes: the log keeps what it was given, and its tree covers
it. Reading must not stop at it, or one such entry would blind those who look after the log. So what this program
would never have written is *illegible*: it is told as an entry of its own kind, with the moment and the zone of its
lane, and nothing of its bytes; `parefeu doctor` and the state of the log name it.

    said(b'{"action":"read", ...}')   ->  the fields
    said(b"\\xff")                     ->  None
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any, Final

from vault.audit.events import Event, Happening, Verdict

#: Texts of an entry, all of them codes, ids and pseudonyms. `config` is missing from entries of version 1.
_TEXTS: Final = (
    "action", "actor", "commitment", "decision", "entry", "kind", "lane", "object", "outcome", "policy", "previous",
    "purpose", "role", "rule", "session", "subject", "zone",
)  # fmt: skip
_NUMBERS: Final = ("count", "number", "v")
#: The longest that oversight files: PostgreSQL refuses longer ones, and with them all that is filed with them.
_LONGEST: Final = {"actor": 40, "subject": 40}  # characters
_LONGEST_OTHER: Final = 400
#: An entry of this program takes some 700 bytes.
_MOST_BYTES: Final = 16_384
#: Outside of these years a moment has no hour in Brussels, or no second since 1970.
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9999  # itself not inside
_ID: Final = re.compile(r"(?:[0-9a-f]{32})?")
KIND: Final = "audit_entry"
_LANE: Final = 16  # hexadecimal digits of an entry's id; those of its number follow


def said(body: bytes, entry: bytes = b"", zone: str = "") -> dict[str, Any] | None:
    """The fields of an entry that this program may have written, of any version; else None.

    entry: the 16 bytes under which it stands; one that calls itself something else is none. zone: of its lane; a zone
    writes of itself alone, so that it can put nothing into the mouth of another.
    """
    if len(body) > _MOST_BYTES:
        return None
    try:
        told = json.loads(body.decode("ascii"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    texts = all(_text(told.get(name), _LONGEST.get(name, _LONGEST_OTHER)) for name in _TEXTS)
    texts = texts and all(_ID.fullmatch(told[name]) for name in ("entry", "session"))
    numbers = all(type(told.get(name)) is int for name in _NUMBERS)
    if not (texts and numbers and _at_home(told, entry.hex(), zone)):
        return None
    return told if _text(told.get("config", ""), _LONGEST_OTHER) and _moment(told) else None


def illegible(entry: str, at: datetime, zone: str) -> dict[str, Any]:
    """What is told in the place of such an entry. entry: its id. at: not earlier than the one before it in its lane."""
    event = Event(Happening.ILLEGIBLE, KIND, Verdict.NONE, object=entry)
    fields = {name: str(value) for name, value in event._asdict().items() if name not in {"verdict", "count"}}
    return {
        **fields, "at": at.isoformat(timespec="microseconds"), "commitment": "", "count": 1, "decision": "none",
        "entry": entry, "lane": entry[:_LANE], "number": int(entry[_LANE:], 16), "previous": "", "v": 0, "zone": zone,
    }  # fmt: skip


def _at_home(told: dict[str, Any], entry: str, zone: str) -> bool:
    place = (told["entry"], told["lane"], told["number"])
    here = not entry or place == (entry, entry[:_LANE], int(entry[_LANE:], 16))
    return here and zone in ("", told["zone"])


def _text(value: object, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest and value.isascii() and (not value or value.isprintable())


def _moment(told: dict[str, Any]) -> bool:
    at = told.get("at")
    if not isinstance(at, str):
        return False
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return False
    plain = moment.utcoffset() == timedelta(0) and moment.isoformat(timespec="microseconds") == at
    return plain and _FIRST_YEAR <= moment.year < _LAST_YEAR
