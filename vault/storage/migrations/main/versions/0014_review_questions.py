"""Questions that oversight puts to members of casework about a look.

Revision: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    lite = _lite()
    schema = None if lite else "exchange"
    op.create_table(
        "review_questions",
        sa.Column("question_id", sa.LargeBinary(16), nullable=False),
        sa.Column("review_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reader", sa.String(40), nullable=False),
        sa.Column("addressee", sa.String(40), nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("question_id", name="pk_review_questions"),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.entry_id" if lite else "log.entries.entry_id"], name="fk_review_questions_entry_id"
        ),
        schema=schema,
    )
    op.create_index(
        "ix_review_questions_addressee_asked_at", "review_questions", ["addressee", "asked_at"], schema=schema
    )
    if lite:
        op.execute(
            "CREATE TRIGGER tr_review_questions_entry BEFORE UPDATE ON review_questions FOR EACH ROW "
            "WHEN NEW.entry_id = OLD.entry_id BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            "CREATE TRIGGER tr_review_questions_entry BEFORE UPDATE ON exchange.review_questions FOR EACH ROW "
            "WHEN (NEW.entry_id = OLD.entry_id) EXECUTE FUNCTION log.entry_must_change()"
        )


def downgrade() -> None:
    op.drop_table("review_questions", schema=None if _lite() else "exchange")
