"""Lanes as the sequencer follows them: each entry hashed, and seen to go on where its lane left off.

The writer of a lane puts the hash of each entry into the next one, reckoned from its own bytes. So every leaf's hash is
reckoned twice before it is signed: by the writer and by the sequencer, from what is stored. What no later entry names
yet is `unsure`, and must be read and hashed once more: a bit that turned over in memory would make a tree that nobody
can ever verify.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, NamedTuple

from vault.audit.events import Event
from vault.audit.log_events import Trouble, gap_found
from vault.audit.merkle import leaf_hash
from vault.audit.tiles import LARGEST_ENTRY

#: How many entries are hashed between two moments of giving way: a third of a millisecond.
_STRETCH: Final = 64


class Waiting(NamedTuple):
    """A committed entry that no tree holds yet."""

    entry: bytes
    body: bytes
    epoch: int
    detail: bytes | None

    @property
    def at(self) -> datetime | None:
        """When it was written, as it says itself; None where it says nothing that is a moment."""
        try:
            found = datetime.fromisoformat(self.body.partition(b'"at":"')[2].partition(b'"')[0].decode())
        except ValueError:
            return None
        return found if found.tzinfo is not None else None


class EntryDetail(NamedTuple):
    """The sealed detail of an entry, on its way beside the keystore."""

    entry: bytes
    epoch: int
    detail: bytes


class LaneState(NamedTuple):
    """Where a lane stands: its newest entry's number and leaf hash. closed: it said that nothing more comes."""

    number: int
    hash: bytes
    closed: bool = False


def ends_lane(body: bytes) -> bool:
    """Whether an entry is the last of its lane, as this program writes it."""
    return body.startswith(b'{"action":"lane_closed",')


class Followed:
    """What the waiting entries of all lanes come to.

    leaves: entry and leaf hash of each that goes into the tree. unsure: those whose hash the next of the lane does not
    name.
    """

    __slots__ = ("_troubles", "leaves", "unsure")

    def __init__(self) -> None:
        self.leaves: list[tuple[bytes, bytes]] = []
        self.unsure: list[tuple[bytes, bytes]] = []
        self._troubles: dict[tuple[bytes, int, Trouble], Event] = {}

    @property
    def found(self) -> list[Event]:
        """What is to be said about lanes."""
        return list(self._troubles.values())

    def follow(
        self, lane: bytes, at: LaneState, entries: Iterable[Waiting], is_leaf: Callable[[bytes], bool],
        give_way: Callable[[], None],
    ) -> LaneState:  # fmt: skip
        """Take one lane's waiting entries; return where it stands then.

        What does not go on where the lane left off is a leaf all the same. A lane goes on only from what names its
        place: bytes of somebody else must not move it. at: where it stood. is_leaf: whether an entry is in the tree.
        """
        last: tuple[bytes, bytes] | None = None
        for count, (entry, body, *_) in enumerate(entries):
            if not count % _STRETCH:
                give_way()
            number = int.from_bytes(entry[8:], "big")
            if number <= at.number and is_leaf(entry):
                continue  # another outbox row covered it before
            if len(body) > LARGEST_ENTRY:
                self._tell(lane, number, Trouble.TOO_LONG)  # no file could hold it: it is in no tree
                continue
            follows = number == at.number + 1 and b'"previous":"%b"' % at.hash.hex().encode() in body
            follows = follows and not at.closed
            if last is not None and not (follows and last[1] == at.hash):
                self.unsure.append(last)
            last = (entry, leaf_hash(body))
            self.leaves.append(last)
            if number > at.number + 1:
                self._tell(lane, at.number + 1, Trouble.MISSING)
            elif not follows:
                self._tell(lane, number, Trouble.OUT_OF_PLACE)  # filing looks for it: see `vault.storage.filing`
            if b'"entry":"%b"' % entry.hex().encode() not in body:
                self._tell(lane, number, Trouble.OUT_OF_PLACE)
            elif number > at.number:
                at = LaneState(number, last[1], at.closed or ends_lane(body))
        if last is not None:
            self.unsure.append(last)
        return at

    def _tell(self, lane: bytes, number: int, trouble: Trouble) -> None:
        """Of what is out of place, once a lane and turn: it may be a flood."""
        place = number if trouble is Trouble.MISSING else -1
        self._troubles.setdefault((lane, place, trouble), gap_found(lane, number, trouble))
