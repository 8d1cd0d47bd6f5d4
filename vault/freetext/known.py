"""What the case already knows about its people, as a stage: it decides which stand-in is meant.

    known = KnownIdentities(people=(KnownPerson("1", "Diallo", "Aminata", ("Mimi",), ""),), phones=("0499 00 00 11",))
    matcher = known.matcher()
    matcher.find(Reading("Mimi, 0499/000011"), ())       # two findings

Names in every writing, also misspelt (`similar_names`), spelt out (`spelt_out`), with signs for letters
(`look_alikes`), run together with other words (`run_together`) or as initials (`initials`); numbers in any
punctuation; dates of birth in figures and words; and what earlier notes of the case already gave a stand-in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from vault.freetext.findings import Finding
from vault.freetext.folding import Folded, fold
from vault.freetext.initials import Initials
from vault.freetext.look_alikes import LookAlikes
from vault.freetext.names import Named, NameFinder
from vault.freetext.numbers import Known, NumberFinder
from vault.freetext.reading import Reading
from vault.freetext.run_together import RunTogether
from vault.freetext.similar_names import SimilarNames
from vault.freetext.spans import Reason, Source, TokenType
from vault.freetext.spelt_out import SpeltOut
from vault.freetext.stand_ins import FILLER
from vault.freetext.words import load_words

_SEPARATORS: Final = re.compile(rf"[^\w{FILLER}]|_")
#: Where findings overlap, blanking one out can bring a shorter one to light beside it; two rounds do in practice.
_MOST_ROUNDS: Final = 5
_LONG_ENOUGH: Final = 5  # letters
#: Types of earlier stand-ins that are looked for as names are.
_EARLIER_SCORE: Final = 0.9


@dataclass(frozen=True, slots=True, repr=False)
class KnownPerson:
    """One person of the case. key: the same for the same person in every note. national_number: digits or ""."""

    key: str
    family_name: str
    given_names: str
    aliases: tuple[str, ...] = ()
    national_number: str = ""
    birth_date: date | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Earlier:
    """What a stand-in of an earlier note means. key: of its entry. texts: every form that was typed."""

    key: str
    type: TokenType
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class KnownIdentities:
    """Everything by which a text could name the people of a case. Empty strings are ignored."""

    people: tuple[KnownPerson, ...] = ()
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    ov_numbers: tuple[str, ...] = ()
    oqt_references: tuple[str, ...] = ()
    earlier: tuple[Earlier, ...] = ()

    def matcher(self) -> Matcher:
        """Ready to look through several texts. Not cached: it holds names in clear."""
        return Matcher(self)


class Matcher:
    """`KnownIdentities`, prepared: a stage."""

    __slots__ = (
        "_births", "_earlier_names", "_earlier_numbers", "_initials", "_last", "_look_alikes", "_names", "_numbers",
        "_run_together", "_similar", "_spelt",
    )  # fmt: skip

    def __init__(self, known: KnownIdentities) -> None:
        words = load_words()
        people = [Named(person.key, person.family_name, person.given_names, person.aliases) for person in known.people]

        def ordinary(word: str) -> bool:
            """A word that people are called (`broeck`) does not pass for an ordinary one where the case knows it."""
            return words.is_ordinary_anywhere(word) and not (len(word) >= _LONG_ENOUGH and words.is_name(word))

        #: What was looked through last, and what was found: what is stored of it is often the same text.
        self._last: tuple[Reading, list[Finding]] | None = None
        self._names = NameFinder(people, ordinary)
        self._similar = SimilarNames(people, words)
        self._spelt = SpeltOut(self._names, ordinary)
        self._look_alikes = LookAlikes(self._names)
        self._run_together = RunTogether(self._names)
        self._initials = Initials(people)
        self._numbers = NumberFinder(_numbers(known))
        self._births = {person.birth_date: person.key for person in known.people if person.birth_date is not None}
        names = [
            Named(one.key, "", one.texts[0], one.texts[1:]) for one in known.earlier if one.type is TokenType.PERSON
        ]
        self._earlier_names = NameFinder(names, ordinary)
        self._earlier_numbers = NumberFinder(
            Known(one.type, text, one.key)
            for one in known.earlier
            if one.type is not TokenType.PERSON
            for text in one.texts
        )

    def find(self, reading: Reading, found: Sequence[Finding] = ()) -> list[Finding]:  # noqa: ARG002 - needs none
        """Findings; those of one kind do not overlap."""
        exact = _rounds(reading.folded, self._numbers, self._names)
        similar = _longest_first(self._similar.search(reading.tokens))
        births = self._dates_of_birth(reading.folded)
        earlier = (
            replace(one, reason=Reason(Source.REPEAT, "named in an earlier note"), score=_EARLIER_SCORE)
            for one in _rounds(reading.folded, self._earlier_numbers, self._earlier_names)
        )
        folded = reading.folded
        written = [
            *self._spelt.search(folded),
            *self._look_alikes.search(folded),
            *self._run_together.search(folded),
            *self._initials.search(reading.text),
        ]
        known = [*exact, *similar, *written, *births, *earlier]
        self._last = (reading, known)
        return known

    def survivors(self, text: str) -> int:
        """How many known identities `text` still holds. text: after replacement, stand-ins blanked out.

        1. Whatever the case's own identities are found as. 2. Blunter, whatever separates the letters: full names of
        eight letters and more, and numbers of ten digits and more, so that `Ami!nata!Dia!llo` is not stored.
        """
        reading = Reading(text)
        if self._last is not None and self._last[0].text == reading.text:
            reading, found = self._last
        else:
            found = self.find(reading)
        count = sum(one.source is Source.KNOWN for one in found)
        squeezed = _SEPARATORS.sub("", reading.folded.text)
        count += sum(name in squeezed for name in self._names.whole)
        return count or len(list(self._numbers.search_scattered(reading.folded)))

    def _dates_of_birth(self, folded: Folded) -> Iterator[Finding]:
        if not self._births:
            return
        from vault.freetext.dates import read_dates  # patterns that take time to build: see `pipeline.make_pipeline`

        for one in read_dates(folded.text):
            if not (one.day and one.month and one.year):
                continue
            try:
                person = self._births.get(date(one.year, one.month, one.day))
            except ValueError:  # the 30th of February
                continue
            if person is not None:
                where = folded.source_span(one.start, one.end)
                yield Finding(*where, TokenType.BIRTH_DATE, Reason(Source.KNOWN, "date of birth"), person=person)


def _numbers(known: KnownIdentities) -> list[Known]:
    found = [
        Known(TokenType.NISS, _punctuated(person.national_number), person.key)
        for person in known.people
        if person.national_number
    ]
    found += [
        Known(TokenType.BIRTH_DATE, person.birth_date.isoformat(), person.key)
        for person in known.people
        if person.birth_date is not None
    ]
    for kind, texts in (
        (TokenType.ADDRESS, known.addresses),
        (TokenType.PHONE, known.phones),
        (TokenType.EMAIL, known.emails),
        (TokenType.OV_NUMBER, known.ov_numbers),
        (TokenType.OQT_REFERENCE, known.oqt_references),
    ):
        found += [Known(kind, text.strip()) for text in texts if text.strip()]
    return found


def _rounds(folded: Folded, numbers: NumberFinder, names: NameFinder) -> list[Finding]:
    """Without overlaps; what blanking them out brings to light is found too."""
    found: list[Finding] = []
    for _ in range(_MOST_ROUNDS):
        all_ = [*numbers.search(folded), *names.search(folded)]
        more = _longest_first(all_)
        found += more
        if len(more) == len(all_):  # nothing overlapped, so nothing is hidden
            break
        folded = fold(_blanked(folded.source, more))
    return found


def _longest_first(findings: Iterable[Finding]) -> list[Finding]:
    """Without overlaps: the surer, then the longer, then the earlier."""
    chosen: list[Finding] = []
    taken: set[int] = set()
    for one in sorted(findings, key=lambda one: (-one.score, one.start - one.end, one.start)):
        places = range(one.start, one.end)
        if taken.isdisjoint(places):
            taken.update(places)
            chosen.append(one)
    return chosen


def _blanked(text: str, found: Sequence[Finding]) -> str:
    pieces, done = [], 0
    for one in sorted(found, key=lambda one: one.start):
        pieces += [text[done : one.start], FILLER * (one.end - one.start)]
        done = one.end
    return "".join([*pieces, text[done:]])


def _punctuated(digits: str) -> str:
    """`YY.MM.DD-SSS.CC`; anything else stays as it is."""
    if re.fullmatch("[0-9]{11}", digits):
        return f"{digits[:2]}.{digits[2:4]}.{digits[4:6]}-{digits[6:9]}.{digits[9:]}"
    return digits.strip()
