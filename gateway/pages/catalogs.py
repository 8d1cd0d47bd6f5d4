"""Four languages: catalogues, and days and moments as people here write them.

English stands in the templates and is what the catalogues translate; `locales/LANGUAGE.po` holds the rest. A test
fails on any text of a template, or word of `words.py`, that one of them misses.
"""

from __future__ import annotations

import gettext
import io
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LOCALES: Final = Path(__file__).resolve().parent / "locales"
#: In the order of the switch, each in its own words.
LANGUAGES: Final[dict[str, str]] = {"fr": "Français", "nl": "Nederlands", "de": "Deutsch", "en": "English"}
SOURCE: Final = "en"
_BELGIUM: Final = ZoneInfo("Europe/Brussels")
#: A day of the month is an ordinal in German. English would shorten to `03 Dec`, and write a comma after the weekday.
_MOMENT: Final = {"de": "d. MMMM y, HH:mm"}
_DAYS: Final = {("en", "medium"): "d MMM y", ("en", "full"): "EEEE d MMMM y"}
#: 1024 and 1024² bytes, as the units are called here.
_UNITS: Final = {"fr": ("Kio", "Mio")}
_QUARTER: Final = {1: 1, 2: 4, 3: 7, 4: 10}


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """language: one of LANGUAGES. English needs no file: the texts are English."""
    if language == SOURCE:
        return gettext.NullTranslations()
    with (LOCALES / f"{language}.po").open("rb") as file:
        compiled = io.BytesIO()
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def preferred(header: str) -> str:
    """The first of our languages in an Accept-Language header, by its weights; French for none of them."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:500].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1), place, tag[:2].lower()))
        except ValueError:
            continue
    return next((language for _, _, language in sorted(wanted) if language in LANGUAGES), "fr")


def day(value: str | date | datetime | None, language: str, style: str = "long") -> str:
    """A day as it is written here: `4 novembre 2026`. value: ISO text, a day, or a moment (its day in Belgium).

    style: `long`; `medium`, which shortens the month; `full`, with the weekday.
    """
    if value is None or value == "":
        return ""
    found = _parsed(value)
    if isinstance(found, datetime):
        found = found.astimezone(_BELGIUM).date()
    return format_date(found, _DAYS.get((language, style), style), locale=_locale(language))


def quarter(period: str, language: str) -> str:
    """A quarter of a year as it is written here: `T4 2026`. period: `2026-Q4`."""
    year, _, number = period.partition("-Q")
    return format_date(date(int(year), _QUARTER[int(number)], 1), "QQQ y", locale=_locale(language))


def moment(value: str | datetime | None, language: str) -> str:
    """Day and time in Belgium."""
    if value is None or value == "":
        return ""
    found = _parsed(value)
    assert isinstance(found, datetime)
    pattern = _MOMENT.get(language, "d MMMM y, HH:mm")
    return format_datetime(found, pattern, tzinfo=_BELGIUM, locale=_locale(language))


def number(value: float | None, language: str) -> str:
    """A number with the language's decimal sign, two places at most; "" for none."""
    return (
        ""
        if value is None
        else format_decimal(
            round(value, 2), locale=language if language == SOURCE else _locale(language), group_separator=False
        )
    )


def size(count: int, language: str) -> str:
    """How large a file is, rounded up. count: bytes."""
    small, large = _UNITS.get(language, ("KiB", "MiB"))
    if count < 1 << 20:
        return f"{-(-count >> 10) or 1}\u00a0{small}"
    return f"{number(-(-count * 10 >> 20) / 10, language)}\u00a0{large}"


def tongue(code: str, language: str) -> str:
    """What a language is called, by its code of two or three letters; the code where nobody gave it a name."""
    try:
        return str(Locale.parse(_locale(language)).languages.get(code.lower(), code))
    except (UnknownLocaleError, ValueError):
        return code


def colon(language: str) -> str:
    """The colon between two texts. In French a space stands before it at which no line breaks."""
    return "\u00a0:" if language == "fr" else ":"


def semicolon(language: str) -> str:
    """The semicolon between two texts; in French after a narrow space."""
    return "\u202f;" if language == "fr" else ";"


def _parsed(value: str | date | datetime) -> date | datetime:
    if not isinstance(value, str):
        return value
    return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)


def _locale(language: str) -> str:
    return f"{language}_BE"
