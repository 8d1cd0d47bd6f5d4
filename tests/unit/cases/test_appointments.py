"""What can become of an appointment, when it can be meant, and what stands in its way."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vault.cases.appointments import (
    HOLDING,
    MOVES,
    AgendaRules,
    Appointment,
    Around,
    Attendee,
    AttendeeRole,
    Busy,
    Channel,
    ClashKind,
    Company,
    Occasion,
    Slot,
    Status,
    check_words,
    clashes,
    interpreter_number,
)
from vault.errors import Conflict, InvalidInput
from vault.ids import ActorId, AppointmentId, CaseId

RULES = AgendaRules()
NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
START = datetime(2026, 11, 17, 8, 0, tzinfo=UTC)
SLOT = Slot(START, START + timedelta(hours=1), Channel.DESK, "brussels-1")
#: Half past eleven in the evening in Belgium.
LATE = datetime(2026, 11, 17, 22, 30, tzinfo=UTC)
ACTOR = ActorId(b"a" * 16)
FREE = Around(has_coach=True, coach_absent=False, holiday=False)


def appointment(status: Status = Status.BOOKED) -> Appointment:
    return Appointment(
        AppointmentId(b"p" * 16), CaseId(b"c" * 16), Occasion.INTERVIEW, SLOT, "fr", "", status, frozenset(), b"", "",
        None, NOW, ACTOR, None, None, 1,
    )  # fmt: skip


def settle(old: Appointment, status: Status, at: datetime, company: Any = None) -> Appointment:
    return old.settle(status, at=at, by=ACTOR, rules=RULES, company=company)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(Status, Status)))
def test_a_listed_change_is_made_and_any_other_refused(old: Status, new: Status) -> None:
    late = START + timedelta(hours=2)
    if (old, new) in MOVES:
        after = settle(appointment(old), new, late)
        assert (after.status, after.settled_at, after.settled_by, after.version) == (new, late, ACTOR, 2)
    else:
        with pytest.raises(Conflict):
            settle(appointment(old), new, late)


def test_nobody_is_absent_before_the_time_and_the_grace_are_over() -> None:
    for minutes, fits in ((-1, False), (0, False), (29, False), (30, True)):
        at = START + timedelta(minutes=minutes)
        if fits:
            assert settle(appointment(), Status.NO_SHOW, at).status is Status.NO_SHOW
        else:
            with pytest.raises(InvalidInput, match="30 minutes after the time"):
                settle(appointment(), Status.NO_SHOW, at)


def test_nobody_attends_what_has_not_begun_but_who_is_early_may_be_received() -> None:
    with pytest.raises(InvalidInput, match="has not begun"):
        settle(appointment(), Status.ATTENDED, START - timedelta(minutes=31))
    early = settle(appointment(), Status.ATTENDED, START - timedelta(minutes=20), frozenset({AttendeeRole.LAWYER}))
    assert early.company == {AttendeeRole.LAWYER}


def test_an_excuse_and_a_cancellation_may_come_before_the_time() -> None:
    assert settle(appointment(), Status.EXCUSED, NOW).status is Status.EXCUSED
    assert settle(appointment(), Status.CANCELLED, NOW).status is Status.CANCELLED
    assert {status for status in Status if status not in HOLDING} == {
        Status.EXCUSED, Status.CANCELLED, Status.MOVED,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"desk": ""}, "a desk is named exactly where"),
        ({"channel": Channel.VIDEO}, "a desk is named exactly where"),
        ({"ends_at": START + timedelta(minutes=10)}, "lasts 15 to 240 minutes"),
        ({"ends_at": START + timedelta(hours=5)}, "lasts 15 to 240 minutes"),
        ({"ends_at": START}, "lasts 15 to 240 minutes"),
        ({"starts_at": NOW - timedelta(hours=1), "ends_at": NOW}, "lies ahead"),
        ({"starts_at": NOW, "ends_at": NOW + timedelta(hours=1)}, "lies ahead"),
        ({"starts_at": NOW + timedelta(days=181), "ends_at": NOW + timedelta(days=181, hours=1)}, "180 days ahead"),
        ({"starts_at": LATE, "ends_at": LATE + timedelta(hours=1)}, "ends on the day it begins"),
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_meant_is_refused(changed: dict[str, Any], says: str) -> None:
    SLOT.check(RULES, NOW)
    with pytest.raises(InvalidInput, match=says):
        replace(SLOT, **changed).check(RULES, NOW)


def test_an_appointment_may_end_at_midnight_in_belgium() -> None:
    midnight = datetime(2026, 11, 17, 23, 0, tzinfo=UTC)
    Slot(midnight - timedelta(hours=1), midnight, Channel.TELEPHONE).check(RULES, NOW)


def test_appointments_that_touch_do_not_overlap() -> None:
    after = Slot(SLOT.ends_at, SLOT.ends_at + timedelta(hours=1), Channel.DESK, "brussels-1")
    assert not SLOT.overlaps(after)
    assert not after.overlaps(SLOT)
    assert SLOT.overlaps(replace(after, starts_at=after.starts_at - timedelta(microseconds=1)))


@pytest.mark.parametrize(
    ("busy", "around", "kind"),
    [
        (Busy(coach=[SLOT]), FREE, ClashKind.COACH_BUSY),
        (Busy(interpreter=[SLOT]), FREE, ClashKind.INTERPRETER_BUSY),
        (Busy(person=[SLOT]), FREE, ClashKind.PERSON_BUSY),
        (Busy(), replace(FREE, coach_absent=True), ClashKind.COACH_ABSENT),
        (Busy(), replace(FREE, has_coach=False), ClashKind.NO_COACH),
        (Busy(), replace(FREE, holiday=True), ClashKind.HOLIDAY),
        (Busy(), replace(FREE, open=False), ClashKind.DESK_CLOSED),
        (Busy(), replace(FREE, walk_in=True), ClashKind.WALK_IN_HOURS),
        (Busy(), replace(FREE, no_address=True), ClashKind.NO_ADDRESS),
        (Busy(), replace(FREE, lived_in=True), ClashKind.OPEN_RETURN_PLACE),
    ],
)
def test_each_clash_is_told(busy: Busy, around: Around, kind: ClashKind) -> None:
    assert clashes(SLOT, Busy(), FREE) == ()
    assert clashes(SLOT, busy, around) == (kind,)


def test_who_is_called_needs_no_open_desk() -> None:
    call = Slot(START, START + timedelta(hours=1), Channel.TELEPHONE)
    assert clashes(call, Busy(), replace(FREE, open=False, walk_in=True, lived_in=True)) == ()


def test_all_that_stands_in_the_way_is_told_at_once() -> None:
    busy = Busy([SLOT], [SLOT], [SLOT])
    around = Around(False, True, True, open=False, walk_in=True, no_address=True, lived_in=True)
    assert clashes(SLOT, busy, around) == tuple(ClashKind)


def test_the_company_comes_back_as_it_was_sealed_and_never_prints() -> None:
    company = Company(
        (Attendee(AttendeeRole.LAWYER, "Me Inventée", "Barreau"), Attendee(AttendeeRole.TRUSTED_PERSON, "Zoé")), "TI-7"
    )
    assert Company.decode(company.encode()) == company
    assert company.roles == {AttendeeRole.LAWYER, AttendeeRole.TRUSTED_PERSON, AttendeeRole.INTERPRETER}
    assert "Inventée" not in repr(company)
    assert "Zoé" not in repr(company.attendees)


def test_an_interpreters_number_has_one_spelling() -> None:
    assert {interpreter_number(text) for text in ("ti-07", " TI-07 ", "Ti -07")} == {"TI-07"}
    for text in ("", "-", "é", "7" * 21, "A/7", "A\n;7", "Hirondelle", "A-B"):
        with pytest.raises(InvalidInput):
            interpreter_number(text)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("eo", "", ""), "language"), (("fr", "il a peur", ""), "leaflet"), (("fr", "-1", ""), "leaflet"),
        (("fr", "x" * 41, ""), "leaflet"), (("fr", "2026-1", "Tigrinya"), "interpreting"),
    ],
)  # fmt: skip
def test_words_that_are_no_codes_are_refused(words: tuple[str, str, str], field: str) -> None:
    check_words("fr", "2026-1.b", "ti")
    with pytest.raises(InvalidInput) as refused:
        check_words(*words)
    assert refused.value.field == field
