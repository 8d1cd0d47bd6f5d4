"""Which installation a database belongs to.

Each of the two databases bears the pin of the zone directory, written once, by the owner, after the migrations; a
process whose own directory has another pin does not serve. Without it, a keystore of another installation would make
every case look erased, an empty one put in place of a lost one would do the same, and a wrong address would mix
what is sealed under keys that open nothing there.

This is against mix-ups of addresses and backups, not against whoever writes the databases: the pin is no secret.

    prepare(main_url, keys_url, pin)         # `parefeu init`, `parefeu db migrate`: as the owner of both
    check(store.main, "main", pin)           # every start
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Table, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from vault.errors import ForeignStore, StoreUnavailable
from vault.storage import migrate
from vault.storage import tables as t
from vault.storage.migrate import Which
from vault.storage.store import DRIVER_ERRORS, Database, make_engine

_MARKS: Final[dict[Which, Table]] = {"main": t.installation, "keystore": t.keystore_installation}
#: So many of the main database's keys are looked for in the keystore before the two are taken for a pair.
_SAMPLE: Final = 200


def check(database: Database, which: Which, pin: str) -> None:
    """Raises ForeignStore unless this database bears exactly this pin, StoreUnavailable."""
    try:
        found = [bytes(row[0]) for row in database.execute(select(_MARKS[which].c.directory_key))]
    except SQLAlchemyError as fault:
        raise StoreUnavailable("the database does not answer") from fault
    if not found:
        raise ForeignStore(f"the {which} database bears no installation's mark yet: run `parefeu db migrate`")
    if found != [bytes.fromhex(pin)]:
        raise _foreign(which)


def prepare(main_url: str, keys_url: str, pin: str) -> None:
    """Bring both databases to this program's schema and mark them as this installation's. Run again, nothing changes.

    pin: of the directory, which the caller has verified. Raises ForeignStore, before anything is changed, if one of
    them belongs to another installation, or if one holds what the other has lost; StoreUnavailable.
    """
    mark = bytes.fromhex(pin)
    main, keystore = _look(main_url, "main"), _look(keys_url, "keystore")
    for which, found in (("main", main), ("keystore", keystore)):
        if found.mark not in {None, mark}:
            raise _foreign(which)
    # The keystore is marked first: one without a mark beside a main database with one was put there since.
    stranger = main.mark is not None or (main.keys and not _holds_one_of(keys_url, main.keys, keystore.there))
    if keystore.mark is None and stranger:
        raise ForeignStore(
            "the keystore is empty or another one than the main database was written with: put back its backup. "
            "Nothing was changed; with another keystore every case would look erased"
        )
    if not main.there and keystore.keys:
        raise ForeignStore(
            "the main database is empty, and the keystore holds keys: put back the main database's backup. "
            "Nothing was changed"
        )
    migrate.upgrade(main_url, "main")
    migrate.upgrade(keys_url, "keystore")
    # Keystore first, as ever: a crash in between is made good by running this again.
    if keystore.mark is None:
        _write_mark(keys_url, "keystore", mark)
    if main.mark is None:
        _write_mark(main_url, "main", mark)


@dataclass(frozen=True, slots=True)
class _Found:
    """there: whether it has tables at all. mark: None if it bears none. keys: some key ids it names or holds."""

    there: bool
    mark: bytes | None
    keys: tuple[bytes, ...]


_NOTHING: Final = _Found(False, None, ())
_KEYS: Final[dict[Which, Table]] = {"main": t.data_keys, "keystore": t.wraps}


def _foreign(which: str) -> ForeignStore:
    return ForeignStore(
        f"the {which} database belongs to another installation than this directory: check its address, or put back "
        "this installation's own"
    )


def _look(url: str, which: Which) -> _Found:
    """What a database says of itself, whatever its revision; it is not made by looking."""
    if not migrate.file_exists(url):
        return _NOTHING
    with _connected(url) as connection:
        keyed, marked = _KEYS[which], _MARKS[which]
        if not _has(connection, keyed):
            return _NOTHING
        keys = tuple(bytes(row[0]) for row in connection.execute(select(keyed.c.key_id).distinct().limit(_SAMPLE)))
        mark = None
        if _has(connection, marked):
            mark = b"".join(bytes(row[0]) for row in connection.execute(select(marked.c.directory_key))) or None
        return _Found(True, mark, keys)


def _has(connection: Connection, table: Table) -> bool:
    schema = table.schema if connection.dialect.name != "sqlite" else None
    return inspect(connection).has_table(table.name, schema=schema)


def _holds_one_of(url: str, keys: tuple[bytes, ...], there: bool) -> bool:
    if not there:
        return False
    with _connected(url) as connection:
        wanted = select(t.wraps.c.key_id).where(t.wraps.c.key_id.in_(keys)).limit(1)
        return connection.execute(wanted).first() is not None


def _write_mark(url: str, which: Which, mark: bytes) -> None:
    with _connected(url) as connection:
        connection.execute(_MARKS[which].insert().values(directory_key=mark))
        connection.commit()


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    except DRIVER_ERRORS as fault:
        raise StoreUnavailable("the database does not answer, or is damaged") from fault
    finally:
        engine.dispose()
