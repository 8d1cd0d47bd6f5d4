"""Answers the vault's question, from the compiled table. Decides, never acts.

Every answer is built when the policy is loaded; a decision is one look-up that hands out a finished object.
An unknown fact never helps: the answer is yes only if it is yes whichever way the unknown facts fall.
Whatever goes wrong is a denial.

    firewall = load_firewall()
    firewall.decide(Question(Role.COACH, Action.READ, Kind.NOTE, Purpose.COACHING, Phase.ACTIVE), Facts.of(own=True))

Importing this module imports no Casbin; `load_firewall` does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from policies.compiler import Answer, Cell, Table, compile_table
from policies.derivations import broken_derivations
from policies.expected import check_expected, load_expected
from policies.facts import ALL_FACTS, facts_of
from policies.invariants import broken_invariants
from policies.lines import Rule
from policies.loader import load_source
from vault.errors import PolicyRejected
from vault.ports import Firewall
from vault.vocabulary import Allowed, Decision, Denied, Facts, NearMiss, Phase, Question

_LOG: Final = logging.getLogger("parefeu.policies")
#: How many rules that nearly fitted a denial names, as the vocabulary says.
_NEAREST: Final = 3
#: The answers for all sets of facts (index: the held facts), and the facts that the cell's rules name.
_Row = tuple[tuple[Decision, ...], int]


class TableFirewall:
    """The firewall of one loaded policy. Immutable; any number of threads may ask it."""

    __slots__ = ("_denied", "_rows", "_table")

    def __init__(self, table: Table, like: TableFirewall | None = None) -> None:
        """like: another one of the same table, whose answers are taken as they are."""
        self._table = table
        self._denied: Final[Denied] = Denied("", (), table.digest) if like is None else like._denied
        # Keyed by the question's words in the order of its fields.
        self._rows: Final[dict[tuple[str, ...], _Row]] = (
            {
                (role, act, kind, purpose, phase): row
                for (role, kind, act, purpose), cell in table.cells.items()
                for phase, row in _rows(table, cell, self._denied)
            }
            if like is None
            else like._rows
        )

    @property
    def digest(self) -> bytes:
        """32 bytes: SHA-256 over the decided table, its sources and the engine's versions."""
        return self._table.digest

    @property
    def table(self) -> Table:
        """What was decided, for explanations, the matrix and comparisons."""
        return self._table

    def decide(self, question: Question, facts: Facts) -> Decision:
        """The answer, with its rule. Never raises: what cannot be decided is denied."""
        try:
            row = self._rows.get(
                (question.role, question.action, question.kind, question.purpose, question.phase),
            )
            if row is None:
                return self._denied
            if facts.known == ALL_FACTS and facts.held >= 0:
                return row[0][facts.held]
            return self._whichever_way(row, facts)
        except Exception as error:  # noqa: BLE001 - a fault of any kind must deny
            _LOG.error("a question could not be decided and was denied: %s", type(error).__name__)
            return self._denied

    def _whichever_way(self, row: _Row, facts: Facts) -> Decision:
        """The answer if some facts are unknown: yes only if every way they may fall gives the same yes.

        Facts that no rule of the cell names are left out: they change no answer.
        """
        answers, relevant = row
        if not (0 <= facts.known <= ALL_FACTS and 0 <= facts.held <= ALL_FACTS):
            return self._denied
        held = facts.held & facts.known
        unknown = relevant & ~facts.known
        first = answers[held]
        subset = unknown
        while subset and isinstance(first, Allowed):
            other = answers[held | subset]
            if other is not first:
                return other if isinstance(other, Denied) else self._denied
            subset = (subset - 1) & unknown
        return first


class LiveFirewall:
    """A firewall whose policy can be replaced while it serves.

    Each question is answered by one whole policy: the reference is read once. A new policy is built aside;
    if that fails, the old one stays.
    """

    __slots__ = ("_current",)

    def __init__(self, first: TableFirewall) -> None:
        self._current = first

    @property
    def current(self) -> TableFirewall:
        return self._current

    @property
    def digest(self) -> bytes:
        return self._current.digest

    def decide(self, question: Question, facts: Facts) -> Decision:
        return self._current.decide(question, facts)

    def reload(self, build: Callable[[], TableFirewall]) -> bytes:
        """Build a new policy aside and put it in place. Returns its digest. Raises PolicyRejected: nothing changed."""
        fresh = build()
        self._current = fresh
        return fresh.digest


def rules_in_force(firewall: Firewall) -> TableFirewall | None:
    """The compiled rules that answer now, also where they can be replaced while serving. None: none are behind it."""
    current = firewall.current if isinstance(firewall, LiveFirewall) else firewall
    return current if isinstance(current, TableFirewall) else None


def load_firewall(folder: Path | None = None) -> TableFirewall:
    """Read, lint, compile, compare with what is expected, check the invariants; then hand out.

    folder: default, the policy shipped with the program. Raises PolicyRejected with every fault of the first
    step that found one.
    """
    table = compile_table(load_source(folder))
    faults = (*check_expected(table, load_expected(folder)), *broken_invariants(table), *broken_derivations(table))
    if faults:
        raise PolicyRejected(faults)
    return TableFirewall(table)


def _rows(table: Table, cell: Cell, denied: Denied) -> Iterator[tuple[Phase, _Row]]:
    """All answers of a cell for each phase, but where everything is denied and nothing comes near.

    Phases of which the same lines speak have the same ones, which are made once.
    """
    allowing = [(rule, rule.phases) for rule in cell.rules if rule.allows]
    made: dict[tuple[int, ...], _Row | None] = {}
    for phase in Phase:
        answers, near = cell.answers[phase], [rule for rule, phases in allowing if phase in phases]
        key = (id(answers), *map(id, near))
        if key not in made:
            made[key] = _row(table, answers, tuple(near), cell.relevant, denied)
        if (row := made[key]) is not None:
            yield phase, row


def _row(
    table: Table, answers: Mapping[int, Answer], allows: tuple[Rule, ...], relevant: int, denied: Denied
) -> _Row | None:  # fmt: skip
    built: dict[int, Decision] = {}
    yes: dict[str, Allowed] = {}
    for held, answer in answers.items():
        if answer.allowed:
            built[held] = yes.setdefault(
                answer.rule, Allowed(answer.rule, table.source.profiles[answer.profile], table.digest)
            )
        elif answer.rule or allows:
            built[held] = Denied(answer.rule, _near_misses(allows, held), table.digest)
    if not built:
        return None
    return tuple(_spread(built, denied, relevant, ALL_FACTS.bit_length(), 0)), relevant


def _spread(built: Mapping[int, Decision], denied: Denied, relevant: int, bits: int, held: int) -> list[Decision]:
    """The answers for all values of the lowest `bits` facts, beside those that are held above them.

    A fact that no rule names doubles what is there: asking anew for each set of facts takes a hundred times as long.
    """
    if not bits:
        return [built.get(held, denied)]
    fact = 1 << (bits - 1)
    without = _spread(built, denied, relevant, bits - 1, held)
    return without + (_spread(built, denied, relevant, bits - 1, held | fact) if relevant & fact else without)


def _near_misses(allows: tuple[Rule, ...], held: int) -> tuple[NearMiss, ...]:
    """The allow rules that would have applied, those that miss the fewest facts first."""
    missing = sorted(((rule.needed & ~held, rule) for rule in allows), key=lambda miss: miss[0].bit_count())
    return tuple(NearMiss(rule.id, facts_of(facts)) for facts, rule in missing[:_NEAREST])
