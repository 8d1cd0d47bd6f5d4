"""Known numbers, telephones, e-mail and addresses in any punctuation, and when two of them are the same.

    find = NumberFinder([Known(TokenType.PHONE, "0499 00 00 11")])
    list(find.search(fold("au +32 (0)499/00.00.11")))      # one candidate, from the `+` on

Digits may be separated by up to four spaces, dots, hyphens, slashes, commas, brackets and the like. Too short to be
looked for, as they would blank out ordinary text: telephones below 6 digits, references below 4 characters,
addresses below 6, and a street without its number whose name is short.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from vault.freetext.digits import with_zeros
from vault.freetext.findings import Finding
from vault.freetext.folding import Folded, fold
from vault.freetext.spans import Reason, Source, TokenType

_RUN: Final = re.compile(r"[0-9](?:[\s.,;:\-–—/\\|()\[\]_*#·•]{0,4}[0-9])*")
_SCATTERED: Final = re.compile(r"[0-9](?:[^\w\ufffc]*[0-9])*")
_LONG: Final = 10  # digits; fewer could meet by chance across a sentence
_GAP: Final = r"[\s,.;:'()/_\-]"
_BEFORE: Final = r"(?<![^\W_])"
_AFTER: Final = r"(?![^\W_])"
_SHORTEST_PHONE: Final = 6
_SHORTEST_REFERENCE: Final = 4
_SHORTEST_ADDRESS: Final = 6
_DETAIL: Final = {
    TokenType.NISS: "national number",
    TokenType.OV_NUMBER: "SP/OV number",
    TokenType.PHONE: "telephone number",
    TokenType.EMAIL: "e-mail address",
    TokenType.ADDRESS: "address",
    TokenType.OQT_REFERENCE: "reference of the order",
    TokenType.BIRTH_DATE: "date of birth",
}
_PHRASES: Final = frozenset({
    TokenType.ORGANISATION, TokenType.SCHOOL, TokenType.EMPLOYER, TokenType.PLACE, TokenType.WEB, TokenType.PROFILE,
})  # fmt: skip
_REFERENCES: Final = frozenset({
    TokenType.OQT_REFERENCE, TokenType.CGRA_NUMBER, TokenType.PASSPORT, TokenType.PLATE, TokenType.FILE_NUMBER,
    TokenType.IBAN, TokenType.VAT, TokenType.CARD,
})  # fmt: skip
_SHORTEST_PHRASE: Final = 4
#: Folded. French only: in the other languages the word for the road is part of its name.
_ROADS: Final = frozenset({
    "rue", "avenue", "av", "boulevard", "bd", "chaussee", "place", "quai", "square", "allee", "chemin", "clos",
    "impasse", "dreve", "route", "sentier", "venelle",
})  # fmt: skip
_LINKS: Final = frozenset({"de", "du", "des", "la", "le", "les", "l", "d", "aux", "au"})
_ROAD_ENDS: Final = ("straat", "laan", "steenweg", "dreef", "gracht", "plein", "strasse", "gasse", "allee")
_SHORTEST_ROAD_NAME: Final = 5
_SHORTEST_STREET: Final = 10


@dataclass(frozen=True, slots=True, repr=False)
class Known:
    """One identifier of the case. person: key of the person it belongs to."""

    type: TokenType
    canonical: str
    person: str | None = None


def comparable(kind: TokenType, text: str) -> str:
    """Equal for two writings of one identity. A telephone: country code and number; a name: its folded words."""
    folded = fold(text).text
    match kind:
        case TokenType.NISS:
            return _digits(folded)
        case TokenType.OV_NUMBER:
            return _digits(folded).lstrip("0")
        case TokenType.PHONE:
            return _international(folded)
        case TokenType.EMAIL | TokenType.WEB | TokenType.PROFILE:
            return folded.strip()
        case _:
            return ("" if kind in _REFERENCES else " ").join(_words(folded))


class NumberFinder:
    """Looks for all known identifiers of a case at once; made for one text or a few, holds them in clear."""

    __slots__ = ("_by_digits", "_shapes", "_shortest")

    def __init__(self, known: Iterable[Known]) -> None:
        self._by_digits: dict[str, Known] = {}
        #: (a word that must be there, checked first because it is quick; the pattern; what it finds). A pattern is
        #: compiled where that word stands only: it takes long, and Python remembers it with what it holds.
        self._shapes: list[tuple[str, str, Known]] = []
        for one in known:
            for digits in _digit_forms(one):
                self._by_digits.setdefault(digits, one)
            if shape := _shape(one):
                self._shapes.append((_needle(one), shape, one))
        self._shortest = min(map(len, self._by_digits), default=0)

    def search(self, folded: Folded) -> Iterator[Finding]:
        """Findings in `folded`, with offsets of its source; they may overlap."""
        yield from self._search_runs(folded, _RUN, self._shortest)
        for needle, shape, one in self._shapes:
            if needle in folded.text:
                for found in re.finditer(shape, folded.text):
                    yield _candidate(folded, *found.span(), one)

    def search_scattered(self, folded: Folded) -> Iterator[Finding]:
        """Numbers of ten digits and more, whatever stands between their digits; for the re-scan."""
        return self._search_runs(folded, _SCATTERED, _LONG)

    def _search_runs(self, folded: Folded, pattern: re.Pattern[str], shortest: int) -> Iterator[Finding]:
        text = with_zeros(folded.text) if self._by_digits else ""
        for run in pattern.finditer(text):
            digits = _digits(run[0]) if run.end() - run.start() >= shortest else ""
            if len(digits) == run.end() - run.start():  # unbroken: one number, or another
                wanted = [digits] if digits in self._by_digits else []
            else:
                wanted = [one for one in self._by_digits if len(one) >= shortest and one in digits]
            if wanted:
                places = [place for place in range(*run.span()) if text[place] in "0123456789"]
                for one in wanted:
                    yield from self._in_run(folded, places, digits, one, self._by_digits[one])

    @staticmethod
    def _in_run(folded: Folded, places: list[int], digits: str, wanted: str, one: Known) -> Iterator[Finding]:
        at = digits.find(wanted)
        while at >= 0:
            start, last = places[at], places[at + len(wanted) - 1]
            # Not in the middle of a longer number.
            if (at == 0 or places[at - 1] != start - 1) and places[at + len(wanted) : at + len(wanted) + 1] != [
                last + 1
            ]:
                if one.type is TokenType.PHONE and folded.text[max(0, start - 1) : start] == "+":
                    start -= 1
                yield _candidate(folded, start, last + 1, one)
                at += len(wanted) - 1
            at = digits.find(wanted, at + 1)


def _candidate(folded: Folded, start: int, end: int, one: Known) -> Finding:
    reason = Reason(Source.KNOWN, _DETAIL.get(one.type, "of the case"))
    return Finding(*folded.source_span(start, end), one.type, reason, canonical=one.canonical, person=one.person)


def _digit_forms(one: Known) -> set[str]:
    digits = _digits(fold(one.canonical).text)
    match one.type:
        case TokenType.NISS:
            return {digits} if len(digits) == 11 else set()
        case TokenType.OV_NUMBER:
            bare = digits.lstrip("0")
            return {bare, bare.zfill(7), bare.zfill(8), digits} if len(bare) >= _SHORTEST_PHONE else {digits} - {""}
        case TokenType.PHONE:
            return _phone_forms(one.canonical)
        case TokenType.BIRTH_DATE if len(digits) == 8:  # YYYY-MM-DD; with signs between them, `dates` reads it
            year, month, day = digits[:4], digits[4:6], digits[6:]
            return {day + month + year, year + month + day, day + month + year[2:]}
        case _:
            return set()


def _phone_forms(text: str) -> set[str]:
    folded = fold(text).text
    whole = _international(folded)
    if len(whole) < _SHORTEST_PHONE:
        return set()
    forms = {whole, "00" + whole, _digits(folded)}
    if whole.startswith("32"):
        inside = whole[2:]
        forms |= {"0" + inside, "320" + inside, "00320" + inside}
        if len(inside) >= 9:
            forms.add(inside)
    else:  # the length of a foreign country code is not known here
        forms |= {"0" + whole[cut:] for cut in (1, 2, 3) if len(whole) - cut >= 8}
    return forms


def _international(folded: str) -> str:
    """Country code and significant number; a number without a country code is a Belgian one if it begins with 0."""
    digits = _digits(folded)
    if folded.lstrip(" (").startswith("+") or digits.startswith("00"):
        digits = digits.removeprefix("00")
        return "32" + digits[3:] if digits.startswith("320") else digits
    if digits.startswith("0"):
        return "32" + digits[1:]
    return "32" + digits if len(digits) == 9 and digits.startswith("4") else digits


def _shape(one: Known) -> str:
    """A pattern for folded text, or "" if the identifier is none of letters, too short, or nothing but signs."""
    folded = fold(one.canonical).text
    words = _words(folded)
    if not words:
        return ""
    length = sum(map(len, words))
    if one.type is TokenType.EMAIL and "@" in folded:
        return rf"(?<![\w.+\-]){re.escape(folded.strip())}(?![\w\-])"
    if one.type in _REFERENCES and length >= _SHORTEST_REFERENCE:
        return _BEFORE + r"[\s\-/._]{0,3}".join(map(re.escape, words)) + _AFTER
    if one.type in _PHRASES and length >= _SHORTEST_PHRASE:
        return _BEFORE + (_GAP + "{1,4}").join(map(re.escape, words)) + _AFTER
    if one.type is TokenType.ADDRESS and length >= _SHORTEST_ADDRESS:
        forms = [_address_form(form) for form in _address_forms(words)]
        if street := _street_alone(words):
            forms.append(_address_form(street))
        return f"{_BEFORE}(?:{'|'.join(forms)}){_AFTER}"
    return ""


def _needle(one: Known) -> str:
    """The longest word that every form of the identifier contains."""
    words = _words(fold(one.canonical).text)
    if one.type is TokenType.ADDRESS:
        # The shortest; the others hold its words too.
        words = _without_road(_street_alone(words)) or _address_forms(words)[-1]
    return max(words, key=len)


def _address_forms(words: list[str]) -> list[list[str]]:
    """The whole line; street and number up to the postcode; the number in front of the street."""
    forms = [words]
    postcode = next((at for at, word in enumerate(words) if at >= 2 and len(word) == 4 and word.isdigit()), len(words))
    street = words[: postcode - 1] if words[postcode - 1 : postcode] == ["b"] else words[:postcode]
    numbered = next((at for at, word in enumerate(street) if at and word.isdigit()), None)
    if numbered is not None and len("".join(street)) >= _SHORTEST_ADDRESS:
        forms += [street, street[: numbered + 1], [street[numbered], *street[:numbered], *street[numbered + 1 :]]]
        forms += [[street[numbered], *street[:numbered]]]
        if len(core := _without_road(street[: numbered + 1])) >= 2 and len("".join(core)) >= _SHORTEST_ADDRESS:
            forms.append(core)
    return sorted(forms, key=len, reverse=True)


def _without_road(street: list[str]) -> list[str]:
    """`tilleuls 12` of `rue des tilleuls 12`; what has no word for a road in front stays."""
    if not street or street[0] not in _ROADS:
        return street
    return street[next((at for at, word in enumerate(street) if word not in _ROADS | _LINKS), len(street)) :]


def _street_alone(words: list[str]) -> list[str]:
    """`rue des tilleuls`, where that is a road with a name of its own; else nothing."""
    numbered = next((at for at, word in enumerate(words) if word.isdigit()), len(words))
    street = words[:numbered]
    named = "".join(_without_road(street)) if street and street[0] in _ROADS else ""
    joined = len(street) == 1 and street[0].endswith(_ROAD_ENDS) and len(street[0]) >= _SHORTEST_STREET
    return street if len(named) >= _SHORTEST_ROAD_NAME or joined else []


def _address_form(words: list[str]) -> str:
    pattern = ""
    for at, word in enumerate(words):
        if at:
            pattern += _GAP + ("{1,4}" if words[at - 1].isdigit() == word.isdigit() else "{0,4}")
        if len(word) == 4 and word.isdigit():
            pattern += r"(?:b[\s\-]{0,2})?"
        pattern += re.escape(word)
    return pattern


def _words(folded: str) -> list[str]:
    return re.findall(r"[0-9]+|[^\W\d_]+", folded)


def _digits(folded: str) -> str:
    return "".join(re.findall("[0-9]+", folded))
