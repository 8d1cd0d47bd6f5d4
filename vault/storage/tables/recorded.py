"""What a coach records besides notes, where its rows are more than a sealed record: files, tasks, drafts.

Facts and letters are sealed records like notes and stand in `records`.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Table

from vault.storage.tables.base import Moment, entry_reference, main

# A file on its way, or arrived. Nobody sees it before `described_at`; once `swept_at` is set its chunks are empty.
attachments = Table(
    "attachments",
    main,
    Column("attachment_id", LargeBinary(16), primary_key=True),  # also the id of its record in `records`
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("author", LargeBinary(16), nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("key_id", LargeBinary(16), ForeignKey("casework.data_keys.key_id"), nullable=False),
    Column("header", LargeBinary, nullable=False),  # of the sealed chunks
    Column("chunks", Integer),  # how many; NULL until the last one is there
    Column("described_at", Moment),
    Column("swept_at", Moment),
    entry_reference(),
    CheckConstraint("described_at IS NULL OR (chunks IS NOT NULL AND swept_at IS NULL)", name="whole"),
    Index(None, "case_id", "kind"),
    schema="casework",
)

attachment_chunks = Table(
    "attachment_chunks",
    main,
    Column("attachment_id", LargeBinary(16), ForeignKey("casework.attachments.attachment_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # empty once swept
    entry_reference(),
    CheckConstraint("number >= 0", name="number"),
    schema="casework",
)

tasks = Table(
    "tasks",
    main,
    Column("task_id", LargeBinary(16), primary_key=True),  # also the id of its title in `records`
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("due_on", Date, nullable=False),
    Column("remind_on", Date, nullable=False),
    Column("done_at", Moment),
    Column("version", Integer, nullable=False),
    entry_reference(),
    Index(None, "case_id", "due_on"),
    schema="casework",
)

# One place per case, note and author, derived from the three; overwritten, and emptied when saved or too old.
drafts = Table(
    "drafts",
    main,
    Column("draft_id", LargeBinary(16), primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("template", String(40), nullable=False),
    Column("language", String(2), nullable=False),
    Column("author", LargeBinary(16), nullable=False),
    Column("saved_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("key_id", LargeBinary(16), ForeignKey("casework.data_keys.key_id"), nullable=False),
    Column("sealed", LargeBinary),  # NULL: nothing there
    entry_reference(),
    Index(None, "case_id"),
    Index(None, "expires_at"),
    schema="casework",
)
