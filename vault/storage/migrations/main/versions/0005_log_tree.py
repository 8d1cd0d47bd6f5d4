"""The tree over the audit entries: heads, leaves, tiles, kept checkpoints and their cosignatures.

Entries that were written before stay in the outbox: the first turn of the sequencer takes them into the tree.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _schema(name: str) -> str | None:
    """SQLite has no schemas."""
    return None if op.get_bind().dialect.name == "sqlite" else name


def upgrade() -> None:
    log = _schema("log")
    op.create_table(
        "heads",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.String(200), nullable=False),
        sa.Column("period", sa.String(6), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("closed", sa.SmallInteger(), nullable=False),
        sa.Column("turned_at", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_heads"),
        sa.UniqueConstraint("origin", name="uq_heads_origin"),
        schema=log,
    )
    op.create_table(
        "leaves",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("shard", "leaf", name="pk_leaves"),
        sa.UniqueConstraint("entry_id", name="uq_leaves_entry_id"),
        schema=log,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tiles",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("tile", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "level", "tile", name="pk_tiles"),
        schema=log,
    )
    op.create_table(
        "checkpoints",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "size", name="pk_checkpoints"),
        schema=log,
    )
    op.create_table(
        "cosignatures",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("witness", sa.String(200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "size", "witness", name="pk_cosignatures"),
        schema=log,
    )
    if log is not None:
        # Hashes do not compress; trying would cost more than storing them.
        op.execute("ALTER TABLE log.tiles ALTER COLUMN hashes SET STORAGE EXTERNAL")
