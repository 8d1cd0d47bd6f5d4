"""Cases and everything confided, sealed."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from vault.storage.tables.base import Moment, entry_reference, main

cases = Table(
    "cases",
    main,
    Column("case_id", LargeBinary(16), primary_key=True),
    Column("state", String(40), nullable=False),
    Column("region", String(40), nullable=False),
    Column("language", String(2), nullable=False),
    Column("coach", LargeBinary(16), ForeignKey("auth.staff.actor_id")),  # NULL until one is assigned
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("outcome", String(40), nullable=False),
    # Facts of the official file (provenance ADMIN): all that a sheet may say besides code and date.
    Column("annex", String(20), nullable=False),
    Column("term_end", Date),
    Column("extended", SmallInteger, nullable=False),
    Column("procedure_pending", SmallInteger, nullable=False),
    Column("minors", SmallInteger, nullable=False),
    Column("fitness_check", SmallInteger, nullable=False),
    Column("version", Integer, nullable=False),
    entry_reference(),
    Column("origin", String(20), nullable=False),
    Column("place", String(20), nullable=False),
    Column("coach_type", String(20), nullable=False),
    Column("criterion", String(30), nullable=False),
    Column("notified_on", Date),
    Column("term_days", Integer),
    Column("second_measure", SmallInteger, nullable=False),
    Index(None, "coach", "opened_at"),
    Index(None, "region", "opened_at"),
    schema="casework",
)

case_events = Table(
    "case_events",
    main,
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("step", String(40), nullable=False),
    Column("to_state", String(40), nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor_id", LargeBinary(16), nullable=False),
    Column("note", String(80), nullable=False),  # a code or a leaflet version, never free text
    entry_reference(),
    schema="casework",
)

data_keys = Table(
    "data_keys",
    main,
    Column("key_id", LargeBinary(16), primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("compartment", String(20), nullable=False),
    entry_reference(),
    UniqueConstraint("case_id", "compartment"),
    schema="casework",
    sqlite_with_rowid=False,
)

records = Table(
    "records",
    main,
    Column("record_id", LargeBinary(16), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("provenance", String(20), nullable=False),
    Column("template", String(40), nullable=False),
    Column("language", String(2), nullable=False),
    Column("author", LargeBinary(16), nullable=False),
    Column("written_at", Moment, nullable=False),
    Column("key_id", LargeBinary(16), ForeignKey("casework.data_keys.key_id"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    entry_reference(),
    CheckConstraint("version >= 1", name="version"),
    Index(None, "case_id", "kind"),
    schema="casework",
)

blind_index = Table(
    "blind_index",
    main,
    Column("token", LargeBinary(32), primary_key=True),  # HMAC of field and normalised value
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), primary_key=True),
    entry_reference(),
    Index(None, "case_id"),
    schema="casework",
    sqlite_with_rowid=False,
)

#: Orders that were taken in from the official file: what stops a second one, and what tells the same from another.
orders = Table(
    "orders",
    main,
    Column("mark", LargeBinary(32), primary_key=True),  # HMAC of the order's reference
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False, unique=True),
    Column("household", LargeBinary(32), nullable=False),  # HMAC of who and where
    Column("facts", LargeBinary(32), nullable=False),  # HMAC of the facts of the official file
    Column("updates", Integer, nullable=False),  # how often these were brought up to date in the case
    Column("missing", String(120), nullable=False),  # codes of what it did not say, comma-separated
    Column("taken_at", Moment, nullable=False),
    entry_reference(),
    schema="casework",
    sqlite_with_rowid=False,
)

#: What reviewers did with what was found in notes: counts, so that recall can be estimated. No word, no case.
review_counts = Table(
    "review_counts",
    main,
    Column("entry_id", LargeBinary(16), ForeignKey("log.entries.entry_id"), primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("language", String(2), nullable=False),
    Column("type", String(20), nullable=False),
    Column("source", String(10), nullable=False),
    Column("tier", String(10), nullable=False),
    Column("decision", String(10), nullable=False),
    Column("counted", Integer, nullable=False),
    schema="casework",
    sqlite_with_rowid=False,
)

consents = Table(
    "consents",
    main,
    Column("consent_id", LargeBinary(16), primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("recipient", String(40), nullable=False),
    Column("fields", String(400), nullable=False),  # field names, comma-separated
    Column("given_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("withdrawn_at", Moment),
    entry_reference(),
    Index(None, "case_id", "recipient"),
    schema="casework",
)

referrals = Table(
    "referrals",
    main,
    # The release that left for the partner has another id, derived from this one by a key: no row relates the two.
    Column("referral_id", LargeBinary(16), primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("partner", String(40), nullable=False),
    Column("need", String(40), nullable=False),
    Column("fields", String(400), nullable=False),  # names that were proposed, comma-separated
    Column("status", String(20), nullable=False),
    Column("consent_id", LargeBinary(16), ForeignKey("casework.consents.consent_id")),
    Column("proposed_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("withdrawn_at", Moment),
    Column("receipt_due", Moment),
    Column("version", Integer, nullable=False),
    entry_reference(),
    Index(None, "case_id", "proposed_at"),
    schema="casework",
)

referral_events = Table(
    "referral_events",
    main,
    Column("referral_id", LargeBinary(16), ForeignKey("casework.referrals.referral_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("step", String(20), nullable=False),
    Column("to_status", String(20), nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor_id", LargeBinary(16)),  # NULL where the partner took the step
    entry_reference(),
    schema="casework",
)
