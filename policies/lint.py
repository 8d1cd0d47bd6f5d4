"""What no rule may say, whatever it was meant for. Checked on every load, before Casbin sees a line.

1. A rule stands in its zone's file, and its profile and purpose belong to that zone.
2. The matrix `OPENS` prevails: no reading of a compartment the zone never opens; where it gets sealed
   copies only, the copy must be addressed to it.
3. Ids are unique; no two rules say the same; at most one allow line fits any request.
4. `any` state is for deny lines: a phase invented tomorrow opens nothing.
5. Emergency access needs an open break-glass, and break-glass serves no other purpose; nor does a sample serve
   another one than supervision.
6. An allow line that a deny line covers is dead, and whoever reads it is misled.
7. A step of the case flow is taken on a case: no rule names one for another kind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

from policies.facts import mask_of
from policies.fields import CONTRACT
from policies.lines import ANY_STATE, Key, Rule
from vault.vocabulary import (
    FLOW_ACTIONS,
    KIND_COMPARTMENT,
    OPENS,
    ROLE_ZONE,
    Action,
    Fact,
    Kind,
    Opening,
    Phase,
    Purpose,
    ReleaseProfile,
    ZoneKind,
)

#: What a zone may want. A rule for another purpose does not load, whether it allows or denies.
ZONE_PURPOSES: Final[dict[ZoneKind, frozenset[Purpose]]] = {
    ZoneKind.CASEWORK: frozenset(
        {Purpose.COACHING, Purpose.CASE_ADMINISTRATION, Purpose.EMERGENCY, Purpose.SUPERVISION}
    ),
    ZoneKind.FOLLOW_UP: frozenset({Purpose.OQT_FOLLOW_UP}),
    ZoneKind.PARTNER: frozenset({Purpose.REFERRAL, Purpose.LEGAL_OBLIGATION}),
    ZoneKind.OVERSIGHT: frozenset({Purpose.ACCESS_REVIEW, Purpose.DATA_PROTECTION}),
}
#: What shows content to the one who asks.
OPENING_ACTS: Final = frozenset({Action.READ, Action.LIST, Action.SEARCH, Action.REVEAL, Action.REVIEW})
_ADDRESSED: Final = mask_of((Fact.ADDRESSED,))
_BREAK_GLASS: Final = mask_of((Fact.BREAK_GLASS,))
_SAMPLE: Final = mask_of((Fact.SAMPLE,))


def lint(rules: Sequence[Rule], profiles: Mapping[str, ReleaseProfile]) -> tuple[str, ...]:
    """Every fault of rules that are well-formed one by one."""
    faults = [fault for rule in rules for fault in _rule_faults(rule, profiles)]
    faults.extend(_repeated_ids(rules))
    cells: dict[Key, list[Rule]] = defaultdict(list)
    for rule in rules:
        cells[rule.key].append(rule)
    for cell in cells.values():
        for first, second in combinations(cell, 2):
            faults.extend(_pair_faults(first, second))
    return tuple(faults)


def _rule_faults(rule: Rule, profiles: Mapping[str, ReleaseProfile]) -> Iterator[str]:
    zone = ROLE_ZONE[rule.role]
    if not rule.place.startswith(f"{zone}.csv:"):
        yield f"{rule.place}: {rule.role} belongs to the file {zone}.csv"
    if rule.purpose not in ZONE_PURPOSES[zone]:
        yield f"{rule.place}: the zone {zone} has no purpose {rule.purpose}"
    if rule.act in FLOW_ACTIONS and rule.kind is not Kind.CASE:
        yield f"{rule.place}: the step {rule.act} is taken on a case and on nothing else"
    if not rule.allows:
        return
    if rule.states == (ANY_STATE,):
        yield f"{rule.place}: an allow line names its states; any is for deny lines"
    if rule.release not in profiles:
        yield f"{rule.place}: release.csv has no field for the profile {rule.release}"
    elif CONTRACT[rule.release].zone is not zone:
        yield f"{rule.place}: the profile {rule.release} belongs to the zone {CONTRACT[rule.release].zone}"
    if bool(rule.needed & _BREAK_GLASS) != (rule.purpose is Purpose.EMERGENCY):
        yield f"{rule.place}: break_glass and the purpose emergency go together"
    if rule.needed & _SAMPLE and rule.purpose is not Purpose.SUPERVISION:
        yield f"{rule.place}: sample serves the purpose supervision alone"
    yield from _matrix_faults(rule, zone)


def _matrix_faults(rule: Rule, zone: ZoneKind) -> Iterator[str]:
    if rule.act not in OPENING_ACTS:
        return
    compartment = KIND_COMPARTMENT[rule.kind]
    opening = OPENS[zone][compartment]
    if opening is Opening.NEVER:
        yield f"{rule.place}: rule {rule.id} contradicts the matrix: the zone {zone} never opens {compartment}"
    elif opening is Opening.SEALED_COPY and not rule.needed & _ADDRESSED:
        yield f"{rule.place}: the zone {zone} opens {compartment} only where a copy is addressed to it"


def _repeated_ids(rules: Sequence[Rule]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.id in seen:
            yield f"{rule.place}: the id {rule.id} is taken by {seen[rule.id]}"
        seen.setdefault(rule.id, rule.place)


def _pair_faults(first: Rule, second: Rule) -> Iterator[str]:
    """Faults of two rules about the same role, kind, act and purpose."""
    shared = first.phases & second.phases
    if not shared:
        return
    phases = "/".join(phase for phase in Phase if phase in shared)
    if first.allows and second.allows:
        yield f"{second.place}: {first.id} already allows this in {phases}; one request, one rule"
    elif first.allows != second.allows:
        allow, deny = (first, second) if first.allows else (second, first)
        if deny.needed & allow.needed == deny.needed:
            yield f"{allow.place}: {allow.id} never applies in {phases}: {deny.id} denies it there"
    elif first.needed & second.needed in (first.needed, second.needed):
        yield f"{second.place}: {first.id} and {second.id} deny the same in {phases}"
