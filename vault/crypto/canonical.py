"""One unambiguous encoding of contexts: what goes into associated data, HPKE `info` and signatures.

An encoding is a label followed by fields, each written as `type ‖ length ‖ value`:

    type    1 byte    4C label, 01 bytes, 02 text, 03 integer, 04 none, 05 moment
    length  4 bytes   big-endian, of the value
    value             raw bytes | UTF-8 | 8 bytes signed big-endian | nothing | 8 bytes signed big-endian
                      microseconds since 1970-01-01T00:00:00Z

Every item ends where its length says and carries its type, so a reader can take the bytes apart again in
exactly one way: two different lists of fields never encode alike. A moment is encoded as an instant: the
same instant written in two time zones is one value. Text is taken as it is, without normalisation.

    >>> encode("demo", 1, None).hex()
    '4c0000000464656d6f030000000800000000000000010400000000'
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from vault.errors import InvalidInput

Field = bytes | str | int | datetime | None

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_INTEGER_HEAD: Final = b"\x03\x00\x00\x00\x08"
_MOMENT_HEAD: Final = b"\x05\x00\x00\x00\x08"
_NONE: Final = b"\x04\x00\x00\x00\x00"
_LIMIT: Final = 1 << 63


def encode(domain_label: str, *fields: Field) -> bytes:
    """Return the canonical bytes of `fields` under `domain_label`.

    domain_label: names the format and its version, unique in this program. Integers: -2**63 to 2**63 - 1.
    Moments: aware. Raises InvalidInput for a value out of range, TypeError for any other type (bool too:
    it would be taken for an integer).
    """
    label = domain_label.encode("ascii")
    parts = [b"\x4c", len(label).to_bytes(4, "big"), label]
    for field in fields:
        if isinstance(field, str):
            raw = _utf8(field)
            parts += (b"\x02", len(raw).to_bytes(4, "big"), raw)
        elif isinstance(field, bytes):
            parts += (b"\x01", len(field).to_bytes(4, "big"), field)
        elif field is None:
            parts.append(_NONE)
        elif type(field) is int:
            parts += (_INTEGER_HEAD, _signed(field))
        elif isinstance(field, datetime):
            parts += (_MOMENT_HEAD, _signed(_microseconds(field)))
        else:
            raise TypeError(f"{type(field).__name__} has no canonical encoding")
    return b"".join(parts)


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInput("text with a lone surrogate has no canonical encoding") from error


def _signed(value: int) -> bytes:
    if not -_LIMIT <= value < _LIMIT:
        raise InvalidInput("integer outside 64 bits has no canonical encoding")
    return value.to_bytes(8, "big", signed=True)


def _microseconds(moment: datetime) -> int:
    if moment.utcoffset() is None:
        raise InvalidInput("a moment without time zone has no canonical encoding")
    # Whole-number division: float timestamps would round two neighbouring microseconds to one.
    return (moment - _EPOCH) // _MICROSECOND
