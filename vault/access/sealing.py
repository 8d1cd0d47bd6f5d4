"""Casework's records: sealed on the way in, opened on the way out, never without a Permit.

One data key per case and compartment, random, wrapped under casework's own symmetric key in the keystore.
Nothing is cached: each opening unwraps its key, so that an erased key is gone for the very next request.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from vault.access.enforcement import Permit
from vault.cases.model import SealedRecord
from vault.crypto.record import RecordContext, open_record, seal_record
from vault.crypto.wrap import SymmetricWrapper, WrapContext
from vault.errors import Erased, RecordTampered
from vault.ids import ActorId, CaseId, KeyId, RecordId
from vault.ports import Clock, Entropy
from vault.sensitive import Sensitive
from vault.unit_of_work import UnitOfWork
from vault.vocabulary import CASEWORK, KIND_COMPARTMENT, Compartment, Kind, Provenance

#: The shape of each kind's plaintext, bound into the record.
SCHEMA: Final[dict[Kind, int]] = {Kind.IDENTITY: 1, Kind.CONTACT: 1, Kind.NOTE: 1, Kind.TOKEN_MAP: 1}
_DATA_KEY_BYTES: Final = 32


def _header(provenance: Provenance, template: str, language: str, author: ActorId, at: datetime) -> bytes:
    """What the row's columns say of the record, sealed in front of its text: whoever writes the database cannot
    make a confided fact an ADMIN one, nor put it into a colleague's mouth."""
    return f"{provenance}|{template}|{language}|{author.raw.hex()}|{at.isoformat()}\n".encode()


class RecordKeeper:
    """Opens and seals casework's records under casework's wrapping key."""

    def __init__(self, wrapper: SymmetricWrapper, *, clock: Clock, entropy: Entropy) -> None:
        self._wrapper = wrapper
        self._clock = clock
        self._entropy = entropy

    def open(self, uow: UnitOfWork, permit: Permit, record: SealedRecord) -> Sensitive[bytes]:
        """The record's plaintext. Raises PermitInvalid, Erased, RecordTampered."""
        permit.check(kind=record.kind, case=record.case, now=self._clock.now(), record=record.id.hex())
        wrapped = uow.keys.wrap(record.key, CASEWORK)
        if wrapped is None:
            raise Erased("the key of this record was destroyed")
        return self._open(record, wrapped)

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

    def _open(self, record: SealedRecord, wrapped: bytes) -> Sensitive[bytes]:
        compartment = KIND_COMPARTMENT[record.kind]
        case = record.case.raw
        data_key = self._wrapper.unwrap(wrapped, WrapContext(case, compartment, CASEWORK, record.key))
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
        permit.check(kind=kind, case=case, now=self._clock.now(), storing=True)
        compartment = KIND_COMPARTMENT[kind]
        key, data_key = self._data_key(uow, permit, case, compartment, at)
        context = RecordContext(compartment, case.raw, record.raw, version, SCHEMA[kind], key)
        header = _header(provenance, template, language, author, at)
        sealed = seal_record(data_key, context, header + plaintext, self._entropy)
        stored = SealedRecord(
            record, version, case, kind, provenance, template, language, author, at, key, sealed
        )  # fmt: skip
        uow.records.add(stored, permit.entry)
        return stored

    def _data_key(
        self, uow: UnitOfWork, permit: Permit, case: CaseId, compartment: Compartment, at: datetime
    ) -> tuple[KeyId, bytes]:
        key = uow.cases.key(case, compartment)
        if key is None:
            key = KeyId(self._entropy.bytes(16))
            data_key = self._entropy.bytes(_DATA_KEY_BYTES)
            context = WrapContext(case.raw, compartment, CASEWORK, key)
            uow.keys.put(key, CASEWORK, self._wrapper.wrap(data_key, context, self._entropy), at)
            uow.cases.add_key(case, compartment, key, permit.entry)
            return key, data_key
        wrapped = uow.keys.wrap(key, CASEWORK)
        if wrapped is None:
            raise Erased("the key of this compartment was destroyed")
        return key, self._wrapper.unwrap(wrapped, WrapContext(case.raw, compartment, CASEWORK, key))
