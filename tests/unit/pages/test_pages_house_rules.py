"""What a reader of the templates would have to remember: nothing inline, nothing untranslated, known bytes."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from gateway.pages import assets, catalogs, words
from gateway.pages.site import form_token

TEMPLATES: Final = sorted((Path(catalogs.__file__).parent / "templates").glob("*.html"))
TRANSLATED: Final = [language for language in catalogs.LANGUAGES if language != catalogs.SOURCE]
#: What the content security policy stops, and what htmx would need eval for.
FORBIDDEN: Final = re.compile(
    r"\son[a-z]+=|\sstyle=|<style|<script(?![^>]* src=)|hx-on|hx-vals=.js|hx-trigger=.[^\"]*\[|https?://"
)


def texts() -> set[str | tuple[str, ...]]:
    """Every text that a page may show: of the templates, and what codes are called."""
    found: set[str | tuple[str, ...]] = set(words.texts())
    options = {"trim_blocks": "1", "lstrip_blocks": "1", "silent": "false"}
    for template in TEMPLATES:
        with template.open("rb") as file:
            for _, _, message, _ in babel_extract(file, ("_", "gettext", "ngettext"), [], options):
                found.add(message if isinstance(message, str) else tuple(part for part in message if part))
    return found


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_misses_in_any_language(language: str) -> None:
    with (catalogs.LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    missing = []
    for text in texts():
        message = catalogue.get(text if isinstance(text, str) else text[0])
        told = message.string if message is not None else ""
        forms = told if isinstance(told, tuple | list) else (told,)
        if message is None or message.fuzzy or not all(forms):
            missing.append(text)
    assert missing == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_what_is_filled_in(language: str) -> None:
    with (catalogs.LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    holes = re.compile(r"%\(\w+\)s|\{\w+\}")
    wrong = []
    for message in catalogue:
        source = message.id if isinstance(message.id, str) else message.id[-1]
        forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.id and any(set(holes.findall(form)) != set(holes.findall(source)) for form in forms):
            wrong.append(source)
    assert wrong == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_nothing_inline(template: Path) -> None:
    assert FORBIDDEN.findall(template.read_text("utf-8")) == []


def test_every_form_that_is_posted_carries_the_sessions_token() -> None:
    bare = re.compile(r'<form method="post"(?:(?!</form>).)*</form>', re.DOTALL)
    exempt = {"sign_in.html", "signed_in_again.html"}  # nobody is signed in yet; what only draws a form again
    without = [
        template.name
        for template in TEMPLATES
        for form in bare.findall(template.read_text("utf-8"))
        if "token" not in form and "/language" not in form and template.name not in exempt
    ]
    assert without == []


def test_what_is_served_is_what_was_expected() -> None:
    assert assets.whole(), "the pages' assets are not there: ./run makes them"
    for name, digest in assets.expected().items():
        assert sha256((assets.STATIC / name).read_bytes()).hexdigest() == digest, name


def test_the_first_page_is_light() -> None:
    import gzip

    loaded = ("pages.css", "pages.js", "htmx.js")
    assert sum(len(gzip.compress((assets.STATIC / name).read_bytes())) for name in loaded) < 50 * 1024


def test_nothing_that_is_served_calls_another_host_or_evaluates() -> None:
    style = (assets.STATIC / "pages.css").read_text("utf-8")
    assert "GDS Transport" not in style
    assert not re.search(r"url\((?!\"?[a-z0-9-]+\.woff2)", style)
    assert "eval(" not in (assets.STATIC / "pages.js").read_text("utf-8")


@pytest.mark.parametrize(
    ("header", "language"), [("nl-BE,fr;q=0.5", "nl"), ("es, de;q=0.2", "de"), ("", "fr"), ("x;q=y,en", "en")]
)
def test_the_browsers_language_is_taken(header: str, language: str) -> None:
    assert catalogs.preferred(header) == language


@pytest.mark.parametrize(
    ("language", "written"),
    [("fr", "4 novembre 2026"), ("nl", "4 november 2026"), ("de", "4. November 2026"), ("en", "4 November 2026")],
)
def test_days_are_written_as_people_here_write_them(language: str, written: str) -> None:
    assert catalogs.day("2026-11-04", language) == written


def test_a_forms_token_belongs_to_one_session() -> None:
    assert form_token("a" * 64) != form_token("b" * 64)
    assert "a" * 64 not in form_token("a" * 64)


def test_a_note_on_the_screen_is_escaped() -> None:
    shown = str(words.marked("<b>[PERSONNE-1]</b> & Co", []))
    assert "<b>" not in shown
    assert 'class="p-stand-in">[PERSONNE-1]</span>' in shown
