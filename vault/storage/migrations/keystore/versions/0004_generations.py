"""The generations of a zone's wrapping key; no wrap is stored under one that is closed, whatever program writes it.

Revision: k0004
"""

import sqlalchemy as sa
from alembic import op

revision = "k0004"
down_revision = "k0003"
branch_labels = None
depends_on = None

#: Under which generation a wrap stands, as eight bytes: `vault.crypto.wrap`.
_LITE = (
    "WHEN EXISTS (SELECT 1 FROM generations g WHERE g.zone = NEW.reader AND g.closed_at IS NOT NULL AND g.generation = "
    "CASE length(NEW.wrap) WHEN 61 THEN X'0000000000000001' WHEN 69 THEN substr(NEW.wrap, 2, 8) END) "
    "BEGIN SELECT RAISE(ABORT, 'tr_wraps_generation: this generation is closed'); END"
)
_POSTGRES = r"CASE length(NEW.wrap) WHEN 61 THEN '\x0000000000000001'::bytea WHEN 69 THEN substr(NEW.wrap, 2, 8) END"


def upgrade() -> None:
    lite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "generations",
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("generation", sa.LargeBinary(8), nullable=False),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("zone", "generation", name="pk_generations"),
        schema=None if lite else "keystore",
        sqlite_with_rowid=False,
    )
    if lite:
        for verb in ("INSERT", "UPDATE"):
            trigger = f"CREATE TRIGGER tr_wraps_generation_{verb.lower()} BEFORE {verb} ON wraps FOR EACH ROW "
            op.execute(trigger + _LITE)
        return
    # Volatile, so that whoever waited for the lock of whoever closes a generation sees it closed.
    op.execute(
        "CREATE FUNCTION keystore.refuse_closed_generation() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$ BEGIN "
        "IF EXISTS (SELECT FROM keystore.generations g WHERE g.zone = NEW.reader "
        f"AND g.generation = {_POSTGRES} AND g.closed_at IS NOT NULL) THEN "
        "RAISE EXCEPTION 'this generation is closed' "
        "USING ERRCODE = 'check_violation', CONSTRAINT = 'tr_wraps_generation'; "
        "END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER tr_wraps_generation BEFORE INSERT OR UPDATE ON keystore.wraps FOR EACH ROW "
        "WHEN (length(NEW.wrap) IN (61, 69)) EXECUTE FUNCTION keystore.refuse_closed_generation()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("insert", "update"):
            op.execute(f"DROP TRIGGER tr_wraps_generation_{verb}")
        op.drop_table("generations")
        return
    op.execute("DROP TRIGGER tr_wraps_generation ON keystore.wraps")
    op.execute("DROP FUNCTION keystore.refuse_closed_generation()")
    op.drop_table("generations", schema="keystore")
