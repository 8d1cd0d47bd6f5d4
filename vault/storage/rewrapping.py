"""Wraps of a zone that stand under an older generation of its key, a batch at a time; sealed values, never opened here.

Only casework has wraps under a key of its own: those of its data keys, whose place `casework.data_keys` tells.
A wrap that no data key names cannot be opened: it is an orphan of a crash, or belongs to a row that is being committed
(`vault.storage.orphans`). Whatever reads the main database here does so *after* the keystore.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, LargeBinary, bindparam, case, func, literal, select, update

from vault.errors import StoreUnavailable
from vault.storage import tables as t
from vault.storage.generations import OWNER_NEEDED, as_bytes
from vault.storage.store import DRIVER_ERRORS, Store
from vault.vocabulary import Zone

_C: Final = t.wraps.c
#: Lengths of a wrap under a zone's own key: of generation 1, and with its generation's number in front. What is sealed
#: to a key pair is longer by far. A test holds them, and what is made of them below, against `vault.crypto.wrap`.
FIRST_BYTES: Final = 61
LATER_BYTES: Final = 69
_WRAPPED: Final = func.length(_C.wrap).in_((FIRST_BYTES, LATER_BYTES))
#: The same as `vault.crypto.wrap.generation_of`, as bytes.
_GENERATION: Final[ColumnElement[bytes]] = case(
    (func.length(_C.wrap) == FIRST_BYTES, literal(as_bytes(1), LargeBinary)),
    else_=func.substr(_C.wrap, 2, 8, type_=LargeBinary),
)


class OldWrap(NamedTuple):
    """case, compartment: as `casework.data_keys` has them; None where no data key of this name is there (yet)."""

    key: bytes
    wrap: bytes
    created_at: datetime
    case: bytes | None
    compartment: str | None


class NewWrap(NamedTuple):
    """old: what it takes the place of, and of nothing else: a wrap that was destroyed meanwhile stays so."""

    key: bytes
    old: bytes
    new: bytes


def counted(store: Store, zone: Zone) -> dict[int, int]:
    """How many wraps of the zone stand under which generation. Raises StoreUnavailable."""
    statement = select(_GENERATION, func.count()).where(_C.reader == str(zone), _WRAPPED).group_by(_GENERATION)
    return {int.from_bytes(bytes(row[0]), "big"): row[1] for row in _asked(store, statement)}


def older(store: Store, zone: Zone, current: int, after: bytes, limit: int) -> list[OldWrap]:
    """Some wraps under generations before `current`, by key, from behind `after`. Raises StoreUnavailable."""
    statement = select(_C.key_id, _C.wrap, _C.created_at).where(
        _C.reader == str(zone), _C.key_id > after, _WRAPPED, literal(as_bytes(current), LargeBinary) > _GENERATION
    )
    wraps = _asked(store, statement.order_by(_C.key_id).limit(limit))
    d = t.data_keys.c
    named = select(d.key_id, d.case_id, d.compartment).where(d.key_id.in_([bytes(row[0]) for row in wraps]))
    try:
        places = {bytes(row[0]): (bytes(row[1]), str(row[2])) for row in store.main.execute(named)} if wraps else {}
    except DRIVER_ERRORS as fault:
        raise StoreUnavailable("the database does not answer") from fault
    return [OldWrap(bytes(r[0]), bytes(r[1]), r[2], *places.get(bytes(r[0]), (None, None))) for r in wraps]


def replace(store: Store, zone: Zone, wraps: Sequence[NewWrap]) -> None:
    """All of them in one transaction, or none. Raises StoreUnavailable."""
    if not wraps:
        return
    statement = (
        update(t.wraps)
        .where(_C.reader == str(zone), _C.key_id == bindparam("key"), _C.wrap == bindparam("old"))
        .values(wrap=bindparam("new"))
    )
    keystore = store.keystore
    try:
        keystore.begin()
        keystore.execute(statement, [each._asdict() for each in wraps])
        keystore.commit()
    except DRIVER_ERRORS as fault:
        keystore.rollback()
        raise StoreUnavailable(OWNER_NEEDED) from fault


def settle(store: Store) -> bool:
    """Leave no page of a replaced wrap in any file of the keystore. False while somebody looks at an older one.

    As the keystore's owner. Raises StoreUnavailable.
    """
    keystore = store.keystore
    try:
        if keystore.sqlite:
            return keystore.purge()
        keystore.raw.execute("VACUUM keystore.wraps")
    except DRIVER_ERRORS as fault:
        raise StoreUnavailable(OWNER_NEEDED) from fault
    return True


def _asked(store: Store, statement: Any) -> list[Any]:
    try:
        return list(store.keystore.execute(statement).all())
    except DRIVER_ERRORS as fault:
        raise StoreUnavailable("the keystore does not answer") from fault
