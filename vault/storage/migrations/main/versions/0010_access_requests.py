"""Requests for access, the answers to them, and grants.

Revision: 0010
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _schema(name: str) -> str | None:
    """SQLite has no schemas."""
    return None if _lite() else name


def _to(column: str) -> str:
    return column.split(".", 1)[1] if _lite() else column


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [_to(target)], name=f"fk_{table}_{column}")


def _create(schema: str, table: str, *columns: sa.schema.SchemaItem, key: tuple[str, ...]) -> None:
    """A table whose rows name the entry that explains them, and whose updates name another."""
    constraints: list[Any] = [
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"),
        _reference(table, "entry_id", "log.entries.entry_id"),
    ]
    op.create_table(table, *columns, *constraints, schema=_schema(schema))
    if _lite():
        op.execute(
            f"CREATE TRIGGER tr_{table}_entry BEFORE UPDATE ON {table} FOR EACH ROW WHEN NEW.entry_id = OLD.entry_id "
            "BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            f"CREATE TRIGGER tr_{table}_entry BEFORE UPDATE ON {schema}.{table} FOR EACH ROW "
            "WHEN (NEW.entry_id = OLD.entry_id) EXECUTE FUNCTION log.entry_must_change()"
        )


def _index(schema: str, table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns), schema=_schema(schema))


def upgrade() -> None:
    _asked()
    _answered()
    _granted()


def _asked() -> None:
    _create(
        "exchange",
        "access_requests",
        sa.Column("request_id", sa.LargeBinary(16), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("requester", sa.LargeBinary(16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("requester", "day", "number", name="uq_access_requests_requester_day_number"),
        key=("request_id",),
    )
    _index("exchange", "access_requests", "filed_at")
    _create(
        "exchange",
        "access_copies",
        sa.Column("request_id", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reader", sa.String(40), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("policy", sa.LargeBinary(32), nullable=False),
        sa.Column("key_id", sa.LargeBinary(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        _reference("access_copies", "request_id", "exchange.access_requests.request_id"),
        key=("request_id", "version", "reader"),
    )
    _create(
        "casework",
        "taken_requests",
        sa.Column("request_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        _reference("taken_requests", "request_id", "exchange.access_requests.request_id"),
        _reference("taken_requests", "case_id", "casework.cases.case_id"),
        key=("request_id",),
    )
    _index("casework", "taken_requests", "case_id")


def _answered() -> None:
    _create(
        "exchange",
        "access_answers",
        sa.Column("request_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("function", sa.String(20), nullable=False),
        sa.Column("actor_id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.String(200), nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("delegate", sa.LargeBinary(16), nullable=True),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("told_to", sa.String(40), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        _reference("access_answers", "request_id", "exchange.access_requests.request_id"),
        key=("request_id", "number"),
    )


def _granted() -> None:
    _create(
        "exchange",
        "grants",
        sa.Column("release_id", sa.LargeBinary(16), nullable=False),
        sa.Column("request_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reader", sa.String(40), nullable=False),
        sa.Column("sender", sa.String(40), nullable=False),
        sa.Column("requester", sa.LargeBinary(16), nullable=False),
        sa.Column("fields", sa.String(200), nullable=False),
        sa.Column("key_id", sa.LargeBinary(16), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_for", sa.String(20), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        _reference("grants", "release_id", "exchange.releases.release_id"),
        _reference("grants", "request_id", "exchange.access_requests.request_id"),
        sa.UniqueConstraint("request_id", name="uq_grants_request_id"),
        key=("release_id",),
    )
    _index("exchange", "grants", "erased_at", "expires_at")


def downgrade() -> None:
    for schema, table in (
        ("exchange", "grants"),
        ("exchange", "access_answers"),
        ("casework", "taken_requests"),
        ("exchange", "access_copies"),
        ("exchange", "access_requests"),
    ):
        op.drop_table(table, schema=_schema(schema))
