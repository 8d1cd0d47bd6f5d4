"""How a stand-in is written in the four languages, and how one is read back.

    [PERSONNE-1]  [PERSOON-1]  [PERSON-1]      the number is what counts: all three mean the same person

Only the exact form restores. What looks like one (other case, spaces, leading zeros, zero-width characters) is
recognised in what is sent, so that nobody can write a stand-in that would later turn into somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from vault.errors import InvalidInput
from vault.freetext.folding import fold
from vault.freetext.spans import TokenType

#: A case with more different identities than this is a mistake; it also keeps `[SP-8123456]` a label, no stand-in.
HIGHEST_NUMBER: Final = 9999
#: Takes the place of a stand-in, character by character, in what detectors see: nothing matches across it.
FILLER: Final = "\ufffc"

# fmt: off
_IN_FOUR: Final[dict[TokenType, tuple[str, str, str, str]]] = {  # French, Dutch, German, English
    TokenType.PERSON: ("PERSONNE", "PERSOON", "PERSON", "PERSON"),
    TokenType.NAME: ("NOM", "NAAM", "NAME", "NAME"),
    TokenType.ORGANISATION: ("ORGANISATION", "ORGANISATIE", "ORGANISATION", "ORGANISATION"),
    TokenType.SCHOOL: ("ECOLE", "SCHOOL", "SCHULE", "SCHOOL"),
    TokenType.EMPLOYER: ("EMPLOYEUR", "WERKGEVER", "ARBEITGEBER", "EMPLOYER"),
    TokenType.PLACE: ("LIEU", "PLAATS", "ORT", "PLACE"),
    TokenType.ADDRESS: ("ADRESSE", "ADRES", "ADRESSE", "ADDRESS"),
    TokenType.PHONE: ("TELEPHONE", "TELEFOON", "TELEFON", "PHONE"),
    TokenType.EMAIL: ("COURRIEL", "EMAIL", "EMAIL", "EMAIL"),
    TokenType.WEB: ("SITE", "WEBSITE", "WEBSEITE", "WEBSITE"),
    TokenType.PROFILE: ("PROFIL", "PROFIEL", "PROFIL", "PROFILE"),
    TokenType.BIRTH_DATE: ("NAISSANCE", "GEBOORTE", "GEBURT", "BIRTH"),
    TokenType.DATE: ("DATE", "DATUM", "DATUM", "DATE"),
    TokenType.NISS: ("NISS", "INSZ", "NISS", "NISS"),
    TokenType.IBAN: ("COMPTE", "REKENING", "KONTO", "ACCOUNT"),
    TokenType.CARD: ("CARTE", "KAART", "KARTE", "CARD"),
    TokenType.VAT: ("TVA", "BTW", "MWST", "VAT"),
    TokenType.OV_NUMBER: ("SP", "OV", "OV", "OV"),
    TokenType.CGRA_NUMBER: ("CGRA", "CGVS", "CGRA", "CGRA"),
    TokenType.OQT_REFERENCE: ("OQT", "BGV", "OQT", "OQT"),
    TokenType.PASSPORT: ("PASSEPORT", "PASPOORT", "PASS", "PASSPORT"),
    TokenType.PLATE: ("PLAQUE", "NUMMERPLAAT", "KENNZEICHEN", "PLATE"),
    TokenType.FILE_NUMBER: ("REFERENCE", "REFERENTIE", "AKTENZEICHEN", "REFERENCE"),
    TokenType.ORIGIN: ("ORIGINE", "HERKOMST", "HERKUNFT", "ORIGIN"),
    TokenType.OCCUPATION: ("METIER", "BEROEP", "BERUF", "OCCUPATION"),
    TokenType.AMOUNT: ("MONTANT", "BEDRAG", "BETRAG", "AMOUNT"),
}
# fmt: on
WORDS: Final[dict[TokenType, dict[str, str]]] = {
    kind: dict(zip(("fr", "nl", "de", "en"), words, strict=True)) for kind, words in _IN_FOUR.items()
}
TYPE_OF_WORD: Final = {word: kind for kind, words in WORDS.items() for word in words.values()}

_ANY_WORD: Final = "|".join(sorted(TYPE_OF_WORD, key=len, reverse=True))
EXACT: Final = re.compile(rf"\[({_ANY_WORD})-([1-9][0-9]{{0,3}})\]")
_ALIKE: Final = re.compile(rf"\[\s*({_ANY_WORD.lower()})[\s_-]*0*([0-9]{{1,4}})\s*\]")


@dataclass(frozen=True, slots=True)
class StandIn:
    """What looks like a stand-in at start:end of a text. text: its exact form."""

    start: int
    end: int
    type: TokenType
    number: int
    text: str


def write(kind: TokenType, number: int, language: str) -> str:
    """The stand-in's text. Raises InvalidInput for a language the vault does not write."""
    try:
        return f"[{WORDS[kind][language]}-{number}]"
    except KeyError:
        raise InvalidInput("language must be one of fr, nl, de, en", field="language") from None


def alike(text: str) -> Iterator[StandIn]:
    """Everything in `text` that is, or looks like, a stand-in, in order."""
    folded = fold(text)
    for found in _ALIKE.finditer(folded.text):
        start, end = folded.source_span(*found.span())
        word, number = found[1].upper(), int(found[2])
        yield StandIn(start, end, TYPE_OF_WORD[word], number, f"[{word}-{number}]")


def masked(text: str) -> str:
    """`text` with its exact stand-ins blanked out, same length: what the re-scan looks at."""
    return EXACT.sub(lambda found: FILLER * len(found[0]), text)


def defused(text: str) -> str:
    """`text` with round brackets around whatever is, or looks like, a stand-in: for text from outside the case.

    Whoever does not know the case's stand-ins cannot have meant one, and must not be able to write one that would
    later be restored to somebody's name.
    """
    pieces: list[str] = []
    done = 0
    for found in alike(text):
        pieces += [text[done : found.start], f"({found.text[1:-1]})"]
        done = found.end
    return "".join([*pieces, text[done:]])


def blanked(text: str) -> str:
    """`text` with everything that looks like a stand-in blanked out, same length: what stages look at."""
    pieces: list[str] = []
    done = 0
    for found in alike(text) if "[" in text else ():
        pieces += [text[done : found.start], FILLER * (found.end - found.start)]
        done = found.end
    return "".join([*pieces, text[done:]])
