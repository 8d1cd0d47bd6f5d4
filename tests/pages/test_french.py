"""French as it is printed here: a space at which no line breaks before : ; ! ? and inside « ».

The wide one (U+00A0) before a colon and inside quotes, the narrow one (U+202F) before the rest, as the Imprimerie
nationale has it. Left alone: addresses, hours, fields of a format, marks without a word before them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gateway
from gateway.pages import catalogs
from policies.explainer import CATALOGUE

PLACE = Path(gateway.__file__).parent
#: What is no mark of a sentence.
ASIDE = re.compile(r"https?://\S+|\burn:\S+|[0-9]{1,2}:[0-9]{2}|\{[^{}]*\}|%\([a-z_]+\)s|&[a-z]+;")
WRONG = re.compile(
    r"(?<!\u00a0):(?=\s|$|[»\"])|(?<![\u202f!?])[;!?](?=\s|$|[»\")])|«(?!\u00a0)|(?<!\u00a0)»|[ \u202f]:|[ \u00a0][;!?]"
)


def faulty(text: str) -> list[str]:
    """The places of a text at which a space is missing or is a plain one."""
    left = ASIDE.sub("x", text)
    return [left[max(0, found.start() - 20) : found.end() + 5] for found in WRONG.finditer(left)]


def of_toml(node: Any, french: bool) -> Iterator[str]:
    """Every French text below a table `fr`, or of a key `fr`."""
    if isinstance(node, str):
        if french:
            yield node
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from of_toml(value, french or name == "fr")
    elif isinstance(node, list):
        for value in node:
            yield from of_toml(value, french)


def of_catalogue() -> Iterator[str]:
    yield from (text for key, text in catalogs.catalogue("fr")._catalog.items() if key)  # type: ignore[attr-defined]


FILES = sorted([*PLACE.glob("*.toml"), *(PLACE / "texts").glob("*.toml")])


def test_the_pages_texts_have_their_spaces() -> None:
    texts = list(of_catalogue())
    assert len(texts) > 1000
    assert [place for text in texts for place in faulty(text)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_letters_skeletons_reports_and_names_have_their_spaces(path: Path) -> None:
    told = tomllib.loads(path.read_text("utf-8"))
    assert [place for text in of_toml(told, french=False) for place in faulty(text)] == []


def test_the_explanations_of_rules_have_their_spaces() -> None:
    assert [place for text in CATALOGUE["fr"].values() for place in faulty(text)] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Pourquoi ?", True), ("Pourquoi?", True), ("Pourquoi\u00a0?", True), ("Pourquoi\u202f?", False),
        ("Note : lue", True), ("Note: lue", True), ("Note\u202f: lue", True), ("Note\u00a0: lue", False),
        ("un ; deux", True), ("un\u202f; deux", False), ("« mot »", True), ("«\u00a0mot\u00a0»", False),
        ("à 9:30, https://a.be/x?y=1", False), ("Envoi\u00a0: {done:02} %(num)s", False), ("Quoi\u202f?!", False),
    ],
)  # fmt: skip
def test_the_check_finds_what_it_is_for(text: str, wrong: bool) -> None:
    assert bool(faulty(text)) is wrong


def test_no_template_writes_a_colon_of_its_own_between_two_texts() -> None:
    found = {
        path.name: places
        for path in sorted((PLACE / "pages" / "templates").glob("*.html"))
        if (places := re.findall(r"(?:\}\}|%\}|</\w+>|hidden\">):(?=\s|<).{0,20}", path.read_text("utf-8")))
    }
    assert found == {}
