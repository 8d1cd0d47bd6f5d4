"""A zone's wrapping key is replaced while the zone serves: staged, taken into use, all re-wrapped, the old destroyed.

    1. the next generation is staged: its key stands in the keyring on disk, and nothing is wrapped under it
    2. the keystore is told of it (mark), the log too, and it is taken into use: new data keys go under it
    3. every wrap under an older one is re-wrapped, a batch at a time, each batch one transaction
    4. older generations are closed: the keystore takes no wrap under them from anybody any more; once more as 3
    5. where nothing needs them, the log is told, and the keyring is written without them

Each step can be the last before a crash: whoever runs it again goes on where it stands (`tests/crash/test_rotating`).
Records, pseudonyms and blind indexes are not touched. One at a time on a machine; a second one is refused.

    for progress in Rotation(services, CASEWORK).carry_on(): ...
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, NamedTuple

from gateway.clock import SystemEntropy
from gateway.keyring_file import KeyringFile
from gateway.log.lanes import write
from gateway.wiring import Services
from vault.access.rewrapping import Place, rewrap
from vault.audit.log_events import wraps_rotated, wraps_rotating
from vault.crypto.hierarchy import ZoneKeyring, stage_wrapper
from vault.crypto.wrap import SymmetricWrapper
from vault.errors import ConfigurationError
from vault.ports import Entropy
from vault.storage import generations, rewrapping
from vault.vocabulary import CASEWORK, Zone

#: Wraps in one transaction: some ten milliseconds, for which others may wait.
AT_ONCE: Final = 250
#: A wrap is stored before the row that names it: one that no row names may be of a row that is just being committed.
#: No transaction of ours lives for a minute; a clock may be off by some.
STILL_NAMED_WITHIN: Final = timedelta(minutes=10)


class Progress(NamedTuple):
    """done, total: wraps."""

    step: str
    done: int
    total: int


@dataclass(slots=True)
class Outcome:
    """What a run came to. waiting: wraps too young to be taken for orphans. broken: keys whose wrap does not open."""

    generation: int = 0
    rewrapped: int = 0
    orphans: int = 0
    waiting: int = 0
    broken: list[bytes] = field(default_factory=list)
    destroyed: tuple[int, ...] = ()

    @property
    def finished(self) -> bool:
        return not self.waiting and not self.broken


def refuse_other_zones(zone: Zone) -> None:
    """Raises ConfigurationError for a zone that wraps nothing under a key of its own."""
    if zone != CASEWORK:
        raise ConfigurationError(
            f"zone {zone} keeps no wraps under a key of its own: what it opens is sealed to its key pair, which this "
            "command does not replace; casework is the zone to rotate"
        )


def stage(file: KeyringFile, entropy: Entropy) -> bool:
    """Step 1. False where a rotation is under way already: it is to be seen through. Raises Conflict, KeyringError."""
    with file.alone() as keyring:
        if under_way(keyring.wrapper):
            return False
        file.store(stage_wrapper(keyring, entropy))
        return True


def under_way(wrapper: SymmetricWrapper) -> bool:
    return wrapper.staged is not None or bool(wrapper.retired)


class Rotation:
    """Steps 2 to 5, wherever it stands. For one run."""

    def __init__(self, services: Services, zone: Zone, *, at_once: int = AT_ONCE) -> None:
        refuse_other_zones(zone)
        self._services = services
        self._zone = zone
        self._file = services.keyring_files[zone]
        self._at_once = at_once
        self._entropy = SystemEntropy()
        self._total = 0
        self.outcome = Outcome()

    def carry_on(self) -> Generator[Progress, None, None]:
        """Go on, a bounded step each time the next progress is asked for. Nothing where none is under way.

        Raises Conflict while somebody else is at it, StoreError, KeyringError; run it again then.
        """
        with self._file.alone() as found_here:
            if not under_way(found_here.wrapper):
                return
            keyring = self._in_use(found_here)
            wrapper = keyring.wrapper
            self.outcome.generation = wrapper.current
            with self._services.exclusive() as store:
                found = rewrapping.counted(store, self._zone)
            self._total = sum(count for generation, count in found.items() if generation < wrapper.current)
            yield self._told("re-wrapping")
            while (yield from self._pass(wrapper)):  # what another process wrote meanwhile comes behind
                pass
            with self._services.exclusive() as store:
                generations.close(store.keystore, self._zone, wrapper.current, self._services.clock.now())
            yield self._told("looking again")
            while (yield from self._pass(wrapper)):
                pass
            if self.outcome.finished:
                self._destroy(keyring)
            yield self._told("done")

    def _in_use(self, keyring: ZoneKeyring) -> ZoneKeyring:
        """Step 2. The next generation is known to the keystore before anything can stand under it."""
        begun = keyring.wrapper.staged is not None
        present = replace(keyring, wrapper=keyring.wrapper.activated())
        with self._services.exclusive() as store:
            marks = present.wrapper.marks(self._zone)
            generations.open_(store.keystore, self._zone, marks, self._services.clock.now())
        write(self._services, self._zone, wraps_rotating(present.wrapper.current, resumed=not begun))
        if begun:
            self._file.store(present)
        return present

    def _pass(self, wrapper: SymmetricWrapper) -> Generator[Progress, None, int]:
        """Steps 3 and 4: all that is there once. Returns how many were re-wrapped."""
        after, moved, outcome = b"", 0, self.outcome
        outcome.orphans, outcome.waiting, outcome.broken = 0, 0, []
        young = self._services.clock.now() - STILL_NAMED_WITHIN
        while True:
            with self._services.exclusive() as store:
                batch = rewrapping.older(store, self._zone, wrapper.current, after, self._at_once)
                made = []
                for each in batch:
                    if each.case is None or each.compartment is None:
                        outcome.orphans += each.created_at <= young
                        outcome.waiting += each.created_at > young
                        continue
                    place = Place(each.case, each.compartment)
                    new = rewrap(each.key, each.wrap, place, wrapper, self._entropy)
                    if new is None:
                        outcome.broken.append(each.key)
                    else:
                        made.append(rewrapping.NewWrap(each.key, each.wrap, new))
                rewrapping.replace(store, self._zone, made)
            if not batch:
                return moved
            after, moved = batch[-1].key, moved + len(made)
            outcome.rewrapped += len(made)
            yield self._told("re-wrapping")

    def _destroy(self, keyring: ZoneKeyring) -> None:
        """Step 5. Where the keyring is then not written, the next run says so once more and writes it."""
        with self._services.exclusive() as store:
            rewrapping.settle(store)
        self.outcome.destroyed = keyring.wrapper.retired
        write(self._services, self._zone, wraps_rotated(self.outcome.destroyed, self.outcome.rewrapped))
        self._file.store(replace(keyring, wrapper=keyring.wrapper.without_retired()))

    def _told(self, step: str) -> Progress:
        return Progress(step, self.outcome.rewrapped, max(self._total, self.outcome.rewrapped))
