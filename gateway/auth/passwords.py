"""Passwords: Argon2id, in a thread, few at a time.

Parameters after the OWASP password storage guidance (19 MiB, 2 passes, 1 lane): a sign-in a day per person
is not worth more of a shared machine's memory, and a second factor stands beside it.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from vault.errors import InvalidInput
from vault.ports import Entropy

SHORTEST: Final = 12
LONGEST: Final = 256
_MEMORY_KIB: Final = 19 * 1024
_AT_ONCE: Final = 4


def hash_password(password: str, entropy: Entropy) -> str:
    """The PHC string to store. Raises InvalidInput for a password that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(f"a password has {SHORTEST} to {LONGEST} characters", field="password")
    kdf = Argon2id(salt=entropy.bytes(16), length=32, iterations=2, lanes=1, memory_cost=_MEMORY_KIB)
    return kdf.derive_phc_encoded(password.encode())


@lru_cache(maxsize=1)
def _nobody() -> str:
    """What an unknown login is checked against, so that it takes as long as a known one."""
    return Argon2id(salt=bytes(16), length=32, iterations=2, lanes=1, memory_cost=_MEMORY_KIB).derive_phc_encoded(
        b"nobody's password"
    )


def check_password(stored: str | None, password: str) -> bool:
    """Whether the password is right; takes the same time where there is no such login (`stored` None)."""
    try:
        Argon2id.verify_phc_encoded(password.encode(errors="replace"), stored or _nobody())
    except InvalidKey:
        return False
    return stored is not None


class PasswordChecker:
    """Bounds how many hashes run at once: a flood of sign-ins must not take the machine's memory."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def check(self, stored: str | None, password: str) -> bool:
        async with self._slots:
            return await asyncio.to_thread(check_password, stored, password)
