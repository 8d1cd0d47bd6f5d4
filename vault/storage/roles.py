"""The second wall: a database role per zone, and what each may do to which rows of which table.

`RIGHTS` is the only place where that is said. From it comes the SQL for PostgreSQL, and what is not said is
revoked:

    CREATE ROLE parefeu_follow_up LOGIN           no superuser, owner of nothing, member of nothing
    GRANT USAGE ON SCHEMA exchange TO ...         only schemas that hold something for the role
    GRANT SELECT ON exchange.releases TO ...      per verb; for UPDATE per column
    CREATE POLICY ... USING (reader = 'follow_up')

A row policy is written `TO` one role with its zone as a constant: whose rows a session sees hangs on the role
it logged in as, and on no setting that a client can change. Row security is on for every table, so that a
grant given by mistake still shows no row. The owner of the tables is not bound by it: it migrates, and the
embedded default of a development machine runs as it; a zone's process never does.

    print(render_roles(zones))                    # for review
    apply_roles(main_url, keys_url, zones)        # as owner of both databases; again after every migration
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from vault.errors import ConfigurationError, StoreUnavailable
from vault.storage.migrate import VERSION_TABLE, Which
from vault.storage.rights import AFTERWARDS, CONDITION, Right, Rows, Verb
from vault.storage.store import DRIVER_ERRORS, make_engine
from vault.storage.tables import KEYSTORE_SCHEMA, SCHEMAS
from vault.vocabulary import OVERSIGHT, Zone, ZoneKind

Rights = dict[ZoneKind, tuple[Right, ...]]

_CASEWORK, _OVERSIGHT = ZoneKind.CASEWORK, ZoneKind.OVERSIGHT
_FOLLOW_UP, _PARTNER = ZoneKind.FOLLOW_UP, ZoneKind.PARTNER
_READ, _ADD = Right(Verb.SELECT), Right(Verb.INSERT)
_OWN: Final = (Right(Verb.SELECT, Rows.OWN), Right(Verb.INSERT, Rows.OWN))


def _every(*rights: Right) -> Rights:
    return dict.fromkeys(ZoneKind, rights)


def _own_and_set(*columns: str) -> Rights:
    """A zone reads and adds its own rows, and of those changes these columns."""
    return _every(*_OWN, Right(Verb.UPDATE, Rows.OWN, (*columns, "entry_id")))


def _writes_oversight_reads(added: Right = _ADD) -> Rights:
    return _every(added) | {_OVERSIGHT: (added, _READ)}


def _casework(*set_columns: str, gone: Rows | None = None) -> Rights:
    """For casework alone; history is added to, never overwritten. gone: which rows go when a case is erased."""
    update = (Right(Verb.UPDATE, Rows.ALL, (*set_columns, "entry_id")),) if set_columns else ()
    delete = (Right(Verb.DELETE, gone),) if gone is not None else ()
    return {_CASEWORK: (_READ, _ADD, *update, *delete)}


def _of_case(*set_columns: str) -> Rights:
    """The same, of rows that name the case they belong to."""
    return _casework(*set_columns, gone=Rows.OF_ERASED)


#: Table, zone kind, rights. A table that is not named here is nobody's; a test compares with the tables.
RIGHTS: Final[dict[str, Rights]] = {
    # The log: every zone adds to its own lanes, oversight reads, nobody changes.
    "log.entries": _writes_oversight_reads(Right(Verb.INSERT, Rows.OWN_LANE)),
    "log.outbox": _writes_oversight_reads(Right(Verb.INSERT, Rows.OWN_LANE)),
    # A lane's row says whose it is, and the database vouches for it.
    "log.lanes": _every(*_OWN) | {_OVERSIGHT: (_READ, Right(Verb.INSERT, Rows.OWN))},
    # What oversight looks entries up by: its own, made from what it reads.
    "log.filed": {_OVERSIGHT: (_READ, _ADD)},
    "log.filings": {_OVERSIGHT: (_READ, _ADD, Right(Verb.UPDATE, Rows.ALL, ("ended", "entry_id")))},
    # Whose database this is: every start compares it, the owner alone writes it.
    "log.installation": _every(_READ),
    # How far the tree is, for every process that must not run ahead of it; the tree itself is oversight's to read.
    "log.heads": _every(_READ),
    "log.leaves": {_OVERSIGHT: (_READ,)},
    "log.tiles": {_OVERSIGHT: (_READ,)},
    "log.checkpoints": {_OVERSIGHT: (_READ,)},
    "log.cosignatures": {_OVERSIGHT: (_READ,)},
    "auth.staff": _own_and_set("totp_step"),
    "auth.sessions": _own_and_set("ended_at", "releases_until"),
    "auth.attempts": _own_and_set("failures", "since", "blocked_until"),
    # Oversight sees everybody's passkeys, for it vouches for them; who holds one hears what was said about it.
    "auth.passkeys": _own_and_set("counter", "challenge_at", "used_at")
    | {_OVERSIGHT: (_READ, Right(Verb.INSERT, Rows.OWN),
                    Right(Verb.UPDATE, Rows.OWN, ("counter", "challenge_at", "used_at", "entry_id")))},
    "auth.passkey_words": _every(Right(Verb.SELECT, Rows.TOLD), Right(Verb.INSERT, Rows.OWN))
    | {_OVERSIGHT: (_READ, Right(Verb.INSERT, Rows.OWN))},
    "auth.recovery_codes": _own_and_set("used_at"),
    "auth.federated_identities": _own_and_set("ended_at"),
    "casework.cases": _casework(
        "state", "region", "language", "coach", "opened_at", "closed_at", "outcome", "annex", "term_end", "extended",
        "procedure_pending", "minors", "fitness_check", "version", "origin", "place", "coach_type", "criterion",
        "notified_on", "term_days", "second_measure",
    ),
    "casework.case_events": _of_case(),
    "casework.data_keys": _casework(),
    "casework.records": _of_case(),
    "casework.blind_index": _of_case(),
    "casework.consents": _of_case("withdrawn_at"),
    # A file is described once, and from then on its chunks are as unchangeable as a record. Before, they may be
    # emptied.
    "casework.attachments": {
        _CASEWORK: (
            _READ, _ADD, Right(Verb.UPDATE, Rows.UNDESCRIBED, ("chunks", "described_at", "swept_at", "entry_id")),
            Right(Verb.DELETE, Rows.OF_ERASED),
        ),
    },
    "casework.attachment_chunks": {
        _CASEWORK: (
            _READ, _ADD, Right(Verb.UPDATE, Rows.THEIR_CHUNKS, ("sealed", "entry_id")),
            Right(Verb.DELETE, Rows.CHUNKS_OF_ERASED),
        ),
    },
    "casework.tasks": _of_case("due_on", "remind_on", "done_at", "version"),
    # The one place where casework overwrites what it sealed: a draft is one moment's words, and then gone.
    "casework.drafts": _of_case(
        "version", "template", "language", "saved_at", "expires_at", "key_id", "sealed"
    ),
    "casework.break_glass": _casework("decided_by", "decided_at", "expires_at", "ended_at"),
    "casework.case_samples": _casework(),
    "casework.case_sample_ends": _casework(),
    "casework.orders": _of_case("household", "facts", "updates", "missing"),
    "casework.review_counts": _casework(),
    "casework.coaches": _casework("types", "capacity"),
    "casework.assignments": _of_case(),
    "casework.conflicts": _of_case("declared_at", "declared_by", "withdrawn_at"),
    "casework.absences": _casework("last_day", "handed_over_at", "returned_at"),
    "casework.appointments": _of_case(
        "status", "company", "interpreter", "settled_at", "settled_by", "version"
    ),
    "casework.desk_cells": _casework("appointment_id"),
    "casework.calendar_feeds": _casework("revoked_at"),
    "casework.referrals": _of_case("status", "consent_id", "sent_at", "withdrawn_at", "receipt_due", "version"),
    "casework.referral_events": _casework(gone=Rows.STEPS_OF_ERASED),
    # Casework may not read back what it sent: it sees which copies there are, to destroy their keys, and none of them.
    "exchange.releases": {
        _CASEWORK: (
            Right(
                Verb.SELECT, Rows.SENT,
                ("release_id", "reader", "sender", "kind", "subject", "key_id", "expires_at"),
            ),
            Right(Verb.INSERT, Rows.SENT), Right(Verb.DELETE, Rows.SENT_WHILE_ERASING),
        ),
        **{kind: (Right(Verb.SELECT, Rows.ADDRESSED),) for kind in ZoneKind if kind is not _CASEWORK},
        _PARTNER: (Right(Verb.SELECT, Rows.ADDRESSED_AND_OPEN),),
    },
    # Follow-up asks, approvers look: what they look at is a copy sealed to their own zone.
    "exchange.access_requests": {
        _FOLLOW_UP: _OWN,
        # Lawful exceptions alone: what it signs as anything else opens nowhere.
        _CASEWORK: (_READ, Right(Verb.INSERT, Rows.OWN), Right(Verb.DELETE, Rows.BARE_WHILE_ERASING)),
        _OVERSIGHT: (_READ,),
    },
    "exchange.access_copies": {
        _FOLLOW_UP: (Right(Verb.SELECT, Rows.ADDRESSED), Right(Verb.INSERT, Rows.OWN)),
        _CASEWORK: (
            Right(Verb.SELECT, Rows.ADDRESSED_OR_ERASED), Right(Verb.INSERT, Rows.OWN),
            Right(Verb.DELETE, Rows.REQUESTS_OF_ERASED),
        ),
        _OVERSIGHT: (Right(Verb.SELECT, Rows.ADDRESSED),),
    },
    # Each approver's zone answers in its own name; who asked is told of questions and of a refusal, who was given
    # something by a lawful exception that oversight stopped it.
    "exchange.access_answers": {
        _FOLLOW_UP: (Right(Verb.SELECT, Rows.TOLD),),
        _PARTNER: (Right(Verb.SELECT, Rows.TOLD),),
        _CASEWORK: (_READ, Right(Verb.INSERT, Rows.OWN), Right(Verb.DELETE, Rows.REQUESTS_OF_ERASED)),
        _OVERSIGHT: (_READ, Right(Verb.INSERT, Rows.OWN)),
    },
    "exchange.grants": {
        _FOLLOW_UP: (Right(Verb.SELECT, Rows.ADDRESSED),),
        _PARTNER: (Right(Verb.SELECT, Rows.ADDRESSED),),
        _CASEWORK: (
            _READ, Right(Verb.INSERT, Rows.SENT),
            Right(Verb.UPDATE, Rows.ALL, ("revoked_at", "revoked_for", "erased_at", "entry_id")),
            Right(Verb.DELETE, Rows.REQUESTS_OF_ERASED),
        ),
        _OVERSIGHT: (_READ,),
    },
    # Casework begins a ceremony, oversight lets the second share go; either ends it. What each writes is signed.
    "exchange.ceremonies": {
        _FOLLOW_UP: (Right(Verb.SELECT, Rows.ADDRESSED),),
        _CASEWORK: (
            _READ, Right(Verb.INSERT, Rows.SENT),
            Right(
                Verb.UPDATE, Rows.ALL,
                ("ended_at", "ended_by", "ended_for", "erased_at", "opened_share", "entry_id"),
            ),
            Right(Verb.DELETE, Rows.REQUESTS_OF_ERASED),
        ),
        _OVERSIGHT: (
            _READ,
            Right(
                Verb.UPDATE, Rows.ALL,
                ("opened_at", "expires_at", "opened_decision", "opened_share", "opened_signature", "ended_at",
                 "ended_by", "ended_for", "entry_id"),
            ),
        ),
    },
    "casework.taken_requests": _of_case(),
    # Oversight looks after receipts: it sees who must give one, by the partner's own pseudonym, and who gave it.
    "exchange.withdrawals": {
        _CASEWORK: (
            Right(Verb.SELECT, Rows.SENT, ("release_id", "entry_id")), Right(Verb.INSERT, Rows.SENT),
            Right(Verb.DELETE, Rows.SENT_WHILE_ERASING),
        ),
        _PARTNER: (Right(Verb.SELECT, Rows.ADDRESSED),),
        _OVERSIGHT: (_READ,),
    },
    # In clear and signed: a partner may see which it gave.
    "exchange.receipts": {
        _CASEWORK: (Right(Verb.SELECT, Rows.ADDRESSED), Right(Verb.DELETE, Rows.MAIL_WHILE_ERASING)),
        _PARTNER: (Right(Verb.SELECT, Rows.SENT_TO_CASEWORK), Right(Verb.INSERT, Rows.SENT_TO_CASEWORK)),
        _OVERSIGHT: (_READ,),
    },
    # Sealed to casework: a partner adds and does not select.
    "exchange.answers": {
        _CASEWORK: (
            Right(Verb.SELECT, Rows.ADDRESSED), Right(Verb.UPDATE, Rows.ADDRESSED, ("taken_at", "entry_id")),
            Right(Verb.DELETE, Rows.MAIL_WHILE_ERASING),
        ),
        _PARTNER: (Right(Verb.INSERT, Rows.SENT_TO_CASEWORK),),
    },
    # Oversight asks in codes; casework sees what its people are asked, and says that they answered.
    "exchange.review_questions": {
        _CASEWORK: (
            Right(Verb.SELECT, Rows.ADDRESSED), Right(Verb.UPDATE, Rows.ADDRESSED, ("answered_at", "entry_id")),
        ),
        _OVERSIGHT: (_READ, _ADD),
    },
    # Casework asks that a case be erased, oversight answers once; which case it is, casework alone knows.
    "exchange.erasures": {
        _CASEWORK: (_READ, Right(Verb.INSERT, Rows.SENT)), _OVERSIGHT: (Right(Verb.SELECT, Rows.ADDRESSED),),
    },
    "exchange.erasure_words": {
        _CASEWORK: (Right(Verb.SELECT, Rows.TOLD),),
        _OVERSIGHT: (Right(Verb.SELECT, Rows.OWN), Right(Verb.INSERT, Rows.OWN)),
    },
    "casework.erasure_cases": _casework("lapsed_at"),
    "casework.buried_keys": _casework(),
    "casework.buried_acts": _casework(),
    # Every zone compares them with the keystore's at its start: ids of cases that are gone, and nothing else.
    "exchange.tombstones": _every(_READ) | _casework("done_at"),
    # Receiving zones open what was sealed to them as it stands; follow-up seals what it asks for, a partner its
    # answers. Casework destroys wraps, of what is over and of cases that are erased: it sees those of others, which
    # opens nothing, and can put nothing in their place.
    "keystore.wraps": {
        **{kind: (Right(Verb.SELECT, Rows.ADDRESSED),) for kind in ZoneKind},
        _FOLLOW_UP: (Right(Verb.SELECT, Rows.ADDRESSED), Right(Verb.INSERT, Rows.ASKING)),
        _PARTNER: (Right(Verb.SELECT, Rows.ADDRESSED), Right(Verb.INSERT, Rows.TO_CASEWORK)),
        _CASEWORK: (_READ, _ADD, Right(Verb.UPDATE, Rows.EMPTIED, ("wrap",))),
    },
    "keystore.buried_cases": _every(_READ) | {_CASEWORK: (_READ, _ADD)},
    # No UPDATE: a zone that may replace a sealed key could make another zone's audit details unreadable.
    "keystore.detail_keys": _writes_oversight_reads(),
    "keystore.details": {_OVERSIGHT: (_READ,)},
    "keystore.installation": _every(_READ),
    # Each write of a wrap asks whether its generation is closed, and each start whether its keyring is the right one.
    # Rotating is for the keystore's owner: a zone's process replaces no wrap.
    "keystore.generations": _every(_READ),
}  # fmt: skip

#: The sequencer's role: belongs to no zone, opens nothing, moves sealed details and makes the tree.
SEQUENCER: Final = "parefeu_sequencer"
SEQUENCER_RIGHTS: Final[dict[str, tuple[Right, ...]]] = {
    "log.entries": (_READ, _ADD),
    "log.outbox": (_READ, _ADD, Right(Verb.DELETE)),
    "log.lanes": (Right(Verb.INSERT, Rows.OWN),),
    "log.heads": (
        _READ, _ADD, Right(Verb.UPDATE, Rows.ALL, ("size", "root", "note", "closed", "turned_at", "waiting")),
    ),
    "log.leaves": (_READ, _ADD),
    "log.tiles": (_READ, _ADD, Right(Verb.UPDATE, Rows.ALL, ("hashes",))),
    "log.checkpoints": (_READ, _ADD),
    "log.cosignatures": (_READ, _ADD, Right(Verb.UPDATE, Rows.ALL, ("at", "line"))),
    "keystore.detail_keys": (_ADD,),
    "keystore.details": (_ADD,),
}  # fmt: skip

_SCHEMAS: Final[dict[Which, tuple[str, ...]]] = {"main": SCHEMAS, "keystore": (KEYSTORE_SCHEMA,)}
_DATABASES: Final[tuple[Which, ...]] = ("main", "keystore")


def role_name(zone: Zone) -> str:
    """`parefeu_follow_up`, `parefeu_partner_caritas`: letters, digits and `_`, so never in need of quotes."""
    return "parefeu_" + str(zone).replace(":", "_")


def condition(rows: Rows, zone: Zone) -> str:
    """The row policy's expression. The zone's name has no quote in it: `Zone` allows none."""
    return CONDITION[rows].format(zone=zone)


def statements(which: Which, zones: Sequence[Zone], *, sequencer: bool = False) -> list[str]:
    """The SQL for one database, in order, to run in one transaction as its owner."""
    if not zones and not sequencer:
        raise ConfigurationError("name at least one zone")
    names = _names(zones, sequencer)
    found = [text for name in names for text in _role(name)]
    found += _clean(which, ", ".join(names))
    found += [_drop_policies(which, names)]
    tables = [name for name in RIGHTS if name.partition(".")[0] in _SCHEMAS[which]]
    found += [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY" for table in tables]
    for zone in zones:
        found += _grants([(table, RIGHTS[table].get(zone.kind, ())) for table in tables], zone, role_name(zone))
    if sequencer:
        rights = [(table, SEQUENCER_RIGHTS.get(table, ())) for table in tables]
        found += _grants(rights, OVERSIGHT, SEQUENCER)  # its lane is oversight's
    return found


def render_roles(zones: Sequence[Zone], *, sequencer: bool = False) -> str:
    """Everything `apply_roles` would run, but for passwords."""
    parts = []
    for which in _DATABASES:
        body = ";\n".join(statements(which, zones, sequencer=sequencer))
        parts.append(f"-- {which} database\nBEGIN;\n{body};\nCOMMIT;\n")
    return "\n".join(parts)


def apply_roles(
    main_url: str, keys_url: str, zones: Sequence[Zone], passwords: Mapping[Zone, str] | None = None, *,
    sequencer: bool = False, sequencer_password: str = "",
) -> None:  # fmt: skip
    """Make the roles and give them exactly what `RIGHTS` says; run again, it changes nothing.

    sequencer: its role too.

    The URLs are the owner's, who may also create roles. passwords: sent as SCRAM verifiers, never in clear; a
    role without one logs in by peer or certificate, or as it did before. Each database is changed whole or not
    at all. Raises ConfigurationError for SQLite or a role that owns something, StoreUnavailable.
    """
    for which, url in zip(_DATABASES, (main_url, keys_url), strict=True):
        engine = make_engine(url)
        try:
            if engine.dialect.name != "postgresql":
                raise ConfigurationError(
                    "SQLite has no roles: every zone on it shares one file, and the store wall needs PostgreSQL"
                )
            with engine.connect() as connection:
                raw: Any = connection.connection.driver_connection
                _refuse_owners(raw, _names(zones, sequencer))
                given = {role_name(zone): password for zone, password in (passwords or {}).items()}
                given |= {SEQUENCER: sequencer_password} if sequencer_password else {}
                for statement in (*statements(which, zones, sequencer=sequencer), *_passwords(raw, given)):
                    raw.execute(statement)
                raw.commit()
        except DRIVER_ERRORS as fault:
            code = getattr(getattr(fault, "orig", fault), "sqlstate", None) or "no answer"
            raise StoreUnavailable(
                f"the roles of the {which} database were not changed ({code}): "
                "connect as the owner of a migrated database who may create roles"
            ) from fault
        finally:
            engine.dispose()


# -- the SQL -------------------------------------------------------------------------------------------


def _role(role: str) -> list[str]:
    """A role that can log in and nothing else, whatever somebody made of it before."""
    return [
        f"""DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{role}') THEN
    CREATE ROLE {role} LOGIN NOINHERIT;
  END IF;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$""",
        # Only where it is needed: an operator without superuser may not even say NOSUPERUSER.
        f"""DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{role}' AND (rolsuper OR rolcreatedb
      OR rolcreaterole OR rolreplication OR rolbypassrls OR rolinherit OR NOT rolcanlogin)) THEN
    ALTER ROLE {role} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
  END IF;
END $$""",
        f"""DO $$ DECLARE granted name; BEGIN
  FOR granted IN SELECT g.rolname FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
      WHERE m.member = '{role}'::regrole LOOP
    EXECUTE format('REVOKE %I FROM {role}', granted);
  END LOOP;
END $$""",  # noqa: S608 - role names come from `role_name`
        # Our statements name their schemas; this is for the one table that Alembic does not qualify.
        f"ALTER ROLE {role} SET search_path = pg_catalog, public, pg_temp",
    ]


def _clean(which: Which, roles: str) -> list[str]:
    """Take everything from everybody; the grants that follow give back what is declared."""
    everybody = f"PUBLIC, {roles}"
    found = [
        # CONNECT for strangers, and TEMPORARY: a table of one's own that shadows another's name.
        f"""DO $$ BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM {everybody}', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO {roles}', current_database());
END $$"""
    ]
    for schema in _SCHEMAS[which]:
        found += [
            f"REVOKE ALL ON SCHEMA {schema} FROM {everybody}",
            f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {everybody}",
            f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {everybody}",
        ]
    version = f"public.{VERSION_TABLE[which]}"
    return [
        *found,
        f"REVOKE ALL ON SCHEMA public FROM {everybody}",
        f"REVOKE ALL ON {version} FROM {everybody}",
        f"GRANT USAGE ON SCHEMA public TO {roles}",
        f"GRANT SELECT ON {version} TO {roles}",
    ]


def _names(zones: Sequence[Zone], sequencer: bool) -> list[str]:
    return [role_name(zone) for zone in zones] + ([SEQUENCER] if sequencer else [])


def _drop_policies(which: Which, roles: Sequence[str]) -> str:
    """Every policy that speaks to these roles or to everybody: a forgotten one would add rows to what is declared."""
    schemas = ", ".join(f"'{schema}'" for schema in _SCHEMAS[which])
    names = ", ".join(f"'{name}'" for name in roles)
    return f"""DO $$ DECLARE p record; BEGIN
  FOR p IN SELECT schemaname, tablename, policyname FROM pg_catalog.pg_policies
      WHERE schemaname IN ({schemas}) AND roles && ARRAY['public', {names}]::name[] LOOP
    EXECUTE format('DROP POLICY %I ON %I.%I', p.policyname, p.schemaname, p.tablename);
  END LOOP;
END $$"""  # noqa: S608 - schema and role names are this program's own


def _grants(rights: Sequence[tuple[str, Sequence[Right]]], zone: Zone, role: str) -> list[str]:
    given = [(table, right) for table, listed in rights for right in listed]
    schemas = dict.fromkeys(table.partition(".")[0] for table, _ in given)
    found = [f"GRANT USAGE ON SCHEMA {schema} TO {role}" for schema in schemas]
    for table, right in given:
        columns = f" ({', '.join(right.columns)})" if right.columns else ""
        found.append(f"GRANT {right.verb}{columns} ON {table} TO {role}")
        found.append(_policy(table, right, zone, role))
    return found


def _policy(table: str, right: Right, zone: Zone, role: str) -> str:
    rows = condition(right.rows, zone)
    using = f" USING ({rows})" if right.verb is not Verb.INSERT else ""
    afterwards = AFTERWARDS.get(right.rows, rows)
    check = f" WITH CHECK ({afterwards})" if right.verb in {Verb.INSERT, Verb.UPDATE} else ""
    return f"CREATE POLICY {role}_{right.verb.lower()} ON {table} FOR {right.verb} TO {role}{using}{check}"


def _passwords(raw: Any, passwords: Mapping[str, str]) -> Iterable[str]:
    for role, password in passwords.items():
        verifier = raw.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode("ascii")
        yield f"ALTER ROLE {role} PASSWORD '{verifier}'"


def _refuse_owners(raw: Any, roles: Sequence[str]) -> None:
    """An owner passes every row policy and can grant itself anything: a zone's role must own nothing here."""
    owners = raw.execute(
        "SELECT DISTINCT r.rolname FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid "
        "WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o' AND r.rolname = ANY(%s)",
        (list(roles),),
    ).fetchall()
    if owners:
        raise ConfigurationError(f"{owners[0][0]} owns objects in this cluster: give them to another role first")
