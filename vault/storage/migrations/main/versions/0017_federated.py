"""Who of an identity provider is whom here; until when such a session may release.

Revision: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TABLE = "federated_identities"


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    lite = _lite()
    schema = None if lite else "auth"
    op.add_column("sessions", sa.Column("releases_until", sa.BigInteger(), nullable=True), schema=schema)
    op.create_table(
        _TABLE,
        sa.Column("actor_id", sa.LargeBinary(16), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("actor_id", "generation", name=f"pk_{_TABLE}"),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["staff.actor_id" if lite else "auth.staff.actor_id"], name=f"fk_{_TABLE}_actor_id"
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.entry_id" if lite else "log.entries.entry_id"], name=f"fk_{_TABLE}_entry_id"
        ),
        schema=schema,
    )
    op.create_index(f"ix_{_TABLE}_mark", _TABLE, ["mark"], schema=schema)
    if lite:
        op.execute(
            f"CREATE TRIGGER tr_{_TABLE}_entry BEFORE UPDATE ON {_TABLE} FOR EACH ROW "
            "WHEN NEW.entry_id = OLD.entry_id BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            f"CREATE TRIGGER tr_{_TABLE}_entry BEFORE UPDATE ON auth.{_TABLE} FOR EACH ROW "
            "WHEN (NEW.entry_id = OLD.entry_id) EXECUTE FUNCTION log.entry_must_change()"
        )


def downgrade() -> None:
    schema = None if _lite() else "auth"
    op.drop_table(_TABLE, schema=schema)
    op.drop_column("sessions", "releases_until", schema=schema)
