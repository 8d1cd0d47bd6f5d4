"""The log is searched by action, kind, role, zone, purpose, decision and rule too: filled from the entries themselves.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NEW = ("action", "kind", "role", "zone", "purpose", "decision", "rule")


def _lite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    if _lite():
        _anew()
    else:
        _beside()
    for column in ("action", "rule"):
        op.create_index(
            f"ix_filed_{column}_at_entry_id", "filed", [column, "at", "entry_id"], schema=None if _lite() else "log"
        )


def _anew() -> None:
    """SQLite adds no column that must be filled: the table is made anew under its name."""
    added = ", ".join(f'"{name}" TEXT NOT NULL' for name in _NEW)
    op.execute(
        'CREATE TABLE fresh (entry_id BLOB NOT NULL, "at" BIGINT NOT NULL, actor VARCHAR(40) NOT NULL, '
        f"subject VARCHAR(40) NOT NULL, {added}, CONSTRAINT pk_filed PRIMARY KEY (entry_id), "
        "CONSTRAINT fk_filed_entry_id FOREIGN KEY(entry_id) REFERENCES entries (entry_id)) WITHOUT ROWID"
    )
    body = "CAST(e.body AS TEXT)"
    values = ", ".join(f"coalesce(CASE WHEN json_valid({body}) THEN {body} ->> '$.{name}' END, '')" for name in _NEW)
    op.execute(
        f'INSERT INTO fresh SELECT f.entry_id, f."at", f.actor, f.subject, {values} '  # noqa: S608 - names of this file
        "FROM filed f JOIN entries e ON e.entry_id = f.entry_id ORDER BY f.entry_id"
    )
    op.execute("DROP TABLE filed")
    op.execute("ALTER TABLE fresh RENAME TO filed")
    for columns in (["at"], ["actor", "at"], ["subject", "at"]):
        op.create_index(f"ix_filed_{'_'.join(columns)}_entry_id", "filed", [*columns, "entry_id"])


def _beside() -> None:
    """An entry's bytes are canonical JSON of codes, so a field is found without reading the rest."""
    for name in _NEW:
        op.add_column("filed", sa.Column(name, sa.Text(), nullable=True), schema="log")
    values = ", ".join(
        f"{name} = coalesce(substring(encode(e.body, 'escape') from '\"{name}\":\"([^\"]*)\"'), '')" for name in _NEW
    )
    op.execute(f"UPDATE log.filed f SET {values} FROM log.entries e WHERE e.entry_id = f.entry_id")  # noqa: S608 - names of this file
    for name in _NEW:
        op.alter_column("filed", name, nullable=False, schema="log")
