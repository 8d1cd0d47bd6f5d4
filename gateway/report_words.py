"""The words of the report for the person, and how it is laid out as text. Read from `texts/access_report.toml`.

    words = load_report_words(settings.texts_dir)
    words.text(report, "fr")

Strict, like the office's other texts: an unknown key, a missing language, a code without a word, or a field that a
sentence does not have stops the start, not the report.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from string import Formatter
from typing import Any, Final
from zoneinfo import ZoneInfo

from vault.cases.model import LANGUAGES
from vault.errors import ConfigurationError
from vault.oversight.access_report import NOTICE_FORBIDDEN, TIME_ZONE, Manner, Withholding
from vault.usecases.access_report import signed_bytes
from vault.vocabulary import Compartment, Purpose, Role, Zone, ZoneKind

_FILE: Final = "access_report.toml"
_SHIPPED: Final = Path(__file__).parent / "texts"
_LARGEST: Final = 256 * 1024
_LINE: Final = {"what", "function", "service", "purpose", "count", "first", "last", "numbers"}
#: Which fields each sentence may name.
_SENTENCES: Final[dict[str, set[str]]] = {
    "title": set(),
    "about": {"release", "made_on", "since", "until"},
    "beginning": set(),
    "reading": set(),
    "day": {"day", "month", "year"},
    "line": _LINE,
    "together": _LINE,
    "once": _LINE,
    "looked": {"manner", "category"},
    "passed_on": {"manner", "recipient", "category"},
    "reidentified": {"manner", "recipient", "category"},
    "taken_back": {"manner", "recipient", "category"},
    "nothing": set(),
    "total": {"consultations"},
    "refused": {"refused"},
    "withheld": {"count", "reason"},
    "waiting": {"unsequenced"},
    "proof": {"origin", "size", "root", "digest"},
    "no_proof": {"digest"},
    "rights": set(),
}
_CODES: Final[dict[str, set[str]]] = {
    "manner": {manner.value for manner in Manner},
    "category": {compartment.value for compartment in Compartment} | {"other"},
    "function": {role.value for role in Role} | {"none"},
    "service": {kind.value for kind in ZoneKind},
    "purpose": {purpose.value for purpose in Purpose} | {"none"},
}
#: Log numbers of one line that are printed; the signed file holds all of them.
_NUMBERS: Final = 6


@dataclass(frozen=True, slots=True)
class ReportWords:
    """withheld: what is counted and not shown. sentences, codes: by language."""

    withheld: tuple[Withholding, ...]
    sentences: Mapping[str, Mapping[str, str]]
    codes: Mapping[str, Mapping[str, Mapping[str, str]]]

    def text(self, report: Mapping[str, Any], language: str) -> str:
        """The report as a letter's worth of plain text."""
        return "\n".join(self._lines(report, self.sentences[language], self.codes[language])) + "\n"

    def _lines(
        self, report: Mapping[str, Any], say: Mapping[str, str], codes: Mapping[str, Mapping[str, str]]
    ) -> Iterator[str]:
        def day(of: date) -> str:
            return say["day"].format(day=of.day, month=of.month, year=of.year)

        def moment(text: str) -> date:
            return datetime.fromisoformat(text).astimezone(ZoneInfo(TIME_ZONE)).date()

        since = day(moment(report["since"])) if report["since"] else say["beginning"]
        yield say["title"]
        yield ""
        yield say["about"].format(
            release=report["release"], made_on=day(moment(report["made_at"])), since=since,
            until=day(moment(report["until"])),
        )  # fmt: skip
        yield say["reading"]
        for each in report["days"]:
            yield ""
            yield day(date.fromisoformat(each["day"]))
            for line in each["lines"]:
                yield f"  - {_line(line, say, codes)}"
        yield ""
        yield say["total"].format(**report) if report["days"] else say["nothing"]
        yield say["refused"].format(**report)
        for each in report["withheld"]:
            yield say["withheld"].format(count=each["count"], reason=codes["reason"][each["reason"]])
        if report["unsequenced"]:
            yield say["waiting"].format(**report)
        digest = sha256(signed_bytes(report)).hexdigest()[:32]
        checkpoint = report["checkpoint"]
        yield say["proof"].format(**checkpoint, digest=digest) if checkpoint else say["no_proof"].format(digest=digest)
        yield say["rights"]


def _line(line: Mapping[str, Any], say: Mapping[str, str], codes: Mapping[str, Mapping[str, str]]) -> str:
    numbers = [str(index) for place in line["leaves"] for index in place["indexes"]]
    shown = ", ".join(numbers[:_NUMBERS]) + (" …" if len(numbers) > _NUMBERS else "")
    recipient = _service(line["recipient"], codes) if line["recipient"] else ""
    what = say[line["manner"] if recipient else "looked"].format_map(
        {
            "manner": codes["manner"][line["manner"]],
            "category": codes["category"][line["category"] or "other"],
            "recipient": recipient,
        }
    )
    within = "together" if line["first"] == line["last"] else "line"  # all of them in one minute
    return say["once" if line["count"] == 1 else within].format(
        what=what,
        function=codes["function"][line["function"] or "none"],
        service=_service(line["service"], codes),
        purpose=codes["purpose"][line["purpose"] or "none"],
        count=line["count"],
        first=line["first"],
        last=line["last"],
        numbers=shown or "–",
    )


def _service(zone: str, codes: Mapping[str, Mapping[str, str]]) -> str:
    """A zone's name as the person reads it; a partner is named."""
    parsed = Zone.parse(zone)
    return codes["service"][parsed.kind.value].format(name=parsed.organisation.replace("_", " ").title())


def load_report_words(folder: Path | None = None) -> ReportWords:
    """folder: the operator's; without the file there, the shipped one. Raises ConfigurationError."""
    path = folder / _FILE if folder is not None and (folder / _FILE).exists() else _SHIPPED / _FILE
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as fault:
        raise ConfigurationError(f"{_FILE} cannot be read ({type(fault).__name__})") from fault
    if len(content) > _LARGEST:
        raise ConfigurationError(f"{_FILE} is larger than {_LARGEST} bytes")
    try:
        return _words(tomllib.loads(content.decode()))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise ConfigurationError(f"{_FILE} is not of the shape it must have ({type(fault).__name__})") from fault


def _words(data: dict[str, Any]) -> ReportWords:
    _exactly(set(data), {"version", "withheld", *LANGUAGES}, _FILE)
    if type(data["version"]) is not int:
        raise ConfigurationError(f"{_FILE}: version is a whole number")
    withheld = tuple(_withholding(each) for each in data["withheld"])
    reasons = {each.reason for each in withheld}
    sentences, codes = {}, {}
    for language in LANGUAGES:
        table = data[language]
        _exactly(set(table), {*_SENTENCES, *_CODES, "reason"}, language)
        sentences[language] = {name: _sentence(table[name], allowed, name) for name, allowed in _SENTENCES.items()}
        codes[language] = {name: dict(table[name]) for name in (*_CODES, "reason")}
        for name, wanted in {**_CODES, "reason": reasons | {NOTICE_FORBIDDEN}}.items():
            _exactly(set(table[name]), wanted, f"{language}.{name}")
            for code, word in table[name].items():
                _sentence(word, {"name"} if (name, code) == ("service", "partner") else set(), code)
    return ReportWords(withheld, sentences, codes)


def _withholding(table: dict[str, Any]) -> Withholding:
    _exactly(set(table), {"role", "purpose", "reason"}, "withheld")
    reason = table["reason"]
    if not (isinstance(reason, str) and reason.isidentifier()):
        raise ConfigurationError(f"{_FILE}: a reason is a code")
    return Withholding(Role(table["role"]).value, Purpose(table["purpose"]).value, reason)


def _exactly(found: set[str], wanted: set[str], place: str) -> None:
    if found != wanted:
        raise ConfigurationError(f"{_FILE}: {place} lacks or does not know {', '.join(sorted(found ^ wanted))}")


def _sentence(text: Any, allowed: set[str], place: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ConfigurationError(f"{_FILE}: {place} has no words")
    for _, name, _, conversion in Formatter().parse(text):
        if name is not None and (name not in allowed or conversion):
            raise ConfigurationError(f"{_FILE}: {place} names a field that it does not have")
    return text
