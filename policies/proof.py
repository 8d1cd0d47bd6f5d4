"""That the table says what Casbin says, shown by asking Casbin. Three proofs, from strongest to cheapest.

**Every request**: Casbin is asked all there are, over the whole policy: 8 roles, 58 kinds with 10 actions and one kind
with 21 steps, 9 purposes, 8 phases, 256 sets of facts, 90,095,616 in all. It takes hours of one core, and
relies on one thing: that no rule names a step for anything but a case, which `lint` refuses.

**The whole proof** settles the same requests, and asks only where Casbin's answer can differ: for each role, kind,
action, purpose and phase, it notes which facts Casbin *looks at* while it answers, and asks again with each set of
those, until no new one is looked at. The matcher reads the facts in one place, `holds(r.c, p.need)` (checked), and
Casbin gives one answer to one question; so two requests that differ only in facts that were never looked at run through
the same comparisons to the same answer. One in two hundred of all requests is then asked of stock Casbin as it stands.

The reduced proof asks stock Casbin, for each change:

1. each cell that a line names: every phase, every set of the facts that its lines name, each of these once with none
   and once with all of the other facts;
2. over the lines of each cell that allows something, in the first phase in which it does: all 256 sets of facts;
3. each cell that no line names: with all facts, in one phase; phases are taken in turn from cell to cell. All facts,
   because a line can only ask for more of them.

One in ten requests of 1 and 3, and so some of each cell of 1, is asked over the whole policy; the others over all lines
of the cell's kind. That leaves out nothing: the matcher is a conjunction in which the kinds must be equal (checked; if
it is not, all are asked over the whole policy), so a line of another kind does not match, whatever else it says, and
Casbin's answer is made of the lines that match.

What it leaves out: in 1 and 2 some mixtures with facts that no line of the cell names; in 3 the other phases and
smaller sets of facts. A line looks at phase and facts only after role, kind, action and purpose have matched, and
in 3 no line's do. The other two proofs rely on none of this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from policies.compiler import Answer, Table, compile_table
from policies.engine import Engine
from policies.facts import ALL_FACTS, condition_sets, facts_of
from policies.lines import Key, Rule
from policies.loader import load_source
from vault.errors import PolicyRejected
from vault.vocabulary import FLOW_ACTIONS, Action, Kind, Phase, Purpose, Role

#: Called with what is done and what there is to do, in requests.
Progress = Callable[[int, int], None]
ALL_KEYS: Final[tuple[Key, ...]] = tuple(
    (role, kind, action, purpose)
    for role, kind, action, purpose in product(Role, Kind, Action, Purpose)
    if action not in FLOW_ACTIONS or kind is Kind.CASE
)
REQUESTS_PER_CELL: Final = len(Phase) * (ALL_FACTS + 1)
#: More differences than this say nothing new.
_SHOWN: Final = 100
#: The whole proof asks stock Casbin one request in so many, whatever was settled.
_SAMPLED: Final = 199
#: The reduced proof asks one request in so many over the whole policy. No more than a cell of its first part has.
_WHOLE: Final = 10


@dataclass(frozen=True, slots=True)
class Proof:
    """requests: how many were asked. differences: one line each, at most a hundred; none means proven.

    settled: how many requests the answers speak for, where that is more than were asked.
    """

    requests: int
    differences: tuple[str, ...]
    settled: int = 0

    @property
    def holds(self) -> bool:
        return not self.differences


def prove_reduced(table: Table, progress: Progress | None = None) -> Proof:
    """The reduced proof, in this process, with stock Casbin."""
    whole, of_kind = Engine(table.source.model, table.source.rules), _engines_of_kinds(table)
    plan = tuple(_through_the_whole_policy(table))
    inside = tuple((key, phase) for key in table.cells if (phase := _first_allowing(table, key)) is not None)
    total = len(plan) + len(inside) * (ALL_FACTS + 1)
    differences: list[str] = []
    done = 0
    for key, phase, held in plan:
        engine = whole if done % _WHOLE == 0 else of_kind.get(key[1], whole)
        differences.extend(_difference(table, engine, key, phase, held))
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
    """Every request settled, in several processes. Each reads the policy itself; digest: what they must find there.

    Raises PolicyRejected if the files are not those the digest was made from, or the matcher reads facts elsewhere.
    """
    if not reads_facts_in_one_place(load_source(folder).model):
        raise PolicyRejected(("the matcher reads facts outside `holds`: only the proof of every request covers it",))
    asked, found = _in_processes(_settle_cell, folder, digest, processes, progress)
    return Proof(asked, found, len(ALL_KEYS) * REQUESTS_PER_CELL)


def prove_every(folder: Path | None, digest: bytes, processes: int, progress: Progress | None = None) -> Proof:
    """Every request asked. Raises PolicyRejected if the files are not those the digest was made from."""
    return Proof(*_in_processes(_ask_cell, folder, digest, processes, progress))


def reads_facts_in_one_place(model: str) -> bool:
    """Whether the matcher uses the request's last field, the facts, as what it hands to `holds` and nowhere else."""
    request, _, matcher = model.partition("[matchers]")
    return (
        re.search(r"^r = .*\bc$", request, re.MULTILINE) is not None
        and len(re.findall(r"\br\.c\b", matcher)) == matcher.count("holds(r.c, p.need)") == 1
        and re.search(r"\br\b(?!\.)", matcher) is None
    )


def kinds_must_be_equal(model: str) -> bool:
    """Whether the matcher is a conjunction, and one of its parts says that request and line are of the same kind."""
    matcher = model.partition("[matchers]")[2].partition("=")[2]
    while (shorter := re.sub(r"\([^()]*\)", "", matcher)) != matcher:  # what stands in brackets is one part
        matcher = shorter
    return "||" not in matcher and "r.kind == p.kind" in [part.strip() for part in matcher.split("&&")]


def _in_processes(
    cell: Callable[[int], tuple[int, tuple[str, ...]]], folder: Path | None, digest: bytes, processes: int,
    progress: Progress | None,
) -> tuple[int, tuple[str, ...]]:  # fmt: skip
    if compile_table(load_source(folder)).digest != digest:
        raise PolicyRejected(("the policy changed on disk while it was being proven",))
    differences: list[str] = []
    asked = 0
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (folder, digest)) as pool:
        for done, (number, found) in enumerate(pool.map(cell, range(len(ALL_KEYS)), chunksize=4), start=1):
            differences.extend(found)
            asked += number
            if progress is not None:
                progress(done * REQUESTS_PER_CELL, len(ALL_KEYS) * REQUESTS_PER_CELL)
    return asked, tuple(differences[:_SHOWN])


def _engines_of_kinds(table: Table) -> dict[Kind, Engine]:
    """Casbin over the lines of each kind alone; none if a line of another kind might match."""
    if not kinds_must_be_equal(table.source.model):
        return {}
    lines: dict[Kind, list[Rule]] = {}
    for rule in table.source.rules:
        lines.setdefault(rule.key[1], []).append(rule)
    return {kind: Engine(table.source.model, rules) for kind, rules in lines.items()}


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
        yield _told(key, phase, held, answer, asked)


def _told(key: Key, phase: Phase, held: int, answer: Answer, asked: tuple[bool, str]) -> str:
    facts = "+".join(facts_of(held)) or "no fact"
    return f"{' '.join(key)} {phase} {facts}: the table says {answer}, Casbin {asked}"


class _Worker:
    """What one process keeps between its tasks. stock: Casbin as it is, which parses its matcher anew at every call."""

    table: Table
    engine: Engine
    stock: Engine


def _begin(folder: Path | None, digest: bytes) -> None:
    table = compile_table(load_source(folder))
    if table.digest != digest:
        raise PolicyRejected(("the policy changed on disk while it was being proven",))
    _Worker.table = table
    _Worker.engine = Engine(table.source.model, table.source.rules, parse_once=True)
    _Worker.stock = Engine(table.source.model, table.source.rules)


def _ask_cell(number: int) -> tuple[int, tuple[str, ...]]:
    """How many requests of one cell were asked, and the differences."""
    key = ALL_KEYS[number]
    return REQUESTS_PER_CELL, tuple(
        difference
        for phase in Phase
        for held in range(ALL_FACTS + 1)
        for difference in _difference(_Worker.table, _Worker.engine, key, phase, held)
    )


def _settle_cell(number: int) -> tuple[int, tuple[str, ...]]:
    key, table = ALL_KEYS[number], _Worker.table
    asked, differences = 0, []
    for place, phase in enumerate(Phase):
        answers, looked_at = followed(_Worker.engine, key, phase)
        asked += len(answers)
        for held in range(ALL_FACTS + 1):
            expected, answer = answers[held & looked_at], table.answer(key, phase, held)
            if expected != (answer.allowed, answer.rule):
                differences.append(_told(key, phase, held, answer, expected))
        # The sample's places wander through the sets of facts from cell to cell, so that each set has its turn.
        first = -(number * REQUESTS_PER_CELL + place * (ALL_FACTS + 1)) % _SAMPLED
        for held in range(first, ALL_FACTS + 1, _SAMPLED):
            asked += 1
            differences.extend(_difference(table, _Worker.stock, key, phase, held))
    return asked, tuple(differences)


def followed(engine: Engine, key: Key, phase: Phase) -> tuple[dict[int, tuple[bool, str]], int]:
    """Casbin's answers for every set of the facts that it looks at, and those facts, as bits."""
    answers: dict[int, tuple[bool, str]] = {}
    looked_at, closed = 0, False
    while not closed:
        closed = True
        for held in condition_sets(looked_at):
            if held not in answers:
                answers[held], seen = engine.ask_and_follow(key, phase, held)
                if seen & ~looked_at:
                    looked_at, closed = looked_at | seen, False
                    break
    return answers, looked_at
