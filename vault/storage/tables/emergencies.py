"""Emergencies: who asked to see who somebody is, who opened it, until when. Why stands in a sealed record."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from vault.storage.tables.base import Moment, entry_reference, main

break_glass = Table(
    "break_glass",
    main,
    Column("emergency_id", LargeBinary(16), primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("actor_id", LargeBinary(16), nullable=False),
    Column("role", String(20), nullable=False),
    Column("region", String(40), nullable=False),
    Column("cause", String(20), nullable=False),
    Column("period", String(10), nullable=False),
    Column("number", Integer, nullable=False),  # of this person's in that period
    Column("asked_at", Moment, nullable=False),
    Column("lapses_at", Moment, nullable=False),
    Column("decided_by", LargeBinary(16)),
    Column("decided_at", Moment),
    Column("expires_at", Moment),
    Column("ended_at", Moment),
    entry_reference(),
    UniqueConstraint("actor_id", "period", "number"),
    Index(None, "region", "asked_at"),
    schema="casework",
)
