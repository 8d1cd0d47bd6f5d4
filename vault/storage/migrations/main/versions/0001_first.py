"""The first schema of the main database.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _schema(name: str) -> str | None:
    """SQLite has no schemas."""
    return None if op.get_bind().dialect.name == "sqlite" else name


def _to(column: str) -> str:
    schema, rest = column.split(".", 1)
    return rest if _schema(schema) is None else column


#: Every table whose rows name their audit entry: whoever changes a row names the entry of the change.
_NAMING_AN_ENTRY = (
    "auth.staff",
    "auth.sessions",
    "auth.attempts",
    "casework.cases",
    "casework.case_events",
    "casework.data_keys",
    "casework.records",
    "casework.blind_index",
    "casework.consents",
    "exchange.releases",
)


def _entry_must_change() -> None:
    """An update that keeps the old entry is refused by the database itself, as a row without one is."""
    lite = op.get_bind().dialect.name == "sqlite"
    if not lite:
        op.execute(
            "CREATE FUNCTION log.entry_must_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'an update names its own audit entry' USING ERRCODE = 'check_violation'; END $$"
        )
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


def upgrade() -> None:
    op.create_table(
        "entries",
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_entries"),
        schema=_schema("log"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_entries_actor_at", "entries", ["actor", "at"], schema=_schema("log"))
    op.create_index("ix_entries_at", "entries", ["at"], schema=_schema("log"))
    op.create_index("ix_entries_subject_at", "entries", ["subject", "at"], schema=_schema("log"))
    op.create_table(
        "lanes",
        sa.Column("lane", sa.LargeBinary(8), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane", name="pk_lanes"),
        schema=_schema("log"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attempts",
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("subject", sa.LargeBinary(32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("zone", "subject", name="pk_attempts"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_attempts_entry_id"),
        schema=_schema("auth"),
    )
    op.create_table(
        "staff",
        sa.Column("actor_id", sa.LargeBinary(16), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("login", sa.String(80), nullable=False),
        sa.Column("display_name", sa.String(120), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("log_name", sa.String(40), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("totp_generation", sa.Integer(), nullable=False),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.SmallInteger(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("actor_id", name="pk_staff"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_staff_entry_id"),
        sa.UniqueConstraint("zone", "login", name="uq_staff_zone_login"),
        schema=_schema("auth"),
    )
    op.create_table(
        "releases",
        sa.Column("release_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reader", sa.String(40), nullable=False),
        sa.Column("sender", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("compartment", sa.String(20), nullable=False),
        sa.Column("subject", sa.LargeBinary(16), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("policy", sa.LargeBinary(32), nullable=False),
        sa.Column("schema_number", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("release_id", name="pk_releases"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_releases_entry_id"),
        sa.UniqueConstraint("entry_id", name="uq_releases_entry_id"),
        schema=_schema("exchange"),
    )
    op.create_index(
        "ix_releases_reader_kind_released_at", "releases", ["reader", "kind", "released_at"], schema=_schema("exchange")
    )
    op.create_table(
        "outbox",
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("entry_id", name="pk_outbox"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_outbox_entry_id"),
        schema=_schema("log"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("session_id", sa.LargeBinary(16), nullable=False),
        sa.Column("actor_id", sa.LargeBinary(16), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("source_mark", sa.LargeBinary(16), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
        sa.ForeignKeyConstraint(["actor_id"], [_to("auth.staff.actor_id")], name="fk_sessions_actor_id"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_sessions_entry_id"),
        schema=_schema("auth"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sessions_actor_id", "sessions", ["actor_id"], schema=_schema("auth"))
    op.create_table(
        "cases",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("coach", sa.LargeBinary(16), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("annex", sa.String(20), nullable=False),
        sa.Column("term_end", sa.Date(), nullable=True),
        sa.Column("extended", sa.SmallInteger(), nullable=False),
        sa.Column("procedure_pending", sa.SmallInteger(), nullable=False),
        sa.Column("minors", sa.SmallInteger(), nullable=False),
        sa.Column("fitness_check", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_cases"),
        sa.ForeignKeyConstraint(["coach"], [_to("auth.staff.actor_id")], name="fk_cases_coach"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_cases_entry_id"),
        schema=_schema("casework"),
    )
    op.create_index("ix_cases_coach_opened_at", "cases", ["coach", "opened_at"], schema=_schema("casework"))
    op.create_index("ix_cases_region_opened_at", "cases", ["region", "opened_at"], schema=_schema("casework"))
    op.create_table(
        "blind_index",
        sa.Column("token", sa.LargeBinary(32), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("token", "case_id", name="pk_blind_index"),
        sa.ForeignKeyConstraint(["case_id"], [_to("casework.cases.case_id")], name="fk_blind_index_case_id"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_blind_index_entry_id"),
        schema=_schema("casework"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_blind_index_case_id", "blind_index", ["case_id"], schema=_schema("casework"))
    op.create_table(
        "case_events",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(40), nullable=False),
        sa.Column("to_state", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.LargeBinary(16), nullable=False),
        sa.Column("note", sa.String(80), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_case_events"),
        sa.ForeignKeyConstraint(["case_id"], [_to("casework.cases.case_id")], name="fk_case_events_case_id"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_case_events_entry_id"),
        schema=_schema("casework"),
    )
    op.create_table(
        "consents",
        sa.Column("consent_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("recipient", sa.String(40), nullable=False),
        sa.Column("fields", sa.String(400), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("consent_id", name="pk_consents"),
        sa.ForeignKeyConstraint(["case_id"], [_to("casework.cases.case_id")], name="fk_consents_case_id"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_consents_entry_id"),
        schema=_schema("casework"),
    )
    op.create_index("ix_consents_case_id_recipient", "consents", ["case_id", "recipient"], schema=_schema("casework"))
    op.create_table(
        "data_keys",
        sa.Column("key_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("compartment", sa.String(20), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_data_keys"),
        sa.ForeignKeyConstraint(["case_id"], [_to("casework.cases.case_id")], name="fk_data_keys_case_id"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_data_keys_entry_id"),
        sa.UniqueConstraint("case_id", "compartment", name="uq_data_keys_case_id_compartment"),
        schema=_schema("casework"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "records",
        sa.Column("record_id", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("provenance", sa.String(20), nullable=False),
        sa.Column("template", sa.String(40), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("author", sa.LargeBinary(16), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "version", name="pk_records"),
        sa.CheckConstraint("version >= 1", name=op.f("ck_records_version")),
        sa.ForeignKeyConstraint(["case_id"], [_to("casework.cases.case_id")], name="fk_records_case_id"),
        sa.ForeignKeyConstraint(["entry_id"], [_to("log.entries.entry_id")], name="fk_records_entry_id"),
        sa.ForeignKeyConstraint(["key_id"], [_to("casework.data_keys.key_id")], name="fk_records_key_id"),
        schema=_schema("casework"),
    )
    op.create_index("ix_records_case_id_kind", "records", ["case_id", "kind"], schema=_schema("casework"))
    _entry_must_change()
