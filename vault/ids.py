"""Identifiers: one type each, so that a note's id can never stand where a case's is meant.

All are 16 bytes. Random ones come from `Entropy`; an audit entry's id is its place (lane and number),
which makes gaps visible. The text form is 32 lower-case hexadecimal digits: internal, for URLs inside
casework; other zones only ever see pseudonyms of their own domain.

    >>> NoteId.parse("00112233445566778899aabbccddeeff").hex()
    '00112233445566778899aabbccddeeff'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from vault.errors import MalformedId

ID_BYTES = 16


@dataclass(frozen=True, slots=True, order=True)
class _Id:
    raw: bytes

    def __post_init__(self) -> None:
        if type(self.raw) is not bytes or len(self.raw) != ID_BYTES:
            raise MalformedId(f"{type(self).__name__} needs {ID_BYTES} bytes")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the id written as 32 lower-case hexadecimal digits. Raises MalformedId for anything else."""
        if len(text) != 2 * ID_BYTES or not text.isascii() or text != text.lower():
            raise MalformedId(f"{cls.__name__} is written as {2 * ID_BYTES} lower-case hexadecimal digits")
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            raise MalformedId(f"{cls.__name__} is written as {2 * ID_BYTES} hexadecimal digits") from None
        return cls(raw)

    def hex(self) -> str:
        return self.raw.hex()

    def __str__(self) -> str:
        return self.raw.hex()


class CaseId(_Id):
    """One case: a person or a family and the order to leave that concerns them."""

    __slots__ = ()


class RecordId(_Id):
    """One sealed record with all its versions: an identity, a contact sheet, a token map, a note."""

    __slots__ = ()


class ActorId(_Id):
    """One member of staff or one service, in one zone."""

    __slots__ = ()


class SessionId(_Id):
    """One sign-in. Not the token: that is known to its bearer alone."""

    __slots__ = ()


class KeyId(_Id):
    """One data key, whatever it is wrapped under."""

    __slots__ = ()


class ReleaseId(_Id):
    """One thing that left casework: an outcome sheet, a referral."""

    __slots__ = ()


class EntryId(_Id):
    """One audit entry: eight bytes of lane, eight bytes of number, both big-endian."""

    __slots__ = ()
