"""An outbox row names its entry without a foreign key: the sequencer passes over one whose entry is not there.

Revision: 0019
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_COLUMNS = (
    "entry_id BLOB NOT NULL, epoch INTEGER NOT NULL, detail BLOB, run INTEGER NOT NULL, "
    "CONSTRAINT pk_outbox PRIMARY KEY (entry_id)"
)
_KEY = "CONSTRAINT fk_outbox_entry_id FOREIGN KEY (entry_id) REFERENCES"


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _anew(columns: str) -> None:
    """SQLite cannot drop a key: the table is made anew under its name."""
    op.execute(f"CREATE TABLE fresh ({columns}) WITHOUT ROWID")
    op.execute("INSERT INTO fresh SELECT entry_id, epoch, detail, run FROM outbox ORDER BY entry_id")
    op.execute("DROP TABLE outbox")
    op.execute("ALTER TABLE fresh RENAME TO outbox")


def upgrade() -> None:
    if _lite():
        _anew(_COLUMNS)
    else:
        op.execute("ALTER TABLE log.outbox DROP CONSTRAINT fk_outbox_entry_id")


def downgrade() -> None:
    """What waits without an entry waits for nothing."""
    schema = "" if _lite() else "log."
    op.execute(
        f"DELETE FROM {schema}outbox WHERE NOT EXISTS "  # noqa: S608 - names of this file
        f"(SELECT 1 FROM {schema}entries e WHERE e.entry_id = outbox.entry_id)"
    )
    if _lite():
        _anew(f"{_COLUMNS}, {_KEY} entries (entry_id)")
    else:
        op.execute(f"ALTER TABLE log.outbox ADD {_KEY} log.entries (entry_id)")
