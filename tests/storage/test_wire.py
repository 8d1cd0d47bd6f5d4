"""Steps that travel together: each gets its own rows; one that fails stops those behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.pq import TransactionStatus

from bench.pg import Postgres
from gateway.settings import Settings
from tests.crash.checks import faults
from tests.house import House, house_on
from vault.audit.events import Detail, Event, Verdict
from vault.audit.log import WrittenEntry
from vault.ids import EntryId
from vault.storage import wire
from vault.storage.hot import outbox_rows
from vault.storage.wire import BYTEA, INT4, Control, Statement
from vault.storage.worker import Job
from vault.unit_of_work import AttemptRow
from vault.vocabulary import CASEWORK

STORED = Event("sign_in_refused", "session", Verdict.ALLOW, actor="a-test", outcome="kept")
BEGIN, COMMIT = Control("BEGIN", "BEGIN"), Control("COMMIT", "COMMIT")


@pytest.fixture
def connection(postgres: Postgres) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as opened:
        opened.execute("CREATE TEMPORARY TABLE things (name bytea PRIMARY KEY)")
        yield opened


def add(name: str = "add") -> Statement:
    return Statement(name, "INSERT INTO things SELECT * FROM unnest($1)", [BYTEA])


def read(name: str = "read") -> Statement:
    return Statement(name, "SELECT name FROM things WHERE name = ANY($1) ORDER BY name", [BYTEA], (wire.raw,))


def there(connection: psycopg.Connection[Any]) -> set[bytes]:
    return {bytes(row[0]) for row in connection.execute("SELECT name FROM things")}


def test_each_step_gets_its_own_rows_in_order(connection: psycopg.Connection[Any]) -> None:
    adding, reading = add(), read()
    for turn in range(3):  # prepared the first time, used again after that
        one, two = f"one {turn}".encode(), f"two {turn}".encode()
        found = wire.together(
            connection, (BEGIN, adding.of([one, two]), reading.of([two]), reading.of([one, two]), reading.of([b"none"]))
        )
        assert found == [[], [], [[two]], [[one], [two]], []]
        assert connection.info.transaction_status == TransactionStatus.INTRANS
        assert wire.run(connection, COMMIT) == []
    assert len(there(connection)) == 6


def test_single_values_and_none_among_them(connection: psycopg.Connection[Any]) -> None:
    telling = Statement(
        "tell", "SELECT $1, $2 IS NULL, $3 + 1", [BYTEA, BYTEA, INT4], (wire.raw, wire.raw, wire.integer), one=True
    )
    values = (b"\x00{}", None, wire.int4(-8))
    for found in (wire.run(connection, telling.of_one(*values)), *wire.together(connection, [telling.of_one(*values)])):
        assert found == [[b"\x00{}", b"\x01", -7]]


def test_a_step_that_fails_keeps_the_commit_behind_it_from_being_done(connection: psycopg.Connection[Any]) -> None:
    adding = add()
    wire.run(connection, adding.of([b"twice"]))
    wire.together(connection, (BEGIN, adding.of([b"first"])))
    with pytest.raises(psycopg.errors.UniqueViolation):
        wire.together(connection, (adding.of([b"twice"]), COMMIT))
    assert connection.info.transaction_status == TransactionStatus.INERROR, "still open: it can be undone for certain"
    wire.run(connection, Control("ROLLBACK", "ROLLBACK"))
    assert there(connection) == {b"twice"}
    assert wire.together(connection, (BEGIN, read().of([b"twice"]), COMMIT)) == [[], [[b"twice"]], []]


def test_a_commit_that_became_a_rollback_is_none(connection: psycopg.Connection[Any]) -> None:
    wire.run(connection, BEGIN)
    with pytest.raises(psycopg.errors.DivisionByZero):
        wire.run(connection, Statement("nought", "SELECT 1/0", [], (wire.raw,)).of())
    with pytest.raises(psycopg.OperationalError, match="COMMIT was not done"):
        wire.run(connection, COMMIT)
    assert connection.info.transaction_status == TransactionStatus.IDLE


def test_a_control_that_is_prepared_says_what_was_done(connection: psycopg.Connection[Any], postgres: Postgres) -> None:
    begin, commit = Control("BEGIN", "BEGIN", name="begin"), Control("COMMIT", "COMMIT", name="commit")
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as other:
        for there_too in (connection, connection, other):  # what was prepared on one is prepared anew on the next
            assert wire.together(there_too, (begin, commit)) == [[], []]
    for name in (b"begin", b"commit"):
        prepared = connection.execute("SELECT statement FROM pg_prepared_statements WHERE name = %s", (name.decode(),))
        assert prepared.fetchone() == (name.decode().upper(),)
    fresh = Control("COMMIT", "COMMIT", name="commit in vain")
    wire.run(connection, Control("BEGIN", "BEGIN"))
    with pytest.raises(psycopg.errors.DivisionByZero):
        wire.run(connection, Statement("nought", "SELECT 1/0", [], (wire.raw,)).of())
    with pytest.raises(psycopg.OperationalError, match="COMMIT was not done"):
        wire.together(connection, (fresh,))
    assert connection.info.transaction_status == TransactionStatus.IDLE


def test_a_step_begun_on_one_connection_waits_while_another_is_used(
    connection: psycopg.Connection[Any], postgres: Postgres
) -> None:
    adding, reading = add(), read()
    wire.run(connection, adding.of([b"here"]))
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as other:
        coming = wire.begun(connection, reading.of([b"here"]))
        assert wire.together(other, (BEGIN, COMMIT)) == [[], []]
        assert coming() == [[b"here"]]
    assert wire.run(connection, reading.of([b"here"])) == [[b"here"]], "the connection is free again"


def test_a_connection_that_breaks_is_an_error_and_no_answer(
    connection: psycopg.Connection[Any], postgres: Postgres
) -> None:
    reading = read()
    wire.run(connection, reading.of([b"x"]))
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
    with pytest.raises(psycopg.Error):
        wire.together(connection, (BEGIN, reading.of([b"x"]), COMMIT))
    with pytest.raises(psycopg.Error):
        wire.run(connection, COMMIT)


def test_a_wrong_guess_at_a_key_costs_a_look_and_no_answer(house: House) -> None:
    """Which key a record was under is remembered on PostgreSQL. What is remembered may be out of date."""
    coach = house.client("coach")
    case = house.open_case(coach)
    notes = [house.write_note(coach, case) for _ in range(2)]
    hot: Any = house.services.worker._runner.hot._on
    for turn in range(3):
        assert [coach.get(f"/cases/{case}/notes/{note}").status_code for note in notes] == [200, 200], turn
        if not house.services.store.sqlite:
            assert set(hot._key_ids) >= {bytes.fromhex(note) for note in notes}
            hot._key_ids.update(dict.fromkeys(hot._key_ids, bytes([turn]) * 16))


def test_what_a_use_case_stores_travels_with_its_savepoint_and_entry(
    postgres_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One round trip, in which the savepoint of the one before is let go as well; the last one's goes with COMMIT."""
    together, trips = wire.together, list[list[str]]()

    def watched(connection: Any, steps: Any) -> Any:
        trips.append([step.sql.split(b" (")[0].decode() for step in steps])
        return together(connection, steps)

    with house_on(postgres_settings) as house:
        worker = house.services.worker

        def store(uow: Any) -> None:
            entry = uow.audit.append(STORED, Detail(name="somebody"))
            uow.attempts.put(CASEWORK, entry.raw * 2, AttemptRow(1, house.clock.now(), None), entry)

        worker.run(CASEWORK, store)  # announces the lane
        monkeypatch.setattr(wire, "together", watched)
        jobs = [Job(CASEWORK, store) for _ in range(2)]
        worker._runner.run(jobs)
        assert [job.error for job in jobs] == [None, None]
        begin, save, entry = "BEGIN", "SAVEPOINT use_case", "WITH e AS"
        assert trips == [[begin], [save, entry], [f"RELEASE {save}", save, entry]]
        assert faults(house.settings) == []


LANES = [bytes([n]) * 8 for n in (1, 2)]


@given(st.lists(st.tuples(st.integers(0, 1), st.booleans(), st.integers(0, 3)), max_size=30))
def test_outbox_rows_cover_every_entry_once_and_keep_details_apart(written: list[tuple[int, bool, int]]) -> None:
    numbers, entries = [0, 0], []
    for lane, detailed, gap in written:
        numbers[lane] += 1 + (gap if gap > 1 else 0)  # a gap: an entry of another group stands there
        entry = EntryId(LANES[lane] + numbers[lane].to_bytes(8, "big"))
        entries.append(WrittenEntry(entry, None, b"", 7, b"sealed" if detailed else None))  # type: ignore[arg-type]
    rows = outbox_rows(entries)
    covered = [
        first[:8] + (int.from_bytes(first[8:], "big") + step).to_bytes(8, "big")
        for first, run, _, _ in rows
        for step in range(run)
    ]
    assert sorted(covered) == sorted(entry.id.raw for entry in entries)
    assert {first for first, _, _, detail in rows if detail} == {entry.id.raw for entry in entries if entry.detail}
    assert all(run == 1 for _, run, _, detail in rows if detail)
    assert all(epoch == 7 for _, _, epoch, _ in rows)
