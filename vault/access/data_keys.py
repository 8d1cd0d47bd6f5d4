"""The data keys of casework: one per case and compartment, made when first needed, unwrapped each time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from vault.access.enforcement import Permit
from vault.crypto.unprintable import Unprintable
from vault.crypto.wrap import WrapContext, Wrapper
from vault.errors import Erased
from vault.ids import CaseId, KeyId
from vault.ports import Entropy
from vault.unit_of_work import UnitOfWork
from vault.vocabulary import CASEWORK, Compartment

_DATA_KEY_BYTES: Final = 32


class DataKeys(Unprintable):
    """For the keepers of this package, which check a Permit before they ask for a key."""

    __slots__ = ("_entropy", "_wrapper")

    def __init__(self, wrapper: Wrapper, entropy: Entropy) -> None:
        self._wrapper: Final = wrapper
        self._entropy: Final = entropy

    def wrapped(self, uow: UnitOfWork, key: KeyId) -> bytes:
        """Raises Erased."""
        wrapped = uow.keys.wrap(key, CASEWORK)
        if wrapped is None:
            raise Erased("the key of this record was destroyed")
        return wrapped

    def unwrap(self, case: CaseId, compartment: Compartment, key: KeyId, wrapped: bytes) -> bytes:
        """Raises RecordTampered for a wrap of another place."""
        return self._wrapper.unwrap(wrapped, WrapContext(case.raw, compartment, CASEWORK, key))

    def present(
        self, uow: UnitOfWork, permit: Permit, case: CaseId, compartment: Compartment, at: datetime
    ) -> tuple[KeyId, bytes]:
        """The key that new things of this case and compartment are sealed under. Raises Erased."""
        key = uow.cases.key(case, compartment)
        if key is None:
            key = KeyId(self._entropy.bytes(16))
            data_key = self._entropy.bytes(_DATA_KEY_BYTES)
            context = WrapContext(case.raw, compartment, CASEWORK, key)
            uow.keys.put(key, CASEWORK, self._wrapper.wrap(data_key, context, self._entropy), at)
            uow.cases.add_key(case, compartment, key, permit.entry)
            return key, data_key
        return key, self.unwrap(case, compartment, key, self.wrapped(uow, key))
