"""One entry's proof as a file of its own, to be checked offline: path and checkpoint. C2SP tlog-proof.

c2sp.org/tlog-proof@v1
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
…

example.org/log/2026h2
109482
…
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from vault.audit.checkpoint import parse_size
from vault.audit.merkle import HASH_BYTES
from vault.crypto.note_keys import canonical_base64
from vault.errors import NoteRejected

HEADER: Final = "c2sp.org/tlog-proof@v1"
MOST_HASHES: Final = 63
SUFFIX: Final = ".tlog-proof"


@dataclass(frozen=True, slots=True)
class LogProof:
    """index: of the entry; path: leaf's sibling first; checkpoint: the note, verbatim; extra: unauthenticated."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    def encode(self) -> str:
        lines = [HEADER]
        if self.extra:
            lines.append(f"extra {b64encode(self.extra).decode('ascii')}")
        lines.append(f"index {self.index}")
        lines += [b64encode(each).decode("ascii") for each in self.path]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @classmethod
    def parse(cls, text: str) -> LogProof:
        """Raises NoteRejected for what is not written exactly so. The checkpoint is not opened here."""
        head, empty, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if not empty or lines.pop(0) != HEADER or not lines:
            raise NoteRejected("no proof of a log entry")
        extra = b""
        if lines[0].startswith("extra "):
            extra = canonical_base64(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise NoteRejected("the proof does not say which entry it is about")
        index = parse_size(lines.pop(0).removeprefix("index "))
        if len(lines) > MOST_HASHES:
            raise NoteRejected("the proof is longer than any tree is high")
        path = tuple(canonical_base64(line) for line in lines)
        if any(len(each) != HASH_BYTES for each in path):
            raise NoteRejected(f"a hash is {HASH_BYTES} bytes")
        return cls(index, path, checkpoint, extra)
