"""Referrals with their whole life; what partners send back; withdrawals in rows of their own.

`releases.withdrawn_at` goes: a release's entry is bound into its envelope, so no update could ever set it.
Consents and releases that are there stay as they are and end on their day; they belong to no referral.

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NAMING_AN_ENTRY = (
    "casework.referrals",
    "casework.referral_events",
    "exchange.withdrawals",
    "exchange.receipts",
    "exchange.answers",
)


def _schema(name: str) -> str | None:
    """SQLite has no schemas."""
    return None if op.get_bind().dialect.name == "sqlite" else name


def _to(column: str) -> str:
    schema, rest = column.split(".", 1)
    return rest if _schema(schema) is None else column


def _entry_must_change() -> None:
    """An update that keeps the old entry is refused by the database itself, as a row without one is."""
    lite = op.get_bind().dialect.name == "sqlite"
    for table in _NAMING_AN_ENTRY:
        name = f"tr_{table.split('.')[1]}_entry"
        if lite:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE UPDATE ON {_to(table)} FOR EACH ROW WHEN NEW.entry_id = OLD.entry_id "
                "BEGIN SELECT RAISE(ABORT, 'an update names its own audit entry'); END"
            )
        else:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN (NEW.entry_id = OLD.entry_id) "
                "EXECUTE FUNCTION log.entry_must_change()"
            )


def _entry(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name=f"fk_{table}_entry_id")


def upgrade() -> None:
    op.drop_column("releases", "withdrawn_at", schema=_schema("exchange"))
    op.create_index(
        "uq_releases_release_id_reader", "releases", ["release_id", "reader"], unique=True, schema=_schema("exchange")
    )
    _casework()
    _exchange()
    _entry_must_change()


def _casework() -> None:
    op.create_table(
        "referrals",
        sa.Column("referral_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("partner", sa.String(40), nullable=False),
        sa.Column("need", sa.String(40), nullable=False),
        sa.Column("fields", sa.String(400), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("consent_id", sa.LargeBinary(16), nullable=True),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("receipt_due", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("referral_id", name="pk_referrals"),
        sa.ForeignKeyConstraint(["case_id"], [_to("casework.cases.case_id")], name="fk_referrals_case_id"),
        sa.ForeignKeyConstraint(["consent_id"], [_to("casework.consents.consent_id")], name="fk_referrals_consent_id"),
        _entry("referrals"),
        schema=_schema("casework"),
    )
    op.create_index(
        "ix_referrals_case_id_proposed_at", "referrals", ["case_id", "proposed_at"], schema=_schema("casework")
    )
    op.create_table(
        "referral_events",
        sa.Column("referral_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("to_status", sa.String(20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.LargeBinary(16), nullable=True),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("referral_id", "number", name="pk_referral_events"),
        sa.ForeignKeyConstraint(
            ["referral_id"], [_to("casework.referrals.referral_id")], name="fk_referral_events_referral_id"
        ),
        _entry("referral_events"),
        schema=_schema("casework"),
    )


def _exchange() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("release_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reader", sa.String(40), nullable=False),
        sa.Column("sender", sa.String(40), nullable=False),
        sa.Column("subject", sa.LargeBinary(16), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=False),
        sa.Column("receipt_due", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("release_id", name="pk_withdrawals"),
        sa.ForeignKeyConstraint(
            ["release_id", "reader"],
            [_to("exchange.releases.release_id"), _to("exchange.releases.reader")],
            name="fk_withdrawals_release_id_reader",
        ),
        _entry("withdrawals"),
        schema=_schema("exchange"),
    )
    op.create_index(
        "ix_withdrawals_reader_withdrawn_at", "withdrawals", ["reader", "withdrawn_at"], schema=_schema("exchange")
    )
    op.create_index(
        "uq_withdrawals_release_id_reader",
        "withdrawals",
        ["release_id", "reader"],
        unique=True,
        schema=_schema("exchange"),
    )
    op.create_table(
        "receipts",
        sa.Column("release_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reader", sa.String(40), nullable=False),
        sa.Column("sender", sa.String(40), nullable=False),
        sa.Column("subject", sa.LargeBinary(16), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("release_id", name="pk_receipts"),
        sa.ForeignKeyConstraint(
            ["release_id", "sender"],
            [_to("exchange.withdrawals.release_id"), _to("exchange.withdrawals.reader")],
            name="fk_receipts_release_id_sender",
        ),
        _entry("receipts"),
        schema=_schema("exchange"),
    )
    op.create_table(
        "answers",
        sa.Column("answer_id", sa.LargeBinary(16), nullable=False),
        sa.Column("release_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reader", sa.String(40), nullable=False),
        sa.Column("sender", sa.String(40), nullable=False),
        sa.Column("subject", sa.LargeBinary(16), nullable=False),
        sa.Column("policy", sa.LargeBinary(32), nullable=False),
        sa.Column("schema_number", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.LargeBinary(16), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("answer_id", name="pk_answers"),
        sa.CheckConstraint("length(sealed) <= 65536", name=op.f("ck_answers_sealed")),
        sa.ForeignKeyConstraint(["decision"], [_to("log.entries.entry_id")], name="fk_answers_decision"),
        sa.ForeignKeyConstraint(
            ["release_id", "sender"],
            [_to("exchange.releases.release_id"), _to("exchange.releases.reader")],
            name="fk_answers_release_id_sender",
        ),
        _entry("answers"),
        schema=_schema("exchange"),
    )
    op.create_index("ix_answers_release_id_taken_at", "answers", ["release_id", "taken_at"], schema=_schema("exchange"))
