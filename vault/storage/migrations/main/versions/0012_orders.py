"""Orders taken in from the official file: a keyed mark of the reference, and of all that the order said.

Revision: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    lite = _lite()
    op.create_table(
        "orders",
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("household", sa.LargeBinary(32), nullable=False),
        sa.Column("facts", sa.LargeBinary(32), nullable=False),
        sa.Column("updates", sa.Integer(), nullable=False),
        sa.Column("missing", sa.String(120), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_orders"),
        sa.UniqueConstraint("case_id", name="uq_orders_case_id"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.case_id" if lite else "casework.cases.case_id"], name="fk_orders_case_id"
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.entry_id" if lite else "log.entries.entry_id"], name="fk_orders_entry_id"
        ),
        schema=None if lite else "casework",
        sqlite_with_rowid=False,
    )
    if lite:
        op.execute(
            "CREATE TRIGGER tr_orders_entry BEFORE UPDATE ON orders FOR EACH ROW "
            "WHEN NEW.entry_id = OLD.entry_id BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            "CREATE TRIGGER tr_orders_entry BEFORE UPDATE ON casework.orders FOR EACH ROW "
            "WHEN (NEW.entry_id = OLD.entry_id) EXECUTE FUNCTION log.entry_must_change()"
        )


def downgrade() -> None:
    op.drop_table("orders", schema=None if _lite() else "casework")
