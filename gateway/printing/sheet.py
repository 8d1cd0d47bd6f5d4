"""A letter as HTML for paper: what the vault kept of it, and nothing that is looked up again.

Every language that was asked for begins on a sheet of its own. Names are set apart in their own direction (`bdi`), so
that one written from the right leaves the lines around it alone. Labels and days are written as the pages write them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.pages import catalogs, words

_TEMPLATES: Final = Path(__file__).resolve().parent.parent / "pages" / "templates"


def html_of(letter: Mapping[str, Any]) -> str:
    """letter: what the use cases `compose_letter` and `read_letter` answer."""
    languages = [language for language in letter["languages"] if language in catalogs.LANGUAGES]
    bodies = [_drawn(language, "letter_body.html", letter) for language in languages]
    return unicodedata.normalize("NFC", _drawn(languages[0], "letter_sheet.html", letter, bodies))


@cache
def _environment(language: str) -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    catalogue = catalogs.catalogue(language)
    made.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    made.globals |= {"word": partial(words.word, catalogue.gettext)}
    made.filters |= {"day": partial(catalogs.day, language=language)}
    return made


def _drawn(language: str, template: str, letter: Mapping[str, Any], bodies: list[str] | None = None) -> str:
    text = letter["texts"][language]
    values = {"fields": letter["fields"], "text": text, "written": language, "bodies": bodies or []}
    return _environment(language).get_template(template).render(values | {"written_at": letter["written_at"]})
