"""The Merkle tree of the log: hashes, roots, and the two proofs. RFC 6962 section 2.1 and RFC 9162 section 2.1.

    leaf      SHA-256(00 ‖ entry)            the prefixes keep an entry from being taken for a node
    node      SHA-256(01 ‖ left ‖ right)
    empty     SHA-256 of nothing

A tree of n leaves splits at the largest power of two smaller than n. Its *perfect* nodes are named by level and
index: (level, index) spans the leaves [index·2^level, (index + 1)·2^level). Whoever makes a proof hands over where
such nodes are read (`Nodes`): a list of leaf hashes, or a function that looks into tiles.

Verification returns the root it proved, or raises `InvalidProof`: there is no answer to forget to look at.

    path = inclusion_path(5, 8, hashes)
    verify_inclusion(5, 8, hashes[5], path, root_of(hashes))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from vault.errors import InvalidProof

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
#: Sizes and indices are unsigned 64-bit numbers in every format that carries them.
LARGEST_SIZE: Final = (1 << 64) - 1

NodeReader = Callable[[int, int], bytes]
Nodes = Sequence[bytes] | NodeReader


def leaf_hash(data: bytes) -> bytes:
    """Return the 32-byte hash of one entry."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: enough to append leaves and to give the root, in 32 bytes per level."""

    __slots__ = ("_edge", "size")

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []  # perfect subtrees, largest first: one per bit of `size`

    @classmethod
    def at(cls, size: int, edge: Sequence[bytes]) -> Frontier:
        """The right edge that a tree of `size` leaves had, as `edge` gave it. Raises InvalidProof."""
        if type(size) is not int or _check_size(size).bit_count() != len(edge):
            raise InvalidProof("a tree's edge has a hash for each bit of its size")
        found = cls()
        found.size, found._edge = size, [_check_hash(each) for each in edge]
        return found

    @property
    def edge(self) -> tuple[bytes, ...]:
        return tuple(self._edge)

    def append(self, leaf: bytes) -> None:
        """leaf: a leaf hash, 32 bytes."""
        self._edge.append(leaf)
        self.size = size = self.size + 1
        while not size & 1:
            right = self._edge.pop()
            self._edge[-1] = node_hash(self._edge[-1], right)
            size >>= 1

    def root(self) -> bytes:
        """Return the root of the leaves so far; of none, the empty root."""
        return _fold(self._edge)


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the tree's root. leaf_hashes: 32 bytes each, in order. Source: RFC 6962, 2.1.

    Raises InvalidProof for a hash of another length.
    """
    frontier = Frontier()
    for leaf in leaf_hashes:
        _check_hash(leaf)
        frontier.append(leaf)
    return frontier.root()


def root_from(size: int, nodes: Nodes) -> bytes:
    """Return the root of the first `size` leaves, from perfect nodes."""
    return _subtree(0, _check_size(size), _reader(nodes)) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return what proves that leaf `index` stands in the tree of `size` leaves, leaf's sibling first.

    nodes: at least `size` leaf hashes, or a reader of perfect nodes. 0 <= index < size; raises InvalidProof
    otherwise. Source: RFC 6962, 2.1.1.
    """
    if not 0 <= index < _check_size(size):
        raise InvalidProof("the index lies outside the tree")
    read = _reader(nodes)
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_subtree(middle, high, read))
            high = middle
        else:
            path.append(_subtree(low, middle, read))
            low = middle
    return path[::-1]


def consistency_path(size1: int, size2: int, nodes: Nodes) -> list[bytes]:
    """Return what proves that the tree of `size1` leaves is the beginning of the one of `size2`.

    0 < size1 <= size2; equal sizes need no proof: []. Raises InvalidProof otherwise. Source: RFC 6962, 2.1.2.
    """
    if not 0 < size1 <= _check_size(size2):
        raise InvalidProof("a consistency proof leads from a tree with leaves to one that is not smaller")
    read = _reader(nodes)
    path: list[bytes] = []
    low, high, whole = 0, size2, True
    while size1 != high:
        middle = low + _split(high - low)
        if size1 <= middle:
            path.append(_subtree(middle, high, read))
            high = middle
        else:
            path.append(_subtree(low, middle, read))
            low, whole = middle, False
    if not whole:
        path.append(_subtree(low, high, read))
    return path[::-1]


def verify_inclusion(index: int, size: int, leaf_hash: bytes, path: Sequence[bytes], root: bytes) -> bytes:
    """Return `root` if `path` proves that the leaf stands at `index` in the tree of `size` leaves with that root.

    Hashes: 32 bytes each. Raises InvalidProof. Source: RFC 9162, 2.1.3.2, whose steps are numbered here.
    """
    for each in (leaf_hash, root, *path):
        _check_hash(each)
    if not 0 <= index < _check_size(size):  # 1
        raise InvalidProof("the index lies outside the tree")
    at, last, found = index, size - 1, leaf_hash  # 2, 3
    for each in path:  # 4
        if last == 0:
            raise InvalidProof("the path is longer than the tree is high")
        if at & 1 or at == last:
            found = node_hash(each, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, each)
        at, last = at >> 1, last >> 1
    if last != 0:  # 5
        raise InvalidProof("the path is shorter than the tree is high")
    return _same(found, root)


def verify_consistency(size1: int, size2: int, path: Sequence[bytes], root1: bytes, root2: bytes) -> bytes:
    """Return `root2` if `path` proves that the tree with `root1` is the beginning of the one with `root2`.

    0 < size1 <= size2: from the empty tree nothing is proved. Hashes: 32 bytes each. Raises InvalidProof.
    Source: RFC 9162, 2.1.4.2, whose steps are numbered here.
    """
    if not 0 < size1 <= _check_size(size2):
        raise InvalidProof("a consistency proof leads from a tree with leaves to one that is not smaller")
    if size1 == size2:  # nothing is hashed: the roots are compared as they are
        if path:
            raise InvalidProof("two trees of one size need no path")
        return _same(root1, root2)
    for each in (root1, root2, *path):
        _check_hash(each)
    if not path:  # 1
        raise InvalidProof("the path is missing")
    steps = [root1, *path] if size1 & (size1 - 1) == 0 else list(path)  # 2
    at, last = size1 - 1, size2 - 1  # 3
    while at & 1:  # 4
        at, last = at >> 1, last >> 1
    first = second = steps[0]  # 5
    for each in steps[1:]:  # 6
        if last == 0:
            raise InvalidProof("the path is longer than the tree is high")
        if at & 1 or at == last:
            first, second = node_hash(each, first), node_hash(each, second)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, each)
        at, last = at >> 1, last >> 1
    if last != 0:  # 7
        raise InvalidProof("the path is shorter than the tree is high")
    _same(first, root1)
    return _same(second, root2)


def _split(count: int) -> int:
    """The largest power of two smaller than `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _subtree(low: int, high: int, read: NodeReader) -> bytes:
    """The hash over leaves [low, high): one of the ranges that the splits of a tree lead to."""
    edge: list[bytes] = []
    while low < high:
        level = (high - low).bit_length() - 1
        if low:
            level = min(level, (low & -low).bit_length() - 1)
        edge.append(read(level, low >> level))
        low += 1 << level
    return _fold(edge)


def _fold(edge: list[bytes]) -> bytes:
    if not edge:
        return EMPTY_ROOT
    found = edge[-1]
    for left in reversed(edge[:-1]):
        found = node_hash(left, found)
    return found


def _reader(nodes: Nodes) -> NodeReader:
    if callable(nodes):
        return nodes
    leaves = nodes

    def read(level: int, index: int) -> bytes:
        low = index << level
        if low + (1 << level) > len(leaves):
            raise InvalidProof("there are fewer leaf hashes than the tree has leaves")
        row = [_check_hash(leaf) for leaf in leaves[low : low + (1 << level)]]
        while len(row) > 1:
            row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
        return row[0]

    return read


def _check_hash(value: bytes) -> bytes:
    if type(value) is not bytes or len(value) != HASH_BYTES:
        raise InvalidProof(f"a hash is {HASH_BYTES} bytes")
    return value


def _check_size(size: int) -> int:
    if not 0 <= size <= LARGEST_SIZE:
        raise InvalidProof("a tree's size is an unsigned 64-bit number")
    return size


def _same(found: bytes, root: bytes) -> bytes:
    if not compare_digest(found, root):
        raise InvalidProof("the path leads to another root")
    return root
