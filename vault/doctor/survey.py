"""How the doctor sees an installation's rows: in streams, sorted, from one moment, never opened.

`Survey` is implemented by `vault.storage.survey`. A case comes as a `CaseFile`: its row, what it went through, and the
heads of what hangs on it. Codes that no word of the program stands for make a file unreadable, and are named by column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from vault.cases.assignment import Assignment
from vault.cases.model import Case, CaseEvent
from vault.ids import ActorId


class RecordLine(NamedTuple):
    """One version of a sealed record, without its bytes."""

    id: bytes
    version: int
    kind: str
    provenance: str
    written_at: datetime
    key: bytes


class KeyLine(NamedTuple):
    """The name of a data key. compartment: as stored."""

    id: bytes
    compartment: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One case. case: None where a column holds a code that is no word of the program; `unreadable` names it.

    barred: coaches with a live conflict of interest. updates: how often the facts of the official file were brought up
    to date.
    """

    id: bytes
    case: Case | None
    unreadable: tuple[str, ...]
    events: tuple[CaseEvent, ...]
    assignments: tuple[Assignment, ...]
    records: tuple[RecordLine, ...]
    keys: tuple[KeyLine, ...]
    barred: tuple[ActorId, ...]
    updates: int = 0


class Link(NamedTuple):
    """A column that names a row of another table."""

    table: str
    column: str
    parent: str
    parent_column: str


class Survey(Protocol):
    """Table and column names are those of `vault.storage.tables`; values come as Python has them, ids as bytes."""

    def count(self, table: str) -> int: ...
    def rows(self, table: str, *columns: str, order: Sequence[str] = (), **where: Any) -> Iterator[tuple[Any, ...]]:
        """Rows in a stream. order: columns, rising; bytes sort as bytes. where: column equals value."""
        ...

    def distinct(self, table: str, column: str) -> Iterator[Any]:
        """Every value of a column that is not NULL, once."""
        ...

    def links(self) -> Sequence[Link]:
        """Every foreign key that the schema declares."""
        ...

    def dangling(self, link: Link) -> Iterator[bytes]:
        """Values of that column that name nothing."""
        ...

    def explained(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """For each row of a table that names an entry: the entry's id, and its body."""
        ...

    def entries_named(self) -> Sequence[str]:
        """Tables whose rows name an entry of the log."""
        ...

    def triggers(self) -> set[str]:
        """Triggers that stand and work."""
        ...

    def case_files(self) -> Iterator[CaseFile]:
        """Every case, by id."""
        ...
