"""The tree and its entries as small files that never change. C2SP tlog-tiles.

    tile/0/x001/234         256 leaf hashes
    tile/1/001.p/17         the first 17 nodes over full tiles below
    tile/entries/x001/234   the entries themselves, each after its length in two bytes

A tile of level L holds nodes of height 8·L. Only full tiles are hashed into the level above, so a full tile never
changes, and a partial one is a beginning of the full one: it is kept once, growing, and cut to the width asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vault.audit.merkle import HASH_BYTES, NodeReader, node_hash
from vault.errors import InvalidProof

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
LARGEST_ENTRY: Final = 0xFFFF  # bytes: its length stands in two
ENTRIES: Final = -1  # the level under which entry bundles go
_PATH: Final = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class TileId:
    """level: 0 to 63, or ENTRIES. width: 1 to 256; less than 256 is a partial tile."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is served, below the log's prefix."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{name}" + (f".p/{self.width}" if self.width < WIDTH else "")

    @classmethod
    def parse(cls, path: str) -> TileId:
        """Raises InvalidProof for a path that names no tile, or one that is written another way."""
        found = _PATH.fullmatch(path)
        if found is None:
            raise InvalidProof("no tile has that path")
        level, name, width = found.groups()
        tile = cls(
            ENTRIES if level == "entries" else int(level),
            int(name.replace("x", "").replace("/", "")),
            int(width) if width else WIDTH,
        )
        if tile.path != path:
            raise InvalidProof("no tile has that path")
        return tile


def tiles_of(size: int, *, since: int = 0) -> Iterator[TileId]:
    """The tiles of a tree of `size` leaves, entry bundles first, without those of a tree of `since` leaves."""
    for level in (ENTRIES, *range(HEIGHT)):
        shift = HEIGHT * max(level, 0)
        count, before = size >> shift, since >> shift
        if not count and level > 0:
            return
        for index in range(before // WIDTH, -(-count // WIDTH)):
            width = min(WIDTH, count - index * WIDTH)
            if not (index == before // WIDTH and width == before % WIDTH):
                yield TileId(level, index, width)


def grow(size: int, leaves: Iterable[bytes], read: Callable[[int, int], bytes]) -> dict[tuple[int, int], bytes]:
    """Return every tile that `leaves` change, whole, by (level, index), when appended to a tree of `size` leaves.

    read: the present hashes of a partial tile, as they are kept.
    """
    changed: dict[tuple[int, int], bytearray] = {}
    counts: dict[int, int] = {}

    def add(level: int, value: bytes) -> None:
        at = counts.get(level)
        if at is None:
            at = size >> (HEIGHT * level)
        place = (level, at // WIDTH)
        tile = changed.get(place)
        if tile is None:
            width = at % WIDTH
            tile = changed[place] = bytearray(read(*place) if width else b"")
            if len(tile) != width * HASH_BYTES:
                raise InvalidProof("a tile at the tree's edge is not as wide as the tree says")
        tile += value
        counts[level] = at + 1
        if len(tile) == WIDTH * HASH_BYTES:
            add(level + 1, _row_root(tile))

    for leaf in leaves:
        add(0, leaf)
    return {place: bytes(tile) for place, tile in changed.items()}


def node_reader(size: int, read: Callable[[TileId], bytes]) -> NodeReader:
    """Perfect nodes of a tree of `size` leaves, from its tiles. read: the bytes of one tile.

    Tiles are kept while the reader lives: make one per proof. Raises InvalidProof for a tile of another length.
    """
    held: dict[tuple[int, int], bytes] = {}

    def node(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, HEIGHT)
        first = index << height
        place = (tile_level, first // WIDTH)
        tile = held.get(place)
        if tile is None:
            width = min(WIDTH, (size >> (HEIGHT * tile_level)) - place[1] * WIDTH)
            if width < 1:
                raise InvalidProof("the node lies outside the tree")
            tile = held[place] = read(TileId(*place, width))
            if len(tile) != width * HASH_BYTES:
                raise InvalidProof("a tile has another length than its width says")
        start = (first % WIDTH) * HASH_BYTES
        row = tile[start : start + (HASH_BYTES << height)]
        if len(row) != HASH_BYTES << height:
            raise InvalidProof("the node lies outside the tree")
        return _row_root(row)

    return node


def _row_root(row: bytes | bytearray) -> bytes:
    """The node over a power of two of hashes that lie side by side."""
    hashes = [bytes(row[at : at + HASH_BYTES]) for at in range(0, len(row), HASH_BYTES)]
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as one file. Raises InvalidProof for one that is too long."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > LARGEST_ENTRY:
            raise InvalidProof("an entry is longer than a bundle can hold")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def unbundle(raw: bytes) -> list[bytes]:
    """The entries of one file. Raises InvalidProof if it ends in the middle of one."""
    found, at = [], 0
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if at + 2 > len(raw) or end > len(raw):
            raise InvalidProof("the bundle ends in the middle of an entry")
        found.append(raw[at + 2 : end])
        at = end
    return found
