"""A file that belongs to a case: what is known of it once it has arrived, and how it is described.

The file itself is sealed in chunks (`vault.crypto.chunked`); this is the plaintext of its record, which a coach
sees in lists. Version 1 of the record is written when the last chunk is there; the first description is version 2, and
only from then on anybody sees the file.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from vault.cases.file_types import MediaType
from vault.errors import InvalidInput, RecordTampered

#: Bytes. A scan of thirty pages at 300 dpi; a phone's photograph has 3 to 8 MiB.
LARGEST_FILE: Final = 25 * 1024 * 1024
#: A case file of ten years has dozens; more is a program that runs away.
FILES_PER_CASE: Final = 300
#: Files of one case that have begun to arrive and are not described yet.
ARRIVING_PER_CASE: Final = 10
#: A slow line sends 25 MiB within this time; whatever takes longer has stalled.
ARRIVAL_LONGEST: Final = timedelta(minutes=10)
#: How long an undescribed file waits before it is swept: whoever sent it has gone.
UNDESCRIBED_LONGEST: Final = timedelta(hours=2)
NAME_LIMIT: Final = 120
CAPTION_LIMIT: Final = 2000
ATTACHMENT_FIELDS: Final = (
    "attachment", "version", "name", "caption", "media_type", "size", "provenance", "language", "written_at", "author",
)  # fmt: skip

_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|]')


@dataclass(frozen=True, slots=True, repr=False)
class Manifest:
    """size: bytes of the file. digest: SHA-256 of it, hexadecimal. name, caption: "" until described."""

    media_type: MediaType
    size: int
    digest: str
    name: str = ""
    caption: str = ""

    def encode(self) -> bytes:
        data: dict[str, Any] = {
            "media_type": self.media_type.value, "size": self.size, "digest": self.digest, "name": self.name,
            "caption": self.caption,
        }  # fmt: skip
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    @classmethod
    def decode(cls, plaintext: bytes) -> Manifest:
        """Undo `encode`. Raises RecordTampered."""
        try:
            data = json.loads(plaintext)
            match data:
                case {
                    "media_type": str(media_type), "size": int(size), "digest": str(digest), "name": str(name),
                    "caption": str(caption), **rest,
                } if not rest and type(size) is int and size > 0:  # fmt: skip
                    return cls(MediaType(media_type), size, digest, name, caption)
        except (ValueError, RecursionError):
            raise RecordTampered("an authentic attachment of another shape") from None
        raise RecordTampered("an authentic attachment of another shape")


def check_name(name: str, media_type: MediaType) -> str:
    """The name as it is kept: a plain file name whose ending fits what the file is. Raises InvalidInput.

    No paths, no control characters, nothing that makes a screen show another ending than the file has.
    """
    plain = unicodedata.normalize("NFC", name).strip()
    if not plain or len(plain) > NAME_LIMIT:
        raise InvalidInput(f"a file's name has 1 to {NAME_LIMIT} characters", field="name")
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in plain) or _FORBIDDEN.search(plain):
        raise InvalidInput("a file's name holds no path, control or invisible characters", field="name")
    stem, dot, ending = plain.rpartition(".")
    if not dot or not stem.strip(". ") or ending.lower() not in media_type.endings:
        raise InvalidInput(f"this file's name ends with .{' or .'.join(media_type.endings)}", field="name")
    return plain


def check_caption(caption: str) -> None:
    """Raises InvalidInput."""
    try:
        size = len(caption.encode())
    except UnicodeEncodeError:
        raise InvalidInput("the text holds half a character (a lone surrogate)", field="caption") from None
    if size > CAPTION_LIMIT:
        raise InvalidInput(f"a caption holds at most {CAPTION_LIMIT} bytes", field="caption")
