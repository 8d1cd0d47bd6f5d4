"""Files of a case, sealed and opened a few chunks at a time, never without a Permit.

No key outlives a call: each derives the file's key from the case's data key and the file's header again (20 µs beside
the megabyte that it serves), so a destroyed key ends an upload and a download alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from vault.access.data_keys import DataKeys
from vault.access.enforcement import Permit
from vault.crypto.chunked import ChunkCipher, ChunkContext, begin
from vault.ids import CaseId, RecordId
from vault.ports import Clock, Entropy
from vault.sensitive import Sensitive
from vault.unit_of_work import AttachmentRow, UnitOfWork
from vault.vocabulary import KIND_COMPARTMENT, Kind


class ChunkKeeper:
    """See `RecordKeeper.chunks`."""

    def __init__(self, keys: DataKeys, *, clock: Clock, entropy: Entropy) -> None:
        self._keys = keys
        self._clock = clock
        self._entropy = entropy

    def begin(
        self, uow: UnitOfWork, permit: Permit, *, kind: Kind, case: CaseId, attachment: RecordId, at: datetime
    ) -> AttachmentRow:
        """The row of a file that begins to arrive, with a fresh header. Raises PermitInvalid, Erased."""
        permit.check(kind=kind, case=case, now=self._clock.now(), record=attachment.hex(), storing=True)
        compartment = KIND_COMPARTMENT[kind]
        key, data_key = self._keys.present(uow, permit, case, compartment, at)
        header = begin(data_key, ChunkContext(compartment, case.raw, attachment.raw, key), self._entropy)
        return AttachmentRow(attachment, case, kind, permit.actor, at, key, header)

    def add(
        self, uow: UnitOfWork, permit: Permit, row: AttachmentRow, first: int, chunks: Sequence[Sensitive[bytes]], *,
        size: int | None = None,
    ) -> None:  # fmt: skip
        """Seal and store chunks `first`, `first + 1`, … size: of the whole file; given, these are its last ones.

        Raises PermitInvalid, Erased, RecordTampered, Conflict.
        """
        permit.check(kind=row.kind, case=row.case, now=self._clock.now(), record=row.id.hex(), storing=True)
        cipher = self._cipher(uow, row)
        for number, chunk in enumerate(chunks, start=first):
            last = size is not None and number == first + len(chunks) - 1
            plain = chunk.expose()
            sealed = cipher.seal_last(number, plain, size) if last and size is not None else cipher.seal(number, plain)
            uow.attachments.add_chunk(row.id, number, sealed, permit.entry)

    def open(
        self, uow: UnitOfWork, permit: Permit, row: AttachmentRow, first: int, sealed: Sequence[bytes], size: int
    ) -> list[Sensitive[bytes]]:
        """What chunks `first`, … hold of a file of `size` bytes. Raises PermitInvalid, Erased, RecordTampered."""
        permit.check(kind=row.kind, case=row.case, now=self._clock.now(), record=row.id.hex())
        cipher = self._cipher(uow, row)
        return [Sensitive(cipher.open(number, one, size)) for number, one in enumerate(sealed, start=first)]

    def _cipher(self, uow: UnitOfWork, row: AttachmentRow) -> ChunkCipher:
        compartment = KIND_COMPARTMENT[row.kind]
        data_key = self._keys.unwrap(row.case, compartment, row.key, self._keys.wrapped(uow, row.key))
        return ChunkCipher(data_key, ChunkContext(compartment, row.case.raw, row.id.raw, row.key), row.header)
