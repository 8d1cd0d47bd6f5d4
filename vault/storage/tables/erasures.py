"""Erasing: what was asked and answered, which cases are gone, and which wraps must not be there. Nothing of a person.

A tombstone has no foreign key: it stays true where its case's row is not there, as after an older database was put
back. The keystore has a list of its own (`buried_cases`), so that each of the two knows what the other has lost.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from vault.storage.tables.base import KEYSTORE_SCHEMA, Moment, entry_reference, keys, main

erasures = Table(
    "erasures",
    main,
    Column("erasure_id", LargeBinary(16), primary_key=True),
    Column("reader", String(40), nullable=False),
    Column("sender", String(40), nullable=False),
    Column("subject", LargeBinary(16), nullable=False),  # the case's name in the log
    Column("ground", String(30), nullable=False),
    Column("actor_id", LargeBinary(16), nullable=False),
    Column("asked_by", String(40), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("closed_at", Moment, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    entry_reference(),
    Index(None, "asked_at"),
    schema="exchange",
)

#: One word for each, for good.
erasure_words = Table(
    "erasure_words",
    main,
    Column("erasure_id", LargeBinary(16), ForeignKey("exchange.erasures.erasure_id"), primary_key=True),
    Column("zone", String(40), nullable=False),
    Column("told_to", String(40), nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("code", String(20), nullable=False),
    Column("actor_id", LargeBinary(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    entry_reference(),
    schema="exchange",
)

#: Which case it is: casework's alone to know. number: the how-manieth of that case, so that two at once collide.
erasure_cases = Table(
    "erasure_cases",
    main,
    Column("erasure_id", LargeBinary(16), ForeignKey("exchange.erasures.erasure_id"), primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("lapsed_at", Moment),
    entry_reference(),
    UniqueConstraint("case_id", "number"),
    schema="casework",
)

#: Cases that are gone. done_at: nothing of it is left. Every zone reads it at its start.
tombstones = Table(
    "tombstones",
    main,
    Column("case_id", LargeBinary(16), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("done_at", Moment),
    entry_reference(),
    schema="exchange",
)

#: Wraps that must not be there any more, whatever backup is put back.
buried_keys = Table(
    "buried_keys",
    main,
    Column("key_id", LargeBinary(16), primary_key=True),
    Column("reader", String(40), primary_key=True),
    Column("case_id", LargeBinary(16), nullable=False),
    entry_reference(),
    Index(None, "case_id"),
    schema="casework",
    sqlite_with_rowid=False,
)

#: Entries of acts, told in another zone's words, whose rows went with some erased case; of which one stands nowhere.
buried_acts = Table(
    "buried_acts",
    main,
    Column("act", LargeBinary(16), ForeignKey("log.entries.entry_id"), primary_key=True),
    entry_reference(),
    schema="casework",
    sqlite_with_rowid=False,
)

#: The keystore's own list of tombstones, written with the destruction of their wraps.
buried_cases = Table(
    "buried_cases",
    keys,
    Column("case_id", LargeBinary(16), primary_key=True),
    Column("at", Moment, nullable=False),
    schema=KEYSTORE_SCHEMA,
    sqlite_with_rowid=False,
)
