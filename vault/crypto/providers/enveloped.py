"""A root key that never comes here: what the providers of a token and of a key service have in common.

Each wrap has a content key of its own. The place locks that key under the root; the secret is sealed here, under
the content key:

    format 1 ‖ length 2, big-endian ‖ locked content key ‖ committing seal of the secret (committing.py)

- The format byte names the kind of root, so that what was wrapped by one kind is never handed to another.
- The context is bound twice: by the place, into what it locks, and by the seal, which also binds the locked key. A
  place that answers with another key is noticed by the seal's commitment.
- Whoever owns the place alone sees content keys and contexts, never a secret.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Final

from vault.crypto import committing
from vault.crypto.canonical import encode
from vault.crypto.unprintable import Unprintable
from vault.errors import KeyringDamaged, KeyringError, RecordTampered, RootUnavailable
from vault.ports import Entropy

_LOCK_LABEL: Final = "parefeu/root-lock"
_WRAP_LABEL: Final = "parefeu/root-wrap"
_LENGTH_BYTES: Final = 2
_HEADER_BYTES: Final = 1 + _LENGTH_BYTES
#: A locked key of 32 bytes takes 60 in a token and about 100 in a service.
_LONGEST_LOCKED: Final = 1024


class EnvelopedRoot(Unprintable):
    """Wraps under content keys that a place outside this process locks. Subclasses talk to the place."""

    __slots__ = ("_entropy",)

    #: The first byte of what it wraps.
    format: ClassVar[int]

    def __init__(self, entropy: Entropy) -> None:
        self._entropy: Final = entropy

    @abstractmethod
    def lock(self, key: bytes, context: bytes) -> bytes:
        """key: 32 bytes. Returns what `unlock` takes. Raises RootUnavailable, RootRefused, RootUnsuitable."""

    @abstractmethod
    def unlock(self, locked: bytes, context: bytes) -> bytes:
        """Raises KeyringDamaged if this root did not lock it in this context; else as `lock`."""

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """Raises RootUnavailable, RootRefused, RootUnsuitable, RootMissing. What is returned was unlocked once."""
        key = self._entropy.bytes(committing.KEY_BYTES)
        bound = encode(_LOCK_LABEL, self.format, context)
        locked = self.lock(key, bound)
        if not 0 < len(locked) <= _LONGEST_LOCKED or self.unlock(locked, bound) != key:
            raise RootUnavailable("the root does not give back what it was given")
        header = bytes([self.format]) + len(locked).to_bytes(_LENGTH_BYTES, "big")
        return committing.seal(
            key, self._sealed_context(context, locked), secret, self._entropy, prefix=header + locked
        )

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Raises KeyringDamaged if `wrapped` was not made by this root in this context; else as `wrap`."""
        end = _HEADER_BYTES + int.from_bytes(wrapped[1:_HEADER_BYTES], "big")
        if wrapped[:1] != bytes([self.format]) or len(wrapped) < end + committing.OVERHEAD or end == _HEADER_BYTES:
            raise KeyringDamaged("not a wrap of this root")
        locked = wrapped[_HEADER_BYTES:end]
        key = self.unlock(locked, encode(_LOCK_LABEL, self.format, context))
        try:
            return committing.open_sealed(key, self._sealed_context(context, locked), wrapped, skip=end)
        except (RecordTampered, ValueError):  # a place may answer with any length
            raise not_of_this_root() from None

    def healthy(self) -> bool:
        """A round trip works."""
        try:
            return self.unwrap(self.wrap(b"health", b"health"), b"health") == b"health"
        except KeyringError:
            return False

    def _sealed_context(self, context: bytes, locked: bytes) -> bytes:
        return encode(_WRAP_LABEL, self.format, context, locked)


def not_of_this_root() -> KeyringDamaged:
    return KeyringDamaged("not a wrap of this root in this context: it is of another key or zone, or was changed")
