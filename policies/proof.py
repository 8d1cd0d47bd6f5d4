"""That the table says what Casbin says, shown by asking Casbin. Three proofs, from strongest to cheapest.

**Every request**: Casbin is asked all there are, over the whole policy: 8 roles, 58 kinds with 10 actions and one kind
with 21 steps, 9 purposes, 8 phases, 256 sets of facts, 90,095,616 in all. It takes hours of one core, and
relies on one thing: that no rule names a step for anything but a case, which `lint` refuses.

**The whole proof** settles the same requests, and asks only where Casbin's answer can differ: for each role, kind,
action, purpose and phase, it notes which facts Casbin *looks at* while it answers, and asks again with each set of
those, until no new one is looked at. The matcher reads the facts in one place, `holds(r.c, p.need)` (checked), and
Casbin gives one answer to one question; so two requests that differ only in facts that were never looked at run through
the same comparisons to the same answer. One in two hundred of all requests is then asked of stock Casbin as it stands.

The reduced proof asks Casbin, for each change:

1. each cell that a line names: every phase, every set of the facts that its lines name, each of these once with none
   and once with all of the other facts;
2. over the lines of each cell that allows something, in the first phase in which it does: all 256 sets of facts;
3. each cell that no line names: with all facts, in one phase; phases are taken in turn from cell to cell. All facts,
   because a line can only ask for more of them.

Over the whole policy it asks of 1 what `_asked_of_all` chooses: one request in fifteen, which visits each cell, and of
each cell that allows something a request that it allows; of 3 one in sixty-one, which visits each role with each kind,
each everyday action, each purpose and phase. The others of 1 and 3 it asks over all lines of the cell's role and kind
(where there is none: of its kind). That leaves out nothing: the matcher is a conjunction in which the roles and the
kinds must be equal (checked; what need not be equal chooses no lines, down to asking all over the whole policy), so a
line of another role or kind does not match, whatever else it says, and Casbin's answer is made of the lines that match.
2 relies on the same of action and purpose.

1 and 3 ask stock Casbin, which parses its matcher anew for each request. 2 keeps what Casbin parsed: matcher and
functions are the same for every request, and each of its cells is one that 1 asked stock Casbin about.

What it leaves out: in 1 and 2 some mixtures with facts that no line of the cell names; in 3 the other phases and
smaller sets of facts. A line looks at phase and facts only after role, kind, action and purpose have matched, and
in 3 no line's do. The other two proofs rely on none of this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
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
#: What the matcher calls the words of a key.
_FIELDS: Final = ("role", "kind", "act", "purpose")
#: More differences than this say nothing new.
_SHOWN: Final = 100
#: The whole proof asks stock Casbin one request in so many, whatever was settled.
_SAMPLED: Final = 199
#: The reduced proof asks one request in so many over the whole policy, in cells that a line names: fewer than each of
#: them has (two for each phase), and odd, so that phases and sets of facts have their turn.
_ALL_OF_NAMED: Final = 15
#: And in cells that none names: a prime, so that actions, purposes and phases have their turn.
_ALL_OF_OTHERS: Final = 61


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
    """The reduced proof, in this process."""
    plan = tuple(_named_and_others(table))
    inside = tuple((key, phase) for key in table.cells if (phase := _first_allowing(table, key)) is not None)
    total = len(plan) + len(inside) * (ALL_FACTS + 1)
    everything, near = _Lines(table, ()), _Lines(table, ("role", "kind"))
    whole = _asked_of_all(table, plan)
    differences: list[str] = []
    for done, (key, phase, held) in enumerate(plan):
        lines = everything if done in whole else near
        differences.extend(_difference(table, lines.engine_for(key), key, phase, held))
        if progress is not None and done % 256 == 0:
            progress(done, total)
    done = len(plan)
    cells = _Lines(table, ("role", "kind", "act", "purpose"), parse_once=True)
    for key, phase in inside:
        for held in range(ALL_FACTS + 1):
            differences.extend(_difference(table, cells.engine_for(key), key, phase, held))
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


def must_be_equal(model: str) -> frozenset[str]:
    """The fields (`role`, `kind`, …) of which the matcher says, as a part of a conjunction, that request and line have
    the same: a line with another one does not match, whatever the other parts say. None if it is no conjunction."""
    matcher = model.partition("[matchers]")[2].partition("=")[2]
    while (shorter := re.sub(r"\([^()]*\)", "", matcher)) != matcher:  # what stands in brackets is one part
        matcher = shorter
    if "||" in matcher:
        return frozenset()
    found = (re.fullmatch(r"\s*r\.(\w+) == p\.(\w+)\s*", part) for part in matcher.split("&&"))
    return frozenset(equal[1] for equal in found if equal is not None and equal[1] == equal[2])


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


class _Lines:
    """Casbin over those lines alone that agree with a request in some fields, as far as the matcher demands it.

    Where no line agrees in all of them, over those that agree in one field fewer, from the left to the right.
    """

    def __init__(self, table: Table, fields: tuple[str, ...], *, parse_once: bool = False) -> None:
        equal = must_be_equal(table.source.model)
        places = tuple(_FIELDS.index(field) for field in fields if field in equal)
        #: Which of a key's words choose, the closest first; by these words, the lines.
        self._choices = tuple(places[number:] for number in range(len(places) + 1))
        self._rules: dict[tuple[tuple[int, ...], tuple[str, ...]], list[Rule]] = {}
        for rule in table.source.rules:
            for chosen in self._choices:
                self._rules.setdefault((chosen, _words(rule.key, chosen)), []).append(rule)
        self._engine = Engine(table.source.model, table.source.rules, parse_once=parse_once)
        self._read: object = table.source.rules

    def lines_for(self, key: Key) -> list[Rule]:
        """All lines that may match such a request, and others of which none can."""
        return next(
            rules for chosen in self._choices if (rules := self._rules.get((chosen, _words(key, chosen)))) is not None
        )

    def engine_for(self, key: Key) -> Engine:
        """Good until it is called again."""
        rules = self.lines_for(key)
        if rules is not self._read:
            self._engine.read_instead(rules)
            self._read = rules
        return self._engine


def _words(key: Key, places: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(key[place] for place in places)


def _named_and_others(table: Table) -> Iterator[tuple[Key, Phase, int]]:
    """The requests of 1 and of 3."""
    phases = tuple(Phase)
    named = _named(table)
    for number, key in enumerate(ALL_KEYS):
        if key not in named and key not in table.cells:
            yield key, phases[number % len(phases)], ALL_FACTS
            continue
        relevant = named.get(key, 0)
        for phase in phases:
            for held in condition_sets(relevant):
                yield key, phase, held
                yield key, phase, held | (ALL_FACTS & ~relevant)


def _named(table: Table) -> dict[Key, int]:
    """Cells and the facts that their lines name: by the rules, not by the table; a cell that the table lost must be
    asked for as well."""
    named: dict[Key, int] = {}
    for rule in table.source.rules:
        named[rule.key] = named.get(rule.key, 0) | rule.needed
    return named


def _asked_of_all(table: Table, plan: Sequence[tuple[Key, Phase, int]]) -> frozenset[int]:
    """The numbers of those requests of 1 and 3 that are asked over the whole policy."""
    named = _named(table).keys() | table.cells.keys()
    of_named = [number for number, (key, _, _) in enumerate(plan) if key in named]
    others = [number for number, (key, _, _) in enumerate(plan) if key not in named]
    allowed: dict[Key, int] = {}
    for number, request in enumerate(plan):
        if request[0] not in allowed and table.answer(*request).allowed:
            allowed[request[0]] = number
    return frozenset((*of_named[::_ALL_OF_NAMED], *others[::_ALL_OF_OTHERS], *allowed.values()))


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
