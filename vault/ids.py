"""Identifiers: one type each, so that a note's id can never stand where a case's is meant.

All are 16 bytes. Random ones come from `Entropy`; an audit entry's id is its place (lane and number),
which makes gaps visible. The text form is 32 lower-case hexadecimal digits: internal, for URLs inside
casework; other zones only ever see pseudonyms of their own domain.

    >>> NoteId.parse("00112233445566778899aabbccddeeff").hex()
    '00112233445566778899aabbccddeeff'
"""

from __future__ import annotations

from typing import Final, NoReturn, Self

from vault.errors import MalformedId

ID_BYTES: Final = 16
_set: Final = object.__setattr__


class _Id:
    """Immutable. Written out instead of a frozen dataclass: every request makes a dozen, at half the cost."""

    __slots__ = ("raw",)
    raw: bytes

    def __init__(self, raw: bytes) -> None:
        if type(raw) is not bytes or len(raw) != ID_BYTES:
            raise MalformedId(f"{type(self).__name__} needs {ID_BYTES} bytes")
        _set(self, "raw", raw)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.raw == self.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __lt__(self, other: Self) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.raw < other.raw

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.raw.hex()})"

    def __reduce__(self) -> tuple[type[Self], tuple[bytes]]:
        return type(self), (self.raw,)

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


class RequestId(_Id):
    """One request for access, from filing to its answer."""

    __slots__ = ()


class BreakGlassId(_Id):
    """One emergency, from the request to its end."""

    __slots__ = ()


class CaseSampleId(_Id):
    """One case that was drawn by lot for a regional head."""

    __slots__ = ()


class ErasureId(_Id):
    """One request that a case be erased, from asking to its confirmation."""

    __slots__ = ()


class PasskeyId(_Id):
    """A passkey of a member of staff."""

    __slots__ = ()


class AppointmentId(_Id):
    """One time at which somebody is expected, received or was not there."""

    __slots__ = ()


class ReferralId(_Id):
    """One referral, as casework knows it. Its release has another id: no row relates the two."""

    __slots__ = ()


class AbsenceId(_Id):
    """One holiday or leave of a coach."""

    __slots__ = ()


class AnswerId(_Id):
    """One answer of a partner, as it stands between the zones."""

    __slots__ = ()


class ConsentId(_Id):
    """One consent of a person: to one partner, for one referral."""

    __slots__ = ()


class EntryId(_Id):
    """One audit entry: eight bytes of lane, eight bytes of number, both big-endian."""

    __slots__ = ()
