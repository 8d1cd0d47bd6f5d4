"""Places: localities of the list, what is called a district or a village, and where somebody lives or was born."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vault.freetext.alternatives import by_first_letter
from vault.freetext.findings import Finding
from vault.freetext.gazetteer import begins_locality, is_locality
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, TokenType
from vault.freetext.tokens import Token
from vault.freetext.words import load_words

# fmt: off
_FRENCH_AREAS: Final = r"d[ée]partement|arrondissement|commune|ville|quartier|r[ée]gion"
_AREAS: Final = (
    r"district|county|municipality|borough|province|region|village|town|city|canton|parish|governorate|neighbourhood|"
    r"vilayet|wilaya|"
    r"gemeente|provincie|regio|dorp|stad|wijk|stadt|dorf|kreis|landkreis|bezirk|provinz|gemeinde|viertel|stadtteil"
)
_LIVES: Final = (
    r"lives\sin|living\sin|lived\sin|resid(?:es|ing|ed)\sin|resident\sin|born\sin|practising\sin|grew\sup\sin|moved\sto|"
    r"habit(?:e|ait|ent|é)\s(?:à|au|aux|en|dans)|vit\s(?:à|au|en)|vivait\s(?:à|au|en)|log(?:e|ée?)\s(?:à|au)|n[ée]e?\s(?:à|au|en)|"
    r"originaire\s(?:de|du|d['’])|domicili[ée]e?\s(?:à|au)|r[ée]sid(?:e|ait)\s(?:à|au|en)|"
    r"woont\s(?:in|te)|woonde\s(?:in|te)|verblijft\s(?:in|te)|geboren\s(?:in|te)|afkomstig\suit|opgegroeid\sin|"
    r"wohnt\sin|wohnte\sin|geboren\sin|lebt\sin|lebte\sin|stammt\saus|aufgewachsen\sin"
)
# fmt: on
#: Possessive: a hyphen stands inside a word and between words, and must not be tried both ways in every combination.
_CAPITAL: Final = r"[A-ZÀ-ÝİŞĞŁŚŻ][\w'’\-]{1,30}+"
_NAME: Final = rf"{_CAPITAL}(?:[ \-](?:(?:de|du|des|la|le|van|den|der|am|sur|sous|lez)[ \-])?{_CAPITAL}){{0,3}}"
_AREA_OF: Final = re.compile(
    rf"(?<![\w])(?i:(?:{by_first_letter(f'{_AREAS}|{_FRENCH_AREAS}')})(?:\s(?:of\sthe|of|de\sla|de|du|des|van|von)\s|\sd['’]))(?P<name>{_NAME})"
)
#: French puts such a word before the name alone.
_OF_AREA: Final = re.compile(rf"(?<![\w])(?P<name>{_NAME})\s(?i:{_AREAS})(?![\w])")
_LIVES_IN: Final = re.compile(rf"(?<![\w])(?i:{by_first_letter(_LIVES)})\s?(?P<name>{_NAME})")


#: Offices that every locality has; written before its name.
_OFFICES: Final = frozenset({"ocmw", "cpas", "gemeente", "commune", "gemeentehuis", "politie"})

#: A detail that says: by list alone, so whatever knows better goes before it.
LOCALITY: Final = "locality"


class Places:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        text = reading.text
        for pattern, detail, part in (
            (_AREA_OF, "area", 0),
            (_OF_AREA, "area", 0),
            (_LIVES_IN, "lives or was born there", "name"),
        ):
            for one in pattern.finditer(text):
                yield Finding(*one.span(part), TokenType.PLACE, Reason(Source.PATTERN, detail), 0.6)
        yield from _listed(reading)


def _listed(reading: Reading) -> Iterator[Finding]:
    for _, tokens, folded in reading.in_sentences:
        place = 0
        while place < len(tokens):
            count = _locality(reading.text, tokens, folded, place) if begins_locality(folded[place]) else 0
            if count:
                where = tokens[place].start, tokens[place + count - 1].end
                yield Finding(*where, TokenType.PLACE, Reason(Source.PATTERN, LOCALITY), 0.6)
            place += count or 1


def _is_expected(tokens: Sequence[Token], folded: Sequence[str], place: int) -> bool:
    """Whether a locality written small may stand here: `ocmw mechelen`, `straat 145 bus 3 borgerhout`."""
    if not place or not tokens[place].text[0].isalpha():
        return False
    before = folded[place - 1]
    return (before in _OFFICES or before.isdecimal()) and not any(
        load_words().is_ordinary(folded[place], language) for language in ("fr", "nl")
    )


def _locality(text: str, tokens: Sequence[Token], folded: Sequence[str], place: int) -> int:
    """How many tokens the locality at `place` has; 0 if there is none."""
    if not tokens[place].text[0].isupper() and not _is_expected(tokens, folded, place):
        return 0
    for count in (7, 5, 4, 3, 2, 1):
        if place + count <= len(tokens):
            name = text[tokens[place].start : tokens[place + count - 1].end]
            if is_locality(name) and (count > 1 or len(name) > 3):
                return count
    return 0
