"""Which stand-in means whom, within one case: an `identity` record.

    numbers, entry = TokenMap.empty().with_entry(TokenType.PERSON, "Aminata Diallo", "1")   # entry.number == 1

Rules: numbers count per type, are never reused, and an entry never changes: a stand-in in an old note must not
come to mean another person. A person is found again by the full name, else by the key if the entry's text is
one of the names the person is known under now; whoever corrects a spelling and keeps the old one as an alias
keeps the number, and people who change places in the file never inherit each other's.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from vault.errors import InvalidInput, RecordTampered
from vault.freetext.numbers import comparable
from vault.freetext.spans import TokenType
from vault.freetext.stand_ins import HIGHEST_NUMBER

_VERSION: Final = 1
_LONGEST_TEXT: Final = 4000  # characters; a name or an address is far shorter


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """canonical: what restoring writes. person: key of the person it belongs to, None if nobody's or several's."""

    type: TokenType
    number: int
    canonical: str
    person: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TokenMap:
    """The entries in the order in which they were made."""

    entries: tuple[Entry, ...] = ()

    @classmethod
    def empty(cls) -> TokenMap:
        return cls()

    def find(self, kind: TokenType, number: int) -> Entry | None:
        """The entry behind a stand-in, or None."""
        return next((entry for entry in self.entries if entry.type is kind and entry.number == number), None)

    def known_as(
        self, kind: TokenType, canonical: str, person: str | None = None, names: Collection[str] = ()
    ) -> Entry | None:
        """The entry for this text and person, or None. names: other comparable texts the person is known under."""
        wanted = comparable(kind, canonical)
        same = [entry for entry in self.entries if entry.type is kind]
        for entry in same:
            if (entry.person is None) == (person is None) and comparable(kind, entry.canonical) == wanted:
                return entry
        for entry in same:
            if person is not None and entry.person == person and comparable(kind, entry.canonical) in names:
                return entry
        return None

    def with_entry(
        self, kind: TokenType, canonical: str, person: str | None = None, names: Collection[str] = ()
    ) -> tuple[TokenMap, Entry]:
        """The map that has an entry for this text and person, and that entry. Raises InvalidInput if it is full."""
        found = self.known_as(kind, canonical, person, names)
        if found is not None:
            return self, found
        number = 1 + max((entry.number for entry in self.entries if entry.type is kind), default=0)
        if number > HIGHEST_NUMBER:
            raise InvalidInput(f"a case holds at most {HIGHEST_NUMBER} stand-ins of one type", field="text")
        entry = Entry(kind, number, canonical, person)
        return TokenMap((*self.entries, entry)), entry

    def encode(self) -> bytes:
        """Versioned JSON, the same bytes for equal maps."""
        rows = [[entry.type.value, entry.number, entry.canonical, entry.person] for entry in self.entries]
        data = {"version": _VERSION, "entries": rows}
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    @classmethod
    def decode(cls, plaintext: bytes) -> TokenMap:
        """Undo `encode`. Raises RecordTampered for anything else."""
        try:
            data = json.loads(plaintext.decode())
        except (ValueError, RecursionError):
            raise RecordTampered("a token map of another shape") from None
        if not isinstance(data, dict) or set(data) != {"version", "entries"}:
            raise RecordTampered("a token map of another shape")
        if type(data["version"]) is not int or data["version"] != _VERSION or not isinstance(data["entries"], list):
            raise RecordTampered("a token map of another version")
        entries = tuple(_entry(row) for row in data["entries"])
        if len({(entry.type, entry.number) for entry in entries}) != len(entries):
            raise RecordTampered("a token map with one stand-in for two")
        return cls(entries)


def _entry(row: Any) -> Entry:
    match row:
        case [str(kind), int(number), str(canonical), (str() | None) as person] if (
            kind in _TYPES
            and type(number) is int
            and 1 <= number <= HIGHEST_NUMBER
            and 0 < len(canonical) <= _LONGEST_TEXT
            and _whole(canonical)
            and (person is None or _whole(person))
        ):
            return Entry(_TYPES[kind], number, canonical, person)
    raise RecordTampered("a token map with an entry of another shape")


def _whole(text: str) -> bool:
    """Without lone surrogates, which JSON can smuggle in and UTF-8 cannot write."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


_TYPES: Final = {kind.value: kind for kind in TokenType}
