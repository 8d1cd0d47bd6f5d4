"""Permits: made by enforcement alone, good for one thing, one actor and one minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.house import MovableClock, shipped_firewall
from vault.access.actor import Actor
from vault.access.enforcement import ALSO_OPENS, ALSO_STORES, PERMIT_LIFETIME, Guard, Item, Permit
from vault.audit.events import Detail, Event, Verdict
from vault.errors import AccessDenied, NotFound, PermitInvalid
from vault.ids import ActorId, CaseId, EntryId, SessionId
from vault.vocabulary import (
    CASEWORK,
    Action,
    Allowed,
    Decision,
    Facts,
    Kind,
    Phase,
    Purpose,
    Question,
    ReleaseProfile,
    Role,
)

CASE, OTHER = CaseId(b"c" * 16), CaseId(b"d" * 16)
COACH = Actor(ActorId(b"a" * 16), Role.COACH, CASEWORK, "brussels", SessionId(b"s" * 16), "a-1", "Coach", "10.0.0.1")
YES = Allowed("r-1", ReleaseProfile("p", ()), bytes(32))


class FakeLog:
    """A unit of work of which enforcement sees the log only."""

    def __init__(self) -> None:
        self.written: list[tuple[Event, Detail]] = []
        self.audit = self

    def append(self, event: Event, detail: Detail) -> EntryId:
        self.written.append((event, detail))
        return EntryId(bytes(16))


class Always:
    """A firewall with one answer."""

    digest = bytes(32)

    def __init__(self, answer: Decision | Exception) -> None:
        self.answer = answer
        self.asked: list[Question] = []

    def decide(self, question: Question, facts: Facts) -> Decision:
        self.asked.append(question)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def permit(action: Action, item: Item, clock: MovableClock | None = None) -> Permit:
    guard = Guard(Always(YES), clock or MovableClock())
    return guard.permit(FakeLog(), COACH, action, item, purpose=Purpose.COACHING, facts=Facts())  # type: ignore[arg-type]


def opens(given: Permit, **asked: Any) -> bool:
    asked = {"kind": Kind.NOTE, "case": CASE, "now": MovableClock().now()} | asked
    try:
        given.check(**asked)
    except PermitInvalid:
        return False
    return True


def test_nobody_else_mints_permits() -> None:
    for mint in (None, object(), True, "mint"):
        with pytest.raises(PermitInvalid):
            Permit(
                mint, actor=COACH.id, action=Action.READ, item=Item(Kind.NOTE), purpose=Purpose.COACHING, allowed=YES,
                entry=EntryId(bytes(16)), expires_at=MovableClock().now(),
            )  # fmt: skip


def test_a_permit_opens_its_own_item_and_no_other() -> None:
    given = permit(Action.READ, Item(Kind.NOTE, "ab" * 16, CASE))
    assert opens(given, record="ab" * 16)
    assert not opens(given, record="cd" * 16)
    assert not opens(given, case=OTHER, record="ab" * 16)
    assert not opens(given, case=None, record="ab" * 16)
    for kind in set(Kind) - {Kind.NOTE}:
        assert not opens(given, kind=kind, record="ab" * 16), kind


def test_a_permit_about_no_case_opens_nothing_of_any() -> None:
    given = permit(Action.LIST, Item(Kind.CASE))
    assert not any(opens(given, kind=kind) for kind in Kind)


def test_a_permit_ends_with_its_minute() -> None:
    clock = MovableClock()
    given = permit(Action.READ, Item(Kind.NOTE, "", CASE), clock)
    assert timedelta(seconds=60) == PERMIT_LIFETIME
    assert opens(given, now=given.expires_at - timedelta(microseconds=1))
    assert not opens(given, now=given.expires_at)
    assert given.expires_at - clock.moment <= PERMIT_LIFETIME


def test_leave_to_read_is_no_leave_to_write_nor_the_reverse() -> None:
    read = permit(Action.READ, Item(Kind.NOTE, "", CASE))
    write = permit(Action.WRITE, Item(Kind.NOTE, "", CASE))
    assert opens(read)
    assert not opens(read, storing=True)
    assert opens(write, storing=True)
    assert not opens(write)
    for action in (Action.LIST, Action.CLOSE, Action.SIGN):
        assert not opens(permit(action, Item(Kind.NOTE, "", CASE)))
        assert not opens(permit(action, Item(Kind.NOTE, "", CASE)), storing=True)


def test_what_an_act_touches_besides_its_item_is_a_closed_list() -> None:
    for action in Action:
        for kind in Kind:
            given = permit(action, Item(kind, "", CASE))
            opened = {other for other in set(Kind) - {kind} if opens(given, kind=other)}
            stored = {other for other in set(Kind) - {kind} if opens(given, kind=other, storing=True)}
            assert opened == ALSO_OPENS.get((action, kind), frozenset()) - {kind}
            assert stored == ALSO_STORES.get((action, kind), frozenset()) - {kind}
    assert Kind.NOTE not in {kind for kinds in (*ALSO_OPENS.values(), *ALSO_STORES.values()) for kind in kinds}


def test_leave_to_revise_a_fact_opens_that_fact_and_no_other() -> None:
    """It is held to the provenance that it was sealed with. A note's is always the same: it is not opened for that."""
    given = permit(Action.WRITE, Item(Kind.FACT, "ab" * 16, CASE))
    assert opens(given, kind=Kind.FACT, record="ab" * 16)
    assert not opens(given, kind=Kind.FACT, record="cd" * 16)
    assert opens(given, kind=Kind.FACT, record="ab" * 16, storing=True)
    assert not opens(given, kind=Kind.FACT, record="cd" * 16, storing=True)
    for other in (Kind.SENSITIVE_FACT, Kind.NOTE, Kind.ATTACHMENT):
        assert not opens(given, kind=other, record="ab" * 16)
        assert not opens(given, kind=other, record="ab" * 16, storing=True)


def test_reading_a_case_as_a_whole_covers_its_records_of_that_kind_alone() -> None:
    given = permit(Action.READ, Item(Kind.FACT, CASE.hex(), CASE))
    assert opens(given, kind=Kind.FACT, record="ab" * 16)
    assert not opens(given, kind=Kind.FACT, case=OTHER, record="ab" * 16)
    assert not opens(given, kind=Kind.SENSITIVE_FACT, record="ab" * 16)
    assert not opens(given, kind=Kind.FACT, record="ab" * 16, storing=True)


def test_leave_to_begin_a_record_opens_none_that_is_there() -> None:
    given = permit(Action.WRITE, Item(Kind.FACT, CASE.hex(), CASE))
    assert opens(given, kind=Kind.FACT, record="ab" * 16, storing=True)
    assert not opens(given, kind=Kind.FACT, record="ab" * 16)


def test_a_search_opens_its_scope_and_no_case_more() -> None:
    given = permit(Action.SEARCH, Item(Kind.NOTE, scope=frozenset({CASE})))
    assert opens(given, record="ab" * 16)
    assert not opens(given, case=OTHER, record="ab" * 16)
    assert not opens(given, kind=Kind.IDENTITY)


def test_the_second_half_is_for_the_actor_of_the_first() -> None:
    given = permit(Action.REVEAL, Item(Kind.NOTE, "", CASE))
    given.used_by(COACH.id)
    with pytest.raises(PermitInvalid):
        given.used_by(ActorId(b"b" * 16))


def test_a_permit_prints_no_item() -> None:
    assert repr(permit(Action.READ, Item(Kind.NOTE, "ab" * 16, CASE))) == "<permit read note by r-1>"


def test_a_yes_is_written_before_the_permit_exists() -> None:
    class NoLog(FakeLog):
        def append(self, event: Event, detail: Detail) -> EntryId:
            raise RuntimeError("the log cannot be written")

    guard = Guard(Always(YES), MovableClock())
    with pytest.raises(RuntimeError):
        guard.permit(NoLog(), COACH, Action.READ, Item(Kind.NOTE), purpose=Purpose.COACHING, facts=Facts())  # type: ignore[arg-type]


def test_the_entry_says_who_did_what_and_why_and_keeps_the_person_in_the_detail() -> None:
    log = FakeLog()
    Guard(Always(YES), MovableClock()).permit(
        log, COACH, Action.REVEAL, Item(Kind.NOTE, "ab" * 16, CASE, "L-1"), purpose=Purpose.COACHING, facts=Facts(),
        reason="appel", outcome="names_restored", count=3,
    )  # type: ignore[arg-type]  # fmt: skip
    ((event, detail),) = log.written
    assert (event.action, event.kind, event.verdict, event.actor) == ("reveal", "note", Verdict.ALLOW, "a-1")
    assert (event.object, event.subject, event.outcome, event.count) == ("ab" * 16, "L-1", "names_restored", 3)
    assert (event.rule, event.policy, event.session) == ("r-1", bytes(32).hex(), (b"s" * 16).hex())
    assert detail == Detail(COACH.id.hex(), "Coach", "10.0.0.1", "appel")
    assert "Coach" not in str(event)


def refusals(answer: Decision | Exception, items: Sequence[Item]) -> list[Any]:
    found = []
    log = FakeLog()
    guard = Guard(Always(answer), MovableClock())
    for item in items:
        with pytest.raises((NotFound, AccessDenied)) as refused:
            guard.permit(log, COACH, Action.READ, item, purpose=Purpose.COACHING, facts=Facts())  # type: ignore[arg-type]
        found.append(refused.value)
    assert log.written == [], "the worker writes a refusal, once it has undone the rest"
    return found


def test_a_firewall_that_breaks_denies() -> None:
    for fault in (RuntimeError("x"), MemoryError(), KeyError("y")):
        for refusal in refusals(fault, [Item(Kind.NOTE), Item(Kind.NOTE, "ab" * 16, CASE)]):
            event, detail = refusal.audit
            assert (event.verdict, event.rule, event.outcome) == (Verdict.DENY, "error", "refused")
            assert detail.name == "Coach"
            assert "x" not in str(refusal)


def test_an_answer_that_is_no_decision_denies() -> None:
    for answer in (None, True, "allow", 1, {"allow": True}):
        (refusal,) = refusals(answer, [Item(Kind.NOTE)])  # type: ignore[arg-type]
        assert refusal.audit[0].verdict is Verdict.DENY


def test_what_a_role_could_never_do_is_said_so_and_what_it_could_is_not_found() -> None:
    guard = Guard(shipped_firewall(), MovableClock())
    log = FakeLog()
    item = Item(Kind.NOTE, "ab" * 16, CASE)
    with pytest.raises(NotFound):
        guard.permit(log, COACH, Action.READ, item, purpose=Purpose.COACHING, phase=Phase.ACTIVE, facts=Facts())  # type: ignore[arg-type]
    desk = Actor(COACH.id, Role.DESK_OFFICER, CASEWORK, "brussels", COACH.session, "a-2")
    with pytest.raises(AccessDenied):
        guard.permit(
            log, desk, Action.READ, item, purpose=Purpose.COACHING, phase=Phase.ACTIVE, facts=Facts.of(own=True)
        )  # type: ignore[arg-type]
