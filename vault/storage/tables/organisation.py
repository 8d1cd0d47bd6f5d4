"""Who accompanies whom, when they are away, and when people are expected. Codes, times and ids; no name of anybody.

There is no delete anywhere, so what is given up is emptied: a cancelled appointment leaves its cells with no
appointment in them, and the next booking takes them over.
"""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Table

from vault.storage.tables.base import Moment, entry_reference, main

coaches = Table(
    "coaches",
    main,
    Column("actor_id", LargeBinary(16), ForeignKey("auth.staff.actor_id"), primary_key=True),
    Column("types", String(80), nullable=False),  # kinds of case, comma-separated
    Column("capacity", Integer, nullable=False),
    entry_reference(),
    schema="casework",
)

assignments = Table(
    "assignments",
    main,
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("before", LargeBinary(16), ForeignKey("auth.staff.actor_id")),
    Column("coach", LargeBinary(16), ForeignKey("auth.staff.actor_id")),
    Column("cause", String(20), nullable=False),
    Column("at", Moment, nullable=False),
    Column("by_actor", LargeBinary(16), nullable=False),
    Column("explanation", String(160), nullable=False),  # codes and numbers, never free text
    Column("absence_id", LargeBinary(16), ForeignKey("casework.absences.absence_id")),
    entry_reference(),
    Index(None, "absence_id"),
    Index(None, "coach", "at"),
    schema="casework",
)

conflicts = Table(
    "conflicts",
    main,
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), primary_key=True),
    Column("coach", LargeBinary(16), ForeignKey("auth.staff.actor_id"), primary_key=True),
    Column("declared_at", Moment, nullable=False),
    Column("declared_by", LargeBinary(16), nullable=False),
    Column("withdrawn_at", Moment),
    entry_reference(),
    schema="casework",
    sqlite_with_rowid=False,
)

absences = Table(
    "absences",
    main,
    Column("absence_id", LargeBinary(16), primary_key=True),
    Column("coach", LargeBinary(16), ForeignKey("auth.staff.actor_id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date),
    Column("handed_over_at", Moment),
    Column("returned_at", Moment),
    entry_reference(),
    Index(None, "coach"),
    schema="casework",
)

appointments = Table(
    "appointments",
    main,
    Column("appointment_id", LargeBinary(16), primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("occasion", String(20), nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("desk", String(40), nullable=False),  # "" where nobody comes to one
    Column("language", String(2), nullable=False),
    Column("leaflet", String(40), nullable=False),
    Column("status", String(20), nullable=False),
    Column("company", String(80), nullable=False),  # roles, comma-separated; names are sealed elsewhere
    Column("interpreter", LargeBinary(16)),  # keyed: tells equal from equal and nothing else
    Column("interpreting", String(3), nullable=False),
    Column("before", LargeBinary(16)),  # the appointment that this one stands in for
    Column("booked_at", Moment, nullable=False),
    Column("booked_by", LargeBinary(16), nullable=False),
    Column("settled_at", Moment),
    Column("settled_by", LargeBinary(16)),
    Column("version", Integer, nullable=False),
    entry_reference(),
    Index(None, "case_id"),
    Index(None, "starts_at"),
    schema="casework",
)

desk_cells = Table(
    "desk_cells",
    main,
    Column("desk", String(40), primary_key=True),
    Column("starts_at", Moment, primary_key=True),
    Column("appointment_id", LargeBinary(16), ForeignKey("casework.appointments.appointment_id")),  # NULL: given up
    entry_reference(),
    schema="casework",
    sqlite_with_rowid=False,
)

calendar_feeds = Table(
    "calendar_feeds",
    main,
    Column("token_hash", LargeBinary(32), primary_key=True),  # SHA-256 of the secret in the address
    Column("feed_id", LargeBinary(16), nullable=False),  # the id of the entry that made it
    Column("actor_id", LargeBinary(16), ForeignKey("auth.staff.actor_id"), nullable=False),
    Column("language", String(2), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    entry_reference(),
    Index(None, "actor_id"),
    schema="casework",
    sqlite_with_rowid=False,
)
