"""Passwords: Argon2id, in a thread, few at a time.

Parameters after the OWASP password storage guidance (19 MiB, 2 passes, 1 lane): a sign-in a day per person
is not worth more of a shared machine's memory, and a second factor stands beside it.

A password is compared as RFC 8265 says of an OpaqueString: in NFC, with every kind of space a plain one. One keyboard
sends an accent with its letter, another one behind it, and nobody sees which.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
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
#: Of Unicode's category Zs; that of ASCII is what they become.
_SPACE: Final = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
#: Control characters, half characters, and numbers that are no character yet (RFC 8264, 4.3.3).
_NEVER_TYPED: Final = frozenset({"Cc", "Cs", "Cn"})


def hash_password(password: str, entropy: Entropy) -> str:
    """The PHC string to store. Raises InvalidInput for a password that is too short, too long or cannot be typed."""
    password = opaque(password)
    if any(unicodedata.category(char) in _NEVER_TYPED for char in password):
        raise InvalidInput("a password holds no control characters, nor any that are none", field="password")
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
    """Whether the password is right; takes the same time where there is no such login (`stored` None).

    Passwords that were made before they were compared so are stored as they came: such a one is tried too.
    """
    right = any(_matches(stored or _nobody(), form) for form in dict.fromkeys((opaque(password), password)))
    return right and stored is not None


def opaque(password: str) -> str:
    """The form that is compared. Source: RFC 8265, 4.2.2; letters stay as wide and as large as they are."""
    return unicodedata.normalize("NFC", _SPACE.sub(" ", password))


def _matches(stored: str, password: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode(errors="replace"), stored)
    except InvalidKey:
        return False
    return True


class PasswordChecker:
    """Bounds how many hashes run at once: a flood of sign-ins must not take the machine's memory."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def check(self, stored: str | None, password: str) -> bool:
        async with self._slots:
            return await asyncio.to_thread(check_password, stored, password)
