"""Dates in figures and in words, and which of them are dates of birth.

    12/05/1990 · 1990-05-12 · le 12 mai 1990 · den zwölften Mai neunzehnhundertneunzig · May 12th, 1990 · mai 1990

A date that follows `né le`, `geboren`, `DOB` and the like is a date of birth, there even a bare year. `read_dates`
also gives what each date means, so that the known dates of birth of a case are found in whatever form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vault.freetext.alternatives import by_first_letter
from vault.freetext.calendar_words import DAYS, MONTHS, NUMBER_WORDS, day_of, month_of, year_of
from vault.freetext.digits import with_zeros
from vault.freetext.findings import APPOINTMENT, YEAR, Finding
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, TokenType

_YEAR: Final = r"(?:1[5-9]|20)[0-9]{2}"
_MONTH: Final = by_first_letter("|".join(sorted(MONTHS, key=len, reverse=True)), blind=False)
_SEP: Final = r"\s?[./\-–]\s?"
_NUMERIC: Final = re.compile(
    rf"(?<![\w./\-])(?:(?P<d>[0-3]?[0-9])(?P<s>{_SEP})(?P<m>[01]?[0-9])(?:{_SEP})(?P<y>{_YEAR}|['’]?[0-9]{{2}})|"
    rf"(?P<y2>{_YEAR})(?:{_SEP})(?P<m2>[01]?[0-9])(?:{_SEP})(?P<d2>[0-3]?[0-9]))(?![\w/\-]|[.,][0-9])"
)
_SPACED: Final = re.compile(rf"(?<![\w./\-])(?P<d>[0-3][0-9]) (?P<m>[01][0-9]) (?P<y>{_YEAR})(?![\w./\-])")
#: A whole date with other signs in it: `12_05_1990`, `12,05,1990`, `12\\05\\1990`, `12 du 5 1990`.
_OTHER_SIGNS: Final = re.compile(
    rf"(?<![\w./\-])(?P<d>[0-3]?[0-9])(?P<s>\s?[\\_,|*·:]\s?| du )(?P<m>[01]?[0-9])(?:(?P=s)| )(?P<y>{_YEAR})"
    r"(?![\w/\-]|[.,][0-9])"
)
_DAY_MARK: Final = r"(?:\s?(?:er|e|ste|de|st|nd|rd|th|\.|º|°))?"
_WRITTEN: Final = re.compile(
    rf"(?<![\w])(?:(?P<d>[0-3]?[0-9]){_DAY_MARK}(?:\s?(?:-|–|to|et|and|en|und|au|bis|tot)\s?[0-3]?[0-9]{_DAY_MARK})?\s{{0,2}}"
    r"[.\-/]?\s?(?:day\s)?(?:of\s|de\s|van\s)?)?"
    rf"(?P<m>{_MONTH})(?![a-z])\.?(?:\s{{0,2}}[,.\-/]?\s?(?:of\s|de\s|van\s)?(?P<y>{_YEAR}|['’][0-9]{{2}})(?![0-9]))?"
)
_AMERICAN: Final = re.compile(
    rf"(?<![\w])(?P<m>{_MONTH})\.?\s(?:the\s)?(?P<d>[0-3]?[0-9])(?:st|nd|rd|th)?(?![0-9])(?:,?\s(?P<y>{_YEAR}|['’][0-9]{{2}}))?(?![0-9])"
)
_NUMBER_WORD: Final = by_first_letter("|".join(sorted({*NUMBER_WORDS, *DAYS}, key=len, reverse=True)), blind=False)
_WORDY: Final = re.compile(
    rf"(?<![\w])(?P<d>(?:{_NUMBER_WORD})(?:[\s\-](?:{_NUMBER_WORD})){{0,3}})\s(?:of\s|de\s|van\s)?(?P<m>{_MONTH})(?![a-z])"
    rf"(?:,?\s(?P<y>{_YEAR}(?![0-9])|(?:{_NUMBER_WORD})++(?:[\s\-](?:{_NUMBER_WORD})++){{0,8}}(?![a-z])))?"
)
#: `May twelfth, nineteen ninety`
_WORDY_AMERICAN: Final = re.compile(
    rf"(?<![\w])(?P<m>{_MONTH})\.?\s(?:the\s)?(?P<d>(?:{_NUMBER_WORD})(?:[\s\-](?:{_NUMBER_WORD})){{0,1}})(?![a-z])"
    rf"(?:,?\s(?P<y>{_YEAR}(?![0-9])|(?:{_NUMBER_WORD})++(?:[\s\-](?:{_NUMBER_WORD})++){{0,4}}(?![a-z])))?"
)
_ENGLISH_DAYS: Final = ("th", "first", "second", "third")
_NUMERIC_MONTH: Final = re.compile(
    rf"(?<![\w./\-])(?P<m>0?[1-9]|1[0-2])\s?[/.\-]\s?(?P<y>{_YEAR})(?![\w/\-]|[.,][0-9])"
)
_ROMAN: Final = re.compile(
    rf"(?<![\w./\-])(?P<d>[0-3]?[0-9])(?:{_SEP})(?P<m>x?i{{1,3}}|i?[vx]|vi{{1,3}})(?:{_SEP})(?P<y>{_YEAR}|['’]?[0-9]{{2}})(?![\w/\-])"
)
_ROMAN_MONTHS: Final = dict(
    zip(("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"), range(1, 13), strict=True)
)
#: Behind a word for birth also what is no date elsewhere: `né en 92`, `in negentienhonderd negentig`, `ddn 12061988`.
_BORN_IN: Final = re.compile(
    r"(?<![\w./\-,])(?:['’]?(?P<y>[0-9]{2})(?![\w./\-,]|\s[0-9])|(?P<run>[0-9]{8}|[0-9]{6}|[0-3]?[0-9][./\-][01]?[0-9])(?![\w./\-]))"
)
_WORDY_YEAR: Final = re.compile(rf"(?<![\w])(?:{_NUMBER_WORD})++(?:[\s\-](?:{_NUMBER_WORD})++){{0,8}}(?![a-z])")
#: Figures said one by one: `né le dix-huit zéro cinq nonante-trois`.
_WORDY_FIGURES: Final = re.compile(
    rf"(?<![\w])(?:{_NUMBER_WORD})(?:[\s,\-/]{{1,2}}(?:{_NUMBER_WORD}|zero|nul|null|oh)++(?![a-z])){{2,8}}"
)
#: Behind a word for birth, months of the Islamic, the Persian and the Ethiopian year.
_OTHER_MONTHS: Final = (
    "muharram|moharram|mouharram|safar|rabi|rabia|joumada|jumada|rajab|radjab|chaabane|chaabaan|shaban|sha'ban|ramadan|ramadhan|ramazan|shawwal|"
    "chawwal|chaoual|dhou|dhul|zul|hamal|sawr|jawza|saratan|asad|sonbola|mizan|aqrab|qaws|jadi|dalw|hut|farvardin|ordibehesht|khordad|"
    "tir|mordad|shahrivar|mehr|aban|azar|dey|bahman|esfand|meskerem|tikimt|hidar|tahsas|tir|yekatit|megabit|miyazya|ginbot|sene|hamle|nehase"
)
_OTHER_CALENDAR: Final = re.compile(
    rf"(?<![\w./\-])[0-3]?[0-9]{_DAY_MARK}\s(?:{_OTHER_MONTHS})(?![a-z])(?:[\s\-](?:al|el|ul|ath|at|ii|i|2|1)?[\s\-]?(?:awwal|akhir|thani|thania|hijja|hijjah|qada|qadah|qi'dah))?"
    r"(?:,?\s(?:1[34][0-9]{2}|[0-9]{2,4})(?![0-9]))?"
)
_AGE: Final = re.compile(r"\s?(?:ans|an|mois|jaar|maand|jahre?n?|monate?|years?|months?|kg|g\b|cm|%|€|h\b|u\b|e\b)")
_NOUN: Final = re.compile(r"\s[a-z]{4}")
_BARE_YEAR: Final = re.compile(rf"(?<![\w./\-,])(?P<y>{_YEAR})(?![\w/\-]|[.,][0-9])")
_BIRTH_WORDS: Final = (
    r"\bne\b|\bnee\b|\bnes\b|\bn[ée]\(e\)|naissance|date naiss|\bddn|\bnaiss|geboren|\bgeb|geboortedatum|geboortejaar|"
    r"geburtsdatum|geburtstag|geburtsjahr|\bborn|\bdob|\bd\.o\.b|birth|birthday|anniversaire|verjaardag|jarig|°|\*"
)
_BIRTH_WORD: Final = re.compile(_BIRTH_WORDS)
_BIRTH: Final = re.compile(rf"(?:{_BIRTH_WORDS})[^\n0-9]{{0,30}}\Z")


_APPOINTMENT: Final = re.compile(
    r"(?:\brdv|rendez-vous|entretien|prochain|terme|delai|echeance|jusqu|avant le|valable|expire|audience|permanence|"
    r"convoque|revoir|rappel|afspraak|gesprek|volgende|termijn|tot|voor|geldig|vervalt|zitting|oproeping|appointment|meeting|next|"
    r"until|deadline|valid|expires|hearing|termin|nachste|frist|bis|gultig)\b[^\n0-9]{0,25}\Z"
)


@dataclass(frozen=True, slots=True, repr=False)
class Dated:
    """A date in folded text. day, month, year: 0 where it does not say. Offsets of the folded text."""

    start: int
    end: int
    day: int
    month: int
    year: int


class Dates:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        folded = reading.folded
        seen = _with_births(folded.text, read_dates(folded.text))
        for one in seen:
            before = folded.text[max(0, one.start - 45) : one.start]
            birth = _BIRTH.search(before) is not None
            if not birth and not (one.year or one.day):
                continue
            where = folded.source_span(one.start, one.end)
            if birth:
                yield Finding(*where, TokenType.BIRTH_DATE, Reason(Source.PATTERN, "date of birth"), 0.95)
            elif one.month == 0:
                yield Finding(*where, TokenType.DATE, Reason(Source.PATTERN, YEAR), 0.6)
            else:
                detail = "date" if one.day and one.year else "part of a date"
                if _APPOINTMENT.search(before):
                    detail = APPOINTMENT
                yield Finding(*where, TokenType.DATE, Reason(Source.PATTERN, detail), 0.85)


def read_dates(text: str) -> list[Dated]:
    """The dates of folded `text`, in order, without overlaps: the earliest, there the longest."""
    candidates = sorted(_candidates(text), key=lambda one: (one.start, one.start - one.end))
    dates: list[Dated] = []
    for one in candidates:
        if not dates or one.start >= dates[-1].end:
            dates.append(one)
    return dates


def _with_births(text: str, seen: list[Dated]) -> list[Dated]:
    """`seen`, and years and runs of digits that only a word for birth makes a date."""
    taken = bytearray(len(text))
    for one in seen:
        taken[one.start : one.end] = b"\1" * (one.end - one.start)
    more = []
    for one in _only_of_birth(text):
        before = text[max(0, one.start - 45) : one.start]
        if not any(taken[one.start : one.end]) and _BIRTH.search(before) and not _AGE.match(text, one.end):
            more.append(one)
    return sorted([*seen, *more], key=lambda one: one.start) if more else seen


def _only_of_birth(text: str) -> Iterator[Dated]:
    if _BIRTH_WORD.search(text) is None:
        return
    for found in _BORN_IN.finditer(text):
        yield Dated(*found.span(), 0, 0, _year(found["y"]) if found["y"] else 1)
    for pattern in (_OTHER_CALENDAR, _WORDY_FIGURES):
        for found in pattern.finditer(text):
            yield Dated(*found.span(), 0, 0, 1)
    for found in _WORDY_YEAR.finditer(text):
        year = year_of(re.split(r"[\s\-]", found[0]), short=True)
        if year:
            yield Dated(*found.span(), 0, 0, year)


def _candidates(text: str) -> Iterator[Dated]:
    yield from _in_figures(text)
    yield from _with_month_name(text)
    yield from _in_words(text)
    for found in _BARE_YEAR.finditer(text):
        yield Dated(*found.span(), 0, 0, int(found["y"]))


def _in_figures(text: str) -> Iterator[Dated]:
    text = with_zeros(text)
    for pattern in (_NUMERIC, _SPACED, _OTHER_SIGNS):
        for found in pattern.finditer(text):
            groups = found.groupdict()
            day, month = int(groups["d"] or groups.get("d2") or 0), int(groups["m"] or groups.get("m2") or 0)
            if month > 12 >= day:
                day, month = month, day
            if 1 <= month <= 12 and 1 <= day <= 31:
                yield Dated(*found.span(), day, month, _year(groups["y"] or groups.get("y2") or ""))
    for found in _NUMERIC_MONTH.finditer(text):
        yield Dated(*found.span(), 0, int(found["m"]), int(found["y"]))
    for found in _ROMAN.finditer(text):
        if int(found["d"]) in range(1, 32) and found["m"] in _ROMAN_MONTHS:
            yield Dated(*found.span(), int(found["d"]), _ROMAN_MONTHS[found["m"]], _year(found["y"]))


def _with_month_name(text: str) -> Iterator[Dated]:
    for pattern in (_WRITTEN, _AMERICAN):
        for found in pattern.finditer(text):
            day, year = int(found["d"] or 0), _year(found["y"] or "")
            if day <= 31 and (day or year):
                yield Dated(*_trimmed(text, *found.span()), day, month_of(found["m"]) or 0, year)


def _in_words(text: str) -> Iterator[Dated]:
    for pattern, last in ((_WORDY, "m"), (_WORDY_AMERICAN, "d")):
        for found in pattern.finditer(text):
            day = day_of(re.split(r"[\s\-]", found["d"])) or 0
            if day:
                year = _said_year(text, found["y"] or "", found.start(), found.end())
                if last == "d" and not year and not found["d"].endswith(_ENGLISH_DAYS):
                    continue  # `décembre un capital`
                end = found.end() if year else found.end(last)
                yield Dated(found.start(), end, day, month_of(found["m"]) or 0, year)


def _said_year(text: str, said: str, start: int, end: int) -> int:
    """0 for none. Two figures only where no noun follows, which they might count, or behind a word for birth."""
    if not said or said.isdigit():
        return int(said or 0)
    short = _NOUN.match(text, end) is None or _BIRTH.search(text[max(0, start - 45) : start]) is not None
    return year_of(re.split(r"[\s\-]", said), short=short) or 0


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while text[end - 1] in " .":
        end -= 1
    return start, end


def _year(written: str) -> int:
    digits = written.lstrip("'’")
    if len(digits) == 2:
        return 1900 + int(digits) if int(digits) > 30 else 2000 + int(digits)
    return int(digits) if digits else 0
