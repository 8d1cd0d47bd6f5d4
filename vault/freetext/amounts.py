"""Sums of money: a debt, a wage or a damage can give somebody away as well as a date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from vault.freetext.findings import Finding
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, TokenType

# fmt: off
_CODES: Final = (
    r"EUR|USD|GBP|CHF|PLN|TRL|TRY|TL|HUF|CZK|RON|BGN|SEK|NOK|DKK|ISK|RUB|RUR|UAH|MAD|DZD|TND|AFN|IRR|XOF|XAF|CFA|FCFA|GNF|NGN|BEF|FRF|"
    r"DEM|ATS|ITL|ESP|NLG|CYP|HRK|RSD|SKK|SIT|LTL|LVL|MDL|GEL|AMD|AZN|BRL"
)
_NAMES: Final = (
    r"euros?|dollars?|pounds?(?:\ssterling)?|(?:turkish\s|new\s)?lir(?:as?|es?)|zlotys?|złot(?:ych|y|e)|francs?(?:\sCFA)?|dirhams?|dinars?|rials?|"
    r"afghanis?|roubles?|rubles?|roebels?|rubel|kron(?:er|or|a|e)|crowns|forints?|hryvnias?|lei|leva|marks?|schillings?|guilders?|gulden|pesetas"
)
# fmt: on
_NUMBER: Final = r"[0-9]{1,3}(?:[ .,'’][0-9]{3}){1,4}(?:[.,][0-9]{1,2})?|[0-9]{1,9}(?:[.,][0-9]{1,2})?"
_MILLION: Final = r"(?:\s(?:millions?|miljoen|millionen|billions?|milliards?|thousand|mille|k)\b)?"
_MONEY: Final = re.compile(
    rf"(?<![\w.,])(?:(?:{_CODES}|€|\$|£)\s?(?:{_NUMBER}){_MILLION}|"
    rf"(?:{_NUMBER}){_MILLION}(?:\s?(?:€|\$|£)|\s(?:{_CODES})\b|\s?(?i:{_NAMES})\b))(?:\s?\((?:{_CODES}|€)\)|(?![\w]))"
)


class Amounts:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        for one in _MONEY.finditer(reading.text):
            yield Finding(*one.span(), TokenType.AMOUNT, Reason(Source.PATTERN, "sum of money"), 0.7)
