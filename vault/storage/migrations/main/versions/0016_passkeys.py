"""Passkeys, what was said about each, recovery codes.

Revision: 0016
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _place(schema: str, name: str) -> str:
    return name if _lite() else f"{schema}.{name}"


def _bytes(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(length) if length else sa.LargeBinary(), nullable=nullable)


def _text(name: str, length: int) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _entry_must_change(table: str) -> None:
    if _lite():
        op.execute(
            f"CREATE TRIGGER tr_{table}_entry BEFORE UPDATE ON {table} FOR EACH ROW "
            "WHEN NEW.entry_id = OLD.entry_id BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            f"CREATE TRIGGER tr_{table}_entry BEFORE UPDATE ON auth.{table} FOR EACH ROW "
            "WHEN (NEW.entry_id = OLD.entry_id) EXECUTE FUNCTION log.entry_must_change()"
        )


def upgrade() -> None:
    schema = None if _lite() else "auth"
    entries = _place("log", "entries.entry_id")
    people = _place("auth", "staff.actor_id")
    op.create_table(
        "passkeys",
        _bytes("passkey_id", 16), _text("zone", 40), _bytes("actor_id", 16), _text("login", 80),
        _text("holder", 120), _text("function", 40), _text("name", 40), _bytes("credential", 1023),
        _bytes("public_key", 2048), sa.Column("counter", sa.BigInteger(), nullable=False), _text("transports", 80),
        sa.Column("synced", sa.SmallInteger(), nullable=False), _moment("enrolled_at"), _moment("challenge_at"),
        _moment("used_at", nullable=True), _bytes("enrolment", 16), _bytes("entry_id", 16),
        sa.PrimaryKeyConstraint("passkey_id", name="pk_passkeys"),
        sa.UniqueConstraint("credential", name="uq_passkeys_credential"),
        _reference("passkeys", "actor_id", people),
        _reference("passkeys", "enrolment", entries),
        _reference("passkeys", "entry_id", entries),
        schema=schema,
    )  # fmt: skip
    op.create_index("ix_passkeys_actor_id", "passkeys", ["actor_id"], schema=schema)
    op.create_table(
        "passkey_words",
        _bytes("passkey_id", 16), _text("said", 20), _text("zone", 40), _text("told_to", 40), _bytes("actor_id", 16),
        _text("function", 40), _moment("at"), _bytes("signature"), _bytes("entry_id", 16),
        sa.PrimaryKeyConstraint("passkey_id", "said", name="pk_passkey_words"),
        _reference("passkey_words", "passkey_id", _place("auth", "passkeys.passkey_id")),
        _reference("passkey_words", "entry_id", entries),
        schema=schema,
    )  # fmt: skip
    op.create_table(
        "recovery_codes",
        _bytes("actor_id", 16), sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False), _text("zone", 40), _bytes("code_hash", 32),
        _moment("made_at"), _moment("used_at", nullable=True), _bytes("entry_id", 16),
        sa.PrimaryKeyConstraint("actor_id", "generation", "number", name="pk_recovery_codes"),
        _reference("recovery_codes", "actor_id", people),
        _reference("recovery_codes", "entry_id", entries),
        schema=schema,
    )  # fmt: skip
    for table in ("passkeys", "passkey_words", "recovery_codes"):
        _entry_must_change(table)


def downgrade() -> None:
    for table in ("recovery_codes", "passkey_words", "passkeys"):
        op.drop_table(table, schema=None if _lite() else "auth")
