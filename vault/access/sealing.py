"""Casework's records: sealed on the way in, opened on the way out, never without a Permit.

One data key per case and compartment, random, wrapped under casework's own symmetric key in the keystore.
Nothing is cached: each opening unwraps its key, so that an erased key is gone for the very next request.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from vault.access.chunks import ChunkKeeper
from vault.access.data_keys import DataKeys
from vault.access.enforcement import Permit
from vault.cases.model import SealedRecord
from vault.crypto.record import RecordContext, open_record, seal_record
from vault.crypto.wrap import Wrapper
from vault.errors import RecordTampered, VaultError
from vault.ids import ActorId, CaseId, RecordId
from vault.ports import Clock, Entropy
from vault.sensitive import Sensitive
from vault.unit_of_work import UnitOfWork
from vault.vocabulary import ATTACHMENT_KINDS, CASEWORK, FACT_KINDS, KIND_COMPARTMENT, Kind, Provenance

#: The shape of each kind's plaintext, bound into the record.
SCHEMA: Final[dict[Kind, int]] = dict.fromkeys(
    (
        Kind.IDENTITY, Kind.CONTACT, Kind.NOTE, Kind.TOKEN_MAP, *FACT_KINDS, *ATTACHMENT_KINDS, Kind.TASK, Kind.DRAFT,
        Kind.INVITATION, Kind.LETTER, Kind.AVENUE, Kind.RETURN_PLAN, Kind.GROUND, Kind.ATTENDEES, Kind.CONFLICT,
        Kind.REFERRAL_ANSWER, Kind.BREAK_GLASS, Kind.CASE_SAMPLE,
    ),
    1,
)  # fmt: skip


def _header(provenance: Provenance, template: str, language: str, author: ActorId, at: datetime) -> bytes:
    """What the row's columns say of the record, sealed in front of its text: whoever writes the database cannot
    make a confided fact an ADMIN one, nor put it into a colleague's mouth."""
    return f"{provenance}|{template}|{language}|{author.raw.hex()}|{at.isoformat()}\n".encode()


class RecordKeeper:
    """Opens and seals casework's records under casework's wrapping key. chunks: the same for files."""

    def __init__(self, wrapper: Wrapper, *, clock: Clock, entropy: Entropy) -> None:
        self._keys = DataKeys(wrapper, entropy)
        self._clock = clock
        self._entropy = entropy
        self.chunks: Final = ChunkKeeper(self._keys, clock=clock, entropy=entropy)

    def open(self, uow: UnitOfWork, permit: Permit, record: SealedRecord) -> Sensitive[bytes]:
        """The record's plaintext. Raises PermitInvalid, Erased, RecordTampered."""
        permit.check(kind=record.kind, case=record.case, now=self._clock.now(), record=record.id.hex())
        return self._open(record, self._keys.wrapped(uow, record.key))

    def open_many(
        self, uow: UnitOfWork, permit: Permit, records: Sequence[SealedRecord]
    ) -> list[tuple[SealedRecord, Sensitive[bytes]]]:
        """Open what a search covers, keys fetched together. Records whose key was destroyed are left out."""
        wraps = uow.keys.wraps([record.key for record in records], CASEWORK)
        now = self._clock.now()
        opened = []
        for record in records:
            permit.check(kind=record.kind, case=record.case, now=now, record=record.id.hex())
            wrapped = wraps.get(record.key)
            if wrapped is not None:
                opened.append((record, self._open(record, wrapped)))
        return opened

    def opens(self, uow: UnitOfWork, record: SealedRecord) -> str:
        """Whether a record could be opened: "" if so, else the error's code. What was in it is dropped here.

        Takes no permit, because nobody is shown anything; whoever asks writes an entry.
        """
        try:
            self._open(record, self._keys.wrapped(uow, record.key))
        except VaultError as fault:
            return fault.code
        return ""

    def _open(self, record: SealedRecord, wrapped: bytes) -> Sensitive[bytes]:
        compartment = KIND_COMPARTMENT[record.kind]
        case = record.case.raw
        data_key = self._keys.unwrap(record.case, compartment, record.key, wrapped)
        context = RecordContext(compartment, case, record.id.raw, record.version, SCHEMA[record.kind], record.key)
        plaintext = open_record(data_key, context, record.sealed)
        header = _header(record.provenance, record.template, record.language, record.author, record.written_at)
        if not plaintext.startswith(header):
            raise RecordTampered("the row says something else about this record than what was sealed")
        return Sensitive(plaintext[len(header) :])

    def write(
        self, uow: UnitOfWork, permit: Permit, *, kind: Kind, case: CaseId, record: RecordId, version: int,
        plaintext: bytes, author: ActorId, at: datetime, provenance: Provenance, template: str = "", language: str = "",
    ) -> SealedRecord:  # fmt: skip
        """Seal one version and add it. Raises StaleVersion if that version exists."""
        stored = self.seal(
            uow, permit, kind=kind, case=case, record=record, version=version, plaintext=plaintext, author=author,
            at=at, provenance=provenance, template=template, language=language,
        )  # fmt: skip
        uow.records.add(stored, permit.entry)
        return stored

    def seal(
        self, uow: UnitOfWork, permit: Permit, *, kind: Kind, case: CaseId, record: RecordId, version: int,
        plaintext: bytes, author: ActorId, at: datetime, provenance: Provenance, template: str = "", language: str = "",
    ) -> SealedRecord:  # fmt: skip
        """Seal one version, for a caller who stores it elsewhere than among the records."""
        permit.check(kind=kind, case=case, now=self._clock.now(), record=record.hex(), storing=True)
        compartment = KIND_COMPARTMENT[kind]
        key, data_key = self._keys.present(uow, permit, case, compartment, at)
        context = RecordContext(compartment, case.raw, record.raw, version, SCHEMA[kind], key)
        header = _header(provenance, template, language, author, at)
        sealed = seal_record(data_key, context, header + plaintext, self._entropy)
        return SealedRecord(record, version, case, kind, provenance, template, language, author, at, key, sealed)
