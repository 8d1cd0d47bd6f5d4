"""Coaches, assignments, conflicts of interest, absences, appointments, calendar feeds.

Revision: 0007
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _schema() -> str | None:
    """SQLite has no schemas."""
    return None if _lite() else "casework"


def _to(column: str) -> str:
    return column.split(".", 1)[1] if _lite() else column


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [_to(target)], name=f"fk_{table}_{column}")


def _create(table: str, *columns: sa.schema.SchemaItem, key: tuple[str, ...], **options: Any) -> None:
    """A casework table whose rows name the entry that explains them, and whose updates name another."""
    op.create_table(
        table,
        *columns,
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"),
        _reference(table, "entry_id", "log.entries.entry_id"),
        schema=_schema(),
        **options,
    )
    if _lite():
        op.execute(
            f"CREATE TRIGGER tr_{table}_entry BEFORE UPDATE ON {table} FOR EACH ROW WHEN NEW.entry_id = OLD.entry_id "
            "BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            f"CREATE TRIGGER tr_{table}_entry BEFORE UPDATE ON casework.{table} FOR EACH ROW "
            "WHEN (NEW.entry_id = OLD.entry_id) EXECUTE FUNCTION log.entry_must_change()"
        )


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns), schema=_schema())


def upgrade() -> None:
    _people()
    _agenda()


def _people() -> None:
    _create(
        "coaches",
        sa.Column("actor_id", sa.LargeBinary(16), nullable=False),
        sa.Column("types", sa.String(80), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        _reference("coaches", "actor_id", "auth.staff.actor_id"),
        key=("actor_id",),
    )
    _create(
        "absences",
        sa.Column("absence_id", sa.LargeBinary(16), nullable=False),
        sa.Column("coach", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("handed_over_at", sa.BigInteger(), nullable=True),
        sa.Column("returned_at", sa.BigInteger(), nullable=True),
        _reference("absences", "coach", "auth.staff.actor_id"),
        key=("absence_id",),
    )
    _index("absences", "coach")
    _create(
        "assignments",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("before", sa.LargeBinary(16), nullable=True),
        sa.Column("coach", sa.LargeBinary(16), nullable=True),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by_actor", sa.LargeBinary(16), nullable=False),
        sa.Column("explanation", sa.String(160), nullable=False),
        sa.Column("absence_id", sa.LargeBinary(16), nullable=True),
        _reference("assignments", "case_id", "casework.cases.case_id"),
        _reference("assignments", "before", "auth.staff.actor_id"),
        _reference("assignments", "coach", "auth.staff.actor_id"),
        _reference("assignments", "absence_id", "casework.absences.absence_id"),
        key=("case_id", "number"),
    )
    _index("assignments", "absence_id")
    _index("assignments", "coach", "at")
    _create(
        "conflicts",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("coach", sa.LargeBinary(16), nullable=False),
        sa.Column("declared_at", sa.BigInteger(), nullable=False),
        sa.Column("declared_by", sa.LargeBinary(16), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        _reference("conflicts", "case_id", "casework.cases.case_id"),
        _reference("conflicts", "coach", "auth.staff.actor_id"),
        key=("case_id", "coach"),
        sqlite_with_rowid=False,
    )


def _agenda() -> None:
    _create(
        "appointments",
        sa.Column("appointment_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("occasion", sa.String(20), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("desk", sa.String(40), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("leaflet", sa.String(40), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("company", sa.String(80), nullable=False),
        sa.Column("interpreter", sa.LargeBinary(16), nullable=True),
        sa.Column("interpreting", sa.String(3), nullable=False),
        sa.Column("before", sa.LargeBinary(16), nullable=True),
        sa.Column("booked_at", sa.BigInteger(), nullable=False),
        sa.Column("booked_by", sa.LargeBinary(16), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_by", sa.LargeBinary(16), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _reference("appointments", "case_id", "casework.cases.case_id"),
        key=("appointment_id",),
    )
    _index("appointments", "case_id")
    _index("appointments", "starts_at")
    _create(
        "desk_cells",
        sa.Column("desk", sa.String(40), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("appointment_id", sa.LargeBinary(16), nullable=True),
        _reference("desk_cells", "appointment_id", "casework.appointments.appointment_id"),
        key=("desk", "starts_at"),
        sqlite_with_rowid=False,
    )
    _create(
        "calendar_feeds",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("feed_id", sa.LargeBinary(16), nullable=False),
        sa.Column("actor_id", sa.LargeBinary(16), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        _reference("calendar_feeds", "actor_id", "auth.staff.actor_id"),
        key=("token_hash",),
        sqlite_with_rowid=False,
    )
    _index("calendar_feeds", "actor_id")
