"""Requests for access, the answers to them, and what was granted. Nothing of a person stands here in clear."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from vault.storage.tables.base import Moment, entry_reference, main

access_requests = Table(
    "access_requests",
    main,
    Column("request_id", LargeBinary(16), primary_key=True),
    Column("zone", String(40), nullable=False),
    Column("requester", LargeBinary(16), nullable=False),
    Column("day", Date, nullable=False),
    Column("number", Integer, nullable=False),  # of the requester's on that day: a budget that two at once cannot break
    Column("filed_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    entry_reference(),
    UniqueConstraint("requester", "day", "number"),
    Index(None, "filed_at"),
    schema="exchange",
)

#: A version of a request, sealed to one zone: the asking zone itself, casework, or oversight without the person.
access_copies = Table(
    "access_copies",
    main,
    Column("request_id", LargeBinary(16), ForeignKey("exchange.access_requests.request_id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("reader", String(40), primary_key=True),
    Column("zone", String(40), nullable=False),
    Column("policy", LargeBinary(32), nullable=False),
    Column("key_id", LargeBinary(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("written_at", Moment, nullable=False),
    entry_reference(),
    schema="exchange",
)

access_answers = Table(
    "access_answers",
    main,
    Column("request_id", LargeBinary(16), ForeignKey("exchange.access_requests.request_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("zone", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("act", String(20), nullable=False),
    Column("function", String(20), nullable=False),
    Column("actor_id", LargeBinary(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("fields", String(200), nullable=False),  # field names, comma-separated
    Column("code", String(20), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),  # of the form that was in front of the approver
    Column("delegate", LargeBinary(16)),
    Column("evidence", LargeBinary, nullable=False),  # the approver's own signature, with its key; empty without one
    Column("told_to", String(40), nullable=False),
    Column("signature", LargeBinary, nullable=False),
    entry_reference(),
    schema="exchange",
)

grants = Table(
    "grants",
    main,
    Column("release_id", LargeBinary(16), ForeignKey("exchange.releases.release_id"), primary_key=True),
    Column("request_id", LargeBinary(16), ForeignKey("exchange.access_requests.request_id"), nullable=False),
    Column("reader", String(40), nullable=False),
    Column("sender", String(40), nullable=False),
    Column("requester", LargeBinary(16), nullable=False),
    Column("fields", String(200), nullable=False),
    Column("key_id", LargeBinary(16), nullable=False),
    Column("granted_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("revoked_for", String(20), nullable=False),
    Column("erased_at", Moment),
    entry_reference(),
    UniqueConstraint("request_id"),
    Index(None, "erased_at", "expires_at"),
    schema="exchange",
)

#: Which case a request is about: found once, by casework, and nobody else's to know.
taken_requests = Table(
    "taken_requests",
    main,
    Column("request_id", LargeBinary(16), ForeignKey("exchange.access_requests.request_id"), primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id")),
    Column("taken_at", Moment, nullable=False),
    entry_reference(),
    Index(None, "case_id"),
    schema="casework",
)
