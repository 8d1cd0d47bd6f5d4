"""Which stand-in means whom, within one case, and how each was typed: an `identity` record.

    numbers, entry = TokenMap.empty().with_entry(TokenType.PERSON, "Aminata Diallo", "1")   # entry.number == 1

Rules: numbers count per type, are never reused, and what an entry means never changes: a stand-in in an old note must
not come to mean another person. Forms are added to an entry as they are typed; two entries that turn out to be one
person are merged by a mark on one of them, and both go on meaning what they meant.

A note keeps stand-ins only. How each of them was typed there stands here: for every version of a note its stand-ins in
order, each with its form (`NoteTrace`), so that restoring gives back the text that was typed. Format 2; format 1, which
had no forms and no traces, still opens. The format stands in docs/formats/token-map.md.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple

from vault.errors import InvalidInput, RecordTampered
from vault.freetext.numbers import comparable
from vault.freetext.spans import TokenType
from vault.freetext.stand_ins import HIGHEST_NUMBER

_VERSION: Final = 2
_LONGEST_TEXT: Final = 4000  # characters; a name or an address is far shorter
#: The stand-in was not typed as a name: the coach wrote the stand-in itself.
UNTYPED: Final = -1


class Mark(NamedTuple):
    """One stand-in of a stored text. form: the place in its entry's forms, or UNTYPED."""

    type: TokenType
    number: int
    form: int


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """canonical: the fullest known form. person: key of the person it belongs to, None if nobody's or several's.

    forms: as typed, in the order in which they came; a place in it, once given, keeps its text. merged_into: number of
    the entry that new mentions get instead, None if this one stands for itself.
    """

    type: TokenType
    number: int
    canonical: str
    person: str | None = None
    forms: tuple[str, ...] = ()
    merged_into: int | None = None

    def form(self, place: int) -> str:
        """What was typed; the canonical text where that is not known."""
        return self.forms[place] if 0 <= place < len(self.forms) else self.canonical


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """What a reviewer left in a note although it was found. text: as typed. by: actor id. at: ISO 8601."""

    type: TokenType
    text: str
    reason: str
    by: str
    at: str


@dataclass(frozen=True, slots=True, repr=False)
class NoteTrace:
    """How one version of a note came about. note: record id. pipeline: `pipeline.VERSION` of that day.

    marks: the stand-ins of the stored text, in order.
    """

    note: str
    version: int
    pipeline: str
    marks: tuple[Mark, ...]
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class TokenMap:
    """Entries and traces in the order in which they were made."""

    entries: tuple[Entry, ...] = ()
    traces: tuple[NoteTrace, ...] = ()

    @classmethod
    def empty(cls) -> TokenMap:
        return cls()

    def find(self, kind: TokenType, number: int) -> Entry | None:
        """The entry behind a stand-in, or None."""
        return next((entry for entry in self.entries if entry.type is kind and entry.number == number), None)

    def standing(self, entry: Entry) -> Entry:
        """The entry that new mentions of the same person get: itself, or the one it was merged into."""
        seen = {entry.number}
        while entry.merged_into is not None and entry.merged_into not in seen:
            seen.add(entry.merged_into)
            into = self.find(entry.type, entry.merged_into)
            if into is None:
                break
            entry = into
        return entry

    def trace(self, note: str, version: int) -> NoteTrace | None:
        return next((one for one in self.traces if one.note == note and one.version == version), None)

    def newest_trace(self, note: str) -> NoteTrace | None:
        traces = [one for one in self.traces if one.note == note]
        return max(traces, key=lambda one: one.version, default=None)

    def known_as(
        self, kind: TokenType, canonical: str, person: str | None = None, names: Collection[str] = ()
    ) -> Entry | None:
        """The entry for this text and person, or None. names: other comparable texts the person is known under."""
        wanted = comparable(kind, canonical)
        same = [entry for entry in self.entries if entry.type is kind]
        for entry in same:
            if (entry.person is None) == (person is None) and wanted in {
                comparable(kind, text) for text in (entry.canonical, *(entry.forms if person is None else ()))
            }:
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
        return (self, found) if found is not None else self.with_new_entry(kind, canonical, person)

    def with_new_entry(self, kind: TokenType, canonical: str, person: str | None = None) -> tuple[TokenMap, Entry]:
        """The map with an entry of its own for this text, whatever others mean. Raises InvalidInput if it is full."""
        number = 1 + max((entry.number for entry in self.entries if entry.type is kind), default=0)
        if number > HIGHEST_NUMBER:
            raise InvalidInput(f"a case holds at most {HIGHEST_NUMBER} stand-ins of one type", field="text")
        if len(canonical) > _LONGEST_TEXT:
            raise InvalidInput(f"what a stand-in replaces has at most {_LONGEST_TEXT} characters", field="spans")
        entry = Entry(kind, number, canonical, person)
        return replace(self, entries=(*self.entries, entry)), entry

    def with_form(self, kind: TokenType, number: int, typed: str) -> tuple[TokenMap, int]:
        """The map in which that entry has this form, and the form's place."""
        entry = self.find(kind, number)
        if entry is None:
            raise InvalidInput("this case has no such stand-in", field="token")
        if typed in entry.forms:
            return self, entry.forms.index(typed)
        if len(typed) > _LONGEST_TEXT:
            raise InvalidInput(f"what a stand-in replaces has at most {_LONGEST_TEXT} characters", field="spans")
        grown = replace(entry, forms=(*entry.forms, typed))
        return self.with_changed(grown), len(entry.forms)

    def with_changed(self, entry: Entry) -> TokenMap:
        """The map with this entry in place of the one of its type and number."""
        same = (entry.type, entry.number)
        return replace(self, entries=tuple(entry if (one.type, one.number) == same else one for one in self.entries))

    def with_trace(self, trace: NoteTrace) -> TokenMap:
        rest = tuple(one for one in self.traces if (one.note, one.version) != (trace.note, trace.version))
        return replace(self, traces=(*rest, trace))

    def without_unused(self, before: TokenMap, used: Collection[tuple[TokenType, int]]) -> TokenMap:
        """The map without entries that are new since `before` and that nothing uses."""
        old = {(entry.type, entry.number) for entry in before.entries}
        kept = tuple(one for one in self.entries if (one.type, one.number) in old or (one.type, one.number) in used)
        return replace(self, entries=kept)

    def encode(self) -> bytes:
        """Versioned JSON, the same bytes for equal maps."""
        data = {
            "version": _VERSION,
            "entries": [
                [one.type.value, one.number, one.canonical, one.person, list(one.forms), one.merged_into]
                for one in self.entries
            ],
            "traces": [
                [
                    one.note,
                    one.version,
                    one.pipeline,
                    [[mark.type.value, mark.number, mark.form] for mark in one.marks],
                    [_kept_row(kept) for kept in one.kept],
                ]
                for one in self.traces
            ],
        }
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    @classmethod
    def decode(cls, plaintext: bytes) -> TokenMap:
        """Undo `encode`, of this format or format 1. Raises RecordTampered for anything else."""
        try:
            data = json.loads(plaintext.decode())
        except (ValueError, RecursionError):
            raise RecordTampered("a token map of another shape") from None
        if not isinstance(data, dict) or type(data.get("version")) is not int:
            raise RecordTampered("a token map of another shape")
        match data:
            case {"version": 1, "entries": list(rows)} if len(data) == 2:
                decoded = cls(tuple(_entry([*row, [], None] if isinstance(row, list) else row) for row in rows))
            case {"version": 2, "entries": list(rows), "traces": list(traces)} if len(data) == 3:
                decoded = cls(tuple(_entry(row) for row in rows), tuple(_trace(row) for row in traces))
            case _:
                raise RecordTampered("a token map of another version")
        if len({(entry.type, entry.number) for entry in decoded.entries}) != len(decoded.entries):
            raise RecordTampered("a token map with one stand-in for two")
        return decoded


def _kept_row(kept: Kept) -> list[str]:
    return [kept.type.value, kept.text, kept.reason, kept.by, kept.at]


def _entry(row: Any) -> Entry:
    match row:
        case [
            str(kind),
            int(number),
            str(canonical),
            (str() | None) as person,
            list(forms),
            (int() | None) as merged,
        ] if (
            kind in _TYPES
            and _is_number(number)
            and _are_texts([canonical, *forms])
            and (person is None or _whole(person))
            and (merged is None or (_is_number(merged) and merged != number))
        ):
            return Entry(_TYPES[kind], number, canonical, person, tuple(forms), merged)
    raise RecordTampered("a token map with an entry of another shape")


def _trace(row: Any) -> NoteTrace:
    match row:
        case [str(note), int(version), str(pipeline), list(marks), list(kept)] if type(version) is int and version >= 1:
            return NoteTrace(
                note, version, pipeline, tuple(_mark(one) for one in marks), tuple(_kept(one) for one in kept)
            )
    raise RecordTampered("a token map with a trace of another shape")


def _mark(row: Any) -> Mark:
    match row:
        case [str(kind), int(number), int(form)] if (
            kind in _TYPES and _is_number(number) and type(form) is int and form >= UNTYPED
        ):
            return Mark(_TYPES[kind], number, form)
    raise RecordTampered("a token map with a mark of another shape")


def _kept(row: Any) -> Kept:
    match row:
        case [str(kind), str(text), str(reason), str(by), str(at)] if (
            kind in _TYPES and _are_texts([text]) and _whole(reason)
        ):
            return Kept(_TYPES[kind], text, reason, by, at)
    raise RecordTampered("a token map with a decision of another shape")


def _is_number(number: int) -> bool:
    return type(number) is int and 1 <= number <= HIGHEST_NUMBER


def _are_texts(texts: Iterable[Any]) -> bool:
    return all(isinstance(text, str) and 0 < len(text) <= _LONGEST_TEXT and _whole(text) for text in texts)


def _whole(text: str) -> bool:
    """Without lone surrogates, which JSON can smuggle in and UTF-8 cannot write."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def carried(old: Sequence[Mark], new: Sequence[tuple[TokenType, int]]) -> tuple[int, ...]:
    """The forms of a text's stand-ins after it was edited. old: as they stood before; new: as they stand now.

    Stand-ins that stayed in place keep their form; one that was typed or moved has none.
    """
    forms = [UNTYPED] * len(new)
    before = [(mark.type, mark.number) for mark in old]
    if len(before) * len(new) > _MOST_COMPARED:
        for place, token in enumerate(new[: len(before)]):
            if before[place] == token:
                forms[place] = old[place].form
        return tuple(forms)
    for block in SequenceMatcher(a=before, b=list(new), autojunk=False).get_matching_blocks():
        for step in range(block.size):
            forms[block.b + step] = old[block.a + step].form
    return tuple(forms)


_MOST_COMPARED: Final = 250_000
_TYPES: Final = {kind.value: kind for kind in TokenType}
