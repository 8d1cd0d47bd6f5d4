"""Sums of money, shares, how many and how long: a debt, a sentence or a family's size can give somebody away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from vault.freetext.alternatives import by_first_letter
from vault.freetext.findings import Finding
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, TokenType

_CODES: Final = (
    r"EUR|USD|GBP|CHF|PLN|TRL|TRY|YTL|TL|HUF|CZK|RON|BGN|SEK|NOK|DKK|ISK|RUB|RUR|UAH|MAD|DZD|TND|AFN|IRR|XOF|XAF|CFA|FCFA|"
    r"GNF|NGN|BEF|FRF|DEM|ATS|ITL|ESP|NLG|CYP|HRK|RSD|SKK|SIT|LTL|LVL|MDL|GEL|AMD|AZN|BRL"
)
_LANDS: Final = (
    r"(?:(?:new|old|turkish|austrian|swedish|norwegian|danish|swiss|french|belgian|german|gdr|polish|cyprus|czech|us|canadian|"
    r"tunisiens?|alg[ée]riens?|marocains?|belges?|suisses?|turkse?|deutsche)\s){0,2}"
)
_NAMES: Final = (
    r"euros?|dollars?|pounds?(?:\ssterling)?|lir(?:as?|es?)|zlotys?|złot(?:ych|y|e)|francs?(?:\scfa)?|dirhams?|dinars?|rials?|"
    r"afghanis?|roubles?|rubles?|roebels?|rubel|kron(?:er|or|a|e)|crowns|forints?|hryvnias?|lei|leva|marks?|schillings?|"
    r"guilders?|gulden|pesetas"
)
_NUMBER: Final = r"[0-9]{1,3}(?:[ .,'’][0-9]{3}){1,4}(?:[.,][0-9]{1,2})?|[0-9]{1,9}(?:[.,][0-9]{1,2})?"
_MILLION: Final = r"(?:\s(?:millions?|miljoen|millionen|billions?|milliards?|thousand|mille|k)\b)?"
_ABOUT: Final = r"(?:(?:approximately|approx\.|about|environ|ongeveer|circa|ca\.|etwa|rund)\s)?"
_ONE: Final = (
    rf"(?:(?:{_CODES}|€|\$|£)\s?(?:{_NUMBER}){_MILLION}|"
    rf"(?:{_NUMBER}){_MILLION}(?:\s?(?:€|\$|£)|\s(?:{_CODES})\b|\s?(?i:{_LANDS}(?:{_NAMES}))\b))"
)
#: A sum, and the same sum in another currency in brackets behind it.
_MONEY: Final = re.compile(
    rf"(?<![\w.,])(?i:{_ABOUT}){_ONE}(?:\s?[(\[]\s?(?:(?:{_CODES}|€)(?:\s?[;,‑–-]\s?)?)?\s?(?:(?i:{_ABOUT}){_ONE})?"
    rf"(?:\s\((?:{_CODES})\))?\s?[)\]]|(?![\w]))"
)
_SHARE: Final = re.compile(
    r"(?<![\w.,])[0-9]{1,3}(?:[.,][0-9]{1,2})?\s?(?:%|per\scent\b|percent\b|pour\scent\b|procent\b|prozent\b)"
)


_FEW: Final = (
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|"
    r"un|une|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante|cinquante|soixante|"
    r"een|twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf|twintig|dertig|veertig|vijftig|"
    r"eins?|eine[nr]?|zwei|drei|fünf|sechs|sieben|neun|zehn|zwölf|zwanzig|dreißig|vierzig|fünfzig"
)
_NUMBERS: Final = rf"[0-9]{{1,4}}|{by_first_letter(_FEW)}"
_MANY: Final = rf"(?:{_NUMBERS})(?:[\s‑-](?:{_NUMBERS})){{0,2}}"
_COUNTED: Final = (
    r"persons?|people|children|landowners|hearings|metres?|meters?|kilometres?|hectares?|pages|plots|packages|tablets|decisions|"
    r"villages|houses|enfants|personnes|mètres|hectares|kinderen|personen|meter|hectare|kinder|personen|hektar"
)
_TIMES: Final = (
    r"years?|months?|weeks?|days?|ans|années?|mois|semaines?|jours?|jaar|jaren|maanden?|weken|dagen|jahre?n?|monate?n?|"
    r"wochen?|tagen?"
)
_COUNT: Final = re.compile(
    rf"(?<![\w.,/])(?:{_MANY})\s(?:other\s|autres\s|andere\s|anderen\s)?(?:{_COUNTED})(?![\w])", re.IGNORECASE
)
_DURATION: Final = re.compile(
    rf"(?<![\w.,/])(?:{_MANY})[\s‑-](?:{_TIMES})(?![\w])(?:\s(?:and|et|en|und)\s(?:{_MANY})\s(?:{_TIMES})(?![\w]))?"
    r"(?:['’]s?)?(?:\s(?:old|d['’]âge|oud|alt)(?![\w]))?",
    re.IGNORECASE,
)


class Amounts:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        for one in _MONEY.finditer(reading.text):
            yield Finding(*one.span(), TokenType.AMOUNT, Reason(Source.PATTERN, "sum of money"), 0.7)
        for one in _SHARE.finditer(reading.text):
            yield Finding(*one.span(), TokenType.AMOUNT, Reason(Source.PATTERN, "share"), 0.6)
        for pattern, detail in ((_COUNT, "how many"), (_DURATION, "how long")):
            for one in pattern.finditer(reading.text):
                yield Finding(*one.span(), TokenType.AMOUNT, Reason(Source.PATTERN, detail), 0.6)
