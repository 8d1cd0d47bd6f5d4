"""A note that is being written: kept for its author alone, until it is saved, thrown away or too old.

A draft holds what was typed, names included: stand-ins come when it is saved. So it lives short, and its place is
derived from case, note *and author*: nobody has a way to name another's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from vault.errors import RecordTampered

#: Long enough for a holiday, short enough that forgotten words do not lie about.
DRAFT_LIFETIME: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True, repr=False)
class DraftText:
    """based_on: the version of the note that is being revised, 0 for a new note."""

    text: str
    based_on: int = 0

    def encode(self) -> bytes:
        data = {"text": self.text, "based_on": self.based_on}
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    @classmethod
    def decode(cls, plaintext: bytes) -> DraftText:
        """Undo `encode`. Raises RecordTampered."""
        try:
            data = json.loads(plaintext)
        except (ValueError, RecursionError):
            raise RecordTampered("an authentic draft of another shape") from None
        match data:
            case {"text": str(text), "based_on": int(based_on), **rest} if not rest and type(based_on) is int:
                return cls(text, based_on)
        raise RecordTampered("an authentic draft of another shape")
