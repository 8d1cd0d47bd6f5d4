"""Rules that are well-formed and yet may not load: they contradict the matrix, a zone, or each other."""

from __future__ import annotations

import pytest

from policies.lines import Source
from policies.lint import ZONE_PURPOSES, lint
from tests.policies.support import rule
from vault.vocabulary import KIND_COMPARTMENT, OPENS, ROLE_ZONE, Action, Kind, Opening, Role

NOTE = "cw-90,coach,note,read,coaching,active,own,note_full,allow"


@pytest.mark.parametrize("act", [Action.READ, Action.LIST, Action.SEARCH, Action.REVEAL])
@pytest.mark.parametrize("role", list(Role))
def test_a_rule_against_the_matrix_does_not_load_and_is_named(source: Source, role: Role, act: Action) -> None:
    zone = ROLE_ZONE[role]
    purpose = min(ZONE_PURPOSES[zone])
    for kind in Kind:
        line = rule(f"xx-77,{role},{kind},{act},{purpose},active,own+addressed+consent,receipt,allow", line=9)
        faults = lint([line], source.profiles)
        never = OPENS[zone][KIND_COMPARTMENT[kind]] is Opening.NEVER
        assert never == any("contradicts the matrix" in fault for fault in faults)
        if never:
            assert f"{zone}.csv:9: rule xx-77 contradicts the matrix: the zone {zone} never opens" in "".join(faults)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            ["fu-90,follow_up_officer,outcome_sheet,read,oqt_follow_up,none,own,outcome_sheet,allow"],
            "only where a copy",
        ),
        (["cw-90,coach,note,read,oqt_follow_up,active,own,note_full,allow"], "has no purpose oqt_follow_up"),
        (["fu-90,follow_up_officer,note,read,coaching,any,none,none,deny"], "has no purpose coaching"),
        (["cw-90,coach,note,read,coaching,any,own,note_full,allow"], "an allow line names its states"),
        (["cw-90,coach,note,read,coaching,active,own,outcome_sheet,allow"], "belongs to the zone follow_up"),
        (["cw-90,regional_head,identity,read,emergency,active,region,identity_full,allow"], "break_glass"),
        (
            ["cw-90,regional_head,note,read,emergency,active,region+break_glass+sample,sample_note,allow"],
            "sample serves",
        ),
        (["cw-90,coach,note,read,coaching,active,own+break_glass,note_full,allow"], "break_glass"),
        (
            [NOTE, "cw-90,coach,note,list,coaching,active,own,note_list,allow"],
            "the id cw-90 is taken by casework.csv:2",
        ),
        ([NOTE, NOTE.replace("90", "91")], "cw-90 already allows this in active"),
        ([NOTE, "cw-91,coach,note,read,coaching,active/closed,region,note_list,allow"], "cw-90 already allows this"),
        ([NOTE, "cw-91,coach,note,read,coaching,any,none,none,deny"], "cw-90 never applies in active: cw-91"),
        ([NOTE, "cw-91,coach,note,read,coaching,active,own,none,deny"], "cw-90 never applies in active: cw-91"),
        (
            [
                "cw-91,coach,note,read,coaching,any,none,none,deny",
                "cw-92,coach,note,read,coaching,erased,own,none,deny",
            ],
            "cw-91 and cw-92 deny the same in erased",
        ),
    ],
)
def test_a_contradiction_does_not_load(source: Source, lines: list[str], says: str) -> None:
    faults = lint([rule(line) for line in lines], source.profiles)
    assert any(says in fault for fault in faults), faults


def test_a_rule_in_another_zones_file_does_not_load(source: Source) -> None:
    stray = rule(NOTE)
    moved = type(stray)(**{name: getattr(stray, name) for name in stray.__slots__} | {"place": "partner.csv:4"})
    assert lint([moved], source.profiles) == ("partner.csv:4: coach belongs to the file casework.csv",)


def test_the_shipped_rules_have_no_fault(source: Source) -> None:
    assert lint(source.rules, source.profiles) == ()


def test_a_deny_line_that_needs_a_fact_may_narrow_an_allow_line(source: Source) -> None:
    deny = "cw-91,coach,note,read,coaching,active,second,none,deny"
    assert lint([rule(NOTE), rule(deny)], source.profiles) == ()
