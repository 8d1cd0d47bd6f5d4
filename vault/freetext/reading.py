"""One text, prepared once for all stages: normalised, cut into words and sentences, folded for comparing."""

from __future__ import annotations

from functools import cached_property

from vault.freetext.folding import Folded, fold
from vault.freetext.languages import Sentence, sentences
from vault.freetext.normalise import Normalised, normalise
from vault.freetext.stand_ins import blanked
from vault.freetext.tokens import Token, tokenise


class Reading:
    """text: normalised, what looks like a stand-in blanked out character by character. language: the note's.

    normalised: leads from offsets of `text` back to what was sent. The rest is made when a stage first asks: the second
    look at what is stored needs no languages.
    """

    def __init__(self, source: str, language: str | None = None) -> None:
        """Prepare `source`, any string. language: fr, nl, de or en where it is known; else the clearest."""
        self._language = language
        self.normalised: Normalised = normalise(source)
        self.text: str = blanked(self.normalised.text)

    def __repr__(self) -> str:
        return "<Reading>"  # the text is somebody's

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        return tuple(sentences(self.text, self._language))

    @cached_property
    def language(self) -> str:
        return self._language or _prevailing(self.sentences)

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        return tuple(tokenise(self.text))

    @cached_property
    def folded(self) -> Folded:
        return fold(self.text)


def _prevailing(cut: tuple[Sentence, ...]) -> str:
    lengths: dict[str, int] = {}
    for one in cut:
        lengths[one.language] = lengths.get(one.language, 0) + one.end - one.start
    return max(lengths, key=lengths.__getitem__, default="fr")
