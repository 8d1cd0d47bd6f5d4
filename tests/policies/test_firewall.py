"""The firewall as the vault sees it: its port, its digest, its replacement while it serves."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import LiveFirewall, TableFirewall, load_firewall
from policies.compiler import Table, compile_table
from policies.engine import Engine
from policies.facts import ALL_FACTS
from policies.lines import Source
from tests.policies.support import policy_copy, rule, swap, table_of
from vault.errors import PolicyRejected
from vault.ports import Firewall
from vault.vocabulary import Action, Allowed, Denied, Facts, Kind, Phase, Purpose, Question, Role, Treatment

READ_NOTE = Question(Role.COACH, Action.READ, Kind.NOTE, Purpose.COACHING, Phase.ACTIVE)
OWN = Facts.of(own=True)


def test_it_is_the_vaults_firewall(firewall: TableFirewall) -> None:
    port: Firewall = firewall
    decision = port.decide(READ_NOTE, OWN)
    assert isinstance(decision, Allowed)
    assert decision.rule == "cw-11"
    assert ("text", Treatment.CLEAR) in decision.profile.fields
    assert decision.digest == port.digest
    assert len(port.digest) == 32


def test_a_denial_by_a_line_names_it(firewall: TableFirewall) -> None:
    decision = firewall.decide(READ_NOTE._replace(phase=Phase.ERASED), OWN)
    assert decision == Denied("cw-58", (), firewall.digest)


def test_what_no_rule_names_is_denied_without_a_hint(firewall: TableFirewall) -> None:
    asked = Question(Role.PARTNER_AGENT, Action.SIGN, Kind.NOTE, Purpose.COACHING, Phase.ACTIVE)
    assert firewall.decide(asked, Facts(127)) == Denied("", (), firewall.digest)


def test_answers_are_built_once_and_cannot_be_changed(firewall: TableFirewall) -> None:
    decision = firewall.decide(READ_NOTE, OWN)
    assert firewall.decide(READ_NOTE, Facts.of(own=True, region=True)) is decision
    with pytest.raises(FrozenInstanceError):
        decision.rule = "cw-99"  # type: ignore[misc]
    with pytest.raises(TypeError):
        firewall.table.cells[(Role.DPO, Kind.NOTE, Action.READ, Purpose.COACHING)] = None  # type: ignore[index]


def test_importing_the_firewall_imports_no_casbin() -> None:
    code = "import sys, policies, policies.firewall; sys.exit('casbin' in sys.modules or 'simpleeval' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_loading_twice_gives_the_same_digest(firewall: TableFirewall) -> None:
    assert load_firewall().digest == firewall.digest


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_changed_byte_of_any_file_changes_the_digest(source: Source, data: st.DataObject) -> None:
    small = replace(source, rules=source.rules[:1])
    number = data.draw(st.integers(0, len(source.files) - 1))
    name, content = source.files[number]
    position = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[position] ^= data.draw(st.integers(1, 255))
    files = (*source.files[:number], (name, bytes(changed)), *source.files[number + 1 :])
    assert compile_table(replace(small, files=files)).digest != compile_table(small).digest


def test_the_digest_covers_the_decisions_and_the_engine(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    first = source.rules[0]
    plain = table_of(source, [first]).digest
    assert table_of(source, [replace(first, states=("active",))]).digest != plain
    assert table_of(source, [replace(first, release="case_status")]).digest != plain
    monkeypatch.setattr("policies.compiler.engine_versions", lambda: ("pycasbin=9",))
    assert table_of(source, [first]).digest != plain


def test_an_explanation_changes_the_digest_and_no_decision(tmp_path: Path, firewall: TableFirewall) -> None:
    words = swap("a coach reads the notes", "the coach reads the notes")
    other = load_firewall(policy_copy(tmp_path, {"rules/casework.csv": words}))
    assert other.digest != firewall.digest
    assert {(*asked[:3], asked[3]) for asked in other.table.allowed()} == set(firewall.table.allowed())


def test_a_rejected_policy_leaves_the_old_one_in_place(tmp_path: Path, firewall: TableFirewall) -> None:
    live = LiveFirewall(firewall)
    folder = policy_copy(tmp_path, {"rules/casework.csv": swap("own+consent,referral_receipt", "own,referral_receipt")})
    with pytest.raises(PolicyRejected):
        live.reload(lambda: load_firewall(folder))
    assert live.current is firewall
    assert live.decide(READ_NOTE, OWN) is firewall.decide(READ_NOTE, OWN)


def test_eight_threads_see_one_whole_policy_at_a_time(source: Source, table: Table) -> None:
    """The second policy withdraws note reading and opens nothing else; no thread may see a mixture."""
    without = table_of(source, [line for line in source.rules if line.id != "cw-11"])
    first, second = TableFirewall(table), TableFirewall(without)
    live = LiveFirewall(first)
    stop, wrong, asked = threading.Event(), [], []

    def ask() -> None:
        count = 0
        while not stop.is_set():
            decision = live.decide(READ_NOTE, OWN)
            count += 1
            if isinstance(decision, Allowed) is not (decision.digest == first.digest):
                wrong.append(decision)
        asked.append(count)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for turn in range(2000):
        live.reload(lambda turn=turn: (second, first)[turn % 2])  # type: ignore[misc]
        if turn % 100 == 0:
            stop.wait(0.005)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(asked) == 8
    assert sum(asked) > 8


def test_casbin_must_read_what_is_written(source: Source) -> None:
    broken = replace(source.rules[0], release="(none")
    with pytest.raises(PolicyRejected, match="Casbin did not read the rules as they are written"):
        Engine(source.model, [broken])
    with pytest.raises(PolicyRejected, match="an engine without a rule"):
        Engine(source.model, [])
    engine = Engine(source.model, source.rules)
    with pytest.raises(PolicyRejected, match="Casbin did not read the rules as they are written"):
        engine.read_instead([source.rules[0], source.rules[0]])
    with pytest.raises(PolicyRejected, match="an engine without a rule"):
        engine.read_instead([])


def test_an_engine_that_read_other_rules_knows_no_more_of_the_first(source: Source) -> None:
    first, other = (rule for rule in source.rules[:2])
    engine, own = Engine(source.model, [first], parse_once=True), Engine(source.model, [other])
    phases, sets = tuple(Phase), range(ALL_FACTS + 1)
    before = [engine.ask(first.key, phase, held) for phase in phases for held in sets]
    assert any(allowed for allowed, _ in before)
    engine.read_instead([other])
    for key in (first.key, other.key):
        for phase in phases:
            for held in sets:
                assert engine.ask(key, phase, held) == own.ask(key, phase, held)


def test_an_answer_that_follows_from_no_line_is_refused(source: Source) -> None:
    """A model with a hole: the table is not built from answers that the lines do not give."""
    hole = replace(source, model=source.model.replace("r.state == p.state", "true || r.state == p.state"))
    with pytest.raises(PolicyRejected):
        compile_table(replace(hole, model=hole.model.replace("true", "1 == 1")))


def test_two_lines_for_one_request_are_refused(source: Source) -> None:
    lines = [
        rule("cw-90,coach,note,read,coaching,active,own,note_full,allow"),
        rule("cw-91,coach,note,read,coaching,active,region,note_list,allow"),
    ]
    with pytest.raises(PolicyRejected, match="does not follow from the line"):
        table_of(source, lines)
