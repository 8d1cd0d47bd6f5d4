"""All stages in order, and `detect`: what a text holds that identifies people.

    [(s.start, s.end, s.type.value, s.tier.value, s.score) for s in detect("Vu Mme Diallo, NISS 93.05.18-223.61", "fr")]

Looking through a text costs time and needs no case (`Pipeline.read`): it happens before a store's transaction. What the
case knows is matched inside it, quickly, and settled with the rest (`settled`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from vault.errors import InvalidInput
from vault.freetext.findings import Finding, Stage
from vault.freetext.folding import folded_word
from vault.freetext.known import KnownIdentities, KnownPerson, Matcher
from vault.freetext.languages import LANGUAGES
from vault.freetext.particles import PARTICLES
from vault.freetext.reading import Reading
from vault.freetext.settle import settle
from vault.freetext.shapes import Shapes
from vault.freetext.spans import Span
from vault.freetext.wording import Wording

#: Changes whenever a stage may find something else: notes that were written under another can be looked at again.
VERSION: Final = "7"


@dataclass(frozen=True, slots=True, repr=False)
class Looked:
    """What the stages found in one text, before the case is asked. findings: settled, in order."""

    source: str
    reading: Reading
    findings: tuple[Finding, ...]
    version: str


class Pipeline:
    """The stages, made once. Safe to share between threads: stages keep nothing between texts."""

    def __init__(
        self, first: Sequence[Stage], then: Sequence[Stage], version: str = VERSION, wording: Wording | None = None
    ) -> None:
        """first: independent of each other. then: each sees what was found before it. wording: names nobody."""
        self._wording = wording or Wording()
        self._first = tuple(first)
        self._then = tuple(then)
        self.version = version

    def read(self, source: str, language: str | None = None) -> Looked:
        """Look through `source`, any string. language: fr, nl, de, en, or None: told by the text."""
        reading = Reading(source, language)
        raw = [one for stage in self._first for one in stage.find(reading, ())]
        found = settle(reading.text, self._wording.without(reading.text, raw))
        stable = False  # whether settling `found` once more would change nothing
        for stage in self._then:
            more = self._wording.without(reading.text, list(stage.find(reading, found)))
            if more or not stable:
                before, found = found, settle(reading.text, [*found, *more])
                stable = not more and found == before
        return Looked(source, reading, tuple(found), self.version)


def settled(looked: Looked, matcher: Matcher | None) -> list[Finding]:
    """What was found and what the case knows, without overlaps; the case decides who is meant."""
    if matcher is None:
        return list(looked.findings)
    return settle(looked.reading.text, [*matcher.find(looked.reading), *looked.findings])


def detect(text: str, lang: str | None = None, known: Sequence[str] = ()) -> list[Span]:
    """What `text` holds that identifies people, in order, without overlaps.

    Offsets are code points of `text`, end exclusive. lang: fr, nl, de or en where it is known. known: names,
    addresses, telephones and the like that are to be found in whatever form. Any string will do; time grows with
    its length alone. Raises InvalidInput for another language.
    """
    if lang is not None and lang not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    looked = default_pipeline().read(text, lang)
    matcher = as_known(known).matcher() if known else None
    where = looked.reading.normalised.source_span
    return [
        Span(f"s{number}", *where(one.start, one.end), one.type, one.tier, one.score, (one.reason,), "")
        for number, one in enumerate(settled(looked, matcher), start=1)
    ]


def as_known(texts: Sequence[str]) -> KnownIdentities:
    """Names and other identities that come as bare texts."""
    people: list[KnownPerson] = []
    emails: list[str] = []
    phones: list[str] = []
    addresses: list[str] = []
    references: list[str] = []
    for text in texts:
        digits = sum(char.isdigit() for char in text)
        letters = sum(char.isalpha() for char in text)
        if "@" in text:
            emails.append(text)
        elif digits >= 6 and not letters:
            phones.append(text)
        elif digits:
            (addresses if letters > digits else references).append(text)
        elif text.strip():
            given, family = _given_and_family(text.split())
            people.append(KnownPerson(str(len(people) + 1), family, given))
    return KnownIdentities(
        people=tuple(people), emails=tuple(emails), phones=tuple(phones), addresses=tuple(addresses),
        oqt_references=tuple(references),
    )  # fmt: skip


def _given_and_family(words: Sequence[str]) -> tuple[str, str]:
    """`Youssef`, `El Mansouri`: the family name begins at a particle, else it is the last word."""
    start = next((at for at, word in enumerate(words[:-1]) if at and folded_word(word) in PARTICLES), len(words) - 1)
    return " ".join(words[:start]), " ".join(words[start:])


def make_pipeline(
    *, french: bool = True, shapes: Sequence[Shapes] | None = None, skeletons: Iterable[str] = ()
) -> Pipeline:
    """The stages as they are used. french: with spaCy's model where it is installed. shapes: the operator's own.

    skeletons: what the office prints into notes itself, whose headings name nobody.
    """
    # Imported here: their patterns and tables take time to build, and a server starts without having read a note.
    from vault.freetext.addresses import Addresses
    from vault.freetext.amounts import Amounts
    from vault.freetext.capitals import Capitals
    from vault.freetext.checked import CheckedNumbers
    from vault.freetext.contacts import Contacts
    from vault.freetext.dates import Dates
    from vault.freetext.institutions import Institutions
    from vault.freetext.name_models import NameModels, load_french
    from vault.freetext.occupations import Occupations
    from vault.freetext.organisations import Brackets, Organisations
    from vault.freetext.origins import Origins
    from vault.freetext.places import Places
    from vault.freetext.references import References
    from vault.freetext.repeat import Repeats
    from vault.freetext.titles import Titles

    entities = load_french() if french else None
    return Pipeline(
        (
            CheckedNumbers(),
            References(shapes),
            Contacts(),
            Addresses(),
            Dates(),
            Amounts(),
            Origins(),
            Occupations(),
            Titles(),
            NameModels(entities),
            Institutions(),
            Organisations(),
            Places(),
        ),
        (Brackets(), Repeats(), Capitals()),
        VERSION if entities is not None else f"{VERSION}-without-french",
        Wording(skeletons),
    )


@cache
def default_pipeline() -> Pipeline:
    """Made at first use."""
    return make_pipeline()
