"""Which cases were erased: the keystore's own list, beside the main database's.

Revision: k0003
"""

import sqlalchemy as sa
from alembic import op

revision = "k0003"
down_revision = "k0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    lite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "buried_cases",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_buried_cases"),
        schema=None if lite else "keystore",
        sqlite_with_rowid=False,
    )
