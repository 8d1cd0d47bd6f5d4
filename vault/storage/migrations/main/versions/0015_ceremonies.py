"""Ceremonies: an identity under a key of two shares.

Revision: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _reference(column: str, target: str) -> sa.ForeignKeyConstraint:
    to = target.split(".", 1)[1] if _lite() else target
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_ceremonies_{column}")


def upgrade() -> None:
    lite = _lite()
    schema = None if lite else "exchange"
    op.create_table(
        "ceremonies",
        sa.Column("release_id", sa.LargeBinary(16), nullable=False),
        sa.Column("request_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reader", sa.String(40), nullable=False),
        sa.Column("sender", sa.String(40), nullable=False),
        sa.Column("requester", sa.LargeBinary(16), nullable=False),
        sa.Column("key_id", sa.LargeBinary(16), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("open_until", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.LargeBinary(32), nullable=False),
        sa.Column("decision", sa.LargeBinary(16), nullable=False),
        sa.Column("share", sa.LargeBinary(), nullable=False),
        sa.Column("share_signature", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("opened_decision", sa.LargeBinary(16), nullable=True),
        sa.Column("opened_share", sa.LargeBinary(), nullable=False),
        sa.Column("opened_signature", sa.LargeBinary(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(40), nullable=False),
        sa.Column("ended_for", sa.String(20), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("release_id", name="pk_ceremonies"),
        sa.UniqueConstraint("request_id", name="uq_ceremonies_request_id"),
        _reference("release_id", "exchange.releases.release_id"),
        _reference("request_id", "exchange.access_requests.request_id"),
        _reference("decision", "log.entries.entry_id"),
        _reference("opened_decision", "log.entries.entry_id"),
        _reference("entry_id", "log.entries.entry_id"),
        schema=schema,
    )
    op.create_index("ix_ceremonies_erased_at_open_until", "ceremonies", ["erased_at", "open_until"], schema=schema)
    if lite:
        op.execute(
            "CREATE TRIGGER tr_ceremonies_entry BEFORE UPDATE ON ceremonies FOR EACH ROW "
            "WHEN NEW.entry_id = OLD.entry_id BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            "CREATE TRIGGER tr_ceremonies_entry BEFORE UPDATE ON exchange.ceremonies FOR EACH ROW "
            "WHEN (NEW.entry_id = OLD.entry_id) EXECUTE FUNCTION log.entry_must_change()"
        )


def downgrade() -> None:
    op.drop_table("ceremonies", schema=None if _lite() else "exchange")
