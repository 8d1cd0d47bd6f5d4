"""A root that lives in this process alone: for tests and the demonstration, never for kept data."""

from __future__ import annotations

from typing import Self

from vault.crypto.committing import KEY_BYTES
from vault.crypto.providers.held import HeldRoot
from vault.ports import Entropy
from vault.sensitive import Sensitive


class MemoryRoot(HeldRoot):
    """A KeyProvider around 32 bytes of root key, gone with the process."""

    __slots__ = ()

    @classmethod
    def generate(cls, entropy: Entropy) -> Self:
        return cls(Sensitive(entropy.bytes(KEY_BYTES)), entropy)

    @property
    def name(self) -> str:
        return "memory"
