"""The log: append-only; every zone may insert, only oversight reads."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from vault.storage.tables.base import Moment, main

entries = Table(
    "entries",
    main,
    Column("entry_id", LargeBinary(16), primary_key=True),  # lane (8) and number (8)
    Column("at", Moment, nullable=False),
    Column("actor", String(40), nullable=False),
    Column("subject", String(40), nullable=False),  # "" where the operation is about no case
    Column("body", LargeBinary, nullable=False),  # canonical JSON, stored verbatim: the leaf is made of these bytes
    Index(None, "at"),
    Index(None, "actor", "at"),
    Index(None, "subject", "at"),
    schema="log",
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    main,
    Column("entry_id", LargeBinary(16), ForeignKey("log.entries.entry_id"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("detail", LargeBinary),  # sealed to oversight; NULL where the session's first entry says it all
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
