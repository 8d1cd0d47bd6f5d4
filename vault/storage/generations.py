"""What the keystore says of a zone's wrapping key: which generations there are, whose key each is, which are closed.

    check(store.keystore, zone, wrapper.marks(zone))       # every start
    open_(keystore, zone, marks, now)                      # before anything is wrapped under a new one
    close(keystore, zone, generation, now)                 # from then on nothing is stored under an older one

Marks: for each generation that a keyring holds, 32 bytes that tell whether another one means the same key by it.

Before a zone's first rotation there is no row, and all its wraps are of generation 1. Only the keystore's owner writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from vault.errors import GenerationMissing, StoreUnavailable
from vault.storage import tables as t
from vault.storage.store import DRIVER_ERRORS, Database
from vault.vocabulary import Zone

_C: Final = t.generations.c


class GenerationRow(NamedTuple):
    generation: int
    mark: bytes
    opened_at: datetime
    closed_at: datetime | None


#: Bytes of a generation's number, as a wrap has it.
_BYTES: Final = 8


def as_bytes(generation: int) -> bytes:
    return generation.to_bytes(_BYTES, "big")


def rows(keystore: Database, zone: Zone) -> list[GenerationRow]:
    """In order. Raises StoreUnavailable."""
    statement = select(_C.generation, _C.mark, _C.opened_at, _C.closed_at).where(_C.zone == str(zone))
    try:
        found = keystore.execute(statement.order_by(_C.generation)).all()
    except SQLAlchemyError as fault:
        raise StoreUnavailable("the keystore does not answer") from fault
    return [GenerationRow(int.from_bytes(bytes(row[0]), "big"), bytes(row[1]), row[2], row[3]) for row in found]


def check(keystore: Database, zone: Zone, marks: Mapping[int, bytes]) -> None:
    """Keyring and keystore are of one time.

    Raises GenerationMissing where the keystore's wraps stand under a generation that the keyring lacks, or means
    another key by; StoreUnavailable.
    """
    known = rows(keystore, zone)
    for row in known:
        held = marks.get(row.generation)
        if held is not None and held != row.mark:
            raise GenerationMissing(
                f"generation {row.generation} of zone {zone} is another key in this keyring than in the keystore: the "
                "zone was rotated with two copies of its keyring; take the keyring of the machine that rotated it"
            )
        if held is None and row.closed_at is None:
            raise GenerationMissing(
                f"the keystore holds wraps under generation {row.generation} of zone {zone}, which this keyring lacks: "
                "it is older than the last rotation; put the newest `keyring` back"
            )
    oldest = min(marks)
    closed = {row.generation for row in known if row.closed_at is not None}
    if not set(range(1, oldest)) <= closed:
        raise GenerationMissing(
            f"the keystore is older than the rotation that destroyed generation {oldest - 1} of zone {zone}: put back "
            "the newest keystore, or together with this one the `keyring` of its time"
        )


def open_(keystore: Database, zone: Zone, marks: Mapping[int, bytes], now: datetime) -> None:
    """Write down every generation that the keyring holds. Again, it changes nothing.

    Raises GenerationMissing if another keyring made one of that number, StoreUnavailable.
    """
    known = {row.generation for row in rows(keystore, zone)}
    try:
        for generation, mark in marks.items():
            if generation not in known:
                values = {"zone": str(zone), "generation": as_bytes(generation), "opened_at": now, "closed_at": None}
                keystore.execute(insert(t.generations).values(mark=mark, **values))
    except IntegrityError:
        pass  # somebody was quicker: whether with the same key, is compared
    except DRIVER_ERRORS as fault:
        raise StoreUnavailable(OWNER_NEEDED) from fault
    check(keystore, zone, marks)


def close(keystore: Database, zone: Zone, current: int, now: datetime) -> None:
    """From this commit on no wrap of the zone is stored under a generation before `current`.

    Who stores one at this moment is waited for. Raises StoreUnavailable.
    """
    older = (_C.zone == str(zone), _C.generation < as_bytes(current), _C.closed_at.is_(None))
    try:
        keystore.begin()
        if not keystore.sqlite:
            keystore.raw.execute("LOCK TABLE keystore.wraps IN SHARE ROW EXCLUSIVE MODE")
        keystore.execute(update(t.generations).where(*older).values(closed_at=now))
        keystore.commit()
    except DRIVER_ERRORS as fault:
        keystore.rollback()
        raise StoreUnavailable(OWNER_NEEDED) from fault


OWNER_NEEDED: Final = (
    "the keystore could not be written: disk full, gone, or not the address of its owner, who alone may replace wraps"
)
