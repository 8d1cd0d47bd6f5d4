"""The log: append-only; every zone may insert, only oversight reads.

`entries` holds an entry's id and bytes and nothing else: what is searched for is copied into `filed` by
oversight, in batches (`vault.storage.filing`). Kept in the entry's own row, three more trees would be
written by every request, one of them all over the place. And: whose database this is.

The tree over the entries (heads, leaves, tiles, checkpoints) is the sequencer's.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, Table, Text

from vault.storage.tables.base import Moment, entry_reference, main

entries = Table(
    "entries",
    main,
    Column("entry_id", LargeBinary(16), primary_key=True),  # lane (8) and number (8)
    Column("body", LargeBinary, nullable=False),  # canonical JSON, stored verbatim: the leaf is made of these bytes
    schema="log",
)

#: What waits to be integrated: every entry is covered by exactly one row. Entries that follow each other in a lane
#: and have no detail of their own share one, named after the first of them. The sequencer takes rows away, nobody else
#: does. No foreign key: it would hold the first of a run alone, and the sequencer passes over what is not there
#: (docs/adr/0042).
outbox = Table(
    "outbox",
    main,
    Column("entry_id", LargeBinary(16), primary_key=True),
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
    Column("action", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Index(None, "at", "entry_id"),
    Index(None, "actor", "at", "entry_id"),
    Index(None, "subject", "at", "entry_id"),
    # An index for what can be rare. Of roles, zones, purposes and decisions there are a handful: a page of them is soon
    # found along another index, and a look goes through so many lines at most (`vault.storage.trail`).
    Index(None, "action", "at", "entry_id"),
    Index(None, "rule", "at", "entry_id"),
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

#: One row: the pin of the installation's zone directory. The owner writes it once; every zone reads it at start.
installation = Table(
    "installation",
    main,
    Column("directory_key", LargeBinary(32), primary_key=True),
    schema="log",
    sqlite_with_rowid=False,
)

#: One tree per half-year. size, root and note move by compare-and-swap: whoever finds another size has lost.
heads = Table(
    "heads",
    main,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("origin", String(200), nullable=False, unique=True),
    Column("period", String(6), nullable=False),  # 2026h2
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("note", Text, nullable=False),  # the newest signed checkpoint; "" before the first
    Column("closed", SmallInteger, nullable=False),  # 0 open, 1 closed, 2 abandoned
    Column("turned_at", Moment, nullable=False),  # when the sequencer last looked for entries
    Column("waiting", Integer, nullable=False),  # how many it left behind
    schema="log",
)

#: Which entry is which leaf. No foreign key: each is read again by this row before its tree is signed.
leaves = Table(
    "leaves",
    main,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("leaf", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", LargeBinary(16), nullable=False, unique=True),
    schema="log",
    sqlite_with_rowid=False,
)

#: C2SP tiles, 32 bytes a hash; the one at the edge of each level grows.
tiles = Table(
    "tiles",
    main,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("tile", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
    schema="log",
)

#: Signed heads that were kept: every ten seconds with growth, and each that a witness was shown.
checkpoints = Table(
    "checkpoints",
    main,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("note", Text, nullable=False),
    schema="log",
)

#: What witnesses answered to a kept checkpoint: one signature line each, and time stamps under their own name.
cosignatures = Table(
    "cosignatures",
    main,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("witness", String(200), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("line", Text, nullable=False),
    schema="log",
)
