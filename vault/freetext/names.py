"""Every way to write a known name, and finding them.

    finder = NameFinder([Named("1", "Diallo", "Aminata", ("Mimi",))])
    list(finder.search(fold("d'Aminata, DIALLO Aminata, A. Diallo")))      # three candidates

Written: full name and reversed, each given name alone, the family name and its parts alone, initials and family
name, aliases; case, accents, hyphen, space and apostrophe do not matter; particles may be left out or joined
(El Mansouri, ElMansouri, Mansouri). A name ends where its word ends, or before a genitive s.

So that a short or ordinary name does not blank out half a text:
1. A part of one or two letters counts only inside a whole name (`Bo Li`, `Li, Bo`).
2. A particle alone is nobody's name.
3. A part that is an everyday word (`Est`, `Les`) counts alone only if capitalised, and not where a sentence begins.
4. An initial is a capital, or has its dot.
A name that several people of the case bear gets a stand-in of its own, as it does not say who is meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from vault.freetext.findings import Finding
from vault.freetext.folding import Folded, folded_word
from vault.freetext.numbers import comparable
from vault.freetext.particles import PARTICLES
from vault.freetext.spans import Reason, Source, TokenType

_WORD: Final = re.compile(r"[^\W\d_]+")
#: May stand anywhere inside a name: `Jean-Pierre`, a hyphen at a line's end, there also the next line's indent or `>`.
_TIGHT: Final = re.compile(r"['\-]|[\-¬] ?\n{1,2}[ \t>|]{0,4}")
_BREAK: Final = re.compile(r"\s{1,6}|\s{0,2}['\-/_]\s{0,2}|\.")
_INITIAL: Final = re.compile(r"\.?\s{0,2}-?\s{0,2}")
_COMMA: Final = re.compile(r"\s{0,2},\s{0,2}")
_SHORTEST_ALONE: Final = 3
_SHORTEST_GENITIVE: Final = 4
_MOST_WORDS: Final = 9
_BEGINNING: Final = 4  # letters by which most words are known for none of a name
_WIDEST_GAP: Final = 8
# fmt: off
#: Everyday words of the four languages that are also names, or parts of names, somewhere.
_EVERYDAY: Final = frozenset({
    "est", "son", "ses", "les", "des", "une", "aux", "sur", "par", "pas", "que", "qui", "ont", "mon", "mes", "ton",
    "ces", "nous", "vous", "elle", "ils", "dans", "avec", "sans", "pour", "mais", "met", "het", "een", "van", "dat",
    "die", "ook", "als", "hij", "zij", "was", "zijn", "haar", "naar", "door", "maar", "niet", "over", "bij", "uit",
    "sun", "day", "may", "the", "and", "for", "not", "but", "his", "her", "she", "you", "are", "has", "had", "man",
    "men", "der", "das", "und", "ist", "ein", "mit", "von", "den", "dem", "sie", "ihr", "wir", "auf", "aus", "bei",
    "mai", "mars", "juin", "dit", "fait", "bon", "bonne", "rose", "jour", "soir", "ans", "mis", "pris", "vers",
    "sous", "non", "oui", "lui", "leur", "tout", "bien"
})
# fmt: on


@dataclass(frozen=True, slots=True, repr=False)
class Named:
    """The names of one person. key: the person's, within the case."""

    key: str
    family_name: str
    given_names: str
    aliases: tuple[str, ...] = ()

    @property
    def canonical(self) -> str:
        return " ".join(f"{self.given_names} {self.family_name}".split())

    @property
    def known_under(self) -> frozenset[str]:
        """Comparable texts of the full name and the aliases."""
        return frozenset(comparable(TokenType.PERSON, name) for name in (self.canonical, *self.aliases))


@dataclass(slots=True, repr=False)
class _Form:
    """One way to write a name, without its separators. Places are letter counts from the start."""

    detail: str
    shown: str  # as the record writes it: the canonical text if several people bear it
    breaks: frozenset[int] = frozenset()  # where a space may stand
    commas: frozenset[int] = frozenset()
    initials: tuple[int, ...] = ()  # where an initial ends
    trailing: bool = False  # ends with an initial, which must have its dot
    everyday: bool = False
    alone: bool = False  # one word, which is only a part of the name
    bearers: list[Named] = field(default_factory=list)


class NameFinder:
    """Looks for all names of a case's people at once; made for one text or a few, holds them in clear."""

    __slots__ = ("_beginnings", "_forms", "_is_ordinary", "_known_under", "solid", "whole")

    def __init__(self, people: Iterable[Named], is_ordinary: Callable[[str], bool] = lambda _: False) -> None:
        """is_ordinary: whether a folded word is one that anybody writes; written small, it is no part of a name."""
        self._is_ordinary = is_ordinary
        self._forms: dict[str, list[_Form]] = {}
        #: Squeezed full names of eight letters or more: too long to occur by chance.
        self.whole: set[str] = set()
        self._known_under: dict[str, frozenset[str]] = {}
        for person in people:
            self._known_under[person.key] = person.known_under
            for key, form in _forms(person):
                self._add(key, form, person)
                if form.detail == "full name" and len(key) >= 8:
                    self.whole.add(key)
        #: All names and their parts without their separators; those made of initials are not among them.
        self.solid = frozenset(
            key
            for key, forms in self._forms.items()
            if len(key) >= _SHORTEST_ALONE and any(not form.initials and not form.trailing for form in forms)
        )
        self._beginnings = {key[:size] for key in self._forms for size in range(1, _BEGINNING + 1)}

    def _add(self, key: str, form: _Form, person: Named) -> None:
        for other in self._forms.setdefault(key, []):
            same = (other.breaks, other.commas, other.initials, other.trailing) == (
                form.breaks, form.commas, form.initials, form.trailing,
            )  # fmt: skip
            if same or (not other.initials and not form.initials):
                other.breaks, other.commas = other.breaks | form.breaks, other.commas | form.commas
                if person not in other.bearers:
                    other.bearers.append(person)
                return
        form.bearers.append(person)
        self._forms[key].append(form)

    def search(self, folded: Folded) -> Iterator[Finding]:
        """The names of `folded`, without overlaps, with offsets of its source: the leftmost, there the longest.

        Not the longest of all: in `Aminata Diallo, Mamadou Diallo` that would be `Diallo, Mamadou`.
        """
        text, beginnings = folded.text, self._beginnings
        if not beginnings:
            return
        words = folded.words
        done = 0
        for first, (start, end) in enumerate(words):
            if start >= done and text[start : min(end, start + _BEGINNING)] in beginnings:
                best, stop = self._longest(folded, words[first : first + _MOST_WORDS])
                if best is not None:
                    done = stop
                    yield best

    def begins(self, piece: str) -> bool:
        """Whether one of the names, or of their parts, may begin so; asked before anything that takes longer."""
        return piece[:_BEGINNING] in self._beginnings

    def _longest(self, folded: Folded, words: list[tuple[int, int]]) -> tuple[Finding | None, int]:
        """The longest name that begins with the first of `words`, and where it ends in the folded text."""
        text, forms = folded.text, self._forms
        start = before = words[0][0]
        best: Finding | None = None
        stop = start
        joined = ""
        gaps: list[tuple[int, str]] = []
        for word_start, end in words:
            if word_start > before:
                if word_start - before > _WIDEST_GAP:
                    break
                gaps.append((len(joined), text[before:word_start]))
            joined += text[word_start:end]
            before = end
            if not self.begins(joined):
                break
            found = self._candidate(folded, start, end, joined, gaps) if joined in forms else None
            if found is None and _may_be_genitive(joined, end - word_start) and joined[:-1] in forms:
                found = self._candidate(folded, start, end - 1, joined[:-1], gaps)
            if found is not None:
                best, stop = found, end
        return best, stop

    def _candidate(
        self, folded: Folded, start: int, end: int, joined: str, gaps: list[tuple[int, str]]
    ) -> Finding | None:
        fitting = [form for form in self._forms[joined] if _fits(form, folded, start, end, gaps)]
        small_word = not gaps and not _is_capital(folded, start) and all(form.alone for form in fitting)
        if not fitting or (small_word and self._is_ordinary(joined)):
            return None
        return self._finding(fitting, folded.source_span(start, end), fitting[0].detail)

    def named(self, key: str, where: tuple[int, int], detail: str) -> Finding:
        """The finding of one of `solid` at a place of the source. detail: how it is written there."""
        forms = [form for form in self._forms[key] if not form.initials and not form.trailing]
        return self._finding(forms, where, f"{forms[0].detail}, {detail}")

    def _finding(self, forms: list[_Form], where: tuple[int, int], detail: str) -> Finding:
        keys = {person.key: person for form in forms for person in form.bearers}
        if len(keys) == 1:
            (person,) = keys.values()
            reason, names = Reason(Source.KNOWN, detail), self._known_under[person.key]
            return Finding(*where, TokenType.PERSON, reason, canonical=person.canonical, person=person.key, names=names)
        reason = Reason(Source.KNOWN, f"{detail} of {len(keys)} people")
        return Finding(*where, TokenType.PERSON, reason, canonical=forms[0].shown, same_as=tuple(keys))


def _may_be_genitive(joined: str, last_word: int) -> bool:
    """`Aminatas`, not the separate s of `Aminata's`."""
    return joined[-1] == "s" and last_word > 1 and len(joined) > _SHORTEST_GENITIVE


def _fits(form: _Form, folded: Folded, start: int, end: int, gaps: list[tuple[int, str]]) -> bool:
    """Whether the separators, and the capitals of initials, are those of this form."""
    text = folded.text
    split = dict(gaps)
    for place, gap in gaps:
        tight = _TIGHT.fullmatch(gap)
        allowed = (
            tight
            or (place in form.breaks and _BREAK.fullmatch(gap))
            or (place in form.initials and _INITIAL.fullmatch(gap))
            or (place in form.commas and _COMMA.fullmatch(gap))
        )
        if not allowed:
            return False
    if form.everyday and not _capitalised_inside(folded, start):
        return False
    if form.trailing:
        boundary = max(form.breaks)
        return boundary in split and text[end : end + 1] == "." and _is_capital(folded, end - 1)
    if form.initials:
        return max(form.initials) in split and (_is_capital(folded, start) or text[start + 1 : start + 2] == ".")
    return True


def _is_capital(folded: Folded, place: int) -> bool:
    return folded.source[folded.source_span(place, place + 1)[0]].isupper()


def _capitalised_inside(folded: Folded, start: int) -> bool:
    before = folded.text[max(0, start - 8) : start].rstrip(" \t\"'(-")
    return _is_capital(folded, start) and before != "" and before[-1] not in ".!?:\n"


def _forms(person: Named) -> Iterator[tuple[str, _Form]]:
    given, family = _words(person.given_names), _words(person.family_name)
    bare = family[next((at for at, word in enumerate(family) if word not in PARTICLES), 0) :]
    solid = [word for word in family if word not in PARTICLES]
    solid_given = [word for word in given if word not in PARTICLES]
    tail = family[_last_particles(family) :]
    for some_family in _distinct([family, bare, solid, tail, bare[:1], solid[-1:]]):
        for some_given in _distinct([given, given[:1], solid_given, solid_given[-1:]]):
            yield _form([*some_given, *some_family], "full name", person.canonical)
            yield _form([*some_family, *some_given], "full name", person.canonical, comma=len(some_family))
            letters = [word[0] for word in some_given]
            yield _form([*letters, *some_family], "initial and family name", person.canonical, initials=len(letters))
            yield _form([*some_family, *letters], "family name and initial", person.canonical, trailing=len(letters))
    if bare != family:  # `Broeck, Inge van den`
        front = family[: len(family) - len(bare)]
        for some_given in _distinct([given, given[:1]]):
            yield _form([*bare, *some_given, *front], "full name", person.canonical, comma=len(bare))
    whole = [*given, *family]
    for cut in range(2, len(whole)):  # where the family name begins is not always known: `P. Tanyi Wandji`
        for letters in _distinct([[word[0] for word in whole[: cut - 1]], [whole[0][0]]]):
            rest = whole[cut - 1 :]
            yield _form([*letters, *rest], "initial and family name", person.canonical, initials=len(letters))
            yield _form([*rest, *letters], "family name and initial", person.canonical, trailing=len(letters))
    yield from _alone(given, "given name", person.given_names)
    yield from _alone(family, "family name", person.family_name)
    yield from _alone(bare, "family name", person.family_name)
    for alias in person.aliases:
        words = _words(alias)
        if len("".join(words)) >= _SHORTEST_ALONE:
            yield from _alone(words, "alias", alias)
            yield _form(words[::-1], "alias", alias, comma=1)


def _last_particles(words: list[str]) -> int:
    """Where the last word begins with the particles before it: `da Silva` in `das Dores da Silva`."""
    start = max(len(words) - 1, 0)
    while start > 0 and words[start - 1] in PARTICLES:
        start -= 1
    return start


def _alone(words: list[str], detail: str, shown: str) -> Iterator[tuple[str, _Form]]:
    """The words together, and each of those that are long enough and no particle."""
    if len("".join(words)) >= _SHORTEST_ALONE and set(words) - PARTICLES:
        yield _form(words, detail, " ".join(shown.split()))
    spelt = _WORD.findall(shown)
    for word in words if len(words) > 1 else ():
        if len(word) >= _SHORTEST_ALONE and word not in PARTICLES:
            as_written = next((one for one in spelt if folded_word(one) == word), word)
            yield _form([word], f"part of {detail}", as_written)


def _form(
    words: list[str], detail: str, shown: str, *, comma: int = 0, initials: int = 0, trailing: int = 0
) -> tuple[str, _Form]:
    key, breaks, ends = "", set(), []
    for word in words:
        if key:
            breaks.add(len(key))
        breaks |= _particle_breaks(word, len(key)) if len(word) > _SHORTEST_ALONE else set()
        key += word
        ends.append(len(key))
    initial_ends = tuple(ends[:initials]) if initials else tuple(ends[-trailing - 1 : -1]) if trailing else ()
    commas = frozenset(ends[comma - 1 : comma]) if 0 < comma < len(words) else frozenset[int]()
    if trailing:
        commas = frozenset(ends[-trailing - 1 : -trailing])
    return key, _Form(
        detail, shown, frozenset(breaks), commas, initial_ends, bool(trailing), len(words) == 1 and key in _EVERYDAY,
        len(words) == 1,
    )  # fmt: skip


def _particle_breaks(word: str, offset: int) -> set[int]:
    """`Benali` is also written `Ben Ali`."""
    return {offset + size for size in (2, 3, 4) if word[:size] in PARTICLES and len(word) - size >= _SHORTEST_ALONE}


def _words(name: str) -> list[str]:
    return _WORD.findall(folded_word(name))


def _distinct(lists: list[list[str]]) -> list[list[str]]:
    found: list[list[str]] = []
    for one in lists:
        if one and one not in found:
            found.append(one)
    return found
