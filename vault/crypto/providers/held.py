"""A root key held in this process: what the file and the memory provider have in common."""

from __future__ import annotations

from typing import Final

from vault.crypto import committing
from vault.crypto.canonical import encode
from vault.crypto.unprintable import Unprintable
from vault.errors import KeyringDamaged, RecordTampered
from vault.ports import Entropy
from vault.sensitive import Sensitive

FORMAT: Final = 1
_LABEL: Final = "parefeu/root-wrap"
_VERSION_BYTE: Final = bytes([FORMAT])


class HeldRoot(Unprintable):
    """Wraps and unwraps under 32 bytes of root key. Subclasses say where the key comes from."""

    __slots__ = ("_entropy", "_root")

    def __init__(self, root: Sensitive[bytes], entropy: Entropy) -> None:
        if len(root.expose()) != committing.KEY_BYTES:
            raise ValueError("a root key is 32 bytes")
        self._root: Final = root
        self._entropy: Final = entropy

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """Return `01 ‖ salt 32 ‖ commitment 32 ‖ ciphertext ‖ tag 16`: 81 bytes more than `secret`."""
        bound = encode(_LABEL, FORMAT, context)
        return committing.seal(self._root.expose(), bound, secret, self._entropy, prefix=_VERSION_BYTE)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Raises KeyringDamaged if `wrapped` was not made by this root in this context."""
        if wrapped[:1] != _VERSION_BYTE:
            raise KeyringDamaged("not a wrap of this root")
        try:
            return committing.open_sealed(self._root.expose(), encode(_LABEL, FORMAT, context), wrapped, skip=1)
        except RecordTampered:
            raise KeyringDamaged("not a wrap of this root in this context") from None

    def healthy(self) -> bool:
        """A round trip works."""
        try:
            return self.unwrap(self.wrap(b"health", b"health"), b"health") == b"health"
        except KeyringDamaged:
            return False
