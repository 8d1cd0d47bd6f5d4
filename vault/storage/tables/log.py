"""The log: append-only; every zone may insert, only oversight reads.

`entries` holds an entry's id and bytes and nothing else: what is searched for is copied into `filed` by
oversight, in batches (`vault.storage.filing`). Kept in the entry's own row, three more trees would be
written by every request, one of them all over the place.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, Table

from vault.storage.tables.base import Moment, entry_reference, main

entries = Table(
    "entries",
    main,
    Column("entry_id", LargeBinary(16), primary_key=True),  # lane (8) and number (8)
    Column("body", LargeBinary, nullable=False),  # canonical JSON, stored verbatim: the leaf is made of these bytes
    schema="log",
)

#: What waits to be integrated: every entry is covered by exactly one row. Entries that follow each other in a lane
#: and have no detail of their own share one, named after the first of them.
outbox = Table(
    "outbox",
    main,
    Column("entry_id", LargeBinary(16), ForeignKey("log.entries.entry_id"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("detail", LargeBinary),  # sealed to oversight; NULL where the session's first entry says it all
    Column("run", Integer, nullable=False),  # how many entries, this one included
    schema="log",
    sqlite_with_rowid=False,
)

lanes = Table(
    "lanes",
    main,
    Column("lane", LargeBinary(8), primary_key=True),
    Column("zone", String(40), nullable=False),
    Column("opened_at", Moment, nullable=False),
    schema="log",
    sqlite_with_rowid=False,
)

filed = Table(
    "filed",
    main,
    Column("entry_id", LargeBinary(16), ForeignKey("log.entries.entry_id"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(40), nullable=False),
    Column("subject", String(40), nullable=False),  # "" where the operation is about no case
    Index(None, "at", "entry_id"),
    Index(None, "actor", "at", "entry_id"),
    Index(None, "subject", "at", "entry_id"),
    schema="log",
    sqlite_with_rowid=False,
)

#: How far each lane is filed: up to and including this entry.
filings = Table(
    "filings",
    main,
    Column("lane", LargeBinary(8), ForeignKey("log.lanes.lane"), primary_key=True),
    Column("ended", SmallInteger, nullable=False),  # 1: the lane was closed, nothing more comes
    entry_reference(),
    schema="log",
    sqlite_with_rowid=False,
)
