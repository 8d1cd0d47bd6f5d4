"""Interview notes and public prose that nobody wrote, with every name marked.

Templates (`templates/*.txt`) are ours; people come from the origins of `names`, everything else from `fillers.txt`.
The same seed gives the same texts. Notes are written as coaches write: hurried, abbreviated, in small letters or
capitals, with slips, without accents, in two languages at once.
"""

from __future__ import annotations

import random
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from bench.tagger import names
from bench.tagger.corpus import Example, Marking
from vault.freetext.features import LANGUAGES

_HERE: Final = Path(__file__).parent
_CHOICE: Final = re.compile(r"\[([^\[\]]*)\]")
_SLOT: Final = re.compile(r"\{([A-Za-z]+)(\d?)\}")
_MARKED: Final = {"P": "PERSON", "G": "PERSON", "F": "PERSON", "I": "PERSON", "L": "PLACE", "C": "PLACE", "A": "PLACE",
                  "R": "PLACE", "O": "ORG", "X": "ORG", "S": "ORG", "H": "ORG", "E": "ORG", "K": "ORG", "B": "ORG",
                  "U": "ORG"}  # fmt: skip
_PROFESSIONALS: Final = frozenset("58")
_LOCAL: Final = ("belgian_fr", "belgian_nl", "german", "dutch", "faker-fr_BE", "faker-nl_BE", "faker-fr_FR")
_WESTERN_LOCALES: Final = """en_US en_GB en_IE de_DE de_AT fr_FR nl_NL it_IT es_ES pl_PL sv_SE cs_CZ pt_PT hu_HU fi_FI
    da_DK ru_RU el_GR hr_HR"""
_WESTERN: Final = tuple(f"faker-{locale}" for locale in _WESTERN_LOCALES.split())
_MONTHS: Final = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "en": "January February March April May June July August September October November December",
}
_STREETS: Final = {
    "fr": ("rue", "avenue", "chaussée de", "boulevard", "place"), "nl": ("straat", "laan", "plein", "steenweg"),
    "de": ("straße", "weg", "platz"), "en": ("rue", "avenue", "street"),
}  # fmt: skip

Piece = tuple[str, str]  # text, type of marking or ""


@dataclass(frozen=True, slots=True)
class Supply:
    """Where names come from. cities: beside those of our own list; may be empty."""

    origins: tuple[names.Origin, ...]
    cities: tuple[str, ...] = ()


@dataclass(slots=True)
class _Person:
    given: str
    family: str


@dataclass(slots=True)
class _World:
    """What one text speaks of: its people keep their names."""

    chance: random.Random
    language: str
    supply: Supply
    prose: bool
    cast: dict[str, _Person] = field(default_factory=dict)
    main: names.Origin | None = None

    def person(self, key: str) -> _Person:
        if key and key in self.cast:
            return self.cast[key]
        chance = self.chance
        if self.main is None:
            ours = [one for one in self.supply.origins if not one.name.startswith("faker") and one.name != "historic"]
            self.main = chance.choice(ours if chance.random() < 0.75 else self.supply.origins)
        origin = self.main
        preferred = _WESTERN + _LOCAL if self.prose else _LOCAL if key in _PROFESSIONALS else ()
        if self.prose and chance.random() < 0.2:
            preferred = ("historic",)
        share = 0.6 if self.prose else 0.7
        known = [one for one in self.supply.origins if one.name in preferred]
        if known and chance.random() < share:
            origin = chance.choice(known)
        elif self.prose or chance.random() < 0.2:
            origin = chance.choice(self.supply.origins)
        given = chance.choice(origin.given)
        if chance.random() < 0.07:
            given = f"{given}{chance.choice(' -')}{chance.choice(origin.given)}"
        family = chance.choice(origin.families)
        if not self.prose and key in {"2", "3"} and "1" in self.cast and chance.random() < 0.5:
            family = self.cast["1"].family
        made = _Person(given, family)
        if key:
            self.cast[key] = made
        return made


@cache
def _templates(kind: str, language: str) -> tuple[str, ...]:
    lines = (_HERE / "templates" / f"{kind}.{language}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def _fillers(slot: str, language: str) -> tuple[str, ...]:
    found: list[str] = []
    for line in (_HERE / "fillers.txt").read_text(encoding="utf-8").splitlines():
        head, _, texts = line.partition(":")
        if not line.startswith("#") and head in {f"{slot} *", f"{slot} {language}"}:
            found += [text.strip() for text in texts.split(";")]
    return tuple(found)


@cache
def _titles(language: str) -> tuple[str, ...]:
    lines = (_HERE / "titles.txt").read_text(encoding="utf-8").splitlines()
    return tuple(t.strip() for line in lines if line.startswith(language + ":") for t in line[3:].split(";"))


def _initials(given: str) -> str:
    return "".join(f"{word[0]}." for word in re.split("[ -]", given) if word)


def _full(person: _Person, chance: random.Random, prose: bool) -> str:
    form = chance.random()
    if prose:
        return f"{_initials(person.given)} {person.family}" if form < 0.12 else f"{person.given} {person.family}"
    if form < 0.62:
        return f"{person.given} {person.family}"
    if form < 0.74:
        return f"{person.family} {person.given}"
    if form < 0.82:
        return f"{person.family.upper()} {person.given}"
    if form < 0.86:
        return f"{person.given} {person.family.upper()}"
    if form < 0.94:
        return f"{_initials(person.given)} {person.family}"
    return f"{person.given} {person.family[0]}."


def _date(world: _World) -> str:
    chance = world.chance
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(1960, 2026)
    named = _MONTHS[world.language].split()[month - 1]
    forms = [f"{day:02}/{month:02}/{year}", f"{day}/{month}", f"{day}.{month}.{year}", f"{day} {named}",
             f"{day} {named} {year}", f"{day}-{month}-{year % 100:02}"]  # fmt: skip
    return chance.choice(forms[3:5] if world.prose else forms)


def _address(world: _World) -> str:
    chance = world.chance
    number = chance.randint(1, 399)
    street = chance.choice(_STREETS[world.language])
    named = world.person("") if chance.random() < 0.4 else None
    after = f"{named.given} {named.family}" if named else chance.choice(_fillers("L", "*"))
    if world.language in {"nl", "de"}:
        text = f"{after.replace(' ', '') if chance.random() < 0.6 else after + '-'}{street} {number}"
    else:
        text = f"{street} {after} {number}" if chance.random() < 0.6 else f"{number} {street} {after}"
    if chance.random() < 0.6:
        text += f"{chance.choice([', ', ' à ', ' '])}{chance.randint(1000, 9999)} {chance.choice(_fillers('L', '*'))}"
    return text


def _plain(slot: str, world: _World) -> str | None:
    """What fills a slot that no list and no person fills."""
    chance = world.chance
    match slot:
        case "D":
            return _date(world)
        case "T":
            return f"{chance.randint(8, 18)}{chance.choice(['h', 'h30', ':15', 'u', 'u30'])}"
        case "N":
            return str(chance.randint(1, 90))
        case "Y":
            return str(chance.randint(1890, 2026) if world.prose else chance.randint(2004, 2026))
        case "NISS":
            day = f"{chance.randint(50, 99)}.{chance.randint(1, 12):02}.{chance.randint(1, 28):02}"
            return f"{day}-{chance.randint(1, 997):03}.{chance.randint(1, 97):02}"
        case "OV":
            return chance.choice(["{0}.{1:03}.{2:03}", "{0}{1:03}{2:03}"]).format(
                chance.randint(4, 9), chance.randint(0, 999), chance.randint(0, 999)
            )
        case "TEL":
            return f"04{chance.randint(60, 99)}{chance.choice([' ', '/', ''])}{chance.randint(100000, 999999)}"
        case "W":
            title = chance.choice(_titles(world.language) + _titles("en"))
            left, right = chance.choice([("", ""), ("", ""), ('"', '"'), ("« ", " »"), ("„", "“"), ("'", "'")])
            return f"{left}{title}{right}"
        case "A":
            return _address(world)
    return None


def _fill(slot: str, key: str, world: _World) -> str:
    small = slot.islower() and slot != "nat"
    slot = slot.upper() if small else slot
    chance = world.chance
    if slot in {"P", "G", "F", "I"}:
        person = world.person(key)
        given = person.given if chance.random() < 0.9 else person.given.split(" ")[0]
        family = person.family.upper() if not world.prose and chance.random() < 0.07 else person.family
        text = {"P": _full(person, chance, world.prose), "G": given, "F": family, "I": person.family[0]}[slot]
    elif (plain := _plain(slot, world)) is not None:
        text = plain
    elif slot == "L" and world.supply.cities and chance.random() < (0.5 if world.prose else 0.2):
        text = chance.choice(world.supply.cities)
    else:
        text = chance.choice(_fillers(slot, world.language))
        text = _SLOT.sub(lambda found: _fill(found[1], found[2], world), text)
    return text.lower() if small else text


def _expand(template: str, world: _World) -> list[Piece]:
    while found := _CHOICE.search(template):
        choice = world.chance.choice(found[1].split("|"))
        template = template[: found.start()] + choice + template[found.end() :]
    pieces: list[Piece] = []
    done = 0
    for slot in _SLOT.finditer(template):
        pieces.append((template[done : slot.start()], ""))
        pieces.append((_fill(slot[1], slot[2], world), _MARKED.get(slot[1].upper() if len(slot[1]) == 1 else "", "")))
        done = slot.end()
    pieces.append((template[done:], ""))
    return [(re.sub(" {2,}", " ", text), kind) for text, kind in pieces if text]


def _slip(text: str, chance: random.Random) -> str:
    """The text with one typing slip."""
    if len(text) < 4:
        return text
    place = chance.randrange(1, len(text) - 1)
    match chance.randrange(4):
        case 0:
            return text[:place] + text[place + 1 :]
        case 1:
            return text[:place] + text[place] + text[place:]
        case 2:
            return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        case _:
            return text[:place] + chance.choice("eaiosnrt") + text[place + 1 :]


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")


def _disturbed(pieces: list[Piece], chance: random.Random) -> list[Piece]:
    """The note as a hurried hand leaves it."""
    if chance.random() < 0.12:
        pieces = [(text.lower(), kind) for text, kind in pieces]
    elif chance.random() < 0.07:
        pieces = [(text.upper(), kind) for text, kind in pieces]
    if chance.random() < 0.12:
        pieces = [(_without_accents(text), kind) for text, kind in pieces]
    if chance.random() < 0.08:
        pieces = [(text if kind else re.sub("[.,]", "", text), kind) for text, kind in pieces]
    if chance.random() < 0.06:
        pieces = [(text if kind else re.sub("([,.;:]) ", r"\1", text), kind) for text, kind in pieces]
    rate = 0.08 if chance.random() < 0.2 else 0.0
    if rate:
        pieces = [
            ("".join(_slip(part, chance) if chance.random() < rate else part for part in re.split("( )", text)), kind)
            for text, kind in pieces
        ]
    return pieces


def _example(identity: str, source: str, language: str, pieces: Sequence[Piece]) -> Example:
    text = ""
    markings = []
    for piece, kind in pieces:
        if kind:
            markings.append(Marking(len(text), len(text) + len(piece), kind))
        text += piece
    return Example(identity, source, language, text, tuple(markings))


def _part(text: str, parts: int) -> int:
    return zlib.crc32(text.encode()) % parts


def _split(texts: Sequence[str], fold_of: tuple[int, int] | None, *, held_out: bool) -> list[str]:
    if fold_of is None:
        return list(texts)
    return [text for text in texts if (_part(text, fold_of[1]) == fold_of[0]) == held_out]


def origins_of(
    origins: Sequence[names.Origin], fold_of: tuple[int, int] | None, *, held_out: bool
) -> tuple[names.Origin, ...]:
    """All origins, or with (k, n) our own without (or only) those of part k; Faker's only for training."""
    if fold_of is None:
        return tuple(origins)
    k, n = fold_of
    if held_out:
        return tuple(one for one in origins if not one.name.startswith("faker") and _part(one.name, n) == k)
    return tuple(one for one in origins if one.name.startswith("faker") or _part(one.name, n) != k)


def examples(
    count: int, supply: Supply, fold_of: tuple[int, int] | None = None, *, seed: int = 1, held_out: bool = False
) -> Iterator[Example]:
    """`count` notes and `count` prose texts per language.

    fold_of: (k, n): without the k-th of n parts of the templates, or with held_out only those.
    """
    for language in LANGUAGES:
        chance = random.Random(f"{seed} {language}")
        notes = _split(_templates("notes", language), fold_of, held_out=held_out)
        prose = _split(_templates("prose", language), fold_of, held_out=held_out)
        others = [line for other in LANGUAGES if other != language for line in _templates("notes", other)]
        others = _split(others, fold_of, held_out=held_out)
        for number in range(count):
            yield _note(f"notes-{language}-{number}", _World(chance, language, supply, prose=False), notes, others)
        for number in range(count):
            world = _World(chance, language, supply, prose=True)
            pieces: list[Piece] = []
            for position in range(chance.choice([1, 1, 1, 2, 3])):
                pieces += [(" ", "")] * (position > 0) + _expand(chance.choice(prose), world)
            yield _example(f"prose-{language}-{number}", "prose", language, pieces)


def _note(identity: str, world: _World, lines: Sequence[str], others: Sequence[str]) -> Example:
    """A note of one to six lines, now and then one of them in another language."""
    chance = world.chance
    joint = chance.choice(["\n", "\n", " ", " ", " - ", "; ", "\n- "])
    pieces: list[Piece] = []
    for position in range(chance.choice([1, 1, 2, 3, 4, 6])):
        line = chance.choice(others if chance.random() < 0.05 else lines)
        pieces += [(joint, "")] * (position > 0) + _expand(line, world)
    return _example(identity, "notes", world.language, _disturbed(pieces, chance))
