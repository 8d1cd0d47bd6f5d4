"""What a coach records besides notes: files in chunks, tasks, drafts. Nothing that was stored changes.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = ("casework.attachments", "casework.attachment_chunks", "casework.tasks", "casework.drafts")


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _schema(name: str) -> str | None:
    """SQLite has no schemas."""
    return None if _lite() else name


def _to(column: str) -> str:
    return column.split(".", 1)[1] if _lite() else column


def _entry(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name=f"fk_{table}_entry_id")


def _case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["case_id"], [_to("casework.cases.case_id")], name=f"fk_{table}_case_id")


def _key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["key_id"], [_to("casework.data_keys.key_id")], name=f"fk_{table}_key_id")


def upgrade() -> None:
    _attachments()
    _tasks_and_drafts()
    for table in _TABLES:
        name = f"tr_{table.split('.')[1]}_entry"
        if _lite():
            op.execute(
                f"CREATE TRIGGER {name} BEFORE UPDATE ON {_to(table)} FOR EACH ROW WHEN NEW.entry_id = OLD.entry_id "
                "BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
            )
        else:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN (NEW.entry_id = OLD.entry_id) "
                "EXECUTE FUNCTION log.entry_must_change()"
            )


def _attachments() -> None:
    schema = _schema("casework")
    op.create_table(
        "attachments",
        sa.Column("attachment_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("author", sa.LargeBinary(16), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(16), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=True),
        sa.Column("described_at", sa.BigInteger(), nullable=True),
        sa.Column("swept_at", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", name="pk_attachments"),
        sa.CheckConstraint(
            "described_at IS NULL OR (chunks IS NOT NULL AND swept_at IS NULL)", name=op.f("ck_attachments_whole")
        ),
        _case("attachments"),
        _key("attachments"),
        _entry("attachments"),
        schema=schema,
    )
    op.create_index("ix_attachments_case_id_kind", "attachments", ["case_id", "kind"], schema=schema)
    op.create_table(
        "attachment_chunks",
        sa.Column("attachment_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", "number", name="pk_attachment_chunks"),
        sa.CheckConstraint("number >= 0", name=op.f("ck_attachment_chunks_number")),
        sa.ForeignKeyConstraint(
            ["attachment_id"], [_to("casework.attachments.attachment_id")], name="fk_attachment_chunks_attachment_id"
        ),
        _entry("attachment_chunks"),
        schema=schema,
    )
    if not _lite():
        # What is sealed does not compress: PostgreSQL need not try.
        op.execute("ALTER TABLE casework.attachment_chunks ALTER COLUMN sealed SET STORAGE EXTERNAL")


def _tasks_and_drafts() -> None:
    schema = _schema("casework")
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("remind_on", sa.Date(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("task_id", name="pk_tasks"),
        _case("tasks"),
        _entry("tasks"),
        schema=schema,
    )
    op.create_index("ix_tasks_case_id_due_on", "tasks", ["case_id", "due_on"], schema=schema)
    op.create_table(
        "drafts",
        sa.Column("draft_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("template", sa.String(40), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("author", sa.LargeBinary(16), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("draft_id", name="pk_drafts"),
        _case("drafts"),
        _key("drafts"),
        _entry("drafts"),
        schema=schema,
    )
    op.create_index("ix_drafts_case_id", "drafts", ["case_id"], schema=schema)
    op.create_index("ix_drafts_expires_at", "drafts", ["expires_at"], schema=schema)
