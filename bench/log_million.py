"""A log of a million entries: how long it takes to check, in how much memory, and to prove that an entry is in it.

Its files are made without a database: entries of eight lanes in turn, bundles, tiles, a signed checkpoint.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.contestant import BenchFailed
from bench.interleave import Summary, summarise
from bench.settings import Effort
from gateway.clock import SystemEntropy
from gateway.settings import Settings
from vault.audit.checkpoint import Checkpoint
from vault.audit.events import Event, Verdict, entry_body
from vault.audit.merkle import HASH_BYTES, inclusion_path, leaf_hash, root_from
from vault.audit.note import sign_note
from vault.audit.tiles import WIDTH, TileId, bundle, grow, node_reader
from vault.crypto.log_key import LogKey
from vault.crypto.note_keys import NoteSigner
from vault.storage import migrate
from vault.storage.log_reader import SqlLogReader
from vault.storage.store import Store

_LANES: Final = 8
_ACTOR: Final = "l-4f2a9c1be07d5583"
#: What an entry of the log's figures says.
EVENT: Final = Event(
    "read", "note", Verdict.ALLOW, actor=_ACTOR, role="coach", session="0" * 32, object="1" * 32,
    subject="L-" + "7" * 20, purpose="coaching", rule="cw-12", policy="2" * 64, outcome="ok",
)  # fmt: skip


def entry_of(number: int, lane: bytes, previous: bytes) -> bytes:
    """The bytes of one entry, all of one moment. lane: 8 bytes; previous: the hash of the one before."""
    return entry_body(
        EVENT, entry=lane.hex() + number.to_bytes(8, "big").hex(), at="2026-11-25T12:00:00.000001+00:00",
        zone="casework", lane=lane.hex(), number=number, previous=previous.hex(), commitment="3" * 64,
    )  # fmt: skip


def _make_log(folder: Path, count: int, signer: NoteSigner) -> dict[tuple[int, int], bytes]:
    """Files of a log whose entries come from eight lanes in turn. Returns its tiles."""
    lanes = [(number + 1).to_bytes(8, "big") for number in range(_LANES)]
    previous, tiles, size = dict.fromkeys(lanes, bytes(HASH_BYTES)), dict[tuple[int, int], bytes](), 0
    bundles = folder / "tile/entries"

    def held(level: int, index: int) -> bytes:
        return tiles.get((level, index), b"")

    while size < count:
        leaves, entries = [], []
        for index in range(size, min(size + 64 * WIDTH, count)):
            lane = lanes[index % _LANES]
            body = entry_of(index // _LANES, lane, previous[lane])
            leaf = previous[lane] = leaf_hash(body)
            leaves.append(leaf)
            entries.append(body)
        tiles.update(grow(size, leaves, held))
        for at in range(0, len(entries), WIDTH):
            part = entries[at : at + WIDTH]
            _put(folder / TileId(-1, (size + at) // WIDTH, len(part)).path, bundle(part))
        size += len(entries)
    for (level, index), raw in tiles.items():
        _put(folder / TileId(level, index, len(raw) // HASH_BYTES).path, raw)
    root = root_from(size, node_reader(size, lambda tile: tiles[tile.level, tile.index]))
    note = sign_note(Checkpoint(signer.verifier.name, size, root).text(), signer)
    (folder / "checkpoint").write_text(note)
    (folder / "policy.txt").write_text(f"log {signer.verifier}\nquorum none\n")
    if not bundles.is_dir():
        raise BenchFailed("the log was not made")
    return tiles


def _put(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)


def million_figures(effort: Effort, chance: random.Random) -> tuple[dict[str, Summary], str]:
    """The figures of such a log, and a remark where it is a smaller one. Raises BenchFailed."""
    count = effort.log_entries
    times = 1_000_000 / count
    with tempfile.TemporaryDirectory(prefix="parefeu-bench-") as name:
        folder = Path(name)
        key = LogKey.generate("bench.invalid", SystemEntropy())
        tiles = _make_log(folder, count, key.signer("bench.invalid/2026h2"))
        verified = [_verified(folder) for _ in range(effort.log_repeats)]
        seconds = summarise([seconds * times for seconds, _ in verified])
        megabytes = summarise([megabytes for _, megabytes in verified])
        proofs = _proofs(folder / "home", tiles, count, effort.micro_calls, chance)
    figures = {
        "audit_log.million.verify_seconds": seconds,
        "audit_log.million.verify_megabytes": megabytes,
        "audit_log.million.proof_millis": proofs,
    }
    return figures, "" if count == 1_000_000 else f"of {count:,} entries, times {times:g} for seconds"


#: Runs the verifier's file and says last how much memory it ever had. What the system counts for a child begins with
#: the memory of whoever started it.
_VERIFY: Final = """
import atexit, re, runpy, sys
atexit.register(lambda: print(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1], flush=True))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def _verified(folder: Path) -> tuple[float, float]:
    """Seconds and megabytes of the single-file verifier, as a process of its own."""
    from auditor import verify

    command = [sys.executable, "-c", _VERIFY, verify.__file__, str(folder), "--policy", str(folder / "policy.txt")]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchFailed(f"the log does not verify: {done.stdout[-500:]}{done.stderr[-500:]}")
    return time.monotonic() - began, int(done.stdout.split()[-1]) / 1024


def _proofs(home: Path, tiles: dict[tuple[int, int], bytes], count: int, calls: int, chance: random.Random) -> Summary:
    """Milliseconds of one inclusion proof of a random entry, its tiles read from an SQLite file each time."""
    settings = Settings(home=home)
    home.mkdir()
    migrate.upgrade(settings.main_url, "main")
    store = Store(settings.main_url, settings.keys_url)
    store.main.connect()
    store.main.begin()
    store.main.raw.executemany(
        "INSERT INTO tiles (shard, level, tile, hashes) VALUES (0, ?, ?, ?)",
        [(level, index, hashes) for (level, index), hashes in tiles.items()],
    )
    store.main.commit()
    reader, spent = SqlLogReader(store.main), list[float]()
    for index in chance.choices(range(count), k=calls):
        began = time.perf_counter()
        inclusion_path(index, count, node_reader(count, lambda tile: reader.tile(0, tile)))
        spent.append((time.perf_counter() - began) * 1e3)
    store.main.close()
    return summarise(spent)
