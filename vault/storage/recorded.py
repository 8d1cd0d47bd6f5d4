"""Files in chunks, tasks and drafts: rows to concepts and back. No row is written before its audit entry."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Executable, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

from vault.cases.model import SealedRecord
from vault.cases.tasks import Task
from vault.errors import StaleVersion
from vault.ids import ActorId, CaseId, EntryId, KeyId, RecordId
from vault.storage import tables as t
from vault.storage.repositories import refuse_duplicate
from vault.storage.store import unique_violation
from vault.storage.transaction import Transaction
from vault.unit_of_work import AttachmentRow
from vault.vocabulary import Kind, Provenance

_ATTACHMENT = [c for c in t.attachments.c if c.name != "entry_id"]
_TASK = [c for c in t.tasks.c if c.name != "entry_id"]


def _attachment(r: Any) -> AttachmentRow:
    return AttachmentRow(
        RecordId(bytes(r[0])), CaseId(bytes(r[1])), Kind(r[2]), ActorId(bytes(r[3])), r[4], KeyId(bytes(r[5])),
        bytes(r[6]), r[7], r[8], r[9],
    )  # fmt: skip


def _task(r: Any) -> Task:
    return Task(RecordId(bytes(r[0])), CaseId(bytes(r[1])), r[2], r[3], r[4], r[5])


class AttachmentRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, attachment: RecordId) -> AttachmentRow | None:
        return self._one(select(*_ATTACHMENT).where(t.attachments.c.attachment_id == attachment.raw))

    def get_to_change(self, attachment: RecordId) -> AttachmentRow | None:
        wanted = select(*_ATTACHMENT).where(t.attachments.c.attachment_id == attachment.raw)
        return self._one(wanted.with_for_update(key_share=True))

    def _one(self, wanted: Executable) -> AttachmentRow | None:
        row = self._tx.read(wanted).first()
        return _attachment(row) if row is not None else None

    def described(self, case: CaseId, kind: Kind) -> list[AttachmentRow]:
        c = t.attachments.c
        rows = self._tx.read(
            select(*_ATTACHMENT)
            .where(c.case_id == case.raw, c.kind == kind.value, c.described_at.is_not(None))
            .order_by(c.described_at.desc(), c.attachment_id)
        )
        return [_attachment(row) for row in rows]

    def counts(self, case: CaseId) -> tuple[int, int]:
        c = t.attachments.c
        row = self._tx.read(
            select(func.count(), func.count(c.described_at), func.count(c.swept_at)).where(c.case_id == case.raw)
        ).one()
        return row[1], row[0] - row[1] - row[2]

    def begin(self, row: AttachmentRow, entry: EntryId) -> None:
        self._tx.write(
            insert(t.attachments).values(
                attachment_id=row.id.raw,
                case_id=row.case.raw,
                kind=row.kind.value,
                author=row.author.raw,
                begun_at=row.begun_at,
                key_id=row.key.raw,
                header=row.header,
                entry_id=entry.raw,
            )
        )

    def add_chunk(self, attachment: RecordId, number: int, sealed: bytes, entry: EntryId) -> None:
        try:
            self._tx.write(
                insert(t.attachment_chunks).values(
                    attachment_id=attachment.raw, number=number, sealed=sealed, entry_id=entry.raw
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "this part of the file is there already") from fault

    def chunk_count(self, attachment: RecordId) -> int:
        c = t.attachment_chunks.c
        found: int = self._tx.read(
            select(func.count()).select_from(t.attachment_chunks).where(c.attachment_id == attachment.raw)
        ).scalar_one()
        return found

    def chunks(self, attachment: RecordId, first: int, count: int) -> list[bytes]:
        c = t.attachment_chunks.c
        rows = self._tx.read(
            select(c.number, c.sealed)
            .where(c.attachment_id == attachment.raw, c.number >= first, c.number < first + count)
            .order_by(c.number)
        ).all()
        whole = [bytes(row[1]) for place, row in enumerate(rows, start=first) if row[0] == place]
        return whole if len(whole) == len(rows) else []  # a gap: nothing of it is what was asked for

    def arrived(self, attachment: RecordId, chunks: int, entry: EntryId) -> bool:
        c = t.attachments.c
        return self._changed(attachment, (c.chunks.is_(None), c.swept_at.is_(None)), chunks=chunks, entry=entry)

    def describe(self, attachment: RecordId, at: datetime, entry: EntryId) -> bool:
        c = t.attachments.c
        open_ = (c.chunks.is_not(None), c.described_at.is_(None), c.swept_at.is_(None))
        return self._changed(attachment, open_, described_at=at, entry=entry)

    def abandoned(self, before: datetime, limit: int) -> list[RecordId]:
        c = t.attachments.c
        rows = self._tx.read(
            select(c.attachment_id)
            .where(c.described_at.is_(None), c.swept_at.is_(None), c.begun_at < before)
            .order_by(c.begun_at)
            .limit(limit)
        )
        return [RecordId(bytes(row[0])) for row in rows]

    def sweep(self, attachment: RecordId, at: datetime, entry: EntryId) -> bool:
        c = t.attachments.c
        if not self._changed(attachment, (c.described_at.is_(None), c.swept_at.is_(None)), swept_at=at, entry=entry):
            return False
        self._tx.write(
            update(t.attachment_chunks)
            .where(t.attachment_chunks.c.attachment_id == attachment.raw)
            .values(sealed=b"", entry_id=entry.raw)
        )
        return True

    def _changed(self, attachment: RecordId, conditions: tuple[Any, ...], *, entry: EntryId, **values: Any) -> bool:
        """Whether the row was in that state, and is changed now: of two at once, one is told no."""
        result = self._tx.write(
            update(t.attachments)
            .where(t.attachments.c.attachment_id == attachment.raw, *conditions)
            .values(entry_id=entry.raw, **values)
        )
        return result.rowcount == 1


class TaskRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, task: RecordId) -> Task | None:
        row = self._tx.read(select(*_TASK).where(t.tasks.c.task_id == task.raw)).first()
        return _task(row) if row is not None else None

    def of_case(self, case: CaseId) -> list[Task]:
        c = t.tasks.c
        rows = self._tx.read(select(*_TASK).where(c.case_id == case.raw).order_by(c.due_on, c.task_id))
        return [_task(row) for row in rows]

    def due(self, coach: ActorId, until: date, limit: int) -> list[Task]:
        c = t.tasks.c
        rows = self._tx.read(
            select(*_TASK)
            .join(t.cases, t.cases.c.case_id == c.case_id)
            .where(t.cases.c.coach == coach.raw, c.done_at.is_(None), c.remind_on <= until)
            .order_by(c.due_on, c.task_id)
            .limit(limit)
        )
        return [_task(row) for row in rows]

    def add(self, task: Task, entry: EntryId) -> None:
        self._tx.write(
            insert(t.tasks).values(task_id=task.id.raw, case_id=task.case.raw, entry_id=entry.raw, **_task_values(task))
        )

    def update(self, task: Task, entry: EntryId) -> None:
        result = self._tx.write(
            update(t.tasks)
            .where(t.tasks.c.task_id == task.id.raw, t.tasks.c.version == task.version - 1)
            .values(entry_id=entry.raw, **_task_values(task))
        )
        if result.rowcount != 1:
            raise StaleVersion(expected=task.version - 1, current=task.version)


def _task_values(task: Task) -> dict[str, Any]:
    return {
        "due_on": task.due_on, "remind_on": task.remind_on, "done_at": task.done_at, "version": task.version,
    }  # fmt: skip


class DraftRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, draft: RecordId) -> tuple[SealedRecord, datetime] | None:
        row = self._tx.read(select(t.drafts).where(t.drafts.c.draft_id == draft.raw)).first()
        if row is None or row.sealed is None:
            return None
        sealed = SealedRecord(
            draft, row.version, CaseId(bytes(row.case_id)), Kind.DRAFT, Provenance.INTERVIEW, row.template,
            row.language, ActorId(bytes(row.author)), row.saved_at, KeyId(bytes(row.key_id)), bytes(row.sealed),
        )  # fmt: skip
        return sealed, row.expires_at

    def version(self, draft: RecordId) -> int:
        found = self._tx.read(select(t.drafts.c.version).where(t.drafts.c.draft_id == draft.raw)).scalar()
        return int(found) if found is not None else 0

    def put(self, draft: SealedRecord, expires_at: datetime, entry: EntryId) -> None:
        values = {
            "version": draft.version, "template": draft.template, "language": draft.language,
            "saved_at": draft.written_at, "expires_at": expires_at, "key_id": draft.key.raw, "sealed": draft.sealed,
            "entry_id": entry.raw,
        }  # fmt: skip
        stale = StaleVersion(expected=draft.version - 1, current=draft.version)
        if draft.version > 1:
            place = (t.drafts.c.draft_id == draft.id.raw, t.drafts.c.version == draft.version - 1)
            if self._tx.write(update(t.drafts).where(*place).values(**values)).rowcount != 1:
                raise stale
            return
        try:
            own = {"draft_id": draft.id.raw, "case_id": draft.case.raw, "author": draft.author.raw}
            self._tx.write(insert(t.drafts).values(**own, **values))
        except IntegrityError as fault:
            if not unique_violation(fault):
                raise
            raise stale from fault

    def clear(self, draft: RecordId, entry: EntryId, *, expired_by: datetime | None = None) -> bool:
        c = t.drafts.c
        old = (c.expires_at <= expired_by,) if expired_by is not None else ()
        result = self._tx.write(
            update(t.drafts)
            .where(c.draft_id == draft.raw, c.sealed.is_not(None), *old)
            .values(sealed=None, version=c.version + 1, entry_id=entry.raw)
        )
        return result.rowcount == 1

    def close(self, draft: RecordId, saved: SealedRecord, entry: EntryId) -> None:
        made = (sqlite_insert if self._tx.sqlite else postgresql_insert)(t.drafts)
        emptied = {"sealed": None, "version": t.drafts.c.version + 1, "entry_id": entry.raw}
        self._tx.write(
            made.values(
                draft_id=draft.raw, case_id=saved.case.raw, version=1, template=saved.template, language=saved.language,
                author=saved.author.raw, saved_at=saved.written_at, expires_at=saved.written_at, key_id=saved.key.raw,
                sealed=None, entry_id=entry.raw,
            ).on_conflict_do_update(index_elements=["draft_id"], set_=emptied)
        )  # fmt: skip

    def expired(self, now: datetime, limit: int) -> list[RecordId]:
        c = t.drafts.c
        rows = self._tx.read(
            select(c.draft_id).where(c.sealed.is_not(None), c.expires_at <= now).order_by(c.expires_at).limit(limit)
        )
        return [RecordId(bytes(row[0])) for row in rows]
