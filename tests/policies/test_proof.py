"""The table equals Casbin; and the proof would notice if it did not."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from types import MappingProxyType

import pytest

from policies import proof
from policies.compiler import Answer, Table
from policies.engine import Engine
from policies.facts import ALL_FACTS
from policies.firewall import TableFirewall
from vault.errors import PolicyRejected
from vault.vocabulary import FLOW_ACTIONS, Action, Kind, Phase, Purpose, Role

pytestmark = pytest.mark.long

READ_NOTE = (Role.COACH, Kind.NOTE, Action.READ, Purpose.COACHING)
FOLLOW_UP_NOTE = (Role.FOLLOW_UP_OFFICER, Kind.NOTE, Action.READ, Purpose.OQT_FOLLOW_UP)


def test_the_reduced_proof_finds_no_difference(table: Table) -> None:
    seen: list[tuple[int, int]] = []
    proven = proof.prove_reduced(table, lambda done, total: seen.append((done, total)))
    assert proven.differences == ()
    assert proven.holds
    assert proven.requests > 10_000
    assert seen[-1] == (proven.requests, proven.requests)


def test_the_reduced_proof_covers_what_it_says(table: Table) -> None:
    asked = list(proof._through_the_whole_policy(table))
    assert {key for key, _, _ in asked} == {
        (role, kind, action, purpose)
        for role, kind, action, purpose in product(Role, Kind, Action, Purpose)
        if action not in FLOW_ACTIONS or kind is Kind.CASE  # no rule can name a step for anything else
    }
    unlisted = [(phase, held) for key, phase, held in asked if key not in table.cells]
    assert {phase for phase, _ in unlisted} == set(Phase)
    assert {held for _, held in unlisted} == {ALL_FACTS}
    for key, cell in table.cells.items():
        requests = {(phase, held) for asked_key, phase, held in asked if asked_key == key}
        assert {phase for phase, _ in requests} == set(Phase)
        assert {held & cell.relevant for _, held in requests} == set(cell.answers[Phase.ACTIVE])


def test_the_proof_notices_a_table_that_allows_more(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = table.cells[FOLLOW_UP_NOTE]
    answers = MappingProxyType({0: Answer(True, "fu-01", "outcome_sheet")})
    planted = replace(cell, answers=MappingProxyType({**cell.answers, Phase.CLOSED: answers}))
    tampered = replace(table, cells=MappingProxyType({FOLLOW_UP_NOTE: planted}))
    monkeypatch.setattr(proof, "ALL_KEYS", (FOLLOW_UP_NOTE,))
    proven = proof.prove_reduced(tampered)
    assert not proven.holds
    assert "follow_up_officer note read oqt_follow_up closed" in proven.differences[0]


def test_the_proof_notices_a_cell_that_is_missing(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = {key: cell for key, cell in table.cells.items() if key[:3] != (Role.DPO, Kind.AUDIT_ENTRY, Action.LIST)}
    monkeypatch.setattr(proof, "ALL_KEYS", ((Role.DPO, Kind.AUDIT_ENTRY, Action.LIST, Purpose.DATA_PROTECTION),))
    monkeypatch.setattr(proof, "_first_allowing", lambda *_: None)
    assert not proof.prove_reduced(replace(table, cells=MappingProxyType(cells))).holds


def test_the_proof_of_every_request_asks_every_request_of_a_cell(
    firewall: TableFirewall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "ALL_KEYS", (READ_NOTE,))
    seen: list[tuple[int, int]] = []
    proven = proof.prove_every(None, firewall.digest, 1, lambda done, total: seen.append((done, total)))
    assert proven == proof.Proof(8 * 256, ())
    assert seen == [(2048, 2048)]


def test_the_whole_proof_settles_them_with_fewer_questions(
    firewall: TableFirewall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "ALL_KEYS", (READ_NOTE,))
    seen: list[tuple[int, int]] = []
    proven = proof.prove_whole(None, firewall.digest, 1, lambda done, total: seen.append((done, total)))
    assert proven.differences == ()
    assert proven.settled == 8 * 256
    assert 8 <= proven.requests < 100
    assert seen == [(2048, 2048)]


def test_what_is_followed_is_what_casbin_says_to_every_set_of_facts(table: Table) -> None:
    """The argument of the whole proof, tried where it matters: cells whose lines name facts, two of them at least."""
    engine = Engine(table.source.model, table.source.rules, parse_once=True)
    cells = [key for key, cell in table.cells.items() if cell.relevant.bit_count() >= 2]
    assert len(cells) > 1
    for key in (*cells[:4], READ_NOTE, FOLLOW_UP_NOTE):
        for phase in (Phase.ACTIVE, Phase.CLOSED):
            answers, looked_at = proof.followed(engine, key, phase)
            for held in range(ALL_FACTS + 1):
                assert answers[held & looked_at] == engine.ask(key, phase, held)


def test_the_whole_proof_notices_one_set_of_facts_that_allows_more(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A yes planted for one set of facts, in a cell whose lines never look at facts."""
    cell = table.cells[FOLLOW_UP_NOTE]
    every = {held: Answer(held == 64, "fu-01" if held == 64 else "", "") for held in range(ALL_FACTS + 1)}
    planted = replace(cell, relevant=ALL_FACTS, answers=dict.fromkeys(Phase, every))
    worker = proof._Worker
    tampered = replace(table, cells=MappingProxyType({FOLLOW_UP_NOTE: planted}))
    monkeypatch.setattr(worker, "table", tampered, raising=False)
    monkeypatch.setattr(
        worker, "engine", Engine(table.source.model, table.source.rules, parse_once=True), raising=False
    )
    monkeypatch.setattr(worker, "stock", Engine(table.source.model, table.source.rules), raising=False)
    _, differences = proof._settle_cell(proof.ALL_KEYS.index(FOLLOW_UP_NOTE))
    assert len({line for line in differences if "the table says Answer(allowed=True" in line}) == len(Phase)


def test_a_matcher_that_reads_facts_elsewhere_is_not_settled(table: Table) -> None:
    model = table.source.model
    assert proof.reads_facts_in_one_place(model)
    for matcher in (
        model.replace("holds(r.c, p.need)", "holds(r.c, p.need) && r.c < 100"),
        model.replace("holds(r.c, p.need)", "r.c >= 0"),
        model.replace("holds(r.c, p.need)", "holds(r.c, p.need) && known(r)"),
        model.replace("state, c", "c, state"),
    ):
        assert matcher != model
        assert not proof.reads_facts_in_one_place(matcher)


def test_a_matcher_by_which_another_kind_could_match_is_asked_the_whole_policy(table: Table) -> None:
    model = table.source.model
    assert proof.kinds_must_be_equal(model)
    for matcher in (
        model.replace("r.kind == p.kind", "same(r.kind, p.kind)"),
        model.replace("r.kind == p.kind", '(p.kind == "any" || r.kind == p.kind)'),
        model.replace("r.kind == p.kind", "r.kind == p.kind || r.role == p.role"),
        model.replace("m = ", "m = !(r.kind == p.kind) && ").replace("&& r.kind == p.kind", ""),
        model.replace(" && r.kind == p.kind", ""),
    ):
        assert matcher != model
        assert not proof.kinds_must_be_equal(matcher)
        source = replace(table.source, model=matcher)
        assert proof._engines_of_kinds(replace(table, source=source)) == {}


def test_the_reduced_proof_asks_the_whole_policy_about_each_cell_that_a_line_names(table: Table) -> None:
    asked = list(proof._through_the_whole_policy(table))
    assert set(table.cells) <= {key for key, _, _ in asked[:: proof._WHOLE]}


def test_the_whole_proof_asks_stock_casbin_about_each_set_of_facts_somewhere() -> None:
    """The sample is spread: no set of facts and no phase is left out of it."""
    numbers = range(0, len(proof.ALL_KEYS) * proof.REQUESTS_PER_CELL, proof._SAMPLED)
    assert {number % (ALL_FACTS + 1) for number in numbers} == set(range(ALL_FACTS + 1))
    assert {number // (ALL_FACTS + 1) % len(Phase) for number in numbers} == set(range(len(Phase)))


def test_the_whole_space_is_as_large_as_the_documentation_says() -> None:
    assert len(proof.ALL_KEYS) * proof.REQUESTS_PER_CELL == 90_095_616


def test_a_policy_that_changes_under_the_proof_is_not_proven() -> None:
    with pytest.raises(PolicyRejected, match="changed on disk"):
        proof.prove_whole(None, bytes(32), 1)
    with pytest.raises(PolicyRejected, match="changed on disk"):
        proof.prove_every(None, bytes(32), 1)
    with pytest.raises(PolicyRejected, match="changed on disk"):
        proof._begin(None, bytes(32))
