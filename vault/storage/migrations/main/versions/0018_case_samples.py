"""Samples: cases drawn by lot for a regional head, and which of them are done.

Revision: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_SAMPLES, _ENDS = "case_samples", "case_sample_ends"


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _entry(table: str) -> sa.ForeignKeyConstraint:
    parent = "entries.entry_id" if _lite() else "log.entries.entry_id"
    return sa.ForeignKeyConstraint(["entry_id"], [parent], name=f"fk_{table}_entry_id")


def _guard(table: str) -> None:
    """No row changes without naming another entry; no zone's role may change one at all."""
    if _lite():
        op.execute(
            f"CREATE TRIGGER tr_{table}_entry BEFORE UPDATE ON {table} FOR EACH ROW "
            "WHEN NEW.entry_id = OLD.entry_id BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            f"CREATE TRIGGER tr_{table}_entry BEFORE UPDATE ON casework.{table} FOR EACH ROW "
            "WHEN (NEW.entry_id = OLD.entry_id) EXECUTE FUNCTION log.entry_must_change()"
        )


def upgrade() -> None:
    lite = _lite()
    schema, before = (None, "") if lite else ("casework", "casework.")
    op.create_table(
        _SAMPLES,
        sa.Column("sample_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("actor_id", sa.LargeBinary(16), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("coach_id", sa.LargeBinary(16), nullable=True),
        sa.Column("reason", sa.String(30), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seed", sa.LargeBinary(16), nullable=False),
        sa.Column("listed", sa.LargeBinary(32), nullable=False),
        sa.Column("drawn_of", sa.Integer(), nullable=False),
        sa.Column("drawn_place", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("sample_id", name=f"pk_{_SAMPLES}"),
        sa.UniqueConstraint("actor_id", "period", "number", name=f"uq_{_SAMPLES}_actor_id_period_number"),
        sa.ForeignKeyConstraint(["case_id"], [f"{before}cases.case_id"], name=f"fk_{_SAMPLES}_case_id"),
        _entry(_SAMPLES),
        schema=schema,
    )
    op.create_index(f"ix_{_SAMPLES}_case_id", _SAMPLES, ["case_id"], schema=schema)
    op.create_table(
        _ENDS,
        sa.Column("sample_id", sa.LargeBinary(16), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("sample_id", name=f"pk_{_ENDS}"),
        sa.ForeignKeyConstraint(["sample_id"], [f"{before}{_SAMPLES}.sample_id"], name=f"fk_{_ENDS}_sample_id"),
        _entry(_ENDS),
        schema=schema,
    )
    for table in (_SAMPLES, _ENDS):
        _guard(table)


def downgrade() -> None:
    schema = None if _lite() else "casework"
    for table in (_ENDS, _SAMPLES):
        op.drop_table(table, schema=schema)
