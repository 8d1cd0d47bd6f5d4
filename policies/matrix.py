"""Who may see what, as a table, taken from the decided policy and not from its lines.

Two views: the overview (kinds down, roles across, one letter an action) and the details (each access with its
purpose, phases, needed facts and the fields it shows).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from policies.compiler import Table
from policies.facts import facts_of
from policies.lines import Key
from vault.vocabulary import FLOW_ACTIONS, KIND_COMPARTMENT, Action, Kind, Phase, Role

#: One letter an action; V for reveal, X for release (what leaves), C for create.
LETTERS: Final = {
    Action.CREATE: "C",
    Action.READ: "R",
    Action.LIST: "L",
    Action.SEARCH: "S",
    Action.WRITE: "W",
    Action.CLOSE: "E",
    Action.SIGN: "G",
    Action.RELEASE: "X",
    Action.REVEAL: "V",
    Action.REVIEW: "T",
} | dict.fromkeys(sorted(FLOW_ACTIONS), "F")
LEGEND: Final = (
    "C open, R read, L list, S search, W write, E end, G sign, X release, V restore names, T look through, F other "
    "steps of the flow (see below), - nothing"
)


@dataclass(frozen=True, slots=True)
class Access:
    """One way of access. needs: the smallest sets of facts, as text. rules: the lines that allow it."""

    key: Key
    phases: tuple[Phase, ...]
    needs: str
    profile: str
    rules: str


def accesses(table: Table) -> tuple[Access, ...]:
    """Every access that the table allows; phases with the same needs and profile stand together."""
    held: dict[tuple[Key, str, str], dict[Phase, list[int]]] = defaultdict(lambda: defaultdict(list))
    for key, phase, facts, answer in table.allowed():
        held[(key, answer.rule, answer.profile)][phase].append(facts)
    grouped: dict[tuple[Key, str, str, str], list[Phase]] = defaultdict(list)
    for (key, rule, profile), phases in held.items():
        for phase, sets in phases.items():
            smallest = [facts for facts in sets if not any(o != facts and o & facts == o for o in sets)]
            needs = " or ".join("+".join(facts_of(facts)) or "none" for facts in smallest)
            grouped[(key, needs, profile, rule)].append(phase)
    found = [
        Access(key, tuple(phases), needs, profile, rule) for (key, needs, profile, rule), phases in grouped.items()
    ]
    roles, kinds, acts = list(Role), list(Kind), list(Action)
    return tuple(sorted(found, key=lambda a: (roles.index(a.key[0]), kinds.index(a.key[1]), acts.index(a.key[2]))))


def render(table: Table, *, markdown: bool = False) -> str:
    """Overview, legend and details, as plain text or Markdown."""
    layout = _markdown if markdown else _text
    overview = layout(_overview(table))
    details = layout(_details(table))
    digest = f"Policy {table.digest.hex()}"
    if markdown:
        return f"# Who may see what\n\n`{digest}`\n\n{overview}\n\n{LEGEND}\n\n## Each access\n\n{details}\n"
    return f"{digest}\n\n{overview}\n\n{LEGEND}\n\n{details}\n"


def _overview(table: Table) -> list[tuple[str, ...]]:
    may: dict[tuple[Role, Kind], set[Action]] = defaultdict(set)
    for (role, kind, act, _), _, _, _ in table.allowed():
        may[(role, kind)].add(act)
    rows = [("kind", "compartment", *(role.value for role in Role))]
    for kind in Kind:
        letters = (dict.fromkeys(LETTERS[act] for act in Action if act in may[(role, kind)]) for role in Role)
        cells = ("".join(found) or "-" for found in letters)
        rows.append((kind.value, KIND_COMPARTMENT[kind].value, *cells))
    return rows


def _details(table: Table) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("role", "action", "kind", "purpose", "phases", "needs", "shows", "rule")]
    for access in accesses(table):
        role, kind, act, purpose = access.key
        phases = "/".join(access.phases)
        rows.append((role, act, kind, purpose, phases, access.needs, access.profile, access.rules))
    return rows


def _text(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _markdown(rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
