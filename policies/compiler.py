"""The rules as a table, decided by Casbin: every phase, every set of facts, once, when the policy is loaded.

For each cell (role, kind, action, purpose) that some rule names, Casbin over the cell's rules is asked for every
set of the facts that the rules name, once for all phases that the same lines speak of. Other facts, and which of
those phases it is, cannot matter, since a line looks at nothing else; `policies.proof` asks the whole policy, all
phases and all sets to show it. A cell that no rule names is not in the table, and what is not in the table is denied.

    table.answer((Role.COACH, Kind.NOTE, Action.READ, Purpose.COACHING), Phase.ACTIVE, held=1)
    # Answer(allowed=True, rule='cw-11', profile='note_full')
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import Final

from policies.engine import Engine, engine_versions
from policies.facts import condition_sets
from policies.lines import Key, Rule, Source
from vault.errors import PolicyRejected
from vault.vocabulary import FACTS, Phase

#: Raised when the meaning of the table's bytes changes, so that old digests stay what they were.
_FORMAT: Final = b"parefeu policy table 1"


@dataclass(frozen=True, slots=True)
class Answer:
    """rule: the line that decided, `""` where none did. profile: `""` unless allowed."""

    allowed: bool
    rule: str
    profile: str


UNLISTED: Final = Answer(False, "", "")


@dataclass(frozen=True, slots=True)
class Cell:
    """The decided requests of one role, kind, action and purpose.

    relevant: the facts that its rules name, as bits. answers: for each phase, the answer for each set of
    relevant facts. rules: in the order of the file.
    """

    relevant: int
    answers: Mapping[Phase, Mapping[int, Answer]]
    rules: tuple[Rule, ...]

    def answer(self, phase: Phase, held: int) -> Answer:
        return self.answers[phase][held & self.relevant]


@dataclass(frozen=True, slots=True)
class Table:
    """A whole decided policy. digest: 32 bytes, SHA-256 over sources, engine versions and every answer."""

    source: Source
    cells: Mapping[Key, Cell]
    digest: bytes

    def answer(self, key: Key, phase: Phase, held: int) -> Answer:
        """The answer for these facts, all of them known."""
        cell = self.cells.get(key)
        return UNLISTED if cell is None else cell.answer(phase, held)

    def allowed(self) -> Iterator[tuple[Key, Phase, int, Answer]]:
        """Every allowed request, once for each set of relevant facts."""
        for key, cell in self.cells.items():
            for phase, answers in cell.answers.items():
                for held, answer in answers.items():
                    if answer.allowed:
                        yield key, phase, held, answer


def compile_table(source: Source) -> Table:
    """Ask Casbin everything. Raises PolicyRejected if Casbin read or answered what the rules do not say."""
    # Casbin reads the whole policy, and what it read is compared; then each cell's rules alone.
    engine = Engine(source.model, source.rules, parse_once=True)
    by_cell: dict[Key, list[Rule]] = defaultdict(list)
    for rule in source.rules:
        by_cell[rule.key].append(rule)
    cells = {key: _decide_cell(engine, key, rules) for key, rules in by_cell.items()}
    return Table(source, MappingProxyType(cells), _digest(source, cells))


def _decide_cell(engine: Engine, key: Key, rules: Sequence[Rule]) -> Cell:
    engine.read_instead(rules)
    by_id = {rule.id: rule for rule in rules}
    relevant = reduce(or_, (rule.needed for rule in rules), 0)
    spoken_of = [(rule.id, rule.phases) for rule in rules]
    asked: dict[tuple[str, ...], Mapping[int, Answer]] = {}
    answers: dict[Phase, Mapping[int, Answer]] = {}
    for phase in Phase:
        lines = tuple(rule_id for rule_id, phases in spoken_of if phase in phases)
        if lines not in asked:
            asked[lines] = MappingProxyType(
                {held: _checked(engine.ask(key, phase, held), by_id, phase, held) for held in condition_sets(relevant)}
            )
        answers[phase] = asked[lines]
    return Cell(relevant, MappingProxyType(answers), tuple(rules))


def _checked(asked: tuple[bool, str], by_id: Mapping[str, Rule], phase: Phase, held: int) -> Answer:
    """Casbin's answer, held against the line that it names: a yes without a fitting allow line does not pass."""
    allowed, rule_id = asked
    if not allowed and not rule_id:
        return UNLISTED
    rule = by_id.get(rule_id)
    if (
        rule is None
        or rule.allows is not allowed
        or phase not in rule.phases
        or held & rule.needed != rule.needed
        or sum(_fits(other, phase, held) for other in by_id.values() if other.allows) > 1
    ):
        raise PolicyRejected((f"Casbin's answer in {phase} does not follow from the line {rule_id or '(none)'}",))
    return Answer(allowed, rule_id, rule.release if allowed else "")


def _fits(rule: Rule, phase: Phase, held: int) -> bool:
    return phase in rule.phases and held & rule.needed == rule.needed


def _digest(source: Source, cells: Mapping[Key, Cell]) -> bytes:
    """SHA-256 over parts, each preceded by its length, so that no two policies give the same bytes."""
    digest = hashlib.sha256()

    def add(part: bytes) -> None:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)

    add(_FORMAT)
    add("\n".join(engine_versions()).encode())
    add(" ".join((*Phase, "|", *FACTS)).encode())
    for name, content in source.files:
        add(name.encode())
        add(content)
    for key in sorted(cells):
        for phase, answers in cells[key].answers.items():
            for held, answer in answers.items():
                add(f"{' '.join(key)} {phase} {held} {answer.allowed:d} {answer.rule} {answer.profile}".encode())
    return digest.digest()
