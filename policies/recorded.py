"""How many decisions that were taken would be taken otherwise: the log, held against two policies.

An entry says who asked as what, for what, why, and which rule answered. It says neither the phase of the case nor the
facts that held, but the rule bounds them: an allow line answered, so one of its phases and all of its facts were
there. So each kind of recorded decision gets the bounds of what can have been the circumstances:

    differs      in all of them the new policy answers otherwise
    may differ   in some
    same         in none
    unknown      the old policy has no such rule or word: recorded under another one, or not a question of a person
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from policies.compiler import Answer, Table
from policies.facts import condition_sets
from policies.lines import Key
from vault.vocabulary import FACTS, Action, Kind, Phase, Purpose, Role


class Recorded(NamedTuple):
    """One kind of entry, in the log's own words. rule: the line that decided, "" where none did."""

    role: str
    action: str
    kind: str
    purpose: str
    allowed: bool
    rule: str


@dataclass(frozen=True, slots=True)
class Replay:
    """Numbers of entries. lines: a sentence for each kind that differs or may, the most frequent first."""

    same: int
    differs: int
    may_differ: int
    unknown: int
    lines: tuple[str, ...]


def replay(old: Table, new: Table, tallies: Mapping[Recorded, int]) -> Replay:
    """What the new policy would have said to what the old one answered."""
    counts: dict[str, int] = defaultdict(int)
    told: list[tuple[int, str]] = []
    for recorded, count in tallies.items():
        fate = _fate(old, new, recorded)
        counts[fate] += count
        if fate in ("differs", "may differ"):
            told.append((count, _sentence(recorded, fate, count)))
    lines = tuple(line for _, line in sorted(told, key=lambda each: (-each[0], each[1])))
    return Replay(counts["same"], counts["differs"], counts["may differ"], counts["unknown"], lines)


def _fate(old: Table, new: Table, recorded: Recorded) -> str:
    key = _key(recorded)
    if key is None:
        return "unknown"
    changed = [
        _shown(was, old) != _shown(new.answer(key, phase, held), new)
        for phase, held, was in _circumstances(old, new, key)
        if was.allowed is recorded.allowed and was.rule == recorded.rule
    ]
    if not changed:
        return "unknown"
    return "differs" if all(changed) else "may differ" if any(changed) else "same"


def _key(recorded: Recorded) -> Key | None:
    try:
        return Role(recorded.role), Kind(recorded.kind), Action(recorded.action), Purpose(recorded.purpose)
    except ValueError:
        return None


def _circumstances(old: Table, new: Table, key: Key) -> Iterator[tuple[Phase, int, Answer]]:
    """Every phase and every set of the facts that either policy looks at, with the old policy's answer."""
    relevant = 0
    for table in (old, new):
        cell = table.cells.get(key)
        relevant |= cell.relevant if cell is not None else 0
    assert relevant < 1 << len(FACTS)
    for phase in Phase:
        for held in condition_sets(relevant):
            yield phase, held, old.answer(key, phase, held)


def _shown(answer: Answer, table: Table) -> object:
    """What comes of an answer: no, or the fields that are shown. Which line said so makes no difference to anybody."""
    return table.source.profiles[answer.profile].fields if answer.allowed else None


def _sentence(recorded: Recorded, fate: str, count: int) -> str:
    said = f"allowed by {recorded.rule}" if recorded.allowed else f"denied by {recorded.rule or 'no rule'}"
    asked = f"{recorded.role}, {recorded.action} {recorded.kind}, {recorded.purpose}"
    return f"{count} x {asked}, {said}: {fate}"
