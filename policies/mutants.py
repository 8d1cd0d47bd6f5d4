"""Small mistakes in the rules, made on purpose: which of them would load?

Every rule is spoilt in every way that one slip of the hand can: the line lost, a fact no longer needed or needed
besides, a phase more or less, allow for deny, another word of the vocabulary in any column. A mutant that decides
every request as before is no mistake. Every other one must be refused, by the loader's checks, by `expected.csv` or by
an invariant; one that would load is a hole in what the policy is held against.

    measure(source, expected).share        # noticed, of all that decide something else
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from policies.compiler import Answer, Table, compile_table
from policies.expected import Expectation, check_expected
from policies.facts import facts_of, need_of
from policies.fields import CONTRACT
from policies.invariants import broken_invariants
from policies.lines import ANY_STATE, NO_RELEASE, Key, Rule, Source
from policies.lint import lint
from vault.errors import PolicyRejected
from vault.vocabulary import FACTS, ROLE_ZONE, Action, Kind, Phase, Purpose, Role

_Decided = dict[tuple[Key, Phase, int], tuple[bool, str]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """rule: as it was. spoilt: as it would be; None: the line is gone. how: what was done to it."""

    rule: Rule
    spoilt: Rule | None
    how: str

    @property
    def name(self) -> str:
        return f"{self.rule.id}: {self.how}"


@dataclass(frozen=True, slots=True)
class Measure:
    """made: all mutants. same: those that decide as before. unnoticed: those that would load and decide otherwise."""

    made: int
    same: int
    unnoticed: tuple[str, ...]

    @property
    def share(self) -> float:
        """Noticed, of those that decide something else; 1.0 if there is none."""
        mistakes = self.made - self.same
        return 1.0 if mistakes == 0 else 1 - len(self.unnoticed) / mistakes


def mutants(source: Source) -> Iterator[Mutant]:
    """Every mutant, rule by rule, in the order of the files."""
    for rule in source.rules:
        yield Mutant(rule, None, "the line is gone")
        yield from _needs(rule)
        yield from _states(rule)
        yield from _effects(rule)
        yield from _words(rule)


def measure(
    source: Source, expected: Sequence[Expectation], *, every: int = 1, first: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Measure:  # fmt: skip
    """Spoil and look. every, first: only each so-many-th mutant, from that one on, for a sample."""
    chosen = list(mutants(source))[first::every]
    by_cell: dict[Key, list[Rule]] = defaultdict(list)
    for rule in source.rules:
        by_cell[rule.key].append(rule)
    before: dict[Key, _Decided] = {}
    same, unnoticed = 0, []
    for number, mutant in enumerate(chosen, start=1):
        fate = _fate(mutant, source, by_cell, expected, before)
        same += fate == "same"
        if fate == "loads":
            unnoticed.append(mutant.name)
        if progress is not None:
            progress(number, len(chosen))
    return Measure(len(chosen), same, tuple(unnoticed))


def _fate(
    mutant: Mutant, source: Source, by_cell: dict[Key, list[Rule]], expected: Sequence[Expectation],
    before: dict[Key, _Decided],
) -> str:  # fmt: skip
    """`same`, `noticed` or `loads`. Only the cells that the mutant touches can differ, so only these are decided."""
    touched = {mutant.rule.key} | ({mutant.spoilt.key} if mutant.spoilt is not None else set())
    old = {rule.id: rule for key in touched for rule in by_cell[key]}
    new = [mutant.spoilt if rule is mutant.rule else rule for rule in source.rules]
    rules = [rule for rule in new if rule is not None]
    near = [rule for rule in rules if rule.key in touched]
    if lint(rules, source.profiles):
        return "noticed"
    if not near:
        return "noticed" if any(line.allows for line in expected if line.key in touched) else "same"
    try:
        table = compile_table(replace(source, rules=tuple(near)))
    except PolicyRejected:
        return "noticed"
    for key in touched - before.keys():
        own = tuple(rule for rule in old.values() if rule.key == key)
        before[key] = _decided(compile_table(replace(source, rules=own))) if own else {}
    was: _Decided = {request: answer for key in touched for request, answer in before[key].items()}
    if _decided(table) == was:
        return "same"
    own_lines = [line for line in expected if line.key in touched]
    return "noticed" if check_expected(table, own_lines) or broken_invariants(table) else "loads"


def _decided(table: Table) -> _Decided:
    """What is allowed, and with which fields; which line said so does not matter to anybody who asks."""
    return {(key, phase, held): _shown(answer) for key, phase, held, answer in _every(table) if answer.allowed}


def _every(table: Table) -> Iterator[tuple[Key, Phase, int, Answer]]:
    """Every request with every set of facts: two tables that name other facts can then be compared."""
    for key in table.cells:
        for phase in Phase:
            for held in range(1 << len(FACTS)):
                yield key, phase, held, table.answer(key, phase, held)


def _shown(answer: Answer) -> tuple[bool, str]:
    return answer.allowed, answer.profile


def _needs(rule: Rule) -> Iterator[Mutant]:
    held = facts_of(need_of(rule.need))
    for fact in FACTS:
        rest = [each.value for each in FACTS if (each in held) is not (each is fact)]
        how = f"no longer needs {fact}" if fact in held else f"also needs {fact}"
        yield Mutant(rule, replace(rule, need="+".join(rest) or "none"), how)


def _states(rule: Rule) -> Iterator[Mutant]:
    if rule.states == (ANY_STATE,):
        for phase in Phase:
            others = tuple(each.value for each in Phase if each is not phase)
            yield Mutant(rule, replace(rule, states=others), f"no longer in {phase}")
        return
    yield Mutant(rule, replace(rule, states=(ANY_STATE,)), "in any state")
    for phase in Phase:
        if phase not in rule.phases:
            yield Mutant(rule, replace(rule, states=(*rule.states, phase.value)), f"also in {phase}")
        elif len(rule.states) > 1:
            rest = tuple(state for state in rule.states if state != phase.value)
            yield Mutant(rule, replace(rule, states=rest), f"no longer in {phase}")


def _effects(rule: Rule) -> Iterator[Mutant]:
    profiles = sorted(name for name, contract in CONTRACT.items() if contract.zone is ROLE_ZONE[rule.role])
    if rule.allows:
        yield Mutant(rule, replace(rule, allows=False, release=NO_RELEASE), "denies")
        for profile in profiles:
            if profile != rule.release:
                yield Mutant(rule, replace(rule, release=profile), f"is answered with {profile}")
    else:
        yield Mutant(rule, replace(rule, allows=True, release=profiles[0]), "allows")


def _words(rule: Rule) -> Iterator[Mutant]:
    """Another word in one column. Of roles only those of the same zone: another zone's does not load in this file."""
    zone = ROLE_ZONE[rule.role]
    for role in Role:
        if role is not rule.role and ROLE_ZONE[role] is zone:
            yield Mutant(rule, replace(rule, role=role), f"for {role}")
    for kind in Kind:
        if kind is not rule.kind:
            yield Mutant(rule, replace(rule, kind=kind), f"about {kind}")
    for act in Action:
        if act is not rule.act:
            yield Mutant(rule, replace(rule, act=act), f"to {act}")
    for purpose in Purpose:
        if purpose is not rule.purpose:
            yield Mutant(rule, replace(rule, purpose=purpose), f"for the purpose {purpose}")
