"""Stands between the program and its database drivers: sees every writing statement, before and after.

with watched() as steps:
    steps.fail(3, after=True)      # the fourth writing statement from now is executed, then reported as failed
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

#: First words of the statements between which a process can die. Undoing is not among them: it is the way back.
WRITING: Final = frozenset({"BEGIN", "SAVEPOINT", "INSERT", "UPDATE", "DELETE", "WITH", "RELEASE", "COMMIT"})


class Steps:
    """Counts writing statements; does something at one of them. One at a time in this process."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.fired = ""
        self._at = -1
        self._after = False
        self._act: Callable[[], None] = lambda: None

    def fail(self, at: int, *, after: bool, error: Exception) -> None:
        """From now on, the `at`-th writing statement fails: before it is executed, or after."""

        def act() -> None:
            raise error

        self._set(at, after, act)

    def kill(self, at: int) -> None:
        """From now on, the process dies before the `at`-th writing statement."""
        self._set(at, False, lambda: os.kill(os.getpid(), signal.SIGKILL))

    def _set(self, at: int, after: bool, act: Callable[[], None]) -> None:
        self.seen, self.fired, self._at, self._after, self._act = [], "", at, after, act

    def disarm(self) -> None:
        self._at = -1

    def around(self, sql: Any, execute: Callable[[], Any]) -> Any:
        text = sql if isinstance(sql, str) else sql.decode() if isinstance(sql, bytes) else ""
        if text.split(None, 1)[:1] == [] or text.split(None, 1)[0].upper() not in WRITING:
            return execute()
        number = len(self.seen)
        self.seen.append(text)
        if number == self._at and not self._after:
            self._fire(text)
        result = execute()
        if number == self._at and self._after:
            self._fire(text)
        return result

    def _fire(self, text: str) -> None:
        self.fired = text
        self._at = -1
        self._act()


_STEPS: list[Steps] = []


def _around(sql: Any, execute: Callable[[], Any]) -> Any:
    return _STEPS[-1].around(sql, execute) if _STEPS else execute()


class LiteCursor(sqlite3.Cursor):
    def execute(self, sql: str, *args: Any) -> Any:
        return _around(sql, lambda: super(LiteCursor, self).execute(sql, *args))

    def executemany(self, sql: str, *args: Any) -> Any:
        return _around(sql, lambda: super(LiteCursor, self).executemany(sql, *args))


class LiteConnection(sqlite3.Connection):
    """Its own `execute` makes a cursor past `cursor`, in some versions of Python: both doors are watched, once each."""

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or LiteCursor)

    def execute(self, sql: str, *args: Any) -> Any:
        return self.cursor().execute(sql, *args)

    def executemany(self, sql: str, *args: Any) -> Any:
        return self.cursor().executemany(sql, *args)


class PgCursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, *args: Any, **options: Any) -> Any:
        return _around(query, lambda: super(PgCursor, self).execute(query, *args, **options))

    def executemany(self, query: Any, *args: Any, **options: Any) -> Any:
        return _around(query, lambda: super(PgCursor, self).executemany(query, *args, **options))


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
    run, together = wire.run, wire.together

    def watched_run(connection: Any, step: wire.Step) -> Any:
        return _around(step.sql, lambda: run(connection, step))

    # One after the other: a process can die between any two, whoever packed them into one round trip.
    wire.run = watched_run
    wire.together = lambda connection, steps: [watched_run(connection, step) for step in steps]
    try:
        yield steps
    finally:
        wire.run, wire.together = run, together
        event.remove(Engine, "do_connect", _connect)
        _STEPS.remove(steps)
