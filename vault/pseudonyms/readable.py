"""Pseudonyms as people write, read aloud and type them.

    F-0123-4567-89AB-CDEF-GHJK-MNPQ-RS7      letter of the domain, 26 characters of token, check character

The token's 128 bits, with two zero bits in front, are 26 characters of Crockford's base32 (no I, L, O, U).
The check character comes from the same 32: with characters as elements of GF(32) = GF(2)[x]/(x^5 + x^2 + 1)
and g = x, the sum of character i times g^i, counted from the check character at i = 0 up to the domain's
letter at i = 27, is zero. As the powers of g are all different up to i = 30, every single wrong character and
every exchange of two characters, neighbours or not, is detected. ISO 7064 mod 37,36 misses some exchanges,
and Crockford's own check needs `*~$=`, which a shell expands and nobody can read out on the telephone.

Typing is forgiven: case, spaces, hyphens of any kind, O for 0, I and L for 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vault.errors import InvalidIdentifier
from vault.pseudonyms.domains import PseudonymDomain

TOKEN_BYTES: Final = 16
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_TOKEN_CHARACTERS: Final = 26
_LONGEST: Final = 128  # characters typed, spaces included
_VALUE: Final = {character: value for value, character in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_IGNORED: Final = str.maketrans("", "", " \t-\u00a0\u202f\u2010\u2011\u2012\u2013\u2014")


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """Stands for one case inside one domain.

    token: 16 bytes. Equal tokens of two domains mean nothing.
    """

    domain: PseudonymDomain
    token: bytes

    def __post_init__(self) -> None:
        if type(self.token) is not bytes or len(self.token) != TOKEN_BYTES:
            raise InvalidIdentifier(f"a pseudonym's token is {TOKEN_BYTES} bytes")

    @property
    def text(self) -> str:
        """The readable form, 35 characters."""
        number = int.from_bytes(self.token, "big")
        letter = self.domain.letter
        total = _times_g(_VALUE[letter])
        body = ""
        for shift in _SHIFTS:
            pair = number >> shift & 1023
            body += _PAIRS[pair]
            total = _TWICE[total] ^ _PAIR_CHECK[pair]
        return (
            f"{letter}-{body[:4]}-{body[4:8]}-{body[8:12]}-{body[12:16]}-{body[16:20]}-{body[20:24]}-"
            f"{body[24:]}{ALPHABET[total]}"
        )

    def __str__(self) -> str:
        return self.text


def parse_pseudonym(text: str, expected_domain: PseudonymDomain) -> Pseudonym:
    """Return the pseudonym that `text` writes in `expected_domain`.

    Raises InvalidIdentifier for another domain's letter, another length or alphabet, or a check character
    that does not fit. Partners share the letter P: whose pseudonym it is, only a look-up tells.
    """
    if len(text) == _TEXT_CHARACTERS and (token := _canonical(text, expected_domain.letter)) is not None:
        return Pseudonym(expected_domain, token)
    if len(text) > _LONGEST:
        raise InvalidIdentifier("a case reference or pseudonym is shorter")
    typed = text.translate(_IGNORED)
    if not typed.isascii() or len(typed) != _TOKEN_CHARACTERS + 2:
        raise InvalidIdentifier(f"a case reference or pseudonym has {_TOKEN_CHARACTERS + 2} letters and digits")
    try:
        letter, *values, check = [_VALUE[character] for character in typed.upper()]
    except KeyError:
        raise InvalidIdentifier("a case reference or pseudonym is written in digits and letters without U") from None
    if letter != _VALUE[expected_domain.letter]:
        raise InvalidIdentifier(f"case references or pseudonyms begin with {expected_domain.letter} here")
    # The two bits in front are zero, or one token would have four spellings.
    if check != _check([letter, *values]) or values[0] >= 8:
        raise InvalidIdentifier("the case reference or pseudonym has a wrong character: look at it again")
    number = 0
    for value in values:
        number = number << 5 | value
    return Pseudonym(expected_domain, number.to_bytes(TOKEN_BYTES, "big"))


def _canonical(text: str, letter: str) -> bytes | None:
    """The token of a pseudonym written exactly as `Pseudonym.text` writes it; None: the tolerant way decides."""
    typed = text.replace("-", "")
    if len(typed) != _TOKEN_CHARACTERS + 2 or typed[0] != letter:
        return None
    total, number = _times_g(_VALUE[letter]), 0
    for start in range(1, _TOKEN_CHARACTERS, 2):
        pair = _PAIR_VALUE.get(typed[start : start + 2])
        if pair is None:
            return None
        total = _TWICE[total] ^ _PAIR_CHECK[pair]
        number = number << 10 | pair
    if typed[-1] != ALPHABET[total] or number >> 128:
        return None
    return number.to_bytes(TOKEN_BYTES, "big")


def _check(values: list[int]) -> int:
    """The value that makes the weighted sum zero, by Horner's rule: in GF(2^5) minus is plus."""
    total = 0
    for value in values:
        total = _times_g(total ^ value)
    return total


def _times_g(value: int) -> int:
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 32 else doubled


# Every request writes and reads pseudonyms, so characters go two by two: a pair's text, and its share of the check
# character (the sum is linear, and one pair further multiplies what came before by g squared). Tests hold these
# equal to the definition above.
_SHIFTS: Final = tuple(range(120, -1, -10))
_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)
_PAIR_VALUE: Final = {pair: value for value, pair in enumerate(_PAIRS)}
_PAIR_CHECK: Final = tuple(_check([value >> 5, value & 31]) for value in range(1024))
_TWICE: Final = tuple(_times_g(_times_g(value)) for value in range(32))
_TEXT_CHARACTERS: Final = 35
