"""Letters to the person, as data: every field, and the finished texts in the languages asked for.

The wording is the office's, in a file with a version for each letter (`LetterBook`); code fills in fields and
nothing else. A text may name the fields of its own letter as `{field}`, so that a wrong wording is refused when it is
loaded and never when somebody waits for a letter. What was composed is kept, sealed: it is what the person was told.

    book.compose("invitation", ("fr", "en"), {"appointment_on": date(2026, 12, 3), ...})

Invitations and reminders are sent by the desk until the person was received, which is the policy's phase `pending`;
they name a place and a time, and nothing that was confided. The others are the coach's. The codes that a letter may
carry (outcome, need, reason) are closed lists, with words in every language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from vault.cases.facts import NEEDS
from vault.cases.flow import Outcome
from vault.cases.model import LANGUAGES
from vault.errors import ConfigurationError, InvalidInput, RecordTampered
from vault.vocabulary import Kind

#: What every letter knows of the case, filled in by the vault.
COMMON: Final = ("letter_date", "recipients", "address", "ov_number", "coach")
#: What the sender of each letter adds.
ADDED: Final[dict[str, tuple[str, ...]]] = {
    "invitation": ("appointment_on", "appointment_time", "place", "contact", "leaflet"),
    "reminder": ("missed_on", "appointment_on", "appointment_time", "place", "contact", "leaflet"),
    "consequences": ("reason", "respond_by", "place", "contact"),
    "closing": ("outcome", "closed_on", "contact"),
    "referral": ("partner", "need", "shared", "expires_on", "contact"),
}
KIND_OF_LETTER: Final[dict[str, Kind]] = {
    "invitation": Kind.INVITATION,
    "reminder": Kind.INVITATION,
    "consequences": Kind.LETTER,
    "closing": Kind.LETTER,
    "referral": Kind.LETTER,
}
#: Why a letter about the consequences of non-cooperation is sent.
REASONS: Final = ("no_show", "refusal")
#: Codes and the words they need in every language. `shared` is a list of field names of a referral.
CODES: Final[dict[str, tuple[str, ...]]] = {
    "reason": REASONS,
    "outcome": tuple(outcome.value for outcome in Outcome),
    "need": NEEDS,
    "shared": ("family_name", "given_names", "phone", "address", "language", "need"),
}
LETTER_FIELDS: Final = ("reference", "record", "letter", "letter_version", "languages", "fields", "texts", "written_at")
_TEXT_LIMIT: Final = 400  # characters of a place or a way to reach the office
_FIELD: Final = re.compile(r"\{([a-z_]+)\}")
_BRACE: Final = re.compile(r"[{}]")
_DATE: Final = {"fr": "%d/%m/%Y", "nl": "%d/%m/%Y", "en": "%d/%m/%Y", "de": "%d.%m.%Y"}

Value = str | date | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LetterText:
    """One letter in one language."""

    subject: str
    salutation: str
    paragraphs: tuple[str, ...]
    closing: str

    def to_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject, "salutation": self.salutation, "paragraphs": list(self.paragraphs),
            "closing": self.closing,
        }  # fmt: skip

    def parts(self) -> tuple[str, ...]:
        return (self.subject, self.salutation, *self.paragraphs, self.closing)

    def filled(self, words: Mapping[str, str]) -> LetterText:
        """With `{field}` replaced, once: what is put in is not looked at again."""
        subject, salutation, *paragraphs, closing = (_FIELD.sub(lambda m: words[m[1]], part) for part in self.parts())
        return LetterText(subject, salutation, tuple(paragraphs), closing)


@dataclass(frozen=True, slots=True)
class LetterTemplate:
    """texts: by language, all four. Raises ConfigurationError for wording that could not be filled in."""

    name: str
    version: int
    texts: Mapping[str, LetterText]

    def __post_init__(self) -> None:
        if self.name not in ADDED:
            raise ConfigurationError(f"a letter is one of {', '.join(ADDED)}")
        if self.version < 1 or set(self.texts) != set(LANGUAGES):
            raise ConfigurationError(f"letter {self.name}: a version from 1, and a text in each of {LANGUAGES}")
        fields = {*COMMON, *ADDED[self.name]}
        for language, text in self.texts.items():
            for part in text.parts():
                unknown = set(_FIELD.findall(part)) - fields
                if not part.strip() or unknown or _BRACE.search(_FIELD.sub("", part)):
                    raise ConfigurationError(f"letter {self.name}, {language}: an empty text or an unknown field")


@dataclass(frozen=True, slots=True)
class LetterBook:
    """The office's letters. words: by language and code field, what each code is called."""

    templates: Mapping[str, LetterTemplate]
    words: Mapping[str, Mapping[str, Mapping[str, str]]]

    def __post_init__(self) -> None:
        if set(self.templates) != set(ADDED):
            raise ConfigurationError(f"the letters are {', '.join(ADDED)}")
        for language in LANGUAGES:
            for name, codes in CODES.items():
                if set(self.words.get(language, {}).get(name, {})) != set(codes):
                    raise ConfigurationError(f"letters: the words of {name} in {language} are not those of the codes")

    def compose(self, name: str, languages: Sequence[str], values: Mapping[str, Value]) -> Letter:
        """The finished letter. values: every field of COMMON and ADDED, checked. Raises InvalidInput."""
        check_languages(languages)
        template = self.templates[name]
        texts = {
            language: template.texts[language].filled(
                {field: self._said(field, value, language) for field, value in values.items()}
            )
            for language in languages
        }
        fields = {field: _plain(value) for field, value in values.items()}
        return Letter(name, template.version, fields, texts)

    def _said(self, field: str, value: Value, language: str) -> str:
        """A value in words: a date as it is written there, a code by its name."""
        if isinstance(value, date):
            return value.strftime(_DATE[language])
        words = self.words[language].get(field)
        if words is None:
            return ", ".join(value) if isinstance(value, tuple) else value
        return ", ".join(words[code] for code in ((value,) if isinstance(value, str) else value))


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """What was composed. fields: dates as ISO 8601, lists as lists. texts: by language."""

    name: str
    version: int
    fields: Mapping[str, Any]
    texts: Mapping[str, LetterText]

    @property
    def stored(self) -> str:
        """How its row and seal name it: `consequences/1`."""
        return f"{self.name}/{self.version}"

    def to_json(self) -> dict[str, Any]:
        return {
            "letter": self.name, "letter_version": self.version, "languages": list(self.texts),
            "fields": dict(self.fields), "texts": {language: text.to_json() for language, text in self.texts.items()},
        }  # fmt: skip

    def encode(self) -> bytes:
        return json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def decode(plaintext: bytes) -> dict[str, Any]:
    """What `Letter.to_json` gave. Raises RecordTampered."""
    try:
        data = json.loads(plaintext)
    except (ValueError, RecursionError):
        raise RecordTampered("an authentic letter of another shape") from None
    if not isinstance(data, dict) or set(data) != {"letter", "letter_version", "languages", "fields", "texts"}:
        raise RecordTampered("an authentic letter of another shape")
    return data


def check_languages(languages: Sequence[str]) -> None:
    """Raises InvalidInput."""
    if not languages or len(set(languages)) != len(languages) or set(languages) - set(LANGUAGES):
        raise InvalidInput(f"name one or more of {', '.join(LANGUAGES)}, each once", field="languages")


def check_added(name: str, added: Mapping[str, Value], partners: Sequence[str]) -> None:
    """Whether these are exactly the fields the sender adds, each of its kind. Raises InvalidInput."""
    wanted = ADDED.get(name)
    if wanted is None:
        raise InvalidInput(f"a letter is one of {', '.join(ADDED)}", field="letter")
    missing = [field for field in wanted if not added.get(field)]
    if missing or set(added) - set(wanted):
        raise InvalidInput(f"this letter needs {', '.join(wanted)}, and nothing else", field="fields")
    for field, value in added.items():
        _check_one(field, value, partners)


def _check_one(field: str, value: Value, partners: Sequence[str]) -> None:
    if field.endswith("_on") or field == "respond_by":
        if not isinstance(value, date):
            raise InvalidInput("a date is written YYYY-MM-DD", field=field)
        return
    known = partners if field == "partner" else CODES.get(field)
    if known is not None:
        codes = value if isinstance(value, tuple) else (value,)
        if (field == "shared") is not isinstance(value, tuple) or set(codes) - set(known):
            raise InvalidInput(f"{field} must be of {', '.join(known)}", field=field)
        return
    if not isinstance(value, str) or not value.isprintable() or len(value) > _TEXT_LIMIT:
        raise InvalidInput(f"at most {_TEXT_LIMIT} characters of one line", field=field)
    if field == "appointment_time" and not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise InvalidInput("a time is written HH:MM", field=field)


def _plain(value: Value) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
