"""A log of one half-year as files, and everything that can be done to it by who keeps it, with its key or without."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from auditor import verify
from tests.log.kit import KEY, NAME
from vault.audit.checkpoint import Checkpoint
from vault.audit.merkle import leaf_hash, root_of
from vault.audit.note import sign_note
from vault.audit.tiles import bundle, grow

ORIGIN = f"{NAME}/2026h2"
SIGNER = KEY.signer(ORIGIN)


class Files:
    """A log's entries, to be changed and published again by somebody who has the log's key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.size = int((folder / "checkpoint").read_text().split("\n")[1])
        read = verify.reader(str(folder))
        self.entries = [entry for entry, _ in verify.entries_of(read, self.size)]

    def write(self, entries: list[bytes], *, resign: bool = True) -> None:
        """All files anew, for these entries."""
        shutil.rmtree(self.folder / "tile")
        hashes = [leaf_hash(entry) for entry in entries]
        for (level, index), raw in grow(0, hashes, lambda *_: b"").items():
            self._put(verify.tile_path(str(level), index, len(raw) // 32), raw)
        for at in range(0, len(entries), 256):
            part = entries[at : at + 256]
            self._put(verify.tile_path("entries", at // 256, len(part)), bundle(part))
        if resign:
            text = Checkpoint(ORIGIN, len(entries), root_of(hashes)).text()
            (self.folder / "checkpoint").write_text(sign_note(text, SIGNER))
            shutil.rmtree(self.folder / "checkpoints", ignore_errors=True)

    def _put(self, path: str, raw: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(raw)


def flip(files: Files) -> None:
    path = next(iter(sorted(files.folder.glob("tile/entries/*"))))
    raw = bytearray(path.read_bytes())
    raw[200] ^= 1
    path.write_bytes(raw)


def flip_with_its_leaf(files: Files) -> None:
    """Entry and leaf hash agree, the tree does not."""
    changed = [*files.entries]
    changed[-1] = changed[-1].replace(b'"decision":"allow"', b'"decision":"deny"')
    assert changed != files.entries
    files.write(changed, resign=False)


def reordered(files: Files) -> None:
    changed = [*files.entries]
    changed[300], changed[301] = changed[301], changed[300]
    files.write(changed)


def dropped(files: Files) -> None:
    files.write(files.entries[:300] + files.entries[301:])


def backdated(files: Files) -> None:
    """A copy of an entry with another verdict, put between two others and signed by the log's own key."""
    extra = files.entries[300].replace(b'"decision":"allow"', b'"decision":"deny"')
    files.write([*files.entries[:301], extra, *files.entries[301:]])


def checkpoint_of_another_key(files: Files) -> None:
    text = (files.folder / "checkpoint").read_text().split("\n\n")[0] + "\n"
    (files.folder / "checkpoint").write_text(sign_note(text, KEY.signer("other.example")))


def larger_checkpoint(files: Files) -> None:
    note = (files.folder / "checkpoint").read_text()
    (files.folder / "checkpoint").write_text(note.replace(f"\n{files.size}\n", f"\n{files.size + 1}\n"))


def truncated(files: Files) -> None:
    path = min(files.folder.glob("tile/entries/*.p/*"))
    path.write_bytes(path.read_bytes()[:-5])


def tile_cut(files: Files) -> None:
    path = min(files.folder.glob("tile/0/*.p/*"))
    path.write_bytes(path.read_bytes()[:-32])


def upper_tile(files: Files) -> None:
    path = next(files.folder.glob("tile/1/000.p/*"))
    path.write_bytes(bytes(len(path.read_bytes())))


def history_rewritten(files: Files) -> None:
    """The chain of the lane is made right again; only what was signed before contradicts it."""
    kept = shutil.copytree(files.folder / "checkpoints", files.folder / "kept")
    changed, at = [*files.entries], 300
    lane = json.loads(changed[at])["lane"].encode()
    changed[at] = changed[at].replace(b'"decision":"allow"', b'"decision":"deny"')
    last = leaf_hash(changed[at])
    for place in range(at + 1, len(changed)):
        told = json.loads(changed[place])
        if told["lane"].encode() == lane:
            changed[place] = changed[place].replace(told["previous"].encode(), last.hex().encode())
            last = leaf_hash(changed[place])
    files.write(changed)
    shutil.copytree(kept, files.folder / "checkpoints")


def file_gone(files: Files) -> None:
    next(files.folder.glob("tile/0/000")).unlink()


def rolled_back(files: Files) -> None:
    files.write(files.entries[:-20])


TAMPERED: dict[str, tuple[Callable[[Files], None], str]] = {
    "a flipped bit": (flip, "hash"),
    "a changed entry with its leaf": (flip_with_its_leaf, "root"),
    "two entries exchanged": (reordered, "gap"),
    "an entry dropped": (dropped, "gap"),
    "an entry put in later": (backdated, "gap"),
    "a checkpoint signed by another key": (checkpoint_of_another_key, "signature"),
    "a checkpoint with another size": (larger_checkpoint, "signature"),
    "entries cut short": (truncated, "hash"),
    "leaf hashes cut short": (tile_cut, "root"),
    "an upper tile zeroed": (upper_tile, "root"),
    "history rewritten by the key's owner": (history_rewritten, "fork"),
    "the end cut off by the key's owner": (rolled_back, "fork"),
    "a file gone": (file_gone, "read"),
}
