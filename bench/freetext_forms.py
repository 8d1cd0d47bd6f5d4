"""Known names and numbers in every form that people write them, made by chance from a fixed seed."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

from stdnum import luhn

from bench.freetext_texts import Gold, Text, invented_names
from vault.freetext.particles import PARTICLES

_SENTENCES: Final = {
    "fr": ("Vu {} au guichet ce matin.", "Il habite chez {} depuis mars.", "D'après {}, le recours est introduit.",
           "Rendez-vous avec {} demain.", "{} ne répond plus au téléphone."),
    "nl": ("Gesprek met {} aan het loket.", "Hij woont bij {} sinds maart.", "Volgens {} is het beroep ingediend.",
           "{} komt morgen langs."),
    "de": ("Gespräch mit {} am Schalter.", "Laut {} ist alles eingereicht."),
    "en": ("Met {} at the desk today.", "{} said the appeal was filed."),
}  # fmt: skip
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_TRANSLITERATIONS: Final = (
    ("ou", "u"), ("u", "ou"), ("dj", "j"), ("j", "dj"), ("kh", "h"), ("q", "k"), ("k", "q"), ("ch", "sh"), ("sh", "ch"),
    ("y", "i"), ("i", "y"), ("oo", "u"), ("w", "ou"), ("c", "k"),
)  # fmt: skip
#: Given and family name to what is typed, or None where the form does not exist.
Form = Callable[[str, str, random.Random], str | None]


def _plain(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))


def _slip(given: str, family: str, chance: random.Random) -> str:
    name = f"{given} {family}"
    while True:
        at = chance.randrange(len(name))
        if not name[at].isalpha():
            continue
        letter = chance.choice(_LETTERS)
        after = name[at + 1 :]
        options = [name[:at] + letter + after, name[:at] + after, name[:at] + letter + name[at:]]
        if after[:1].isalpha():
            options.append(name[:at] + after[0] + name[at] + after[1:])
        typed = chance.choice(options)
        if typed != name and all(typed.split()):
            return typed


def _transliterated(given: str, family: str, chance: random.Random) -> str | None:
    name = f"{given} {family}"
    possible = [pair for pair in _TRANSLITERATIONS if pair[0] in name.lower()]
    if not possible:
        return None
    old, new = chance.choice(possible)

    def other(found: re.Match[str]) -> str:
        return new.capitalize() if found[0][0].isupper() else new

    return re.sub(old, other, name, flags=re.IGNORECASE)


def _without_particles(given: str, family: str, _: random.Random) -> str:
    return " ".join(word for word in f"{given} {family}".split() if word.lower() not in PARTICLES)


NAME_FORMS: Final[dict[str, Form]] = {
    "exact": lambda given, family, _: f"{given} {family}",
    "lower": lambda given, family, _: f"{given} {family}".lower(),
    "capitals": lambda given, family, _: f"{given} {family}".upper(),
    "accents": lambda given, family, _: _plain(f"{given} {family}"),
    "order": lambda given, family, _: f"{family} {given}",
    "initials": lambda given, family, _: f"{given[0]}. {family}",
    "particles": _without_particles,
    "slip": _slip,
    "transliteration": _transliterated,
}


def known_texts(form: str, seed: int = 7, most: int = 600) -> Iterator[Text]:
    """Sentences that name a known person in one form; `known` holds the name as the case has it."""
    chance = random.Random(seed)
    for given, family in invented_names()[:most]:
        typed = NAME_FORMS[form](given, family, chance)
        if not typed:
            continue
        language = chance.choice(sorted(_SENTENCES))
        sentence = chance.choice(_SENTENCES[language])
        sentence = sentence.lower() if form == "lower" else sentence
        start = sentence.index("{}")
        text = sentence.format(typed)
        gold = tuple(
            Gold(start + word.start(), start + word.end(), "PERSON")
            for word in re.finditer(r"\w+", typed)
            if word[0].lower() not in PARTICLES
        )
        yield Text(f"{form}-{given}-{family}", language, text, gold, (f"{given} {family}",))


# -- numbers ---------------------------------------------------------------------------------------------


def _national(chance: random.Random, added: int = 0) -> str:
    year = chance.randrange(1940, 2025)
    born = f"{year % 100:02d}{chance.randrange(1, 13) + added:02d}{chance.randrange(1, 29):02d}"
    first = f"{born}{chance.randrange(1, 998):03d}"
    return f"{first}{97 - int(('2' if year >= 2000 else '') + first) % 97:02d}"


def _bis(chance: random.Random) -> str:
    return _national(chance, chance.choice((20, 40)))


def _account(country: str, rest: str) -> str:
    digits = "".join(str(int(char, 36)) for char in f"{rest}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{rest}"


def _belgian(chance: random.Random) -> str:
    first = f"{chance.randrange(10**9, 10**10):010d}"
    return _account("BE", f"{first}{int(first) % 97 or 97:02d}")


def _foreign(chance: random.Random) -> str:
    country, shape = chance.choice(
        (("FR", "10d11c2d"), ("DE", "18d"), ("NL", "4a10d"), ("GB", "4a14d"), ("ES", "20d"), ("IT", "1a10d12c"),
         ("LU", "3d13c"), ("PL", "24d"), ("RO", "4a16c"), ("PT", "21d"), ("CH", "5d12c"))
    )  # fmt: skip
    pools = {"d": "0123456789", "a": "ABCDEFGHJKLMNPQRSTUVWXYZ", "c": "0123456789ABCDEFGHIJKLMNOP"}
    rest = "".join(
        chance.choice(pools[kind]) for size, kind in re.findall(r"(\d+)([dac])", shape) for _ in range(int(size))
    )
    return _account(country, rest)


def _card(chance: random.Random) -> str:
    number = chance.choice(("4", "51", "37", "6011", "5555", "35"))
    size = 15 if number == "37" else 16
    number += "".join(chance.choice("0123456789") for _ in range(size - 1 - len(number)))
    return number + str(luhn.calc_check_digit(number))


def _enterprise(chance: random.Random) -> str:
    first = f"0{chance.randrange(2_000_000, 10_000_000):07d}"
    return f"{first}{97 - int(first) % 97:02d}"


def _cut(number: str, sizes: tuple[int, ...]) -> list[str]:
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    return parts


def _national_forms(number: str, chance: random.Random) -> str:
    y, m, d, s, c = _cut(number, (2, 2, 2, 3, 2))
    return chance.choice(
        (number, f"{y}.{m}.{d}-{s}.{c}", f"{y}.{m}.{d} {s}.{c}", f"{y} {m} {d} {s} {c}", f"{y}{m}{d} {s} {c}",
         f"{y}/{m}/{d}-{s}/{c}", f"{y}-{m}-{d}-{s}-{c}", f"{y}.{m}.{d}.{s}.{c}", f"{y}{m}{d}-{s}{c}",
         f"{y}.{m}.{d}–{s}.{c}", f"{y}.{m}.{d} - {s}.{c}",
         " ".join(number), f"{y}\u00a0{m}\u00a0{d}\u00a0{s}\u00a0{c}", f"{y}.{m}.{d}-\n{s}.{c}", f"{y}_{m}_{d}_{s}_{c}")
    )  # fmt: skip


def _account_forms(number: str, chance: random.Random) -> str:
    fours = [number[at : at + 4] for at in range(0, len(number), 4)]
    return chance.choice(
        (number, " ".join(fours), "-".join(fours), ".".join(fours), number.lower(), " ".join(fours).lower(),
         f"{number[:2]} {number[2:]}", f"{number[:4]} {number[4:]}", "\u00a0".join(fours))
    )  # fmt: skip


def _card_forms(number: str, chance: random.Random) -> str:
    parts = _cut(number, (4, 4, 4, 4) if len(number) == 16 else (4, 6, 5))
    return chance.choice((number, " ".join(parts), "-".join(parts), ".".join(parts)))


def _enterprise_forms(number: str, chance: random.Random) -> str:
    dotted = ".".join(_cut(number, (4, 3, 3)))
    return chance.choice((f"BE{number}", f"BE {dotted}", f"BE {number}", dotted, f"BE{dotted}", f"be{number}", number))


Maker = Callable[[random.Random], str]
NUMBERS: Final[dict[str, tuple[Maker, Callable[[str, random.Random], str], tuple[str, ...]]]] = {
    "national": (_national, _national_forms, ("NISS {}", "rijksregisternummer: {}", "{}", "avec {} dessus")),
    "bis": (_bis, _national_forms, ("numéro bis {}", "{}", "bisnummer {}")),
    "iban": (_belgian, _account_forms, ("compte {}", "IBAN {}", "{}", "rek. {}")),
    "foreign_iban": (_foreign, _account_forms, ("compte {}", "{}", "sur {} svp")),
    "card": (_card, _card_forms, ("carte {}", "{}")),
    "vat": (_enterprise, _enterprise_forms, ("TVA {}", "{}", "ondernemingsnr {}")),
}  # fmt: skip
_BEFORE: Final = ("Vu ce matin, ", "Gesprek op kantoor; ", "2 enfants, ", "Rdv 12/05/2025 10h. ", "Note: ")
_AFTER: Final = (".", ", à vérifier", " (copie)", " 3 fois", "; 2025", "")


def number_texts(kind: str, count: int, seed: int = 11) -> Iterator[Text]:
    """Sentences with one valid number each, in a written form drawn by chance."""
    chance = random.Random(seed)
    make, write, keywords = NUMBERS[kind]
    for number in range(count):
        typed = write(make(chance), chance)
        before = chance.choice(_BEFORE) + chance.choice(keywords)
        start = before.index("{}")
        text = before.format(typed) + chance.choice(_AFTER)
        language = chance.choice(("fr", "nl", "de", "en"))
        yield Text(f"{kind}-{number}", language, text, (Gold(start, start + len(typed), "NUMBER"),))
