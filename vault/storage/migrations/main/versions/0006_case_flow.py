"""The whole case flow: where a case comes from, who it is for, when its order was notified; a case without a coach.

Old states keep their names and mean the same or more: a case that was in `follow_up` had its notice given and is
guided on, one in `intake` waits for its analysis. What older rows do not say is filled in as the program would have
read them: opened at a desk, by a coach, for families where there are minors. Their audit entries stay the ones of
what was done then: a migration is no act of anybody.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ADDED = (
    ("origin", sa.String(20), "walk_in"),
    ("place", sa.String(20), "known_address"),
    ("coach_type", sa.String(20), ""),
    ("criterion", sa.String(30), ""),
    ("notified_on", sa.Date(), None),
    ("term_days", sa.Integer(), None),
    ("second_measure", sa.SmallInteger(), "0"),
)
_TRIGGER = "tr_cases_entry"


def upgrade() -> None:
    lite = op.get_bind().dialect.name == "sqlite"
    schema, table = (None, "cases") if lite else ("casework", "casework.cases")
    # What is filled in here names no new entry, which the trigger would refuse; on SQLite the rebuilt table loses it.
    op.execute(f"DROP TRIGGER {_TRIGGER}" if lite else f"DROP TRIGGER {_TRIGGER} ON {table}")
    with op.batch_alter_table("cases", schema=schema) as batch:
        batch.alter_column("coach", existing_type=sa.LargeBinary(16), nullable=True)
        for name, kind, filled in _ADDED:
            batch.add_column(sa.Column(name, kind, nullable=filled is None, server_default=filled))
    cases = sa.table("cases", sa.column("minors"), sa.column("coach_type"), schema=schema)
    op.execute(sa.update(cases).values(coach_type=sa.case((cases.c.minors == 1, "families"), else_="individuals")))
    with op.batch_alter_table("cases", schema=schema) as batch:
        for name, kind, filled in _ADDED:
            if filled is not None:
                batch.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)
    if lite:
        op.execute(
            f"CREATE TRIGGER {_TRIGGER} BEFORE UPDATE ON cases FOR EACH ROW WHEN NEW.entry_id = OLD.entry_id "
            "BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
        )
    else:
        op.execute(
            f"CREATE TRIGGER {_TRIGGER} BEFORE UPDATE ON {table} FOR EACH ROW WHEN (NEW.entry_id = OLD.entry_id) "
            "EXECUTE FUNCTION log.entry_must_change()"
        )
