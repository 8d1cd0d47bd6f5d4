"""Who of an identity provider is whom here: rows to concepts and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from vault.ids import ActorId, EntryId
from vault.signing_in import FederatedIdentity
from vault.storage import tables as t
from vault.storage.repositories import refuse_duplicate
from vault.storage.transaction import Transaction
from vault.vocabulary import Zone

_C: Final = t.federated_identities.c
_ALL: Final = (_C.actor_id, _C.generation, _C.mark, _C.linked_at, _C.ended_at)


class FederatedRepository:
    """Implements `vault.signing_in.FederatedIdentities`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def by_mark(self, zone: Zone, mark: bytes) -> FederatedIdentity | None:
        live = select(*_ALL).where(_C.mark == mark, _C.zone == str(zone), _C.ended_at.is_(None))
        return _identity(self._tx.read(live).first())

    def newest(self, actor: ActorId) -> FederatedIdentity | None:
        of = select(*_ALL).where(_C.actor_id == actor.raw).order_by(_C.generation.desc()).limit(1)
        return _identity(self._tx.read(of).first())

    def add(self, zone: Zone, identity: FederatedIdentity, entry: EntryId) -> None:
        values = {
            "actor_id": identity.actor.raw, "generation": identity.generation, "zone": str(zone),
            "mark": identity.mark, "linked_at": identity.linked_at, "ended_at": None, "entry_id": entry.raw,
        }  # fmt: skip
        try:
            self._tx.write(insert(t.federated_identities).values(**values))
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "somebody was linked meanwhile") from None

    def end(self, identity: FederatedIdentity, at: datetime, entry: EntryId) -> None:
        self._tx.write(
            update(t.federated_identities)
            .where(_C.actor_id == identity.actor.raw, _C.generation == identity.generation)
            .values(ended_at=at, entry_id=entry.raw)
        )


def _identity(row: Any) -> FederatedIdentity | None:
    return FederatedIdentity(ActorId(row[0]), row[1], row[2], row[3], row[4]) if row is not None else None
