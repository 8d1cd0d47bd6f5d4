"""How well the name tagger does: token recall and precision, hidden mentions, other names, small letters, capitals.

    ./run python -m bench.tagger.measure [--model FILE] [--data FOLDER…] [--fold K/N] [--notes N] [--curve]

A token is a run of letters and digits. Recall: share of the tokens of people's names that a PERSON finding covers;
precision: share of the tokens that PERSON findings cover which belong to people's names. Honorifics count in neither.
Hidden: share of the names all of whose tokens are covered by findings of any type.
Each figure stands at the automatic threshold; in brackets with suggestions added.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.tagger import generator, names
from bench.tagger.augment import recased, swapped
from bench.tagger.corpus import Example, read
from bench.tagger.train import part
from vault.freetext.features import LANGUAGES
from vault.freetext.tagger import PERSON, Marked, Tagger, load_tagger
from vault.freetext.tokens import tokenise

_WORD: Final = re.compile(r"[^\W_]+")
_HONORIFICS: Final = """m mm mr mrs ms miss mme mmes mlle me dr prof sir lord lady madame monsieur maître heer mevrouw
    meneer mevr dhr mw herr frau dame drs ir ing judge docteur professeur"""
_HONORIFIC: Final = frozenset(_HONORIFICS.split())
_SEED: Final = 7


@dataclass(slots=True)
class Count:
    """Tokens and names counted over many texts."""

    gold: int = 0
    found: int = 0
    right: int = 0
    mentions: int = 0
    hidden: int = 0

    @property
    def recall(self) -> float:
        return self.right / self.gold if self.gold else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def wholly_hidden(self) -> float:
        return self.hidden / self.mentions if self.mentions else 1.0

    def add(self, example: Example, findings: Sequence[Marked]) -> None:
        """Count one text."""
        people = _cover(one for one in findings if one.label == PERSON)
        anything = _cover(findings)
        gold = _cover(one for one in example.markings if one.type == "PERSON")
        for word in _WORD.finditer(example.text):
            if word[0].lower() in _HONORIFIC:
                continue
            is_name, is_found = word.start() in gold, word.start() in people
            self.gold += is_name
            self.found += is_found
            self.right += is_name and is_found
        for marking in example.markings:
            if marking.type == "PERSON":
                words = [
                    marking.start + word.start()
                    for word in _WORD.finditer(example.text[marking.start : marking.end])
                    if word[0].lower() not in _HONORIFIC
                ]
                self.mentions += 1
                self.hidden += all(place in anything for place in words)


def _cover(ranges: Iterable[object]) -> set[int]:
    return {place for one in ranges for place in range(one.start, one.end)}


def measure(tagger: Tagger, examples: Iterable[Example]) -> tuple[Count, Count]:
    """Counts at the automatic threshold, and with suggestions."""
    sure, both = Count(), Count()
    for example in examples:
        findings = tagger.spans(tokenise(example.text), example.language)
        threshold = tagger.automatic(example.language)
        sure.add(example, [one for one in findings if one.label != PERSON or one.score >= threshold])
        both.add(example, findings)
    return sure, both


def everyone() -> list[names.Origin]:
    """Our own origins, and Faker's if it is installed."""
    try:
        return names.own() + names.from_faker()
    except ImportError:
        return names.own()


def development(folders: Sequence[Path], fold_of: tuple[int, int] | None) -> dict[str, list[Example]]:
    """The development texts by file; with (k, n) of the permitted files only the k-th of n parts."""
    found: dict[str, list[Example]] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.dev.jsonl")):
            examples = list(read(path))
            if fold_of is not None and "wikineural" not in path.name:
                examples = [one for one in examples if part(one.id, fold_of[1]) == fold_of[0]]
            found[path.name.removesuffix(".dev.jsonl")] = examples
    return found


def line(name: str, counts: tuple[Count, Count]) -> str:
    """One row of the report."""
    sure, both = counts
    return (
        f"{name:24} n={sure.gold:5}  R {sure.recall:.3f} P {sure.precision:.3f} hid {sure.wholly_hidden:.3f}"
        f"   (R {both.recall:.3f} P {both.precision:.3f} hid {both.wholly_hidden:.3f})"
    )


def curve(content: bytes, sets: dict[str, list[Example]]) -> None:
    """Print recall and precision at several thresholds."""
    for name, examples in sets.items():
        print(name)
        for threshold in (0.05, 0.08, 0.15, 0.2, 0.25, 0.3, 0.35, 0.5):
            sure, _ = measure(Tagger(content, dict.fromkeys(LANGUAGES, threshold)), examples)
            print(f"  {threshold:.2f}  R {sure.recall:.3f} P {sure.precision:.3f} hid {sure.wholly_hidden:.3f}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a model file; without it the released one")
    parser.add_argument("--data", type=Path, nargs="*", default=[])
    parser.add_argument("--fold")
    parser.add_argument("--notes", type=int, default=300)
    parser.add_argument("--only", default="")
    parser.add_argument("--curve", action="store_true", help="recall and precision at several thresholds instead")
    options = parser.parse_args()
    fold_of = None
    if options.fold:
        k, n = options.fold.split("/")
        fold_of = (int(k), int(n))
    started = time.perf_counter()
    tagger = Tagger(options.model.read_bytes()) if options.model else load_tagger()
    print(f"load {time.perf_counter() - started:.2f} s")
    sets = development(options.data, fold_of)
    if options.curve:
        curve(options.model.read_bytes(), {name: texts for name, texts in sets.items() if options.only in name})
        return
    held = generator.Supply(generator.origins_of(names.own(), fold_of, held_out=True))
    for example in generator.examples(options.notes, held, fold_of, seed=2, held_out=True):
        sets.setdefault(f"{example.source}_{example.language}", []).append(example)
    origins = [origin for origin in everyone() if len(origin.given) > 10]
    characters = seconds = 0.0
    for name, examples in sets.items():
        if options.only not in name:
            continue
        chance = random.Random(_SEED)
        started = time.perf_counter()
        if not examples:
            continue
        print(line(name, measure(tagger, examples)), flush=True)
        seconds += time.perf_counter() - started
        characters += sum(len(one.text) for one in examples)
        with_names = [one for one in examples if any(marking.type == "PERSON" for marking in one.markings)]
        if "europeana" in name:
            continue
        swaps = [swapped(one, origins, chance) for one in with_names]
        print(line("  swap", measure(tagger, swaps)))
        print(line("  swap, small letters", measure(tagger, [recased(one, str.lower, "") for one in swaps])))
        print(line("  swap, CAPITALS", measure(tagger, [recased(one, str.upper, "") for one in swaps])), flush=True)
    print(f"{seconds / characters * 1e6:.1f} ms per 1,000 characters, measuring included")


if __name__ == "__main__":
    main()
