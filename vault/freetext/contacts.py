"""Telephones, e-mail, addresses of pages and user names.

Telephones are candidates by shape that `phonenumbers` calls possible in Belgium or in the country they name; its
strict mode refuses numbers that people do write. A date or an amount is no telephone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import phonenumbers

from vault.freetext.allowed import is_allowed_word
from vault.freetext.alternatives import by_first_letter
from vault.freetext.calendar_words import NUMBER_WORDS
from vault.freetext.digits import with_zeros
from vault.freetext.findings import Finding
from vault.freetext.folding import folded_word
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, TokenType
from vault.freetext.words import load_words

_HOME: Final = "BE"
_FOREIGN_DIGITS: Final = (10, 11)
_NUMBER: Final = r"(?:\+{1,2}|00|\(\+?|0)[0-9]{0,3}(?:[ .\-/()·–]{0,3}[0-9]){6,14}(?![0-9])"
_PHONE: Final = re.compile(rf"(?<![\w+])(?<![0-9][./\-]){_NUMBER}")
_PHONE_AT: Final = re.compile(_NUMBER)
#: A Belgian mobile number with other signs between its digits, once a line end, or with its country code bare.
_BETWEEN: Final = r"[ \t.,;:\-–—/\\|_·•()\[\]*~'’]{0,4}(?:\n[ \t]{0,4})?"
_MOBILE: Final = re.compile(
    rf"(?<![\w+])(?<![0-9][.,/\-])(?:0|\[0)4(?:{_BETWEEN}[5-9])(?:{_BETWEEN}[0-9]){{7}}(?!{_BETWEEN}[0-9])|"
    r"(?<![\w+])(?<![0-9][ .,/\-])32[ ./\-]?(?:\(0\)[ ./\-]?)?4[5-9][0-9](?:[ ./\-]{0,2}[0-9]){6}(?![ ./\-]?[0-9])"
)
#: Another number behind one: `0475123456/0476123457`.
_NEXT: Final = re.compile(r"\s?[/,;&\-–]\s?(?=0[1-9]|\+|00)")
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
_DOT: Final = (
    r"(?:\s?\.\s?|\s?[(\[{](?:dot|point|punt|punkt|\.)[)\]}]\s?|\s(?:dot|point|punt|punkt|tiret|underscore|streepje)\s)"
)
_TOP: Final = r"be|com|org|net|eu|fr|nl|de|uk|lu|info|brussels|vlaanderen"
_PROVIDERS: Final = (
    r"gmail|hotmail|yahoo|outlook|live|icloud|msn|telenet|skynet|proximus|proton(?:mail)?|"
    r"gmx|aol|orange|laposte|mail|ymail|voo"
)
_SPELT_EMAIL: Final = re.compile(
    rf"(?<![\w.+\-])[^\W_][\w+\-]{{0,40}}(?:{_DOT}[\w+\-]{{1,40}}){{0,4}}"
    r"(?:\s?(?:[(\[{<](?:at|a|arobase|bij|bei|@)[)\]}>]|\s(?:arobase|apenstaartje|aapje|klammeraffe)\s)\s?[\w\-]{1,60}|"
    rf"\s?@\s?(?:{_PROVIDERS})|\s(?:at|à|chez|bij|bei)\s(?:{_PROVIDERS}))"
    rf"(?:{_DOT}[a-z]{{2,10}}){{1,2}}(?![^\W_])",
    re.IGNORECASE,
)
#: What one of the next two must hold; looked for first, since that is quick.
_MAY_BE_EMAIL: Final = re.compile(
    rf"[(\[{{<][ab@]|arobase|apenstaartje|aapje|klammeraffe|(?<![^\W_])(?:{_PROVIDERS})", re.IGNORECASE
)
#: The end says that it is one: `jan at example dot org`, `jan@example,org`, `jan@gmailcom`, `jan @ example . org`.
_SPELT_END: Final = re.compile(
    rf"(?<![\w.+\-])[^\W_][\w+\-]{{0,40}}(?:{_DOT}[\w+\-]{{1,40}}){{0,4}}"
    rf"(?:\sat\s[\w\-]{{2,60}}\s(?:dot|point|punt|punkt)\s(?:{_TOP})|\s?@\s?(?:[\w\-]{{2,60}}(?:,|\s\.\s?|\.\s)(?:{_TOP})|"
    rf"(?:{_PROVIDERS})(?:com|be|fr|nl|de)))(?![^\W_])",
    re.IGNORECASE,
)
_MAY_HAVE_END: Final = re.compile(r"@|\sat\s[\w\-]{2,60}\s(?:dot|point|punt|punkt)\s", re.IGNORECASE)
#: `fanta.k gmail.com`, `fanta_k@gmail`: the sign or the end forgotten.
_HALF_EMAIL: Final = re.compile(
    rf"(?<![\w.+\-])(?=[\w.+\-]{{0,40}}[0-9_.])[^\W_][\w.+\-]{{1,40}}[^\W_](?:\s?@\s?(?:{_PROVIDERS})(?:\.[a-z]{{2,4}})?|"
    rf"\s(?:{_PROVIDERS})\.[a-z]{{2,4}})(?![\w])",
    re.IGNORECASE,
)
_ENDS: Final = "be|fr|nl|de|eu|com|org|net|info|me|ly|gg|brussels|vlaanderen|ma|tn|dz|af|sn|cd|gn"
_WEB: Final = re.compile(
    r"(?<![\w@.])(?:https?://[^\s<>\"'»”]{2,2000}|www\.[^\s<>\"'»”]{2,500}|"
    rf"(?:[^\W_][\w\-]{{0,61}}\.){{1,5}}(?:{_ENDS})(?![\w@\-])(?:/[^\s<>\"'»”]{{0,500}})?)",
    re.IGNORECASE,
)
#: Made harmless, or torn: `hxxps://site[.]com/user`, `facebook . com / user`, `facebook dot com slash user`.
_BRACKETED_WEB: Final = re.compile(
    rf"(?<![\w@.])(?:hxxps?://)?(?:[\w\-]{{1,61}}[\[(]\.[\])]){{1,4}}(?:{_ENDS})(?![\w@\-])(?:/[^\s<>\"'»”]{{0,500}})?",
    re.IGNORECASE,
)
_TORN_WEB: Final = re.compile(
    r"(?<![\w@.])(?:facebook|instagram|tiktok|fb|snapchat|linkedin|youtube|telegram|t|twitter|x)"
    r"(?:\s?\.\s?|\s(?:dot|point|punt|punkt)\s)(?:com|me|be)(?:\s?/\s?|\sslash\s)[\w.@\-]{2,60}",
    re.IGNORECASE,
)
_TRAILING: Final = ".,;:!?)]}»”\"'"
_HANDLE: Final = re.compile(r"(?<![\w@.])@[A-Za-z0-9_](?:[\w.\-]{0,38}[A-Za-z0-9_])?")
_PLATFORMS: Final = (
    r"facebook|messenger|instagram|insta|telegram|tele\sgram|tiktok|tik\stok|snapchat|snap|twitter|linkedin|skype|discord|viber|imo|"
    r"wechat|fb|ig|vk|youtube|twitch|steam|signal|whatsapp|tinder|badoo|gmail|hotmail|yahoo|outlook|pseudo|pseudonyme|profil|"
    r"profiel|profile|user\s?name|username|nom\sd['’]utilisateur|identifiant|gebruikersnaam|benutzername|nickname|login|compte|"
    r"account|konto|mail|e-mail|courriel|handle"
)
_PLATFORM: Final = re.compile(rf"(?<![^\W_])(?:{by_first_letter(_PLATFORMS)})(?![^\W_])[ :=]{{0,3}}\n?", re.IGNORECASE)
_NEAR_PLATFORM: Final = re.compile(r"(?:live:)?[^\s\n:=;,«»“”\"'()\[\]]{1,60}")
_FURTHEST_PROFILE: Final = 80  # characters behind the service's name
_MOST_WORDS: Final = 6
_LONGEST_USER: Final = 34  # characters, with what stands before it
#: What no word looks like: `dz_karim213`, `Ali.Der.Boss77`, `bigBilal`.
#: Before the service: `big_bilal sur insta`. Behind it and a colon also a word like any other: `snap: bigbilal`.
_BEFORE_PLATFORM: Final = re.compile(
    rf"(?<![^\s(«\"“:,])(?P<user>[\w.\-]{{4,40}}) {{1,2}}(?:sur|op|on|auf)\s(?:{_PLATFORMS})(?![^\W_])", re.IGNORECASE
)
_COLON: Final = re.compile(r"[:=]\s?(?P<user>[^\W\d_]{4,30})(?=[\s.,;)]|\Z)")
#: `bilal#1234`
_NUMBERED_USER: Final = re.compile(r"(?<![\w#])[^\W\d_][\w.]{1,31}#[0-9]{4}(?![\w#])")
_ODD_NAME: Final = re.compile(
    r"(?=.*[^\W\d_])(?:live:)?@?(?:[^\W\d_]\w*[0-9]|[0-9]+[^\W\d_]{3}|\w*_|\w*[^\W\d_]{2}[.\-][^\W\d_]{2}\w*[.0-9_]|\w*[^\W\d_]{2}\.[^\W\d_]{2}|"
    r"[^\W\d_]*[a-z][A-Z])[\w.\-]*"
)
_NO_PROFILE: Final = re.compile(
    r"[0-9]+(?:h|u|eur|euros?|ans|mois|jours?|jaar|km|min|gb|mb|am|pm|ste|ème|eme|th|nd|rd)[0-9]*\Z|https?|www\.",
    re.IGNORECASE,
)
#: A telephone that is dictated: `zéro quatre cent quatre-vingt-cinq, douze`, `nul vier acht vijf 12 34 56`. Folded.
_NUMBER_WORD: Final = "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
_SPOKEN: Final = rf"(?:[\s,.\-/]{{1,3}}(?:(?:{_NUMBER_WORD}|zero|nul|null)++|[0-9]{{1,3}})(?![\w]))"
_SPOKEN_PHONE: Final = re.compile(
    rf"(?<![\w])(?:(?:zero|nul|null|oh){_SPOKEN}{{4,24}}|04[5-9][0-9](?=[^\n]{{1,12}}[a-z]){_SPOKEN}{{3,12}}|"
    rf"(?:plus|\+)\s?(?:32|trente.deux|tweeendertig|zweiunddreissig|thirty.two){_SPOKEN}{{4,24}})"
)


class Contacts:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        text = reading.text
        return [*_phones(with_zeros(text)), *_spoken(reading), *_written(text), *_profiles(text)]


def _phones(text: str) -> Iterator[Finding]:
    reason = Reason(Source.PATTERN, "telephone number")
    place = 0
    while (found := _PHONE.search(text, place)) is not None:
        start, end = _possible_part(text, *found.span())
        place = max(end, found.start() + 1)
        if end > start and not _DAY.match(text, start) and not _NO_PHONE_AFTER.match(text, end):
            yield Finding(start, end, TokenType.PHONE, reason, 0.95)
            following = _NEXT.match(text, end)
            more = _PHONE_AT.match(text, following.end()) if following is not None else None
            if more is not None:
                start, end = _possible_part(text, *more.span())
                place = max(end, place)
                if end > start:
                    yield Finding(start, end, TokenType.PHONE, reason, 0.95)
    for found in _MOBILE.finditer(text):
        start = found.start() + (text[found.start()] == "[" and "]" not in found[0])
        yield Finding(start, found.end(), TokenType.PHONE, reason, 0.9)
    for found in _NAMED_PHONE.finditer(text):
        start, end = _without_open_bracket(text, *found.span("number"))
        if not _DAY.match(text, start) and not _NO_PHONE_AFTER.match(text, end):
            yield Finding(start, end, TokenType.PHONE, reason, 0.8)


def _spoken(reading: Reading) -> Iterator[Finding]:
    for found in _SPOKEN_PHONE.finditer(reading.folded.text):
        where = reading.folded.source_span(*found.span())
        yield Finding(*where, TokenType.PHONE, Reason(Source.PATTERN, "telephone number, in words"), 0.8)


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
    digits = sum(char.isdigit() for char in written)
    # Of another country, without its code: `07700 900123`.
    foreign = written[:1] == "0" and written[1:2] != "0" and digits in _FOREIGN_DIGITS
    return foreign or phonenumbers.is_possible_number(number)


def _written(text: str) -> Iterator[Finding]:
    if "@" in text:
        for found in _EMAIL.finditer(text):
            yield Finding(*found.span(), TokenType.EMAIL, Reason(Source.PATTERN, "e-mail address"), 0.99)
    patterns = [_SPELT_EMAIL, _HALF_EMAIL] if _MAY_BE_EMAIL.search(text) else []
    if _MAY_HAVE_END.search(text):
        patterns.append(_SPELT_END)
    for pattern in patterns:
        for found in pattern.finditer(text):
            yield Finding(*found.span(), TokenType.EMAIL, Reason(Source.PATTERN, "e-mail address, spelt out"), 0.9)
    for pattern in [_WEB, _TORN_WEB, *([_BRACKETED_WEB] if "[.]" in text or "(.)" in text else [])]:
        for found in pattern.finditer(text):
            end = found.start() + len(found[0].rstrip(_TRAILING))
            yield Finding(found.start(), end, TokenType.WEB, Reason(Source.PATTERN, "address of a page"), 0.9)


def _profiles(text: str) -> Iterator[Finding]:
    for found in _HANDLE.finditer(text):
        yield Finding(*found.span(), TokenType.PROFILE, Reason(Source.PATTERN, "user name"), 0.9)
    reason = Reason(Source.PATTERN, "user name")
    for found in _NUMBERED_USER.finditer(text):
        yield Finding(*found.span(), TokenType.PROFILE, reason, 0.8)
    for found in _BEFORE_PLATFORM.finditer(text):
        if _ODD_NAME.fullmatch(found["user"]) and not _NO_PROFILE.match(found["user"]):
            yield Finding(*found.span("user"), TokenType.PROFILE, reason, 0.8)
    for service in _PLATFORM.finditer(text):
        begin = service.end()
        named = _COLON.search(text, service.start(), begin + _LONGEST_USER)
        if named is not None and named.start() < begin and _is_no_word(named["user"]):
            yield Finding(*named.span("user"), TokenType.PROFILE, reason, 0.8)
        stop = text.find("\n", begin, begin + _FURTHEST_PROFILE)
        end = stop if stop >= 0 else begin + _FURTHEST_PROFILE
        for word in islice(_NEAR_PLATFORM.finditer(text, begin, end), _MOST_WORDS):
            bare = word[0].rstrip(_TRAILING)
            if bare and _ODD_NAME.fullmatch(bare) and not _NO_PROFILE.match(bare):
                where = word.start(), word.start() + len(bare)
                yield Finding(*where, TokenType.PROFILE, reason, 0.8)
                break


def _is_no_word(text: str) -> bool:
    words, folded = load_words(), folded_word(text)
    return not (words.is_ordinary_anywhere(folded) or words.is_place(folded) or is_allowed_word(folded))
