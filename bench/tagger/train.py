"""Train the name tagger and write its model file.

    ./run python -m bench.tagger.train --data FOLDER… --words FOLDER (--release | --out FILE) [--fold K/N]

1. Texts: marked ones from `--data` (JSON lines), and notes and prose from the generator.
2. Word lists, as filters; in training two of five names are left out of them, so that the model learns to do
   without. The released filters hold all names.
3. Vocabulary: words that stand outside names at least twice as often as inside.
4. Variants of the texts: other names, small letters, capitals.
5. A CRF by L-BFGS with both penalties; the penalty on sums makes the model small.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pycrfsuite

from bench.tagger import generator, lexicon, names
from bench.tagger.augment import varied
from bench.tagger.corpus import Example, read
from vault.freetext import models
from vault.freetext.features import LANGUAGES, attributes
from vault.freetext.folding import fold
from vault.freetext.tagger import pack
from vault.freetext.word_filter import WordFilter

_SEED: Final = 20261125
_VARIANTS: Final = {
    "germeval": 1.0,
    "europeana": 0.7,
    "tab": 0.5,
    "echr": 1.0,
    "presidio": 0.8,
    "notes": 0.5,
    "prose": 0.7,
}


def texts(folders: Sequence[Path], fold_of: tuple[int, int] | None) -> list[Example]:
    """Permitted marked texts; with (k, n) without the k-th of n parts of the development files."""
    found: list[Example] = []
    for folder in folders:
        for path in sorted(folder.glob("*.jsonl")):
            if "wikineural" in path.name:  # non-commercial and share-alike: for measuring only
                continue
            for example in read(path):
                if ".dev." in path.name and fold_of is not None and part(example.id, fold_of[1]) == fold_of[0]:
                    continue
                found.append(example)
    return found


def part(identity: str, parts: int) -> int:
    """Which of `parts` the text with this id belongs to; the same for all variants of a text."""
    return zlib.crc32(identity.encode()) % parts


def vocabulary(examples: Sequence[Example]) -> set[str]:
    """Folded words that count as themselves: seen three times or more outside names, and mostly there."""
    outside: Counter[str] = Counter()
    inside: Counter[str] = Counter()
    for example in examples:
        tokens, labels = example.labelled()
        for token, label in zip(tokens, labels, strict=True):
            (outside if label in "OG" else inside)[fold(token.text).text] += 1
    return {word for word, times in outside.items() if times >= 3 and times > 2 * inside[word] and word[:1].isalpha()}


def word_sets(
    examples: Sequence[Example], words: Path | None, seed_words: set[str], origins: Sequence[names.Origin]
) -> dict[str, set[str]]:
    """The content of each filter, by its letter."""
    given, families = lexicon.name_words(origins)
    in_texts = lexicon.corpus_words(examples)
    common = lexicon.everyday(examples)
    sets = {
        "g": given - common,
        "s": families - common,
        "p": lexicon.place_words(),
        "o": lexicon.organisation_words(),
        "v": seed_words,
    }
    for language, letter in zip(LANGUAGES, "fnde", strict=True):
        sets[letter] = lexicon.dictionary(language, words) | in_texts.get(language, set())
    return sets


def filters(sets: Mapping[str, set[str]], *, training: bool) -> dict[str, WordFilter]:
    """The filters; for training without the names that are held out."""
    return {
        letter: WordFilter.of(word for word in words if not (training and letter in "gsp" and names.held_out(word)))
        for letter, words in sets.items()
    }


def train(examples: Sequence[Example], lists: Mapping[str, WordFilter], iterations: int, c1: float, c2: float) -> bytes:
    """The CRF's file as bytes."""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": c1, "c2": c2, "max_iterations": iterations, "feature.minfreq": 2})
    count = 0
    for example in examples:
        tokens, labels = example.labelled()
        for start, sequence in attributes(tokens, example.language, lists):
            trainer.append(sequence, labels[start : start + len(sequence)])
            count += len(sequence)
    print(f"{len(examples)} texts, {count} tokens", file=sys.stderr)
    with tempfile.NamedTemporaryFile(suffix=".crfsuite") as file:
        trainer.train(file.name)
        return Path(file.name).read_bytes()


def release(content: bytes) -> None:
    """Write the model file and the digest that loading compares it with."""
    folder = Path(models.__file__).parent
    (folder / models.FILE).write_bytes(content)
    source = folder / "__init__.py"
    text = source.read_text(encoding="utf-8")
    digest = hashlib.sha256(content).hexdigest()
    source.write_text(re.sub('DIGEST: Final = "[0-9a-f]*"', f'DIGEST: Final = "{digest}"', text), encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="*", default=[])
    parser.add_argument("--words", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--release", action="store_true", help="write the model and its digest into the program")
    parser.add_argument("--fold", help="K/N: leave the K-th of N parts of development data and templates out")
    parser.add_argument("--iterations", type=int, default=80)
    parser.add_argument("--notes", type=int, default=1000, help="generated notes per language")
    parser.add_argument("--c1", type=float, default=0.8)
    parser.add_argument("--c2", type=float, default=0.02)
    options = parser.parse_args()
    started = time.monotonic()
    fold_of = None
    if options.fold:
        k, n = options.fold.split("/")
        fold_of = (int(k), int(n))
    chance = random.Random(_SEED)
    real = texts(options.data, fold_of)
    origins = generator.origins_of(names.own() + names.from_faker(), fold_of, held_out=False)
    made = list(generator.examples(options.notes, generator.Supply(origins, lexicon.cities()), fold_of))
    everything: list[Example] = []
    for example in real + made:
        rate = next((rate for source, rate in _VARIANTS.items() if example.source.startswith(source)), 0.5)
        everything += varied(example, origins, chance, rate)
    sets = word_sets(real + made, options.words, vocabulary(everything), origins)
    print({letter: len(words) for letter, words in sets.items()}, file=sys.stderr)
    crf = train(everything, filters(sets, training=True), options.iterations, options.c1, options.c2)
    content = pack(crf, filters(sets, training=False))
    if options.out:
        options.out.write_bytes(content)
    if options.release:
        release(content)
    print(f"{len(content) / 1e6:.2f} MB, {(time.monotonic() - started) / 60:.1f} minutes", file=sys.stderr)


if __name__ == "__main__":
    main()
