"""One text, prepared once for all stages: normalised, cut into words and sentences, folded for comparing."""

from __future__ import annotations

from functools import cached_property

from vault.freetext.folding import Folded, fold, folded_word
from vault.freetext.languages import Sentence, sentences
from vault.freetext.normalise import Normalised, normalise
from vault.freetext.stand_ins import blanked
from vault.freetext.tokens import Token, tokenise

Words = tuple[Sentence, tuple[Token, ...], tuple[str, ...]]


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

    @cached_property
    def folded_words(self) -> tuple[str, ...]:
        """Each token, folded."""
        folded = self.folded
        if not folded.starts:
            return tuple([folded.text[token.start : token.end] for token in self.tokens])
        return tuple([folded_word(token.text) for token in self.tokens])

    @cached_property
    def in_sentences(self) -> tuple[Words, ...]:
        """Each sentence with its tokens, and these folded."""
        found: list[Words] = []
        tokens, folded = self.tokens, self.folded_words
        place = 0
        for sentence in self.sentences:
            while place < len(tokens) and tokens[place].start < sentence.start:
                place += 1
            begin = place
            while place < len(tokens) and tokens[place].start < sentence.end:
                place += 1
            found.append((sentence, tokens[begin:place], folded[begin:place]))
        return tuple(found)


def _prevailing(cut: tuple[Sentence, ...]) -> str:
    lengths: dict[str, int] = {}
    for one in cut:
        lengths[one.language] = lengths.get(one.language, 0) + one.end - one.start
    return max(lengths, key=lengths.__getitem__, default="fr")
