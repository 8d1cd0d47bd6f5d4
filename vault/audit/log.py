"""Writer lanes: each numbers and chains its own entries, so that a missing one leaves a gap.

A lane belongs to one zone in one process. Its state moves only in memory while a group of use cases runs;
a use case that is undone rewinds it, a group that fails rewinds it whole, and a commit whose fate is
unknown abandons the lane for a new one. Nothing is written here: `pending` is handed to the store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from vault.audit.events import Detail, Event, Happening, Verdict, entry_body
from vault.crypto.detail import MOST_ENTRIES, DetailLane, LaneSnapshot, commitment
from vault.ids import EntryId
from vault.ports import Clock, Entropy
from vault.vocabulary import Zone

LANE_BYTES: Final = 8
SALT_BYTES: Final = 32
EPOCH_SECONDS: Final = 600  # one detail key per lane and ten minutes


class WrittenEntry(NamedTuple):
    """An entry ready for the store. detail: sealed to oversight; None: the entry's session says who it was."""

    id: EntryId
    at: datetime
    body: bytes
    epoch: int
    detail: bytes | None


@dataclass(frozen=True, slots=True)
class DetailKey:
    """The sealed key of one epoch of one lane; goes to the keystore before its first entry commits."""

    lane: bytes
    epoch: int
    first: int
    sealed_key: bytes


class Mark(NamedTuple):
    """A place to rewind to."""

    number: int
    previous: bytes
    epoch: int
    sealer: DetailLane | None
    ratchet: LaneSnapshot | None
    first: int
    keys: int
    announced: bool


class Lane:
    """Numbers, chains and seals the entries of one zone in this process.

    start_epoch: makes the ratchet of an epoch, sealed to oversight (`DetailLane.start`).
    """

    def __init__(
        self, zone: Zone, *, clock: Clock, entropy: Entropy, start_epoch: Callable[[bytes, int], DetailLane]
    ) -> None:
        self.zone = zone
        self._zone_text = str(zone)
        self._clock = clock
        self._entropy = entropy
        self._start_epoch = start_epoch
        self.keys: list[DetailKey] = []  # not yet in the keystore
        self.open()

    def open(self, why: str = "") -> None:
        """Abandon what was and begin a new lane; its first entry says so. why: a code, where somebody else is at it."""
        self.lane = self._entropy.bytes(LANE_BYTES)
        self._lane_text = self.lane.hex()
        self._number = 0
        self._previous = bytes(32)
        self._epoch = -1
        self._first = 0
        self._sealer: DetailLane | None = None
        self.keys.clear()
        self.announced = False
        self._why = why

    @property
    def number(self) -> int:
        """Of the next entry."""
        return self._number

    def mark(self) -> Mark:
        sealer = self._sealer
        ratchet = sealer.snapshot() if sealer is not None else None
        return Mark(
            self._number, self._previous, self._epoch, sealer, ratchet, self._first, len(self.keys), self.announced
        )

    def rewind(self, mark: Mark) -> None:
        self._number, self._previous = mark.number, mark.previous
        self._epoch, self._sealer = mark.epoch, mark.sealer
        self._first = mark.first
        if mark.sealer is not None and mark.ratchet is not None:
            mark.sealer.restore(mark.ratchet)
        del self.keys[mark.keys :]
        self.announced = mark.announced

    def opening(self) -> WrittenEntry:
        """The first entry of a lane."""
        self.announced = True
        return self.write(Event(Happening.LANE_OPENED, "lane", Verdict.NONE, outcome=self._why), Detail())

    def write(self, event: Event, detail: Detail | None) -> WrittenEntry:
        """Number, chain and seal one entry. The lane moves on; rewind it if the entry is not committed.

        detail None: the entry's `session` names the entry whose detail says who it was. Raises ValueError where
        nothing would.
        """
        if detail is None and event.actor and not event.session:
            raise ValueError("an entry says who it was, or names the session that does")
        at = self._clock.now()
        number = self._number
        entry = EntryId(self.lane + number.to_bytes(8, "big"))
        sealer = self._sealer
        epoch = int(at.timestamp()) // EPOCH_SECONDS
        # A clock set back does not reopen an epoch: its key is stored and would be replaced by another.
        if sealer is None or epoch > self._epoch:
            sealer = self._new_epoch(epoch, number)
        elif number - self._first >= MOST_ENTRIES:  # its chain is full: the next begins before its time
            sealer = self._new_epoch(self._epoch + 1, number)
        epoch = self._epoch
        plain, committed = b"", ""
        if detail is not None:
            salt = self._entropy.bytes(SALT_BYTES)
            plain = detail.encode(salt)
            committed = commitment(salt, plain).hex()
        body = entry_body(
            event,
            entry=entry.hex(),
            at=at.isoformat() if at.microsecond else at.isoformat(timespec="microseconds"),
            zone=self._zone_text,
            lane=self._lane_text,
            number=number,
            previous=self._previous.hex(),
            commitment=committed,
        )
        sealed = None
        if detail is not None:
            sealed = sealer.seal(number - self._first, entry, plain)
        else:
            sealer.skip()
        self._previous = hashlib.sha256(b"\x00" + body).digest()
        self._number = number + 1
        return WrittenEntry(entry, at, body, epoch, sealed)

    def _new_epoch(self, epoch: int, first: int) -> DetailLane:
        self._sealer = sealer = self._start_epoch(self.lane, epoch)
        self._epoch = epoch
        self._first = first
        self.keys.append(DetailKey(self.lane, epoch, first, sealer.sealed_key))
        return sealer
