"""The policy compiler holds profiles against what is derived from what."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from policies.compiler import Table
from policies.derivations import broken_derivations, shown_outside
from policies.firewall import TableFirewall
from vault.provenance import GRAPH, How, Node
from vault.vocabulary import ReleaseProfile, Treatment, ZoneKind


def _showing(table: Table, profile: str, field: str) -> Table:
    """The same policy, with one more field in a profile."""
    known = table.source.profiles[profile]
    more = ReleaseProfile(profile, (*known.fields, (field, Treatment.CLEAR)))
    profiles = MappingProxyType({**table.source.profiles, profile: more})
    return replace(table, source=replace(table.source, profiles=profiles))


def test_the_shipped_policy_shows_nobody_what_was_told(firewall: TableFirewall) -> None:
    assert broken_derivations(firewall.table) == ()
    assert {zone for zone, *_ in shown_outside(firewall.table)} == set(ZoneKind) - {ZoneKind.CASEWORK}


@pytest.mark.parametrize(
    ("profile", "field", "told"),
    [
        ("outcome_sheet", "text", "fu-02 shows outcome_sheet.text to follow_up"),
        ("granted_fields", "whereabouts_note", "fu-07 shows grant.whereabouts_note to follow_up"),
        ("sheet_list", "coach", "fu-01 shows outcome_sheet.coach"),
        ("referral", "text", "shows referral.text to partner"),
    ],
)
def test_a_field_that_nobody_declared_is_refused(firewall: TableFirewall, profile: str, field: str, told: str) -> None:
    assert any(told in fault for fault in broken_derivations(_showing(firewall.table, profile, field)))


@pytest.mark.parametrize("name", ["outcome_sheet.term_end", "grant.procedure_pending"])
def test_a_source_more_is_refused_with_the_way(firewall: TableFirewall, name: str) -> None:
    graph = {**GRAPH, name: Node(How.COPIED, (*GRAPH[name].sources, "letter.texts"))}
    faults = broken_derivations(firewall.table, graph)
    assert any(f"something told reaches follow_up: {name} <- letter.texts" in fault for fault in faults), faults


def test_every_field_that_follow_up_is_shown_is_refused_once_it_is_told(firewall: TableFirewall) -> None:
    """Each in turn is made of a note as well."""
    shown = {(kind, field) for zone, kind, field, _ in shown_outside(firewall.table) if zone is ZoneKind.FOLLOW_UP}
    assert len(shown) > 30
    for kind, field in shown:
        graph = {**GRAPH, f"{kind}.{field}": Node(How.COPIED, ("note.text",))}
        faults = broken_derivations(firewall.table, graph)
        assert any(f"follow_up: {kind}.{field} <- note.text" in fault for fault in faults), (kind, field)
