"""Bring both databases to the schema of this program, and refuse to serve any other.

Migrations are Alembic's, one history per database (`migrations/main`, `migrations/keystore`). On SQLite the
schema names vanish; on PostgreSQL they are made first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import Engine, String, column, inspect, make_url, select, table, text

from vault.errors import StoreMismatch, StoreUnavailable
from vault.storage.store import DRIVER_ERRORS, make_engine
from vault.storage.tables import KEYSTORE_SCHEMA, SCHEMAS

if TYPE_CHECKING:
    from alembic.config import Config

Which = Literal["main", "keystore"]
_HERE: Final = Path(__file__).parent / "migrations"
_SCHEMAS: Final[dict[Which, tuple[str, ...]]] = {"main": SCHEMAS, "keystore": (KEYSTORE_SCHEMA,)}
HEADS: Final[dict[Which, str]] = {"main": "0021", "keystore": "k0004"}
VERSION_TABLE: Final[dict[Which, str]] = {"main": "schema_version", "keystore": "schema_version_keystore"}


def _config(which: Which) -> Config:
    # Alembic takes half a second to import; a server only looks at a number and never migrates.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE / which).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def head(which: Which) -> str:
    """The newest revision this program knows. A test holds it equal to what Alembic finds in the folder."""
    return HEADS[which]


def upgrade(url: str, which: Which, revision: str = "head") -> None:
    """Run what is missing up to `revision`, in one transaction. Raises StoreUnavailable."""
    from alembic import command

    engine = make_engine(url)
    config = _config(which)
    try:
        _keep_to_its_user(url)
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                for schema in _SCHEMAS[which]:
                    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
                connection.commit()
            else:
                # A table is made anew under its name: until the last step, keys that name it point nowhere.
                connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            config.attributes["connection"] = connection
            config.attributes["which"] = which
            command.upgrade(config, revision)
            if engine.dialect.name == "sqlite":
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise StoreUnavailable("the database was not migrated: a row would name one that is not there")
                connection.exec_driver_sql("COMMIT")
            else:
                connection.commit()
    except (*DRIVER_ERRORS, OSError) as fault:
        raise StoreUnavailable("the database could not be migrated") from fault
    finally:
        engine.dispose()


def _keep_to_its_user(url: str) -> None:
    """An embedded database is read and written by its user alone, whatever the folder it lies in or is copied to.

    SQLite gives the files that it lays beside (`-wal`, `-shm`) the same mode.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
        descriptor = os.open(str(address.database), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)


def file_exists(url: str) -> bool:
    """Whether there is a file to look at; SQLite would make an empty one by looking. A server's database: True."""
    address = make_url(url)
    return address.get_backend_name() != "sqlite" or Path(str(address.database)).is_file()


def check(engine: Engine, which: Which) -> None:
    """Raises StoreMismatch unless the database has exactly this program's schema, StoreUnavailable if it is not sound.

    An embedded keystore is looked through whole: it is small, and a lost page of it is lost cases.
    """
    if not file_exists(engine.url.render_as_string(hide_password=False)):
        raise StoreUnavailable(f"there is no {which} database where the settings say: put back its backup")
    if which == "keystore":
        look_through(engine, which)
    try:
        with engine.connect() as connection:
            found = None
            if inspect(connection).has_table(VERSION_TABLE[which]):
                version = column("version_num", String)
                found = connection.execute(select(version).select_from(table(VERSION_TABLE[which]))).scalar()
    except DRIVER_ERRORS as fault:
        raise StoreUnavailable(f"the {which} database does not answer, or is damaged") from fault
    if found != head(which):
        raise StoreMismatch(
            f"the {which} database is at revision {found or 'none'}, this program needs {head(which)}: "
            "run `parefeu db migrate`"
        )


def look_through(engine: Engine, which: Which) -> None:
    """Read every page of an SQLite file. Raises StoreUnavailable if one is not sound. A server looks after its own."""
    if engine.dialect.name != "sqlite":
        return
    try:
        with engine.connect() as connection:
            told = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    except DRIVER_ERRORS as fault:
        raise StoreUnavailable(f"the {which} database is damaged: put back its backup") from fault
    if told != "ok":
        raise StoreUnavailable(f"the {which} database is damaged: put back its backup")
