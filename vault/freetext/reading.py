"""One text, prepared once for all stages: normalised, cut into words and sentences, folded for comparing."""

from __future__ import annotations

from dataclasses import dataclass

from vault.freetext.folding import Folded, fold
from vault.freetext.languages import Sentence, sentences
from vault.freetext.normalise import Normalised, normalise
from vault.freetext.stand_ins import blanked
from vault.freetext.tokens import Token, tokenise


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """text: normalised, what looks like a stand-in blanked out character by character. language: the note's.

    normalised: leads from offsets of `text` back to what was sent.
    """

    text: str
    language: str
    sentences: tuple[Sentence, ...]
    tokens: tuple[Token, ...]
    folded: Folded
    normalised: Normalised

    @classmethod
    def of(cls, source: str, language: str | None = None) -> Reading:
        """Prepare `source`. language: fr, nl, de or en where it is known; else the clearest."""
        normalised = normalise(source)
        text = blanked(normalised.text)
        cut = tuple(sentences(text, language))
        whole = language or _prevailing(cut)
        return cls(text, whole, cut, tuple(tokenise(text)), fold(text), normalised)


def _prevailing(cut: tuple[Sentence, ...]) -> str:
    lengths: dict[str, int] = {}
    for one in cut:
        lengths[one.language] = lengths.get(one.language, 0) + one.end - one.start
    return max(lengths, key=lengths.__getitem__, default="fr")
