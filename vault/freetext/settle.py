"""Which of several findings about the same characters counts; together they leave none of them uncovered.

1. What may stay (`allowed`) is dropped, unless the case knows it.
2. Findings of a person that overlap or touch are one: `Me` [Jan] [Peeters] by two sources is one name.
3. Otherwise the better source keeps its characters: known, marked by hand, checked, pattern, title, model, repeat,
   capital; an address, a page or an e-mail address keeps the names inside it. Of the other finding the words that
   stick out remain.
4. A known person whose part of a name stands beside another name is somebody else: `Fatou Diallo` is not the Diallo
   of the case, but may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from vault.freetext import edges
from vault.freetext.allowed import is_allowed
from vault.freetext.findings import Finding
from vault.freetext.folding import folded_word
from vault.freetext.origins import ORIGIN
from vault.freetext.particles import PARTICLES
from vault.freetext.places import LOCALITY
from vault.freetext.spans import Reason, Source, Tier, TokenType

_BETTER: Final = {source: 2 * place for place, source in enumerate(Source)}
_WHOLE: Final = frozenset({TokenType.EMAIL, TokenType.WEB, TokenType.ADDRESS})
_MAY_STAY: Final = frozenset(
    {TokenType.PERSON, TokenType.NAME, TokenType.ORGANISATION, TokenType.PLACE, TokenType.EMPLOYER, TokenType.SCHOOL}
)
_NUMBERS: Final = frozenset({
    TokenType.NISS, TokenType.IBAN, TokenType.CARD, TokenType.VAT, TokenType.PHONE, TokenType.OV_NUMBER,
    TokenType.CGRA_NUMBER, TokenType.PASSPORT, TokenType.PLATE, TokenType.FILE_NUMBER,
    TokenType.OQT_REFERENCE, TokenType.AMOUNT,
})  # fmt: skip
_TOUCHING: Final = frozenset({" ", "-", "‐", "‑", "'", "’", "  ", ". ", ".", " -", "- "})
_WEAK_PATTERN: Final = 0.6
#: A model that is less sure of ordinary words (`edges.is_doubtful`) only suggests them.
_SURE: Final = 0.4
#: And one that has next to no reason says nothing.
_FAINT: Final = 0.1
#: From here a model's person goes before the place or organisation that a model sees in the same words.
_SURELY_A_PERSON: Final = 0.75
#: Findings by list or cue alone: a model that calls it a person knows better.
_BY_LIST: Final = frozenset({LOCALITY, ORIGIN, "institution", "also called", "area", "lives or was born there"})
_OF: Final = re.compile(
    r"(?P<ordinal> [IVX]{1,5})?,? (?:(?P<van>van|von|vom|der)|de|du|of|d['’])(?: |(?<=['’]))"
    r"(?:de |den |der |het |la |le )?"
)
#: `saint Ferréol`: unlike a rank it is part of the name.
_SAINT: Final = re.compile(r"(?<![^\W_])(?:sainte?|sint|sankt|santa|san|st\.?|ste\.?) $", re.IGNORECASE)
_LONGEST_SAINT: Final = 7  # characters, with its space
#: `Mohammed B`: an initial without its point, at the end of a name that is not all in capitals.
_INITIAL: Final = re.compile(r" [A-ZÀ-Ý](?![\w'’])")
#: `Jean Cousin l'Ancien`, `Peter the Great`, `James Renwick, Jr.`
_EPITHET: Final = re.compile(
    r" (?:le |la |l['’]|the |de |den |der |die )(?:Ancien|Jeune|Grand|Grande|Vieux|Petit|Petite|Elder|Younger|Great|"
    r"Old|Young|Grote|Oude|Jonge|Jongere|Kleine|Ältere|Jüngere|Große|Grosse|Alte|Junge)\b|,? (?:Jr|Sr)\b\.?"
)
_LETTER_OR_DIGIT: Final = re.compile(r"[^\W_]")
_LONGEST_NAME: Final = 80  # characters; more words beside each other are a list
_LONGEST: Final = 400  # characters; addresses of pages go further


def settle(text: str, findings: Iterable[Finding]) -> list[Finding]:
    """Findings without overlaps, in order of place. text: the reading's."""
    tidy = [better for one in findings if (better := _tidied(text, one)) is not None]
    people = _with_lands(text, _people(text, [one for one in tidy if one.type is TokenType.PERSON]), tidy)
    addresses = _united(text, [one for one in tidy if one.type is TokenType.ADDRESS])
    others = [*addresses, *(one for one in tidy if one.type not in {TokenType.PERSON, TokenType.ADDRESS})]
    return _without_overlaps(text, [*people, *others])


def _rank(one: Finding) -> tuple[int, int, int]:
    place = _BETTER[one.source]
    if one.source is Source.PATTERN and one.reason.detail in _BY_LIST:
        place = _BETTER[Source.MODEL] + 1
    elif one.type in _WHOLE and one.source is Source.PATTERN and one.score >= _WEAK_PATTERN:
        place = -1  # the names inside are hidden with it
    elif one.source is Source.PATTERN and one.score < _WEAK_PATTERN:
        place = _BETTER[Source.CAPITAL]
    elif one.tier is Tier.SUGGEST:
        place = _BETTER[Source.CAPITAL] + 1
    elif one.source is Source.MODEL and one.type is TokenType.PERSON and one.score >= _SURELY_A_PERSON:
        place -= 1
    return place, one.start - one.end, one.start


def _tidied(text: str, one: Finding) -> Finding | None:
    """Without signs at its ends and titles in front; None if nothing is left, or it may stay."""
    start, end = one.start, one.end
    if one.source is Source.KNOWN:
        return one
    if one.type in _MAY_STAY or one.source is Source.MODEL:
        start, end = edges.without_signs(text, start, end)
        if one.type is TokenType.PERSON:
            start, end = edges.without_titles(text, start, end)
            if one.source is Source.MODEL:
                start, end = edges.without_small_words(text, start, end)
    if start >= end or _LETTER_OR_DIGIT.search(text, start, end) is None:
        return None
    if end - start > _LONGEST and one.type is not TokenType.WEB and one.source is not Source.HAND:
        return None  # no name, number or address is so long: a paste accident, or a text without spaces
    if one.type in _MAY_STAY and one.source is not Source.HAND and is_allowed(text[start:end]):
        return None
    tier = one.tier
    unsure = one.type is TokenType.PERSON and one.source is Source.MODEL and one.score < _SURE
    if unsure and edges.is_doubtful(text, start, end):
        if one.score < _FAINT:
            return None
        tier = Tier.SUGGEST
    if (start, end, tier) == (one.start, one.end, one.tier):
        return one
    return replace(one, start=start, end=end, tier=tier)


def _united(text: str, findings: Sequence[Finding]) -> list[Finding]:
    """Parts of one address that overlap, or that only a comma or a line end keeps apart, as one."""
    united: list[Finding] = []
    for one in sorted(findings, key=lambda one: (one.start, one.start - one.end)):
        last = united[-1] if united else None
        if last is None or not (one.start <= last.end or text[last.end : one.start].strip(" ,-–/\n(") == ""):
            united.append(one)
            continue
        better = min(last, one, key=_rank)
        end = max(last.end, one.end)
        united[-1] = replace(better, start=last.start, end=end, score=max(last.score, one.score))
    return united


@dataclass(slots=True)
class _Cluster:
    """Findings of people that overlap or touch. What joining asks about it is kept up as it grows."""

    findings: list[Finding]
    start: int
    end: int
    known: set[str | None]
    automatic: bool

    @classmethod
    def of(cls, one: Finding) -> _Cluster:
        cluster = cls([], one.start, one.end, set(), False)
        cluster.add(one)
        return cluster

    def add(self, one: Finding) -> None:
        self.findings.append(one)
        self.end = max(self.end, one.end)
        self.automatic = self.automatic or one.tier is Tier.AUTO
        if one.source is Source.KNOWN:
            self.known.add(one.person)

    def takes(self, text: str, one: Finding) -> bool:
        """Whether a finding that does not begin before this cluster belongs to the same name."""
        if one.start < self.end:
            return True
        gap = text[self.end : one.start]
        if gap not in _TOUCHING or one.end - self.start > _LONGEST_NAME:
            return False
        if one.source is Source.KNOWN and self.known and self.known != {one.person}:
            return False
        if not self.automatic and one.tier is Tier.SUGGEST:
            return False
        initial = text[self.end - 1].isupper() and not text[self.end - 2 : self.end - 1].isalpha()
        return "." not in gap or initial


def _people(text: str, people: Sequence[Finding]) -> list[Finding]:
    """Overlapping and touching findings of people, joined into one each."""
    clusters: list[_Cluster] = []
    for one in sorted(people, key=lambda one: (one.start, one.start - one.end)):
        if clusters and clusters[-1].takes(text, one):
            clusters[-1].add(one)
        else:
            clusters.append(_Cluster.of(one))
    return [joined for cluster in clusters for joined in _joined(text, cluster.findings)]


def _with_lands(text: str, people: Sequence[Finding], others: Sequence[Finding]) -> list[Finding]:
    """`Willem van Oranje`, `Jan I van Brabant`, `Paris Hilton`: a place that belongs to a name is part of it."""
    places = [one for one in others if one.type in {TokenType.PLACE, TokenType.ORIGIN}]
    starting = {one.start: one for one in sorted(places, key=lambda one: one.end)}
    ending = {one.end: one for one in sorted(places, key=lambda one: -one.start)}
    joined = []
    for one in people:
        start, end = one.start, one.end
        if one.tier is Tier.AUTO:
            link = _OF.match(text, end)
            after = starting.get(link.end()) if link is not None else None
            before = ending.get(start - 1) if text[start - 1 : start] == " " else None
            if after is not None and (link is None or link["van"] or link["ordinal"]):
                end = after.end
            elif (epithet := _EPITHET.match(text, end)) is not None:
                end = epithet.end()
            elif not text[start:end].isupper() and (initial := _INITIAL.match(text, end)) is not None:
                end = initial.end()
            if (saint := _SAINT.search(text, max(0, start - _LONGEST_SAINT), start)) is not None:
                start = saint.start()
            if before is not None and before.reason.detail in _BY_LIST and text[before.start : before.end].istitle():
                start = before.start if " " not in text[before.start : before.end] else start
        joined.append(one if (start, end) == (one.start, one.end) else replace(one, start=start, end=end))
    return joined


def _joined(text: str, cluster: Sequence[Finding]) -> list[Finding]:
    if len(cluster) == 1:
        return [cluster[0]]
    start, end = min(one.start for one in cluster), max(one.end for one in cluster)
    known = [one for one in cluster if one.source is Source.KNOWN]
    best = min(cluster, key=_rank)
    automatic = any(one.tier is Tier.AUTO for one in cluster)
    score = max(one.score for one in cluster if not automatic or one.tier is Tier.AUTO)
    tier = Tier.AUTO if automatic else Tier.SUGGEST
    if not known:
        return [replace(best, start=start, end=end, score=score, tier=tier)]
    meant = {(one.person, one.canonical) for one in known}
    if len(meant) > 1:
        return [*known, *_left_of(text, [one for one in cluster if one.source is not Source.KNOWN], known)]
    first = known[0]
    if edges.is_opening(text, start, min(one.start for one in known)):
        start = min(one.start for one in known)
    rest = _words_outside(text, start, end, known)
    if rest and "full name" not in {one.reason.detail for one in known} and first.person is not None:
        keys = tuple(dict.fromkeys([first.person, *first.same_as]))
        reason = Reason(best.source if best.source is not Source.KNOWN else Source.MODEL, "beside a known name")
        return [Finding(start, end, TokenType.PERSON, reason, score, tier, same_as=keys)]
    return [replace(first, start=start, end=end)]


def _words_outside(text: str, start: int, end: int, known: Sequence[Finding]) -> list[str]:
    """Folded words of the range that no known finding covers, initials and particles left out."""
    covered = {place for one in known for place in range(one.start, one.end)}
    rest = "".join(text[place] if place not in covered else " " for place in range(start, end))
    return [
        word
        for word in folded_word(rest).replace("-", " ").split()
        if len(word.strip("'.")) > 1 and word not in PARTICLES
    ]


def _left_of(text: str, findings: Sequence[Finding], covering: Sequence[Finding]) -> list[Finding]:
    taken = bytearray(len(text))
    for one in covering:
        taken[one.start : one.end] = b"\1" * (one.end - one.start)
    return [piece for one in findings for piece in _pieces(text, one, taken)]


def _without_overlaps(text: str, findings: Sequence[Finding]) -> list[Finding]:
    taken = bytearray(len(text))  # 0: free; else which type has the character
    numbers = {kind: number for number, kind in enumerate(TokenType, start=1)}
    chosen: list[Finding] = []
    for one in sorted(findings, key=_rank):
        inside = set(taken[one.start : one.end]) - {0}
        if inside and numbers[one.type] in inside and one.type in _NUMBERS and one.source is not Source.CHECKED:
            continue  # the better reading of one number says where it ends; two that are proven both count
        pieces = [one] if not inside else _pieces(text, one, taken)
        for piece in pieces:
            taken[piece.start : piece.end] = bytes([numbers[one.type]]) * (piece.end - piece.start)
            chosen.append(piece)
    return sorted(chosen, key=lambda one: one.start)


def _pieces(text: str, one: Finding, taken: bytearray) -> list[Finding]:
    """The parts of a finding that are free, each with at least a letter or digit."""
    pieces: list[Finding] = []
    begin = None
    for place in range(one.start, one.end + 1):
        free = place < one.end and not taken[place]
        if free and begin is None:
            begin = place
        elif not free and begin is not None:
            start, end = begin, place
            start, end = edges.without_signs(text, start, end)
            if _LETTER_OR_DIGIT.search(text, start, end) is not None and not is_allowed(text[start:end]):
                pieces.append(replace(one, start=start, end=end, person=None, canonical="", names=frozenset()))
            begin = None
    return pieces
