"""Turn a corpus in columns (one token a line, its IOB label last) into the JSON lines that training reads.

    ./run python -m bench.tagger.conll --source wikigold --language en wikigold.conll.txt > en.wikigold.jsonl

Texts end at an empty line; several sentences may be joined to one text (`--join`). Tokens are put together again with
the spacing of ordinary print. Only people, organisations and places are taken over. Texts with `@`, `#` or a link are
left out: what stands there is no prose.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

TYPES: Final = {
    "per": "PERSON", "person": "PERSON", "org": "ORG", "corporation": "ORG", "group": "ORG", "loc": "LOC",
    "location": "LOC",
}  # fmt: skip
_NO_SPACE_BEFORE: Final = re.compile(r"[,.;:!?)\]}%…]+|'(?:s|t|re|ve|ll|d|m|S)?|n't|’s?")
_NO_SPACE_AFTER: Final = frozenset("([{$£€#")
_NO_PROSE: Final = re.compile(r"[@#]|https?:|&(?:amp|gt|lt)|\bRT\b")

Sentence = list[tuple[str, str]]


def sentences(lines: Iterable[str]) -> Iterator[Sentence]:
    """Tokens with their labels, by sentence."""
    current: Sentence = []
    for line in lines:
        parts = line.split()
        if len(parts) >= 2 and parts[0] != "-DOCSTART-":
            current.append((parts[0], parts[-1]))
        elif current:
            yield current
            current = []
    if current:
        yield current


def as_text(sentence: Sentence) -> tuple[str, list[dict[str, object]]]:
    """The sentence as print would have it, and its spans."""
    text, open_quote = "", False
    spans: list[dict[str, object]] = []
    before = "O"
    for written, label in sentence:
        token = '"' if written in {"``", "''"} else written
        glued = not text or text[-1] in _NO_SPACE_AFTER or _NO_SPACE_BEFORE.fullmatch(token) is not None
        if token == '"':
            glued, open_quote = open_quote, not open_quote
        elif text.endswith('"') and open_quote:
            glued = True
        if not glued:
            text += " "
        start = len(text)
        text += token
        kind = TYPES.get(label[2:].lower())
        if kind is not None:
            if label[0] == "I" and before[2:] == label[2:] and spans:
                spans[-1]["end"] = len(text)
            else:
                spans.append({"start": start, "end": len(text), "type": kind})
        before = label
    return text, spans


def examples(lines: Iterable[str], source: str, language: str, join: int) -> Iterator[dict[str, object]]:
    """JSON rows of up to `join` sentences each."""
    text, spans, inside = "", list[dict[str, object]](), 0
    number = 0
    for sentence in sentences(lines):
        more, found = as_text(sentence)
        if _NO_PROSE.search(more):
            continue
        shift = len(text) + 1 if text else 0
        text = f"{text} {more}" if text else more
        spans += [{**one, "start": one["start"] + shift, "end": one["end"] + shift} for one in found]  # type: ignore[operator]
        inside += 1
        if inside == join:
            yield {"id": f"{source}-{number}", "lang": language, "source": source, "text": text, "spans": spans}
            text, spans, inside, number = "", [], 0, number + 1
    if text:
        yield {"id": f"{source}-{number}", "lang": language, "source": source, "text": text, "spans": spans}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--source", required=True)
    parser.add_argument("--language", required=True)
    parser.add_argument("--join", type=int, default=1, help="how many sentences make a text")
    options = parser.parse_args()
    lines = (line for file in options.files for line in (*file.read_text("utf-8").splitlines(), ""))
    for row in examples(lines, options.source, options.language, options.join):
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
