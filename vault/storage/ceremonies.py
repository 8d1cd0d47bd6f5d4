"""Ceremonies: rows to concepts and back. Who reads one and who ends it meet at the fence of `vault.storage.asking`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from vault.ceremonies import CeremonyRow
from vault.ids import ActorId, EntryId, KeyId, ReleaseId, RequestId
from vault.storage import tables as t
from vault.storage.legible import legible
from vault.storage.repositories import refuse_duplicate
from vault.storage.transaction import Transaction
from vault.vocabulary import CASEWORK, Zone

_ROW: Final = [c for c in t.ceremonies.c if c.name not in ("entry_id", "sender")]


class CeremonyRepository:
    """Implements `vault.ceremonies.Ceremonies`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, release: ReleaseId) -> CeremonyRow | None:
        row = self._tx.read(select(*_ROW).where(t.ceremonies.c.release_id == release.raw)).first()
        return _ceremony(row) if row is not None else None

    def of(self, requests: Sequence[RequestId]) -> dict[RequestId, CeremonyRow]:
        wanted = t.ceremonies.c.request_id.in_([each.raw for each in requests])
        return {each.request: each for each in map(_ceremony, self._tx.read(select(*_ROW).where(wanted)))}

    def add(self, ceremony: CeremonyRow, entry: EntryId) -> None:
        try:
            self._tx.write(
                insert(t.ceremonies).values(
                    release_id=ceremony.release.raw,
                    request_id=ceremony.request.raw,
                    reader=str(ceremony.reader),
                    sender=str(CASEWORK),
                    requester=ceremony.requester.raw,
                    key_id=ceremony.key.raw,
                    minutes=ceremony.minutes,
                    begun_at=ceremony.begun_at,
                    open_until=ceremony.open_until,
                    policy=ceremony.policy,
                    decision=ceremony.decision.raw,
                    share=ceremony.share,
                    share_signature=ceremony.share_signature,
                    opened_share=b"",
                    opened_signature=b"",
                    ended_by="",
                    ended_for="",
                    entry_id=entry.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "this request became a ceremony already") from fault

    def opened(self, ceremony: CeremonyRow, entry: EntryId) -> bool:
        c = t.ceremonies.c
        assert ceremony.opened_decision is not None
        changed = self._tx.write(
            update(t.ceremonies)
            .where(c.release_id == ceremony.release.raw, c.opened_at.is_(None), c.ended_at.is_(None))
            .values(
                opened_at=ceremony.opened_at,
                expires_at=ceremony.expires_at,
                opened_decision=ceremony.opened_decision.raw,
                opened_share=ceremony.opened_share,
                opened_signature=ceremony.opened_signature,
                entry_id=entry.raw,
            )
        )
        return changed.rowcount == 1

    def end(self, release: ReleaseId, at: datetime, by: Zone, cause: str, entry: EntryId) -> bool:
        changed = self._tx.write(
            update(t.ceremonies)
            .where(t.ceremonies.c.release_id == release.raw, t.ceremonies.c.ended_at.is_(None))
            .values(ended_at=at, ended_by=str(by), ended_for=cause, opened_share=b"", entry_id=entry.raw)
        )
        return changed.rowcount == 1

    def over(self, now: datetime, limit: int) -> list[CeremonyRow]:
        # Until when it was let go is oversight's word, by which none lasts longer: `CeremonyRow.over_at`.
        c = t.ceremonies.c
        ends = func.coalesce(c.expires_at, c.open_until, type_=c.open_until.type)
        ended = and_(c.erased_at.is_(None), or_(c.ended_at.is_not(None), ends <= now, c.open_until <= now))
        rows = self._tx.read(select(*_ROW).where(ended).order_by(c.open_until, c.release_id))
        return [row for row in map(_ceremony, rows) if not row.live(now)][:limit]

    def erased(self, release: ReleaseId, at: datetime, entry: EntryId) -> None:
        wanted = t.ceremonies.c.release_id == release.raw
        self._tx.write(update(t.ceremonies).where(wanted).values(erased_at=at, opened_share=b"", entry_id=entry.raw))


def _ceremony(r: Any) -> CeremonyRow:
    return CeremonyRow(
        ReleaseId(bytes(r.release_id)), RequestId(bytes(r.request_id)), Zone.parse(r.reader),
        ActorId(bytes(r.requester)), KeyId(bytes(r.key_id)), r.minutes, r.begun_at, r.open_until, bytes(r.policy),
        EntryId(bytes(r.decision)), bytes(r.share), bytes(r.share_signature), r.opened_at, r.expires_at,
        legible(bytes(r.opened_decision), EntryId) if r.opened_decision is not None else None, bytes(r.opened_share),
        bytes(r.opened_signature), r.ended_at, r.ended_by, r.ended_for, r.erased_at,
    )  # fmt: skip
