"""Migrations find rows in their way, as they will in service, and keep every one of them. On both databases.

Two ways, so that a new revision is tried without anybody having to think of it:

- **Recorded installations** (`recording.py`): keys and rows that a program of that time really wrote are brought to
  the newest schema, step by step; every invariant holds, and the newest program opens what was confided then.
- **Sample rows**: before each single revision every table there is has rows, whether a story reaches it or not.

A revision that drops or renames a column on purpose says so in `GONE`, and is then to be tested by its author.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, Table, create_engine, make_url, select
from sqlalchemy.pool import NullPool
from sqlalchemy.types import Date, Integer, LargeBinary, String

from bench.pg import Postgres
from gateway.settings import Settings
from tests.crash.checks import faults
from tests.house import House, furnish, house_on
from tests.storage.recording import BOTH, Recording, load, recordings
from vault.storage import migrate
from vault.storage import tables as t
from vault.storage.store import sqlite_url

pytestmark = pytest.mark.long

#: Revision to the columns (`table.column`) that it takes away, or stores otherwise, on purpose.
GONE: Final[dict[str, frozenset[str]]] = {
    "0002": frozenset({"entries.at", "entries.actor", "entries.subject"}),  # filed beside, see below
    "0011": frozenset({"releases.withdrawn_at"}),  # never set, and could not be: withdrawals have rows of their own
}
#: Bytes of a column where they are not 16; the databases do not say. A lane is the beginning of its entries' ids.
BYTES: Final = {"lane": 8}
#: Columns that a check of their table wants empty where others are filled.
EMPTY: Final = frozenset({"attachments.swept_at"})
#: Rows in each table before a revision is tried.
SAMPLES: Final = 3


def _later() -> list[tuple[migrate.Which, str, str]]:
    """Every revision but the first of each history, with the one before it."""
    found = []
    for which in BOTH:
        history = ScriptDirectory.from_config(migrate._config(which)).walk_revisions()
        found += [(which, r.revision, str(r.down_revision)) for r in history if r.down_revision is not None]
    return found


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two addresses of empty databases."""
    if request.param == "sqlite":
        yield "", ""
        return
    server: Postgres = request.getfixturevalue("postgres")
    yield server.create_database("old_main"), server.create_database("old_keystore")
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        for name in ("old_main", "old_keystore"):
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


class Schemas(ABC):
    """The schema of every revision, to copy from: each is made of a copy of the one before it, by one step."""

    def __init__(self) -> None:
        self._made: set[str] = set()

    @contextmanager
    def copy(self, which: migrate.Which, revision: str) -> Iterator[str]:
        """The address of a database that is at this revision, and empty."""
        url = self._new("tried", self._at(which, revision))
        try:
            yield url
        finally:
            self._drop("tried")

    def forget(self) -> None:
        for name in self._made:
            self._drop(name)

    def _at(self, which: migrate.Which, revision: str) -> str:
        name = f"at_{revision}"
        if name not in self._made:
            before = ScriptDirectory.from_config(migrate._config(which)).get_revision(revision).down_revision
            url = self._new(name, self._at(which, str(before)) if before else "")
            self._made.add(name)
            migrate.upgrade(url, which, revision)
        return name

    @abstractmethod
    def _new(self, name: str, like: str) -> str:
        """The address of a new one; like: the name of one that is copied."""

    @abstractmethod
    def _drop(self, name: str) -> None: ...


class InFiles(Schemas):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def _new(self, name: str, like: str) -> str:
        path = self._folder / f"{name}.db"
        if like:
            with (
                closing(sqlite3.connect(self._folder / f"{like}.db")) as source,
                closing(sqlite3.connect(path)) as target,
            ):
                source.backup(target)
        return sqlite_url(path)

    def _drop(self, name: str) -> None:
        for path in self._folder.glob(f"{name}.db*"):
            path.unlink()


class OnServer(Schemas):
    def __init__(self, server: Postgres) -> None:
        super().__init__()
        self._server = server

    def _new(self, name: str, like: str) -> str:
        self._say(f"CREATE DATABASE {name} TEMPLATE {like or 'template1'} STRATEGY FILE_COPY")
        return self._server.url(name)

    def _drop(self, name: str) -> None:
        self._say(f"DROP DATABASE {name} WITH (FORCE)")

    def _say(self, statement: str) -> None:
        with psycopg.connect(self._server.url("postgres"), autocommit=True) as admin:
            admin.execute(statement.encode())


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def schemas(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Schemas]:
    if request.param == "sqlite":
        made: Schemas = InFiles(tmp_path_factory.mktemp("schemas"))
    else:
        made = OnServer(request.getfixturevalue("postgres"))
    yield made
    made.forget()


@pytest.fixture(params=recordings(), ids=lambda recording: recording.name)
def old(request: pytest.FixtureRequest, empty: tuple[str, str], tmp_path: Path) -> tuple[Recording, Settings]:
    """A recorded installation in its own schema."""
    recording: Recording = request.param
    return recording, recording.revive(tmp_path / "old", *empty)


Held = dict[str, dict[tuple[Any, ...], dict[str, Any]]]


def _held(url: str, which: migrate.Which) -> Held:
    """All rows, by table and primary key, as the database itself knows its tables."""
    return _rows(url, _tables(url, which))


def _rows(url: str, tables: list[Table]) -> Held:
    engine = _plain(url)
    found: Held = {}
    with engine.connect() as connection:
        for table in tables:
            rows = connection.execute(select(table)).mappings()
            found[table.name] = {
                tuple(_plainly(row[column]) for column in table.primary_key): {
                    name: _plainly(value) for name, value in row.items()
                }
                for row in rows
            }
    engine.dispose()
    return found


def _plain(url: str) -> Any:
    """An engine that knows nothing of the program's ways."""
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    return create_engine(address, poolclass=NullPool)


def _tables(url: str, which: migrate.Which) -> list[Table]:
    metadata, engine = MetaData(), _plain(url)
    schemas = t.SCHEMAS if which == "main" else (t.KEYSTORE_SCHEMA,)
    for schema in schemas if engine.dialect.name != "sqlite" else (None,):
        metadata.reflect(engine, schema=schema)
    engine.dispose()
    return [table for table in metadata.sorted_tables if table.name != migrate.VERSION_TABLE[which]]


def _plainly(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _assert_kept(before: Held, after: Held, revision: str) -> None:
    gone = GONE.get(revision, frozenset())
    for table, rows in before.items():
        if table in gone:
            continue
        assert set(rows) <= set(after[table]), f"{revision} loses rows of {table}"
        for key, row in rows.items():
            kept = {name: value for name, value in row.items() if f"{table}.{name}" not in gone}
            now = {name: after[table][key].get(name, "no such column") for name in kept}
            assert now == kept, f"{revision} changes {table}"


# -- recorded installations ----------------------------------------------------------------------------


def test_a_recorded_installation_is_kept_row_by_row(old: tuple[Recording, Settings]) -> None:
    recording, settings = old
    for which, url in zip(BOTH, (settings.main_url, settings.keys_url), strict=True):
        script = ScriptDirectory.from_config(migrate._config(which))
        steps = [step.revision for step in script.iterate_revisions("head", recording.story["revisions"][which])]
        before = _held(url, which)
        assert sum(map(len, before.values())) > 10
        for revision in reversed(steps):
            migrate.upgrade(url, which, revision)
            after = _held(url, which)
            _assert_kept(before, after, revision)
            before = after
        assert migrate.head(which) in {*steps, recording.story["revisions"][which]}


def test_what_entries_were_searched_by_is_filed_beside_them(empty: tuple[str, str], tmp_path: Path) -> None:
    """Revision 0002: no entry drops out of sight because its columns are gone."""
    recording = Recording("0001")
    settings, held = recording.revive(tmp_path / "old", *empty), recording.rows("main")["entries"]
    migrate.upgrade(settings.main_url, "main", "0002")
    filed = _held(settings.main_url, "main")["filed"]
    wanted = [dict(zip(held["columns"], row, strict=True)) for row in held["rows"]]
    assert filed == {
        (row["entry_id"],): {name: row[name] for name in ("entry_id", "at", "actor", "subject")} for row in wanted
    }


def test_a_recorded_installation_serves_again(old: tuple[Recording, Settings]) -> None:
    """What was confided then is read now, the old sessions count, new things are written beside the old."""
    recording, settings = old
    story = recording.story
    furnish(settings)
    assert faults(settings) == []
    with house_on(settings) as house:
        house.clock.moment = datetime.fromisoformat(story["at"])
        house.tokens |= story["tokens"]
        coach = house.client("coach")
        assert coach.get(f"/cases/{story['case']}/notes/{story['note']}").json()["text"] == story["text"]
        assert coach.get(f"/cases/{story['case']}/identity").json() == story["identity"]
        assert house.client("officer").get(f"/sheets/{story['sheet']}").json()["ov_number"] == "8123456"
        assert house.client("caritas").get(f"/referrals/{story['referral']}").json()["family_name"] == "Diallo"
        found = coach.post("/find", json={"field": "ov_number", "value": "8123456"}).json()["cases"]
        assert story["case"] in {line["reference"] for line in found}
        _goes_on(house, story["case"], story["note"])
    assert faults(settings) == []


def _goes_on(house: House, case: str, note: str) -> None:
    coach = house.client("coach")
    house.write_note(coach, case, "Encore une.")
    revised = {"text": "Troisième version.", "language": "fr", "template": "intake", "based_on": 2}
    assert coach.put(f"/cases/{case}/notes/{note}", json=revised).status_code == 200
    house.open_case(coach)
    trail = house.client("auditor").get("/entries?limit=500").json()["entries"]
    for entry in trail:
        assert house.client("auditor").get(f"/entries/{entry['entry']}/detail").status_code == 200


def test_every_table_of_a_recording_has_rows_that_somebody_wrote() -> None:
    """A recording that misses a table proves nothing about it. Details are not moved yet."""
    for recording in recordings():
        for which in BOTH:
            bare = {name for name, held in recording.rows(which).items() if not held["rows"]}
            assert bare <= {"details"}, recording.name


def test_the_first_schema_is_recorded() -> None:
    assert recordings()[0].story["revisions"] == {"main": "0001", "keystore": "k0001"}


# -- sample rows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("which", "revision", "before"), _later(), ids=lambda text: str(text))
def test_each_revision_keeps_the_rows_it_finds(
    schemas: Schemas, which: migrate.Which, revision: str, before: str
) -> None:
    with schemas.copy(which, before) as url:
        tables = _tables(url, which)
        load(
            url,
            {
                table.name: {
                    "columns": list(table.columns.keys()),
                    "rows": [[_sample(column, number) for column in table.columns] for number in range(1, SAMPLES + 1)],
                }
                for table in tables
            },
        )
        there = _rows(url, tables)
        assert {len(rows) for rows in there.values()} == {SAMPLES}
        migrate.upgrade(url, which, revision)
        tables = _tables(url, which)
        _assert_kept(there, _rows(url, tables), revision)
        _assert_still_guarded(url, which, [table for table in tables if table.name in there])


def _sample(column: Any, number: int) -> Any:
    """The same for every column of one type and length, so that rows of one number point at each other."""
    if f"{column.table.name}.{column.name}" in EMPTY:
        return None
    kind = column.type
    length = getattr(kind, "length", None)
    if isinstance(kind, LargeBinary) or str(kind) in {"BLOB", "BYTEA"}:
        return bytes([number]) * BYTES.get(column.name, 16)
    if isinstance(kind, Date):
        return date(2026, 11, number).isoformat()
    if isinstance(kind, String):
        return f"{number}"[: length or 80]
    assert isinstance(kind, Integer), f"no sample for {kind}"
    return number


def _assert_still_guarded(url: str, which: migrate.Which, held: list[Table]) -> None:
    """A table made anew loses its triggers on SQLite: an update that keeps its entry must still be refused.

    held: the tables that have rows; triggers fire for rows.
    """
    if which != "main":
        return
    guarded = {table.name for table in t.main.sorted_tables if "entry_id" in table.c and table.schema != "log"}
    naming = [table for table in held if table.name in guarded]
    assert len(naming) >= 10
    with _raw(url) as execute:
        for table in naming:
            with pytest.raises((sqlite3.IntegrityError, psycopg.errors.CheckViolation)):
                execute(f"UPDATE {table} SET entry_id = entry_id")


@contextmanager
def _raw(url: str) -> Iterator[Callable[[str], Any]]:
    """Says a statement to the database, past the program; each for itself."""
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as server:
            yield lambda statement: server.execute(statement.encode())
        return
    with closing(sqlite3.connect(str(make_url(url).database), isolation_level=None)) as connection:
        yield connection.execute
