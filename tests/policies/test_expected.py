"""Every request there is, against `expected.csv`, read here a second time and by other code."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product, repeat
from pathlib import Path

import pytest

from policies.compiler import Table
from policies.expected import check_expected, load_expected
from policies.firewall import TableFirewall, load_firewall
from policies.loader import DEFAULT_FOLDER
from tests.policies.support import line_of, policy_copy, swap
from vault.errors import PolicyRejected
from vault.vocabulary import FACTS, Action, Allowed, Decision, Denied, Facts, Kind, Phase, Purpose, Question, Role

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


class _Watched:
    """Stands for facts, and notes whether anything of them is looked at, or they are compared with others."""

    looked_at = False

    def __getattribute__(self, name: str) -> object:
        _Watched.looked_at = True
        found: object = getattr(_EVERY_SET[0], name)
        return found

    def __eq__(self, other: object) -> bool:
        _Watched.looked_at = True
        return other == _EVERY_SET[0]

    def __hash__(self) -> int:
        _Watched.looked_at = True
        return hash(_EVERY_SET[0])


@dataclass
class _Heard:
    """How many requests were asked, how many were settled by watching, and how many of those asked were allowed."""

    asked: int = 0
    settled: int = 0
    allowed: int = 0


def _hold_against(firewall: TableFirewall, questions: Iterable[Question]) -> _Heard:
    """Ask the questions with every set of facts. Where the firewall says no without a look at the facts, it says no to
    each set of them; where it looks, and in one of such questions in fifty, it is asked about each set."""
    expected, decide, watched, heard = _read(), firewall.decide, _Watched(), _Heard()
    for number, question in enumerate(questions):
        needed, profile = expected.get(question, (None, ""))
        if needed is None:  # nearly all of them
            _Watched.looked_at = False
            assert type(decide(question, watched)) is Denied, question  # type: ignore[arg-type]
            if not _Watched.looked_at and number % 50:
                heard.settled += len(_EVERY_SET)
                continue
            answers = Counter(map(type, map(decide, repeat(question), _EVERY_SET)))
            heard.asked += answers.total()
            assert answers == {Denied: len(_EVERY_SET)}, question
            continue
        for facts in _EVERY_SET:
            decision = decide(question, facts)
            heard.asked += 1
            wanted = all(facts.holds(fact) for fact in FACTS if fact.value in needed)
            assert isinstance(decision, Allowed) is wanted, (question, facts)
            if isinstance(decision, Allowed):
                heard.allowed += 1
                assert decision.profile.name == profile
    return heard


def test_every_request_is_answered_as_the_requirements_say_and_all_others_are_denied(firewall: TableFirewall) -> None:
    heard = _hold_against(firewall, (Question(*words) for words in product(Role, Action, Kind, Purpose, Phase)))
    assert heard.settled + heard.asked == 8 * 31 * 60 * 9 * 8 * 256
    assert heard.asked > heard.settled / 60
    assert 0 < heard.allowed < heard.asked


@pytest.mark.parametrize("listed", [True, False], ids=["where a line is near", "where none is"])
def test_a_yes_for_one_set_of_facts_is_found(firewall: TableFirewall, listed: bool) -> None:
    """The control of what is settled by watching: no answer differs from set to set without a look at them."""
    purpose = Purpose.OQT_FOLLOW_UP if listed else Purpose.COACHING
    planted = Question(Role.FOLLOW_UP_OFFICER, Action.READ, Kind.NOTE, purpose, Phase.CLOSED)
    assert ((planted.role, planted.kind, planted.action, planted.purpose) in firewall.table.cells) is listed
    yes = Allowed("fu-01", next(iter(firewall.table.source.profiles.values())), firewall.digest)

    class Planted(TableFirewall):
        def __init__(self, fits: Callable[[Facts], bool]) -> None:
            super().__init__(firewall.table)
            self.fits = fits

        def decide(self, question: Question, facts: Facts) -> Decision:
            return yes if question == planted and self.fits(facts) else super().decide(question, facts)

    asked = [planted._replace(phase=phase) for phase in (Phase.ACTIVE, Phase.CLOSED)]
    assert _hold_against(firewall, asked).allowed == 0
    ways: tuple[Callable[[Facts], bool], ...] = (
        lambda facts: facts.held == 64,
        lambda facts: facts == Facts(64),
        lambda facts: {Facts(64): True}.get(facts, False),
    )
    for fits in ways:
        with pytest.raises(AssertionError, match="follow_up_officer"):
            _hold_against(Planted(fits), asked)


def test_each_expectation_can_fail(tmp_path: Path, table: Table) -> None:
    """Every line that allows, taken away: what it allowed is then more than is expected."""
    lines = load_expected()
    allows = [line for line in lines if line.allows]
    assert len(allows) >= 30
    for lost in allows:
        cell = replace(table, cells={lost.key: table.cells[lost.key]})
        faults = check_expected(cell, [line for line in lines if line.key == lost.key and line is not lost])
        assert faults, lost.place
        assert all("expected deny, is allowed by" in fault for fault in faults)
    text = (DEFAULT_FOLDER / "expected.csv").read_text().splitlines(keepends=True)
    for number in [number for number, line in enumerate(text) if ",allow," in line][::60]:
        folder = policy_copy(tmp_path / str(number))
        (folder / "expected.csv").write_text("".join(text[:number] + text[number + 1 :]))
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
