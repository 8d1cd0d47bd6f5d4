"""From a passphrase to a key: Argon2id (RFC 9106), its cost parameters and how they are chosen.

Cost has a floor, so that nobody weakens a root by mistake, and a ceiling, so that a planted file cannot make
the program fill the machine's memory.
"""

from __future__ import annotations

import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from vault.errors import InvalidInput, KeyringError
from vault.sensitive import Sensitive

SALT_BYTES: Final = 16  # RFC 9106, 3.1 recommends 16
SHORTEST_PASSPHRASE: Final = 12  # characters; only checked where one is chosen
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Argon2Parameters:
    """memory_kib: KiB over all lanes. iterations: passes. lanes: parallel lanes.

    Raises ValueError for values that Argon2 itself does not take. Whether they are strong enough is for
    `FLOOR` and `CEILING`.
    """

    memory_kib: int
    iterations: int
    lanes: int

    def __post_init__(self) -> None:
        if self.lanes < 1 or self.iterations < 1 or self.memory_kib < 8 * self.lanes:
            raise ValueError("Argon2 needs a lane, a pass and 8 KiB per lane")

    def at_least(self, floor: Argon2Parameters) -> bool:
        return self.memory_kib >= floor.memory_kib and self.iterations >= floor.iterations and self.lanes >= floor.lanes


#: The second recommended set of RFC 9106, 4: 64 MiB, three passes, four lanes. Below it no root is made or opened.
FLOOR: Final = Argon2Parameters(memory_kib=64 * 1024, iterations=3, lanes=4)
#: 1 GiB, 32 passes, 16 lanes: under a minute on a slow machine.
CEILING: Final = Argon2Parameters(memory_kib=1024 * 1024, iterations=32, lanes=16)

#: OpenSSL 4.0 takes the lanes' threads from one pool of as many as there are cores; two derivations at once can each
#: hold what the other waits for, for ever (seen with 2 lanes and 2 callers on 2 cores).
_ONE_AT_A_TIME: Final = threading.Lock()


def stretch(passphrase: Sensitive[str], salt: bytes, parameters: Argon2Parameters) -> bytes:
    """Return the 32-byte key. salt: 16 bytes.

    The passphrase is brought into NFC first (RFC 8265, 4.2), so that accents typed on another keyboard match.
    Raises KeyringError if the machine has not the memory.
    """
    secret = unicodedata.normalize("NFC", passphrase.expose()).encode("utf-8", "surrogatepass")
    kdf = Argon2id(
        salt=salt,
        length=_KEY_BYTES,
        iterations=parameters.iterations,
        lanes=parameters.lanes,
        memory_cost=parameters.memory_kib,
    )
    try:
        with _ONE_AT_A_TIME:
            return kdf.derive(secret)
    except MemoryError as error:
        raise KeyringError(f"Argon2id needs {parameters.memory_kib // 1024} MiB of memory") from error


def refuse_weak(passphrase: Sensitive[str]) -> None:
    """Raises InvalidInput if a newly chosen passphrase has fewer than 12 characters."""
    if len(unicodedata.normalize("NFC", passphrase.expose())) < SHORTEST_PASSPHRASE:
        raise InvalidInput(f"a passphrase has at least {SHORTEST_PASSPHRASE} characters", field="passphrase")


def calibrate(
    target_seconds: float,
    *,
    timer: Callable[[], float] = time.perf_counter,
    most_memory_kib: int = 512 * 1024,
) -> Argon2Parameters:
    """Return parameters that take about `target_seconds` on this machine, never below FLOOR or above CEILING.

    Memory is doubled first, as long as the next doubling fits target and `most_memory_kib`; passes fill the rest.
    """
    chosen, seconds = FLOOR, _measure(FLOOR, timer)
    while 2 * seconds <= target_seconds and 2 * chosen.memory_kib <= min(most_memory_kib, CEILING.memory_kib):
        chosen = Argon2Parameters(2 * chosen.memory_kib, chosen.iterations, chosen.lanes)
        seconds = _measure(chosen, timer)
    passes = int(chosen.iterations * target_seconds / seconds) if seconds > 0 else CEILING.iterations
    return Argon2Parameters(chosen.memory_kib, min(max(passes, FLOOR.iterations), CEILING.iterations), chosen.lanes)


def _measure(parameters: Argon2Parameters, timer: Callable[[], float]) -> float:
    start = timer()
    stretch(Sensitive("calibration"), bytes(SALT_BYTES), parameters)
    return timer() - start
