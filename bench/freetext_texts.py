"""Texts with marked people: development data where it is at hand, our own invented notes otherwise.

A text has gold spans (start, end, type); for court judgments also which of them identify directly. Development data
is looked for beside the checkout and never copied into it.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent / "freetext_data"
_MARK: Final = re.compile(r"\[([a-z_]+):([^\]]+)\]")


@dataclass(frozen=True, slots=True)
class Gold:
    """identifier, entity: of the judgments only. DIRECT, QUASI or NO_MASK."""

    start: int
    end: int
    type: str
    identifier: str = ""
    entity: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    id: str
    language: str
    text: str
    spans: tuple[Gold, ...]
    known: tuple[str, ...] = ()
    people: tuple[Gold, ...] = field(default=(), compare=False)


def data_folder(given: Path | None) -> Path | None:
    """Where the development data lies: as given, else beside the checkout; None if it is nowhere."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "deid" / "dev"
    for folder in (given, beside):
        if folder is not None and folder.is_dir():
            return folder
    return None


def load(folder: Path, name: str) -> list[Text]:
    """The texts of `NAME.dev.jsonl`; none if the file is not there."""
    path = folder / f"{name}.dev.jsonl"
    if not path.is_file():
        return []
    texts = []
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        spans = tuple(
            Gold(one["start"], one["end"], one["type"], one.get("identifier", ""), one.get("entity", ""))
            for one in row["spans"]
        )
        texts.append(Text(row["id"], row["lang"], row["text"], spans, tuple(row.get("known", ()))))
    return texts


def own_notes(name: str = "notes") -> list[Text]:
    """Our invented notes (`notes`, or `hurried` ones of a line or two), with what the case knows."""
    notes: list[Text] = []
    for block in re.split(r"^== ", (HERE / f"{name}.txt").read_text("utf-8"), flags=re.MULTILINE)[1:]:
        head, _, body = block.partition("\n")
        language, _, known = head.partition(" | ")
        text, spans = _unmarked(body.strip())
        names = tuple(name.strip() for name in known.split(";") if name.strip())
        notes.append(Text(f"{name}-{len(notes) + 1}", language, text, spans, names))
    return notes


def _unmarked(marked: str) -> tuple[str, tuple[Gold, ...]]:
    pieces: list[str] = []
    spans: list[Gold] = []
    done = length = 0
    for found in _MARK.finditer(marked):
        pieces.append(marked[done : found.start()])
        length += len(pieces[-1])
        kind = "PERSON" if found[1] == "person" else found[1].upper()
        spans.append(Gold(length, length + len(found[2]), kind))
        pieces.append(found[2])
        length += len(found[2])
        done = found.end()
    return "".join([*pieces, marked[done:]]), tuple(spans)


def invented_names() -> list[tuple[str, str]]:
    """Given and family names of many origins, put together by chance: (given, family)."""
    chance = random.Random(20261125)
    given: dict[str, list[str]] = {}
    family: dict[str, list[str]] = {}
    for line in (HERE / "names.txt").read_text("utf-8").splitlines():
        origin, _, names = line.partition(":")
        if line.startswith("#") or not names:
            continue
        into = family if origin.endswith(" family") else given
        into[origin.removesuffix(" family").removesuffix(" given")] = [name.strip() for name in names.split(",")]
    made = [(name, surname) for origin in given for name in given[origin] for surname in family[origin]]
    chance.shuffle(made)
    return made


def swapped(texts: Sequence[Text], chance: random.Random) -> Iterator[Text]:
    """The same sentences with other people in them: every person's name becomes one of another origin."""
    names = invented_names()
    for one in texts:
        if any(span.type == "PERSON" for span in one.spans):
            yield _with_names(one, names, chance)


def _with_names(one: Text, names: Sequence[tuple[str, str]], chance: random.Random) -> Text:
    pieces: list[str] = []
    spans: list[Gold] = []
    done = length = 0
    for span in sorted((span for span in one.spans if span.type == "PERSON"), key=lambda span: span.start):
        if span.start < done:
            continue
        words = one.text[span.start : span.end].split()
        given, family = chance.choice(names)
        name = family if len(words) == 1 else f"{given} {family}"
        pieces += [one.text[done : span.start], name]
        length += span.start - done
        spans.append(Gold(length, length + len(name), "PERSON"))
        length += len(name)
        done = span.end
    return replace(one, text="".join([*pieces, one.text[done:]]), spans=tuple(spans))


def in_case(texts: Sequence[Text], change: str) -> Iterator[Text]:
    """The same in small letters or capitals, where that keeps every offset."""
    for one in texts:
        text = one.text.lower() if change == "lower" else one.text.upper()
        if len(text) == len(one.text):
            yield replace(one, text=text)
