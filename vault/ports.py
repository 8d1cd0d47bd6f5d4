"""What the vault needs from outside, as protocols: time, chance, the firewall and the place of the root key.

Nothing in `vault` or `policies` calls the clock or the random generator directly.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from vault.vocabulary import Decision, Facts, Question


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class Entropy(Protocol):
    def bytes(self, count: int) -> bytes:
        """`count` bytes from a cryptographically secure source."""
        ...


class Firewall(Protocol):
    """Decides; never acts. Any exception it raises is a denial to its caller."""

    def decide(self, question: Question, facts: Facts) -> Decision: ...

    @property
    def digest(self) -> bytes:
        """32 bytes: SHA-256 over the decided table, its sources and the engine's versions."""
        ...


class KeyProvider(Protocol):
    """Where a zone's root key lives. The root itself never leaves it.

    context: canonical bytes that name what is wrapped (zone, bundle, version); a wrap opens in no other context.
    Every method may be called from any thread. Where the root is kept outside this process, `wrap` and `unwrap` also
    raise RootUnavailable, RootRefused, RootMissing, RootUnsuitable; a later call works once that is mended.
    """

    @property
    def name(self) -> str:
        """`file`, `memory`, `pkcs11`, `transit`: for banners and health, never a path or address."""
        ...

    def wrap(self, secret: bytes, context: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Raises KeyringDamaged if `wrapped` was not made by this root in this context."""
        ...

    def healthy(self) -> bool: ...
