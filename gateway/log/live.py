"""The log of an installation, read where it lies: checked from its first entry, and given out as evidence.

What is read here is what any auditor may hold a copy of; whoever asks for it over the web is logged before it begins
(`vault.usecases.log_standing`, `vault.usecases.trail`).
"""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from auditor.verify import CODES, Failed, Policy, summary, verify_logs
from gateway.log.evidence import proofs_of, write_bundle
from gateway.log.key import read_policy
from gateway.log.source import live_source
from gateway.settings import Settings
from vault.errors import ConfigurationError, KeyringMissing, StoreBusy
from vault.ids import EntryId
from vault.storage import migrate
from vault.storage.log_reader import SqlLogReader
from vault.storage.store import Database, make_engine

#: A check that somebody waits for ends after so many seconds: some million entries. A longer log is checked by command.
SECONDS: Final = 20.0
UNFINISHED: Final = "unfinished"
SOUND: Final = "sound"
#: Every way in which a check ends.
ENDINGS: Final = (SOUND, *CODES, UNFINISHED)
_ZIP_DAY: Final = (1980, 1, 1, 0, 0, 0)  # no time of ours: the same evidence is the same file


@contextmanager
def reading(settings: Settings) -> Iterator[SqlLogReader]:
    """The log as it lies in the main database. Raises ConfigurationError, StoreUnavailable."""
    if settings.sqlite and not (settings.home / "main.db").is_file():
        raise ConfigurationError("there is no installation here: run `parefeu init` first")
    engine = make_engine(settings.main_url)
    migrate.check(engine, "main")
    database = Database(engine)
    try:
        yield SqlLogReader(database)
    finally:
        database.close()
        engine.dispose()


def check(reader: SqlLogReader, policy: Policy, **options: Any) -> dict[str, Any]:
    """Check every tree of a live database. options: of `verify_logs`. Raises Failed."""
    reads = [live_source(reader, head, policy) for head in reader.heads() if head.note]
    if not reads:
        raise Failed("read", "no tree was begun yet: start the server, or run `parefeu audit sequence --once`")
    told = summary(*verify_logs(reads, policy, **options))
    if lost := reader.nowhere():
        raise Failed("gap", f"{abs(lost)} entries {'are in no tree and wait for none' if lost > 0 else 'are gone'}")
    return {**told, "waiting_for_the_tree": reader.waiting()}


class _OutOfTime(Exception):
    """The check takes longer than somebody can wait for it."""


class LiveCheck:
    """Checks the log for somebody who waits: one check at a time, within `seconds`.

    tick: a clock that only runs forward, in seconds.
    """

    def __init__(
        self, settings: Settings, seconds: float = SECONDS, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._seconds = seconds
        self._tick = tick
        self._one = threading.Lock()

    def run(self) -> dict[str, Any]:
        """verdict: one of ENDINGS. entries: how many were gone through. what: what is wrong, "" for nothing.

        Raises StoreBusy while another check runs.
        """
        if not self._one.acquire(blocking=False):
            raise StoreBusy("the log is being checked for somebody else: ask again in a moment")
        begun, gone = self._tick(), 0

        def progress(done: int, _all: int) -> None:
            nonlocal gone
            gone = done
            if self._tick() - begun > self._seconds:
                raise _OutOfTime

        told: dict[str, Any] = {}
        try:
            policy = Policy.parse(read_policy(self._settings))
            with reading(self._settings) as reader:
                told = check(reader, policy, progress=progress)
            verdict, what = SOUND, ""
        except _OutOfTime:
            verdict, what = UNFINISHED, ""
        except KeyringMissing:
            verdict, what = "read", "the policy file of the log is not on this machine"
        except Failed as fault:
            verdict, what = fault.kind, str(fault)
        finally:
            self._one.release()
        return {
            "verdict": verdict, "what": what, "entries": told.get("entries", gone),
            "seconds": round(self._tick() - begun, 1), "witnesses": len(told.get("witnesses", ())),
        }  # fmt: skip


class Bundle(NamedTuple):
    """A zip file with a bundle of evidence, made on a day. left_out: entries that no shown tree holds yet."""

    content: bytes
    day: str
    entries: int
    left_out: int


def bundled(settings: Settings, entries: Sequence[EntryId], day: str, about: str) -> Bundle:
    """What `parefeu audit export` writes, in one file; nothing but words where no tree holds any of them yet."""
    text = read_policy(settings)
    policy = Policy.parse(text)
    with TemporaryDirectory(prefix="parefeu-") as scratch:
        folder = Path(scratch) / "evidence"
        with reading(settings) as reader:
            count = write_bundle(folder, proofs_of(reader, entries, policy), text, day, about=about)
        return Bundle(_zipped(folder), day, count, len(entries) - count)


def _zipped(folder: Path) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = Path("evidence", path.relative_to(folder)).as_posix()
                file.writestr(zipfile.ZipInfo(name, _ZIP_DAY), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return held.getvalue()
