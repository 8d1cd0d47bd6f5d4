"""Numbers whose check digits prove what they are, in every written form; and such numbers after their name, also
if the check fails: a coach who mistypes a national number has still written it down.

National and bis numbers (NISS/INSZ), IBAN of every country, cards, enterprise and VAT numbers, structured
references of payments, Belgian identity cards, and national numbers of France, the Netherlands, Spain and Italy.
Check digits come from python-stdnum. Its Belgian IBAN module refuses banks that are missing from its list, so the
general one is used, with the country's own check off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import Final

from stdnum import iban, luhn
from stdnum.be import eid, ogm_vcs, vat
from stdnum.es import dni, nie
from stdnum.eu import vat as european_vat
from stdnum.fr import nir
from stdnum.it import codicefiscale
from stdnum.nl import bsn

from vault.freetext.alternatives import by_first_letter
from vault.freetext.calendar_words import NUMBER_WORDS
from vault.freetext.digits import BETWEEN, Group, Window, runs, windows, with_zeros
from vault.freetext.findings import Finding
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, TokenType

#: A number that follows its name but fails its check, or that only has the shape.
AFTER_KEYWORD: Final = 0.8
_NATIONAL: Final = 11
_CARDS: Final = range(13, 20)
_CARD_GROUPS: Final = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (6, 10), (4, 4, 4, 1), (4, 4, 5)})
#: Lengths that nearly all cards have: with one and the same sign between the groups, these may be of any size.
_USUAL_CARDS: Final = frozenset({15, 16})
_TELEPHONE_GROUPS: Final = frozenset({(4, 2, 2, 2), (3, 3, 2, 2), (3, 2, 2, 2), (4, 2, 4), (2, 4, 2, 2)})
#: Where letters may begin a number: not inside a word, but `rekBE71…` and `IBANBE71…` are run together.
_BEGIN: Final = r"(?:(?<![^\W_])|(?<=[a-zà-ÿ])(?=[A-Z])|(?<=IBAN)|(?<=iban))"
_SIGNS: Final = rf"[{BETWEEN}]{{0,4}}"
_IBAN: Final = re.compile(rf"{_BEGIN}[A-Za-z]{_SIGNS}[A-Za-z]{_SIGNS}[0-9]{_SIGNS}[0-9](?={_SIGNS}[A-Za-z0-9])")
_ONE: Final = re.compile(rf"{_SIGNS}([A-Za-z0-9])")
#: A VAT number has twelve signs behind its state, seven of them digits or more, and each may have four before it.
_LONGEST_VAT: Final = 60
_SEVEN_DIGITS: Final = re.compile(r"(?:[^0-9]*+[0-9]){7}")
_STATES: Final = "|".join(_SIGNS.join(state.lower()) for state in sorted(european_vat.MEMBER_STATES))
_VAT: Final = re.compile(rf"{_BEGIN}(?i:{by_first_letter(_STATES)})(?={_SIGNS}[0-9A-Za-z])")
_OGM: Final = re.compile(r"(?:\+{3}|\*{3})\s?[0-9]{3}\s?/\s?[0-9]{4}\s?/\s?[0-9]{5}\s?(?:\+{3}|\*{3})")
_LETTERED: Final = re.compile(r"(?<![^\W_])[A-Za-z0-9](?:[ .\-]?[A-Za-z0-9]){8,15}(?![^\W_])")
_GAP: Final = r"[^\w\n]{0,6}(?:[^\W\d_]{1,12}[^\w\n]{1,4}){0,3}?"

# fmt: off
_NATIONAL_WORDS: Final = (
    r"niss|insz|ssin|rrn|rr[\s.\-]?nr|nrn|nn|rijksreg\w{0,13}|reg(?:istre|\.)?\s?nat(?:ional|\.)?|num[eé]ro\s(?:de\s)?(?:registre\s)?national|"
    r"n[°ºor.]{1,2}\s?nat(?:ional|\.)?|num[eé]?r?o?\.?\s?nat(?:ional|\.)?|nationaal\snummer|nat(?:ionaal)?\.?\s?nr|identificatienummer|national\s(?:register|number|id)(?:\snumber)?|"
    r"num[eé]ro\s(?:niss|bis)|n[°ºr.]{1,2}\s?bis|bis\W?nummer|bis\W?nr|bisnumber|bis\snumber|national(?:register)?nummer|"
    r"nationalregister|num[eé]ro\sd['’]identification|s[eé]curit[eé]\ssociale|sociale\szekerheid|bsn|sofinummer|nir"
)
_ACCOUNT_WORDS: Final = (
    r"iban|compte|n[°ºr.]{1,2}\s?(?:de\s)?compte|rekening\w{0,8}|bankrekening\w{0,8}|konto\w{0,8}|bankkonto|account|"
    r"bank\saccount|rek|cpte"
)
_CARD_WORDS: Final = (
    r"visa|mastercard|maestro|bancontact|carte\s(?:bancaire|de\scr[eé]dit|de\sbanque)|kredietkaart|bankkaart|kreditkarte|"
    r"credit\scard|debit\scard"
)
_ENTERPRISE_WORDS: Final = (
    r"tva|btw|vat|bce|kbo|mwst|ust-?id\w{0,3}|num[eé]ro\sd['’]entreprise|n[°ºr.]{1,2}\s?d['’]entreprise|ondernemingsnummer|"
    r"ondernemingsnr|enterprise\snumber|company\snumber|unternehmensnummer"
)
# fmt: on


def _after(words: str, number: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{by_first_letter(words)})(?![^\W\d_]){_GAP}(?P<number>{number})", re.IGNORECASE)


_TYPED_NUMBER: Final = rf"[0-9](?:{_SIGNS}[0-9]){{5,14}}(?![0-9])"
_NAMED: Final[tuple[tuple[re.Pattern[str], TokenType, str], ...]] = (
    (_after(_NATIONAL_WORDS, _TYPED_NUMBER), TokenType.NISS, "national number, check digits wrong"),
    (
        _after(_ACCOUNT_WORDS, r"(?:[A-Za-z]{2}[ .\-]?[0-9]{2}[ .\-]?)?[0-9](?:[ .\-/]{0,2}[0-9]){7,24}(?![0-9])"),
        TokenType.IBAN,
        "account, check digits wrong",
    ),
    (_after(_CARD_WORDS, r"[0-9](?:[ .\-]{0,2}[0-9]){11,18}(?![0-9])"), TokenType.CARD, "card, check digit wrong"),
    (
        _after(_ENTERPRISE_WORDS, r"(?:[A-Za-z]{2}[ .\-]?)?[0-9](?:[ .\-/]{0,2}[0-9]){7,11}(?![0-9])"),
        TokenType.VAT,
        "enterprise number, check digits wrong",
    ),
)
_BELGIAN_SHAPE: Final = re.compile(r"(?<![^\W_])BE[ .\-]?[0-9]{2}(?:[ .\-]{0,2}[0-9]{4}){3}(?![0-9])", re.IGNORECASE)


#: In the punctuation of a national number, or in blanks, and with a day that can be: whatever its check digits say.
_NATIONAL_SHAPE: Final = re.compile(
    r"(?<![\w.,/\-])[0-9]{2}(?P<s>[ .\-/]?)(?P<m>[0-9]{2})(?P=s)(?P<d>[0-9]{2})\s?[ \-–*/]\s?[0-9]{3}"
    r"\s?[ .\-–*/]\s?[0-9]{2}(?![\w]|[.,/\-][0-9]| [0-9])"
)
_DIGIT_WORDS: Final = "|".join(sorted({*NUMBER_WORDS, "zero", "nul", "null", "oh"}, key=len, reverse=True))
#: Folded: `NISS septante-neuf zéro huit quatorze, cent vingt-trois, vingt-sept`.
_SPOKEN_NATIONAL: Final = re.compile(
    rf"(?<![^\W_])(?:{by_first_letter(_NATIONAL_WORDS)})(?![^\W\d_]){_GAP}"
    rf"(?P<number>(?<!\w)(?:{_DIGIT_WORDS})++(?:[\s,.\-/]{{1,3}}(?:(?:{_DIGIT_WORDS})++|[0-9]{{1,3}})(?!\w)){{3,24}})"
)


class CheckedNumbers:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        text = reading.text
        digits = with_zeros(text)
        accounts = _accounts(text) if digits == text else chain(_accounts(text), _accounts(digits))
        proven = chain(_in_runs(digits), accounts, _european(text), _lettered(text), _payments(text))
        return [*proven, *_named(digits), *_shaped(digits), *_spoken(reading)]


def is_national_number(digits: str) -> bool:
    """Whether 11 digits are a national or a bis number: the check holds, before or after 2000, and the month can be.

    More lenient than `vault.cases.identifiers`: a day that no calendar has still gives a person away.
    """
    rest, check = int(digits[:9]), int(digits[9:])
    fits = check in {97 - rest % 97, 97 - (2_000_000_000 + rest) % 97}
    return fits and int(digits[2:4]) % 20 <= 12 and int(digits[4:6]) <= 31 and digits.strip("0") != ""


def _shaped(text: str) -> Iterator[Finding]:
    reason = Reason(Source.PATTERN, "national number, check digits wrong")
    for found in _NATIONAL_SHAPE.finditer(text):
        if int(found["m"]) % 20 <= 12 and int(found["d"]) <= 31:
            yield Finding(*found.span(), TokenType.NISS, reason, AFTER_KEYWORD)


def _spoken(reading: Reading) -> Iterator[Finding]:
    reason = Reason(Source.PATTERN, "national number, in words")
    for found in _SPOKEN_NATIONAL.finditer(reading.folded.text):
        where = reading.folded.source_span(*found.span("number"))
        yield Finding(*where, TokenType.NISS, reason, AFTER_KEYWORD)


def _proof(window: Window | tuple[int, int], kind: TokenType, detail: str, score: float = 1.0) -> Finding:
    start, end = window if isinstance(window, tuple) else (window.start, window.end)
    return Finding(start, end, kind, Reason(Source.CHECKED, detail), score)


def _in_runs(text: str) -> Iterator[Finding]:
    for groups in runs(text):
        total = sum(len(group.digits) for group in groups)
        if total < 10:
            continue
        for window in windows(groups, _NATIONAL):
            if is_national_number(window.digits):
                yield _proof(window, TokenType.NISS, "national number")
        for window in windows(groups, 10):
            if _holds(vat.validate, window.digits) and _sizes(window) not in _TELEPHONE_GROUPS:
                yield _proof(window, TokenType.VAT, "enterprise number")
        for window in windows(groups, 12):
            if _sizes(window) == (3, 7, 2) and _holds(eid.validate, window.digits):
                yield _proof(window, TokenType.PASSPORT, "identity card")
        for window in windows(groups, 15):
            if _holds(nir.validate, window.digits):
                yield _proof(window, TokenType.NISS, "French national number")
        yield from _cards(text, groups)


def _cards(text: str, groups: tuple[Group, ...]) -> Iterator[Finding]:
    """Evenly written ones first: `3569.5491.3173.8604; 2025` is proven by chance from its second group on as well."""
    uneven: list[Finding] = []
    even: list[Finding] = []
    for size in _CARDS:
        for window in windows(groups, size):
            lengths = _sizes(window)
            evenly = _evenly(text, window)
            shaped = len(lengths) == 1 or lengths in _CARD_GROUPS or (size in _USUAL_CARDS and evenly)
            if shaped and window.digits[0] in "23456" and _holds(luhn.validate, window.digits):
                found = _proof(window, TokenType.CARD, "card number", 1.0 if size >= 15 else AFTER_KEYWORD)
                (even if evenly else uneven).append(found)
    yield from even
    for one in uneven:
        if not any(one.start < other.end and other.start < one.end for other in even):
            yield one


def _sizes(window: Window) -> tuple[int, ...]:
    return tuple(len(group.digits) for group in window.groups)


def _evenly(text: str, window: Window) -> bool:
    """Whether the same signs stand between all groups: one number, and no list of several."""
    return len({text[one.end : other.start] for one, other in pairwise(window.groups)}) <= 1


def _holds(validate: Callable[[str], str], number: str) -> bool:
    try:
        validate(number)
    except Exception:  # noqa: BLE001 - stdnum raises its own kinds, and others for what no number is; all mean no
        return False
    return True


def _account_is_valid(number: str) -> str:
    return iban.validate(number, check_country=False)


@lru_cache(maxsize=1024)  # country codes, and other pairs of letters
def _iban_length(country: str) -> int:
    """Characters of that country's IBAN after the country's letters and the check digits; 0 if it has none."""
    properties = iban._ibandb.info(country)[0][1]
    return sum(int(number) for number in re.findall("[0-9]+", properties.get("bban", "")))


def _accounts(text: str) -> Iterator[Finding]:
    for begun in _IBAN.finditer(text):
        number = _bare(begun[0])
        length = _iban_length(number[:2].upper())
        place = begun.end()
        for _ in range(length):
            following = _ONE.match(text, place)
            if following is None:
                break
            number += following[1]
            place = following.end()
        else:
            if length and _holds(_account_is_valid, number.upper()):
                yield _proof((begun.start(), place), TokenType.IBAN, "account")
    for found in _BELGIAN_SHAPE.finditer(text):
        yield Finding(
            *found.span(), TokenType.IBAN, Reason(Source.PATTERN, "account, check digits wrong"), AFTER_KEYWORD
        )


def _bare(written: str) -> str:
    return "".join(char for char in written if char.isalnum())


def _european(text: str) -> Iterator[Finding]:
    for begun in _VAT.finditer(text):
        if _SEVEN_DIGITS.match(text, begun.end(), begun.end() + _LONGEST_VAT) is None:
            continue  # most words that begin like a state, such as `de`
        number, place, proven = _bare(begun[0]), begun.end(), 0
        for size in range(1, 13):
            following = _ONE.match(text, place)
            if following is None:
                break
            number, place = number + following[1], following.end()
            after = text[place : place + 1]
            ended = not after.isalnum() or (after.isalpha() and number[2:].isdigit())
            if size < 8 or not ended or sum(char.isdigit() for char in number) < 7:
                continue
            if _holds(european_vat.validate, number.upper()):
                proven = place  # the longest: a Belgian number without its last digit may look right too
        if proven:
            yield _proof((begun.start(), proven), TokenType.VAT, "VAT number")


def _lettered(text: str) -> Iterator[Finding]:
    """National numbers that mix digits and letters."""
    for found in _LETTERED.finditer(text):
        bare = re.sub(r"[ .\-]", "", found[0]).upper()
        digits = sum(char.isdigit() for char in bare)
        checks: tuple[Callable[[str], str], ...] = ()
        if len(bare) == 9 and digits in {7, 8}:
            checks = (nie.validate, dni.validate)
        elif len(bare) == 16 and digits >= 5:
            checks = (codicefiscale.validate,)
        if any(_holds(check, bare) for check in checks):
            yield _proof(found.span(), TokenType.NISS, "foreign national number")


def _payments(text: str) -> Iterator[Finding]:
    for found in _OGM.finditer(text):
        right = _holds(ogm_vcs.validate, re.sub("[^0-9]", "", found[0]))
        yield Finding(
            *found.span(),
            TokenType.FILE_NUMBER,
            Reason(Source.CHECKED if right else Source.PATTERN, "payment reference"),
            1.0 if right else AFTER_KEYWORD,
        )


def _named(text: str) -> Iterator[Finding]:
    for pattern, kind, detail in _NAMED:
        for found in pattern.finditer(text):
            number = re.sub("[^0-9]", "", found["number"])
            if kind is TokenType.NISS and len(number) == 9 and _holds(bsn.validate, number):
                yield _proof(found.span("number"), kind, "Dutch national number")
            else:
                yield Finding(*found.span("number"), kind, Reason(Source.PATTERN, detail), AFTER_KEYWORD)
