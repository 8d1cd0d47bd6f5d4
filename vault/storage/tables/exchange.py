"""What passes between zones: releases and withdrawals from casework, answers and receipts from partners.

Whose a row is stands in `sender` and `reader`; row policies go by these, and the foreign keys carry them along,
so that a partner can answer only what was sent to it. No row here names a case but by the pseudonym of the
partner's own domain.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from vault.between_zones import LARGEST_ANSWER
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
    # The entry that allowed it, committed before the release is made, about the reader's pseudonym; used once.
    entry_reference(),
    UniqueConstraint("entry_id"),
    Index(None, "reader", "kind", "released_at"),
    Index("uq_releases_release_id_reader", "release_id", "reader", unique=True),
    schema="exchange",
)

#: A withdrawal has a row of its own: no update could set it on the release, whose entry is bound into its envelope.
withdrawals = Table(
    "withdrawals",
    main,
    Column("release_id", LargeBinary(16), primary_key=True),
    Column("reader", String(40), nullable=False),
    Column("sender", String(40), nullable=False),
    Column("subject", LargeBinary(16), nullable=False),
    Column("withdrawn_at", Moment, nullable=False),
    Column("receipt_due", Moment, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    entry_reference(),
    ForeignKeyConstraint(["release_id", "reader"], ["exchange.releases.release_id", "exchange.releases.reader"]),
    Index(None, "reader", "withdrawn_at"),
    Index("uq_withdrawals_release_id_reader", "release_id", "reader", unique=True),
    schema="exchange",
)

receipts = Table(
    "receipts",
    main,
    Column("release_id", LargeBinary(16), primary_key=True),
    Column("reader", String(40), nullable=False),
    Column("sender", String(40), nullable=False),
    Column("subject", LargeBinary(16), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    entry_reference(),
    ForeignKeyConstraint(["release_id", "sender"], ["exchange.withdrawals.release_id", "exchange.withdrawals.reader"]),
    schema="exchange",
)

answers = Table(
    "answers",
    main,
    Column("answer_id", LargeBinary(16), primary_key=True),
    Column("release_id", LargeBinary(16), nullable=False),
    Column("reader", String(40), nullable=False),
    Column("sender", String(40), nullable=False),
    Column("subject", LargeBinary(16), nullable=False),
    Column("policy", LargeBinary(32), nullable=False),
    Column("schema_number", Integer, nullable=False),
    Column("key_id", LargeBinary(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("sent_at", Moment, nullable=False),
    # The partner's entry, bound into the envelope; `entry_id` moves on when casework takes the answer in.
    Column("decision", LargeBinary(16), nullable=False),
    Column("taken_at", Moment),
    entry_reference(),
    ForeignKeyConstraint(["decision"], ["log.entries.entry_id"]),
    # What a taken-over partner could make casework fetch and open is bounded where it is written.
    CheckConstraint(f"length(sealed) <= {LARGEST_ANSWER}", name="sealed"),
    ForeignKeyConstraint(["release_id", "sender"], ["exchange.releases.release_id", "exchange.releases.reader"]),
    Index(None, "release_id", "taken_at"),
    schema="exchange",
)

#: What oversight asks a member of casework about a look: codes alone. An answer's text stands beside its entry.
review_questions = Table(
    "review_questions",
    main,
    Column("question_id", LargeBinary(16), primary_key=True),
    Column("review_id", LargeBinary(16), nullable=False),
    Column("reader", String(40), nullable=False),
    Column("addressee", String(40), nullable=False),
    Column("code", String(20), nullable=False),
    Column("looked_at", Moment, nullable=False),
    Column("action", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("answered_at", Moment),
    entry_reference(),
    Index(None, "addressee", "asked_at"),
    schema="exchange",
)
