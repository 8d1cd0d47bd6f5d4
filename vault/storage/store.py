"""The two databases and the one connection to each that a worker owns.

SQLite: WAL, `synchronous=FULL` (an answered read whose entry a power cut could lose would be unlogged),
`secure_delete`, foreign keys on; no store wall, so one serving process only (`claim`).
PostgreSQL: one role per zone; row policies and grants are in `roles.py`.

The driver connections run in autocommit and the store issues BEGIN, SAVEPOINT and COMMIT itself: what is
committed when is the worker's business alone, and SQLAlchemy never begins or ends anything.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, Self

import psycopg
from sqlalchemy import Connection, Engine, Executable, create_engine, event, make_url
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from vault.errors import ConfigurationError, StoreBusy, StoreUnavailable
from vault.storage import wire
from vault.storage.tables import KEYSTORE_SCHEMA, SCHEMAS

_BUSY_TIMEOUT: Final = "PRAGMA busy_timeout=5000"
_SQLITE_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-65536",
    _BUSY_TIMEOUT,
)
#: A statement or lock wait on PostgreSQL ends after this, so that a stuck database answers 503, not silence.
#: What is prepared is planned once: prepared statements look up by keys, and guessing anew at the length of an array
#: costs more than the look-up.
_PG_OPTIONS: Final = (
    "-c statement_timeout=10000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=30000 "
    "-c plan_cache_mode=force_generic_plan"
)

#: Pages of SQLite's write-ahead log, of 4 KiB each: from where on those who write must wait until all are home; and
#: what is never exceeded by much, even if nobody calls `settle`. By itself SQLite takes 1,000.
_BEHIND: Final = 2_000
_FAR_BEHIND: Final = 8_000

#: What the drivers raise when the database, not the statement, is at fault.
DRIVER_ERRORS: Final = (sqlite3.Error, psycopg.Error, SQLAlchemyError)


class StatementFault(Exception):
    """A statement failed for reasons of the database; the transaction is gone."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__()
        self.cause = cause


def make_engine(url: str) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://…`. Raises ConfigurationError."""
    try:
        parsed = make_url(url)
    except SQLAlchemyError:
        raise ConfigurationError("the database address cannot be read") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        engine = create_engine(
            parsed,
            poolclass=NullPool,
            connect_args={"check_same_thread": False, "cached_statements": 256},
            execution_options={"schema_translate_map": dict.fromkeys((*SCHEMAS, KEYSTORE_SCHEMA))},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    if backend == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        options = {"options": _PG_OPTIONS, "connect_timeout": 5, "application_name": "parefeu"}
        return create_engine(parsed, poolclass=NullPool, connect_args=options)
    raise ConfigurationError("the database must be SQLite or PostgreSQL")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(pragma)


class Database:
    """One connection, in autocommit, with explicit transactions."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        self._connection: Connection | None = None
        self.raw: Any = None  # the driver's own connection
        self.beginning: Final = "BEGIN IMMEDIATE" if self.sqlite else "BEGIN"

    def connect(self) -> None:
        """Raises StoreUnavailable."""
        try:
            connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except DRIVER_ERRORS as fault:
            raise StoreUnavailable("the database does not answer") from fault
        raw: Any = connection.connection.driver_connection
        if not self.sqlite:
            raw.prepare_threshold = 2
        self.raw = raw
        self._connection = connection

    @property
    def connected(self) -> bool:
        return self._connection is not None and not (not self.sqlite and self.raw.closed)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
                connection.close()
            except DRIVER_ERRORS:
                return

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open for certain: what it did can still be undone."""
        if self._connection is None:
            return False
        if self.sqlite:
            return bool(self.raw.in_transaction)
        status = self.raw.info.transaction_status
        return status in {psycopg.pq.TransactionStatus.INTRANS, psycopg.pq.TransactionStatus.INERROR}

    def settle(self, *, alone: AbstractContextManager[object]) -> None:
        """Copy what SQLite's write-ahead log holds into the database file, so that its next page begins it anew.

        While others write; what they write meanwhile stays for the next time, unless it has become much: then `alone`.
        Left to SQLite, whoever commits the thousandth page copies them all, and everybody waits. Nothing to do on
        PostgreSQL. Raises StoreUnavailable.
        """
        if not self.sqlite or not self.connected:
            return
        try:
            _, held, _ = self.raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if held > _BEHIND:
                with alone:
                    self.raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except DRIVER_ERRORS as fault:
            raise StoreUnavailable("the database file cannot be written") from fault

    def purge(self, *, wait: bool = False) -> bool:
        """Leave no overwritten page in any file of an SQLite database: all pages go home, and its log becomes empty.

        False while somebody else looks at an older page: ask again later. wait: some seconds for their end. Raises
        StoreUnavailable.
        """
        try:
            if not wait:
                self.raw.execute("PRAGMA busy_timeout=0")
            try:
                busy, _, _ = self.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                self.raw.execute(_BUSY_TIMEOUT)
        except DRIVER_ERRORS as fault:
            raise StoreUnavailable("the database file cannot be written") from fault
        return not busy

    def settled_by_others(self) -> None:
        """Somebody else calls `settle`: this connection copies pages only if that one falls far behind."""
        if self.sqlite:
            self.raw.execute(f"PRAGMA wal_autocheckpoint={_FAR_BEHIND}")

    def unbound_role(self) -> bool:
        """Whether row policies do not bind this PostgreSQL role: superuser, BYPASSRLS, or the tables' owner."""
        row = self.raw.execute(
            "SELECT r.rolsuper OR r.rolbypassrls OR EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE n.nspname = 'log' AND c.relname = 'entries' "
            "AND pg_has_role(current_user, c.relowner, 'MEMBER')) FROM pg_roles r WHERE r.rolname = current_user"
        ).fetchone()
        return row is None or bool(row[0])

    def begin(self) -> None:
        self.control(self.beginning, "BEGIN")

    def commit(self) -> None:
        self.control("COMMIT", "COMMIT")

    def control(self, command: str, tag: str) -> None:
        """A transaction command, past the driver: it would forget its prepared statements at every ROLLBACK."""
        if self.sqlite:
            self.raw.execute(command)
        else:
            wire.run(self.raw, wire.Control(command, tag))

    def rollback(self) -> None:
        """Undo the transaction if there is one; a lost connection has none."""
        try:
            if not self.sqlite or self.raw.in_transaction:
                self.control("ROLLBACK", "ROLLBACK")
        except DRIVER_ERRORS:
            self.close()

    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Raises IntegrityError untouched: only the caller knows what it means."""
        if self._connection is None:
            raise StoreUnavailable("the database connection was lost")
        result: CursorResult[*tuple[Any, ...]] = self._connection.execute(statement, parameters)
        return result


class Store:
    """Main database and keystore together."""

    def __init__(self, main_url: str, keys_url: str) -> None:
        self.main = Database(make_engine(main_url))
        self.keystore = Database(make_engine(keys_url))
        if self.main.sqlite != self.keystore.sqlite:
            raise ConfigurationError("the main database and the keystore must be of the same kind")
        self.sqlite = self.main.sqlite

    def connect(self) -> Self:
        for database in (self.main, self.keystore):
            if not database.connected:
                database.connect()
        return self

    def close(self) -> None:
        self.main.close()
        self.keystore.close()


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


@contextmanager
def claim(folder: Path, note: Callable[[], str]) -> Iterator[None]:
    """Hold the one-process lock of an embedded store. `note` is written into the lock file: where to find the holder.

    Raises StoreBusy with that note if another process holds it.
    """
    path = folder / "serving.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = path.read_text("utf-8", errors="replace").strip() or "unknown"
            raise StoreBusy(f"another process serves this store ({holder})") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note().encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def unique_violation(fault: IntegrityError) -> bool:
    """Whether a row with that key exists already (and not, say, a missing audit entry)."""
    original = fault.orig
    if isinstance(original, psycopg.Error):
        return original.sqlstate == "23505"
    return isinstance(original, sqlite3.IntegrityError) and original.sqlite_errorcode in {
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    }


def generation_closed(fault: BaseException) -> bool:
    """Whether a wrap was refused because its zone's key was rotated meanwhile: asked again, it takes the new one."""
    if isinstance(fault, IntegrityError) and fault.orig is not None:
        fault = fault.orig
    if isinstance(fault, psycopg.errors.CheckViolation):
        return fault.diag.constraint_name == "tr_wraps_generation"
    return isinstance(fault, sqlite3.IntegrityError) and str(fault).startswith("tr_wraps_generation")


def place_taken(fault: BaseException) -> bool:
    """Whether an entry, or the detail key of a lane, stands already where one of ours was to go.

    Somebody who owns another zone's database role and knows a lane may put one there. Nothing was committed then, and
    in that lane nothing ever could be: a new one goes on.
    """
    if isinstance(fault, IntegrityError) and fault.orig is not None:
        fault = fault.orig
    if isinstance(fault, psycopg.errors.UniqueViolation):
        return fault.diag.constraint_name in {"pk_entries", "pk_outbox", "pk_detail_keys"}
    told = str(fault) if isinstance(fault, sqlite3.IntegrityError) else ""
    return told.endswith((": entries.entry_id", ": outbox.entry_id"))
