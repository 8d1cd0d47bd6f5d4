"""Two fresh PostgreSQL databases behind the store wall: a role per zone, each with a password of its own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg

from bench.pg import Postgres
from gateway.settings import Settings
from tests.house import CARITAS, FEDASIL, House, furnish, house_on
from vault.storage.roles import apply_roles, role_name
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone

ZONES: Final = (CASEWORK, FOLLOW_UP, OVERSIGHT, CARITAS, FEDASIL)
#: Our roles show a password, even over the local socket; the superuser of the throwaway server need not.
_ASKED_FOR_PASSWORDS: Final = "local all /^parefeu_ scram-sha-256\n"
_numbers = itertools.count()
#: Roles belong to the server, so two pairs of databases on it share their passwords.
_passwords: Final[dict[Zone, str]] = {}


@dataclass(frozen=True)
class Walled:
    """main, keys: as their owner, the superuser."""

    server: Postgres
    names: tuple[str, str]
    passwords: dict[Zone, str]

    @property
    def main(self) -> str:
        return self.server.url(self.names[0])

    @property
    def keys(self) -> str:
        return self.server.url(self.names[1])

    def urls(self, zone: Zone) -> tuple[str, str]:
        """Both databases as this zone's role."""
        user = f"{role_name(zone)}:{self.passwords[zone]}"
        return self.server.url(self.names[0], user), self.server.url(self.names[1], user)

    def settings(self, settings: Settings, zone: Zone) -> Settings:
        """`settings`, for a process of this zone alone."""
        main, keys = self.urls(zone)
        changed = {"zone": str(zone), "database_url": main, "keystore_url": keys}
        return settings.model_copy(update=changed)

    def connect(self, zone: Zone, database: str = "main") -> psycopg.Connection:
        return psycopg.connect(self.urls(zone)[database != "main"])

    def superuser(self, database: str = "main") -> psycopg.Connection:
        return psycopg.connect(self.main if database == "main" else self.keys)


@contextmanager
def walled(server: Postgres, zones: Sequence[Zone] = ZONES) -> Iterator[Walled]:
    """Databases, roles and passwords; the databases are dropped afterwards, the roles stay with the server."""
    number = next(_numbers)
    names = (f"walled_main_{number}", f"walled_keys_{number}")
    _ask_for_passwords(server)
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        for name, template in zip(names, ("template_main", "template_keystore"), strict=True):
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        made = Walled(server, names, {zone: _password(zone) for zone in zones})
        apply_roles(made.main, made.keys, zones, made.passwords)
        yield made
        for name in names:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _ask_for_passwords(server: Postgres) -> None:
    rules = server.folder / "data" / "pg_hba.conf"
    text = rules.read_text("utf-8")
    if not text.startswith(_ASKED_FOR_PASSWORDS):
        with rules.open("w", encoding="utf-8") as file:  # in place: the file stays the server's own
            file.write(_ASKED_FOR_PASSWORDS + text)
        with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
            admin.execute("SELECT pg_reload_conf()")


def _password(zone: Zone) -> str:
    return _passwords.setdefault(zone, os.urandom(12).hex())


@contextmanager
def houses_of(made: Walled, settings: Settings, zones: Sequence[Zone] = ZONES) -> Iterator[dict[Zone, House]]:
    """A process of each zone, in this process: each under its own role with its own keys."""
    furnish(settings.model_copy(update={"database_url": made.main, "keystore_url": made.keys}))
    with ExitStack() as stack:
        yield {zone: stack.enter_context(house_on(made.settings(settings, zone))) for zone in zones}
