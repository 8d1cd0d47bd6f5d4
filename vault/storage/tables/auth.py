"""Who may sign in, and who is: a row belongs to one zone."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from vault.storage.tables.base import Moment, entry_reference, main

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
    entry_reference(),
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
    entry_reference(),
    Column("releases_until", Moment),  # NULL: always; begun at an identity provider: until it must step up again
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
    entry_reference(),
    schema="auth",
)

passkeys = Table(
    "passkeys",
    main,
    Column("passkey_id", LargeBinary(16), primary_key=True),
    Column("zone", String(40), nullable=False),
    Column("actor_id", LargeBinary(16), ForeignKey("auth.staff.actor_id"), nullable=False),
    Column("login", String(80), nullable=False),  # login, holder, function: as they were when it was enrolled
    Column("holder", String(120), nullable=False),
    Column("function", String(40), nullable=False),
    Column("name", String(40), nullable=False),  # what its holder calls it
    Column("credential", LargeBinary(1023), nullable=False),  # the authenticator's name for the key
    Column("public_key", LargeBinary(2048), nullable=False),  # COSE, CBOR
    Column("counter", BigInteger, nullable=False),  # as the authenticator told it last; 0 where it does not count
    Column("transports", String(80), nullable=False),
    Column("synced", SmallInteger, nullable=False),  # 1: its authenticator may copy it to other devices
    Column("enrolled_at", Moment, nullable=False),
    Column("challenge_at", Moment, nullable=False),  # when the last answered challenge was issued: each works once
    Column("used_at", Moment),
    Column("enrolment", LargeBinary(16), ForeignKey("log.entries.entry_id"), nullable=False),  # stays as it is
    entry_reference(),
    UniqueConstraint("credential"),
    Index(None, "actor_id"),
    schema="auth",
)

passkey_words = Table(
    "passkey_words",
    main,
    Column("passkey_id", LargeBinary(16), ForeignKey("auth.passkeys.passkey_id"), primary_key=True),
    Column("said", String(20), primary_key=True),  # countersigned, revoked: once each, and for good
    Column("zone", String(40), nullable=False),  # where it was said
    Column("told_to", String(40), nullable=False),  # the passkey's own zone
    Column("actor_id", LargeBinary(16), nullable=False),
    Column("function", String(40), nullable=False),
    Column("at", Moment, nullable=False),
    Column("signature", LargeBinary, nullable=False),  # oversight's, under a countersignature; else empty
    entry_reference(),
    schema="auth",
)

recovery_codes = Table(
    "recovery_codes",
    main,
    Column("actor_id", LargeBinary(16), ForeignKey("auth.staff.actor_id"), primary_key=True),
    Column("generation", Integer, primary_key=True),  # a newer set voids the older ones
    Column("number", SmallInteger, primary_key=True),
    Column("zone", String(40), nullable=False),
    Column("code_hash", LargeBinary(32), nullable=False),  # keyed: a stolen database holds no code
    Column("made_at", Moment, nullable=False),
    Column("used_at", Moment),
    entry_reference(),
    schema="auth",
)

federated_identities = Table(
    "federated_identities",
    main,
    Column("actor_id", LargeBinary(16), ForeignKey("auth.staff.actor_id"), primary_key=True),
    Column("generation", Integer, primary_key=True),  # at most one of a person is live: two at once collide here
    Column("zone", String(40), nullable=False),
    Column("mark", LargeBinary(32), nullable=False),  # keyed hash of issuer and subject; neither is stored
    Column("linked_at", Moment, nullable=False),
    Column("ended_at", Moment),
    entry_reference(),
    Index(None, "mark"),
    schema="auth",
)
