"""What the migrations make is what the tables say, on both databases, and what was stored stays."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, inspect, text
from sqlalchemy.schema import BLANK_SCHEMA

from bench.pg import Postgres
from gateway.settings import Settings
from tests import recorded
from tests.api.stage import Stage
from tests.crash.checks import faults
from tests.crash.snapshot import look
from tests.house import House
from vault.errors import StoreMismatch, StoreUnavailable
from vault.storage import migrate
from vault.storage import tables as t
from vault.storage.store import make_engine, sqlite_url

WHICH: tuple[tuple[migrate.Which, MetaData], ...] = (("main", t.main), ("keystore", t.keys))


@pytest.fixture(params=["sqlite", "postgres"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two addresses of empty databases."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "one.db"), sqlite_url(tmp_path / "two.db")
        return
    server: Postgres = request.getfixturevalue("postgres")
    names = ("empty_one", "empty_two")
    yield server.create_database(names[0]), server.create_database(names[1])
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        for name in names:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _flat(metadata: MetaData, engine: Engine) -> MetaData:
    """SQLite has no schemas: the same tables without theirs."""
    if engine.dialect.name != "sqlite":
        return metadata
    flat = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        table.to_metadata(flat, schema=None, referred_schema_fn=lambda *_: BLANK_SCHEMA)
    return flat


def _described(connection: Connection, metadata: MetaData, schemas: bool) -> dict[str, Any]:
    """Everything the database itself knows about each table."""
    looks = inspect(connection)
    found: dict[str, Any] = {}
    for table in metadata.sorted_tables:
        schema = table.schema if schemas else None
        named = {"table_name": table.name, "schema": schema}
        found[table.name] = {
            "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in looks.get_columns(**named)],
            "key": looks.get_pk_constraint(**named),
            "foreign": sorted(str(sorted(key.items(), key=str)) for key in looks.get_foreign_keys(**named)),
            "unique": sorted(str(sorted(c.items(), key=str)) for c in looks.get_unique_constraints(**named)),
            "checks": sorted((c["name"] or "", c["sqltext"]) for c in looks.get_check_constraints(**named)),
            "indexes": sorted(
                (i["name"] or "", str(i["column_names"]), i["unique"]) for i in looks.get_indexes(**named)
            ),
        }
        if not schemas:
            (sql,) = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = :n"), {"n": table.name}).one()
            found[table.name]["rowid"] = "WITHOUT ROWID" not in sql.upper()
    return found


@pytest.mark.parametrize(("which", "metadata"), WHICH, ids=["main", "keystore"])
def test_the_migrated_schema_is_that_of_the_tables(
    fresh: tuple[str, str], which: migrate.Which, metadata: MetaData
) -> None:
    migrate.upgrade(fresh[0], which)
    engine = make_engine(fresh[0])
    with engine.connect() as connection:
        options = {
            "version_table": migrate.VERSION_TABLE[which], "compare_type": True, "compare_server_default": True,
            "include_schemas": engine.dialect.name != "sqlite",
        }  # fmt: skip
        context = MigrationContext.configure(connection, opts=options)
        wanted = _flat(metadata, engine)
        theirs = {table.name for table in wanted.sorted_tables}
        differences = [found for found in compare_metadata(context, wanted) if _ours(found, theirs)]
        assert differences == []
    engine.dispose()


def _ours(difference: Any, tables: set[str]) -> bool:
    """Alembic's own version table is no difference."""
    return not (difference[0] == "remove_table" and difference[1].name not in tables)


@pytest.mark.parametrize(("which", "metadata"), WHICH, ids=["main", "keystore"])
def test_migrating_and_creating_from_the_tables_give_the_same(
    fresh: tuple[str, str], which: migrate.Which, metadata: MetaData
) -> None:
    """Alembic's comparison overlooks keys, checks and WITHOUT ROWID; the databases' own words do not."""
    migrate.upgrade(fresh[0], which)
    first, second = make_engine(fresh[0]), make_engine(fresh[1])
    schemas = first.dialect.name != "sqlite"
    with second.connect() as connection:
        if schemas:
            for schema in {table.schema for table in metadata.sorted_tables}:
                connection.execute(text(f"CREATE SCHEMA {schema}"))
        _flat(metadata, second).create_all(connection)  # SQLAlchemy leaves out keys between schemas on SQLite
        connection.commit()
        wanted = _described(connection, metadata, schemas)
    with first.connect() as connection:
        assert _described(connection, metadata, schemas) == wanted
    first.dispose()
    second.dispose()


def test_migrating_again_leaves_what_is_there(house: House) -> None:
    stage = Stage(house)
    stage.noted()
    stage.sheet()
    before = look(house.settings).rows
    house.services.close()
    for which, url in (("main", house.settings.main_url), ("keystore", house.settings.keys_url)):
        migrate.upgrade(url, which)
    assert look(house.settings).rows == before
    assert faults(house.settings) == []
    house.reopen()


#: How each revision is undone by hand, the newest first: then the databases are as the one before it left them.
#: A key can be added on PostgreSQL alone; that SQLite loses its one is seen from the first schema on (test_old_states).
#: How a row is laid out is said there alone as well.
UNDONE: dict[str, tuple[str, ...]] = {
    "0021": (
        "ALTER TABLE casework.records RESET (toast_tuple_target)",
        "ALTER TABLE casework.records ALTER COLUMN sealed SET STORAGE EXTENDED",
    ),
    "0020": tuple(
        f"DROP TABLE {name}"
        for name in (
            "casework.buried_acts",
            "casework.buried_keys",
            "exchange.tombstones",
            "casework.erasure_cases",
            "exchange.erasure_words",
            "exchange.erasures",
        )
    ),
    "0019": ("ALTER TABLE log.outbox ADD CONSTRAINT fk_outbox_entry_id FOREIGN KEY (entry_id) REFERENCES log.entries",),
    "0018": ("DROP TABLE casework.case_sample_ends", "DROP TABLE casework.case_samples"),
    "0017": ("DROP TABLE auth.federated_identities", "ALTER TABLE auth.sessions DROP COLUMN releases_until"),
    "0016": tuple(f"DROP TABLE auth.{name}" for name in ("recovery_codes", "passkey_words", "passkeys")),
    "0015": ("DROP TABLE exchange.ceremonies",),
    "0014": ("DROP TABLE exchange.review_questions",),
    "0013": ("DROP TABLE casework.break_glass",),
    "0012": ("DROP TABLE casework.orders",),
    "0011": (
        *(f"DROP TABLE exchange.{name}" for name in ("receipts", "answers", "withdrawals")),
        *(f"DROP TABLE casework.{name}" for name in ("referral_events", "referrals")),
        "DROP INDEX exchange.uq_releases_release_id_reader",
        "ALTER TABLE exchange.releases ADD COLUMN withdrawn_at BIGINT",
    ),
    # Of one revision first those tables that refer to others.
    "0010": tuple(
        f"DROP TABLE {name}"
        for name in (
            "exchange.grants",
            "exchange.access_answers",
            "casework.taken_requests",
            "exchange.access_copies",
            "exchange.access_requests",
        )
    ),
    "0009": (
        *(f"DROP INDEX log.ix_filed_{name}_at_entry_id" for name in ("action", "rule")),
        *(
            f"ALTER TABLE log.filed DROP COLUMN {name}"
            for name in ("action", "kind", "role", "zone", "purpose", "decision", "rule")
        ),
    ),
    "0008": ("DROP TABLE casework.review_counts",),
    "0007": tuple(
        f"DROP TABLE casework.{name}"
        for name in ("calendar_feeds", "desk_cells", "appointments", "conflicts", "assignments", "absences", "coaches")
    ),
    "0006": tuple(
        f"ALTER TABLE casework.cases DROP COLUMN {name}"
        for name in ("origin", "place", "coach_type", "criterion", "notified_on", "term_days", "second_measure")
    ),
    "0005": tuple(f"DROP TABLE log.{name}" for name in ("heads", "leaves", "tiles", "checkpoints", "cosignatures")),
    "0004": tuple(f"DROP TABLE casework.{name}" for name in ("attachment_chunks", "attachments", "tasks", "drafts")),
}
_ONLY_THERE = re.compile(r" ADD CONSTRAINT |toast_tuple_target| SET STORAGE ")
BEFORE = {revision: f"{int(revision) - 1:04}" for revision in UNDONE}


@pytest.mark.parametrize("revision", UNDONE)
def test_a_migration_keeps_what_was_stored_before_it(house: House, revision: str) -> None:
    stage = Stage(house)
    case, note = stage.noted()
    stage.sheet()
    house.services.close()
    before, last = look(house.settings).rows, BEFORE[revision]
    statements = [text_ for name, undo in UNDONE.items() if name >= revision for text_ in undo]
    engine = make_engine(house.settings.main_url)
    with engine.connect() as connection:
        lite = engine.dialect.name == "sqlite"
        for statement in (each for each in statements if not (lite and _ONLY_THERE.search(each))):
            plain = re.sub(r"\b(auth|casework|exchange|log)\.", "", statement)
            connection.execute(text(plain if lite else statement))
        connection.execute(text(f"UPDATE schema_version SET version_num = '{last}'"))
        connection.commit()
    with pytest.raises(StoreMismatch):
        migrate.check(engine, "main")
    engine.dispose()
    migrate.upgrade(house.settings.main_url, "main")
    dropped = [undone.rpartition(".")[2] for undone in statements if undone.startswith("DROP TABLE ")]
    assert look(house.settings).rows == before | {name: [] for name in dropped}
    house.reopen()
    coach = house.client("coach")
    assert coach.get(f"/cases/{case}/notes/{note}").status_code == 200
    recorded.attach(coach, case)
    recorded.set_task(coach, case)
    recorded.save_draft(coach, case)
    house.refer(coach, case)
    assert faults(house.settings) == []


def test_what_is_sealed_lies_in_its_row(postgres_settings: Settings) -> None:
    engine = make_engine(postgres_settings.main_url)
    with engine.connect() as connection:
        options, storage = connection.execute(
            text(
                "SELECT c.reloptions, a.attstorage FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
                "WHERE c.oid = 'casework.records'::regclass AND a.attname = 'sealed'"
            )
        ).one()
    engine.dispose()
    assert options == ["toast_tuple_target=8160"]
    assert storage in ("e", b"e")


def test_an_embedded_database_is_read_by_its_user_alone(tmp_path: Path) -> None:
    made, open_to_all = tmp_path / "made.db", tmp_path / "open.db"
    migrate.upgrade(sqlite_url(open_to_all), "keystore", "k0001")
    open_to_all.chmod(0o644)
    migrate.upgrade(sqlite_url(open_to_all), "keystore")
    migrate.upgrade(sqlite_url(made), "keystore")
    for file in (made, open_to_all):
        engine = make_engine(sqlite_url(file))
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            beside = {each.name: oct(each.stat().st_mode & 0o777) for each in tmp_path.glob(f"{file.name}*")}
        engine.dispose()
        assert beside == dict.fromkeys((file.name, f"{file.name}-shm", f"{file.name}-wal"), "0o600")


def test_a_migration_that_fails_leaves_nothing_half_made(fresh: tuple[str, str]) -> None:
    engine = make_engine(fresh[0])
    last = t.main.sorted_tables[-1]
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"CREATE SCHEMA {last.schema}"))
            connection.execute(text(f"CREATE TABLE {last.schema}.{last.name} (x integer)"))
        else:
            connection.exec_driver_sql(f"CREATE TABLE {last.name} (x integer)")
        connection.commit()
    with pytest.raises(StoreUnavailable):
        migrate.upgrade(fresh[0], "main")
    with engine.connect() as connection:
        schemas = {table.schema for table in t.main.sorted_tables} if engine.dialect.name == "postgresql" else {None}
        there = [name for schema in schemas for name in inspect(connection).get_table_names(schema=schema)]
    assert there == [last.name]
    with pytest.raises(StoreMismatch):
        migrate.check(engine, "main")
    engine.dispose()


def test_every_naming_table_has_its_trigger(sqlite_settings: Settings) -> None:
    connection = sqlite3.connect(sqlite_settings.home / "main.db")
    triggers = {row[0] for row in connection.execute("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'")}
    connection.close()
    naming = {table.name for table in t.main.sorted_tables if "entry_id" in table.c and table.schema != "log"}
    assert triggers >= naming
