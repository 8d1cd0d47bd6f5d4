"""Reads the office's texts: note skeletons and letters, from the files shipped or from the operator's folder.

    texts/notes.toml     a table per template: version, and a skeleton in each language
    texts/letters.toml   a table per letter: version, and a text in each language; `words`: what each code is called

Strict: an unknown key, a missing language or a field that a letter does not have stops the start, not the letter.
"""

from __future__ import annotations

import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from vault.cases.letters import LetterBook, LetterTemplate, LetterText
from vault.cases.model import LANGUAGES
from vault.cases.office_texts import OfficeTexts
from vault.cases.templates import NoteTemplate
from vault.errors import ConfigurationError

_SHIPPED: Final = Path(__file__).parent / "texts"
_LARGEST: Final = 1024 * 1024
_TEXT_KEYS: Final = {"subject", "salutation", "paragraphs", "closing"}


def load_texts(folder: Path | None = None) -> OfficeTexts:
    """folder: the operator's; a file it does not hold is the shipped one. Raises ConfigurationError."""
    if folder is not None and not folder.is_dir():
        raise ConfigurationError("the folder of the office's texts is not there")
    notes, letters = _read(folder, "notes.toml"), _read(folder, "letters.toml")
    digest = sha256(len(notes).to_bytes(8, "big") + notes + letters).hexdigest()
    try:
        return OfficeTexts(_notes(_parsed(notes, "notes.toml")), _letters(_parsed(letters, "letters.toml")), digest)
    except (KeyError, TypeError, AttributeError, ValueError) as fault:
        raise ConfigurationError(
            f"the office's texts are not of the shape they must have ({type(fault).__name__})"
        ) from fault


def _read(folder: Path | None, name: str) -> bytes:
    path = folder / name if folder is not None and (folder / name).exists() else _SHIPPED / name
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as fault:
        raise ConfigurationError(f"{name} cannot be read ({type(fault).__name__})") from fault
    if len(content) > _LARGEST:
        raise ConfigurationError(f"{name} is larger than {_LARGEST} bytes")
    return content


def _parsed(content: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except ValueError as fault:
        raise ConfigurationError(f"{name}: not TOML in UTF-8 ({fault})") from fault


def _notes(data: dict[str, Any]) -> dict[str, NoteTemplate]:
    found = {}
    for name, table in data.items():
        _keys(table, {"version", *LANGUAGES}, name)
        skeletons = {language: _text(table[language], name).strip() + "\n" for language in LANGUAGES}
        found[name] = NoteTemplate(name, _version(table["version"], name), skeletons)
    return found


def _letters(data: dict[str, Any]) -> LetterBook:
    words = data.pop("words")
    found = {}
    for name, table in data.items():
        _keys(table, {"version", *LANGUAGES}, name)
        texts = {}
        for language in LANGUAGES:
            text = table[language]
            _keys(text, _TEXT_KEYS, f"{name}, {language}")
            parts = tuple(_text(part, name) for part in text["paragraphs"])
            texts[language] = LetterText(
                _text(text["subject"], name), _text(text["salutation"], name), parts, _text(text["closing"], name)
            )
        found[name] = LetterTemplate(name, _version(table["version"], name), texts)
    return LetterBook(found, words)


def _keys(table: dict[str, Any], wanted: set[str], place: str) -> None:
    if set(table) != wanted:
        raise ConfigurationError(f"{place}: needs exactly {', '.join(sorted(wanted))}")


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{place}: a text is missing")
    return value


def _version(value: Any, place: str) -> int:
    if type(value) is not int:
        raise ConfigurationError(f"{place}: version is a whole number")
    return value
