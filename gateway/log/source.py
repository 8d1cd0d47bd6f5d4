"""A live database as the files that the verifier reads, and the same files in a folder.

The verifier (`auditor.verify`) is handed bytes and believes none of them, so this module may be wrong and cannot
make an altered log look sound.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from auditor.verify import Checkpoint, Failed, Policy, Read
from gateway.log.key import replace_file
from vault.audit.merkle import HASH_BYTES
from vault.audit.tiles import ENTRIES, TileId, tiles_of
from vault.audit.turns import Head
from vault.errors import InvalidProof
from vault.storage.log_reader import KeptCheckpoint, SqlLogReader

LIST: Final = "checkpoints/list"


def folder_of(head: Head) -> str:
    """The name of a tree's folder among those of its log: `2026h2`."""
    return head.origin.rpartition("/")[2]


def shown(reader: SqlLogReader, head: Head, policy: Policy) -> tuple[str, list[KeptCheckpoint]]:
    """The checkpoint to show: the newest that enough witnesses signed, else the newest; and the kept ones before it.

    None that is newer than `head`: it may have been kept since, and would look like a head that was taken back.
    """
    kept = [each for each in reader.kept(head.shard) if each.size <= head.size]
    for checkpoint in kept:
        if policy.quorum != "none" and not head.closed and _met(checkpoint.note, policy):
            return checkpoint.note, [each for each in kept if each.size <= checkpoint.size]
    same = [each.note for each in kept if each.size == head.size]
    return (same[0] if same else head.note), kept


def _met(note: str, policy: Policy) -> bool:
    try:
        return policy.met(Checkpoint.open(note, policy).seen)
    except Failed:
        return False


def live_source(reader: SqlLogReader, head: Head, policy: Policy) -> Read:
    """Reads one tree of a live database by the paths of its files. Raises Failed for what is not there."""
    checkpoint, kept = shown(reader, head, policy)
    notes = {f"checkpoints/{each.size}": each.note.encode() for each in kept}
    notes |= {"checkpoint": checkpoint.encode(), LIST: _list(kept)}

    def read(path: str) -> bytes:
        if path in notes:
            return notes[path]
        try:
            return reader.tile(head.shard, TileId.parse(path))
        except InvalidProof as fault:
            raise Failed("root", f"{path}: {fault}") from None

    return read


def live_trees(reader: SqlLogReader, policy: Policy) -> list[Read]:
    """Every tree of a live database, oldest first. What a tree shows is asked for by its first read, and stays so."""
    return [_later(reader, head, policy) for head in reader.heads() if head.note]


def _later(reader: SqlLogReader, head: Head, policy: Policy) -> Read:
    opened: list[Read] = []

    def read(path: str) -> bytes:
        if not opened:
            opened.append(live_source(reader, head, policy))
        return opened[0](path)

    return read


def publish(reader: SqlLogReader, folder: Path, policy: Policy, *, afresh: bool = True) -> int:
    """Bring a folder of files up to date; full tiles are written once. Returns how many files were new.

    afresh: look at every file that should be there; a power failure leaves some without what stood in them. Otherwise
    only what grew since the last call.

    The checkpoint is written after every file that it needs, and the list of the kept ones after it: whoever reads in
    between, or after a crash, is never told of a larger head than the one that is shown.
    """
    written, heads = 0, reader.heads()
    for head in heads:
        place = folder / folder_of(head)
        note, kept = shown(reader, head, policy)
        if not note:
            continue
        before = _size_of(place / "checkpoint")
        size = int(note.split("\n", 2)[1])
        for tile in tiles_of(size, since=0 if afresh else before):
            path = place / tile.path
            if afresh and _whole(path, tile):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, reader.tile(head.shard, tile))
            written += 1
        (place / "checkpoints").mkdir(parents=True, exist_ok=True)
        for each in kept:
            target = place / "checkpoints" / str(each.size)
            if each.size == size or not target.exists() or not target.stat().st_size:
                replace_file(target, each.note.encode())
        if _content(place / "checkpoint") != note.encode():
            replace_file(place / "checkpoint", note.encode())
            written += 1
        replace_file(place / "checkpoints" / "list", _list(kept))
    if heads:
        replace_file(folder / "logs", "".join(f"{folder_of(head)}\n" for head in heads).encode())
    return written


def sweep(folder: Path, before: float) -> int:
    """Take away the narrow tiles of a published folder that a full one has long replaced. Returns how many files.

    before: seconds since 1970; what was written later stays, for whoever is still reading by an older checkpoint. C2SP
    tlog-tiles: a narrow tile is the beginning of the full one, and a log need not keep it beside.
    """
    gone = 0
    for narrow in sorted(folder.glob("*/tile/**/*.p")):
        full = narrow.with_name(narrow.name.removesuffix(".p"))
        widths = sorted(narrow.iterdir()) if narrow.is_dir() and full.is_file() and full.stat().st_size else []
        if widths and max(each.stat().st_mtime for each in widths) < before:
            for each in widths:
                each.unlink()
            narrow.rmdir()
            gone += len(widths)
    return gone


def _whole(path: Path, tile: TileId) -> bool:
    """Whether a file is there and, as far as its length tells, not empty. What it holds is for the verifier."""
    try:
        length = path.stat().st_size
    except FileNotFoundError:
        return False
    return length >= 2 * tile.width if tile.level == ENTRIES else length == HASH_BYTES * tile.width


def _list(kept: list[KeptCheckpoint]) -> bytes:
    return "".join(f"{each.size}\n" for each in reversed(kept)).encode()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _size_of(path: Path) -> int:
    lines = _content(path).split(b"\n", 2)
    return int(lines[1]) if len(lines) == 3 and lines[1].isdigit() else 0
