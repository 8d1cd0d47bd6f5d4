"""All rows of both databases at one moment, with the keys that open them: what `checks` looks at."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, Table, select

from gateway.clock import SystemEntropy
from gateway.instance import load_zones, read_directory
from gateway.settings import Settings
from tests.unit.crypto.kit import WeakFileRoot
from vault.crypto.directory import ZoneDirectory
from vault.crypto.hierarchy import ZoneKeyring
from vault.storage import tables as t
from vault.storage.store import make_engine
from vault.vocabulary import CASEWORK, Zone

Rows = list[Mapping[str, Any]]
T = TypeVar("T")


@dataclass
class Snapshot:
    """All rows of both databases, and the keys to open them."""

    rows: dict[str, Rows]
    keyrings: dict[Zone, ZoneKeyring]
    directory: ZoneDirectory
    opened: dict[tuple[Hashable, ...], Any]  # of this installation, at earlier looks and this one
    own: list[str] = field(default_factory=list)  # faults that the database itself reports

    def __getitem__(self, table: str) -> Rows:
        return self.rows[table]

    @cached_property
    def wraps(self) -> dict[tuple[bytes, str], bytes]:
        """Each wrapped key by its id and its reader."""
        return {(bytes(row["key_id"]), row["reader"]): bytes(row["wrap"]) for row in self["wraps"]}

    @cached_property
    def bodies(self) -> dict[bytes, Mapping[str, Any]]:
        """What each entry says, by its id."""
        return {row["entry_id"]: self.once(partial(json.loads, row["body"]), row["body"]) for row in self["entries"]}

    def once(self, opening: Callable[[], T], *given: Hashable) -> T:
        """What `opening` makes of `given`, which must be all that it looks at besides the installation's keys.

        The same bytes, in the same place, under the same keys, open at the next look as they did at the last; of a
        store that grows between some fifty looks, only what is new is opened. What failed is tried again.
        """
        if given not in self.opened:
            self.opened[given] = opening()
        found: T = self.opened[given]
        return found


def look(settings: Settings) -> Snapshot:
    rows: dict[str, Rows] = {}
    own: list[str] = []
    for url, metadata in ((settings.main_url, t.main), (settings.keys_url, t.keys)):
        engine = _engine(url)
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                own += _sqlite(connection)
            for table in metadata.sorted_tables:
                rows[table.name] = _rows(connection, table)
    return Snapshot(rows, *_keys(settings.home, settings.partners, _keyring(settings)), own)


#: Installations that are looked at in turn. Those of tests that are over would stay in memory with all that they held.
_AT_ONCE: Final = 4


@lru_cache(maxsize=2 * _AT_ONCE)
def _engine(url: str) -> Engine:
    """Holds no connection, only the statements it has compiled: these are looked at often."""
    return make_engine(url)


def _keyring(settings: Settings) -> bytes:
    return (settings.zone_folder(CASEWORK) / "keyring").read_bytes()


@lru_cache(maxsize=_AT_ONCE)
def _keys(
    home: Path, partners: tuple[str, ...], keyring: bytes
) -> tuple[dict[Zone, ZoneKeyring], ZoneDirectory, dict[Any, Any]]:
    """What opens an installation's rows, and an empty place for what was opened. keyring: casework's, as it stands."""
    assert keyring
    settings = Settings(home=home, partners=partners)
    return load_zones(settings, settings.zones, SystemEntropy(), WeakFileRoot), read_directory(settings), {}


def _rows(connection: Connection, table: Table) -> Rows:
    return [dict(row) for row in connection.execute(select(table)).mappings()]


def _sqlite(connection: Connection) -> Iterator[str]:
    for (line,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if line != "ok":
            yield f"integrity: {line}"
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"foreign key: {row[0]} names a row that is not there"
