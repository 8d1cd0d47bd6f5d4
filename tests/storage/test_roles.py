"""The store wall, tried from outside: log in as each role on a real PostgreSQL and try everything.

`EXPECTED` is written by hand from the requirements and shares nothing with `roles.RIGHTS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from bench.pg import Postgres
from tests.attacks.walled import ZONES, Walled
from tests.house import CARITAS, FEDASIL
from tests.storage.wall import (
    DELETABLE,
    PARENTS,
    SAMPLES,
    TABLES,
    WITHDRAWN,
    allowed,
    attempt,
    database_of,
    furnished,
    insert,
    lane_of,
    sample,
)
from vault.storage import tables
from vault.storage.roles import RIGHTS, role_name
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone, ZoneKind

# Which rows each kind of zone may read | add: `all`, `own` (rows of its zone), `lane` (in lanes of its zone), `to`
# (rows addressed to it), `open` (of these, what was not withdrawn), `sent` (rows from it to another), `mail` (rows from
# it to casework), `inbox` (rows addressed to casework), `told` (rows that say it is told), `ids` (of what it sent which
# there are, and not what is in them), `asked` (addressed to who reads requests for access), `-` nothing. `SETTABLE`
# names the columns it may set, on the rows it may read. Only casework deletes: from `DELETABLE`, of an erased case.
EXPECTED: Final = """
table                 casework                follow_up       partner         oversight
log.entries           -    lane               -    lane       -    lane       all  lane
log.outbox            -    lane               -    lane       -    lane       all  lane
log.filed             -    -                  -    -          -    -          all  all
log.filings           -    -                  -    -          -    -          all  all
log.lanes             own  own                own  own        own  own        all  own
log.installation      all  -                  all  -          all  -          all  -
log.heads             all  -                  all  -          all  -          all  -
log.leaves            -    -                  -    -          -    -          all  -
log.tiles             -    -                  -    -          -    -          all  -
log.checkpoints       -    -                  -    -          -    -          all  -
log.cosignatures      -    -                  -    -          -    -          all  -
auth.staff            own  own                own  own        own  own        own  own
auth.sessions         own  own                own  own        own  own        own  own
auth.attempts         own  own                own  own        own  own        own  own
auth.passkeys         own  own                own  own        own  own        all  own
auth.passkey_words    told own                told own        told own        all  own
auth.recovery_codes   own  own                own  own        own  own        own  own
auth.federated_identities own  own            own  own        own  own        own  own
casework.cases        all  all                -    -          -    -          -    -
casework.case_events  all  all                -    -          -    -          -    -
casework.data_keys    all  all                -    -          -    -          -    -
casework.records      all  all                -    -          -    -          -    -
casework.blind_index  all  all                -    -          -    -          -    -
casework.consents     all  all                -    -          -    -          -    -
casework.attachments  all  all                -    -          -    -          -    -
casework.attachment_chunks all all            -    -          -    -          -    -
casework.tasks        all  all                -    -          -    -          -    -
casework.drafts       all  all                -    -          -    -          -    -
casework.break_glass  all  all                -    -          -    -          -    -
casework.case_samples all  all                -    -          -    -          -    -
casework.case_sample_ends all all              -    -          -    -          -    -
casework.orders       all  all                -    -          -    -          -    -
casework.review_counts all all                -    -          -    -          -    -
casework.coaches      all  all                -    -          -    -          -    -
casework.absences     all  all                -    -          -    -          -    -
casework.assignments  all  all                -    -          -    -          -    -
casework.conflicts    all  all                -    -          -    -          -    -
casework.appointments all  all                -    -          -    -          -    -
casework.desk_cells   all  all                -    -          -    -          -    -
casework.calendar_feeds all all               -    -          -    -          -    -
casework.referrals    all  all                -    -          -    -          -    -
casework.referral_events all  all             -    -          -    -          -    -
casework.taken_requests all all               -    -          -    -          -    -
exchange.releases     ids  sent               to   -          open -          to   -
exchange.withdrawals  ids  sent               -    -          to   -          all  -
exchange.receipts     to   -                  -    -          mail mail       all  -
exchange.review_questions to -                -    -          -    -          all  all
exchange.answers      to   -                  -    -          -    mail       -    -
exchange.access_requests all own              own  own        -    -          all  -
exchange.access_copies to  own                to   own        -    -          to   -
exchange.access_answers all own               told -          told -          all  own
exchange.grants       all  sent               to   -          to   -          all  -
exchange.ceremonies   all  sent               to   -          -    -          all  -
exchange.erasures     all  sent               -    -          -    -          to   -
exchange.erasure_words told -                 -    -          -    -          own  own
exchange.tombstones   all  all                all  -          all  -          all  -
casework.erasure_cases all all                -    -          -    -          -    -
casework.buried_keys  all  all                -    -          -    -          -    -
casework.buried_acts  all  all                -    -          -    -          -    -
keystore.buried_cases all  all                all  -          all  -          all  -
keystore.wraps        all  all                to   asked      to   inbox      to   -
keystore.detail_keys  -    all                -    all        -    all        all  all
keystore.details      -    -                  -    -          -    -          all  -
keystore.installation all  -                  all  -          all  -          all  -
keystore.generations  all  -                  all  -          all  -          all  -
"""
_STATUS: Final = set(tables.cases.c.keys()) - {"case_id"}
#: Columns that may be set. Every kind of zone has `auth`, oversight has `log`; the rest is casework's.
SETTABLE: Final[dict[str, set[str]]] = {
    "auth.staff": {"totp_step", "entry_id"},
    "auth.sessions": {"ended_at", "releases_until", "entry_id"},
    "auth.attempts": {"failures", "since", "blocked_until", "entry_id"},
    "auth.passkeys": {"counter", "challenge_at", "used_at", "entry_id"},
    "auth.recovery_codes": {"used_at", "entry_id"},
    "auth.federated_identities": {"ended_at", "entry_id"},
    "casework.cases": _STATUS,
    "casework.consents": {"withdrawn_at", "entry_id"},
    "casework.referrals": {
        "status", "consent_id", "sent_at", "withdrawn_at", "receipt_due", "version", "entry_id",
    },
    "exchange.answers": {"taken_at", "entry_id"},
    "exchange.review_questions": {"answered_at", "entry_id"},
    "log.filings": {"ended", "entry_id"},
    "casework.attachments": {"chunks", "described_at", "swept_at", "entry_id"},
    "casework.attachment_chunks": {"sealed", "entry_id"},
    "casework.tasks": {"due_on", "remind_on", "done_at", "version", "entry_id"},
    "casework.drafts": {
        "version",
        "template",
        "language",
        "saved_at",
        "expires_at",
        "key_id",
        "sealed",
        "entry_id",
    },
    "casework.break_glass": {"decided_by", "decided_at", "expires_at", "ended_at", "entry_id"},
    "casework.orders": {"household", "facts", "updates", "missing", "entry_id"},
    "casework.coaches": {"types", "capacity", "entry_id"},
    "casework.absences": {"last_day", "handed_over_at", "returned_at", "entry_id"},
    "casework.conflicts": {"declared_at", "declared_by", "withdrawn_at", "entry_id"},
    "casework.appointments": {
        "status",
        "company",
        "interpreter",
        "settled_at",
        "settled_by",
        "version",
        "entry_id",
    },
    "casework.desk_cells": {"appointment_id", "entry_id"},
    "casework.calendar_feeds": {"revoked_at", "entry_id"},
    "exchange.grants": {"revoked_at", "revoked_for", "erased_at", "entry_id"},
    "exchange.ceremonies": {"ended_at", "ended_by", "ended_for", "erased_at", "opened_share", "entry_id"},
    "keystore.wraps": {"wrap"},
    "exchange.tombstones": {"done_at", "entry_id"},
    "casework.erasure_cases": {"lapsed_at", "entry_id"},
}  # fmt: skip
#: Where a kind of zone changes fewer rows than it reads: oversight sees everybody's passkeys and counts its own.
CHANGED: Final = {(ZoneKind.OVERSIGHT, "auth.passkeys"): "own"}
#: What oversight sets of a ceremony: the second share and its minutes, and that it ended it.
LETS_GO: Final = {
    "opened_at", "expires_at", "opened_decision", "opened_share", "opened_signature", "ended_at", "ended_by",
    "ended_for", "entry_id",
}  # fmt: skip
#: Who reads requests for access.
ASKED: Final = (CASEWORK, FOLLOW_UP, OVERSIGHT)


def expected() -> dict[tuple[ZoneKind, str], tuple[str, str]]:
    header, *lines = EXPECTED.strip().splitlines()
    kinds = [ZoneKind(name) for name in header.split()[1:]]
    found = {}
    for line in lines:
        name, *cells = line.split()
        for place, kind in enumerate(kinds):
            found[kind, name] = (cells[2 * place], cells[2 * place + 1])
    return found


CELLS: Final = expected()


def covered(what: str, zone: Zone, row: dict[str, Any]) -> bool:
    """Whether a row is among those that a word of `EXPECTED` names."""
    reader, sender = row.get("reader"), row.get("sender")
    return {
        "all": True,
        "own": row.get("zone") == str(zone),
        "lane": row.get("entry_id", b"")[:8] == lane_of(zone),
        "to": reader == str(zone),
        "open": reader == str(zone) and int(row.get("release_id", b"\0")[0]) <= WITHDRAWN,
        "sent": sender == str(zone) and reader != str(zone),
        "mail": sender == str(zone) and reader == str(CASEWORK),
        "inbox": reader == str(CASEWORK),
        "told": row.get("told_to") == str(zone),
        "ids": sender == str(zone) and reader != str(zone),
        "asked": reader in {str(each) for each in ASKED},
        "-": False,
    }[what]


@pytest.fixture(scope="module")
def wall(postgres: Postgres) -> Iterator[Walled]:
    with furnished(postgres) as made:
        yield made


@pytest.fixture(scope="module")
def logins(wall: Walled) -> Iterator[dict[tuple[Zone, str], psycopg.Connection]]:
    opened = {(zone, which): wall.connect(zone, which) for zone in ZONES for which in ("main", "keystore")}
    yield opened
    for connection in opened.values():
        connection.close()


#: An update must name another entry than the row named before.
_ANOTHER: Final = (
    "CASE WHEN entry_id = decode(repeat('01', 16), 'hex') THEN decode(repeat('02', 16), 'hex') "
    "ELSE decode(repeat('01', 16), 'hex') END"
)
Logins = dict[tuple[Zone, str], psycopg.Connection]
ROLE_AND_TABLE: Final = [pytest.param(zone, name, id=f"{role_name(zone)}-{name}") for zone in ZONES for name in TABLES]


@pytest.mark.parametrize(("zone", "table"), ROLE_AND_TABLE)
def test_a_role_reads_exactly_its_rows(logins: Logins, zone: Zone, table: str) -> None:
    connection, what = logins[zone, database_of(table)], CELLS[zone.kind, table][0]
    if what == "-":
        assert not allowed(connection, f"SELECT count(*) FROM {table}")
        assert not allowed(connection, f"COPY {table} TO STDOUT")
        return
    wanted = [row for row in SAMPLES[table] if covered(what, zone, row)]
    if what == "ids":
        assert not allowed(connection, f"SELECT signature FROM {table}")
        with attempt(connection):
            found = connection.execute(f"SELECT release_id FROM {table}".encode()).fetchall()
        assert sorted(bytes(row[0]) for row in found) == sorted(row["release_id"] for row in wanted)
        return
    with attempt(connection):
        cursor = connection.execute(f"SELECT * FROM {table}".encode())
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert wanted
    assert sorted(map(_told, rows)) == sorted(map(_told, wanted))


def _told(row: dict[str, Any]) -> str:
    return repr(sorted((name, bytes(value) if isinstance(value, memoryview) else value) for name, value in row.items()))


@pytest.mark.parametrize(("zone", "table"), ROLE_AND_TABLE)
def test_a_role_adds_exactly_its_rows(logins: Logins, zone: Zone, table: str) -> None:
    connection, what = logins[zone, database_of(table)], CELLS[zone.kind, table][1]
    for owner in ZONES:
        for sender in ZONES if "sender" in TABLES[table].columns else (None,):
            row = sample(table, owner, 40)
            if sender is not None:
                row |= {"reader": str(owner), "sender": str(sender)}
            added = True
            try:
                with attempt(connection):
                    insert(connection, table, row)
            except InsufficientPrivilege:
                added = False
            except psycopg.errors.ForeignKeyViolation:
                pass  # checked after privileges and policies: the row itself was let in
            assert added == covered(what, zone, row), f"a row of {owner}, sent by {sender}"


@pytest.mark.parametrize(("zone", "table"), ROLE_AND_TABLE)
def test_a_role_changes_what_moves_and_removes_what_is_erased_alone(logins: Logins, zone: Zone, table: str) -> None:
    connection = logins[zone, database_of(table)]
    owner = OVERSIGHT if table.startswith("log.") else CASEWORK
    settable = SETTABLE.get(table, set()) if table.startswith("auth.") or zone == owner else set()
    settable = LETS_GO if (zone, table) == (OVERSIGHT, "exchange.ceremonies") else settable
    columns = TABLES[table].columns.keys()
    changed = {name for name in columns if allowed(connection, f"UPDATE {table} SET {name} = NULL WHERE false")}
    assert changed == settable
    if "entry_id" in settable:
        with attempt(connection):
            rows = connection.execute(f"UPDATE {table} SET entry_id = {_ANOTHER}".encode()).rowcount
        changeable = CHANGED.get((zone.kind, table), CELLS[zone.kind, table][0])
        assert rows == sum(covered(changeable, zone, row) for row in SAMPLES[table])
    removes = zone == CASEWORK and table in DELETABLE
    assert allowed(connection, f"DELETE FROM {table} WHERE false") is removes
    if removes:  # of the samples no case has a tombstone, and none is being erased
        with attempt(connection):
            assert connection.execute(f"DELETE FROM {table}".encode()).rowcount == 0
    for statement in (
        f"TRUNCATE {table} CASCADE",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} ADD COLUMN mine integer",
        f"CREATE POLICY mine ON {table} USING (true)",
        f"DROP TABLE {table} CASCADE",
    ):
        assert not allowed(connection, statement), statement


def test_the_chunks_of_a_described_file_cannot_be_changed(wall: Walled, logins: Logins) -> None:
    """Until somebody has described a file casework may empty it; from then on nobody may."""
    one = bytes([1]) * 16
    empty = f"UPDATE casework.attachment_chunks SET sealed = '', entry_id = {_ANOTHER}"
    with wall.superuser("main") as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE casework.attachments SET described_at = 1 WHERE attachment_id = %s", (one,))
    try:
        with attempt(logins[CASEWORK, "main"]):
            assert logins[CASEWORK, "main"].execute(empty.encode()).rowcount == len(ZONES) - 1
        with attempt(logins[CASEWORK, "main"]):
            reset = f"UPDATE casework.attachments SET described_at = NULL, entry_id = {_ANOTHER}"
            assert logins[CASEWORK, "main"].execute(reset.encode()).rowcount == len(ZONES) - 1
    finally:
        with wall.superuser("main") as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute("UPDATE casework.attachments SET described_at = NULL")


def test_casework_takes_away_rows_of_a_case_with_a_tombstone_and_of_no_other(wall: Walled, logins: Logins) -> None:
    """In the samples the first zone's rows are all of one case, and of one request about it."""
    one = bytes([1]) * 16
    connection = logins[CASEWORK, "main"]
    of_case = [name for name in DELETABLE if "case_id" in TABLES[name].columns]
    asked = ("exchange.access_copies", "exchange.access_answers", "exchange.grants", "exchange.ceremonies")
    with wall.superuser("main") as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("INSERT INTO exchange.tombstones VALUES (%s, 1, 1, %s)", (one, one))
    try:
        for name in (*of_case, *asked, "casework.attachment_chunks", "casework.referral_events"):
            with attempt(connection):
                try:
                    assert connection.execute(f"DELETE FROM {name}".encode()).rowcount == 1, name
                except psycopg.errors.ForeignKeyViolation:
                    assert name in PARENTS, name
        for name in ("exchange.releases", "exchange.answers", "exchange.receipts", "exchange.withdrawals"):
            with attempt(connection):
                assert connection.execute(f"DELETE FROM {name}".encode()).rowcount == 0, "no erasure runs"
    finally:
        with wall.superuser("main") as admin:
            admin.execute("DELETE FROM exchange.tombstones WHERE case_id = %s", (one,))


def test_casework_may_empty_a_wrap_and_never_replace_one(logins: Logins) -> None:
    connection = logins[CASEWORK, "keystore"]
    with attempt(connection):
        assert connection.execute("UPDATE keystore.wraps SET wrap = ''").rowcount == len(ZONES)
    for value in ("'x'", "decode('00', 'hex')"):
        assert not allowed(connection, f"UPDATE keystore.wraps SET wrap = {value} WHERE reader = 'follow_up'")
    for zone in (FOLLOW_UP, OVERSIGHT, CARITAS):
        assert not allowed(logins[zone, "keystore"], "UPDATE keystore.wraps SET wrap = ''")


def test_follow_up_is_told_of_no_approval(logins: Logins) -> None:
    """Nor does it see an answer that another zone is told of."""
    with attempt(logins[FOLLOW_UP, "main"]):
        rows = logins[FOLLOW_UP, "main"].execute("SELECT told_to FROM exchange.access_answers").fetchall()
    assert rows == [("follow_up",)]
    assert not allowed(logins[FOLLOW_UP, "main"], "INSERT INTO exchange.grants DEFAULT VALUES")


def test_the_declaration_names_every_table() -> None:
    assert set(RIGHTS) == set(TABLES)


def test_follow_up_cannot_even_name_a_narrative_row(logins: Logins) -> None:
    connection = logins[FOLLOW_UP, "main"]
    for statement in (
        "SELECT 1 FROM casework.records",
        "SELECT 'casework.records'::regclass",
        "SELECT has_table_privilege('casework.records', 'SELECT') FROM casework.records LIMIT 0",
        "EXPLAIN SELECT 1 FROM casework.records",
        "LOCK TABLE casework.records IN ACCESS SHARE MODE",
        "ANALYZE casework.records; SELECT most_common_vals FROM pg_stats WHERE schemaname = 'casework' AND 1 / 0 = 1",
    ):
        with pytest.raises(psycopg.Error), attempt(connection):
            connection.execute(statement.encode())
    with attempt(connection):
        assert connection.execute("SELECT count(*) FROM pg_stats WHERE schemaname = 'casework'").fetchone() == (0,)


def test_caritas_sees_no_row_of_fedasil(logins: Logins) -> None:
    for which, tables_of in (
        (
            "main",
            (
                "auth.staff",
                "auth.sessions",
                "auth.attempts",
                "exchange.releases",
                "exchange.withdrawals",
                "exchange.receipts",
            ),
        ),
        ("keystore", ("keystore.wraps",)),
    ):
        connection = logins[CARITAS, which]
        for table in tables_of:
            column = "zone" if table.startswith("auth") else "sender" if table.endswith("receipts") else "reader"
            with attempt(connection):
                seen = connection.execute(f"SELECT count(*) FROM {table} WHERE {column} = '{FEDASIL}'".encode())
                assert seen.fetchone() == (0,)


@pytest.mark.parametrize("zone", ZONES, ids=role_name)
@pytest.mark.parametrize("which", ["main", "keystore"])
def test_a_role_cannot_become_another(logins: Logins, zone: Zone, which: str) -> None:
    connection, role = logins[zone, which], role_name(zone)
    other = role_name(next(each for each in ZONES if each != zone))
    for statement in (
        f"SET ROLE {other}",
        "SET ROLE postgres",
        f"SET SESSION AUTHORIZATION {other}",
        "SET SESSION AUTHORIZATION postgres",
        f"ALTER ROLE {role} SUPERUSER",
        f"ALTER ROLE {role} BYPASSRLS",
        f"ALTER ROLE {other} PASSWORD 'mine'",
        f"GRANT {other} TO {role}",
        f"CREATE ROLE another IN ROLE {other}",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "SELECT pg_read_file('/etc/hostname')",
        "SELECT rolpassword FROM pg_authid",
    ):
        assert not allowed(connection, statement), statement
    with attempt(connection):
        assert connection.execute("SELECT current_user, session_user").fetchone() == (role, role)


@pytest.mark.parametrize("zone", ZONES, ids=role_name)
def test_a_role_makes_nothing_that_could_shadow_our_tables(logins: Logins, zone: Zone) -> None:
    for which, table in (("main", "entries"), ("keystore", "wraps")):
        connection = logins[zone, which]
        for statement in (
            f"CREATE TEMP TABLE {table} (mine integer)",
            f"CREATE TABLE public.{table} (mine integer)",
            f"CREATE VIEW public.{table} AS SELECT 1",
            "CREATE SCHEMA log2",
            f"CREATE SCHEMA {role_name(zone)}",
            "CREATE FUNCTION public.max(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
            "CREATE FUNCTION pg_temp.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "CREATE EXTENSION dblink",
            "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION now()",
        ):
            assert not allowed(connection, statement), statement


def test_switching_row_security_off_shows_an_error_not_rows(logins: Logins) -> None:
    connection = logins[FOLLOW_UP, "main"]
    assert not allowed(connection, "SET row_security = off; SELECT * FROM auth.staff")


def test_no_setting_of_the_client_changes_what_it_sees(logins: Logins) -> None:
    connection = logins[FOLLOW_UP, "main"]
    with attempt(connection):
        for name in ("role.zone", "parefeu.zone", "app.zone", "request.zone"):
            connection.execute("SELECT set_config(%s, 'casework', false)", (name,))
        connection.execute("SET search_path = casework, auth, pg_catalog")
        assert connection.execute("SELECT DISTINCT zone FROM auth.staff").fetchall() == [("follow_up",)]


def test_a_function_in_the_condition_sees_no_foreign_row(logins: Logins) -> None:
    """A condition that fails on a row it sees would tell that row's content, if it ran before the policy."""
    connection = logins[FOLLOW_UP, "main"]
    with attempt(connection):
        leak = "SELECT zone FROM auth.staff WHERE 1 / (length(zone) - length('casework')) IS NOT NULL"
        assert connection.execute(leak).fetchall() == [("follow_up",)]


def test_one_roles_password_opens_no_other(wall: Walled) -> None:
    url = wall.server.url(wall.names[0], f"{role_name(CASEWORK)}:{wall.passwords[FOLLOW_UP]}")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_strangers_do_not_connect(wall: Walled) -> None:
    with psycopg.connect(wall.main, autocommit=True) as admin:
        admin.execute("CREATE ROLE stranger LOGIN")
    try:
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(wall.server.url(wall.names[0], "stranger"))
    finally:
        with psycopg.connect(wall.main, autocommit=True) as admin:
            admin.execute("DROP ROLE stranger")
