"""The main database says which installation it belongs to. The mark itself is written by `storage.installation`.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    lite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "installation",
        sa.Column("directory_key", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("directory_key", name="pk_installation"),
        schema=None if lite else "log",
        sqlite_with_rowid=False,
    )
