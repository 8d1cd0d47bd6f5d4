"""Wraps in the keystore, and releases between zones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.exc import IntegrityError

from vault.ids import EntryId, KeyId, ReleaseId
from vault.storage import tables as t
from vault.storage.repositories import refuse_duplicate
from vault.storage.sight import fence_of, still_open
from vault.storage.transaction import Transaction
from vault.unit_of_work import ReleaseRow
from vault.vocabulary import Compartment, Kind, Purpose, Zone

_RELEASE = list(t.releases.c)


class KeyRepository:
    """The keystore. A wrap that was put is visible at once to its use case and stored before the group commits."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def wrap(self, key: KeyId, reader: Zone) -> bytes | None:
        return self._tx.wrap(key, reader)

    def wraps(self, keys: Sequence[KeyId], reader: Zone) -> dict[KeyId, bytes]:
        c = t.wraps.c
        wanted = sorted({key.raw for key in keys})
        found: dict[KeyId, bytes] = {}
        for start in range(0, len(wanted), 500):
            rows = self._tx.read_keystore(
                select(c.key_id, c.wrap).where(c.key_id.in_(wanted[start : start + 500]), c.reader == str(reader))
            )
            found.update((KeyId(bytes(row[0])), bytes(row[1])) for row in rows)
        return found

    def put(self, key: KeyId, reader: Zone, wrap: bytes, now: datetime) -> None:
        self._tx.put_wrap(key, reader, wrap, now)

    def destroy(self, key: KeyId, reader: Zone) -> None:
        self._tx.destroy_wrap(key, reader)


class ReleaseRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    @staticmethod
    def _row(r: Any) -> ReleaseRow:
        return ReleaseRow(
            ReleaseId(bytes(r.release_id)), Zone.parse(r.reader), Zone.parse(r.sender), Kind(r.kind),
            Compartment(r.compartment), bytes(r.subject), Purpose(r.purpose), EntryId(bytes(r.entry_id)),
            bytes(r.policy), r.schema_number, KeyId(bytes(r.key_id)), bytes(r.sealed), bytes(r.signature),
            r.released_at, r.expires_at,
        )  # fmt: skip

    def hold(self, reader: Zone) -> None:
        self._tx.hold(fence_of(reader))

    def get(self, release: ReleaseId, kind: Kind) -> ReleaseRow | None:
        row = self._tx.read(self._of(kind).where(t.releases.c.release_id == release.raw)).first()
        return self._row(row) if row is not None else None

    def addressed(self, reader: Zone, kind: Kind, limit: int, before: datetime | None) -> list[ReleaseRow]:
        c = t.releases.c
        statement = self._of(kind).where(c.reader == str(reader))
        if before is not None:
            statement = statement.where(c.released_at < before)
        rows = self._tx.read(statement.order_by(c.released_at.desc(), c.release_id).limit(limit))
        return [self._row(row) for row in rows]

    @staticmethod
    def _of(kind: Kind) -> Select[Any]:
        """Releases of a kind; referrals, only those that nobody withdrew. Follow-up may not even ask who withdrew."""
        statement = select(*_RELEASE).where(t.releases.c.kind == kind.value)
        return statement.where(still_open()) if kind is Kind.REFERRAL else statement

    def add(self, release: ReleaseRow) -> None:
        """Raises Conflict if the release, or the entry that allows it, was used already."""
        try:
            self._tx.write(
                insert(t.releases).values(
                    release_id=release.id.raw,
                    reader=str(release.reader),
                    sender=str(release.sender),
                    kind=release.kind.value,
                    compartment=release.compartment.value,
                    subject=release.subject,
                    purpose=release.purpose.value,
                    policy=release.policy,
                    schema_number=release.schema,
                    key_id=release.key.raw,
                    sealed=release.sealed,
                    signature=release.signature,
                    released_at=release.released_at,
                    expires_at=release.expires_at,
                    entry_id=release.decision.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "this leave to release was used already") from fault
