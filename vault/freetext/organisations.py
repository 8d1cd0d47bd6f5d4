"""Schools, employers, hospitals, shelters and other organisations, by the words beside their names.

    l'école « Les Noisetiers » · het Sint-Lievenscollege · travaille chez Boulangerie Paul · VZW De Brug

What the name tagger calls an organisation comes from `name_models`; here the words beside it say more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vault.freetext.alternatives import by_first_letter
from vault.freetext.findings import Finding
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, Tier, TokenType

# fmt: off
_SCHOOLS: Final = (
    r"[ée]coles?(?:\s(?:primaire|maternelle|secondaire|communale|fondamentale|libre|de\spromotion\ssociale|de\sdevoirs))?|lyc[ée]e|coll[èe]ge|"
    r"ath[ée]n[ée]e(?:\sroyal)?|institut|cr[èe]che|haute\s[ée]cole|universit[ée]|facult[ée]|basisschool|lagere\sschool|kleuterschool|"
    r"middelbare\sschool|school|vbs|gbs|sbs|vti|kta|cefa|okan|atheneum|college|kinderdagverblijf|cr[èe]che|hogeschool|universiteit|internaat|internat|grundschule|schule|"
    r"gymnasium|kindergarten|kita|hochschule|universit[äa]t|primary\sschool|secondary\sschool|high\sschool|nursery|university"
)
_CARE: Final = (
    r"h[ôo]pital|clinique|polyclinique|chu|chr|maison\sm[ée]dicale|centre\s(?:de\ssant[ée]|m[ée]dical|d['’]accueil|culturel|fedasil|de\sjour|"
    r"psycho[\w-]{0,10}|pms|public)|service\sde\ssant[ée]\smentale|planning\sfamilial|foyer|maison\sd['’]accueil|home|refuge|abri|h[ôo]tel|"
    r"ziekenhuis|kliniek|uz|az|wijkgezondheidscentrum|opvangcentrum|onthaalcentrum|asielcentrum|centrum|cgg|vluchthuis|krankenhaus|klinik|"
    r"heim|wohnheim|aufnahmezentrum|hospital|clinic|medical\scentre|shelter|reception\scentre|hostel|centre"
)
_GROUPS: Final = (
    r"cab\.|cabinet(?:\sd['’]avocats)?|bureau\sd['’]avocats|advocatenkantoor|advocatenbureau|kanzlei|law\sfirm|asbl|a\.s\.b\.l\.|vzw|v\.z\.w\.|gmbh|association|vereniging|verein|stichting|fondation|foundation|mosqu[ée]e|moskee|moschee|mosque|[ée]glise|"
    r"kerk|kirche|church|paroisse|parochie|temple|restaurant|resto|snack|bar|caf[ée]|boulangerie|boucherie|bakkerij|slagerij|night\s?shop|"
    r"phone\s?shop|t[ée]l[ée]com|librairie|[ée]picerie|superette|sup[ée]rette|frituur|friterie|pizzeria|kebab|imprimerie|firme|firma|soci[ée]t[ée]|"
    r"entreprise|bedrijf|magasin|winkel|supermarch[ée]|supermarkt|garage|carwash|car-wash|salon(?:\sde\scoiffure)?|kapsalon|h[ôo]tel|hotel|club|syndicat|vakbond|"
    r"banque|bank|prison|gevangenis|gef[äa]ngnis|maison\sde\sjustice|centre\sferm[ée]|gesloten\scentrum"
)
_FIRMS: Final = (
    r"sprl|s\.p\.r\.l\.|srl|s\.r\.l\.|sa|s\.a\.|sc|scrl|bvba|bv|nv|cvba|gmbh|ag|ltd|inc|llc|plc|sarl"
)
_WORKS: Final = (
    r"travaill(?:e|ait|é|er|ent)|bosse|bossait|employ[ée]e?|engag[ée]e?|contrat|embauch[ée]e?|job|stage|int[ée]rim|nettoie|m[ée]nages?|chantiers?|"
    r"werkt|werkte|werken|gewerkt|werk|tewerkgesteld|jobt|poetst|poetste|stage|arbeitet|arbeitete|gearbeitet|angestellt|besch[äa]ftigt|putzt|"
    r"works?|worked|working|employed|cleans|cleaned"
)
_FOR: Final = r"chez|pour|au|[àa]\sla|dans\sla\ssoci[ée]t[ée]|bij|voor|in|bei|f[üu]r|at|for|with"
# fmt: on
#: Possessive: a hyphen stands inside a word and between words, and must not be tried both ways in every combination.
#: A point belongs to an initial, to an abbreviation before a name and to letters with points between them; any other
#: may end the sentence, and what follows is no part of the name. Inside a word, a small letter or a digit follows it.
_CAPITAL: Final = (
    r"(?:(?:Ste?|Dr|Prof|Mgr|[A-ZÀ-Ý])\.(?=[ \-])|"
    r"[A-ZÀ-Ý](?:[\w'’&\-]|(?:(?<=[A-ZÀ-Ý])|(?<=St)|(?<=Dr))\.(?=\w)|\.(?=[a-zß-ÿ0-9])){1,30}+(?:(?<=\.[A-ZÀ-Ý])\.)?|"
    r"[A-Z]{1,4}\b|[0-9]{1,3}\b)"
)
_INNER: Final = r"(?:de|du|des|la|le|les|d['’]|l['’]|van|den|der|het|ten|ter|und|et|en|and|of|the|à|aux|&|-|sur|op|in)"
_NAME: Final = rf"{_CAPITAL}(?:[ \-](?:{_INNER}[ ]?){{0,2}}{_CAPITAL}){{0,4}}"
_QUOTED: Final = r"[«“\"„‘][ ]?(?P<quoted>[^«»“”\"„\n]{2,60}?)[ ]?[»”\"“’]"
_LINK: Final = (
    r"(?:\s(?:de|du|des|de\sla|van|von|of|the|het|nomm[ée]e?|appel[ée]e?|genaamd|called)\b|\sd['’]|\sl['’]|[ ]?:)?"
)


def _named(words: str, kind: TokenType, detail: str) -> tuple[re.Pattern[str], TokenType, str]:
    """The word, then a name with capitals or between quotation marks; the word belongs to the name if it is capital."""
    word = rf"(?P<word>{by_first_letter(words)})(?![\w])"
    pattern = rf"(?<![\w])(?i:{word}(?P<link>{_LINK}))[ \t]?(?:{_QUOTED}|(?P<name>{_NAME}))"
    return re.compile(pattern), kind, detail


_RULES: Final = (
    _named(_SCHOOLS, TokenType.SCHOOL, "school"),
    _named(_CARE, TokenType.ORGANISATION, "care or shelter"),
    _named(_GROUPS, TokenType.ORGANISATION, "group or business"),
)
_JOINED_SCHOOL: Final = re.compile(
    r"(?<![\w])[A-ZÀ-Ý][\w'’\-]{2,30}(?i:college|lyceum|atheneum|instituut|school|schule|gymnasium|basisschool)(?![\w])"
)
_FIRM_AFTER: Final = re.compile(rf"(?<![\w])(?P<name>{_NAME})\s(?i:{_FIRMS})(?![\w])")
_FIRM_BEFORE: Final = re.compile(rf"(?<![\w])(?:{_FIRMS.upper()})\s(?P<name>{_NAME})")
_EMPLOYER: Final = re.compile(
    rf"(?<![\w])(?i:{by_first_letter(_WORKS)})(?![\w])[^\w\n.]{{1,2}}(?:[^\W\d_]{{1,15}}[^\w\n.]{{1,2}}){{0,4}}?(?i:{_FOR})\s(?i:une?\s|de\s|het\s|een\s|le\s|la\s|l['’])?"
    rf"(?:{_QUOTED}|(?P<name>{_NAME}))"
)
#: `gaat naar De Regenboog`, `chez Les Petits Pas`: a capital article inside a sentence begins a name. Of whom, or of
#: what, a model may know better.
_ARTICLED: Final = re.compile(
    r"(?<![\w])(?:naar|in|bij|van|op|aan|uit|voor|à|chez|au|aux|dans|de|pour|sur|avec|devant|crèche|école|asbl|vzw|"
    r"bei|in|zur|at|to|with|from)\s"
    r"(?P<name>(?:De|Het|Den|'t|’t|Le|La|Les|L['’]|Die|Der|Das|The)[ ]?[A-ZÀ-Ý][\w'’\-]{1,30}"
    r"(?:[ \-](?:(?:de|du|des|van|und|et|en|of)[ ])?[A-ZÀ-Ý][\w'’\-]{1,30}){0,3})"
)
_NO_NAME: Final = re.compile(r"(?:[0-9]+|[A-ZÀ-Ý][a-zà-ÿ]?|Monsieur|Madame|Mme|Mr|Dr|Mevrouw|Meneer)\Z")


_BRACKET: Final = re.compile(
    r"[ ]?\((?:hereinafter[ :,]{1,2}|ci-après[ :,]{1,2})?(?:the |le |la |l['’]|de |het |die |der )?[“\"'‘]?"
    r"(?:the |le |la |de |het )?(?P<what>[^()“”\"\n]{2,60}?)[”\"'’]?\)"
)


class Brackets:
    """A stage; comes after those that find organisations: `Erich-Weinert-Ensemble (EWE)`."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:
        for one in found:
            if (
                one.type not in {TokenType.ORGANISATION, TokenType.SCHOOL, TokenType.EMPLOYER}
                or one.tier is not Tier.AUTO
            ):
                continue
            inside = _BRACKET.match(reading.text, one.end)
            if inside is not None and any(char.isupper() for char in inside["what"]):
                yield Finding(*inside.span("what"), one.type, Reason(Source.PATTERN, "also called"), 0.6)


class Organisations:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        text = reading.text
        for pattern, kind, detail in _RULES:
            for one in pattern.finditer(text):
                yield from _cue(text, one, kind, detail)
        for one in _JOINED_SCHOOL.finditer(text):
            yield Finding(*one.span(), TokenType.SCHOOL, Reason(Source.PATTERN, "school"), 0.7)
        for pattern in (_FIRM_AFTER, _FIRM_BEFORE):
            for one in pattern.finditer(text):
                yield Finding(*one.span(), TokenType.ORGANISATION, Reason(Source.PATTERN, "firm"), 0.75)
        for one in _ARTICLED.finditer(text):
            yield Finding(*one.span("name"), TokenType.ORGANISATION, Reason(Source.PATTERN, "capital article"), 0.55)
        for one in _EMPLOYER.finditer(text):
            where = one.span("name") if one["name"] else one.span("quoted")
            if not _NO_NAME.match(text[slice(*where)]):
                yield Finding(*where, TokenType.EMPLOYER, Reason(Source.PATTERN, "works for"), 0.55)


def _cue(text: str, one: re.Match[str], kind: TokenType, detail: str) -> Iterator[Finding]:
    start, end = one.span("name") if one["name"] else one.span("quoted")
    if _NO_NAME.match(text[start:end]):
        return
    if one["word"][0].isupper() and not one["quoted"]:
        start = one.start("word")
    yield Finding(start, end, kind, Reason(Source.PATTERN, detail), 0.7)
