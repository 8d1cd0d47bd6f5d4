"""One spelling per text: NFC, `\n` as the only line end, and no character that hides or reorders others.

    found = normalise("Zoe\u0308")      # found.text == "Zoë"
    found.original(2), found.original(3)   # 2, 4: where the ë began and ended in what was sent

Refused, because what the screen shows would not be what is stored: control characters other than `\n` and
`\t`, and the bidirectional overrides and isolates. Zero-width characters stay: they are part of correct
Persian, Arabic and Indic spelling; comparing ignores them (see folding).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from vault.errors import InvalidInput

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, repr=False)
class Normalised:
    """text: NFC. offsets: for each character of `text`, and for its end, the place in the original; () if equal."""

    text: str
    offsets: tuple[int, ...] = ()

    def original(self, place: int) -> int:
        """The offset in what was sent that corresponds to the offset `place` of `text`; 0 <= place <= len(text)."""
        return self.offsets[place] if self.offsets else place


def normalise(text: str) -> Normalised:
    """Return `text` in NFC with an offset map. Raises InvalidInput (field `text`); the message names only a place."""
    _refuse(text)
    if "\r" not in text and unicodedata.is_normalized("NFC", text):
        return Normalised(text)
    pieces: list[str] = []
    offsets: list[int] = []
    begin = 0
    for end in [*_boundaries(text), len(text)]:
        if end == begin:
            continue
        piece = unicodedata.normalize("NFC", text[begin:end].replace("\r\n", "\n"))
        pieces.append(piece)
        offsets.extend([begin] * len(piece))
        begin = end
    joined = "".join(pieces)
    if not unicodedata.is_normalized("NFC", joined):  # a script that composes across our boundaries
        joined = unicodedata.normalize("NFC", joined)
        offsets = [0] * len(joined)
    return Normalised(joined, (*offsets, len(text)))


def _boundaries(text: str) -> list[int]:
    """Where a character starts that never composes with the one before it."""
    found = []
    for place, char in enumerate(text):
        if char == "\n" and place and text[place - 1] == "\r":
            continue
        # Below U+0300 nothing combines. Above, marks and the medial and final Hangul jamo may.
        if char < "\u0300" or not (unicodedata.category(char)[0] == "M" or "\u1160" <= char <= "\u11ff"):
            found.append(place)
    return found


def _refuse(text: str) -> None:
    if found := _SURROGATE.search(text):
        raise InvalidInput(f"the text holds half a character (a lone surrogate) at {found.start()}", field="text")
    for found in _CONTROL.finditer(text):
        if not text.startswith("\r\n", found.start()):
            code = ord(found[0])
            raise InvalidInput(f"the text holds a control character (U+{code:04X}) at {found.start()}", field="text")
    if found := _BIDI.search(text):
        raise InvalidInput(
            f"the text holds a character that reorders others (U+{ord(found[0]):04X}) at {found.start()}", field="text"
        )
