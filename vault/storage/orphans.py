"""Wraps that no row names: a wrap is stored before its row, and a crash between the two leaves it behind.

What is looked at first is the keystore, then the main database: whatever was committed there before is seen, and who
stores a wrap commits its row within a minute, or never. So what is older than that by far, and unnamed, stays unnamed.
Whether a row names it is asked again in the very transaction that deletes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import delete as delete_from
from sqlalchemy import select

from vault.errors import InvalidInput, StoreUnavailable
from vault.storage import tables as t
from vault.storage.generations import OWNER_NEEDED
from vault.storage.rewrapping import settle
from vault.storage.store import DRIVER_ERRORS, Store
from vault.vocabulary import CASEWORK, Zone

#: Nothing younger is taken for an orphan, whoever asks.
SAFE_AGE: Final = timedelta(hours=1)
#: Where a key is named: by whom, for which readers.
_NAMED: Final = (t.data_keys, t.releases, t.access_copies, t.answers)
_C: Final = t.wraps.c


class Orphan(NamedTuple):
    key: bytes
    reader: str


def readers(store: Store, zones: Sequence[Zone]) -> list[Zone]:
    """Whose wraps can be judged here: on PostgreSQL casework sees every row that names its own, and no release."""
    return list(zones) if store.sqlite else [CASEWORK]


def found(
    store: Store, of: Sequence[Zone], now: datetime, age: timedelta, after: Orphan, limit: int
) -> tuple[list[Orphan], Orphan | None]:
    """Orphans among the next `limit` wraps, by key, and the last wrap looked at; None at the end.

    age: how old a wrap must be. Raises InvalidInput below `SAFE_AGE`, StoreUnavailable.
    """
    if age < SAFE_AGE:
        raise InvalidInput("a wrap that young may be of a row that is being written", field="age")
    behind = (_C.key_id > after.key) | ((_C.key_id == after.key) & (_C.reader > after.reader))
    wanted = select(_C.key_id, _C.reader).where(
        _C.reader.in_([str(zone) for zone in of]), _C.created_at <= now - age, behind
    )
    try:
        seen = [
            Orphan(bytes(row[0]), str(row[1]))
            for row in store.keystore.execute(wanted.order_by(_C.key_id, _C.reader).limit(limit))
        ]
        named = _named(store, [each.key for each in seen])
    except DRIVER_ERRORS as fault:
        raise StoreUnavailable("the database does not answer") from fault
    return [each for each in seen if each.key not in named], seen[-1] if seen else None


def delete(store: Store, orphans: Sequence[Orphan], now: datetime, age: timedelta) -> int:
    """Delete them, but for those that somebody names after all. How many went. Raises StoreUnavailable.

    As the keystore's owner.
    """
    keystore = store.keystore
    try:
        keystore.begin()
        named = _named(store, [each.key for each in orphans])
        gone = 0
        for each in orphans:
            if each.key not in named:
                gone += keystore.execute(
                    delete_from(t.wraps).where(
                        _C.key_id == each.key, _C.reader == each.reader, _C.created_at <= now - age
                    )
                ).rowcount
        keystore.commit()
    except DRIVER_ERRORS as fault:
        keystore.rollback()
        raise StoreUnavailable(OWNER_NEEDED) from fault
    settle(store)
    return gone


def _named(store: Store, keys: Sequence[bytes]) -> set[bytes]:
    named: set[bytes] = set()
    tables: tuple[Any, ...] = _NAMED if store.sqlite else tuple(table for table in _NAMED if table is not t.releases)
    for table in tables if keys else ():
        named |= {bytes(row[0]) for row in store.main.execute(select(table.c.key_id).where(table.c.key_id.in_(keys)))}
    return named
