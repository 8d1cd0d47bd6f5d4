"""The tree against the published roots of Certificate Transparency's test data, and in every corner case."""

from __future__ import annotations

from typing import Any

import pytest

from vault.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_from,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from vault.errors import InvalidProof

#: The eight entries and the roots after each, as certificate-transparency's own tests and those of its ports have them.
ENTRIES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [bytes.fromhex(text) for text in (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)]  # fmt: skip
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
HUGE = 1 << 64


def test_the_published_roots_come_out() -> None:
    assert [root_of(LEAVES[:size]) for size in range(9)] == ROOTS
    assert [root_from(size, LEAVES) for size in range(9)] == ROOTS
    assert ROOTS[0] == EMPTY_ROOT


def test_the_published_paths_come_out() -> None:
    """RFC 6962, 2.1.3 names the nodes of a tree of seven; a to g its leaves."""
    a, b, c, d, e, f, j = LEAVES[:7]
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, m = node_hash(g, h), node_hash(i, j)
    assert inclusion_path(0, 7, LEAVES) == [b, h, m]
    assert inclusion_path(3, 7, LEAVES) == [c, g, m]
    assert inclusion_path(4, 7, LEAVES) == [f, j, k]
    assert inclusion_path(6, 7, LEAVES) == [i, k]
    assert consistency_path(3, 7, LEAVES) == [c, d, g, m]
    assert consistency_path(4, 7, LEAVES) == [m]
    assert consistency_path(6, 7, LEAVES) == [i, j, k]
    assert node_hash(k, m) == ROOTS[7]


def test_every_leaf_of_every_small_tree_is_proved_and_in_no_other_place() -> None:
    for size in range(1, 9):
        for index in range(size):
            path = inclusion_path(index, size, LEAVES)
            assert verify_inclusion(index, size, LEAVES[index], path, ROOTS[size]) == ROOTS[size]
            for wrong in set(range(9)) - {index}:
                with pytest.raises(InvalidProof):
                    verify_inclusion(wrong, size, LEAVES[index], path, ROOTS[size])


def test_every_small_tree_is_the_beginning_of_every_larger_one() -> None:
    for size2 in range(1, 9):
        for size1 in range(1, size2 + 1):
            path = consistency_path(size1, size2, LEAVES)
            assert verify_consistency(size1, size2, path, ROOTS[size1], ROOTS[size2]) == ROOTS[size2]
            assert (path == []) == (size1 == size2)


def test_a_frontier_gives_the_root_at_every_size() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT
    for size, leaf in enumerate(LEAVES, 1):
        frontier.append(leaf)
        assert (frontier.size, frontier.root()) == (size, ROOTS[size])


INCLUSION: dict[str, tuple[Any, ...]] = {
    "the empty tree holds nothing": (0, 0, LEAVES[0], [], EMPTY_ROOT),
    "an index at the end": (7, 7, LEAVES[6], inclusion_path(6, 7, LEAVES), ROOTS[7]),
    "a negative index": (-1, 7, LEAVES[6], inclusion_path(6, 7, LEAVES), ROOTS[7]),
    "a negative size": (0, -1, LEAVES[0], [], ROOTS[1]),
    "a size of 65 bits": (0, HUGE, LEAVES[0], [LEAVES[1]] * 64, ROOTS[1]),
    "a path for a single leaf": (0, 1, LEAVES[0], [LEAVES[1]], ROOTS[1]),
    "a path that is too long": (0, 2, LEAVES[0], [LEAVES[1], LEAVES[1]], ROOTS[2]),
    "a path that is too short": (0, 8, LEAVES[0], inclusion_path(0, 8, LEAVES)[:-1], ROOTS[8]),
    "no path": (0, 2, LEAVES[0], [], ROOTS[2]),
    "a short hash in the path": (0, 2, LEAVES[0], [LEAVES[1][:31]], ROOTS[2]),
    "a short leaf": (0, 1, ROOTS[1][:31], [], ROOTS[1]),
    "a long root": (0, 1, LEAVES[0], [], ROOTS[1] + b"\0"),
    "the root for a leaf": (0, 1, ROOTS[2], [], ROOTS[1]),
    "a path turned round": (0, 7, LEAVES[0], inclusion_path(0, 7, LEAVES)[::-1], ROOTS[7]),
    "an entry instead of its hash": (0, 1, ENTRIES[0], [], ROOTS[1]),
}


@pytest.mark.parametrize("case", INCLUSION)
def test_what_proves_no_inclusion_is_refused(case: str) -> None:
    with pytest.raises(InvalidProof):
        verify_inclusion(*INCLUSION[case])


CONSISTENCY: dict[str, tuple[Any, ...]] = {
    "from the empty tree": (0, 8, [], ROOTS[0], ROOTS[8]),
    "from the empty tree to itself": (0, 0, [], ROOTS[0], ROOTS[0]),
    "backwards": (8, 7, [], ROOTS[8], ROOTS[7]),
    "a negative size": (-1, 7, [], ROOTS[1], ROOTS[7]),
    "a size of 65 bits": (1, HUGE, [ROOTS[1]] * 64, ROOTS[1], ROOTS[2]),
    "equal sizes, other roots": (7, 7, [], ROOTS[7], ROOTS[8]),
    "equal sizes with a path": (7, 7, [LEAVES[0]], ROOTS[7], ROOTS[7]),
    "no path": (6, 7, [], ROOTS[6], ROOTS[7]),
    "no path from a whole tree": (4, 8, [], ROOTS[4], ROOTS[8]),
    "too long": (4, 8, [*consistency_path(4, 8, LEAVES), LEAVES[0]], ROOTS[4], ROOTS[8]),
    "too short": (3, 7, consistency_path(3, 7, LEAVES)[:-1], ROOTS[3], ROOTS[7]),
    "the first root repeated": (4, 8, [ROOTS[4], *consistency_path(4, 8, LEAVES)], ROOTS[4], ROOTS[8]),
    "roots exchanged": (3, 7, consistency_path(3, 7, LEAVES), ROOTS[7], ROOTS[3]),
    "another first root": (3, 7, consistency_path(3, 7, LEAVES), ROOTS[4], ROOTS[7]),
    "a short hash": (4, 8, [consistency_path(4, 8, LEAVES)[0][:31]], ROOTS[4], ROOTS[8]),
}  # fmt: skip


@pytest.mark.parametrize("case", CONSISTENCY)
def test_what_proves_no_consistency_is_refused(case: str) -> None:
    with pytest.raises(InvalidProof):
        verify_consistency(*CONSISTENCY[case])


@pytest.mark.parametrize("root", [ROOTS[7], b"whatever was signed", b""])
def test_two_trees_of_one_size_are_compared_by_their_roots_alone(root: bytes) -> None:
    """RFC 9162, 2.1.4.2: nothing is hashed, so nothing is asked of the roots but that they are the same."""
    assert verify_consistency(7, 7, [], root, root) == root


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3), (0, -1), (0, 9), (0, HUGE)])
def test_no_path_is_made_for_what_is_not_in_the_tree(index: int, size: int) -> None:
    with pytest.raises(InvalidProof):
        inclusion_path(index, size, LEAVES)


@pytest.mark.parametrize(("size1", "size2"), [(0, 3), (4, 3), (0, 0), (-1, 1), (3, 9), (1, HUGE)])
def test_no_path_is_made_between_trees_that_are_none(size1: int, size2: int) -> None:
    with pytest.raises(InvalidProof):
        consistency_path(size1, size2, LEAVES)


def test_a_root_is_made_of_hashes_only() -> None:
    with pytest.raises(InvalidProof):
        root_of([b"short"])
    with pytest.raises(InvalidProof):
        inclusion_path(0, 2, [LEAVES[0], b"short"])


def test_an_entry_is_never_taken_for_a_node() -> None:
    """Second preimage: an entry that spells two hashes is not their parent."""
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])
