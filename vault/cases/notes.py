"""What a note's plaintext is: its text, and before it, where it corrects an earlier version, which and why.

    text                                      a note, or an ordinary revision
    02 ‖ JSON {"corrects", "reason"} ‖ 03 ‖ text      a correction

No text of a note holds the signs 02 and 03: they are control characters, which are refused before anything is stored.
So plaintexts written before there were corrections read as what they are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from vault.cases.corrections import Correction
from vault.errors import InvalidInput, RecordTampered

#: Three closely written pages are about 12 kB; a note of ten times that is a paste accident.
NOTE_LIMIT: Final = 128 * 1024
_OPENS: Final = "\x02"
_CLOSES: Final = "\x03"


@dataclass(frozen=True, slots=True, repr=False)
class NoteText:
    """One version of a note. text: with stand-ins."""

    text: str
    correction: Correction | None = None

    def encode(self) -> bytes:
        if self.correction is None:
            return self.text.encode()
        preface = json.dumps(self.correction.to_json(), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return f"{_OPENS}{preface}{_CLOSES}{self.text}".encode()

    @classmethod
    def decode(cls, plaintext: bytes) -> NoteText:
        """Undo `encode`. Raises RecordTampered."""
        try:
            text = plaintext.decode()
        except UnicodeDecodeError:
            raise RecordTampered("an authentic note that is no text") from None
        if not text.startswith(_OPENS):
            return cls(text)
        preface, closed, rest = text[1:].partition(_CLOSES)
        try:
            data = json.loads(preface)
        except (ValueError, RecursionError):
            raise RecordTampered("an authentic note of another shape") from None
        if not closed:
            raise RecordTampered("an authentic note of another shape")
        return cls(rest, Correction.from_json(data))


def check_size(text: str) -> None:
    """Whether a note, or a draft of one, can be as long as that. Raises InvalidInput."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InvalidInput("the text holds half a character (a lone surrogate)", field="text") from None
    if size > NOTE_LIMIT:
        raise InvalidInput(f"a note holds at most {NOTE_LIMIT} bytes, this one has {size}", field="text")
