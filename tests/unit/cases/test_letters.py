"""Letters as data: every one complete in every language, and a wrong wording refused before anybody waits for it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.office_texts import load_texts
from vault.cases.letters import (
    ADDED,
    CODES,
    COMMON,
    KIND_OF_LETTER,
    Letter,
    LetterBook,
    LetterTemplate,
    LetterText,
    Value,
    check_added,
    check_languages,
    decode,
)
from vault.cases.model import LANGUAGES
from vault.cases.office_texts import OfficeTexts
from vault.cases.templates import TEMPLATES
from vault.errors import ConfigurationError, InvalidInput, RecordTampered

TEXTS: Final = load_texts()
PARTNERS: Final = ("caritas", "fedasil")
GIVEN: Final[dict[str, Value]] = {
    "letter_date": date(2026, 11, 3), "recipients": ("Aminata Diallo", "Ibrahima Diallo"), "address": "rue Inventée 3",
    "ov_number": "8123456", "coach": "Amina", "appointment_on": date(2026, 12, 2), "appointment_time": "09:30",
    "place": "rue des Tilleuls 14", "contact": "02 000 00 00", "leaflet": "2026-1", "missed_on": date(2026, 11, 25),
    "reason": "no_show", "respond_by": date(2026, 12, 15), "outcome": "REFUSED", "closed_on": date(2026, 12, 20),
    "partner": "caritas", "need": "shelter", "shared": ("family_name", "phone"), "expires_on": date(2027, 1, 31),
}  # fmt: skip


def values(name: str) -> dict[str, Value]:
    return {field: GIVEN[field] for field in (*COMMON, *ADDED[name])}


def added(name: str) -> dict[str, Value]:
    return {field: GIVEN[field] for field in ADDED[name]}


@pytest.mark.parametrize("name", ADDED)
def test_each_letter_is_whole_in_every_language(name: str) -> None:
    letter = TEXTS.letters.compose(name, LANGUAGES, values(name))
    assert tuple(letter.texts) == LANGUAGES
    assert letter.fields.keys() == {*COMMON, *ADDED[name]}
    for language, text in letter.texts.items():
        whole = "\n".join(text.parts())
        assert not re.search(r"[{}]", whole), (name, language)
        assert all(part.strip() for part in text.parts())
        assert GIVEN["contact"] in whole, "whoever gets a letter learns how to answer it"
        for field in ADDED[name]:
            codes = CODES.get(field)
            said = TEXTS.letters.words[language][field] if codes else {}
            assert not codes or any(words in whole for words in said.values()), (field, language)
            assert not any(code in whole for code in codes or () if "_" in code), "codes are said in words"
    assert decode(letter.encode()) == letter.to_json()


def test_dates_are_written_as_they_are_there() -> None:
    letter = TEXTS.letters.compose("referral", ("fr", "de"), values("referral"))
    assert "31/01/2027" in "\n".join(letter.texts["fr"].parts())
    assert "31.01.2027" in "\n".join(letter.texts["de"].parts())
    assert letter.fields["expires_on"] == "2027-01-31"


def test_the_letter_about_consequences_says_what_is_passed_on_and_what_is_not() -> None:
    """And that two people sign, that others decide, that a lawyer and appeals remain."""
    letter = TEXTS.letters.compose("consequences", ("en",), values("consequences"))
    whole = " ".join(letter.texts["en"].parts())
    for words in ("nothing of what you told your coach", "another must sign", "other services", "lawyer", "appeals"):
        assert words in whole


def test_a_letter_cites_no_article() -> None:
    """Which one applies is for the office to say."""
    for template in TEXTS.letters.templates.values():
        for text in template.texts.values():
            assert not re.search(r"\bart(icle|ikel|\.)", " ".join(text.parts()), re.IGNORECASE)


def test_what_is_put_in_is_not_looked_at_again() -> None:
    tricky = values("closing") | {"contact": "{recipients} {0} {contact.__class__}"}
    letter = TEXTS.letters.compose("closing", ("en",), tricky)
    assert "{recipients} {0} {contact.__class__}" in " ".join(letter.texts["en"].parts())


@pytest.mark.parametrize("name", ADDED)
def test_a_letter_takes_exactly_its_fields(name: str) -> None:
    check_added(name, added(name), PARTNERS)
    for field in ADDED[name]:
        for wrong in ({k: v for k, v in added(name).items() if k != field}, added(name) | {field: ""}):
            with pytest.raises(InvalidInput):
                check_added(name, wrong, PARTNERS)
    with pytest.raises(InvalidInput):
        check_added(name, added(name) | {"notes": "what was said"}, PARTNERS)


WRONG: Final[list[tuple[str, str, Any]]] = [
    ("invitation", "appointment_on", "2026-12-02"), ("invitation", "appointment_time", "25:00"),
    ("invitation", "appointment_time", "9:30"), ("invitation", "place", "a\nb"), ("invitation", "place", "x" * 401),
    ("invitation", "leaflet", "\x1b[31m"), ("consequences", "reason", "because"),
    ("consequences", "respond_by", "soon"), ("closing", "outcome", "BAD_PERSON"), ("referral", "partner", "police"),
    ("referral", "need", "everything"), ("referral", "shared", "phone"), ("referral", "shared", ("phone", "notes")),
    ("referral", "need", ("shelter",)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "field", "value"), WRONG)
def test_a_field_that_cannot_be_meant_is_named(name: str, field: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_added(name, added(name) | {field: value}, PARTNERS)
    assert refused.value.field == field


def test_no_letter_and_no_language_that_is_none() -> None:
    with pytest.raises(InvalidInput):
        check_added("threat", {}, PARTNERS)
    for languages in ((), ("it",), ("fr", "fr"), ("FR",)):
        with pytest.raises(InvalidInput):
            check_languages(languages)


def test_what_was_composed_of_another_shape_is_not_believed() -> None:
    for plaintext in (b"", b"{}", b"[]", b'{"letter":1}', b"\xff", b"[" * 100_000):
        with pytest.raises(RecordTampered):
            decode(plaintext)


TEXT: Final = LetterText("{coach}", "Bonjour", ("Le {appointment_on}.",), "Bien à vous")


@pytest.mark.parametrize(
    "text",
    [
        LetterText("{outcome}", "a", ("b",), "c"), LetterText("{0}", "a", ("b",), "c"),
        LetterText("{coach!r}", "a", ("b",), "c"), LetterText("{coach.name}", "a", ("b",), "c"),
        LetterText("{", "a", ("b",), "c"), LetterText("}", "a", ("b",), "c"), LetterText("a", " ", ("b",), "c"),
        LetterText("a", "b", ("", "c"), "d"), LetterText("{{coach}}", "a", ("b",), "c"),
    ],
)  # fmt: skip
def test_a_wording_that_could_not_be_filled_in_is_refused_at_once(text: LetterText) -> None:
    LetterTemplate("invitation", 1, dict.fromkeys(LANGUAGES, TEXT))
    with pytest.raises(ConfigurationError):
        LetterTemplate("invitation", 1, dict.fromkeys(LANGUAGES, TEXT) | {"nl": text})


def test_a_book_lacks_no_letter_language_or_word() -> None:
    book = TEXTS.letters
    with pytest.raises(ConfigurationError):
        LetterTemplate("threat", 1, dict.fromkeys(LANGUAGES, TEXT))
    with pytest.raises(ConfigurationError):
        LetterTemplate("invitation", 0, dict.fromkeys(LANGUAGES, TEXT))
    with pytest.raises(ConfigurationError):
        LetterTemplate("invitation", 1, {"fr": TEXT})
    with pytest.raises(ConfigurationError):
        LetterBook({name: one for name, one in book.templates.items() if name != "closing"}, book.words)
    words = {language: dict(found) for language, found in book.words.items()}
    words["nl"] = words["nl"] | {"need": {"shelter": "onderdak"}}
    with pytest.raises(ConfigurationError):
        LetterBook(book.templates, words)
    with pytest.raises(ConfigurationError):
        OfficeTexts({}, book, "")


def test_every_letter_is_the_desks_or_the_coachs() -> None:
    assert set(KIND_OF_LETTER) == set(ADDED)
    assert max(len(Letter(name, 99_999, {}, {}).stored) for name in ADDED) <= 40


# -- the office's files ------------------------------------------------------------------------------


def test_the_shipped_texts_load_and_a_folder_replaces_one_file(tmp_path: Path) -> None:
    assert set(TEXTS.notes) == set(TEMPLATES)
    shipped = (Path(__file__).parents[3] / "gateway" / "texts" / "notes.toml").read_text("utf-8")
    (tmp_path / "notes.toml").write_text(shipped.replace("# Premier entretien", "# Eerste keer", 1), "utf-8")
    own = load_texts(tmp_path)
    assert own.notes["intake"].skeletons["fr"].startswith("# Eerste keer")
    assert own.letters.templates == TEXTS.letters.templates
    assert own.digest != TEXTS.digest


def test_a_folder_that_is_not_there_is_not_taken_for_the_shipped_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        load_texts(tmp_path / "texst")


FAULTS: Final[dict[str, tuple[str, Any]]] = {
    "no TOML": ("notes.toml", lambda text: text + "[["),
    "not UTF-8": ("notes.toml", lambda text: text.encode() + b"\xff"),
    "a version as text": ("notes.toml", lambda text: text.replace("version = 2", 'version = "1"', 1)),
    "an unknown key": ("notes.toml", lambda text: text.replace("version = 2", "version = 2\nit = 'x'", 1)),
    "an unknown template": ("notes.toml", lambda text: text.replace("[intake]", "[poem]", 1)),
    "a template too few": ("notes.toml", lambda text: text[: text.index("[closing]")]),
    "a text that is a number": ("notes.toml", lambda text: text.replace('fr = """', 'fr = 1\nxx = """', 1)),
    "an unknown field": ("letters.toml", lambda text: text.replace("{leaflet}", "{feeling}", 1)),
    "no words": ("letters.toml", lambda text: text[: text.index("[words.fr.reason]")]),
    "a letter too few": ("letters.toml", lambda text: text.replace("[closing", "[closed")),
    "too large": ("letters.toml", lambda text: text + "#" * (1024 * 1024)),
    "paragraphs that are none": (
        "letters.toml",
        lambda text: text.replace("paragraphs = [", "paragraphs = 7\nx = [", 1),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_with_a_fault_stops_the_start(name: str, tmp_path: Path) -> None:
    file, change = FAULTS[name]
    shipped = (Path(__file__).parents[3] / "gateway" / "texts" / file).read_text("utf-8")
    changed = change(shipped)
    (tmp_path / file).write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    with pytest.raises(ConfigurationError):
        load_texts(tmp_path)
