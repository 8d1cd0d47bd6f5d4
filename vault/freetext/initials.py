"""Initials of the people of a case: `A.D.`, `A. D.`, `Y.E.M.`, `J.-P. M.`

    finder = Initials([Named("1", "Diallo", "Aminata")])
    list(finder.search("L'intéressée A.D. est là."))          # one candidate

Capitals with their points alone, and none that are an abbreviation in use: `P.V.`, `N.B.`, `O.E.`
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from vault.freetext.findings import Finding
from vault.freetext.folding import folded_word
from vault.freetext.names import Named
from vault.freetext.particles import PARTICLES
from vault.freetext.spans import Reason, Source, TokenType

#: The capital first: a text is quickly looked through for it.
_RUN: Final = re.compile(
    r"[A-ZÀ-Þ](?<![\w.].)(?<!\w[.\-'’].)\.(?: ?-? ?[A-ZÀ-Þ]\.){0,3} ?-? ?[A-ZÀ-Þ](?:\.(?![^\W_]))?(?![\w'’])"
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_SCORE: Final = 0.8
#: Folded, without their points.
_ABBREVIATIONS: Final = frozenset({
    "am", "asbl", "bp", "bv", "bxl", "cd", "ce", "cgra", "cpas", "cv", "dc", "eu", "id", "ko", "nb", "nn", "nv", "oe",
    "ok", "om", "ong", "onu", "ov", "pc", "pm", "po", "ps", "pv", "rc", "rdv", "rf", "rv", "sa", "sc", "sm", "sp",
    "snc", "sncb", "sprl", "td", "tv", "ue", "uk", "un", "us", "usa", "vn", "vs", "vub",
})  # fmt: skip


class Initials:
    """Looks for the initials of all people of a case at once."""

    __slots__ = ("_people",)

    def __init__(self, people: Iterable[Named]) -> None:
        self._people: dict[str, list[Named]] = {}
        for person in people:
            for letters in _letters(person) - _ABBREVIATIONS:
                self._people.setdefault(letters, []).append(person)

    def search(self, text: str) -> Iterator[Finding]:
        """Without overlaps; the last point is left where it may end the sentence."""
        for found in _RUN.finditer(text) if self._people else ():
            meant = self._people.get(folded_word("".join(_WORD.findall(found[0]))), [])
            where = found.start(), found.start() + len(found[0].rstrip("."))
            if len(meant) == 1:
                person, reason = meant[0], Reason(Source.KNOWN, "initials")
                yield Finding(
                    *where, TokenType.PERSON, reason, _SCORE, canonical=person.canonical, person=person.key,
                    names=person.known_under,
                )  # fmt: skip
            elif meant:
                reason, keys = Reason(Source.KNOWN, f"initials of {len(meant)} people"), tuple(p.key for p in meant)
                yield Finding(*where, TokenType.PERSON, reason, _SCORE, canonical=found[0], same_as=keys)


def _letters(person: Named) -> set[str]:
    """`ad`, `da`; with particles and without: `yem`, `ym`. One letter names nobody."""
    given, family = (_WORD.findall(folded_word(name)) for name in (person.given_names, person.family_name))
    found: set[str] = set()
    for some in (family, [word for word in family if word not in PARTICLES]):
        for also in (given, given[:1]):
            first, last = "".join(word[0] for word in also), "".join(word[0] for word in some)
            if first and last:
                found |= {first + last, last + first}
    return found
