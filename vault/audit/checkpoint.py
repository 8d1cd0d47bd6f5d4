"""Checkpoints: a tree's size and root under the log's origin, as a signed note. C2SP tlog-checkpoint.

    text = Checkpoint("example.org/log/2026h2", 3, root).text()
    signed = sign_note(text, key)
    open_checkpoint(signed, [key.verifier], "example.org/log/2026h2").size

A checkpoint never holds extension lines here: nobody could audit them. Those of others are read and kept.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from vault.audit.merkle import EMPTY_ROOT, HASH_BYTES, LARGEST_SIZE
from vault.audit.note import Note, check_text, open_note
from vault.crypto.note_keys import NoteVerifier, canonical_base64
from vault.errors import NoteRejected


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head. origin: the log's identity; root: 32 bytes; extensions: further lines, not empty."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The note's text."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode("ascii"), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class OpenedCheckpoint:
    """A checkpoint that its log signed, with the note it stood on."""

    checkpoint: Checkpoint
    note: Note

    @property
    def size(self) -> int:
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        return self.checkpoint.root


def parse_checkpoint(text: str | bytes) -> Checkpoint:
    """Return the checkpoint that a note's text holds; of a whole note, hand over `open_note(…).text`.

    Raises NoteRejected for leading zeroes, another root length, empty lines, a missing last newline, control
    characters, and an empty tree with a root of its own.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            raise NoteRejected("a checkpoint is UTF-8") from None
    check_text(text)
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise NoteRejected("a checkpoint is at least three lines, none of them empty")
    origin, size, root, *extensions = lines
    raw = canonical_base64(root)
    if len(raw) != HASH_BYTES:
        raise NoteRejected(f"a root is {HASH_BYTES} bytes")
    found = Checkpoint(origin, parse_size(size), raw, tuple(extensions))
    if found.size == 0 and found.root != EMPTY_ROOT:
        raise NoteRejected("an empty tree has one root only")
    return found


def parse_size(text: str) -> int:
    """A decimal number without leading zeroes, below 2^64. Raises NoteRejected."""
    if not (text.isascii() and text.isdigit() and len(text) <= 20) or (text[0] == "0" and text != "0"):
        raise NoteRejected("a size is a decimal number without leading zeroes")
    value = int(text)
    if value > LARGEST_SIZE:
        raise NoteRejected("a size is an unsigned 64-bit number")
    return value


def open_checkpoint(note: str | bytes, verifiers: Iterable[NoteVerifier | str], origin: str) -> OpenedCheckpoint:
    """Return the checkpoint that one of `verifiers`, keys of the log itself, signed for `origin`.

    Raises NoteRejected.
    """
    opened = open_note(note, verifiers)
    found = parse_checkpoint(opened.text)
    if found.origin != origin:
        raise NoteRejected("the checkpoint is another log's")
    return OpenedCheckpoint(found, opened)
