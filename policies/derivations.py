"""The rules' profiles, held against what is derived from what (`vault.provenance`): checked whenever a policy loads.

For each rule by which another zone than casework is shown something, each field of its profile must be declared, and be
made of nothing that this zone must not know. So a profile that gains a field, a rule that gains a profile, and a source
that a field gains are all refused for the same reason: what was told would get there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.compiler import Table
from vault.provenance import GRAPH, MAY_BE_CODED, MAY_REACH, Label, Node, faults_of, labels, node_of, paths_to, reaches
from vault.vocabulary import ROLE_ZONE, ZoneKind


def shown_outside(table: Table) -> Iterator[tuple[ZoneKind, str, str, str]]:
    """Zone, kind, field and rule of everything that another zone than casework is shown."""
    for rule in table.source.rules:
        zone = ROLE_ZONE[rule.role]
        if rule.allows and zone is not ZoneKind.CASEWORK:
            for field, _ in table.source.profiles[rule.release].fields:
                yield zone, rule.kind.value, field, rule.id


def broken_derivations(table: Table, graph: Mapping[str, Node] = GRAPH) -> tuple[str, ...]:
    """One line for each fault, with the way by which something would get where it must not; nothing if all is well."""
    found = dict.fromkeys(faults_of(graph))
    for zone, kind, field, rule in shown_outside(table):
        node = node_of(kind, field)
        if node is None or (zone is ZoneKind.FOLLOW_UP and node.endswith(".*")):
            found[f"provenance: {rule} shows {kind}.{field} to {zone}, and nobody declared what that is made of"] = None
        elif not reaches(node, zone, graph):
            found.update(dict.fromkeys(_told(node, zone, rule, graph)))
    return tuple(found)


def _told(node: str, zone: ZoneKind, rule: str, graph: Mapping[str, Node]) -> Iterator[str]:
    allowed = MAY_REACH[zone] | (frozenset({Label.CODE}) if node in MAY_BE_CODED else frozenset())
    for label in sorted(labels(node, graph) - allowed):
        way = " <- ".join(paths_to(label, node, graph)[0])
        yield f"provenance: by {rule} something {label} reaches {zone}: {way}"
