"""Telephones, e-mail, addresses of pages and user names.

Telephones are candidates by shape that `phonenumbers` calls possible in Belgium or in the country they name; its
strict mode refuses numbers that people do write. A date or an amount is no telephone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import phonenumbers

from vault.freetext.findings import Finding
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, TokenType

_HOME: Final = "BE"
_PHONE: Final = re.compile(
    r"(?<![\w+])(?<![0-9][./\-])(?:\+{1,2}|00|\(\+?|0)[0-9]{0,3}(?:[ .\-/()·–]{0,3}[0-9]){6,14}(?![0-9])"
)
_NAMED_PHONE: Final = re.compile(
    r"(?<![^\W_])(?:tel|tél|téléphone|telefoon\w{0,8}|telefon\w{0,8}|phone|gsm|mobile?|portable|handy|whatsapp|viber|signal|"
    r"num[eé]ro|nummer|joignable|bereikbaar|erreichbar|appeler|bellen|call|sms)(?![^\W_])[^\w\n+(]{0,4}"
    r"(?:[^\W\d_]{1,10}[^\w\n+(]{1,3}){0,3}(?P<number>[+(]{0,2}[0-9](?:[ .\-/()]{0,3}[0-9]){5,14})(?![0-9])",
    re.IGNORECASE,
)
_DAY: Final = re.compile(
    r"[0-3]?[0-9]\s?[./\-]\s?[01]?[0-9]\s?[./\-]\s?(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[./\-][01]?[0-9]"
)
_NO_PHONE_AFTER: Final = re.compile(r"\s?(?:€|%|euro?s?\b|eur\b|km\b)", re.IGNORECASE)

_LOCAL: Final = r"[^\W_](?:[\w.+'\-]{0,62}[^\W])?"
_DOMAIN: Final = r"[^\W_](?:[\w\-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w\-]{0,61}[^\W_])?){1,5}"
_EMAIL: Final = re.compile(rf"(?<![\w.+\-]){_LOCAL}\s?@\s?{_DOMAIN}", re.IGNORECASE)
_SPELT_EMAIL: Final = re.compile(
    r"(?<![\w.+\-])[^\W_](?:[\w.+\-]{0,62}[^\W_])?\s?(?:\(at\)|\[at\]|\(a\)|\(arobase\)|\sarobase\s|\sapenstaartje\s)\s?"
    r"[\w\-]{1,60}\s?(?:\.|\(dot\)|\(point\)|\spoint\s|\spunt\s)\s?[a-z]{2,10}(?![^\W_])",
    re.IGNORECASE,
)
_ENDS: Final = "be|fr|nl|de|eu|com|org|net|info|me|ly|gg|brussels|vlaanderen|ma|tn|dz|af|sn|cd|gn"
_WEB: Final = re.compile(
    r"(?<![\w@.])(?:https?://[^\s<>\"'»”]{2,2000}|www\.[^\s<>\"'»”]{2,500}|"
    rf"(?:[^\W_][\w\-]{{0,61}}\.){{1,5}}(?:{_ENDS})(?![\w@\-])(?:/[^\s<>\"'»”]{{0,500}})?)",
    re.IGNORECASE,
)
_TRAILING: Final = ".,;:!?)]}»”\"'"
_HANDLE: Final = re.compile(r"(?<![\w@.])@[A-Za-z0-9_](?:[\w.\-]{0,38}[A-Za-z0-9_])?")
_NAMED_PROFILE: Final = re.compile(
    r"(?<![^\W_])(?:facebook|messenger|instagram|insta|telegram|tiktok|tik\stok|snapchat|snap|twitter|linkedin|skype|discord|"
    r"imo|wechat|fb|ig|pseudo|pseudonyme|profil|profiel|profile|user\s?name|username|nom\sd['’]utilisateur|identifiant|"
    r"gebruikersnaam|benutzername|login|compte|account)\b[^\w\n@]{0,3}(?:[:=«\"“'(]|\best\b|\bis\b|\bist\b|\bsous\b)[^\w\n@]{0,3}"
    r"(?:le\snom\s|de\snaam\s|dem\snamen\s|nom\s|naam\s|name\s)?"
    r"(?P<name>@?[A-Za-z0-9À-ÿ](?:[A-Za-z0-9_.\-À-ÿ]{1,38})[A-Za-z0-9_À-ÿ])",
    re.IGNORECASE,
)
_ODD_NAME: Final = re.compile(r"[0-9_.@]|[a-z][A-Z]")


class Contacts:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        text = reading.text
        return [*_phones(text), *_written(text), *_profiles(text)]


def _phones(text: str) -> Iterator[Finding]:
    reason = Reason(Source.PATTERN, "telephone number")
    place = 0
    while (found := _PHONE.search(text, place)) is not None:
        start, end = _possible_part(text, *found.span())
        place = max(end, found.start() + 1)
        if end > start and not _DAY.match(text, start) and not _NO_PHONE_AFTER.match(text, end):
            yield Finding(start, end, TokenType.PHONE, reason, 0.95)
    for found in _NAMED_PHONE.finditer(text):
        start, end = _without_open_bracket(text, *found.span("number"))
        if not _DAY.match(text, start) and not _NO_PHONE_AFTER.match(text, end):
            yield Finding(start, end, TokenType.PHONE, reason, 0.8)


def _possible_part(text: str, start: int, end: int) -> tuple[int, int]:
    """The longest beginning that is a possible number; what follows may be another number: `0475 12 34 56 3 fois`."""
    start, end = _without_open_bracket(text, start, end)
    while end > start and not _is_possible(text[start:end]):
        cut = end - 1
        while cut > start and text[cut].isdigit():
            cut -= 1
        while cut > start and not text[cut - 1].isdigit():
            cut -= 1
        end = cut
    return start, end


def _without_open_bracket(text: str, start: int, end: int) -> tuple[int, int]:
    """`(0499 00 00 11` loses its bracket, `(0)499 00 00 11` keeps it."""
    if text[start] == "(" and ")" not in text[start:end]:
        start += 1
    return start, end


def _is_possible(written: str) -> bool:
    bare = written.replace("(0)", "") if "+" in written or written.lstrip("(").startswith("00") else written
    try:
        number = phonenumbers.parse(bare.replace("++", "+"), _HOME)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(number)


def _written(text: str) -> Iterator[Finding]:
    if "@" in text:
        for found in _EMAIL.finditer(text):
            yield Finding(*found.span(), TokenType.EMAIL, Reason(Source.PATTERN, "e-mail address"), 0.99)
    for found in _SPELT_EMAIL.finditer(text):
        yield Finding(*found.span(), TokenType.EMAIL, Reason(Source.PATTERN, "e-mail address, spelt out"), 0.9)
    for found in _WEB.finditer(text):
        end = found.start() + len(found[0].rstrip(_TRAILING))
        yield Finding(found.start(), end, TokenType.WEB, Reason(Source.PATTERN, "address of a page"), 0.9)


def _profiles(text: str) -> Iterator[Finding]:
    for found in _HANDLE.finditer(text):
        yield Finding(*found.span(), TokenType.PROFILE, Reason(Source.PATTERN, "user name"), 0.9)
    for found in _NAMED_PROFILE.finditer(text):
        if _ODD_NAME.search(found["name"]):  # `compte: fermé` names nobody
            yield Finding(*found.span("name"), TokenType.PROFILE, Reason(Source.PATTERN, "user name"), 0.8)
