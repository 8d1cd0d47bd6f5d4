"""Rows: none without its entry, none changed without a new one, and what comes back is what was written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy import Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from tests import asked, erasures, passkeys, recorded, samples
from tests.api.stage import Stage
from tests.api.stage_access import Access
from tests.api.stage_people import People
from tests.crash.checks import EXPLAINS, faults
from tests.emergencies import opened
from tests.federation import linked
from tests.house import House
from tests.orders import fresh_order
from vault.audit.events import Detail, Event, Verdict
from vault.cases.flow import State, Step
from vault.cases.model import AdminFacts, Case, CaseEvent, CoachType, Origin, Place, SealedRecord
from vault.cases.referrals import Consent, Referral, ReferralStatus
from vault.errors import Conflict, StaleVersion
from vault.ids import CaseId, ConsentId, KeyId, RecordId, ReferralId, ReleaseId
from vault.storage import tables as t
from vault.unit_of_work import ReleaseRow
from vault.vocabulary import CASEWORK, FOLLOW_UP, Compartment, Kind, Provenance, Purpose, Zone

#: Tables whose rows name their entry, and how a second row is told from the first besides its primary key.
NAMING: Final[dict[Table, tuple[str, ...]]] = {
    t.staff: ("actor_id", "login"), t.sessions: ("token_hash",), t.attempts: ("subject",), t.cases: ("case_id",),
    t.case_events: ("number",), t.data_keys: ("key_id", "compartment"), t.records: ("record_id",),
    t.blind_index: ("token",), t.consents: ("consent_id",), t.releases: ("release_id",),
    t.attachments: ("attachment_id",), t.attachment_chunks: ("number",), t.tasks: ("task_id",),
    t.drafts: ("draft_id",), t.review_counts: ("number",),
    t.coaches: ("actor_id",), t.absences: ("absence_id",), t.assignments: ("number",), t.conflicts: ("coach",),
    t.appointments: ("appointment_id",), t.desk_cells: ("desk",), t.calendar_feeds: ("token_hash",),
    t.access_requests: ("request_id", "number"), t.access_copies: ("version",), t.access_answers: ("number",),
    t.taken_requests: ("request_id",), t.grants: ("release_id", "request_id"),
    t.ceremonies: ("release_id", "request_id"),
    t.orders: ("mark", "case_id"), t.break_glass: ("emergency_id", "number"),
    t.case_samples: ("sample_id", "number"), t.case_sample_ends: ("sample_id",),
    t.referrals: ("referral_id",), t.referral_events: ("number",), t.withdrawals: ("release_id",),
    t.review_questions: ("question_id",), t.receipts: ("release_id",), t.answers: ("answer_id",),
    t.passkeys: ("passkey_id", "credential"), t.passkey_words: ("said",), t.recovery_codes: ("number",),
    t.federated_identities: ("generation",), t.erasures: ("erasure_id",), t.erasure_words: ("erasure_id",),
    t.erasure_cases: ("erasure_id", "number"), t.tombstones: ("case_id",), t.buried_keys: ("key_id",),
    t.buried_acts: ("act",),
}  # fmt: skip
YES: Final = Event("write", "note", Verdict.ALLOW)


def _story(house: House) -> None:
    """At least one row in every table."""
    stage = Stage(house)
    house.app.post("/casework/session", json={"login": "nobody", "password": "x", "code": "000000"})
    passkeys.vouched(house, "far_head")
    passkeys.coded(house, "far_head")
    linked(house, "far_head")
    stage.noted()
    stage.sheet()
    coach, case = house.client("coach"), stage.case()
    opened(house, case)
    samples.done(house, samples.drawn(house))
    recorded.attach(coach, case)
    recorded.set_task(coach, case)
    recorded.save_draft(coach, case)
    made = Access(house)
    made.granted()
    asked.opened(house, made.case_named())
    assert house.client("desk").post("/orders", json=fresh_order()).status_code == 200
    release = stage.withdrawn("caritas")
    house.client("caritas").post(f"/withdrawals/{release}/receipt", json={"outcome": "deleted"})
    stage.answered(taken=True)
    stage.asked_about()
    house.client("dpo").delete("/session")
    people = People(house, stage.case)
    people.conflict()
    people.profile("colleague")
    people.absence()
    people.appointment()
    people.calendar()
    assert house.client("head").post(f"/cases/{people.case()}/assignment", json={}).status_code == 200
    _erased(house)


def _erased(house: House) -> None:
    """A case that a partner had something of, and let go."""
    coach, case = house.client("coach"), erasures.full_case(house)
    referral = house.consent(coach, case, "caritas")
    release = house.send(coach, case, referral)
    house.withdraw(coach, case, referral)
    told = house.client("caritas").post(f"/withdrawals/{release}/receipt", json={"outcome": "deleted"})
    assert told.status_code == 201, told.text
    assert coach.post(f"/cases/{case}/steps/close", json={"outcome": "STAY_OBTAINED"}).status_code == 201
    for login in ("head", "dpo"):
        house.renew(login)
    erasures.erase(house, case)


def _another(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    other = dict(row)
    for name in names:
        value = other[name]
        if isinstance(value, bytes | memoryview):
            other[name] = bytes(byte ^ 0xFF for byte in bytes(value))
        else:
            other[name] = 900 if isinstance(value, int) else "another"
    return other


def _broken(fault: IntegrityError) -> str:
    """Which sort of constraint: `foreign key`, `check`, or something else."""
    original = fault.orig
    if isinstance(original, psycopg.Error):
        return {"23503": "foreign key", "23514": "check"}.get(original.sqlstate or "", "something else")
    assert isinstance(original, sqlite3.IntegrityError)
    names = {sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: "foreign key", sqlite3.SQLITE_CONSTRAINT_TRIGGER: "check"}
    return names.get(original.sqlite_errorcode, "something else")


def test_the_tables_that_name_an_entry_are_all_but_the_log(house: House) -> None:
    assert {table for table in t.main.sorted_tables if "entry_id" in table.c and table.schema != "log"} == set(NAMING)
    assert {table.name for table in NAMING} == set(EXPLAINS)


def test_no_row_without_its_entry_and_no_change_without_another(house: House) -> None:
    """At the statement itself, not at the commit: an immediate foreign key, and a trigger."""
    _story(house)
    with house.services.store.main.engine.connect() as connection:
        entries = [bytes(row[0]) for row in connection.execute(select(t.entries.c.entry_id))]
        connection.rollback()
        for table, names in NAMING.items():
            row = dict(connection.execute(select(table)).mappings().first() or {})
            connection.rollback()
            assert row, f"the story writes no {table.name}"
            for entry in (bytes(16), b"\xff" * 16):
                with pytest.raises(IntegrityError) as refused:
                    connection.execute(insert(table).values(_another(row, names) | {"entry_id": entry}))
                connection.rollback()
                assert _broken(refused.value) == "foreign key", table.name
            free = next(entry for entry in entries if entry != bytes(row["entry_id"]))
            with pytest.raises(IntegrityError) as kept:
                connection.execute(update(table).values({names[-1]: row[names[-1]]}))
            connection.rollback()
            assert _broken(kept.value) == "check", table.name
            where = [column == row[column.name] for column in table.primary_key.columns]
            if table is not t.releases:
                if house.services.store.sqlite:
                    connection.exec_driver_sql("BEGIN")
                assert connection.execute(update(table).where(*where).values(entry_id=free)).rowcount == 1
                connection.rollback()
            with pytest.raises(IntegrityError):
                connection.execute(update(table).where(*where).values(entry_id=bytes(16)))
            connection.rollback()
    assert faults(house.settings) == []


# -- round trips -------------------------------------------------------------------------------------


def _run(house: House, work: Callable[[Any, Any], Any]) -> Any:
    """One use case with an entry of its own."""
    return house.services.worker.run(CASEWORK, lambda uow: work(uow, uow.audit.append(YES, Detail())))


def _case(house: House, **changed: Any) -> Case:
    coach = house.staff.get("coach") or house.hire("coach")
    values: dict[str, Any] = {
        "id": CaseId(b"c" * 16), "state": State.INTAKE, "region": "brussels", "language": "nl", "coach": coach.id,
        "opened_at": house.clock.now(), "closed_at": None, "outcome": None,
        "facts": AdminFacts("13", date(2026, 12, 1), True, False, True, False, date(2026, 11, 1), 30, True),
        "version": 1, "origin": Origin.ORDER, "place": Place.RECEPTION, "coach_type": CoachType.FAMILIES,
        "criterion": "RECEPTION",
    }  # fmt: skip
    return Case(**(values | changed))


def test_a_case_comes_back_as_it_was_written(house: House) -> None:
    case = _case(house)
    _run(house, lambda uow, entry: uow.cases.add(case, entry))
    assert _run(house, lambda uow, _: uow.cases.get(case.id)) == case
    assert _run(house, lambda uow, _: uow.cases.get(CaseId(bytes(16)))) is None


def test_a_case_that_says_little_comes_back_so(house: House) -> None:
    case = _case(house, coach=None, coach_type=None, criterion="", facts=AdminFacts(), outcome=None)
    _run(house, lambda uow, entry: uow.cases.add(case, entry))
    assert _run(house, lambda uow, _: uow.cases.get(case.id)) == case


def test_a_case_is_changed_by_who_read_its_newest_version(house: House) -> None:
    case = _case(house)
    _run(house, lambda uow, entry: uow.cases.add(case, entry))
    changed = replace(case, state=State.ANALYSIS, version=2)
    _run(house, lambda uow, entry: uow.cases.update(changed, entry))
    with pytest.raises(StaleVersion):
        _run(house, lambda uow, entry: uow.cases.update(changed, entry))
    assert _run(house, lambda uow, _: uow.cases.get(case.id)) == changed


def test_steps_of_a_case_have_numbers_of_their_own(lite_house: House) -> None:
    case = _case(lite_house)
    _run(lite_house, lambda uow, entry: uow.cases.add(case, entry))
    event = CaseEvent(1, Step.GIVE_NOTICE, State.FOLLOW_UP, lite_house.clock.now(), case.coach, "fr 2026-1")
    _run(lite_house, lambda uow, entry: uow.cases.add_event(case.id, event, entry))
    assert _run(lite_house, lambda uow, _: uow.cases.events(case.id)) == [event]


def _record(house: House, case: Case, version: int, sealed: bytes) -> SealedRecord:
    return SealedRecord(
        RecordId(b"r" * 16), version, case.id, Kind.NOTE, Provenance.INTERVIEW, "intake", "fr", case.coach,
        house.clock.now(), KeyId(b"k" * 16), sealed,
    )  # fmt: skip


def test_a_version_is_written_once(house: House) -> None:
    case = _case(house)

    def begin(uow: Any, entry: Any) -> None:
        uow.cases.add(case, entry)
        uow.cases.add_key(case.id, Compartment.NARRATIVE, KeyId(b"k" * 16), entry)

    _run(house, begin)
    first, second = (_record(house, case, number, bytes([number]) * 40) for number in (1, 2))
    for record in (first, second):
        _run(house, lambda uow, entry, record=record: uow.records.add(record, entry))
    with pytest.raises(StaleVersion) as stale:
        _run(house, lambda uow, entry: uow.records.add(_record(house, case, 2, b"another"), entry))
    assert (stale.value.expected, stale.value.current) == (1, 2)
    assert _run(house, lambda uow, _: uow.records.head(first.id)) == second
    assert _run(house, lambda uow, _: uow.records.version(first.id, 1)) == first
    assert _run(house, lambda uow, _: uow.records.version(first.id, 3)) is None
    assert [head.version for head in _run(house, lambda uow, _: uow.records.versions(first.id))] == [2, 1]
    assert _run(house, lambda uow, _: uow.records.newest_head(first.id)).version == 2
    assert _run(house, lambda uow, _: uow.records.newest_head(RecordId(bytes(16)))) is None
    assert [head.version for head in _run(house, lambda uow, _: uow.records.heads(case.id, Kind.NOTE))] == [2]
    assert _run(house, lambda uow, _: uow.records.heads(case.id, Kind.IDENTITY)) == []
    assert _run(house, lambda uow, _: uow.records.newest([case.id], Kind.NOTE)) == [second]
    assert _run(house, lambda uow, _: uow.cases.key(case.id, Compartment.NARRATIVE)) == KeyId(b"k" * 16)
    assert _run(house, lambda uow, _: uow.cases.key(case.id, Compartment.IDENTITY)) is None


def test_a_caseload_is_filtered_and_paged(lite_house: House) -> None:
    coach, other = lite_house.hire("coach"), lite_house.hire("colleague")
    opened = {}
    for number in range(6):
        case = _case(
            lite_house, id=CaseId(bytes([number]) * 16), coach=other.id if number == 5 else coach.id,
            language="fr" if number % 2 else "nl", state=State.FOLLOW_UP if number < 3 else State.INTAKE,
            opened_at=lite_house.clock.now() + timedelta(minutes=number),
        )  # fmt: skip
        opened[number] = case
        _run(lite_house, lambda uow, entry, case=case: uow.cases.add(case, entry))

    def load(**wanted: Any) -> list[int]:
        rows = _run(lite_house, lambda uow, _: uow.cases.caseload(**wanted))
        assert all((row.notes, row.last_note_at) == (0, None) for row in rows)
        return [row.case.id.raw[0] for row in rows]

    assert load(coach=coach.id) == [4, 3, 2, 1, 0]
    assert load(coach=other.id) == [5]
    assert load(region="brussels", states=(State.INTAKE,)) == [5, 4, 3]
    assert load(region="liege") == []
    assert load(coach=coach.id, language="fr") == [3, 1]
    assert load(coach=coach.id, limit=2) == [4, 3]
    assert load(coach=coach.id, limit=2, before=opened[3].opened_at) == [2, 1]


def test_a_release_and_the_entry_that_allows_it_are_used_once(house: House) -> None:
    hold: list[Any] = []
    _run(house, lambda uow, entry: hold.append(entry))

    def release(number: int, decision: Any) -> ReleaseRow:
        return ReleaseRow(
            ReleaseId(bytes([number]) * 16), FOLLOW_UP, CASEWORK, Kind.OUTCOME_SHEET, Compartment.OUTCOME_SHEET,
            b"s" * 16, Purpose.OQT_FOLLOW_UP, decision, bytes(32), 1, KeyId(b"k" * 16), b"sealed", b"signed",
            house.clock.now(), None,
        )  # fmt: skip

    first = release(1, hold[0])
    _run(house, lambda uow, _: uow.releases.add(first))
    assert _run(house, lambda uow, _: uow.releases.get(first.id, first.kind)) == first
    assert _run(house, lambda uow, _: uow.releases.get(first.id, Kind.REFERRAL)) is None
    for again in (first, release(2, hold[0])):
        with pytest.raises(Conflict):
            _run(house, lambda uow, _, again=again: uow.releases.add(again))
    listed = _run(house, lambda uow, _: uow.releases.addressed(FOLLOW_UP, Kind.OUTCOME_SHEET, 10, None))
    assert listed == [first]
    assert _run(house, lambda uow, _: uow.releases.addressed(CASEWORK, Kind.OUTCOME_SHEET, 10, None)) == []
    assert (
        _run(house, lambda uow, _: uow.releases.addressed(FOLLOW_UP, Kind.OUTCOME_SHEET, 10, first.released_at)) == []
    )


def test_consents_come_back_as_they_were_given_and_end_once(house: House) -> None:
    case, partner = _case(house), Zone.parse("partner:caritas")
    _run(house, lambda uow, entry: uow.cases.add(case, entry))
    now = house.clock.now()
    first, second = (
        Consent(ConsentId(bytes([n]) * 16), case.id, partner, ("email", "phone"), now, now + timedelta(99))
        for n in (1, 2)
    )
    for consent in (first, second):
        _run(house, lambda uow, entry, consent=consent: uow.referrals.add_consent(consent, entry))
    assert _run(house, lambda uow, _: uow.referrals.consents(case.id)) == {first.id: first, second.id: second}
    ended = now + timedelta(1)
    for moment in (ended, ended + timedelta(1)):
        _run(house, lambda uow, entry, at=moment: uow.referrals.withdraw_consent(first.id, at, entry))
    assert _run(house, lambda uow, _: uow.referrals.consent(first.id)) == replace(first, withdrawn_at=ended)
    assert _run(house, lambda uow, _: uow.referrals.consent(second.id)) == second
    assert _run(house, lambda uow, _: uow.referrals.consent(ConsentId(bytes(16)))) is None


def _referral(house: House, number: int, case: Case, **changed: Any) -> Referral:
    made = Referral(
        ReferralId(bytes([number]) * 16), case.id, Zone.parse("partner:caritas"), "shelter", ("phone",),
        ReferralStatus.PROPOSED, house.clock.now(),
    )  # fmt: skip
    return replace(made, **changed)


def test_a_referral_is_changed_by_who_read_its_newest_version(house: House) -> None:
    case = _case(house)
    _run(house, lambda uow, entry: uow.cases.add(case, entry))
    referral = _referral(house, 1, case)
    _run(house, lambda uow, entry: uow.referrals.add(referral, entry))
    declined = referral.declined()
    _run(house, lambda uow, entry: uow.referrals.update(declined, entry))
    with pytest.raises(StaleVersion):
        _run(house, lambda uow, entry: uow.referrals.update(declined, entry))
    for read in ("get", "get_to_change"):
        assert _run(house, lambda uow, _, read=read: getattr(uow.referrals, read)(referral.id)) == declined
        assert _run(house, lambda uow, _, read=read: getattr(uow.referrals, read)(ReferralId(bytes(16)))) is None


def test_referrals_are_found_by_case_and_by_coach(house: House) -> None:
    own, other = _case(house), _case(house, id=CaseId(b"d" * 16), coach=house.hire("colleague").id)
    for case in (own, other):
        _run(house, lambda uow, entry, case=case: uow.cases.add(case, entry))
    made = [_referral(house, 1, own), _referral(house, 2, other), _referral(house, 3, own)]
    for referral in made:
        _run(house, lambda uow, entry, referral=referral: uow.referrals.add(referral, entry))
    assert _run(house, lambda uow, _: uow.referrals.of_case(own.id)) == [made[2], made[0]]
    of_coach = partial(_run, house)
    statuses = (ReferralStatus.PROPOSED,)
    assert of_coach(lambda uow, _: uow.referrals.of_coach(own.coach, statuses, 9)) == [made[2], made[0]]
    assert of_coach(lambda uow, _: uow.referrals.of_coach(own.coach, statuses, 1)) == [made[2]]
    assert of_coach(lambda uow, _: uow.referrals.of_coach(own.coach, (ReferralStatus.SENT,), 9)) == []
    assert of_coach(lambda uow, _: uow.referrals.of_coach(other.coach, statuses, 9)) == [made[1]]


def test_a_login_is_one_persons_in_its_zone(lite_house: House) -> None:
    lite_house.hire("coach")
    with pytest.raises(Conflict):
        lite_house.hire("coach")
    assert faults(lite_house.settings) == []


def test_the_same_number_may_stand_in_two_cases(lite_house: House) -> None:
    """People come back: the blind index says both."""
    cases = [_case(lite_house, id=CaseId(bytes([n]) * 16)) for n in (1, 2)]
    for case in cases:

        def begin(uow: Any, entry: Any, case: Case = case) -> None:
            uow.cases.add(case, entry)
            uow.cases.index(case.id, [b"t" * 32, b"t" * 32], entry)

        _run(lite_house, begin)
    assert set(_run(lite_house, lambda uow, _: uow.cases.find(b"t" * 32))) == {case.id for case in cases}
    assert _run(lite_house, lambda uow, _: uow.cases.find(b"u" * 32)) == []
