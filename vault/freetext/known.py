"""What the case already knows about its people, as a detector: it decides which stand-in is meant.

known = KnownIdentities(people=(KnownPerson("1", "Diallo", "Aminata", ("Mimi",), ""),), phones=("0499 00 00 11",))
known.detect("Mimi, 0499/000011")       # two candidates
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vault.freetext.detect import Candidate, resolve
from vault.freetext.folding import fold
from vault.freetext.names import Named, NameFinder
from vault.freetext.numbers import Known, NumberFinder
from vault.freetext.spans import TokenType
from vault.freetext.stand_ins import FILLER

_SEPARATORS: Final = re.compile(rf"[^\w{FILLER}]|_")
#: Where findings overlap, blanking one out can bring a shorter one to light beside it; two rounds do in practice.
_MOST_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True, repr=False)
class KnownPerson:
    """One person of the case. key: the same for the same person in every note. national_number: digits or ""."""

    key: str
    family_name: str
    given_names: str
    aliases: tuple[str, ...] = ()
    national_number: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class KnownIdentities:
    """Everything by which a text could name the people of a case. Empty strings are ignored."""

    people: tuple[KnownPerson, ...] = ()
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    ov_numbers: tuple[str, ...] = ()
    oqt_references: tuple[str, ...] = ()

    def matcher(self) -> Matcher:
        """Ready to look through several texts. Not cached: it holds names in clear."""
        return Matcher(self)

    def detect(self, text: str) -> Sequence[Candidate]:
        """Findings without overlaps, in order. text: normalised, stand-ins blanked out."""
        return self.matcher().detect(text)


class Matcher:
    """`KnownIdentities`, prepared. A detector too."""

    __slots__ = ("_names", "_numbers")

    def __init__(self, known: KnownIdentities) -> None:
        self._names = NameFinder(
            Named(person.key, person.family_name, person.given_names, person.aliases) for person in known.people
        )
        numbers = [
            Known(TokenType.NISS, _punctuated(person.national_number), person.key)
            for person in known.people
            if person.national_number
        ]
        for kind, texts in (
            (TokenType.ADDRESS, known.addresses),
            (TokenType.PHONE, known.phones),
            (TokenType.EMAIL, known.emails),
            (TokenType.OV_NUMBER, known.ov_numbers),
            (TokenType.OQT_REFERENCE, known.oqt_references),
        ):
            numbers += [Known(kind, text.strip()) for text in texts if text.strip()]
        self._numbers = NumberFinder(numbers)

    def detect(self, text: str) -> Sequence[Candidate]:
        """Findings without overlaps, in order; what blanking them out brings to light is found too."""
        found: list[Candidate] = []
        for _ in range(_MOST_ROUNDS):
            folded = fold(text)
            all_ = [*self._numbers.search(folded), *self._names.search(folded)]
            more = resolve(all_)
            found += more
            if len(more) == len(all_):  # nothing overlapped, so nothing is hidden
                break
            text = _blanked(text, more)
        return sorted(found, key=lambda candidate: candidate.start)

    def survivors(self, text: str) -> int:
        """How many known identities `text` still holds. text: after replacement, stand-ins blanked out.

        1. Whatever `detect` finds. 2. Blunter, whatever separates the letters: full names of eight letters and
        more, and numbers of ten digits and more, so that `A m i n a t a  D i a l l o` is not stored.
        """
        folded = fold(text)
        count = len(resolve([*self._numbers.search(folded), *self._names.search(folded)]))
        squeezed = _SEPARATORS.sub("", folded.text)
        count += sum(name in squeezed for name in self._names.whole)
        return count or len(list(self._numbers.search_scattered(folded)))


def _blanked(text: str, found: Sequence[Candidate]) -> str:
    pieces, done = [], 0
    for candidate in found:
        pieces += [text[done : candidate.start], FILLER * (candidate.end - candidate.start)]
        done = candidate.end
    return "".join([*pieces, text[done:]])


def _punctuated(digits: str) -> str:
    """`YY.MM.DD-SSS.CC`, the form that restoring writes; anything else stays as it is."""
    if re.fullmatch("[0-9]{11}", digits):
        return f"{digits[:2]}.{digits[2:4]}.{digits[4:6]}-{digits[6:9]}.{digits[9:]}"
    return digits.strip()
