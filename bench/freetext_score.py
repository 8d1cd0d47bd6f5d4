"""How well people are found, and how much else is taken for one.

Words are what counts, honorifics left out. Recall: of the words of people's names, the share that a finding of a
person covers. Precision: of the words so covered, the share that is somebody's name. Hidden: of the mentions, the share
that findings of any type cover wholly; that is what privacy needs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bench.freetext_texts import Gold, Text

_WORD: Final = re.compile(r"\w+")
_HONORIFIC: Final = re.compile(
    r"(?:M|Mm|Mr|Mrs|Ms|Miss|Dr|Prof|Me|Mlle|Mme|MM|Mmes|Mlles|Sir|Lord|Lady|Herr|Frau|Hr|Fr|Dhr|Mevr|Mevrouw|Meneer|"
    r"Monsieur|Madame|Mademoiselle|Maître|Judge|Justice|President)",
    re.IGNORECASE,
)
#: Small words whose presence in the clear gives nothing away.
_FUNCTION_WORDS: Final = frozenset(
    "the of and in a an at by for between from to until on with since during".split()  # noqa: SIM905 - read as words
)
#: (start, end, type in capitals, automatic)
Found = tuple[int, int, str, bool]
Finder = Callable[[Text], Sequence[Found]]


@dataclass(frozen=True, slots=True)
class NameScore:
    recall: float
    precision: float
    hidden: float
    mentions: int


@dataclass(frozen=True, slots=True)
class MaskScore:
    """Of entities, the share wholly masked; of masked words, the share that identifies."""

    direct: float
    quasi: float
    precision: float
    person_hidden: float


def words_of(text: str, span: Gold, *, honorifics: bool = False) -> list[tuple[int, int]]:
    words = [(one.start(), one.end()) for one in _WORD.finditer(text, span.start, span.end)]
    while words and not honorifics and _HONORIFIC.fullmatch(text[slice(*words[0])]):
        words = words[1:]
    return words


def names(texts: Iterable[Text], find: Finder, *, suggestions: bool = False) -> NameScore:
    """Score people's names. suggestions: both tiers instead of the automatic one."""
    right = wanted = covered = false = hidden = mentions = 0
    for one in texts:
        found = [each for each in find(one) if each[3] or suggestions]
        person = _covered(len(one.text), (each for each in found if each[2] in {"PERSON", "PER"}))
        anything = _covered(len(one.text), found)
        gold: set[tuple[int, int]] = set()
        for span in one.spans:
            words = words_of(one.text, span) if span.type == "PERSON" else []
            if words:
                mentions += 1
                hidden += all(all(anything[slice(*word)]) for word in words)
                gold.update(words)
        wanted += len(gold)
        right += sum(all(person[slice(*word)]) for word in gold)
        for word in _WORD.finditer(one.text):
            if any(person[word.start() : word.end()]) and not _HONORIFIC.fullmatch(word[0]):
                covered += 1
                false += word.span() not in gold
    return NameScore(_share(right, wanted), _share(covered - false, covered), _share(hidden, mentions), mentions)


def masks(texts: Iterable[Text], find: Finder) -> MaskScore:
    """Score judgments: whole entities of direct and quasi-identifiers, precision by word, unweighted."""
    entities: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    people: list[bool] = []
    right = masked = 0
    for one in texts:
        covered = _covered(len(one.text), (each for each in find(one) if each[3]))
        gold = bytearray(len(one.text))
        for span in one.spans:
            if span.identifier not in {"DIRECT", "QUASI"}:
                continue
            gold[span.start : span.end] = b"\1" * (span.end - span.start)
            words = [
                word
                for word in words_of(one.text, span, honorifics=span.type != "PERSON")
                if one.text[slice(*word)].lower() not in _FUNCTION_WORDS
            ]
            hidden = all(any(covered[slice(*word)]) for word in words)
            entities[(one.id, span.entity, span.identifier)].append(hidden)
            if span.type == "PERSON":
                people.append(hidden)
        for word in _WORD.finditer(one.text):
            if any(covered[word.start() : word.end()]):
                masked += 1
                right += any(gold[word.start() : word.end()])
    kinds = {
        kind: [all(mentions) for key, mentions in entities.items() if key[2] == kind] for kind in ("DIRECT", "QUASI")
    }
    return MaskScore(
        _share(sum(kinds["DIRECT"]), len(kinds["DIRECT"])),
        _share(sum(kinds["QUASI"]), len(kinds["QUASI"])),
        _share(right, masked),
        _share(sum(people), len(people)),
    )


def hidden_share(texts: Iterable[Text], find: Finder, kinds: frozenset[str]) -> float:
    """Of the mentions of these types, the share that automatic findings cover wholly."""
    hidden = wanted = 0
    for one in texts:
        covered = _covered(len(one.text), (each for each in find(one) if each[3]))
        for span in one.spans:
            if span.type in kinds:
                wanted += 1
                hidden += all(all(covered[slice(*word)]) for word in words_of(one.text, span, honorifics=True))
    return _share(hidden, wanted)


def _covered(size: int, found: Iterable[Found]) -> bytearray:
    covered = bytearray(size)
    for start, end, *_ in found:
        covered[start:end] = b"\1" * (end - start)
    return covered


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
