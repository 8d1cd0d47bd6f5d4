"""What is derived from what: nothing that was told has a way to follow-up, by any edge, whoever adds one."""

from __future__ import annotations

from typing import Any, Final

import pytest

from vault.access.releases import SHEET_FIELDS
from vault.cases.access_requests import GRANTABLE
from vault.cases.partners import FIELDS
from vault.errors import ProvenanceRefused
from vault.provenance import (
    GRAPH,
    MAY_BE_CODED,
    MAY_REACH,
    How,
    Label,
    Leaving,
    Node,
    Sourced,
    checked_out,
    faults_of,
    labels,
    paths_to,
    reaches,
)
from vault.usecases.granting import SOURCES
from vault.vocabulary import Kind, Provenance, ZoneKind

FOLLOW_UP: Final = ZoneKind.FOLLOW_UP
#: Everything that leaves for follow-up, with the kind of the release.
TO_FOLLOW_UP: Final = tuple(
    [(Kind.OUTCOME_SHEET, name) for name in SHEET_FIELDS] + [(Kind.GRANT, name) for name in GRANTABLE]
)
TOLD: Final = Node(How.ROOT, labels=frozenset({Label.TOLD}))
#: Every edge by which something comes into what follow-up gets: field, and what that is made of.
EDGES: Final = sorted(
    (f"{kind.value}.{name}", source) for kind, name in TO_FOLLOW_UP for source in GRAPH[f"{kind.value}.{name}"].sources
)


def test_the_table_is_whole() -> None:
    assert list(faults_of()) == []


def test_what_leaves_stands_in_the_table_with_its_real_source() -> None:
    for kind, name in TO_FOLLOW_UP:
        assert f"{kind.value}.{name}" in GRAPH
    for name, kind in SOURCES.items():
        assert GRAPH[f"grant.{name}"].sources == (f"{kind.value}.{name}",)
    for name in (*FIELDS, "need"):
        assert f"referral.{name}" in GRAPH


def test_nothing_that_was_told_reaches_follow_up() -> None:
    for kind, name in TO_FOLLOW_UP:
        found = labels(f"{kind.value}.{name}")
        assert not found & {Label.TOLD, Label.PARTNER, Label.COUNT}, name
        assert Label.CODE not in found or f"{kind.value}.{name}" in MAY_BE_CODED


def test_of_what_was_said_a_code_is_all() -> None:
    assert {"outcome_sheet.outcome_code"} == MAY_BE_CODED
    assert labels("outcome_sheet.outcome_code") == {Label.CODE}
    assert not reaches("outcome_sheet.outcome_code", FOLLOW_UP, {**GRAPH, "case.outcome": TOLD})


@pytest.mark.parametrize(("target", "source"), EDGES)
def test_each_edge_that_brings_something_told_is_found(target: str, source: str) -> None:
    """The source is confided, all at once; where its provenance varies, this one was."""
    graph, (kind, _, field) = {**GRAPH, source: TOLD}, target.partition(".")
    if GRAPH[target].how is How.OFFICIAL:
        with pytest.raises(ProvenanceRefused):
            checked_out(Kind(kind), FOLLOW_UP, field, Sourced("x", source, Provenance.INTERVIEW))
    else:
        assert not reaches(target, FOLLOW_UP, graph)
        assert (target, source) in paths_to(Label.TOLD, target, graph)


@pytest.mark.parametrize("source", sorted(name for name in GRAPH if Label.TOLD in labels(name)))
def test_no_field_can_be_made_of_something_told_as_well(source: str) -> None:
    """An edge more, from anything confided to any field of follow-up: found, unless leaving checks it."""
    for kind, name in TO_FOLLOW_UP:
        target = f"{kind.value}.{name}"
        node = GRAPH[target]
        graph = {**GRAPH, target: Node(How.COPIED, (*node.sources, source))}
        assert not reaches(target, FOLLOW_UP, graph), target
        with pytest.raises(ProvenanceRefused):
            checked_out(kind, FOLLOW_UP, name, Sourced("x", source, Provenance.INTERVIEW))


@pytest.mark.parametrize(("kind", "name"), TO_FOLLOW_UP)
def test_what_leaves_is_held_to_its_source_and_provenance(kind: Kind, name: str) -> None:
    node = GRAPH[f"{kind.value}.{name}"]
    [source] = node.sources
    assert checked_out(kind, FOLLOW_UP, name, Sourced("x", source, Provenance.ADMIN)) == "x"
    with pytest.raises(ProvenanceRefused):
        checked_out(kind, FOLLOW_UP, name, Sourced("x", "note.text", Provenance.ADMIN))
    if node.how is How.OFFICIAL:
        for provenance in (Provenance.INTERVIEW, Provenance.PARTNER, None):
            with pytest.raises(ProvenanceRefused):
                checked_out(kind, FOLLOW_UP, name, Sourced("x", source, provenance))
        assert checked_out(kind, FOLLOW_UP, name, Sourced(None, source)) is None, "nothing is told by nothing"


def test_a_field_that_nobody_declared_does_not_leave() -> None:
    for reader in ZoneKind:
        with pytest.raises(ProvenanceRefused):
            Leaving({"text": Sourced("x", "note.text")}).content(Kind.OUTCOME_SHEET, reader)
    with pytest.raises(ProvenanceRefused):  # what a partner may have, by no way to follow-up
        checked_out(Kind.REFERRAL, FOLLOW_UP, "phone", Sourced("x", "contact.phone", Provenance.INTERVIEW))
    assert checked_out(Kind.REFERRAL, ZoneKind.PARTNER, "phone", Sourced("x", "contact.phone", Provenance.INTERVIEW))


def test_nothing_is_sealed_if_one_field_may_not_leave() -> None:
    good, bad = Sourced("13", "case.term_end"), Sourced("chez une amie", "contact.whereabouts_note")
    with pytest.raises(ProvenanceRefused) as refused:
        Leaving({"term_end": good, "language": bad}).content(Kind.OUTCOME_SHEET, FOLLOW_UP)
    assert "amie" not in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"note.text": Node(How.COPIED, ("letter.texts",)), "letter.fields": Node(How.COPIED, ("note.text",))},
            "itself",
        ),
        ({"task.title": Node(How.COPIED, ("nowhere.text",))}, "nobody declared"),
        ({"task.title": Node(How.COPIED)}, "neither a root"),
        ({"note.text": Node(How.OFFICIAL, ("fact.value",))}, "cannot be called official"),
    ],
)
def test_a_table_that_is_not_sound_is_refused(changed: dict[str, Node], told: str) -> None:
    found: list[Any] = list(faults_of({**GRAPH, **changed}))
    assert any(told in fault for fault in found), found


def test_a_kind_that_is_missing_is_noticed() -> None:
    graph = {name: node for name, node in GRAPH.items() if not name.startswith("note.")}
    assert "provenance: the kind note is missing" in list(faults_of(graph))


def test_what_nobody_declared_may_be_anything() -> None:
    assert labels("nowhere.text") == frozenset(Label)
    assert not any(reaches("nowhere.text", zone) for zone in ZoneKind if MAY_REACH[zone] != frozenset(Label))
