"""PostgreSQL without the driver's Python layers, for the statements of the hot path.

A round trip on one machine costs 25 to 60 µs, so what belongs together is sent together (`together`). Composing a
query, adapting its values and loading its rows in Python costs several times that, so these few statements are prepared
once per connection and run through libpq itself (psycopg's `pq` layer), with binary parameters and results.
Formats: PostgreSQL's binary send and receive functions; an array is dimensions, has-nulls, element type, length,
lower bound, then length and bytes of each element.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol, cast

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

BYTEA, INT8, INT4, TEXT = 17, 20, 23, 25
_ARRAY_OF: Final = {BYTEA: 1001, INT8: 1016, INT4: 1007, TEXT: 1009}
_HEAD: Final = struct.Struct(">iiiii")
_LENGTH: Final = struct.Struct(">i")
_NULL: Final = _LENGTH.pack(-1)

Decoder = Callable[[bytes], Any]


def raw(value: bytes) -> bytes:
    return value


def integer(value: bytes) -> int:
    return int.from_bytes(value, "big", signed=True)


def text(value: bytes) -> str:
    return value.decode()


def array(kind: int, values: Sequence[bytes | None]) -> bytes:
    """One-dimensional array of already encoded elements."""
    parts = [_HEAD.pack(1, int(None in values), kind, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            parts.append(_LENGTH.pack(len(value)))
            parts.append(value)
    return b"".join(parts)


def int8(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)


def int4(value: int) -> bytes:
    return value.to_bytes(4, "big", signed=True)


class Step(Protocol):
    """One thing to be done on a connection, alone (`run`) or with others in one round trip (`together`)."""

    sql: bytes

    def ready(self, connection: psycopg.Connection[Any]) -> None:
        """Whatever needs a round trip of its own, the first time."""
        ...

    def send(self, server: PGconn) -> None: ...

    def alone(self, server: PGconn) -> PGresult:
        """Send, and wait for the result."""
        ...

    def take(self, connection: psycopg.Connection[Any], result: PGresult) -> list[list[Any]]:
        """Rows, decoded. Raises psycopg.Error."""
        ...


class Statement:
    """One prepared statement. kinds: the type of each parameter; columns: how each result column is read.

    one: parameters are single values, not arrays of them.
    """

    def __init__(
        self, name: str, sql: str, kinds: Sequence[int], columns: Sequence[Decoder] = (), *, one: bool = False
    ) -> None:
        self.name: Final = name.encode()
        self.sql: Final = sql.encode()
        self.kinds: Final = tuple(kinds)
        self.types: Final = list(kinds) if one else [_ARRAY_OF[kind] for kind in kinds]
        self.formats: Final = [1] * len(self.types)
        self.columns: Final = tuple(enumerate(columns))
        self.wanted: Final = ExecStatus.TUPLES_OK if columns else ExecStatus.COMMAND_OK
        self.prepared_on: Any = None

    def of(self, *parameters: Sequence[bytes | None]) -> Call:
        """The statement with its parameters: encoded elements of one array each."""
        return Call(self, [array(kind, elements) for kind, elements in zip(self.kinds, parameters, strict=True)])

    def of_one(self, *values: bytes | None) -> Call:
        """The same with single values, encoded."""
        return Call(self, values)


class Call:
    """A prepared statement with its parameters."""

    __slots__ = ("_statement", "_values", "sql")

    def __init__(self, statement: Statement, values: Sequence[bytes | None]) -> None:
        self.sql = statement.sql
        self._statement = statement
        self._values = values

    def ready(self, connection: psycopg.Connection[Any]) -> None:
        statement = self._statement
        if statement.prepared_on is not connection:
            result = connection.pgconn.prepare(statement.name, statement.sql, statement.types)
            _check(connection, result, ExecStatus.COMMAND_OK)
            statement.prepared_on = connection

    def send(self, server: PGconn) -> None:
        statement = self._statement
        server.send_query_prepared(statement.name, self._values, statement.formats, 1)

    def alone(self, server: PGconn) -> PGresult:
        statement = self._statement
        # A value may be None, whatever the driver's types say of this one call.
        return server.exec_prepared(statement.name, cast("Sequence[bytes]", self._values), statement.formats, 1)

    def take(self, connection: psycopg.Connection[Any], result: PGresult) -> list[list[Any]]:
        statement = self._statement
        _check(connection, result, statement.wanted)
        read, columns = result.get_value, statement.columns
        return [
            [value if (value := read(row, at)) is None or decode is raw else decode(value) for at, decode in columns]
            for row in range(result.ntuples)
        ]


class Control:
    """BEGIN, SAVEPOINT, COMMIT and their like. tag: what the server must answer: a COMMIT that it turned into a
    ROLLBACK is none.

    name: it is prepared under this name, for one connection at a time, so that the server need not read it again each
    time it comes with others. Alone it goes the shorter way of a simple query.
    """

    __slots__ = ("_name", "_prepared_on", "_tag", "sql")

    def __init__(self, command: str, tag: str, *, name: str = "") -> None:
        self.sql = command.encode()
        self._tag = tag.encode()
        self._name = name.encode()
        self._prepared_on: Any = None

    def ready(self, connection: psycopg.Connection[Any]) -> None:
        if self._name and self._prepared_on is not connection:
            _check(connection, connection.pgconn.prepare(self._name, self.sql), ExecStatus.COMMAND_OK)
            self._prepared_on = connection

    def send(self, server: PGconn) -> None:
        if self._name:
            server.send_query_prepared(self._name, None)
        else:
            server.send_query_params(self.sql, None)

    def alone(self, server: PGconn) -> PGresult:
        return server.exec_(self.sql)

    def take(self, connection: psycopg.Connection[Any], result: PGresult) -> list[list[Any]]:
        _check(connection, result, ExecStatus.COMMAND_OK)
        if result.command_status != self._tag:
            raise psycopg.OperationalError(f"{self._tag.decode()} was not done")
        return []


def run(connection: psycopg.Connection[Any], step: Step) -> list[list[Any]]:
    """Do one step. Raises psycopg.Error."""
    step.ready(connection)
    return step.take(connection, step.alone(connection.pgconn))


def begun(connection: psycopg.Connection[Any], step: Step) -> Callable[[], list[list[Any]]]:
    """Send one step and go on. What is returned waits for its rows: call it before the connection is used again."""
    step.ready(connection)
    server = connection.pgconn
    step.send(server)
    server.flush()

    def ended() -> list[list[Any]]:
        return step.take(connection, _result(server))

    return ended


def together(connection: psycopg.Connection[Any], steps: Sequence[Step]) -> list[list[list[Any]]]:
    """Do all steps in one round trip (libpq's pipeline), each with its rows. A step that fails stops those after it.

    Raises psycopg.Error: the first failing step's. Whether a COMMIT among the steps was done is then told by the
    connection's transaction status: still open, it was not; not open, nobody knows.
    """
    server = connection.pgconn
    for step in steps:
        step.ready(connection)
    server.enter_pipeline_mode()
    try:
        for step in steps:
            step.send(server)
        server.pipeline_sync()
        results = [_result(server) for _ in steps]
        server.get_result()  # the synchronisation's own
    finally:
        # Refused on a connection that broke in the middle; the broken connection is noticed where it is used next.
        with suppress(psycopg.Error):
            server.exit_pipeline_mode()
    return [step.take(connection, result) for step, result in zip(steps, results, strict=True)]


def _result(server: PGconn) -> PGresult:
    """One step's result; nothing stands behind it. Raises psycopg.Error if the connection broke."""
    result = server.get_result()
    if result is None or server.get_result() is not None:
        raise psycopg.OperationalError("the connection was lost")
    return result


def _check(connection: psycopg.Connection[Any], result: PGresult, wanted: ExecStatus) -> None:
    if result.status != wanted:
        raise psycopg.errors.error_from_result(result, encoding=connection.info.encoding)
