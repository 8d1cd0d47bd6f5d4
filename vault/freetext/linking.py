"""Which stand-in a finding gets: the one its person has already, or a new one.

1. A person the case knows keeps the number, whatever form was typed.
2. What has the same text as an earlier stand-in means the same.
3. `Tessaoui` is `Salima Tessaoui` if nobody else of the case is called so; otherwise it gets a number of its own, and
   the reviewer is told who may be meant.
"""

from __future__ import annotations

from dataclasses import replace

from vault.freetext.findings import Finding
from vault.freetext.folding import folded_word
from vault.freetext.numbers import comparable
from vault.freetext.particles import PARTICLES
from vault.freetext.spans import TokenType
from vault.freetext.token_map import Entry, TokenMap

_SHORTEST_WORD = 3


class Linker:
    """Gives stand-ins to the findings of one text, one after the other; `token_map` grows."""

    def __init__(self, token_map: TokenMap) -> None:
        self.token_map = token_map
        self._by_text: dict[tuple[TokenType, str], Entry] = {}
        self._by_full_text: dict[tuple[TokenType, str], Entry] = {}  # of people the case knows
        self._by_person: dict[str, list[Entry]] = {}
        self._by_word: dict[str, list[Entry]] = {}
        for entry in token_map.entries:
            self._remember(entry)
        # After a split two entries have one form; who was split off keeps it.
        for entry in reversed(token_map.entries):
            for text in entry.forms if entry.person is None else ():
                self._by_text.setdefault((entry.type, comparable(entry.type, text)), entry)

    def entry_for(self, found: Finding, typed: str) -> tuple[Entry, tuple[Entry, ...]]:
        """The entry that `found`, typed so, means; and others that may be meant. Raises InvalidInput."""
        kind = found.type
        if found.person is not None:
            return self.token_map.standing(self._of_person(found, typed)), ()
        same = self._by_text.get((kind, comparable(kind, found.canonical or typed)))
        if same is not None:
            return self.token_map.standing(same), self._others(found, same)
        if kind is TokenType.PERSON and not found.same_as:
            called = self._called(typed)
            if len(called) == 1:
                return called[0], ()
            return self.add(kind, found.canonical or typed), tuple(called)
        entry = self.add(kind, found.canonical or typed)
        return entry, self._others(found, entry)

    def add(self, kind: TokenType, canonical: str, person: str | None = None) -> Entry:
        """A new entry, whatever others mean. Raises InvalidInput."""
        self.token_map, entry = self.token_map.with_new_entry(kind, " ".join(canonical.split()) or canonical, person)
        self._remember(entry)
        return entry

    def _of_person(self, found: Finding, typed: str) -> Entry:
        """The entry of a known person, or of an earlier stand-in."""
        assert found.person is not None
        earlier = earlier_entry(self.token_map, found.person)
        if earlier is not None:
            return earlier
        wanted = comparable(found.type, found.canonical or typed)
        same = self._by_full_text.get((found.type, wanted))  # whoever changed places in the file keeps the number
        if same is not None:
            return same
        of_type = [entry for entry in self._by_person.get(found.person, ()) if entry.type is found.type]
        for entry in of_type:
            if found.type is not TokenType.PERSON or comparable(found.type, entry.canonical) in found.names:
                return entry
        return self.add(found.type, found.canonical or typed, found.person)

    def _remember(self, entry: Entry) -> None:
        if entry.person is not None:
            self._by_person.setdefault(entry.person, []).append(entry)
            self._by_full_text.setdefault((entry.type, comparable(entry.type, entry.canonical)), entry)
        if entry.person is None:
            self._by_text.setdefault((entry.type, comparable(entry.type, entry.canonical)), entry)
        for text in dict.fromkeys((entry.canonical, *entry.forms)):
            if entry.type is TokenType.PERSON:
                for word in _name_words(text):
                    known = self._by_word.setdefault(word, [])
                    if entry not in known:
                        known.append(entry)

    def _called(self, typed: str) -> list[Entry]:
        """Entries whose names hold all words of `typed`, or that are a part of it which nobody else has."""
        words = _name_words(typed)
        if not words:
            return []
        named = [self._by_word.get(word, []) for word in words]
        holding = [entry for entry in named[0] if all(entry in others for others in named[1:])]
        if not holding and len(words) > 1:
            parts = [entry for others in named for entry in others]
            holding = [entry for entry in parts if len(_name_words(entry.canonical)) == 1 and entry.person is None]
        standing = {(entry.type, entry.number): entry for entry in map(self.token_map.standing, holding)}
        return list(standing.values())

    def _others(self, found: Finding, entry: Entry) -> tuple[Entry, ...]:
        return tuple(
            other
            for other in self.token_map.entries
            if other.type is found.type and other.person in found.same_as and other.number != entry.number
        )


def earlier_key(entry: Entry) -> str:
    """By what a stand-in without a person is known to the stage that looks for earlier names."""
    return f"stand-in:{entry.type.value}:{entry.number}"


def earlier_entry(token_map: TokenMap, key: str) -> Entry | None:
    """The entry that a key of `earlier_key` names."""
    mark, _, rest = key.partition(":")
    kind, _, number = rest.partition(":")
    if mark != "stand-in" or not number.isdigit():
        return None
    return token_map.find(TokenType(kind), int(number))


def merged(token_map: TokenMap, kind: TokenType, number: int, into: int) -> TokenMap:
    """The map in which new mentions of the one get the other; what is stored keeps its stand-ins."""
    entry, target = token_map.find(kind, number), token_map.find(kind, into)
    assert entry is not None
    assert target is not None
    return token_map.with_changed(replace(entry, merged_into=token_map.standing(target).number))


def _name_words(text: str) -> list[str]:
    folded = folded_word(text).replace("-", " ").replace("'", " ").replace(".", " ")
    return [word for word in folded.split() if len(word) >= _SHORTEST_WORD and word not in PARTICLES]
