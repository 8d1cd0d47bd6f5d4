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
from functools import cache
from operator import itemgetter

from policies.compiler import Table, compile_table
from policies.expected import Expectation, check_expected
from policies.facts import ALL_FACTS, condition_sets, facts_of, need_of
from policies.fields import CONTRACT
from policies.invariants import broken_invariants
from policies.lines import ANY_STATE, NO_RELEASE, Key, Rule, Source
from policies.lint import lint
from vault.errors import PolicyRejected
from vault.vocabulary import FACTS, ROLE_ZONE, Action, Kind, Phase, Purpose, Role

#: What is allowed: for each profile with which it is answered the sets of facts, set `held` as the bit `1 << held`.
_Decided = dict[tuple[Key, Phase, str], int]


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
    by_cell: dict[Key, list[tuple[int, Rule]]] = defaultdict(list)
    for number, rule in enumerate(source.rules):
        by_cell[rule.key].append((number, rule))
    lines: dict[Key, list[Expectation]] = defaultdict(list)
    for line in expected:
        lines[line.key].append(line)
    before: dict[Key, _Decided] = {}
    same, unnoticed = 0, []
    for number, mutant in enumerate(chosen, start=1):
        fate = _fate(mutant, source, by_cell, lines, before)
        same += fate == "same"
        if fate == "loads":
            unnoticed.append(mutant.name)
        if progress is not None:
            progress(number, len(chosen))
    return Measure(len(chosen), same, tuple(unnoticed))


def _fate(
    mutant: Mutant, source: Source, by_cell: dict[Key, list[tuple[int, Rule]]], lines: dict[Key, list[Expectation]],
    before: dict[Key, _Decided],
) -> str:  # fmt: skip
    """`same`, `noticed` or `loads`. Only the cells that the mutant touches can differ, so only these are looked at: the
    checks of a load, too, are about one rule or about two of a cell, and no mutant takes another rule's id."""
    touched = {mutant.rule.key} | ({mutant.spoilt.key} if mutant.spoilt is not None else set())
    old = sorted((place for key in touched for place in by_cell[key]), key=itemgetter(0))
    new = [mutant.spoilt if rule is mutant.rule else rule for _, rule in old]
    near = [rule for rule in new if rule is not None]
    own_lines = [line for key in touched for line in lines[key]]
    if lint(near, source.profiles):
        return "noticed"
    if not near:
        return "noticed" if any(line.allows for line in own_lines) else "same"
    try:
        table = compile_table(replace(source, rules=tuple(near)))
    except PolicyRejected:
        return "noticed"
    for key in touched - before.keys():
        own = tuple(rule for _, rule in by_cell[key])
        before[key] = _decided(compile_table(replace(source, rules=own))) if own else {}
    was: _Decided = {request: sets for key in touched for request, sets in before[key].items()}
    if _decided(table) == was:
        return "same"
    return "noticed" if check_expected(table, own_lines) or broken_invariants(table) else "loads"


def _decided(table: Table) -> _Decided:
    """What is allowed, and with which fields; which line said so does not matter to anybody who asks. By all facts, so
    that two tables that name other ones can be compared."""
    found: _Decided = defaultdict(int)
    for key, phase, held, answer in table.allowed():
        found[key, phase, answer.profile] |= _with_any(table.cells[key].relevant) << held
    return dict(found)


@cache
def _with_any(relevant: int) -> int:
    """Every set of the facts that are not named, as bits."""
    return sum(1 << held for held in condition_sets(ALL_FACTS & ~relevant))


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
