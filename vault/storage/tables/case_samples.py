"""Samples: which case was drawn for which head, by which lot, until when; and which are done. Why stands sealed.

Both are added to and never changed.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from vault.storage.tables.base import Moment, entry_reference, main

case_samples = Table(
    "case_samples",
    main,
    Column("sample_id", LargeBinary(16), primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("actor_id", LargeBinary(16), nullable=False),
    Column("region", String(40), nullable=False),
    Column("coach_id", LargeBinary(16)),  # whose cases alone were listed
    Column("reason", String(30), nullable=False),
    Column("period", String(10), nullable=False),
    Column("number", Integer, nullable=False),  # of this head's in that month
    Column("seed", LargeBinary(16), nullable=False),
    Column("listed", LargeBinary(32), nullable=False),
    Column("drawn_of", Integer, nullable=False),
    Column("drawn_place", Integer, nullable=False),
    Column("drawn_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    entry_reference(),
    UniqueConstraint("actor_id", "period", "number"),
    Index(None, "case_id"),
    schema="casework",
)

case_sample_ends = Table(
    "case_sample_ends",
    main,
    Column("sample_id", LargeBinary(16), ForeignKey("casework.case_samples.sample_id"), primary_key=True),
    Column("ended_at", Moment, nullable=False),
    entry_reference(),
    schema="casework",
)
