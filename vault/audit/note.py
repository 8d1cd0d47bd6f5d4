"""Signed notes: a text, an empty line, and a line per signature. C2SP signed-note.

    example.org/log
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.org/log Az3grlgtzPICa5OS8npVmf1Myq/5…

Nothing of a note is believed before `open_note` has found a valid signature of a key that the reader was given.
A line by an unknown key is kept but proves nothing; a line that names a known key and does not verify condemns the
whole note, however many lines by that key were right; of several right ones the first counts.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vault.crypto.note_keys import NoteSigner, NoteVerifier, canonical_base64, check_name
from vault.errors import NoteRejected

LARGEST_NOTE: Final = 1_000_000  # bytes; a hundred post-quantum signatures take half of it
MOST_SIGNATURES: Final = 100
_DASH: Final = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One line. moment: seconds since 1970 where a verified cosignature carries them."""

    name: str
    key_id: bytes
    signature: bytes
    moment: int | None = None

    @property
    def line(self) -> str:
        """As it stands in the note, with its newline."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature).decode('ascii')}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """An opened note. text: with its last newline. verified: by known keys; unverified: by keys nobody gave us."""

    text: str
    verified: tuple[NoteSignature, ...]
    unverified: tuple[NoteSignature, ...]


def sign_note(text: str, *signers: NoteSigner, moment: int = 0) -> str:
    """Return `text` as a note signed by each of `signers`, in order.

    text: ends with a newline. moment: seconds since 1970, for the kinds of key that sign one.
    Raises NoteRejected for a text that no reader would accept.
    """
    raw = check_text(text)
    if not signers:
        raise NoteRejected("a note has at least one signature")
    lines = [
        NoteSignature(signer.verifier.name, signer.verifier.key_id, signer.sign(raw, moment)).line for signer in signers
    ]
    return f"{text}\n{''.join(lines)}"


def split_note(note: str | bytes) -> tuple[str, tuple[NoteSignature, ...]]:
    """Return the text and its signature lines, unverified. Raises NoteRejected for what is no note."""
    raw = note if isinstance(note, bytes) else _encode(note)
    if len(raw) > LARGEST_NOTE:
        raise NoteRejected("the note is too long")
    try:
        whole = raw.decode()
    except UnicodeDecodeError:
        raise NoteRejected("the note is not UTF-8") from None
    end = whole.rfind("\n\n")
    if end < 0 or not whole.endswith("\n"):
        raise NoteRejected("the note has no signatures")
    text, lines = whole[: end + 1], whole[end + 2 :].split("\n")[:-1]
    check_text(text)
    if not lines:
        raise NoteRejected("the note has no signatures")
    if len(lines) > MOST_SIGNATURES:
        raise NoteRejected("the note has too many signatures")
    return text, tuple(parse_signature(line) for line in lines)


def parse_signature(line: str) -> NoteSignature:
    """One signature line, without its newline. Raises NoteRejected."""
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise NoteRejected("a signature line is a dash, a name and base64")
    raw = canonical_base64(encoded)
    if len(raw) < 5:
        raise NoteRejected("a signature is longer than its key's id")
    return NoteSignature(check_name(name), raw[:4], raw[4:])


def open_note(text: str | bytes, verifiers: Iterable[NoteVerifier | str]) -> Note:
    """Return the note if a known key signed it and no known key's signature is wrong. Raises NoteRejected.

    text: the whole note, signatures and all. verifiers: keys, or their text form.
    """
    known: dict[tuple[str, bytes], NoteVerifier] = {}
    for each in verifiers:
        verifier = NoteVerifier.parse(each) if isinstance(each, str) else each
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise NoteRejected("two verifier keys share a name and an id")
    signed, signatures = split_note(text)
    raw = signed.encode()
    verified: dict[tuple[str, bytes], NoteSignature] = {}
    unverified: dict[NoteSignature, None] = {}
    for found in signatures:
        place = (found.name, found.key_id)
        if place not in known:
            unverified[found] = None
        else:
            moment = known[place].verify(raw, found.signature)
            verified.setdefault(place, NoteSignature(found.name, found.key_id, found.signature, moment))
    if not verified:
        raise NoteRejected("no known key signed the note")
    return Note(signed, tuple(verified.values()), tuple(unverified))


def with_signatures(note: str, more: Iterable[NoteSignature]) -> str:
    """The note with further lines after its own: those that are there already are not repeated."""
    _, present = split_note(note)
    seen = {(each.name, each.key_id) for each in present}
    return note + "".join(each.line for each in more if (each.name, each.key_id) not in seen)


def check_text(text: str) -> bytes:
    """The bytes of a note's text. Raises NoteRejected for what cannot be one."""
    if not text.endswith("\n"):
        raise NoteRejected("a note's text ends with a newline")
    if any(char < " " and char != "\n" for char in text):
        raise NoteRejected("a note holds no control characters")
    return _encode(text)


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NoteRejected("a note is UTF-8") from None
