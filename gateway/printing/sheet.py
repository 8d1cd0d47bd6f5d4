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
from markupsafe import Markup

from gateway.pages import catalogs, words

_TEMPLATES: Final = Path(__file__).resolve().parent.parent / "pages" / "templates"


def sheets_of(letter: Mapping[str, Any], heading: str = "h1") -> list[Markup]:
    """One part of a page for each language. letter: what the use cases `compose_letter` and `read_letter` answer."""
    return [Markup(_drawn(one, "letter_body.html", letter, heading=heading)) for one in letter["languages"]]  # noqa: S704


def html_of(letter: Mapping[str, Any]) -> str:
    """The whole, for the press."""
    first = letter["languages"][0]
    return unicodedata.normalize("NFC", _drawn(first, "letter_sheet.html", letter, sheets=sheets_of(letter)))


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


def _drawn(language: str, template: str, letter: Mapping[str, Any], **values: Any) -> str:
    values |= {"fields": letter["fields"], "text": letter["texts"][language], "written": language}
    return _environment(language).get_template(template).render(values | {"written_at": letter["written_at"]})
