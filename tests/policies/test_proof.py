"""The table equals Casbin; and the proof would notice if it did not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import MappingProxyType

import pytest

from policies import proof
from policies.compiler import Answer, Table, compile_table
from policies.engine import Engine
from policies.facts import ALL_FACTS
from policies.firewall import TableFirewall
from policies.lines import Key, Rule
from policies.loader import load_source
from tests.policies.support import policy_copy
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
    asked = list(proof._named_and_others(table))
    assert {key for key, _, _ in asked} == {
        (role, kind, action, purpose)
        for role, kind, action, purpose in product(Role, Kind, Action, Purpose)
        if action not in FLOW_ACTIONS or kind is Kind.CASE  # no rule can name a step for anything else
    }
    unlisted = [(phase, held) for key, phase, held in asked if key not in table.cells]
    assert {phase for phase, _ in unlisted} == set(Phase)
    assert {held for _, held in unlisted} == {ALL_FACTS}
    by_cell: dict[Key, set[tuple[Phase, int]]] = defaultdict(set)
    for key, phase, held in asked:
        by_cell[key].add((phase, held))
    for key, cell in table.cells.items():
        requests = by_cell[key]
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a policy of few lines: how many there are changes nothing about what is asked."""
    few = policy_copy(tmp_path, {f"rules/{zone}.csv": _first_lines for zone in ("casework", "follow_up", "oversight")})
    monkeypatch.setattr(proof, "ALL_KEYS", (READ_NOTE,))
    seen: list[tuple[int, int]] = []
    digest = compile_table(load_source(few)).digest
    proven = proof.prove_every(few, digest, 1, lambda done, total: seen.append((done, total)))
    assert proven == proof.Proof(8 * 256, ())
    assert seen == [(2048, 2048)]


def _first_lines(content: bytes) -> bytes:
    return b"".join(content.splitlines(keepends=True)[:4])


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
    everything = Engine(table.source.model, table.source.rules, parse_once=True)
    near = proof._Lines(table, ("role", "kind"), parse_once=True)
    cells = [key for key, cell in table.cells.items() if cell.relevant.bit_count() >= 2]
    assert len(cells) > 1
    for key in (*cells[:4], READ_NOTE, FOLLOW_UP_NOTE):
        engine = near.engine_for(key)
        for phase in (Phase.ACTIVE, Phase.CLOSED):
            answers, looked_at = proof.followed(everything, key, phase)
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


@pytest.mark.parametrize("word", ["role", "kind", "act", "purpose"])
def test_a_matcher_by_which_another_line_could_match_is_asked_over_that_line_as_well(table: Table, word: str) -> None:
    model, part = table.source.model, f"r.{word} == p.{word}"
    assert proof.must_be_equal(model) == {"role", "kind", "act", "purpose"}
    for matcher in (
        model.replace(part, f"same(r.{word}, p.{word})"),
        model.replace(part, f'(p.{word} == "any" || r.{word} == p.{word})'),
        model.replace(part, f"{part} || r.state == p.state"),
        model.replace("m = ", f"m = !({part}) && ").replace(f"&& {part}", "").replace(f") && {part} &&", ") &&"),
        model.replace(f"{part} && ", ""),
        model.replace(part, f"r.{word} == p.id"),
        model.replace(part, f"r.{word} != p.{word}"),
    ):
        assert matcher != model
        assert word not in proof.must_be_equal(matcher)
        changed = replace(table, source=replace(table.source, model=matcher))
        lines = proof._Lines(changed, ("role", "kind", "act", "purpose")).lines_for(READ_NOTE)
        place = ("role", "kind", "act", "purpose").index(word)
        like = [rule for rule in table.source.rules if _but(rule.key, place) == _but(READ_NOTE, place)]
        assert set(like) <= set(lines)
        assert len({rule.key[place] for rule in lines}) > 1, "lines that say another word are asked as well"


def _but(key: Key, place: int) -> tuple[str, ...]:
    return (*key[:place], *key[place + 1 :])


def test_no_line_that_could_match_is_left_out(table: Table) -> None:
    """The argument by which few lines are asked: of those left out, each says another role or another kind."""
    near, cells = proof._Lines(table, ("role", "kind")), proof._Lines(table, ("role", "kind", "act", "purpose"))
    for key in proof.ALL_KEYS[::7]:
        asked = set(map(id, near.lines_for(key)))
        assert asked
        assert all(rule.key[:2] != key[:2] for rule in table.source.rules if id(rule) not in asked)
    for key in table.cells:
        assert cells.lines_for(key) == [rule for rule in table.source.rules if rule.key == key]


def test_over_few_lines_casbin_says_what_it_says_over_all(table: Table) -> None:
    everything, near = proof._Lines(table, ()), proof._Lines(table, ("role", "kind"))
    assert len(everything.lines_for(READ_NOTE)) == len(table.source.rules)
    keys = [*proof.ALL_KEYS[::500], READ_NOTE, FOLLOW_UP_NOTE]
    for number, key in enumerate(keys):
        phase = tuple(Phase)[number % len(Phase)]
        for held in (0, ALL_FACTS):
            assert near.engine_for(key).ask(key, phase, held) == everything.engine_for(key).ask(key, phase, held)


def test_the_reduced_proof_asks_the_whole_policy_about_each_part_of_it(table: Table) -> None:
    asked = list(proof._named_and_others(table))
    whole = [asked[number] for number in sorted(proof._asked_of_all(table, asked))]
    named = [request for request in whole if request[0] in table.cells]
    assert {key for key, _, _ in named} == set(table.cells)
    assert {phase for _, phase, _ in named} == set(Phase)
    yes = {key for key, phase, held in named if table.answer(key, phase, held).allowed}
    assert yes == {key for key in table.cells if proof._first_allowing(table, key) is not None}
    assert len(named) > len(yes) + len(table.cells), "most are refused"
    others = [request for request in whole if request[0] not in table.cells]
    assert {key[:2] for key, _, _ in others} == set(product(Role, Kind))
    assert {key[2] for key, _, _ in others} >= set(Action) - FLOW_ACTIONS
    assert {key[3] for key, _, _ in others} == set(Purpose)
    assert {phase for _, phase, _ in others} == set(Phase)


def test_the_reduced_proof_asks_the_whole_policy_only_by_the_whole_policy(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that answers what it does not name is noticed where only the whole policy holds it."""
    stray = next(rule for rule in table.source.rules if rule.key[:2] == (Role.DPO, Kind.AUDIT_ENTRY))

    class Astray(Engine):
        """Casbin in which one line matches whatever is asked."""

        def read_instead(self, rules: Iterable[Rule]) -> None:
            self.strays = stray in tuple(rules)
            super().read_instead(rules)

        def ask(self, key: Key, phase: Phase, held: int) -> tuple[bool, str]:
            return (True, stray.id) if getattr(self, "strays", True) else super().ask(key, phase, held)

    monkeypatch.setattr(proof, "Engine", Astray)
    keys = tuple(key for key in proof.ALL_KEYS if key[:2] == (Role.FOLLOW_UP_OFFICER, Kind.NOTE))
    monkeypatch.setattr(proof, "ALL_KEYS", keys)
    monkeypatch.setattr(proof, "_first_allowing", lambda *_: None)
    proven = proof.prove_reduced(table)
    assert 0 < len(proven.differences) < len(keys) / 10
    assert all(stray.id in difference for difference in proven.differences)


def test_the_whole_proof_asks_stock_casbin_about_each_set_of_facts_somewhere() -> None:
    """The sample is spread: no set of facts and no phase is left out of it."""
    numbers = range(0, len(proof.ALL_KEYS) * proof.REQUESTS_PER_CELL, proof._SAMPLED)
    assert {number % (ALL_FACTS + 1) for number in numbers} == set(range(ALL_FACTS + 1))
    assert {number // (ALL_FACTS + 1) % len(Phase) for number in numbers} == set(range(len(Phase)))


def test_the_whole_space_is_as_large_as_the_documentation_says() -> None:
    assert len(proof.ALL_KEYS) * proof.REQUESTS_PER_CELL == 91_570_176


def test_a_policy_that_changes_under_the_proof_is_not_proven() -> None:
    with pytest.raises(PolicyRejected, match="changed on disk"):
        proof.prove_whole(None, bytes(32), 1)
    with pytest.raises(PolicyRejected, match="changed on disk"):
        proof.prove_every(None, bytes(32), 1)
    with pytest.raises(PolicyRejected, match="changed on disk"):
        proof._begin(None, bytes(32))
