"""Emergencies: who asked to see who somebody is, who opened it, until when.

Revision: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    lite = _lite()
    schema = None if lite else "casework"
    op.create_table(
        "break_glass",
        sa.Column("emergency_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("actor_id", sa.LargeBinary(16), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("lapses_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.LargeBinary(16), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("emergency_id", name="pk_break_glass"),
        sa.UniqueConstraint("actor_id", "period", "number", name="uq_break_glass_actor_id_period_number"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.case_id" if lite else "casework.cases.case_id"], name="fk_break_glass_case_id"
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.entry_id" if lite else "log.entries.entry_id"], name="fk_break_glass_entry_id"
        ),
        schema=schema,
    )
    op.create_index("ix_break_glass_region_asked_at", "break_glass", ["region", "asked_at"], schema=schema)
    if lite:
        op.execute(
            "CREATE TRIGGER tr_break_glass_entry BEFORE UPDATE ON break_glass FOR EACH ROW "
            "WHEN NEW.entry_id = OLD.entry_id BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            "CREATE TRIGGER tr_break_glass_entry BEFORE UPDATE ON casework.break_glass FOR EACH ROW "
            "WHEN (NEW.entry_id = OLD.entry_id) EXECUTE FUNCTION log.entry_must_change()"
        )


def downgrade() -> None:
    op.drop_table("break_glass", schema=None if _lite() else "casework")
