"""Known names that are spelt otherwise: one typing slip, or another transliteration.

    finder = SimilarNames([Named("1", "Diallo", "Aminata")], words)
    list(finder.search(tokens))       # `Aminata Dialo`, `Aminatta`, `Djallo`

1. Beside another word of the same person's name, a word that is one slip away, or sounds alike, is meant.
2. Alone, it must be long enough, and be no ordinary word. A slip that gives another name in use (`Maria`, `Mario`)
   is that other name; a different transliteration of the same is not (`data/same_names.txt` has the widest apart).
3. Behind a title or a kinship word a shorter one will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vault.freetext.findings import Finding
from vault.freetext.folding import folded_word
from vault.freetext.gazetteer import countries
from vault.freetext.names import Named
from vault.freetext.particles import PARTICLES
from vault.freetext.spans import Reason, Source, TokenType
from vault.freetext.spellings import Spelling, one_slip, same_name
from vault.freetext.titles import KIN, TITLES
from vault.freetext.tokens import Token
from vault.freetext.words import Words

_SHORTEST_PART: Final = 3
_LONGEST_PART: Final = 40  # letters; longer ones are no names, and compared with each other letter left out
_SHORTEST_SLIP_ALONE: Final = 6
_SHORTEST_SOUND_ALONE: Final = 5
_SHORTEST_AFTER_TITLE: Final = 4
_WIDEST_GAP: Final = 3
_SCORE_TOGETHER: Final = 0.95
_SCORE_ALONE: Final = 0.85
#: How well a word fits, the better the higher.
_EXACT, _SAME, _SOUND, _SLIP, _SKELETON = 5, 4, 3, 2, 1


@dataclass(frozen=True, slots=True, repr=False)
class _Word:
    """A token that can be part of a name, its place among the tokens, and for each person how well it fits."""

    place: int
    token: Token
    folded: str
    fits: dict[str, tuple[int, str]]  # person: (how well, which word of the name)


class SimilarNames:
    """Looks for all people of a case at once; made for one text or a few, holds their names in clear."""

    __slots__ = ("_by_deletion", "_by_same", "_by_skeleton", "_by_sound", "_owners", "_people", "_words")

    def __init__(self, people: Iterable[Named], words: Words) -> None:
        self._words = words
        self._people = {person.key: person for person in people}
        # Lists, not sets: of two who fit alike the first is meant, in each process the same one.
        self._owners: dict[str, list[str]] = {}
        for person in self._people.values():
            for text in (person.given_names, person.family_name, *person.aliases):
                for word in _name_words(text):
                    _add(self._owners, word, person.key)
        self._by_deletion: dict[str, list[str]] = {}
        self._by_sound: dict[str, list[str]] = {}
        self._by_skeleton: dict[str, list[str]] = {}
        self._by_same: dict[str, list[str]] = {}
        for word in self._owners:
            spelt = Spelling.of(word)
            for less in spelt.deletions:
                _add(self._by_deletion, less, word)
            if spelt.sound:
                _add(self._by_sound, spelt.sound, word)
            if same := same_name(word):
                _add(self._by_same, same, word)
            if spelt.skeleton:
                _add(self._by_skeleton, spelt.skeleton, word)

    def search(self, tokens: Sequence[Token]) -> Iterator[Finding]:
        """Findings that `NameFinder` does not have; they may overlap with its own."""
        if not self._owners:
            return
        remembered: dict[str, tuple[str, dict[str, tuple[int, str]]]] = {}
        words: list[_Word] = []
        for place, token in enumerate(tokens):
            known = remembered.get(token.text)
            if known is None:
                known = remembered[token.text] = self._read(token.text)
            if known[1]:
                words.append(_Word(place, token, *known))
        yield from self._together(tokens, words)
        yield from self._alone(tokens, words)

    def _read(self, text: str) -> tuple[str, dict[str, tuple[int, str]]]:
        """A word folded, and whom it fits."""
        if not _SHORTEST_PART <= len(text) <= _LONGEST_PART or not text[0].isalpha():
            return text, {}
        folded = folded_word(text)
        return folded, self._fits(folded)

    def _fits(self, folded: str) -> dict[str, tuple[int, str]]:
        if folded in PARTICLES or len(folded) < _SHORTEST_PART:
            return {}
        spelt, same = self._words.spellings.of(folded), same_name(folded)
        if not (
            folded in self._owners
            or same in self._by_same
            or spelt.sound in self._by_sound
            or spelt.skeleton in self._by_skeleton
            or not self._by_deletion.keys().isdisjoint(spelt.deletions)
        ):
            return {}  # most words of a note
        found: dict[str, tuple[int, str]] = {}

        def add(words: Iterable[str], how: int) -> None:
            for word in words:
                for person in self._owners[word]:
                    if found.get(person, (0, ""))[0] < how:
                        found[person] = (how, word)

        add((folded,) if folded in self._owners else (), _EXACT)
        add(self._by_same.get(same, ()), _SAME)
        add(self._by_sound.get(spelt.sound, ()), _SOUND)
        near = dict.fromkeys(word for less in spelt.deletions for word in self._by_deletion.get(less, ()))
        add((word for word in near if one_slip(word, folded)), _SLIP)
        add(self._by_skeleton.get(spelt.skeleton, ()), _SKELETON)
        return found

    def _together(self, tokens: Sequence[Token], words: Sequence[_Word]) -> Iterator[Finding]:
        """Two words or more of one person's name beside each other, at least one of them spelt otherwise."""
        for first, one in enumerate(words):
            for person, (how, word) in one.fits.items():
                chain = [(one, how, word)]
                for other in words[first + 1 : first + 6]:
                    fit = other.fits.get(person)
                    if (
                        fit is None
                        or not _beside(tokens, chain[-1][0], other)
                        or fit[1] in {name for *_, name in chain}
                    ):
                        break
                    chain.append((other, *fit))
                if len(chain) < 2 or all(how == _EXACT for _, how, _ in chain):
                    continue
                if not self._plausible(chain):
                    continue
                yield self._finding(
                    chain[0][0].token.start, chain[-1][0].token.end, person, "misspelt", _SCORE_TOGETHER
                )

    def _plausible(self, chain: Sequence[tuple[_Word, int, str]]) -> bool:
        """Not two small ordinary words that happen to be near a name: one is a capital, exact or no ordinary word."""
        return any(
            one.token.text[0].isupper() or (how >= _SOUND and not self._words.is_ordinary_anywhere(one.folded))
            for one, how, _ in chain
        ) and any(how >= _SLIP for _, how, _ in chain)

    def _alone(self, tokens: Sequence[Token], words: Sequence[_Word]) -> Iterator[Finding]:
        for one in words:
            best = max(how for how, _ in one.fits.values())
            if best == _EXACT or one.folded.removesuffix("s") in self._owners:
                continue
            meant = [person for person, (how, _) in one.fits.items() if how == best]
            name = one.fits[meant[0]][1]
            if not self._enough(tokens, one, name, best):
                continue
            if len(meant) == 1:
                yield self._finding(one.token.start, one.token.end, meant[0], "part of a name, misspelt", _SCORE_ALONE)
            else:
                reason = Reason(Source.KNOWN, f"name of {len(meant)} people, misspelt")
                yield Finding(
                    one.token.start, one.token.end, TokenType.PERSON, reason, _SCORE_ALONE,
                    canonical=one.token.text, same_as=tuple(sorted(meant)),
                )  # fmt: skip

    def _enough(self, tokens: Sequence[Token], one: _Word, name: str, how: int) -> bool:
        """Whether a word that stands alone is the name."""
        long_enough, capital = len(one.folded) >= _SHORTEST_SLIP_ALONE, one.token.text[0].isupper()
        ordinary = self._words.is_ordinary_anywhere(one.folded)
        if how == _SAME:  # also where a place bears the name
            return (capital and long_enough) or ((capital or long_enough) and not ordinary)
        if ordinary:
            return False
        announced = _announced(tokens, one.place)
        if not announced and (self._words.is_place(one.folded) or one.folded in countries()):
            return False
        length = min(len(one.folded), len(name))
        if how == _SOUND:
            return length >= (_SHORTEST_AFTER_TITLE if announced else _SHORTEST_SOUND_ALONE) and (
                capital or length >= 6 or announced
            )
        if self._words.is_name(one.folded):
            return False  # another name in use
        if how == _SLIP:
            return announced if length < _SHORTEST_SLIP_ALONE else capital or announced or length >= 8
        return (capital or announced) and length >= _SHORTEST_SLIP_ALONE and abs(len(one.folded) - len(name)) <= 2

    def _finding(self, start: int, end: int, key: str, detail: str, score: float) -> Finding:
        person = self._people[key]
        return Finding(
            start, end, TokenType.PERSON, Reason(Source.KNOWN, detail), score, canonical=person.canonical, person=key,
            names=person.known_under,
        )  # fmt: skip


def _add(table: dict[str, list[str]], key: str, value: str) -> None:
    if value not in table.setdefault(key, []):
        table[key].append(value)


def _name_words(text: str) -> Iterator[str]:
    for word in folded_word(text).replace("-", " ").replace("'", " ").split():
        if len(word) >= _SHORTEST_PART and word not in PARTICLES and word.isalpha():
            yield word


def _beside(tokens: Sequence[Token], one: _Word, other: _Word) -> bool:
    """Nothing but spaces, a comma, a hyphen, initials or particles between the two."""
    between = tokens[one.place + 1 : other.place]
    if len(between) > 3 or other.token.start - one.token.end > _WIDEST_GAP + sum(
        len(token.text) + 1 for token in between
    ):
        return False
    return all(
        token.text in {",", "-", "'", "’", "."} or len(token.text) == 1 or folded_word(token.text) in PARTICLES
        for token in between
    )


def _announced(tokens: Sequence[Token], place: int) -> bool:
    """Whether a title or a kinship word stands before."""
    before = [folded_word(token.text) for token in tokens[max(0, place - 2) : place] if token.text != "."]
    return bool(before) and before[-1] in TITLES | KIN
