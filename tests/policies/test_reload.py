"""A policy that is replaced while eight threads ask: each answer is of one whole policy, and never a wrong one."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from policies.compiler import compile_table
from policies.firewall import LiveFirewall, TableFirewall
from policies.lines import Source
from policies.shadow import ShadowedFirewall
from vault.errors import PolicyRejected
from vault.vocabulary import Action, Allowed, Facts, Kind, Phase, Purpose, Question, Role

THREADS, EACH, RELOADS = 8, 12_500, 6
COACH = (Role.COACH, Purpose.COACHING)
QUESTIONS = [
    (Question(COACH[0], action, kind, COACH[1], phase), facts)
    for kind in (Kind.NOTE, Kind.IDENTITY, Kind.REFERRAL, Kind.TASK)
    for action in (Action.READ, Action.WRITE, Action.LIST, Action.RELEASE)
    for phase in (Phase.ACTIVE, Phase.CLOSED, Phase.ERASED)
    for facts in (Facts(), Facts.of(own=True), Facts.of(own=True, consent=True), Facts.of(own=None))
]


@pytest.fixture(scope="module")
def policies(source: Source) -> tuple[TableFirewall, TableFirewall]:
    """The shipped policy, and one in which coaches read no notes and refer without consent."""
    rules = tuple(
        replace(rule, need="own") if rule.id == "cw-18" else rule for rule in source.rules if rule.id != "cw-11"
    )
    return TableFirewall(compile_table(source)), TableFirewall(compile_table(replace(source, rules=rules)))


def test_no_wrong_decision_in_a_hundred_thousand_during_reloads(
    policies: tuple[TableFirewall, TableFirewall],
) -> None:  # fmt: skip
    right = {
        firewall.digest: [isinstance(firewall.decide(*asked), Allowed) for asked in QUESTIONS] for firewall in policies
    }
    assert len(right) == 2
    first, second = right.values()
    assert first != second, "the two policies answer differently, so a mixture would show"
    live = LiveFirewall(policies[0])
    wrong: list[object] = []
    seen: set[bytes] = set()
    ready, enough, reloads = threading.Barrier(THREADS + 1), threading.Event(), 0
    counted: list[int] = []

    def ask(seed: int) -> None:
        chosen = random.Random(seed)
        ready.wait()
        asked = 0
        while asked < EACH or not enough.is_set():
            asked += 1
            place = chosen.randrange(len(QUESTIONS))
            decision = live.decide(*QUESTIONS[place])
            seen.add(decision.digest)
            if isinstance(decision, Allowed) is not right[decision.digest][place]:
                wrong.append((QUESTIONS[place], decision))
        counted.append(asked)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    ready.wait()
    while any(thread.is_alive() for thread in threads):
        fresh = policies[(reloads + 1) % 2]
        live.reload(lambda fresh=fresh: TableFirewall(fresh.table))
        reloads += 1
        if reloads == RELOADS:
            enough.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sum(counted) >= THREADS * EACH
    assert reloads >= RELOADS
    assert len(seen) == 2


def test_a_policy_that_cannot_be_built_leaves_the_old_one(policies: tuple[TableFirewall, TableFirewall]) -> None:
    live = LiveFirewall(policies[0])

    def broken() -> TableFirewall:
        raise PolicyRejected(("casework.csv:1: nonsense",))

    with pytest.raises(PolicyRejected):
        live.reload(broken)
    assert live.current is policies[0]


@pytest.mark.parametrize("wrap", [TableFirewall, lambda table: ShadowedFirewall(TableFirewall(table), one_in=7)])
def test_a_reload_changes_answers_at_once(
    policies: tuple[TableFirewall, TableFirewall], wrap: Callable[..., TableFirewall]
) -> None:
    live = LiveFirewall(wrap(policies[0].table))
    note = (Question(Role.COACH, Action.READ, Kind.NOTE, Purpose.COACHING, Phase.ACTIVE), Facts.of(own=True))
    assert isinstance(live.decide(*note), Allowed)
    live.reload(lambda: wrap(policies[1].table))
    assert not isinstance(live.decide(*note), Allowed)
    assert live.digest == policies[1].digest
