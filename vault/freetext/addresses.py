"""Addresses as coaches write them: street, number, box, postcode and locality, in the four languages.

    rue des Tilleuls 14 bte 3, 1030 Schaerbeek · Kerkstraat 5 bus 2 te 9000 Gent · 12 High Street · Hauptstr. 7

A street with its number is an address in capitals or small letters; one without counts where its name is
capitalised. A postcode counts with the locality beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vault.freetext.alternatives import by_first_letter
from vault.freetext.findings import Finding
from vault.freetext.gazetteer import is_locality
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, TokenType

# fmt: off
_ROADS: Final = (
    r"rue|ruelle|r\.|avenue|av\.?|ave\.?|chauss[ée]e|ch[ée]e\.?|ch\.|chauss\.|boulevard|boul\.?|bld\.?|blvd\.?|bd\.?|place|pl\.|placette|quai|"
    r"square|sq\.|impasse|all[ée]e|clos|chemin|dr[èe]ve|venelle|sentier|route|rte\.?|cit[ée]|passage|galerie|cour|mont[ée]e|"
    r"esplanade|rond-point|parvis|faubourg|promenade|voie|villa|hameau|lotissement"
)
_SPELT_ROADS: Final = (
    r"rue|ruelle|avenue|chauss[ée]e|boulevard|impasse|venelle|dr[èe]ve|quai|square|all[ée]e|clos|chemin|rond-point|"
    r"parvis|place(?=\s(?:de|du|des|d['’]))"
)
_LINKS: Final = r"de\sla|de\sl['’]|des|du|de|d['’]|aux|au|à\sla|l['’]|la|le|les|saint|sainte|st\.?|ste\.?|notre|van"
_DUTCH: Final = (
    r"straat|straatje|stwg\.?|steenweg|laan|plein|dreef|lei|gracht|kaai|kade|singel|vest|dijk|weg|baan|hof|pad|park|ring|"
    r"wijk|markt|berg|veld|str\.?|dok|kant|kouter|hoek|brug|poort"
)
_GERMAN: Final = r"stra(?:ß|ss)e|str\.|gasse|platz|allee|weg|ring|damm|ufer|chaussee|steig|promenade"
_SURE_ENDS: Final = r"straat|steenweg|laan|dreef|gracht|plein|stra(?:ß|ss)e|gasse|allee"
_ENGLISH: Final = r"Street|Road|Rd\.?|Avenue|Lane|Boulevard|Blvd\.?|Crescent|Parkway|Highway"
_ENGLISH_NUMBERED: Final = (
    r"St\.?|Ave\.?|Ln\.?|Drive|Dr\.?|Close|Court|Ct\.?|Square|Gardens|Place|Terrace|Hill|Way|Row|Mews|Grove|Trail|Circle|"
    r"Pass|Loop|Path|Walk|Green|Park"
)
_STOP: Final = (
    r"depuis|pendant|avec|sans|pour|jusque?|quand|apr[èe]s|avant|mais|est|et|ou|il|elle|qui|que|dans|en|à|par|sinds|met|voor|"
    r"naar|om|tot|seit|mit|for|since|with|there|no|sur|on|during|before|of|at|in|by|after|where|when|to"
)
_UNITS: Final = (
    r"ans?|mois|jours?|semaines?|fois|personnes?|enfants?|nuits?|jaar|maand(?:en)?|dagen|dag|weken|week|keer|mensen|kinderen|nachten|jahre?n?|"
    r"monate?n?|tagen?|wochen?|personen|kindern?|years?|months?|weeks?|days?|nights?|people|kids|children|times|uur|h\b|u\b|€|eur|%|km|min"
)
# fmt: on
_WORD: Final = r"[^\W\d_][\w'’\-]{0,30}+\.?+"
_HOUSE: Final = (
    r"(?:(?:n[°ºor]{1,2}\.?|num[ée]ro|nr\.?|nummer|no\.?|,)\s?){0,2}[0-9]{1,4}(?![0-9]|[.,][0-9])(?:\s?[-/]\s?[0-9]{1,4}(?![0-9]))?"
    r"(?:\s?(?:bis|ter|quater)\b|[A-Za-z](?![\w'’])|\s?[A-Za-z](?![\w'’]|\s?[0-9]))?"
)
_BOX: Final = (
    r"(?:\s?[,/\-(]?\s?(?:bo[îi]te|bte\.?|bt\.?|bus|box|b\.?(?=\s?[0-9])|app(?:artement|artment)?\.?|apt\.?|flat|unit|suite|[ée]tage|"
    r"verdieping|wohnung)"
    r"\s?(?:n[°º]\s?)?[0-9A-Za-z]{1,5}(?![\w])\)?)?"
    r"(?:\s?[,(]?\s?[0-9]{1,2}(?:e|[èi]?[eè]me|er|re|de|ste|nd|rd|th|st|\.)?\s?(?:[ée]tage|verdieping|verdiep|stock|etage|floor)(?![\w])\)?)?"
)
_CODE: Final = r"(?:(?:B|BE|F|D|L|NL)\s?[-–]\s?)?[1-9][0-9]{3,4}(?![0-9])(?:\s?[A-Z]{2}(?![\w]))?"
_TOWN: Final = (
    r"(?:(?:St|Ste)\.[ -]?)?[A-ZÀ-Ý'’][\w'’]{1,25}"
    r"(?:[-\s](?:[A-ZÀ-Ý][\w'’]{1,20}|sur|sous|lez|les|la|le|de|du|des|en|aan|bij|op|ten|ter|am|im)){0,4}"
)
_TAIL: Final = rf"(?:\s?[,(\-–]?\s{{0,2}}(?:à|te|in|at|en)?\s?(?:{_CODE}\s{{1,2}}{_TOWN}|{_CODE}))?"
_SMALL_TAIL: Final = rf"(?:\s?[,(\-–]?\s{{0,2}}(?:à|a|te|in)?\s?{_CODE}(?:\s[^\W\d_][\w'’\-]{{2,25}}|(?![\w.])))?"
#: A house number in front: `14 rue Haute`, `27 de la rue Fransman`.
_NUMBER_FIRST: Final = (
    r"(?<![\w])[0-9]{1,4}\s?(?:bis|ter|[a-dA-D](?![\w]))?\s?,?\s{1,2}(?:de\sla\s|du\s|de\sl['’]|dans\sla\s)?"
)

_FRENCH_ANY: Final = re.compile(
    rf"(?:{_NUMBER_FIRST})?(?<![\w])(?:{by_first_letter(_ROADS)})\s(?:(?:{_LINKS})\s?){{0,2}}"
    rf"(?:(?!(?:{_STOP})\s){_WORD}(?:\s?,\s?|\s)){{1,6}}?{_HOUSE}(?!\s?(?:ans|mois|jours|fois|€|eur|h\b)){_BOX}{_SMALL_TAIL}",
    re.IGNORECASE,
)
_CAPITALISED: Final = r"[A-ZÀ-Ý0-9][\w'’.\-]{0,30}"
_FRENCH: Final = re.compile(
    rf"(?:{_NUMBER_FIRST})?(?<![\w])(?i:{by_first_letter(_SPELT_ROADS)})\s(?:(?i:{_LINKS})\s?){{0,2}}"
    rf"{_CAPITALISED}(?:\s(?:(?i:{_LINKS}|et)\s?){{0,2}}{_CAPITALISED}){{0,4}}(?:\s?,?\s?{_HOUSE}{_BOX})?{_TAIL}"
)
#: In small letters too; a `place` only where its name is a saint's or begins with a capital: `1 place de libre`.
_FRENCH_NUMBERED: Final = re.compile(
    rf"{_NUMBER_FIRST}(?i:rue|ruelle|avenue|av\.?|ave\.?|chauss[ée]e|ch[ée]e\.?|boulevard|bld\.?|bvd\.?|bd\.?|impasse|quai|square|"
    rf"all[ée]e|clos|chemin|venelle|dr[èe]ve|place(?=\s(?:st|saint|ste|sainte|notre)\b)|(?-i:place(?=\s[A-ZÀ-Ý])))"
    rf"\s(?:(?i:{_LINKS})\s?){{0,2}}(?!(?i:{_STOP})\s){_WORD}(?:\s(?!(?i:{_STOP}|a|te|1er|rdc)\b){_WORD}){{0,3}}{_BOX}{_SMALL_TAIL}"
)
#: Without a word for the street: `Coupure Links 55 9000 Gent`, `Kanaaldok 4, Genk`. The locality says that it is one.
_BEFORE_TOWN: Final = re.compile(
    rf"(?<![\w])(?:(?i:de|het|le|la|les|op|am|im|in|an)\s)?(?:[A-ZÀ-Ý][\w'’\-]{{2,30}}\s){{1,3}}(?:n[°ºr]\.?\s?)?"
    rf"[0-9]{{1,4}}[A-Za-z]?(?:\s?/\s?[0-9]{{1,4}})?{_BOX}\s?[,(\-–]?\s{{0,2}}(?:à|te|in|at)?\s?(?:{_CODE}\s{{1,2}})?(?P<town>{_TOWN})"
)
#: Behind what says that somebody lives there: `adresse: Tilleuls 14`, `wohnt Bellmerin 12`.
_LIVES_AT: Final = re.compile(
    r"(?<![\w])(?i:adresses?|adres|address|anschrift|domicili[ée]e?|woont|woonde|wonend|verblijft|logeert|slaapt|wohnt|"
    r"wohnhaft|lives|living|staying|stays|habite|habitent|loge|log[ée]e?|h[ée]berg[ée]e?|dort)[ ]?[:=]?[ ]?"
    r"(?:(?i:est|is|ist|maintenant|nu|now|jetzt|au|aux|in|op|te|at|an|am|im|der|de|den|het|la|le|les|chez|bij|bei)\s){0,3}"
    rf"(?P<where>(?:(?!(?i:{_STOP}|{_UNITS})\s)[^\W\d_][\w'’\-]{{2,30}}\s){{1,3}}(?:n[°ºr]\.?\s?)?"
    rf"[0-9]{{1,4}}[A-Za-z]?(?![\w.,]?[0-9])(?:\s?/\s?[0-9]{{1,4}})?(?!\s?(?i:{_UNITS})){_BOX}(?:{_SMALL_TAIL}))"
)
_STREET_END: Final = re.compile(rf"(?:{by_first_letter(f'{_DUTCH}|{_GERMAN}')})(?![^\W\d_])", re.IGNORECASE)
_SURE_END: Final = re.compile(rf"(?:{_SURE_ENDS})", re.IGNORECASE)
_AFTER_STREET: Final = re.compile(
    rf"\s?,?\s{{0,2}}{_HOUSE}(?!\s?(?:jaar|dagen|uur|km|€|eur|%)){_BOX}(?:{_TAIL}|{_SMALL_TAIL})", re.IGNORECASE
)
_WORDS_BEFORE: Final = re.compile(r"(?:(?<![\w])[A-ZÀ-Ý][\w'’.\-]{0,30}\s){1,3}\Z")
_ROAD_TO: Final = re.compile(
    rf"(?<![\w])(?:steenweg|stwg\.?|weg|baan)\s(?:op|naar)\s[^\W\d_][\w'’\-]{{2,25}}\s?,?\s?{_HOUSE}{_BOX}(?:{_TAIL}|{_SMALL_TAIL})",
    re.IGNORECASE,
)
_LONGEST_WORD: Final = 32
_FURTHEST_BACK: Final = 90
#: Dutch names of streets that do not say so: `op de Meir 12`, `in 't Zand 3`.
_ON_THE: Final = re.compile(
    rf"(?<![\w])(?:op|in|aan|naast|langs|van|te)\s(?P<where>(?:de|het|den|'?t)\s(?:[A-ZÀ-Ý][\w'’\-]{{2,30}}\s){{1,2}}(?:n[°ºr]\.?\s?)?"
    rf"[0-9]{{1,4}}[A-Za-z]?(?![\w.,]?[0-9])(?:\s?/\s?[0-9]{{1,4}})?(?!\s?(?i:{_UNITS})){_BOX}(?:{_SMALL_TAIL}))"
)
_FLAT: Final = r"(?:(?:Flat|Apt\.?|Apartment|Unit|Room|Suite)\s[0-9]{1,4}[A-Za-z]?,?\s)?"
_ENGLISH_TAIL: Final = (
    rf"{_BOX}(?:,\s?[A-Z][\w'’\-]{{2,20}}(?:\s[A-Z][\w'’\-]{{2,20}})?)?"
    rf"(?:,?\s(?:{_CODE}|[A-Z]{{1,2}}[0-9][0-9A-Z]?\s?[0-9][A-Z]{{2}}))?"
)
_ENGLISH_STREET: Final = re.compile(
    rf"(?<![\w]){_FLAT}(?:[0-9]{{1,5}}[A-Za-z]?(?:\s?[-/]\s?[0-9]{{1,4}})?\s?,?\s)?(?:[A-Z][\w'’.\-]{{1,25}}\s){{1,3}}(?:{_ENGLISH})"
    rf"(?![\w]){_ENGLISH_TAIL}"
)
_ENGLISH_HOUSE: Final = re.compile(
    rf"(?<![\w./]){_FLAT}[0-9]{{1,5}}[A-Za-z]?(?:\s?[-/]\s?[0-9]{{1,4}})?\s?,?\s(?:[A-Z][\w'’.\-]{{1,25}}\s){{1,3}}"
    rf"(?:{_ENGLISH_NUMBERED})(?![\w]){_ENGLISH_TAIL}"
)
_COLUMN: Final = re.compile(rf"(?<![\w./-]){_CODE}[ ,]{{1,2}}(?P<town>{_TOWN})")
#: `1030-Schaerbeek`, `1030 – Schaerbeek`, `1030BXL`; behind its locality: `Schaerbeek (1030)`. No year: `Lens 1648`.
_NO_YEAR: Final = r"(?!1[5-9]|20)[1-9][0-9]{3}(?![0-9])"
_DASHED_COLUMN: Final = re.compile(rf"(?<![\w./-]){_NO_YEAR}(?: ?[-–/] ?|\n[ \t]*)?(?P<town>{_TOWN}|bxl)")
_CODE_LAST: Final = re.compile(rf"(?<![\w./]){_NO_YEAR}(?![\w]|[.,/\-][0-9])(?!\s?(?i:{_UNITS}))\)?")
_BEFORE_CODE: Final = re.compile(rf"(?<![\w./-])(?P<town>{_TOWN})\s?[,(\-–]?\s?(?:B-?)?\Z")
_SMALL_COLUMN: Final = re.compile(r"(?<![\w./-])[1-9][0-9]{3}[ ,]{1,2}(?P<town>[^\W\d_][\w'’\-]{2,30})")
_POST_BOX: Final = re.compile(
    r"(?<![\w])(?:bo[îi]te\spostale|b\.?p\.?|postbus|postfach|p\.?o\.?\sbox)\s?[0-9]{1,6}", re.IGNORECASE
)


class Addresses:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        text = reading.text
        return [*_streets(text), *_localities(text)]


def _streets(text: str) -> Iterator[Finding]:
    numbered = Reason(Source.PATTERN, "street and number")
    named = Reason(Source.PATTERN, "street")
    yield from _germanic(text)
    for found in _ROAD_TO.finditer(text):
        yield _address(text, found.start(), found.end(), numbered, 0.9)
    for pattern in (_FRENCH_ANY, _ENGLISH_HOUSE):
        for found in pattern.finditer(text):
            yield _address(text, found.start(), found.end(), numbered, 0.9)
    for found in _FRENCH_NUMBERED.finditer(text):
        yield _address(text, found.start(), found.end(), numbered, 0.85)
    for found in _BEFORE_TOWN.finditer(text):
        town = found["town"]
        if is_locality(town) or is_locality(re.split(r"[\s]", town)[0]):
            end = found.end() if is_locality(town) else found.start("town") + len(town.split()[0])
            yield _address(text, found.start(), end, Reason(Source.PATTERN, "number and locality"), 0.8)
    for pattern in (_LIVES_AT, _ON_THE):
        for found in pattern.finditer(text):
            yield _address(text, *found.span("where"), Reason(Source.PATTERN, "number of a house"), 0.8)
    for pattern in (_FRENCH, _ENGLISH_STREET):
        for found in pattern.finditer(text):
            score, reason = (0.85, numbered) if re.search("[0-9]", found[0]) else (0.7, named)
            yield _address(text, found.start(), found.end(), reason, score)
    for found in _POST_BOX.finditer(text):
        yield _address(text, found.start(), found.end(), Reason(Source.PATTERN, "post box"), 0.8)


def _germanic(text: str) -> Iterator[Finding]:
    """`Kerkstraat 5`, `Lange Leemstraat 12`, `Koning Albert laan 3`: the word for the street comes last."""
    for found in _STREET_END.finditer(text):
        start = found.start()
        while (
            start > 0
            and found.start() - start < _LONGEST_WORD
            and (text[start - 1].isalnum() or text[start - 1] in "'’.-")
        ):
            start -= 1
        joined = found.start() - start >= 2
        before = _WORDS_BEFORE.search(text[max(0, start - _FURTHEST_BACK) : start])
        if not joined and before is None:
            continue
        begin = start - len(before[0]) if before is not None else start
        number = _AFTER_STREET.match(text, found.end())
        if number is not None:
            yield _address(text, begin, number.end(), Reason(Source.PATTERN, "street and number"), 0.9)
        elif joined and text[start].isupper() and _SURE_END.fullmatch(found[0]):
            yield _address(text, start, found.end(), Reason(Source.PATTERN, "street"), 0.7)


def _localities(text: str) -> Iterator[Finding]:
    reason = Reason(Source.PATTERN, "postcode and locality")
    for found in _COLUMN.finditer(text):
        code = found[0][: found.start("town") - found.start()].strip(" ,")
        if is_locality(found["town"]) or is_locality(found["town"].split()[0]) or not code.isdigit() or len(code) > 4:
            yield _address(text, found.start(), found.end(), reason, 0.85)
    for found in _DASHED_COLUMN.finditer(text):
        if is_locality(found["town"]) or is_locality(found["town"].split()[0]):
            yield _address(text, found.start(), found.end(), reason, 0.8)
    for found in _CODE_LAST.finditer(text):
        begin = max(0, found.start() - _FURTHEST_BACK)
        before = _BEFORE_CODE.search(text[begin : found.start()])
        if before is not None and is_locality(before["town"]):
            yield _address(text, begin + before.start(), found.end(), reason, 0.8)
    for found in _SMALL_COLUMN.finditer(text):
        if is_locality(found["town"]):
            yield _address(text, found.start(), found.end(), reason, 0.8)


def _address(text: str, start: int, end: int, reason: Reason, score: float) -> Finding:
    while end > start and text[end - 1] in " ,.;:(-–\n\t":
        end -= 1
    while start < end and text[start] in " ,\n\t":
        start += 1
    return Finding(start, end, TokenType.ADDRESS, reason, score)
