"""How long tests wait for what must happen, and how fast this machine is.

A bound here only ends a test that would never end: whatever happens at all, on a machine many times slower with another
load beside, happens long before. What is a promise about time is held against `pace`, in the same processor time.

    until(lambda: keeper.state.shown)            # it happens, whenever that is
    assert seconds < 0.020 * pace()              # twenty milliseconds where this was written
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

PATIENCE: Final = 300.0  # seconds
#: What `_work` took of processor time, in seconds, on the machine on which the promises were written down.
_WRITTEN_ON: Final = 0.035


def until(wanted: Callable[[], Any], what: str = "it", seconds: float = PATIENCE) -> None:
    """Look again and again whether it has happened."""
    ends, pause = time.monotonic() + seconds, threading.Event()
    while not wanted():
        assert time.monotonic() < ends, f"{what} never happened"
        pause.wait(0.005)


def in_time(work: Callable[[], Any]) -> Any:
    """What `work` gives, or raises; a failure if it never ends."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(work).result(PATIENCE)
    finally:
        pool.shutdown(wait=False)


def pace() -> float:
    """How many times longer this machine takes for some Python than the one where the promises were written."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        _work()
        taken.append(time.process_time() - began)
    return max(1.0, min(taken) / _WRITTEN_ON)


def _work() -> int:
    found, text = {}, "Vu Mme Khadija El Amrani avec son frère Brahim au bureau de Liège. "
    for turn in range(120_000):
        word = text[turn % 50 : turn % 50 + 9].casefold()
        found[word, turn % 97] = hash(word) ^ turn
    return len(found)
