"""Entries are their id and their bytes; what they are looked up by is filed beside them, and an outbox row may
cover several entries.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _schema() -> str | None:
    return None if _lite() else "log"


def _to(column: str) -> str:
    return column.partition(".")[2] if _lite() else column


def _filed() -> None:
    op.create_table(
        "filed",
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_filed"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_filed_entry_id"),
        schema=_schema(),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_filed_at_entry_id", "filed", ["at", "entry_id"], schema=_schema())
    op.create_index("ix_filed_actor_at_entry_id", "filed", ["actor", "at", "entry_id"], schema=_schema())
    op.create_index("ix_filed_subject_at_entry_id", "filed", ["subject", "at", "entry_id"], schema=_schema())
    op.create_table(
        "filings",
        sa.Column("lane", sa.LargeBinary(8), nullable=False),
        sa.Column("ended", sa.SmallInteger(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("lane", name="pk_filings"),
        sa.ForeignKeyConstraint(["lane"], [_to("log.lanes.lane")], name="fk_filings_lane"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_filings_entry_id"),
        schema=_schema(),
        sqlite_with_rowid=False,
    )
    table = "filings" if _lite() else "log.filings"
    if _lite():
        op.execute(
            "CREATE TRIGGER tr_filings_entry BEFORE UPDATE ON filings FOR EACH ROW WHEN NEW.entry_id = OLD.entry_id "
            "BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            f"CREATE TRIGGER tr_filings_entry BEFORE UPDATE ON {table} FOR EACH ROW "
            "WHEN (NEW.entry_id = OLD.entry_id) EXECUTE FUNCTION log.entry_must_change()"
        )


def _move() -> None:
    """What the entries' own columns said, and how far each lane is filed: to its end."""
    if _lite():
        op.execute("INSERT INTO filed SELECT entry_id, at, actor, subject FROM entries")
        op.execute("INSERT INTO filings SELECT substr(entry_id, 1, 8), 0, max(entry_id) FROM entries GROUP BY 1")
        return
    op.execute("INSERT INTO log.filed SELECT entry_id, at, actor, subject FROM log.entries")
    op.execute(
        "INSERT INTO log.filings SELECT DISTINCT ON (1) substring(entry_id FOR 8), 0, entry_id FROM log.entries "
        "ORDER BY 1, entry_id DESC"
    )


def _anew(table: str, columns: str, old: str) -> None:
    """SQLite cannot drop a key or change a table's kind: the table is made anew under its name."""
    op.execute(f"CREATE TABLE fresh ({columns}")
    op.execute(f"INSERT INTO fresh SELECT {old} FROM {table} ORDER BY entry_id")  # noqa: S608 - names of this file
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE fresh RENAME TO {table}")


def upgrade() -> None:
    _filed()
    _move()
    if _lite():
        _anew(
            "entries",
            "entry_id BLOB NOT NULL, body BLOB NOT NULL, CONSTRAINT pk_entries PRIMARY KEY (entry_id))",
            "entry_id, body",
        )
        _anew(
            "outbox",
            "entry_id BLOB NOT NULL, epoch INTEGER NOT NULL, detail BLOB, run INTEGER NOT NULL, CONSTRAINT pk_outbox "
            "PRIMARY KEY (entry_id), CONSTRAINT fk_outbox_entry_id FOREIGN KEY(entry_id) REFERENCES entries (entry_id)"
            ") WITHOUT ROWID",
            "entry_id, epoch, detail, 1",
        )
        return
    for column in ("at", "actor", "subject"):
        op.drop_column("entries", column, schema="log")
    op.add_column("outbox", sa.Column("run", sa.Integer(), nullable=True), schema="log")
    op.execute("UPDATE log.outbox SET run = 1")
    op.alter_column("outbox", "run", nullable=False, schema="log")
