"""The numbers of a file: parsed once at the border, canonical and checked from then on.

    NationalNumber.parse("93.05.18-223.61").digits      # "93051822361"
    normalise_for_index("ov_number", "SP 8.123.456")    # "8123456"

Rules: ASCII digits only (other scripts' digits look right and compare wrong). A message says what is wrong and
never repeats the value. Canonical forms feed the blind index: changing one makes stored cases unfindable.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from stdnum.be import bis, nn
from stdnum.exceptions import InvalidChecksum, ValidationError

from vault.errors import InvalidIdentifier, InvalidInput

_LONGEST: Final = 64  # characters as typed, label and punctuation included

# Eleven digits, each pair separated by at most two of space, dot, hyphen, slash.
_ELEVEN: Final = re.compile(r"[0-9](?:[ .\-/]{0,2}[0-9]){10}")
_OV: Final = re.compile(
    r"(?:(?:S\.? ?P\.?|O\.? ?V\.?)(?: ?/ ?(?:S\.? ?P\.?|O\.? ?V\.?))? ?:? ?)?([0-9](?:[ .]?[0-9]){6,7})"
)
_OQT: Final = re.compile(r"[A-Z0-9](?:[A-Z0-9./-]{0,38}[A-Z0-9])?")
_CGRA: Final = re.compile(r"([0-9]{2}) ?/ ?([0-9]{5}) ?([A-Z]?)")


@dataclass(frozen=True, slots=True, repr=False)
class NationalNumber:
    """A NISS/INSZ of the national register, or a bis number.

    digits: 11 digits whose check number holds. Accepted on purpose: month or day 00 (birth date incomplete, or
    the day's serials used up; then month 00 and a day of 00-09), and the fictitious dates 00.00.01. Refused though
    stdnum takes them: days that no calendar has, and the serials 000 and 999, as they run from 001 to 998. The check
    number also tells the century: for births from 2000 on a `2` stands in front of the first nine digits.
    """

    digits: str

    def __post_init__(self) -> None:
        digits = self.digits
        if len(digits) != 11 or not (digits.isascii() and digits.isdigit()):
            raise _wrong_national("a national number has 11 digits")
        # stdnum takes a number of zeros for a checked one where only the length is looked at: refused here.
        if not digits.strip("0"):
            raise _wrong_national("a national number is not all zeros")
        try:
            (bis if self.is_bis else nn).validate(digits)
        except InvalidChecksum:
            raise _wrong_national("the check digits of the national number do not fit") from None
        except ValidationError:
            raise _wrong_national("a national number has a month of 00-12, 20-32 or 40-52") from None
        if not 1 <= int(digits[6:9]) <= 998:
            raise _wrong_national("a national number has a serial of 001-998")
        month, day = int(digits[2:4]) % 20, int(digits[4:6])
        # The year of a fictitious date is unknown, but its month is 00, so the calendar is not asked.
        last = 9 if month == 0 else monthrange(self.birth_year or 2000, month)[1]
        if day > last:
            raise _wrong_national("a national number has a day that exists in its month, or 00")

    @classmethod
    def parse(cls, text: str) -> NationalNumber:
        """`YY.MM.DD-SSS.CC`, or 11 digits with spaces, dots, hyphens or slashes. Raises InvalidIdentifier."""
        typed = _typed(text, "national_number")
        if not _ELEVEN.fullmatch(typed):
            raise _wrong_national("a national number is 11 digits, written YY.MM.DD-SSS.CC or without punctuation")
        return cls(re.sub(r"[ .\-/]", "", typed))

    @property
    def formatted(self) -> str:
        """`YY.MM.DD-SSS.CC`."""
        d = self.digits
        return f"{d[:2]}.{d[2:4]}.{d[4:6]}-{d[6:9]}.{d[9:]}"

    @property
    def is_bis(self) -> bool:
        """Month + 20 (sex unknown) or + 40 (known): the person is not in the national register."""
        return int(self.digits[2:4]) >= 20

    @property
    def birth_year(self) -> int | None:
        """None where the date is a fictitious one, given to people whose birth date is wholly unknown."""
        year: int | None = nn.get_birth_year(self.digits)
        return year

    @property
    def birth_date(self) -> date | None:
        """None where the number does not tell the whole date: month or day 00."""
        found: date | None = nn.get_birth_date(self.digits)
        return found


@dataclass(frozen=True, slots=True, repr=False)
class OvNumber:
    """The file number of the Immigration Office (SP: sûreté publique, OV: openbare veiligheid).

    digits: 7 or 8 digits; there is no check number. Leading zeros count: `0812345` is not `812345`.
    """

    digits: str

    def __post_init__(self) -> None:
        if not 7 <= len(self.digits) <= 8 or not (self.digits.isascii() and self.digits.isdigit()):
            raise InvalidIdentifier("an SP/OV number has 7 or 8 digits", field="ov_number")
        if not self.digits.strip("0"):
            raise InvalidIdentifier("an SP/OV number is not all zeros", field="ov_number")

    @classmethod
    def parse(cls, text: str) -> OvNumber:
        """Digits, dotted or spaced, with or without the label SP, S.P., OV or O.V. Raises InvalidIdentifier."""
        found = _OV.fullmatch(_typed(text, "ov_number").upper())
        if found is None:
            raise InvalidIdentifier(
                "an SP/OV number has 7 or 8 digits, dots allowed, SP or OV in front", field="ov_number"
            )
        return cls(re.sub(r"[ .]", "", found[1]))


@dataclass(frozen=True, slots=True, repr=False)
class OqtReference:
    """The reference of an order to leave the territory.

    text: upper case, letters, digits, `-`, `/`, `.`, at most 40, beginning and ending with a letter or digit. No
    public source gives its shape (DOMAIN 5), so an office that knows its own passes `shape` to `parse`.
    """

    text: str

    def __post_init__(self) -> None:
        if not _OQT.fullmatch(self.text):
            raise _wrong_reference()

    @classmethod
    def parse(cls, text: str, shape: re.Pattern[str] = _OQT) -> OqtReference:
        """Case and spaces do not matter. shape: what the normalised text must match. Raises InvalidIdentifier."""
        typed = _typed(text, "oqt_reference").upper().replace(" ", "")
        if not shape.fullmatch(typed):
            raise _wrong_reference()
        return cls(typed)


@dataclass(frozen=True, slots=True, repr=False)
class CgraNumber:
    """The file number of the asylum office (CGRA/CGVS). text: `YY/NNNNN` and at most one letter."""

    text: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{2}/[0-9]{5}[A-Z]?", self.text):
            raise _wrong_cgra()

    @classmethod
    def parse(cls, text: str) -> CgraNumber:
        """`YY/NNNNN`, optionally a letter. Raises InvalidIdentifier."""
        found = _CGRA.fullmatch(_typed(text, "cgra_number").upper())
        if found is None:
            raise _wrong_cgra()
        return cls(f"{found[1]}/{found[2]}{found[3]}")


def normalise_for_index(field: str, text: str) -> str:
    """The canonical string that `field`'s blind index token is made of. Raises InvalidIdentifier, InvalidInput."""
    try:
        parse = _INDEXED[field]
    except KeyError:
        raise InvalidInput(f"an index exists for {', '.join(_INDEXED)}", field="field") from None
    return parse(text)


_INDEXED: Final[dict[str, Callable[[str], str]]] = {
    "national_number": lambda text: NationalNumber.parse(text).digits,
    "ov_number": lambda text: OvNumber.parse(text).digits,
    "oqt_reference": lambda text: OqtReference.parse(text).text,
}


def _typed(text: str, field: str) -> str:
    """What was typed, trimmed, with single spaces and plain hyphens; ASCII or refused."""
    if len(text) > _LONGEST:
        raise InvalidIdentifier(f"at most {_LONGEST} characters are expected", field=field)
    plain = re.sub(r"[ \t\u00a0\u202f\u2009]+", " ", re.sub(r"[\u2010-\u2014\u2212]", "-", text)).strip()
    if not plain:
        raise InvalidIdentifier("the number is empty", field=field)
    if not plain.isascii():
        raise InvalidIdentifier("only the letters A-Z, the digits 0-9 and plain punctuation are expected", field=field)
    return plain


def _wrong_national(message: str) -> InvalidIdentifier:
    return InvalidIdentifier(message, field="national_number")


def _wrong_reference() -> InvalidIdentifier:
    return InvalidIdentifier(
        "a reference has 1 to 40 letters, digits, hyphens, slashes or dots, a letter or digit at both ends",
        field="oqt_reference",
    )


def _wrong_cgra() -> InvalidIdentifier:
    return InvalidIdentifier(
        "a CGRA number is two digits, a slash, five digits and at most one letter", field="cgra_number"
    )
