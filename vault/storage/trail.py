"""The log as oversight reads it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, select

from vault.ids import EntryId
from vault.storage import tables as t
from vault.storage.filing import file_before_a_look, file_entries
from vault.storage.transaction import Transaction
from vault.unit_of_work import EntryFilter, Place, StoredDetail, StoredEntry, TreeHead

_AT_ONCE: Final = 500  # ids in one question


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

    def about(
        self, subjects: Sequence[str], since: datetime | None, until: datetime | None, limit: int
    ) -> list[StoredEntry]:
        """Raises StoreBusy as `entries` does."""
        file_before_a_look(self._tx)
        c = t.filed.c
        conditions: list[Any] = [c.subject.in_(subjects), c.subject != ""]
        if since is not None:
            conditions.append(c.at >= since)
        if until is not None:
            conditions.append(c.at < until)
        page = select(c.entry_id, c.at).where(and_(*conditions)).order_by(c.at, c.entry_id).limit(limit).subquery()
        rows = self._tx.read(
            select(t.entries.c.entry_id, t.entries.c.body)
            .join(page, page.c.entry_id == t.entries.c.entry_id)
            .order_by(page.c.at, page.c.entry_id)
        )
        return [StoredEntry(EntryId(bytes(r[0])), bytes(r[1])) for r in rows]

    def places(self, entries: Sequence[EntryId]) -> dict[EntryId, Place]:
        h, leaves = t.heads.c, t.leaves.c
        found: dict[EntryId, Place] = {}
        for start in range(0, len(entries), _AT_ONCE):
            rows = self._tx.read(
                select(leaves.entry_id, h.origin, leaves.leaf)
                .join(t.heads, h.shard == leaves.shard)
                .where(leaves.entry_id.in_([entry.raw for entry in entries[start : start + _AT_ONCE]]))
            )
            found.update((EntryId(bytes(r[0])), Place(r[1], r[2])) for r in rows)
        return found

    def newest(self) -> TreeHead | None:
        c = t.heads.c
        row = self._tx.read(select(c.origin, c.size, c.root).where(c.note != "").order_by(c.shard.desc())).first()
        return TreeHead(row[0], row[1], bytes(row[2])) if row is not None else None

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
