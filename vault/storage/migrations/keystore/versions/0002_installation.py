"""The keystore says which installation it belongs to. The mark itself is written by `storage.installation`.

Revision: k0002
"""

import sqlalchemy as sa
from alembic import op

revision = "k0002"
down_revision = "k0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    lite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "installation",
        sa.Column("directory_key", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("directory_key", name="pk_installation"),
        schema=None if lite else "keystore",
        sqlite_with_rowid=False,
    )
