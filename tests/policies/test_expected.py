"""Every request there is, against `expected.csv`, read here a second time and by other code."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import product, repeat
from pathlib import Path

import pytest

from policies.firewall import TableFirewall, load_firewall
from policies.loader import DEFAULT_FOLDER
from tests.policies.support import line_of, policy_copy, swap
from vault.errors import PolicyRejected
from vault.vocabulary import FACTS, Action, Allowed, Denied, Facts, Kind, Phase, Purpose, Question, Role

pytestmark = pytest.mark.long

_EVERY_SET = tuple(Facts(held) for held in range(1 << len(FACTS)))


def _read() -> dict[Question, tuple[frozenset[str] | None, str]]:
    """Question to the facts it needs (None: never) and the profile."""
    with (DEFAULT_FOLDER / "expected.csv").open(newline="") as file:
        found = {}
        for line in csv.DictReader(file):
            phases = list(Phase) if line["phase"] == "any" else [Phase(phase) for phase in line["phase"].split("/")]
            for phase in phases:
                asked = Question(
                    Role(line["role"]), Action(line["action"]), Kind(line["kind"]), Purpose(line["purpose"]), phase
                )
                needed = None if line["verdict"] == "never" else frozenset(line["facts"].split("+")) - {"none"}
                found[asked] = (needed, line["profile"])
    return found


def test_every_request_is_answered_as_the_requirements_say_and_all_others_are_denied(firewall: TableFirewall) -> None:
    expected = _read()
    decide, asked, allowed = firewall.decide, 0, 0
    for words in product(Role, Action, Kind, Purpose, Phase):
        question = Question(*words)
        needed, profile = expected.get(question, (None, ""))
        if needed is None:  # nearly all of them: counted without a loop of this program's
            answers = Counter(map(type, map(decide, repeat(question), _EVERY_SET)))
            asked += answers.total()
            assert answers == {Denied: len(_EVERY_SET)}, question
            continue
        for facts in _EVERY_SET:
            decision = decide(question, facts)
            asked += 1
            wanted = all(facts.holds(fact) for fact in FACTS if fact.value in needed)
            assert isinstance(decision, Allowed) is wanted, (question, facts)
            if isinstance(decision, Allowed):
                allowed += 1
                assert decision.profile.name == profile
    assert asked == 8 * 31 * 59 * 9 * 8 * 256
    assert 0 < allowed < asked / 100


def test_each_expectation_can_fail(tmp_path: Path) -> None:
    lines = (DEFAULT_FOLDER / "expected.csv").read_text().splitlines(keepends=True)
    allows = [number for number, line in enumerate(lines) if ",allow," in line]
    assert len(allows) >= 30
    for number in allows[::6]:
        folder = policy_copy(tmp_path / str(number))
        (folder / "expected.csv").write_text("".join(lines[:number] + lines[number + 1 :]))
        with pytest.raises(PolicyRejected) as rejected:
            load_firewall(folder)
        assert all("expected deny, is allowed by" in fault for fault in rejected.value.faults)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "coach,read,note,coaching,pending/",
            "coach,read,note,coaching,none/pending/",
            "expected allow with note_full",
        ),
        (
            "outcome_sheet,case_administration,closing,region+second",
            "outcome_sheet,case_administration,closing,second",
            "expected allow with receipt",
        ),
        ("own,allow,note_full", "own,allow,note_list", "is allowed by cw-11 with note_full"),
        ("own,allow,note_full", "own,permit,note_full", "the verdict is neither"),
        ("own,allow,note_full", "any,allow,note_full", "facts: `any`"),
        ("own,allow,note_full", "own,allow,none", "names a known profile"),
        ("own,allow,note_full", "owner,allow,note_full", "an unknown fact"),
        ("coach,read,note,coaching,pending/", "coach,read,note,coaching,pending/pending/", "phases named twice"),
        ("coach,read,note,coaching,pending/", "coach,read,notes,coaching,pending/", "is not a valid Kind"),
        ("own,allow,note_full,requirement", "own,allow,note_full,#requirement", "the source"),
        (
            "follow_up_officer,read,note,oqt_follow_up",
            "coach,read,note,coaching",
            f"already settled by expected.csv:{line_of('expected.csv', 'coach,read,note,')}",
        ),
    ],
)
def test_a_wrong_expectation_is_refused_with_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(PolicyRejected) as rejected:
        load_firewall(policy_copy(tmp_path, {"expected.csv": swap(old, new)}))
    assert any(says in fault and fault.startswith("expected.csv:") for fault in rejected.value.faults)


def test_without_expectations_nothing_loads(tmp_path: Path) -> None:
    folder = policy_copy(tmp_path)
    (folder / "expected.csv").unlink()
    with pytest.raises(PolicyRejected, match=r"expected\.csv: cannot be read"):
        load_firewall(folder)
