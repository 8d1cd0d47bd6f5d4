"""That the table says what Casbin says, shown by asking Casbin.

The whole proof asks Casbin, over the whole policy, every request there is: 7 roles, 10 kinds, 9 actions, 7
purposes, 7 phases, 128 sets of facts, 4,390,400 in all. It takes an hour of one core and is run nightly.

The reduced proof asks stock Casbin, for each change:

1. over the whole policy, each cell that a line names: every phase, every set of the facts that its lines name,
   each of these once with none and once with all of the other facts;
2. over the lines of each cell that allows something, in the first phase in which it does: all 128 sets of facts;
3. over the whole policy, each cell that no line names: with all facts, in one phase; phases are taken in turn from
   cell to cell. All facts, because a line can only ask for more of them.

What it leaves out: in 1 and 2 some mixtures with facts that no line of the cell names; in 3 the other phases and
smaller sets of facts. A line looks at phase and facts only after role, kind, action and purpose have matched, and
in 3 no line's do. The whole proof relies on none of this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from policies.compiler import Table, compile_table
from policies.engine import Engine
from policies.facts import ALL_FACTS, condition_sets, facts_of
from policies.lines import Key
from policies.loader import load_source
from vault.errors import PolicyRejected
from vault.vocabulary import Action, Kind, Phase, Purpose, Role

#: Called with what is done and what there is to do, in requests.
Progress = Callable[[int, int], None]
ALL_KEYS: Final[tuple[Key, ...]] = tuple(product(Role, Kind, Action, Purpose))
REQUESTS_PER_CELL: Final = len(Phase) * (ALL_FACTS + 1)
#: More differences than this say nothing new.
_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Proof:
    """requests: how many were asked. differences: one line each, at most a hundred; none means proven."""

    requests: int
    differences: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.differences


def prove_reduced(table: Table, progress: Progress | None = None) -> Proof:
    """The reduced proof, in this process, with stock Casbin."""
    whole = Engine(table.source.model, table.source.rules)
    plan = tuple(_through_the_whole_policy(table))
    inside = tuple((key, phase) for key in table.cells if (phase := _first_allowing(table, key)) is not None)
    total = len(plan) + len(inside) * (ALL_FACTS + 1)
    differences: list[str] = []
    done = 0
    for key, phase, held in plan:
        differences.extend(_difference(table, whole, key, phase, held))
        done += 1
        if progress is not None and done % 256 == 0:
            progress(done, total)
    for key, phase in inside:
        engine = Engine(table.source.model, table.cells[key].rules)
        for held in range(ALL_FACTS + 1):
            differences.extend(_difference(table, engine, key, phase, held))
        done += ALL_FACTS + 1
        if progress is not None:
            progress(done, total)
    return Proof(done, tuple(differences[:_SHOWN]))


def prove_whole(folder: Path | None, digest: bytes, processes: int, progress: Progress | None = None) -> Proof:
    """Every request, in several processes. Each reads the policy itself; digest: what they must find there.

    Raises PolicyRejected if the files are not those the digest was made from.
    """
    if compile_table(load_source(folder)).digest != digest:
        raise PolicyRejected(("the policy changed on disk while it was being proven",))
    differences: list[str] = []
    done = 0
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (folder, digest)) as pool:
        for found in pool.map(_prove_cell, ALL_KEYS, chunksize=4):
            differences.extend(found)
            done += REQUESTS_PER_CELL
            if progress is not None:
                progress(done, len(ALL_KEYS) * REQUESTS_PER_CELL)
    return Proof(done, tuple(differences[:_SHOWN]))


def _through_the_whole_policy(table: Table) -> Iterator[tuple[Key, Phase, int]]:
    phases = tuple(Phase)
    # Named by the rules, not by the table: a cell that the table lost must be asked for as well.
    named: dict[Key, int] = {}
    for rule in table.source.rules:
        named[rule.key] = named.get(rule.key, 0) | rule.needed
    for number, key in enumerate(ALL_KEYS):
        if key not in named and key not in table.cells:
            yield key, phases[number % len(phases)], ALL_FACTS
            continue
        relevant = named.get(key, 0)
        for phase in phases:
            for held in condition_sets(relevant):
                yield key, phase, held
                yield key, phase, held | (ALL_FACTS & ~relevant)


def _first_allowing(table: Table, key: Key) -> Phase | None:
    for phase, answers in table.cells[key].answers.items():
        if any(answer.allowed for answer in answers.values()):
            return phase
    return None


def _difference(table: Table, engine: Engine, key: Key, phase: Phase, held: int) -> Iterator[str]:
    """Verdict and line, of Casbin and of the table."""
    answer = table.answer(key, phase, held)
    asked = engine.ask(key, phase, held)
    if asked != (answer.allowed, answer.rule):
        facts = "+".join(facts_of(held)) or "no fact"
        yield f"{' '.join(key)} {phase} {facts}: the table says {answer}, Casbin {asked}"


class _Worker:
    """What one process of the whole proof keeps between its tasks."""

    table: Table
    engine: Engine


def _begin(folder: Path | None, digest: bytes) -> None:
    table = compile_table(load_source(folder))
    if table.digest != digest:
        raise PolicyRejected(("the policy changed on disk while it was being proven",))
    _Worker.table = table
    _Worker.engine = Engine(table.source.model, table.source.rules, parse_once=True)


def _prove_cell(key: Key) -> tuple[str, ...]:
    return tuple(
        difference
        for phase in Phase
        for held in range(ALL_FACTS + 1)
        for difference in _difference(_Worker.table, _Worker.engine, key, phase, held)
    )
