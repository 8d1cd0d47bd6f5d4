"""Tiles: where they are, which a tree has, and that they give back every node."""

from __future__ import annotations

import pytest

from vault.audit.merkle import inclusion_path, leaf_hash, root_from, root_of, verify_inclusion
from vault.audit.tiles import ENTRIES, TileId, bundle, grow, node_reader, tiles_of, unbundle
from vault.errors import InvalidProof


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (TileId(0, 0), "tile/0/000"),
        (TileId(0, 1234067), "tile/0/x001/x234/067"),
        (TileId(1, 999), "tile/1/999"),
        (TileId(1, 1000, 17), "tile/1/x001/000.p/17"),
        (TileId(ENTRIES, 3, 255), "tile/entries/003.p/255"),
        (TileId(63, 0, 1), "tile/63/000.p/1"),
    ],
)
def test_a_tile_has_one_path(tile: TileId, path: str) -> None:
    assert tile.path == path
    assert TileId.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    ["", "tile/0/0", "tile/00/000", "tile/64/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
     "tile/0/x000/000", "tile/0/x001", "tile/0/001/x234", "tile/0/../000", "/tile/0/000", "tile/0/000/", "tile/x/000",
     "tile/data/000", "tile/0/000\n", f"tile/0/{'x999/' * 2_000}999"],
)  # fmt: skip
def test_no_tile_has_another_path(path: str) -> None:
    with pytest.raises(InvalidProof):
        TileId.parse(path)


def test_the_specification_s_example_tree_has_its_tiles() -> None:
    found = [tile for tile in tiles_of(70_000) if tile.level >= 0]
    full = [tile for tile in found if tile.width == 256]
    assert [sum(tile.level == level for tile in full) for level in range(3)] == [273, 1, 0]
    assert [tile for tile in found if tile.width < 256] == [TileId(0, 273, 112), TileId(1, 1, 17), TileId(2, 0, 1)]
    assert [tile for tile in tiles_of(256) if tile.level >= 0] == [TileId(0, 0), TileId(1, 0, 1)]
    assert list(tiles_of(0)) == []


def test_only_what_grew_is_new() -> None:
    assert list(tiles_of(70_000, since=70_000)) == []
    new = list(tiles_of(70_001, since=70_000))
    assert new == [TileId(ENTRIES, 273, 113), TileId(0, 273, 113)]
    grown = set(tiles_of(1_000)) - set(tiles_of(300))
    assert grown == set(tiles_of(1_000, since=300))


def kept(sizes: list[int]) -> tuple[dict[tuple[int, int], bytes], list[bytes]]:
    """Tiles of a tree that grew in these steps, and its leaves."""
    tiles: dict[tuple[int, int], bytes] = {}
    leaves: list[bytes] = []

    def at(level: int, index: int) -> bytes:
        return tiles[level, index]

    for size in sizes:
        new = [leaf_hash(number.to_bytes(4, "big")) for number in range(len(leaves), size)]
        tiles |= grow(len(leaves), new, at)
        leaves += new
    return tiles, leaves


@pytest.mark.parametrize("sizes", [[1], [256], [257], [1, 2, 3, 255, 256, 257, 600], [5, 70_000], [65_536, 65_537]])
def test_a_tree_s_tiles_are_the_same_however_it_grew(sizes: list[int]) -> None:
    tiles, leaves = kept(sizes)
    assert tiles == kept([sizes[-1]])[0]
    size = len(leaves)
    wanted = {(tile.level, tile.index): tile.width for tile in tiles_of(size) if tile.level >= 0}
    assert {place: len(raw) // 32 for place, raw in tiles.items()} == wanted
    read = node_reader(size, lambda tile: tiles[tile.level, tile.index][: tile.width * 32])
    root = root_of(leaves)
    assert root_from(size, read) == root
    for index in {0, size // 2, size - 1}:
        assert inclusion_path(index, size, read) == inclusion_path(index, size, leaves)
        verify_inclusion(index, size, leaves[index], inclusion_path(index, size, read), root)


def test_an_older_tree_is_read_from_the_tiles_of_a_newer_one() -> None:
    tiles, leaves = kept([700])
    for size in (1, 255, 256, 300, 511, 512, 699):
        read = node_reader(size, lambda tile: tiles[tile.level, tile.index][: tile.width * 32])
        assert root_from(size, read) == root_of(leaves[:size])


def test_a_tile_of_another_width_is_refused() -> None:
    tiles, _ = kept([300])
    with pytest.raises(InvalidProof):
        root_from(300, node_reader(300, lambda tile: tiles[tile.level, tile.index] + bytes(32)))
    with pytest.raises(InvalidProof):
        grow(300, [bytes(32)], lambda *_: bytes(32))
    with pytest.raises(InvalidProof):
        node_reader(300, lambda tile: tiles[tile.level, tile.index])(0, 300)


def test_entries_are_bundled_and_taken_apart() -> None:
    entries = [b"", b"one", b"x" * 65_535]
    assert unbundle(bundle(entries)) == entries
    assert unbundle(b"") == []
    with pytest.raises(InvalidProof):
        bundle([b"x" * 65_536])
    for cut in (1, 3, 6):
        with pytest.raises(InvalidProof):
            unbundle(bundle(entries)[:-cut])
    with pytest.raises(InvalidProof):
        unbundle(b"\0")
