"""Texts with marked spans, from JSON lines or from the generator, as token labels.

Labels: B and I for the first and further tokens of a person's name, G organisation, P place, O anything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vault.freetext.tokens import Token, tokenise

LETTER: Final = {
    "PERSON": "B",
    "ORG": "G",
    "ORGANIZATION": "G",
    "LOC": "P",
    "GPE": "P",
    "PLACE": "P",
    "STREET_ADDRESS": "P",
}


@dataclass(frozen=True, slots=True)
class Marking:
    """start, end: code points. type: PERSON, ORG or PLACE."""

    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class Example:
    """One text. source: where it is from; id: unique within the source."""

    id: str
    source: str
    language: str
    text: str
    markings: tuple[Marking, ...]

    def labelled(self) -> tuple[list[Token], list[str]]:
        """Tokens and their labels; what lies inside a marking takes its label."""
        tokens = tokenise(self.text)
        labels = ["O"] * len(tokens)
        ordered = sorted(self.markings, key=lambda one: (one.start, -one.end))
        place = 0
        for marking in ordered:
            while place and tokens[place - 1].end > marking.start:
                place -= 1
            while place < len(tokens) and tokens[place].end <= marking.start:
                place += 1
            letter = LETTER[marking.type]
            first = True
            while place < len(tokens) and tokens[place].start < marking.end:
                if labels[place] == "O":
                    labels[place] = letter if first or letter != "B" else "I"
                first = False
                place += 1
        return tokens, labels


def read(path: Path) -> Iterator[Example]:
    """The examples of a file of JSON lines (`id`, `lang`, `source`, `text`, `spans`)."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            markings = tuple(
                Marking(span["start"], span["end"], span["type"]) for span in row["spans"] if span["type"] in LETTER
            )
            yield Example(row["id"], row["source"], row["lang"], row["text"], markings)
