"""The tables of both databases, written once for SQLite and PostgreSQL.

Main database, four schemas (on SQLite the schema names vanish, table names are unique):
    log        entries, outbox, lanes: append-only, every zone may insert, only oversight reads
    auth       staff, sessions, attempts: a row belongs to one zone
    casework   cases and everything confided, sealed
    exchange   what left casework, sealed to one reader each
Keystore, one schema: wraps of data keys, sealed audit details and their keys.

Every written row outside `log` names the audit entry of the operation that wrote it by an immediate
foreign key; the entry is inserted first, and an update must change it (`entry_id`).

Small tables that are looked up by a random or growing key have no row ids on SQLite: one tree instead of two
to write on every request.

Moments are 64-bit microseconds since 1970 in UTC: the same bytes on both databases, and nothing to parse
on the hot path.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

SCHEMAS: Final = ("log", "auth", "casework", "exchange")
KEYSTORE_SCHEMA: Final = "keystore"

_NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, UTC. `moment` must be aware."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, stored as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else from_micros(value)


main = MetaData(naming_convention=_NAMING)
keys = MetaData(naming_convention=_NAMING)


def _entry() -> Column[bytes]:
    """The operation's audit entry. Immediate on both databases: a row without its entry cannot even be written."""
    return Column("entry_id", LargeBinary(16), ForeignKey("log.entries.entry_id"), nullable=False)


# -- log ---------------------------------------------------------------------------------------------

entries = Table(
    "entries",
    main,
    Column("entry_id", LargeBinary(16), primary_key=True),  # lane (8) and number (8)
    Column("at", Moment, nullable=False),
    Column("actor", String(40), nullable=False),
    Column("subject", String(40), nullable=False),  # "" where the operation is about no case
    Column("body", LargeBinary, nullable=False),  # canonical JSON, stored verbatim: the leaf is made of these bytes
    Index(None, "at"),
    Index(None, "actor", "at"),
    Index(None, "subject", "at"),
    schema="log",
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    main,
    Column("entry_id", LargeBinary(16), ForeignKey("log.entries.entry_id"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("detail", LargeBinary),  # sealed to oversight; NULL where the session's first entry says it all
    schema="log",
    sqlite_with_rowid=False,
)

lanes = Table(
    "lanes",
    main,
    Column("lane", LargeBinary(8), primary_key=True),
    Column("zone", String(40), nullable=False),
    Column("opened_at", Moment, nullable=False),
    schema="log",
    sqlite_with_rowid=False,
)

# -- auth --------------------------------------------------------------------------------------------

staff = Table(
    "staff",
    main,
    Column("actor_id", LargeBinary(16), primary_key=True),
    Column("zone", String(40), nullable=False),
    Column("login", String(80), nullable=False),
    Column("display_name", String(120), nullable=False),
    Column("role", String(40), nullable=False),
    Column("region", String(40), nullable=False),
    Column("log_name", String(40), nullable=False),  # the actor's keyed pseudonym in the log
    Column("password", Text, nullable=False),  # Argon2id, PHC string
    Column("totp_generation", Integer, nullable=False),  # the secret is derived from the zone's key, not stored
    Column("totp_step", BigInteger, nullable=False),  # the last step used: a code works once
    Column("active", SmallInteger, nullable=False),
    _entry(),
    UniqueConstraint("zone", "login"),
    schema="auth",
)

sessions = Table(
    "sessions",
    main,
    Column("token_hash", LargeBinary(32), primary_key=True),  # SHA-256 of an opaque 32-byte token
    Column("session_id", LargeBinary(16), nullable=False),  # the id of the sign-in's audit entry
    Column("actor_id", LargeBinary(16), ForeignKey("auth.staff.actor_id"), nullable=False),
    Column("zone", String(40), nullable=False),
    Column("service", SmallInteger, nullable=False),  # 1: a bearer token of a service
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("source_mark", LargeBinary(16), nullable=False),  # tells a request from another address; not the address
    _entry(),
    Index(None, "actor_id"),
    schema="auth",
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    main,
    Column("zone", String(40), primary_key=True),
    Column("subject", LargeBinary(32), primary_key=True),  # keyed hash of the login or of the source address
    Column("failures", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("blocked_until", Moment),
    _entry(),
    schema="auth",
)

# -- casework ----------------------------------------------------------------------------------------

cases = Table(
    "cases",
    main,
    Column("case_id", LargeBinary(16), primary_key=True),
    Column("state", String(40), nullable=False),
    Column("region", String(40), nullable=False),
    Column("language", String(2), nullable=False),
    Column("coach", LargeBinary(16), ForeignKey("auth.staff.actor_id"), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("outcome", String(40), nullable=False),
    # Facts of the official file (provenance ADMIN): all that a sheet may say besides code and date.
    Column("annex", String(20), nullable=False),
    Column("term_end", Date),
    Column("extended", SmallInteger, nullable=False),
    Column("procedure_pending", SmallInteger, nullable=False),
    Column("minors", SmallInteger, nullable=False),
    Column("fitness_check", SmallInteger, nullable=False),
    Column("version", Integer, nullable=False),
    _entry(),
    Index(None, "coach", "opened_at"),
    Index(None, "region", "opened_at"),
    schema="casework",
)

case_events = Table(
    "case_events",
    main,
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("step", String(40), nullable=False),
    Column("to_state", String(40), nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor_id", LargeBinary(16), nullable=False),
    Column("note", String(80), nullable=False),  # a code or a leaflet version, never free text
    _entry(),
    schema="casework",
)

data_keys = Table(
    "data_keys",
    main,
    Column("key_id", LargeBinary(16), primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("compartment", String(20), nullable=False),
    _entry(),
    UniqueConstraint("case_id", "compartment"),
    schema="casework",
    sqlite_with_rowid=False,
)

records = Table(
    "records",
    main,
    Column("record_id", LargeBinary(16), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("provenance", String(20), nullable=False),
    Column("template", String(40), nullable=False),
    Column("language", String(2), nullable=False),
    Column("author", LargeBinary(16), nullable=False),
    Column("written_at", Moment, nullable=False),
    Column("key_id", LargeBinary(16), ForeignKey("casework.data_keys.key_id"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _entry(),
    CheckConstraint("version >= 1", name="version"),
    Index(None, "case_id", "kind"),
    schema="casework",
)

blind_index = Table(
    "blind_index",
    main,
    Column("token", LargeBinary(32), primary_key=True),  # HMAC of field and normalised value
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), primary_key=True),
    _entry(),
    Index(None, "case_id"),
    schema="casework",
    sqlite_with_rowid=False,
)

consents = Table(
    "consents",
    main,
    Column("consent_id", LargeBinary(16), primary_key=True),
    Column("case_id", LargeBinary(16), ForeignKey("casework.cases.case_id"), nullable=False),
    Column("recipient", String(40), nullable=False),
    Column("fields", String(400), nullable=False),  # field names, comma-separated
    Column("given_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("withdrawn_at", Moment),
    _entry(),
    Index(None, "case_id", "recipient"),
    schema="casework",
)

# -- exchange ----------------------------------------------------------------------------------------

releases = Table(
    "releases",
    main,
    Column("release_id", LargeBinary(16), primary_key=True),
    Column("reader", String(40), nullable=False),
    Column("sender", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("compartment", String(20), nullable=False),
    Column("subject", LargeBinary(16), nullable=False),  # the case, in the reader's own pseudonym domain
    Column("purpose", String(40), nullable=False),
    Column("policy", LargeBinary(32), nullable=False),
    Column("schema_number", Integer, nullable=False),
    Column("key_id", LargeBinary(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("released_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("withdrawn_at", Moment),
    # The entry that allowed it, committed before the release is made, about the reader's pseudonym; used once.
    _entry(),
    UniqueConstraint("entry_id"),
    Index(None, "reader", "kind", "released_at"),
    schema="exchange",
)

# -- keystore ----------------------------------------------------------------------------------------

wraps = Table(
    "wraps",
    keys,
    Column("key_id", LargeBinary(16), primary_key=True),
    Column("reader", String(40), primary_key=True),
    Column("wrap", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    schema=KEYSTORE_SCHEMA,
    sqlite_with_rowid=False,
)

detail_keys = Table(
    "detail_keys",
    keys,
    Column("lane", LargeBinary(8), primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("first", BigInteger, nullable=False),  # number of the first entry sealed in this epoch
    Column("sealed_key", LargeBinary, nullable=False),
    schema=KEYSTORE_SCHEMA,
    sqlite_with_rowid=False,
)

details = Table(
    "details",
    keys,
    Column("entry_id", LargeBinary(16), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("detail", LargeBinary, nullable=False),
    schema=KEYSTORE_SCHEMA,
    sqlite_with_rowid=False,
)
