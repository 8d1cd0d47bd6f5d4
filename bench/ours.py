"""The vault as a contestant: the real program, seeded through its own code, served as `parefeu serve` serves it.

The contract, kept by both functions:

- They prepare an empty place (a folder; an empty database), put `notes` into it as sealed records of cases
  that belong to one coach, open one session for that coach and return how to start the server.
- `paths[i]` reads `notes[i]`; the answer is JSON whose `text` is the note's text, stand-ins kept in place.
- `synchronous=FULL` on SQLite, PostgreSQL's durable defaults; every protection on: session and key looked up
  on each request, decision by the compiled table, chained audit entry committed before the answer.
- `audit=False` is for `audit.cost` alone: the same server with the audit append left out, wired by the bench
  (an environment variable that only a bench module reads), never by a setting of the product.
"""

from __future__ import annotations

from pathlib import Path

from bench.contestant import BenchUnavailable, Contestant
from bench.notes import SampleNote


def prepare_sqlite(folder: Path, notes: list[SampleNote], *, audit: bool = True) -> Contestant:
    """The vault on a SQLite file in `folder`, which exists and is empty. Raises BenchUnavailable."""
    raise BenchUnavailable("the vault has no server yet: bench/ours.py waits for the gateway")


def prepare_postgres(url: str, folder: Path, notes: list[SampleNote]) -> Contestant:
    """The vault on the empty database at `url` (libpq form, its owner); `folder`: for keys. Raises BenchUnavailable."""
    raise BenchUnavailable("the vault has no server yet: bench/ours.py waits for the gateway")
