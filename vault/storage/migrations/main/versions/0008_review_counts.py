"""Counts of what reviewers did with what was found in notes: by type, source and decision, never by word.

Revision: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    lite = _lite()
    op.create_table(
        "review_counts",
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("tier", sa.String(10), nullable=False),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "number", name="pk_review_counts"),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.entry_id" if lite else "log.entries.entry_id"], name="fk_review_counts_entry_id"
        ),
        schema=None if lite else "casework",
        sqlite_with_rowid=False,
    )
    if lite:
        op.execute(
            "CREATE TRIGGER tr_review_counts_entry BEFORE UPDATE ON review_counts FOR EACH ROW "
            "WHEN NEW.entry_id = OLD.entry_id BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            "CREATE TRIGGER tr_review_counts_entry BEFORE UPDATE ON casework.review_counts FOR EACH ROW "
            "WHEN (NEW.entry_id = OLD.entry_id) EXECUTE FUNCTION log.entry_must_change()"
        )


def downgrade() -> None:
    op.drop_table("review_counts", schema=None if _lite() else "casework")
