"""Ceremonies: an identity under a key of two shares, and who let the second go. Nothing of a person stands here."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from vault.storage.tables.base import Moment, entry_reference, main

#: Casework begins one, oversight lets the second share go, either ends it.
ceremonies = Table(
    "ceremonies",
    main,
    Column("release_id", LargeBinary(16), ForeignKey("exchange.releases.release_id"), primary_key=True),
    Column("request_id", LargeBinary(16), ForeignKey("exchange.access_requests.request_id"), nullable=False),
    Column("reader", String(40), nullable=False),
    Column("sender", String(40), nullable=False),
    Column("requester", LargeBinary(16), nullable=False),
    Column("key_id", LargeBinary(16), nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("open_until", Moment, nullable=False),
    Column("policy", LargeBinary(32), nullable=False),
    Column("decision", LargeBinary(16), ForeignKey("log.entries.entry_id"), nullable=False),
    Column("share", LargeBinary, nullable=False),  # the second, sealed to oversight
    Column("share_signature", LargeBinary, nullable=False),
    Column("opened_at", Moment),
    Column("expires_at", Moment),
    Column("opened_decision", LargeBinary(16), ForeignKey("log.entries.entry_id")),
    Column("opened_share", LargeBinary, nullable=False),  # the second, sealed to the reader; empty before and after
    Column("opened_signature", LargeBinary, nullable=False),
    Column("ended_at", Moment),
    Column("ended_by", String(40), nullable=False),
    Column("ended_for", String(20), nullable=False),
    Column("erased_at", Moment),
    entry_reference(),
    UniqueConstraint("request_id"),
    Index(None, "erased_at", "open_until"),
    schema="exchange",
)
