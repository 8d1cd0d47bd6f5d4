"""What the tests of the store wall share: two databases with a row of every zone in every table, and how to try."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from bench.pg import Postgres
from tests.attacks.walled import ZONES, Walled, walled
from vault.storage import tables
from vault.vocabulary import CASEWORK, Zone

TABLES: Final = {str(table): table for table in (*tables.main.sorted_tables, *tables.keys.sorted_tables)}
#: From where casework takes away what is of a case that has a tombstone.
DELETABLE: Final = {
    *(f"casework.{name}" for name in (
        "case_events", "records", "blind_index", "consents", "attachments", "attachment_chunks", "tasks", "drafts",
        "orders", "assignments", "conflicts", "appointments", "referrals", "referral_events", "taken_requests",
    )),
    *(f"exchange.{name}" for name in (
        "releases", "withdrawals", "receipts", "answers", "access_requests", "access_copies", "access_answers",
        "grants", "ceremonies",
    )),
}  # fmt: skip
#: Of these, what has children in the samples: the database itself keeps the order.
PARENTS: Final = {f"casework.{name}" for name in ("attachments", "referrals", "consents", "appointments")}


def database_of(table: str) -> str:
    return "keystore" if table.startswith("keystore.") else "main"


@contextmanager
def furnished(postgres: Postgres) -> Iterator[Walled]:
    """Both databases, with `SAMPLES` in them."""
    with walled(postgres) as made:
        for database in ("main", "keystore"):
            with made.superuser(database) as admin:
                admin.execute("SET session_replication_role = replica")  # no foreign keys: the rows are samples
                for name, rows in SAMPLES.items():
                    if database_of(name) == database:
                        for row in rows:
                            insert(admin, name, row)
        yield made


def lane_of(zone: Zone) -> bytes:
    """Each zone has one, in the samples."""
    return bytes([list(ZONES).index(zone) + 1]) * 8


def sample(table: str, zone: Zone, number: int) -> dict[str, Any]:
    """A row of `table` that is `zone`'s, or addressed to it."""
    row: dict[str, Any] = {}
    for column in TABLES[table].columns:
        kind = type(column.type).__name__
        row[column.name] = {
            "LargeBinary": bytes([number + 1]) * (getattr(column.type, "length", None) or 16),
            "String": f"{number:02}",
            "Text": "x",
            "Date": date(2026, 11, 3),
        }.get(kind, number + 1)
    row |= {name: str(zone) for name in ("zone", "reader", "told_to") if name in row}
    if table in ("log.entries", "log.outbox"):
        row["entry_id"] = lane_of(zone) + row["entry_id"][:8]
    if table in FROM_PARTNERS:
        row |= {"reader": str(CASEWORK), "sender": str(zone)}
    elif "sender" in row:
        row["sender"] = str(CASEWORK)
    if table == "exchange.tombstones":
        row["case_id"] = bytes([number + 101]) * 16  # of no case that another sample is of
    return row | {name: None for name in ("described_at", "swept_at", "revoked_at", "erased_at") if name in row}


#: Of every zone, a row in every table; of releases two, one of which was withdrawn.
WITHDRAWN: Final = 20
FROM_PARTNERS: Final = {"exchange.receipts", "exchange.answers"}
SAMPLES: Final = {
    table: [
        sample(table, zone, number + shift)
        for shift in {"exchange.releases": (0, WITHDRAWN), "exchange.withdrawals": (WITHDRAWN,)}.get(table, (0,))
        for number, zone in enumerate(ZONES)
    ]
    for table in TABLES
}


def insert(connection: psycopg.Connection, table: str, row: dict[str, Any]) -> None:
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        ),
        list(row.values()),
    )


@contextmanager
def attempt(connection: psycopg.Connection) -> Iterator[None]:
    """Undone afterwards, whether it worked or not."""
    try:
        with connection.transaction(force_rollback=True):
            yield
    finally:
        connection.rollback()


def allowed(connection: psycopg.Connection, statement: str) -> bool:
    try:
        with attempt(connection):
            connection.execute(statement.encode())
    except InsufficientPrivilege:
        return False
    return True
