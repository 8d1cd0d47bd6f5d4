"""Proofs of single entries, and bundles of evidence that stand alone.

bundle/
  README.txt            what this is and how to check it, in words
  policy.txt            whose signatures count; compare it with the copy you were given
  verify.py             the verifier, all of it
  entries/ID.json       each entry, byte for byte
  proofs/ID.tlog-proof  where it stands in the log, with the signed checkpoint
  checkpoints/LOG-SIZE  those checkpoints, once each: the signatures of the log and of its witnesses
  details/ID.json       who it was, from where and why: only those that were opened for this bundle
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from auditor import verify
from auditor.verify import Policy
from gateway.log.source import shown
from vault.audit.merkle import inclusion_path
from vault.audit.proof import SUFFIX, LogProof
from vault.audit.tiles import TileId, node_reader
from vault.errors import ConfigurationError, NotFound
from vault.ids import EntryId
from vault.storage.log_reader import SqlLogReader

_README: Final = """Evidence from an access log
===========================

{count} entries, exported on {day}{about}.

Each file in entries/ is one entry of the log, byte for byte. The file of the same name in proofs/ shows that it
stands in the log whose checkpoint (size and root, signed by the log and by its witnesses) it ends with. Files in
details/ say who it was, from where and why, where that was opened for this bundle; each entry commits to its detail,
so neither can be exchanged for another.

checkpoints/ holds those checkpoints by themselves: compare them with what you or a witness was shown. policy.txt names
the public keys of the log and of its witnesses, and how many witnesses are enough.

To check all of it, with Python 3.11 and the package `cryptography`, no network needed:

    python verify.py . --policy policy.txt

Compare policy.txt with the copy that the log's keeper gave you before: a forger would bring a policy along as well.
What this cannot show: that no further entries exist about the same matter. `audit-verify` on the whole log does.
"""


class Proved(NamedTuple):
    """An entry's bytes with its proof."""

    entry: EntryId
    body: bytes
    proof: LogProof


def prove(reader: SqlLogReader, entry: EntryId, policy: Policy) -> Proved:
    """Return the proof of one entry against the checkpoint that is shown now. Raises NotFound while it waits."""
    place, body = reader.place(entry.raw), reader.body(entry.raw)
    if place is None or body is None:
        raise NotFound("no such entry, or no tree holds it yet")
    shard, leaf = place
    head = next(head for head in reader.heads() if head.shard == shard)
    note, _ = shown(reader, head, policy)
    size = verify.Checkpoint.size_in(note.encode())
    if leaf >= size:
        raise NotFound("the entry is younger than the checkpoint that is shown: try again in ten seconds")

    def read(tile: TileId) -> bytes:
        return reader.tile(shard, tile)

    path = inclusion_path(leaf, size, node_reader(size, read))
    return Proved(entry, body, LogProof(leaf, tuple(path), note))


def proofs_of(reader: SqlLogReader, entries: Iterable[EntryId], policy: Policy) -> Iterator[Proved]:
    """The proofs of those entries that the shown checkpoint holds: the others are too young."""
    for entry in entries:
        with suppress(NotFound):
            yield prove(reader, entry, policy)


def write_bundle(
    folder: Path, proved: Iterable[Proved], policy_text: str, day: str, *, about: str = "",
    details: Mapping[EntryId, bytes] | None = None,
) -> int:  # fmt: skip
    """Write a bundle into a new folder, whole or not at all. Returns how many entries.

    Raises ConfigurationError if there is something.
    """
    if folder.exists():
        raise ConfigurationError(f"{folder} exists already; nothing was changed")
    try:
        return _write(folder, proved, policy_text, day, about, details or {})
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _write(
    folder: Path, proved: Iterable[Proved], policy_text: str, day: str, about: str, details: Mapping[EntryId, bytes]
) -> int:
    for name in ("entries", "proofs", "checkpoints", "details"):
        (folder / name).mkdir(parents=True, mode=0o700)
    count = 0
    for each in proved:
        name = each.entry.hex()
        (folder / "entries" / f"{name}.json").write_bytes(each.body)
        (folder / "proofs" / f"{name}{SUFFIX}").write_text(each.proof.encode(), "utf-8")
        origin, size, *_ = each.proof.checkpoint.split("\n")
        checkpoint = f"{origin.rpartition('/')[2]}-{size}"
        (folder / "checkpoints" / checkpoint).write_text(each.proof.checkpoint, "utf-8")
        if each.entry in details:
            (folder / "details" / f"{name}.json").write_bytes(details[each.entry])
        count += 1
    (folder / "policy.txt").write_text(policy_text, "utf-8")
    (folder / "verify.py").write_bytes(Path(verify.__file__).read_bytes())
    said = _README.format(count=count, day=day, about=f", {about}" if about else "")
    (folder / "README.txt").write_text(said, "utf-8")
    return count
