"""The second database: wraps of data keys and the generations they stand under, sealed audit details and their keys,
and whose keystore this is."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table

from vault.storage.tables.base import KEYSTORE_SCHEMA, Moment, keys

wraps = Table(
    "wraps",
    keys,
    Column("key_id", LargeBinary(16), primary_key=True),
    Column("reader", String(40), primary_key=True),
    Column("wrap", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    schema=KEYSTORE_SCHEMA,
    sqlite_with_rowid=False,
)

#: Of each zone's wrapping key. generation: eight bytes, big-endian, as a wrap begins (`vault.crypto.wrap`). mark: tells
#: two keys of one number apart. No wrap is stored under a closed one: a trigger of the migrations sees to it.
generations = Table(
    "generations",
    keys,
    Column("zone", String(40), primary_key=True),
    Column("generation", LargeBinary(8), primary_key=True),
    Column("mark", LargeBinary(32), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    schema=KEYSTORE_SCHEMA,
    sqlite_with_rowid=False,
)

detail_keys = Table(
    "detail_keys",
    keys,
    Column("lane", LargeBinary(8), primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("first", BigInteger, nullable=False),  # number of the first entry sealed in this epoch
    Column("sealed_key", LargeBinary, nullable=False),
    schema=KEYSTORE_SCHEMA,
    sqlite_with_rowid=False,
)

details = Table(
    "details",
    keys,
    Column("entry_id", LargeBinary(16), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("detail", LargeBinary, nullable=False),
    schema=KEYSTORE_SCHEMA,
    sqlite_with_rowid=False,
)

#: As `log.installation`: the pin of the installation's zone directory.
installation = Table(
    "installation",
    keys,
    Column("directory_key", LargeBinary(32), primary_key=True),
    schema=KEYSTORE_SCHEMA,
    sqlite_with_rowid=False,
)
