"""Both databases as the doctor reads them: one moment of each, read only, in streams that need little memory.

The main database is looked at before the keystore: a wrap is stored before the row that needs it, so what the main
database holds at that moment has its wraps in a keystore that is looked at later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final, Self

from sqlalchemy import Connection, Table, exists, func, select

from vault.cases.assignment import Assignment
from vault.cases.flow import State, Step
from vault.cases.model import CaseEvent
from vault.doctor.survey import CaseFile, KeyLine, Link, RecordLine
from vault.errors import StoreUnavailable
from vault.ids import ActorId
from vault.storage import tables as t
from vault.storage.organisation import assignment_of
from vault.storage.repositories import CASE_COLUMNS, case_of
from vault.storage.store import DRIVER_ERRORS, make_engine

_MAIN: Final = {table.name: table for table in t.main.sorted_tables}
_KEYS: Final = {table.name: table for table in t.keys.sorted_tables if table.name != "installation"}
_STREAMED: Final = {"stream_results": True, "yield_per": 1000}  # rows fetched at once


class SqlSurvey:
    """Use as a context. Raises StoreUnavailable."""

    def __init__(self, main_url: str, keys_url: str) -> None:
        self._urls = (main_url, keys_url)
        self._held = ExitStack()
        self._open: dict[str, Connection] = {}

    def __enter__(self) -> Self:
        try:
            for name, url in zip(("main", "keys"), self._urls, strict=True):
                engine = make_engine(url)
                self._held.callback(engine.dispose)
                self._open[name] = self._held.enter_context(engine.connect())
                _one_moment(self._open[name])
        except DRIVER_ERRORS as fault:
            self._held.close()
            raise StoreUnavailable("the database does not answer, or is damaged") from fault
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def count(self, table: str) -> int:
        return int(self._of(table).execute(select(func.count()).select_from(_table(table))).scalar_one())

    def rows(self, table: str, *columns: str, order: Sequence[str] = (), **where: Any) -> Iterator[tuple[Any, ...]]:
        found = _table(table)
        wanted = select(*(found.c[name] for name in columns)).order_by(*(found.c[name] for name in order))
        for name, value in where.items():
            wanted = wanted.where(found.c[name] == value)
        yield from self._stream(table, wanted)

    def distinct(self, table: str, column: str) -> Iterator[Any]:
        found = _table(table).c[column]
        for (value,) in self._stream(table, select(found).where(found.is_not(None)).distinct()):
            yield value

    def links(self) -> Sequence[Link]:
        return [
            Link(table.name, key.parent.name, key.column.table.name, key.column.name)
            for table in _MAIN.values()
            for key in table.foreign_keys
        ]

    def dangling(self, link: Link) -> Iterator[bytes]:
        own, parent = _MAIN[link.table].c[link.column], _MAIN[link.parent].c[link.parent_column]
        wanted = select(own).where(own.is_not(None), ~exists().where(parent == own))
        for (value,) in self._stream(link.table, wanted):
            yield value

    def explained(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        own = _MAIN[table].c.entry_id
        wanted = select(own, t.entries.c.body).join_from(_MAIN[table], t.entries, own == t.entries.c.entry_id)
        yield from self._stream(table, wanted)

    def entries_named(self) -> Sequence[str]:
        return [
            link.table for link in self.links() if (link.column, link.parent) == ("entry_id", "entries")
            and _MAIN[link.table].schema != "log"
        ]  # fmt: skip

    def triggers(self) -> set[str]:
        connection = self._open["main"]
        if connection.dialect.name == "sqlite":
            return {
                str(row[0])
                for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            }
        return {
            str(row[0])
            for row in connection.exec_driver_sql(
                "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
            )
        }

    def case_files(self) -> Iterator[CaseFile]:
        events = _Beside(self.rows("case_events", *_EVENT, order=("case_id", "number")))
        hands = _Beside(self.rows("assignments", *_HANDS, order=("case_id", "number")))
        records = _Beside(self.rows("records", *_RECORD, order=("case_id", "record_id", "version")))
        keys = _Beside(self.rows("data_keys", "case_id", "key_id", "compartment", order=("case_id", "key_id")))
        barred = _Beside(self.rows("conflicts", "case_id", "coach", order=("case_id", "coach"), withdrawn_at=None))
        orders = _Beside(self.rows("orders", "case_id", "updates", order=("case_id",)))
        for row in self._stream("cases", select(*CASE_COLUMNS).order_by(t.cases.c.case_id)):
            found = _case_file(row, events, hands, records, keys, barred)
            yield replace(found, updates=sum(line[1] for line in orders.of(found.id)))

    def _of(self, table: str) -> Connection:
        return self._open["main" if table in _MAIN else "keys"]

    def _stream(self, table: str, statement: Any) -> Iterator[tuple[Any, ...]]:
        connection = self._of(table)
        try:
            # Closed also when only a part is wanted: a cursor of PostgreSQL stays open until then.
            with connection.execute(statement, execution_options=_STREAMED) as result:
                for row in result:
                    yield tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
        except DRIVER_ERRORS as fault:
            raise StoreUnavailable("the database does not answer, or is damaged") from fault


_EVENT: Final = ("case_id", "number", "step", "to_state", "at", "actor_id", "note")
_HANDS: Final = ("case_id", "number", "before", "coach", "cause", "at", "by_actor", "explanation", "absence_id")
_RECORD: Final = ("case_id", "record_id", "version", "kind", "provenance", "written_at", "key_id")


class _Beside:
    """Rows that begin with a case's id, sorted by it, taken case by case beside the cases themselves."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, case: bytes) -> list[tuple[Any, ...]]:
        found = []
        while self._next is not None and self._next[0] <= case:
            if self._next[0] == case:
                found.append(self._next)
            self._next = next(self._rows, None)
        return found


def _case_file(
    row: tuple[Any, ...], events: _Beside, hands: _Beside, records: _Beside, keys: _Beside, barred: _Beside
) -> CaseFile:
    raw, unreadable = row[0], []
    case, steps, changes = None, list[CaseEvent](), list[Assignment]()
    try:
        case = case_of(row)
    except ValueError:
        unreadable.append("cases")
    for _, number, step, state, at, actor, note in events.of(raw):
        try:
            steps.append(CaseEvent(number, Step(step), State(state), at, ActorId(actor), note))
        except ValueError:
            unreadable.append("case_events")
    for line in hands.of(raw):
        try:
            changes.append(assignment_of(line))
        except ValueError:
            unreadable.append("assignments")
    return CaseFile(
        raw, case, tuple(unreadable), tuple(steps), tuple(changes),
        tuple(RecordLine(*line[1:]) for line in records.of(raw)), tuple(KeyLine(*line[1:]) for line in keys.of(raw)),
        tuple(ActorId(line[1]) for line in barred.of(raw)),
    )  # fmt: skip


def _table(name: str) -> Table:
    return _MAIN[name] if name in _MAIN else _KEYS[name]


def _one_moment(connection: Connection) -> None:
    """Everything read from here on is of one moment, however long it takes."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()  # the moment begins with a read
        return
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
