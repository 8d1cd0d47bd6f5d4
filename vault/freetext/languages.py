"""Sentences, and the language of each: French, Dutch, German or English; notes mix them.

    [(s.language, text[s.start:s.end]) for s in sentences(text, "fr")]

A sentence's language is told by its small words and endings; one that says too little has the language of its
neighbours, and the first ones that of the note. Abbreviations before names (`M.`, `dhr.`, `Dr.`) end no sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vault.freetext.cues import cue_words

LANGUAGES: Final = ("fr", "nl", "de", "en")
#: Where a line of notes goes on for ever: a sentence longer than this is cut, so that no stage meets a giant.
LONGEST: Final = 1200

#: A run of points is looked at once, from its first: otherwise a page of them would take time by the square.
_END: Final = re.compile(r"(?<![.!?…])[.!?…]+[\"'»”’)\]]{0,2}(?=\s)|\n+")
_ABBREVIATIONS: Final = cue_words("abbreviations")
_ENDINGS: Final[dict[str, tuple[str, ...]]] = {
    "fr": ("tion", "ment", "eux", "euse", "ée", "ées", "aient", "ait", "eaux", "ité", "ique", "oir", "aire"),
    "nl": ("lijk", "heid", "tje", "isch", "ij", "aan", "ijn", "uis", "oek", "oor", "eel", "aar", "sche", "ijk"),
    "de": ("ung", "lich", "keit", "heit", "isch", "schaft", "ß", "ä", "ö", "ü", "chen", "ern", "eit", "ier"),
    "en": ("ing", "ed", "ly", "tion", "ness", "ould", "ght", "ful", "ough", "ment"),
}
_WORD: Final = re.compile(r"[^\W\d_]+")
_MOST_WORDS: Final = 60  # of a sentence that are looked at
_LEAD: Final = 1.5  # how much clearer another language must be than the one before


def _weights() -> dict[str, dict[str, float]]:
    """For each small word, the languages that have it; a word of several counts less."""
    found: dict[str, dict[str, float]] = {}
    for language in LANGUAGES:
        for word in cue_words(f"small_{language}"):
            found.setdefault(word, {})[language] = 1.0
    return {word: {language: 1.0 / len(languages) for language in languages} for word, languages in found.items()}


_WEIGHTS: Final = _weights()


@dataclass(frozen=True, slots=True)
class Sentence:
    """Offsets, end exclusive; white space around it left out."""

    start: int
    end: int
    language: str


def sentences(text: str, language: str | None = None) -> list[Sentence]:
    """The sentences of `text` in order. language: the note's, where it is known."""
    places = _places(text)
    scores = [_scores(text[start:end]) for start, end in places]
    current = language if language in LANGUAGES else _clearest(scores)
    found = []
    for (start, end), score in zip(places, scores, strict=True):
        best = max(LANGUAGES, key=score.__getitem__)
        if score[best] >= score[current] + _LEAD:
            current = best
        elif language in LANGUAGES and score[language] + 0.5 >= score[current]:
            current = language  # back to the note's own language as soon as nothing speaks against it
        found.append(Sentence(start, end, current))
    return found


def blocks(found: Sequence[Sentence]) -> list[Sentence]:
    """Neighbouring sentences of one language, joined: what a model looks at in one go."""
    joined: list[Sentence] = []
    for one in found:
        if joined and joined[-1].language == one.language:
            joined[-1] = Sentence(joined[-1].start, one.end, one.language)
        else:
            joined.append(one)
    return joined


def _places(text: str) -> list[tuple[int, int]]:
    places: list[tuple[int, int]] = []
    begin = 0
    for found in _END.finditer(text):
        if not found[0].startswith("\n") and _abbreviated(text, begin, found.start()):
            continue
        _add(places, text, begin, found.end())
        begin = found.end()
    _add(places, text, begin, len(text))
    return places


def _abbreviated(text: str, begin: int, stop: int) -> bool:
    """Whether the point at `stop` ends an abbreviation or an initial."""
    word = text[max(begin, stop - 7) : stop].rpartition(" ")[2].lstrip("(\"'«“’").lower()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())


def _add(places: list[tuple[int, int]], text: str, begin: int, end: int) -> None:
    while end - begin > LONGEST:
        cut = text.rfind(" ", begin + LONGEST // 2, begin + LONGEST)
        cut = cut if cut > 0 else begin + LONGEST
        _add(places, text, begin, cut)
        begin = cut
    piece = text[begin:end]
    bare = piece.strip()
    if bare:
        start = begin + piece.index(bare)
        places.append((start, start + len(bare)))


def _scores(sentence: str) -> dict[str, float]:
    scores = dict.fromkeys(LANGUAGES, 0.0)
    for word in _WORD.findall(sentence.lower())[:_MOST_WORDS]:
        for language, weight in _WEIGHTS.get(word, {}).items():
            scores[language] += weight
        if len(word) > 4:
            for language, endings in _ENDINGS.items():
                if word.endswith(endings):
                    scores[language] += 0.3
    return scores


def _clearest(scores: Sequence[dict[str, float]]) -> str:
    total = {language: sum(score[language] for score in scores[:200]) for language in LANGUAGES}
    return max(LANGUAGES, key=total.__getitem__)
