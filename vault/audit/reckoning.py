"""What waiting entries come to: the leaves, tiles and head of a tree that has grown by them. Nothing is written here.

So it may be worked out before the transaction that writes it, or within.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from vault.audit.checkpoint import Checkpoint
from vault.audit.events import Event
from vault.audit.lanes import EntryDetail, Followed, LaneState, Waiting, ends_lane
from vault.audit.merkle import HASH_BYTES, root_from
from vault.audit.tiles import WIDTH, TileId, grow, node_reader
from vault.audit.turns import Head, LogTurn

_LANES_REMEMBERED: Final = 10_000


class Reckoned(NamedTuple):
    """head: what it begins from; new: what it ends in, not signed yet.

    rows: of the outbox. leaves: entries, as they follow each other in the tree. tiles: those that change, whole, by
    (level, index). unsure: entry and leaf hash of those that must be read once more (`lanes.py`). found: what is to be
    said about lanes. taken: how many entries waited. oldest: when the first of them was written.
    """

    head: Head
    new: Head
    rows: list[bytes]
    leaves: list[bytes]
    tiles: dict[tuple[int, int], bytes]
    unsure: list[tuple[bytes, bytes]]
    details: list[EntryDetail]
    found: list[Event]
    taken: int
    oldest: datetime | None


class Reckoner:
    """Remembers where lanes stand in the tree that its last result leads to; of another tree it asks the store."""

    def __init__(self) -> None:
        self._lanes: OrderedDict[bytes, LaneState] = OrderedDict()
        self._left: Checkpoint | None = None

    def reckon(
        self, tx: LogTurn, head: Head, waiting: Sequence[Waiting], rows: Sequence[bytes],
        give_way: Callable[[], None] = lambda: None,
    ) -> Reckoned:  # fmt: skip
        """What these entries and rows of the outbox come to, on top of `head`.

        give_way: called now and then: lets threads that share the interpreter go first.
        """
        followed = self._follow_lanes(tx, head, waiting, give_way)
        hashes = [leaf for _, leaf in followed.leaves]
        tiles = grow(head.size, hashes, lambda level, index: tx.tile(head.shard, level, index))
        size = head.size + len(hashes)

        def read(tile: TileId) -> bytes:
            held = tiles.get((tile.level, tile.index))
            whole = held if held is not None else tx.tile(head.shard, tile.level, tile.index)
            return whole[: tile.width * HASH_BYTES]

        new = replace(head, size=size, root=root_from(size, node_reader(size, read)))
        self._left = new.checkpoint
        return Reckoned(
            head, new, list(rows), [entry for entry, _ in followed.leaves], tiles, followed.unsure,
            [EntryDetail(entry, epoch, detail) for entry, _, epoch, detail in waiting if detail is not None],
            followed.found, len(waiting), oldest_of(waiting),
        )  # fmt: skip

    def _follow_lanes(
        self, tx: LogTurn, head: Head, waiting: Sequence[Waiting], give_way: Callable[[], None]
    ) -> Followed:
        if head.checkpoint != self._left:
            # Somebody else's turn, or one of this one's that failed: what it took, or did not take, would look missing.
            self._lanes.clear()
        self._left = None
        followed = Followed()
        for lane, entries in groupby(waiting, key=_lane_of):
            at = self._lanes.get(lane) or self._remember(tx, lane)
            self._lanes[lane] = followed.follow(lane, at, entries, tx.is_leaf, give_way)
            self._lanes.move_to_end(lane)
        while len(self._lanes) > _LANES_REMEMBERED:
            self._lanes.popitem(last=False)
        return followed

    @staticmethod
    def _remember(tx: LogTurn, lane: bytes) -> LaneState:
        """Where a lane stands in the tree; before its first entry, at number -1 and a hash of zeroes."""
        last = tx.last_of_lane(lane)
        if last is None:
            return LaneState(-1, bytes(HASH_BYTES))
        number, shard, leaf = last
        at = (leaf % WIDTH) * HASH_BYTES
        closed = any(map(ends_lane, tx.stored([lane + number.to_bytes(8, "big")])))
        return LaneState(number, tx.tile(shard, 0, leaf // WIDTH)[at : at + HASH_BYTES], closed)


def _lane_of(waiting: Waiting) -> bytes:
    return waiting.entry[:8]


def oldest_of(waiting: Sequence[Waiting]) -> datetime | None:
    """When the oldest was written: the first of one of the lanes."""
    firsts = {_lane_of(each): each for each in reversed(waiting)}
    return min((at for each in firsts.values() if (at := each.at) is not None), default=None)
