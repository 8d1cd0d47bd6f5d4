"""The store wall, tried from outside: log in as each role on a real PostgreSQL and try everything.

`EXPECTED` is written by hand from the requirements and shares nothing with `roles.RIGHTS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from bench.pg import Postgres
from gateway.auth.passwords import hash_password
from gateway.cli import main
from gateway.clock import SystemEntropy
from gateway.settings import Settings
from tests.attacks.walled import ZONES, Walled, walled
from tests.house import CARITAS, CASE, FEDASIL, STAFF, House, house_on, make_keys
from vault.errors import ConfigurationError, StoreUnavailable
from vault.storage import migrate, tables
from vault.storage.roles import RIGHTS, apply_roles, render_roles, role_name
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone, ZoneKind

pytestmark = pytest.mark.xdist_group("store_roles")  # one pair of databases with sample rows serves them all

# Which rows each kind of zone may read | add: `all`, `own` (rows of its zone), `to` (rows addressed to it),
# `sent` (rows from it to another), `-` nothing. A name after `=` in the third part is a column it may set, on the
# rows it may read. No kind deletes or truncates anything.
EXPECTED: Final = """
table                 casework                follow_up       partner         oversight
log.entries           -    all                -    all        -    all        all  all
log.outbox            -    all                -    all        -    all        all  all
log.filed             -    -                  -    -          -    -          all  all
log.filings           -    -                  -    -          -    -          all  all
log.lanes             -    own                -    own        -    own        all  own
auth.staff            own  own                own  own        own  own        own  own
auth.sessions         own  own                own  own        own  own        own  own
auth.attempts         own  own                own  own        own  own        own  own
casework.cases        all  all                -    -          -    -          -    -
casework.case_events  all  all                -    -          -    -          -    -
casework.data_keys    all  all                -    -          -    -          -    -
casework.records      all  all                -    -          -    -          -    -
casework.blind_index  all  all                -    -          -    -          -    -
casework.consents     all  all                -    -          -    -          -    -
exchange.releases     -    sent               to   -          to   -          to   -
keystore.wraps        to   all                to   -          to   -          to   -
keystore.detail_keys  -    all                -    all        -    all        all  all
keystore.details      -    -                  -    -          -    -          all  -
"""
_STATUS: Final = set(tables.cases.c.keys()) - {"case_id"}
#: Columns that may be set. Every kind of zone has `auth`, oversight has `log`; the rest is casework's.
SETTABLE: Final[dict[str, set[str]]] = {
    "auth.staff": {"totp_step", "entry_id"},
    "auth.sessions": {"ended_at", "entry_id"},
    "auth.attempts": {"failures", "since", "blocked_until", "entry_id"},
    "casework.cases": _STATUS,
    "casework.consents": {"withdrawn_at", "entry_id"},
    "log.filings": {"ended", "entry_id"},
}
TABLES: Final = {str(table): table for table in (*tables.main.sorted_tables, *tables.keys.sorted_tables)}


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


def database_of(table: str) -> str:
    return "keystore" if table.startswith("keystore.") else "main"


@pytest.fixture(scope="module")
def wall(postgres: Postgres) -> Iterator[Walled]:
    """Both databases, with a row of every zone in every table."""
    with walled(postgres) as made:
        for database in ("main", "keystore"):
            with made.superuser(database) as admin:
                admin.execute("SET session_replication_role = replica")  # no foreign keys: the rows are samples
                for name in TABLES:
                    if database_of(name) == database:
                        for number, zone in enumerate(ZONES):
                            _insert(admin, name, sample(name, zone, number))
        yield made


def sample(table: str, zone: Zone, number: int) -> dict[str, Any]:
    """A row of `table` that is `zone`'s, or addressed to it."""
    row: dict[str, Any] = {}
    for column in TABLES[table].columns:
        kind = type(column.type).__name__
        row[column.name] = {
            "LargeBinary": bytes([number + 1]) * (getattr(column.type, "length", None) or 16),
            "String": f"{number:02}",
            "Text": "x",
            "Date": None,
        }.get(kind, number + 1)
    row |= {name: str(zone) for name in ("zone", "reader") if name in row}
    if "sender" in row:
        row["sender"] = str(CASEWORK)
    if "withdrawn_at" in row:
        row["withdrawn_at"] = None
    return row


def _insert(connection: psycopg.Connection, table: str, row: dict[str, Any]) -> None:
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        ),
        list(row.values()),
    )


@contextmanager
def attempt(connection: psycopg.Connection) -> Iterator[None]:
    """Undone afterwards, whether it worked or not."""
    try:
        with connection.transaction(force_rollback=True):
            yield
    finally:
        connection.rollback()


def allowed(connection: psycopg.Connection, statement: str) -> bool:
    try:
        with attempt(connection):
            connection.execute(statement.encode())
    except InsufficientPrivilege:
        return False
    return True


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
    with attempt(connection):
        cursor = connection.execute(f"SELECT * FROM {table}".encode())
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if what == "all":
        assert len(rows) == len(ZONES)
    else:
        column = {"own": "zone", "to": "reader"}[what]
        assert [row[column] for row in rows] == [str(zone)]


@pytest.mark.parametrize(("zone", "table"), ROLE_AND_TABLE)
def test_a_role_adds_exactly_its_rows(logins: Logins, zone: Zone, table: str) -> None:
    connection, what = logins[zone, database_of(table)], CELLS[zone.kind, table][1]
    for owner in ZONES:
        for sender in (CASEWORK, FOLLOW_UP) if table == "exchange.releases" else (None,):
            row = sample(table, owner, 40)
            if sender is not None:
                row["sender"] = str(sender)
            added = True
            try:
                with attempt(connection):
                    _insert(connection, table, row)
            except InsufficientPrivilege:
                added = False
            except psycopg.errors.ForeignKeyViolation:
                pass  # checked after privileges and policies: the row itself was let in
            right = {"all": True, "own": owner == zone, "-": False}.get(what, sender == zone and owner != zone)
            assert added == right, f"a row of {owner}, sent by {sender}"


@pytest.mark.parametrize(("zone", "table"), ROLE_AND_TABLE)
def test_a_role_changes_only_the_columns_that_move_and_removes_nothing(logins: Logins, zone: Zone, table: str) -> None:
    connection = logins[zone, database_of(table)]
    owner = OVERSIGHT if table.startswith("log.") else CASEWORK
    settable = SETTABLE.get(table, set()) if table.startswith("auth.") or zone == owner else set()
    columns = TABLES[table].columns.keys()
    changed = {name for name in columns if allowed(connection, f"UPDATE {table} SET {name} = NULL WHERE false")}
    assert changed == settable
    if settable:
        with attempt(connection):
            rows = connection.execute(f"UPDATE {table} SET entry_id = {_ANOTHER}".encode()).rowcount
        assert rows == (len(ZONES) if CELLS[zone.kind, table][0] == "all" else 1)
    for statement in (
        f"DELETE FROM {table} WHERE false",
        f"TRUNCATE {table} CASCADE",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} ADD COLUMN mine integer",
        f"CREATE POLICY mine ON {table} USING (true)",
        f"DROP TABLE {table} CASCADE",
    ):
        assert not allowed(connection, statement), statement


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
        ("main", ("auth.staff", "auth.sessions", "auth.attempts", "exchange.releases")),
        ("keystore", ("keystore.wraps",)),
    ):
        connection = logins[CARITAS, which]
        for table in tables_of:
            column = "zone" if table.startswith("auth") else "reader"
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


# -- applying it ---------------------------------------------------------------------------------------


def state(wall: Walled) -> list[Any]:
    """Everything the catalogue knows about who may do what."""
    found: list[Any] = []
    for which in ("main", "keystore"):
        with wall.superuser(which) as admin:
            queries = (
                "SELECT schemaname, tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies",
                "SELECT nspname, relname, relacl::text, relrowsecurity FROM pg_class c JOIN pg_namespace n "
                "ON n.oid = relnamespace WHERE relkind = 'r' AND nspname !~ '^(pg_|information)'",
                "SELECT attrelid::regclass::text, attname, attacl::text FROM pg_attribute WHERE attacl IS NOT NULL",
                "SELECT nspname, nspacl::text FROM pg_namespace",
                "SELECT datacl::text FROM pg_database WHERE datname = current_database()",
                "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, "
                "rolbypassrls FROM pg_roles WHERE rolname LIKE 'parefeu_%'",
                "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members",
            )
            found += [sorted(map(str, admin.execute(query.encode()).fetchall())) for query in queries]
    return found


def test_applying_again_changes_nothing(wall: Walled) -> None:
    before = state(wall)
    apply_roles(wall.main, wall.keys, ZONES)
    assert state(wall) == before


def test_applying_takes_back_what_somebody_added(wall: Walled) -> None:
    before, role = state(wall), role_name(FOLLOW_UP)
    with wall.superuser() as admin:
        for statement in (
            f"GRANT USAGE ON SCHEMA casework TO {role}",
            f"GRANT SELECT ON casework.records TO {role}",
            f"GRANT UPDATE (body) ON log.entries TO {role}",
            "GRANT SELECT ON log.entries TO PUBLIC",
            "CREATE POLICY wide ON auth.staff TO PUBLIC USING (true)",
            f"CREATE POLICY narrow ON casework.records TO {role} USING (true)",
            f"GRANT {role_name(CASEWORK)} TO {role}",
            f"ALTER ROLE {role} BYPASSRLS CREATEROLE INHERIT",
            "ALTER TABLE auth.staff DISABLE ROW LEVEL SECURITY",
        ):
            admin.execute(statement.encode())
    assert state(wall) != before
    apply_roles(wall.main, wall.keys, ZONES)
    assert state(wall) == before


def test_a_grant_by_mistake_still_shows_no_row(wall: Walled) -> None:
    role = role_name(FOLLOW_UP)
    with wall.superuser() as admin:
        admin.execute(f"GRANT USAGE ON SCHEMA casework TO {role}".encode())
        admin.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA casework, log TO {role}".encode())
    try:
        with wall.connect(FOLLOW_UP) as connection:
            for table in ("casework.records", "casework.cases", "log.entries"):
                assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,)
                assert connection.execute(f"DELETE FROM {table}".encode()).rowcount == 0
    finally:
        apply_roles(wall.main, wall.keys, ZONES)


def test_a_role_that_owns_something_is_refused(wall: Walled) -> None:
    role = role_name(FOLLOW_UP)
    with wall.superuser() as admin:
        admin.execute("CREATE SCHEMA given")
        admin.execute(f"ALTER SCHEMA given OWNER TO {role}".encode())
    try:
        with pytest.raises(ConfigurationError, match="owns"):
            apply_roles(wall.main, wall.keys, ZONES)
    finally:
        with wall.superuser() as admin:
            admin.execute("DROP SCHEMA given")


def test_passwords_arrive_as_verifiers(wall: Walled) -> None:
    with wall.superuser() as admin:
        stored = admin.execute("SELECT rolpassword FROM pg_authid WHERE rolname LIKE 'parefeu_%'").fetchall()
    assert len(stored) == len(ZONES)
    assert all(row[0].startswith("SCRAM-SHA-256$") for row in stored)
    log = (wall.server.folder / "log").read_text("utf-8", errors="replace")
    assert not any(password in log for password in wall.passwords.values())


def test_an_owner_who_is_no_superuser_can_apply_it(postgres: Postgres) -> None:
    names = ("owned_main", "owned_keys")
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE ROLE operator LOGIN CREATEROLE")
        for name in names:
            admin.execute(f"CREATE DATABASE {name} OWNER operator".encode())
    zone = Zone.parse("partner:owned")
    try:
        own, keys = (postgres.url(name, "operator") for name in names)
        migrate.upgrade(own, "main")
        migrate.upgrade(keys, "keystore")
        for _ in range(2):
            apply_roles(own, keys, [zone], {zone: "a-password-of-its-own"})
        with psycopg.connect(postgres.url(names[0], f"{role_name(zone)}:a-password-of-its-own")) as connection:
            assert connection.execute("SELECT count(*) FROM exchange.releases").fetchone() == (0,)
            assert not allowed(connection, "SELECT 1 FROM casework.records")
    finally:
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
            for name in names:
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            admin.execute(f"DROP ROLE IF EXISTS {role_name(zone)}".encode())
            admin.execute("DROP ROLE operator")


def test_sqlite_has_no_roles(sqlite_settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="SQLite has no roles"):
        apply_roles(sqlite_settings.main_url, sqlite_settings.keys_url, ZONES)


def test_a_database_that_is_not_migrated_is_left_as_it_was(postgres: Postgres) -> None:
    empty = postgres.create_database("empty_of_tables")
    with pytest.raises(StoreUnavailable, match="migrated"):
        apply_roles(empty, empty, [FOLLOW_UP])


def test_the_printed_sql_is_what_runs(postgres: Postgres) -> None:
    """`--print` for review, then psql: the same state as `apply_roles`."""
    with walled(postgres) as made:
        by_program = state(made)
        apply_roles(made.main, made.keys, ZONES)
        first, second = render_roles(ZONES).split("-- keystore database")
        for which, text in (("main", first), ("keystore", second)):
            with psycopg.connect(made.main if which == "main" else made.keys, autocommit=True) as admin:
                admin.execute(text.encode())
        assert state(made) == by_program


def test_the_command_prints_the_sql_and_refuses_sqlite(
    sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["parefeu", "db", "roles", "--print", "--zone", "follow_up"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == render_roles([FOLLOW_UP])
    monkeypatch.setenv("PAREFEU_HOME", str(sqlite_settings.home))
    monkeypatch.setattr("sys.argv", ["parefeu", "db", "roles"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "SQLite has no roles" in capsys.readouterr().err


def test_the_command_makes_roles_with_passwords_from_files(
    wall: Walled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for zone in ZONES:
        file = tmp_path / str(zone).replace(":", "_")
        file.touch(mode=0o600)
        file.write_text(wall.passwords[zone] + "\n")
    monkeypatch.setenv("PAREFEU_DATABASE_URL", wall.main)
    monkeypatch.setenv("PAREFEU_KEYSTORE_URL", wall.keys)
    before = state(wall)
    zones = [part for zone in ZONES for part in ("--zone", str(zone))]
    monkeypatch.setattr("sys.argv", ["parefeu", "db", "roles", "--passwords", str(tmp_path), *zones])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert role_name(CARITAS) in capsys.readouterr().out
    assert state(wall) == before
    wall.connect(CARITAS).close()


# -- the program under its roles -----------------------------------------------------------------------


@pytest.fixture
def houses(postgres: Postgres, tmp_path: Path) -> Iterator[dict[Zone, House]]:
    """A process of each zone, in this process: each under its own role with its own keys."""
    settings = make_keys(tmp_path / "home")
    with walled(postgres) as made:
        contexts = {zone: house_on(made.settings(settings, zone)) for zone in ZONES}
        opened = {zone: context.__enter__() for zone, context in contexts.items()}
        try:
            yield opened
        finally:
            for context in contexts.values():
                context.__exit__(None, None, None)


def test_one_case_from_end_to_end_with_every_zone_under_its_own_role(houses: dict[Zone, House]) -> None:
    casework = houses[CASEWORK]
    coach, head = casework.client("coach"), casework.client("head")
    case = casework.open_case(coach)
    note = casework.write_note(coach, case)
    revised = {"text": "Deuxième version.", "language": "fr", "template": "intake", "based_on": 1}
    assert coach.put(f"/cases/{case}/notes/{note}", json=revised).status_code == 200
    assert coach.get(f"/cases/{case}/notes/{note}").json()["text"] == "Deuxième version."
    assert coach.post("/find", json={"field": "ov_number", "value": CASE["ov_number"]}).json()["cases"] != []
    assert coach.post("/search", json={"word": "version"}).json()["notes"] != []
    referral = casework.refer(coach, case)
    sheet = casework.hand_over(coach, head, case)
    officer, auditor = houses[FOLLOW_UP].client("officer"), houses[OVERSIGHT].client("auditor")
    assert officer.get(f"/sheets/{sheet}").json()["ov_number"] == CASE["ov_number"]
    assert houses[CARITAS].client("caritas").get(f"/referrals/{referral}").json()["family_name"] == "Diallo"
    assert houses[FEDASIL].client("fedasil").get(f"/referrals/{referral}").status_code == 404
    entries = auditor.get("/entries?limit=500").json()["entries"]
    assert {entry["zone"] for entry in entries} == {str(zone) for zone in ZONES}
    for entry in entries:
        assert auditor.get(f"/entries/{entry['entry']}/detail").status_code == 200


@pytest.mark.parametrize("login", ["coach", "officer", "caritas", "auditor"])
def test_signing_in_works_under_each_role(houses: dict[Zone, House], login: str) -> None:
    house = houses[STAFF[login][0]]
    house.hire(login, password=hash_password("correct horse battery", SystemEntropy()))
    client = house.client(login)
    wrong = {"login": login, "password": "wrong", "code": "000000"}
    assert [client.post("/session", json=wrong).status_code for _ in range(8)][-1] == 429
    house.clock.move(minutes=30)
    right = {"login": login, "password": "correct horse battery", "code": house.code(login)}
    assert client.post("/session", json=right).status_code == 201
    assert client.get("/session").status_code == 200
    assert client.delete("/session").status_code == 204
    assert client.get("/session").status_code == 401
