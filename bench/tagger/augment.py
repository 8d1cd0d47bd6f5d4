"""Variants of a marked text: other names, all small, capitals, typing slips. Seeded; offsets stay exact."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from bench.tagger.corpus import Example, Marking
from bench.tagger.names import Origin


def rewritten(example: Example, text_of: Callable[[Marking, str], str], suffix: str) -> Example:
    """The example with each marked text replaced by what `text_of` gives for it."""
    pieces: list[str] = []
    markings: list[Marking] = []
    done = length = 0
    for marking in sorted(example.markings, key=lambda one: one.start):
        if marking.start < done:
            continue
        between = example.text[done : marking.start]
        new = text_of(marking, example.text[marking.start : marking.end])
        pieces += [between, new]
        start = length + len(between)
        markings.append(Marking(start, start + len(new), marking.type))
        length = start + len(new)
        done = marking.end
    pieces.append(example.text[done:])
    return Example(example.id + suffix, example.source, example.language, "".join(pieces), tuple(markings))


def recased(example: Example, change: Callable[[str], str], suffix: str) -> Example:
    """The example in small letters or capitals; characters that would change length stay as they are."""
    text = "".join(new if len(new := change(char)) == 1 else char for char in example.text)
    return Example(example.id + suffix, example.source, example.language, text, example.markings)


def swapped(example: Example, origins: Sequence[Origin], chance: random.Random, suffix: str = "-swap") -> Example:
    """The example with people's names exchanged for names of other origins, of the same number of words at most."""
    given_to: dict[str, str] = {}

    def other(marking: Marking, old: str) -> str:
        if marking.type != "PERSON":
            return old
        if old not in given_to:
            given_to[old] = _name_like(old, chance.choice(origins), chance)
        return given_to[old]

    return rewritten(example, other, suffix)


def _name_like(old: str, origin: Origin, chance: random.Random) -> str:
    words = [word for word in old.replace(".", ". ").split() if word]
    given, family = chance.choice(origin.given), chance.choice(origin.families)
    if len(words) <= 1:
        new = family if chance.random() < 0.5 else given
    elif words[0].endswith(".") or len(words[0]) == 1:
        new = f"{given[0]}. {family}"
    else:
        new = f"{given} {family}" if chance.random() < 0.9 else f"{family} {given}"
    return new.upper() if old.isupper() and len(old) > 2 else new


def varied(example: Example, origins: Sequence[Origin], chance: random.Random, rate: float) -> list[Example]:
    """The example itself and, by chance, variants. rate: 1.0 gives about one variant to each text with names."""
    result = [example]
    if not example.markings:
        if chance.random() < 0.1 * rate:
            result.append(recased(example, str.lower, "-lower"))
        if chance.random() < 0.06 * rate:
            result.append(recased(example, str.upper, "-upper"))
        return result
    has_person = any(marking.type == "PERSON" for marking in example.markings)
    if has_person and chance.random() < 0.6 * rate:
        result.append(swapped(example, origins, chance))
    pick = result[-1]
    if chance.random() < 0.3 * rate:
        result.append(recased(pick, str.lower, "-lower"))
    if chance.random() < 0.2 * rate:
        result.append(recased(pick, str.upper, "-upper"))
    return result
