"""The first schema of the keystore.

Revision: k0001
"""

import sqlalchemy as sa
from alembic import op

revision = "k0001"
down_revision = None
branch_labels = None
depends_on = None


def _schema(name: str) -> str | None:
    """SQLite has no schemas."""
    return None if op.get_bind().dialect.name == "sqlite" else name


def _to(column: str) -> str:
    schema, rest = column.split(".", 1)
    return rest if _schema(schema) is None else column


def upgrade() -> None:
    op.create_table(
        "detail_keys",
        sa.Column("lane", sa.LargeBinary(8), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "epoch", name="pk_detail_keys"),
        schema=_schema("keystore"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "details",
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_details"),
        schema=_schema("keystore"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wraps",
        sa.Column("key_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reader", sa.String(40), nullable=False),
        sa.Column("wrap", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "reader", name="pk_wraps"),
        schema=_schema("keystore"),
        sqlite_with_rowid=False,
    )
