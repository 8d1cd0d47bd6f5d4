"""What left casework, sealed to one reader each."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from vault.storage.tables.base import Moment, entry_reference, main

releases = Table(
    "releases",
    main,
    Column("release_id", LargeBinary(16), primary_key=True),
    Column("reader", String(40), nullable=False),
    Column("sender", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("compartment", String(20), nullable=False),
    Column("subject", LargeBinary(16), nullable=False),  # the case, in the reader's own pseudonym domain
    Column("purpose", String(40), nullable=False),
    Column("policy", LargeBinary(32), nullable=False),
    Column("schema_number", Integer, nullable=False),
    Column("key_id", LargeBinary(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("released_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("withdrawn_at", Moment),
    # The entry that allowed it, committed before the release is made, about the reader's pseudonym; used once.
    entry_reference(),
    UniqueConstraint("entry_id"),
    Index(None, "reader", "kind", "released_at"),
    schema="exchange",
)
