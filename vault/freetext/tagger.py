"""Our own name tagger: people, organisations and places in French, Dutch, German and English notes.

    tagger = load_tagger()
    tagger.spans(tokenise("vu mme diallo avec son frere ibrahima"), "fr")     # two Marked, label PERSON

A linear-chain conditional random field over hashed clues (see features), trained by `bench/tagger`; data, licences,
figures and limits are in docs/name-tagger.md. It proposes; which tier a finding belongs to follows from its score:
at or above `Tagger.automatic(language)` it may be masked at once, below it is a suggestion.

The model is read at first use, its SHA-256 compared with the one in `models/`: another file is refused. Nothing of
a text outlives a call.
"""

from __future__ import annotations

import hashlib
import struct
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import pycrfsuite

from vault.errors import ConfigurationError
from vault.freetext.features import LISTS, Forms, attributes
from vault.freetext.models import DIGEST, FILE
from vault.freetext.tokens import Token
from vault.freetext.word_filter import WordFilter

PERSON: Final = "PERSON"
ORG: Final = "ORG"
PLACE: Final = "PLACE"

_MAGIC: Final = b"PFNT\x01"
_SIZE: Final = struct.Struct("<I")
#: How sure the model must be that a token belongs to a name, by language. Chosen on development texts (recall first).
_AUTOMATIC: Final[Mapping[str, float]] = {"fr": 0.18, "nl": 0.07, "de": 0.24, "en": 0.16}
_AUTOMATIC_ELSE: Final = 0.15
#: Below this nothing is reported.
_SUGGESTED: Final = 0.03
#: A word beside a sure part of a name belongs to it from here; a word after its particle too.
_BESIDE: Final = 0.02
_BESIDE_SMALL: Final = 0.12
_AFTER_PARTICLE: Final = 0.02
_PARTICLE_WORDS: Final = "van von vom zu zur der den de ter ten te 't du di da dos el al ar as ibn bin ben bint"
_PARTICLES: Final = frozenset(_PARTICLE_WORDS.split())
_MOST_PARTICLES: Final = 6  # in a row, and the name before them
_ORDINAL_WORDS: Final = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI"
_ORDINALS: Final = frozenset(_ORDINAL_WORDS.split())
_ENDS_A_NAME: Final = frozenset(",;:!?()[]/")
#: Organisations and places: reported when more likely than not to be one.
_OTHER: Final = 0.4
_LABELS: Final = {"B": PERSON, "I": PERSON, "G": ORG, "P": PLACE}


@dataclass(frozen=True, slots=True)
class Marked:
    """A finding. start, end: code points of the text, end exclusive. label: PERSON, ORG or PLACE. score: 0 to 1."""

    start: int
    end: int
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class _Likely:
    """What the model says of one token: the chance of each label, and that a name begins here."""

    person: float
    begins: float
    org: float
    place: float


_NOTHING: Final = _Likely(0.0, 0.0, 0.0, 0.0)


class Tagger:
    """A loaded model. Safe to share between threads: a lock guards the one native object."""

    __slots__ = ("_automatic", "_crf", "_lists", "_lock", "_model")

    def __init__(self, content: bytes, automatic: Mapping[str, float] = _AUTOMATIC) -> None:
        """content: a model file as the recipe writes it. automatic: the tier's threshold by language.

        Raises ConfigurationError if the file cannot be read.
        """
        self._automatic = automatic
        parts = _unpack(content)
        self._lists = {letter: WordFilter(bits) for letter, bits in zip(LISTS, parts[1:], strict=True)}
        self._crf = parts[0]  # the native object reads from these bytes and does not keep them alive itself
        self._model = pycrfsuite.Tagger()
        try:
            self._model.open_inmemory(self._crf)
        except (ValueError, RuntimeError) as error:
            raise ConfigurationError("the name tagger's model cannot be read") from error
        self._lock = threading.Lock()

    @property
    def lists(self) -> Mapping[str, WordFilter]:
        """The word lists, by the letters of `features.LISTS`."""
        return self._lists

    def automatic(self, language: str) -> float:
        """The score from which a PERSON finding is sure enough to be masked without asking."""
        return self._automatic.get(language, _AUTOMATIC_ELSE)

    def spans(self, tokens: Sequence[Token], language: str, forms: Forms | None = None) -> list[Marked]:
        """Findings in `tokens` (all of one text, as `tokenise` gives them), in order, without overlaps.

        language: fr, nl, de or en; anything else means unknown. forms: empty at first, then of the other parts of the
        same text, so that a word is looked up once. Time grows with the number of tokens alone.
        """
        sure = self.automatic(language)
        likely = self._likely(tokens, language, forms, min(sure, _BESIDE, _AFTER_PARTICLE))
        labels = _labels(tokens, likely, sure)
        return list(_merged(tokens, likely, labels))

    def _likely(self, tokens: Sequence[Token], language: str, forms: Forms | None, least: float) -> list[_Likely]:
        """What the model says of each token. least: chances below it change nothing, and are not asked for."""
        found: list[_Likely] = []
        nothing = 1 - least / 2
        for _, sequence in attributes(tokens, language, self._lists, forms):
            with self._lock:
                self._model.set(sequence)
                chance = self._model.marginal
                for place in range(len(sequence)):
                    if chance("O", place) > nothing:
                        found.append(_NOTHING)
                        continue
                    begins = chance("B", place)
                    found.append(_Likely(begins + chance("I", place), begins, chance("G", place), chance("P", place)))
        return found


def _folder() -> Traversable:
    return resources.files("vault.freetext.models")


@cache
def _tagger() -> Tagger:
    content = _folder().joinpath(FILE).read_bytes()
    if hashlib.sha256(content).hexdigest() != DIGEST:
        raise ConfigurationError("the name tagger's model is not the one this program was made with")
    return Tagger(content)


_loading: Final = threading.Lock()


def load_tagger() -> Tagger:
    """The tagger of this program, read and checked once. Raises ConfigurationError if its file was changed."""
    with _loading:
        return _tagger()


def pack(crf: bytes, lists: Mapping[str, WordFilter]) -> bytes:
    """A model file: magic and version, then the model and the word lists in the order of LISTS, compressed."""
    parts = [crf, *(lists[letter].bits for letter in LISTS)]
    return _MAGIC + zlib.compress(b"".join(_SIZE.pack(len(part)) + part for part in parts), 9)


def _unpack(content: bytes) -> list[bytes]:
    if not content.startswith(_MAGIC):
        raise ConfigurationError("the name tagger's model has an unknown format")
    try:
        body = zlib.decompress(content[len(_MAGIC) :])
        parts = []
        place = 0
        while place < len(body):
            (size,) = _SIZE.unpack_from(body, place)
            place += _SIZE.size
            parts.append(body[place : place + size])
            place += size
    except (zlib.error, struct.error) as error:
        raise ConfigurationError("the name tagger's model cannot be read") from error
    if len(parts) != len(LISTS) + 1:
        raise ConfigurationError("the name tagger's model cannot be read")
    return parts


def _labels(tokens: Sequence[Token], likely: Sequence[_Likely], sure: float) -> list[str]:
    """One letter for each token: S a name to mask, W a name to suggest, G, P or O."""
    nothing = _label(_NOTHING, sure)
    labels = [nothing if one is _NOTHING else _label(one, sure) for one in likely]
    if "S" not in labels:
        return labels
    places = range(len(labels))
    for step in (1, -1):
        for place in [place for place in places[::step] if labels[place] == "S"]:
            beside = place + step
            while 0 <= beside < len(labels) and _goes_on(tokens[beside].text, likely[beside], labels[beside], sure):
                labels[beside] = "S"
                beside += step
    for place in places:
        if labels[place] == "S":
            for further in range(place + 1, _end_of_name(tokens, likely, place)):
                labels[further] = "S"
    return labels


def _goes_on(text: str, one: _Likely, label: str, sure: float) -> bool:
    """Whether a word beside a sure part of a name, which is none itself, belongs to the name."""
    wanted = _BESIDE if text[0].isupper() else _BESIDE_SMALL
    return label != "S" and one.person >= min(wanted, sure) and text not in _ENDS_A_NAME


def _end_of_name(tokens: Sequence[Token], likely: Sequence[_Likely], place: int) -> int:
    """Where a name goes on after `place` by particles and one more word, or by a number: `van Dam`, `II`."""
    end = place + 1
    if end < len(tokens) and tokens[end].text in _ORDINALS:
        return end + 1
    while end < min(len(tokens), place + _MOST_PARTICLES) and tokens[end].text in _PARTICLES:
        end += 1
    if end == place + 1 or end == len(tokens) or not tokens[end].text[0].isupper():
        return place + 1
    return end + 1 if likely[end].person >= _AFTER_PARTICLE else place + 1


def _label(one: _Likely, sure: float) -> str:
    if one.person >= sure:
        return "S"
    if max(one.org, one.place) >= _OTHER:
        return "G" if one.org >= one.place else "P"
    return "W" if one.person >= _SUGGESTED else "O"


def _merged(tokens: Sequence[Token], likely: Sequence[_Likely], labels: Sequence[str]) -> Iterator[Marked]:
    place = 0
    while place < len(tokens):
        kind = labels[place]
        end = place + 1
        if kind == "O":
            place = end
            continue
        while end < len(tokens) and labels[end] == kind and not (kind in "SW" and likely[end].begins > 0.5):
            end += 1
        chances = likely[place:end]
        label = PERSON if kind in "SW" else ORG if kind == "G" else PLACE
        score = max(one.person if label == PERSON else one.org if label == ORG else one.place for one in chances)
        yield Marked(tokens[place].start, tokens[end - 1].end, label, round(min(1.0, score), 4))
        place = end
