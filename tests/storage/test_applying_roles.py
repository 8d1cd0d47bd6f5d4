"""Giving the zones their database roles: whole, again and again, and back to what is declared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.pg import Postgres
from gateway.cli import main
from gateway.settings import Settings
from tests.attacks.walled import ZONES, Walled, walled
from tests.house import CARITAS
from tests.storage.wall import allowed, furnished
from vault.errors import ConfigurationError, StoreUnavailable
from vault.storage import migrate
from vault.storage.roles import apply_roles, render_roles, role_name
from vault.vocabulary import CASEWORK, FOLLOW_UP, Zone


@pytest.fixture(scope="module")
def wall(postgres: Postgres) -> Iterator[Walled]:
    with furnished(postgres) as made:
        yield made


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
