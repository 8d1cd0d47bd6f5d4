"""Wraps in the keystore, releases between zones, and the log as oversight reads it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, insert, select
from sqlalchemy.exc import IntegrityError

from vault.ids import EntryId, KeyId, ReleaseId
from vault.storage import tables as t
from vault.storage.filing import file_before_a_look, file_entries
from vault.storage.repositories import refuse_duplicate
from vault.storage.sight import fence_of, still_open
from vault.storage.transaction import Transaction
from vault.unit_of_work import EntryFilter, ReleaseRow, StoredDetail, StoredEntry
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


class TrailRepository:
    """Reading the log. On PostgreSQL only oversight's role is granted it."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def entries(self, wanted: EntryFilter) -> list[StoredEntry]:
        """Raises StoreBusy while so much was just written that filing it would keep the caller waiting."""
        file_before_a_look(self._tx)
        c = t.filed.c
        conditions: list[Any] = []
        if wanted.actor:
            conditions.append(c.actor == wanted.actor)
        if wanted.subject:
            conditions.append(c.subject == wanted.subject)
        if wanted.since is not None:
            conditions.append(c.at >= wanted.since)
        if wanted.until is not None:
            conditions.append(c.at < wanted.until)
        if wanted.before is not None:
            moment = select(c.at).where(c.entry_id == wanted.before.raw).scalar_subquery()
            conditions.append((c.at < moment) | ((c.at == moment) & (c.entry_id < wanted.before.raw)))
        page = (
            select(c.entry_id, c.at)
            .where(and_(True, *conditions))
            .order_by(c.at.desc(), c.entry_id.desc())
            .limit(wanted.limit)
            .subquery()
        )
        rows = self._tx.read(
            select(t.entries.c.entry_id, t.entries.c.body)
            .join(page, page.c.entry_id == t.entries.c.entry_id)
            .order_by(page.c.at.desc(), page.c.entry_id.desc())
        )
        return [StoredEntry(EntryId(bytes(r[0])), bytes(r[1])) for r in rows]

    def file(self, limit: int) -> int:
        return file_entries(self._tx, limit)

    def entry(self, entry: EntryId) -> StoredEntry | None:
        c = t.entries.c
        row = self._tx.read(select(c.entry_id, c.body).where(c.entry_id == entry.raw)).first()
        return StoredEntry(EntryId(bytes(row[0])), bytes(row[1])) if row is not None else None

    def detail(self, entry: EntryId) -> StoredDetail | None:
        """The sealed detail, from the outbox while it is young, else from beside the keystore."""
        o, d, k = t.outbox.c, t.details.c, t.detail_keys.c
        row = self._tx.read(select(o.epoch, o.detail).where(o.entry_id == entry.raw, o.detail.is_not(None))).first()
        if row is None:
            row = self._tx.read_keystore(select(d.epoch, d.detail).where(d.entry_id == entry.raw)).first()
        if row is None:
            return None
        lane = entry.raw[:8]
        key = self._tx.read_keystore(select(k.first, k.sealed_key).where(k.lane == lane, k.epoch == row[0])).first()
        if key is None:
            return None
        return StoredDetail(lane, row[0], key[0], bytes(key[1]), bytes(row[1]))
