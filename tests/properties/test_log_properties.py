"""The tree's promises for any tree: what is in it is proved, and any other byte, place or order is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.audit.merkle import (
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from vault.audit.note import open_note, sign_note
from vault.audit.tiles import TileId, grow, node_reader
from vault.crypto.note_keys import NoteSigner
from vault.errors import InvalidProof, NoteRejected
from vault.sensitive import Sensitive

SIZES = st.integers(1, 600)
KEY = NoteSigner("log.example", Sensitive(bytes(32)))


def leaves(size: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(size)]


def defined(hashes: list[bytes]) -> bytes:
    """The root as RFC 6962 defines it, word by word."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(defined(hashes[:split]), defined(hashes[split:]))


@given(SIZES)
def test_the_root_is_the_one_of_the_definition(size: int) -> None:
    assert root_of(leaves(size)) == defined(leaves(size))


@given(SIZES, st.data())
def test_an_inclusion_is_proved_and_one_changed_bit_is_not(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    path, root = inclusion_path(index, size, hashes), root_of(hashes)
    assert verify_inclusion(index, size, hashes[index], path, root) == root
    parts = [hashes[index], root, *path]
    at, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[at] = (int.from_bytes(parts[at], "big") ^ (1 << bit)).to_bytes(32, "big")
    with pytest.raises(InvalidProof):
        verify_inclusion(index, size, parts[0], parts[2:], parts[1])


@given(SIZES, SIZES, st.data())
def test_growth_is_proved_and_a_rewritten_leaf_is_not(one: int, other: int, data: st.DataObject) -> None:
    size1, size2 = sorted((one, other))
    hashes = leaves(size2)
    path = consistency_path(size1, size2, hashes)
    root1, root2 = root_of(hashes[:size1]), root_of(hashes)
    assert verify_consistency(size1, size2, path, root1, root2) == root2
    hashes[data.draw(st.integers(0, size1 - 1))] = leaf_hash(b"rewritten")
    with pytest.raises(InvalidProof):
        verify_consistency(size1, size2, consistency_path(size1, size2, hashes), root1, root_of(hashes))


@given(SIZES, st.lists(st.sampled_from(leaves(3)), max_size=3), st.data())
def test_a_path_with_anything_added_or_taken_away_proves_nothing(
    size: int, more: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    path, root = inclusion_path(index, size, hashes), root_of(hashes)
    cut = data.draw(st.integers(0, len(path)))
    changed = path[:cut] + more
    if changed != path:
        with pytest.raises(InvalidProof):
            verify_inclusion(index, size, hashes[index], changed, root)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=6), st.data())
def test_tiles_give_the_same_paths_as_the_leaves(steps: list[int], data: st.DataObject) -> None:
    tiles: dict[tuple[int, int], bytes] = {}
    hashes: list[bytes] = []

    def at(level: int, index: int) -> bytes:
        return tiles[level, index]

    for step in steps:
        new = leaves(len(hashes) + step)[len(hashes) :]
        tiles |= grow(len(hashes), new, at)
        hashes += new
    size = data.draw(st.integers(1, len(hashes)))
    index = data.draw(st.integers(0, size - 1))

    def read(tile: TileId) -> bytes:
        return tiles[tile.level, tile.index][: tile.width * 32]

    assert inclusion_path(index, size, node_reader(size, read)) == inclusion_path(index, size, hashes)
    if size < len(hashes):
        assert consistency_path(size, len(hashes), node_reader(len(hashes), read)) == consistency_path(
            size, len(hashes), hashes
        )


LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(st.lists(LINES, max_size=5).map(lambda lines: "".join(f"{line}\n" for line in lines)))
def test_any_text_that_is_signed_opens_as_itself(text: str) -> None:
    if not text:
        return
    assert open_note(sign_note(text, KEY), [KEY.verifier]).text == text


@given(st.binary(max_size=400))
def test_no_bytes_do_more_than_be_refused(raw: bytes) -> None:
    with pytest.raises(NoteRejected):
        open_note(raw, [KEY.verifier])
