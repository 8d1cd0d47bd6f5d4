"""Following the log for another system: each entry once at least, in the tree's order, and none that is not signed.

    follower = Follower(trees, policy, target, position, memory.keep)
    follower.keep_on(over)                 until told to end; an outage of the target makes it wait, and nothing else

A follower is a process of its own that only reads. Its position holds how far it came, with the right edge of the tree
up to there: before it sends anything it sees that what it sent before is the beginning of what is signed now, and that
what it is about to send leads to the signed root. A log that tells another story than before stops it.

The position is moved once a batch arrived. A crash in between sends that batch again; whoever takes in events counts
those of one tree and index once.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from auditor.verify import Checkpoint, Failed, Policy, Read, entries_of, opening
from gateway.log.delivery import NotDelivered, Target
from gateway.log.key import keep_names
from gateway.log.ocsf import Leaf, event_of
from gateway.private import write_private
from vault.audit.merkle import HASH_BYTES, Frontier, leaf_hash
from vault.audit.tiles import ENTRIES, WIDTH, TileId, unbundle
from vault.errors import ConfigurationError, InvalidProof, StoreError
from vault.ports import Entropy

EVERY: Final = 2.0  # seconds between two looks
LONGEST_WAIT: Final = 60.0  # seconds, between two tries of a target that does not take anything
_VERSION: Final = 1
_KEY_BYTES: Final = 32
_ORIGIN: Final = re.compile(r"[!-~]{0,200}")

log = logging.getLogger("parefeu.follower")


@dataclass(frozen=True, slots=True)
class Position:
    """How far a follower came: `size` entries of the tree `origin`, whose right edge is `edge`. "" before the first.

    key: of the names it gives to cases. It is made with the position and never changes, so that what is sent again is
    what was sent.
    """

    key: bytes
    origin: str = ""
    size: int = 0
    edge: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        told = {
            "v": _VERSION, "origin": self.origin, "size": self.size, "edge": [each.hex() for each in self.edge],
            "key": self.key.hex(),
        }  # fmt: skip
        return json.dumps(told, sort_keys=True).encode("ascii")

    @classmethod
    def decode(cls, raw: bytes) -> Position:
        """Raises ConfigurationError."""
        try:
            told: dict[str, Any] = json.loads(raw)
            found = cls(
                bytes.fromhex(told["key"]), told["origin"], told["size"],
                tuple(bytes.fromhex(each) for each in told["edge"]),
            )  # fmt: skip
            Frontier.at(found.size, found.edge)
            sound = told["v"] == _VERSION and len(found.key) == _KEY_BYTES and _ORIGIN.fullmatch(found.origin)
        except (ValueError, KeyError, TypeError, InvalidProof):
            sound = None
        if not sound:
            raise ConfigurationError("the follower's position cannot be read: see docs/access-log.md")
        return found


class Memory:
    """A folder with the position. One follower at a time."""

    def __init__(self, folder: Path, entropy: Entropy) -> None:
        self._folder = folder
        self._entropy = entropy

    @contextmanager
    def held(self) -> Iterator[Position]:
        """The position, while no other follower has it. Raises ConfigurationError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as fault:
                raise ConfigurationError("another follower works with this position") from fault
            if not (self._folder / "position").exists():
                self.keep(Position(self._entropy.bytes(_KEY_BYTES)))
            yield Position.decode((self._folder / "position").read_bytes())

    def keep(self, position: Position) -> None:
        """On the disk when this returns, whole or not at all."""
        fresh = self._folder / "position.new"
        fresh.unlink(missing_ok=True)
        write_private(fresh, position.encode())
        os.replace(fresh, self._folder / "position")
        keep_names(self._folder)


class Follower:
    """trees: the log's trees as they are now, oldest first. position: where to go on; `keep` writes it down."""

    def __init__(
        self, trees: Callable[[], Sequence[Read]], policy: Policy, target: Target, position: Position,
        keep: Callable[[Position], None],
    ) -> None:  # fmt: skip
        self._trees = trees
        self._policy = policy
        self._target = target
        self.position = position
        self._keep = keep

    def keep_on(self, over: threading.Event, *, every: float = EVERY) -> None:
        """Send what there is, and again, until told to end. Raises Failed for a log that must not be believed."""
        wait = every
        while not over.is_set():
            try:
                self.catch_up(over)
                wait = every
            except (NotDelivered, StoreError, OSError) as fault:
                wait = self._outage(getattr(fault, "why", type(fault).__name__), wait)
            except Failed as fault:
                if fault.kind != "read":
                    raise
                wait = self._outage(fault.kind, wait)
            over.wait(wait)

    @staticmethod
    def _outage(code: str, wait: float) -> float:
        log.warning("events wait", extra={"code": code})
        return min(2 * wait, LONGEST_WAIT)

    def catch_up(self, over: threading.Event | None = None) -> int:
        """Send what is signed and was not sent. Returns how many. Raises NotDelivered, Failed, StoreError."""
        reads, sent = self._trees(), 0
        for read in reads[self._present(reads) :]:
            checkpoint = Checkpoint.open(read("checkpoint").decode("utf-8", "replace"), self._policy)
            if checkpoint.origin != self.position.origin:
                self._go_on_to(read, checkpoint)
            sent += self._send(read, checkpoint, over)
            if over is not None and over.is_set():
                break
        return sent

    def _present(self, reads: Sequence[Read]) -> int:
        """Which of the trees the position is in. Raises Failed if it is in none."""
        if not self.position.origin:
            return 0
        for number in reversed(range(len(reads))):
            note = reads[number]("checkpoint").decode("utf-8", "replace")
            if note.partition("\n")[0] == self.position.origin:
                return number
        raise Failed(
            "fork", f"there is no tree {self.position.origin} any more, of which {self.position.size} were sent"
        )

    def _go_on_to(self, read: Read, checkpoint: Checkpoint) -> None:
        """The next tree begins by naming where the one before ended: there, and nowhere else, the position stands."""
        before = self.position
        if before.origin:
            ended = f"{before.origin}@{before.size}:{Frontier.at(before.size, before.edge).root().hex()}"
            whole = entries_of(read, min(WIDTH, checkpoint.size))  # files of this width are there, of two may be none
            first = [entry for entry, _ in islice(whole, 2)]
            if not any(b'"action":"log_opened"' in entry and opening(entry) == ended for entry in first):
                raise Failed("fork", f"{checkpoint.origin} does not go on from what was sent of {before.origin}")
        self.position = Position(before.key, checkpoint.origin)

    def _send(self, read: Read, checkpoint: Checkpoint, over: threading.Event | None) -> int:
        position = self.position
        if checkpoint.size < position.size:
            raise Failed("fork", f"{position.size} entries were sent, the log now shows {checkpoint.size} only")
        hashes = [bytes(each) for each in _leaf_hashes(read, position.size, checkpoint.size)]
        frontier = Frontier.at(position.size, position.edge)
        for each in hashes:
            frontier.append(each)
        if frontier.root() != checkpoint.root:
            raise Failed("root", f"what was sent of {checkpoint.origin}, and what follows, is not what is signed now")
        done = 0
        while done < len(hashes) and not (over is not None and over.is_set()):
            tile = (position.size + done) // WIDTH
            width = min((tile + 1) * WIDTH - position.size, len(hashes)) - done
            self._deliver(read, checkpoint, tile, hashes[done : done + width])
            done += width
        return done

    def _deliver(self, read: Read, checkpoint: Checkpoint, tile: int, hashes: Sequence[bytes]) -> None:
        """The entries of one tile, or what is left of it; then the position moves on."""
        position = self.position
        frontier = Frontier.at(position.size, position.edge)
        entries = _entries(read, tile, checkpoint.size)[position.size % WIDTH :]
        events = []
        for entry, kept in zip(entries, hashes, strict=True):
            if leaf_hash(entry) != kept:
                raise Failed("hash", f"entry {frontier.size} of {checkpoint.origin} is not the one that was logged")
            events.append(event_of(entry, Leaf(checkpoint.origin, frontier.size, kept, checkpoint.size), position.key))
            frontier.append(kept)
        self._target.deliver(events)
        self.position = Position(position.key, checkpoint.origin, frontier.size, frontier.edge)
        self._keep(self.position)


def _leaf_hashes(read: Read, since: int, size: int) -> Iterator[bytes]:
    for tile in range(since // WIDTH, -(-size // WIDTH)):
        width = min(WIDTH, size - tile * WIDTH)
        raw = read(TileId(0, tile, width).path)
        if len(raw) != HASH_BYTES * width:
            raise Failed("root", f"there are {len(raw) // HASH_BYTES} leaf hashes where {width} must be")
        for place in range(max(0, since - tile * WIDTH), width):
            yield raw[HASH_BYTES * place : HASH_BYTES * (place + 1)]


def _entries(read: Read, tile: int, size: int) -> list[bytes]:
    width = min(WIDTH, size - tile * WIDTH)
    try:
        found = unbundle(read(TileId(ENTRIES, tile, width).path))
    except InvalidProof as fault:
        raise Failed("hash", f"entries from {tile * WIDTH} on cannot be read") from fault
    if len(found) != width:
        raise Failed("hash", f"there are {len(found)} entries where {width} must be")
    return found
