"""PostgreSQL without the driver's Python layers, for the statements of the hot path.

A round trip on one machine costs 25 µs; composing a query, adapting its values and loading its rows in Python costs
several times that. These few statements are prepared once per connection and run through libpq itself (psycopg's
`pq` layer), with binary parameters and results. Formats: PostgreSQL's binary send and receive functions; an
array is dimensions, has-nulls, element type, length, lower bound, then length and bytes of each element.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

import psycopg
from psycopg.pq import ExecStatus

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


class Statement:
    """One prepared statement. arrays: the element type of each parameter; columns: how each result column is read."""

    def __init__(self, name: str, sql: str, arrays: Sequence[int], columns: Sequence[Decoder] = ()) -> None:
        self._name = name.encode()
        self._sql = sql.encode()
        self._arrays = tuple(arrays)
        self._types = [_ARRAY_OF[kind] for kind in arrays]
        self._formats = [1] * len(self._types)
        self._columns = tuple(columns)
        self._prepared_on: Any = None

    def run(self, connection: psycopg.Connection[Any], *parameters: Sequence[bytes | None]) -> list[list[Any]]:
        """Rows, decoded. parameters: encoded elements of one array each. Raises psycopg.Error."""
        server = connection.pgconn
        if self._prepared_on is not connection:
            self._check(connection, server.prepare(self._name, self._sql, self._types), ExecStatus.COMMAND_OK)
            self._prepared_on = connection
        values = [array(kind, elements) for kind, elements in zip(self._arrays, parameters, strict=True)]
        result = server.exec_prepared(self._name, values, self._formats, 1)
        wanted = ExecStatus.TUPLES_OK if self._columns else ExecStatus.COMMAND_OK
        self._check(connection, result, wanted)
        read, columns = result.get_value, tuple(enumerate(self._columns))
        return [[_decode(decode, read(row, at)) for at, decode in columns] for row in range(result.ntuples)]

    @staticmethod
    def _check(connection: psycopg.Connection[Any], result: Any, wanted: ExecStatus) -> None:
        if result.status != wanted:
            raise psycopg.errors.error_from_result(result, encoding=connection.info.encoding)


def _decode(decode: Decoder, value: bytes | None) -> Any:
    return None if value is None else decode(value)


def control(connection: psycopg.Connection[Any], command: str, tag: str) -> None:
    """BEGIN, SAVEPOINT, COMMIT and their like. tag: what the server must answer: a COMMIT that it turned into a
    ROLLBACK is none. Raises psycopg.Error."""
    result = connection.pgconn.exec_(command.encode())
    if result.status != ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(result, encoding=connection.info.encoding)
    if result.command_status != tag.encode():
        raise psycopg.OperationalError(f"{tag} was not done")
