"""Stands between the program and its database drivers: sees every statement, and every writing one before and after.

with watched() as steps:
    steps.fail(3, after=True)      # the fourth writing statement from now is executed, then reported as failed
    steps.said                     # every statement since `steps.said.clear()`, reading ones too, values left out
    steps.loose                    # what was ever written outside of a transaction: each time a bug
    with steps.grouped(each): ...  # each use case that is run on the worker is handed to `each` first
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, event

from vault.storage import wire
from vault.storage.worker import Worker
from vault.vocabulary import Zone

#: First words of the statements between which a process can die. Undoing is not among them: it is the way back.
WRITING: Final = frozenset({"BEGIN", "SAVEPOINT", "INSERT", "UPDATE", "DELETE", "WITH", "RELEASE", "COMMIT"})
#: Those that change a row.
_CHANGING: Final = frozenset({"INSERT", "UPDATE", "DELETE", "WITH"})

#: Runs one use case, with its zone; what it returns is the reply.
Each = Callable[[Zone, Callable[[], Any]], Any]


class Steps:
    """Counts writing statements; does something at one of them. One at a time in this process."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.said: list[str] = []
        self.loose: list[str] = []
        self.fired = ""
        self.committed = False  # whether a COMMIT was executed, on either database, since `seen` began
        self._at = -1
        self._after = False
        self._act: Callable[[], None] = lambda: None
        self._each: Each = lambda _, run: run()

    def fail(self, at: int, *, after: bool, error: Exception) -> None:
        """From now on, the `at`-th writing statement fails: before it is executed, or after."""

        def act() -> None:
            raise error

        self._set(at, after, act)

    def kill(self, at: int, last: Callable[[], None] = lambda: None) -> None:
        """From now on, the process dies before the `at`-th writing statement. last: what it does before."""

        def act() -> None:
            last()
            os.kill(os.getpid(), signal.SIGKILL)

        self._set(at, False, act)

    def listen(self) -> None:
        """From now on, what is written is seen, and nothing happens."""
        self._set(-1, False, lambda: None)

    def _set(self, at: int, after: bool, act: Callable[[], None]) -> None:
        self.seen, self.fired, self.committed = [], "", False
        self._at, self._after, self._act = at, after, act

    def disarm(self) -> None:
        self._at = -1

    @contextmanager
    def grouped(self, each: Each) -> Iterator[None]:
        """Meanwhile, `each` runs the use cases."""
        before, self._each = self._each, each
        try:
            yield
        finally:
            self._each = before

    def group(self, zone: Zone, run: Callable[[], Any]) -> Any:
        return self._each(zone, run)

    def around(self, sql: Any, execute: Callable[[], Any], inside: Callable[[], bool]) -> Any:
        """inside: whether the connection is in a transaction."""
        text = sql if isinstance(sql, str) else sql.decode() if isinstance(sql, bytes) else ""
        self.said.append(text)
        word = "".join(text.split(None, 1)[:1]).upper()
        if word not in WRITING:
            return execute()
        number = len(self.seen)
        self.seen.append(text)
        if number == self._at and not self._after:
            self._fire(text)
        if word in _CHANGING and not inside():
            self.loose.append(text)
        result = execute()
        self.committed = self.committed or word == "COMMIT"
        if number == self._at and self._after:
            self._fire(text)
        return result

    def _fire(self, text: str) -> None:
        self.fired = text
        self._at = -1
        self._act()


_STEPS: list[Steps] = []


def _around(sql: Any, execute: Callable[[], Any], inside: Callable[[], bool]) -> Any:
    return _STEPS[-1].around(sql, execute, inside) if _STEPS else execute()


class LiteCursor(sqlite3.Cursor):
    def execute(self, sql: str, *args: Any) -> Any:
        return _around(sql, lambda: super(LiteCursor, self).execute(sql, *args), self._inside)

    def executemany(self, sql: str, *args: Any) -> Any:
        return _around(sql, lambda: super(LiteCursor, self).executemany(sql, *args), self._inside)

    def _inside(self) -> bool:
        return self.connection.in_transaction


class LiteConnection(sqlite3.Connection):
    """Its own `execute` makes a cursor past `cursor`, in some versions of Python: both doors are watched, once each."""

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or LiteCursor)

    def execute(self, sql: str, *args: Any) -> Any:
        return self.cursor().execute(sql, *args)

    def executemany(self, sql: str, *args: Any) -> Any:
        return self.cursor().executemany(sql, *args)


def _inside(connection: psycopg.Connection[Any]) -> bool:
    return not connection.autocommit or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE


class PgCursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, *args: Any, **options: Any) -> Any:
        run = super().execute
        return _around(query, lambda: run(query, *args, **options), lambda: _inside(self.connection))

    def executemany(self, query: Any, *args: Any, **options: Any) -> Any:
        run = super().executemany
        return _around(query, lambda: run(query, *args, **options), lambda: _inside(self.connection))


def _connect(dialect: Any, _record: Any, args: Any, options: Any) -> Any:
    if dialect.name == "sqlite":
        options["factory"] = LiteConnection
    else:
        options["cursor_factory"] = PgCursor


@contextmanager
def watched() -> Iterator[Steps]:
    """Every connection that SQLAlchemy opens from now on is watched, and what passes the driver by (`wire`)."""
    steps = Steps()
    _STEPS.append(steps)
    event.listen(Engine, "do_connect", _connect)
    run, together, alone = wire.run, wire.together, Worker.run

    def watched_run(connection: Any, step: wire.Step) -> Any:
        return _around(step.sql, lambda: run(connection, step), lambda: _inside(connection))

    def watched_alone(worker: Worker, zone: Zone, work: Any) -> Any:
        return _STEPS[-1].group(zone, lambda: alone(worker, zone, work))

    # One after the other: a process can die between any two, whoever packed them into one round trip.
    wire.run = watched_run
    wire.together = lambda connection, steps: [watched_run(connection, step) for step in steps]
    Worker.run = watched_alone  # type: ignore[method-assign]
    try:
        yield steps
    finally:
        wire.run, wire.together = run, together
        Worker.run = alone  # type: ignore[method-assign]
        event.remove(Engine, "do_connect", _connect)
        _STEPS.remove(steps)
