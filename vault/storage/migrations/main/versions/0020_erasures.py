"""Erasing cases: what was asked and answered, tombstones, and the keys that must not be there any more.

Revision: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TABLES = (
    ("exchange", "erasures"), ("exchange", "erasure_words"), ("casework", "erasure_cases"),
    ("exchange", "tombstones"), ("casework", "buried_keys"), ("casework", "buried_acts"),
)  # fmt: skip


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _schema(name: str) -> str | None:
    return None if _lite() else name


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    to = target.split(".", 1)[1] if _lite() else target
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_{table}_{column}")


def _entry(table: str) -> tuple[sa.Column[bytes], sa.ForeignKeyConstraint]:
    return sa.Column("entry_id", sa.LargeBinary(16), nullable=False), _to(table, "entry_id", "log.entries.entry_id")


def _guard(schema: str, table: str) -> None:
    """No row changes without naming another entry."""
    if _lite():
        op.execute(
            f"CREATE TRIGGER tr_{table}_entry BEFORE UPDATE ON {table} FOR EACH ROW "
            "WHEN NEW.entry_id = OLD.entry_id BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            f"CREATE TRIGGER tr_{table}_entry BEFORE UPDATE ON {schema}.{table} FOR EACH ROW "
            "WHEN (NEW.entry_id = OLD.entry_id) EXECUTE FUNCTION log.entry_must_change()"
        )


def _asked() -> None:
    op.create_table(
        "erasures",
        sa.Column("erasure_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reader", sa.String(40), nullable=False),
        sa.Column("sender", sa.String(40), nullable=False),
        sa.Column("subject", sa.LargeBinary(16), nullable=False),
        sa.Column("ground", sa.String(30), nullable=False),
        sa.Column("actor_id", sa.LargeBinary(16), nullable=False),
        sa.Column("asked_by", sa.String(40), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        *_entry("erasures"),
        sa.PrimaryKeyConstraint("erasure_id", name="pk_erasures"),
        schema=_schema("exchange"),
    )
    op.create_index("ix_erasures_asked_at", "erasures", ["asked_at"], schema=_schema("exchange"))
    op.create_table(
        "erasure_words",
        sa.Column("erasure_id", sa.LargeBinary(16), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("told_to", sa.String(40), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("actor_id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        *_entry("erasure_words"),
        sa.PrimaryKeyConstraint("erasure_id", name="pk_erasure_words"),
        _to("erasure_words", "erasure_id", "exchange.erasures.erasure_id"),
        schema=_schema("exchange"),
    )
    op.create_table(
        "erasure_cases",
        sa.Column("erasure_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lapsed_at", sa.BigInteger(), nullable=True),
        *_entry("erasure_cases"),
        sa.PrimaryKeyConstraint("erasure_id", name="pk_erasure_cases"),
        sa.UniqueConstraint("case_id", "number", name="uq_erasure_cases_case_id_number"),
        _to("erasure_cases", "erasure_id", "exchange.erasures.erasure_id"),
        _to("erasure_cases", "case_id", "casework.cases.case_id"),
        schema=_schema("casework"),
    )


def upgrade() -> None:
    _asked()
    op.create_table(
        "tombstones",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        *_entry("tombstones"),
        sa.PrimaryKeyConstraint("case_id", name="pk_tombstones"),
        schema=_schema("exchange"),
    )
    op.create_table(
        "buried_keys",
        sa.Column("key_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reader", sa.String(40), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        *_entry("buried_keys"),
        sa.PrimaryKeyConstraint("key_id", "reader", name="pk_buried_keys"),
        schema=_schema("casework"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_buried_keys_case_id", "buried_keys", ["case_id"], schema=_schema("casework"))
    op.create_table(
        "buried_acts",
        sa.Column("act", sa.LargeBinary(16), nullable=False),
        *_entry("buried_acts"),
        sa.PrimaryKeyConstraint("act", name="pk_buried_acts"),
        _to("buried_acts", "act", "log.entries.entry_id"),
        schema=_schema("casework"),
        sqlite_with_rowid=False,
    )
    for schema, table in _TABLES:
        _guard(schema, table)


def downgrade() -> None:
    for schema, table in reversed(_TABLES):
        op.drop_table(table, schema=_schema(schema))
