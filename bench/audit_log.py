"""The access log's own figures: the price of an entry beside its work, its delay, its size, and checking a million.

The crowd: eight writers, each with its own connection and lane as a zone's process has them, run use cases of 5 ms on
PostgreSQL; `parefeu audit sequence` keeps the tree meanwhile in a process of its own. An entry is made as the program
makes it, at the decision: the work comes after it, and it goes to the database with the commit. They write what
sessions write: the first entry of ten says who it was in a detail sealed to oversight, and the others name that one.

Beside it use cases that store a row: it names its entry by a foreign key, so the entry goes ahead of it. And the
dearest kind, each entry with a detail (a reason was given, or nobody had signed in); it also gives the delay, in slices
of its own, for whoever watches the outbox takes time too. The rivals do the same work without any audit, and with a
hash chain whose head is locked while a transaction runs, because an entry comes before the rows that name it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import text

from bench.catalogue import LOG
from bench.contestant import BenchFailed
from bench.interleave import Slice, Summary, quantile, ratio, run_rounds, summarise
from bench.log_million import EVENT, entry_of, million_figures
from bench.pg import Postgres, throwaway_postgres
from bench.report import Figure, Outcome
from bench.settings import Effort
from gateway.clock import SystemClock, SystemEntropy
from gateway.instance import create_instance, read_directory
from gateway.log.key import create_log_key
from gateway.settings import Settings
from vault.audit.events import Detail
from vault.audit.log import Lane
from vault.crypto.detail import DetailLane
from vault.storage import installation
from vault.storage.store import Store
from vault.storage.worker import GroupRunner, Job
from vault.vocabulary import CASEWORK, OVERSIGHT

WRITERS: Final = 8
WORK: Final = 0.005  # seconds inside each transaction
_LOOKS: Final = 10  # entries of a session, its first with them; on a working day there are more
_POLL: Final = 0.05  # seconds between two looks at the outbox
_DETAIL: Final = Detail("6f0c1d2e3b4a59687786a5b4c3d2e1f0", "An Invented Coach", "192.0.2.17", "")
#: A row as use cases store it, and the same without the name of its entry.
_NAMED: Final = text("INSERT INTO bench_named (body, entry_id) VALUES (:body, :entry)")
_UNNAMED: Final = text("INSERT INTO bench_work (body) VALUES (:body)")


def measure(names: Collection[str], effort: Effort, chance: random.Random, say: Callable[[str], None]) -> Outcome:
    """All wanted figures of the log."""
    outcome = Outcome()
    wanted = {spec.name for spec in LOG if spec.name in names}
    found: dict[str, Summary] = {}
    notes: dict[str, str] = {}
    if any(name.startswith("audit_log.postgres.") for name in wanted):
        say(f"measuring {WRITERS} writers on PostgreSQL, with the log, without, with a chain")
        found |= _crowd_figures(effort, chance)
    if any(name.startswith("audit_log.million.") for name in wanted):
        say(f"making a log of {effort.log_entries:,} entries, verifying it, proving from it")
        million, note = million_figures(effort, chance)
        found |= million
        notes |= dict.fromkeys(million, note)
    for spec in LOG:
        if spec.name in wanted:
            note = notes.get(spec.name, "")
            outcome.figures.append(Figure.of(spec.name, found[spec.name], unit=spec.unit, bar=spec.bar, note=note))
    return outcome


# -- eight writers -------------------------------------------------------------------------------------


class _Writer:
    """One zone's process in small. acknowledged: when the commit of each detailed entry was known."""

    def __init__(self, settings: Settings) -> None:
        overseer, entropy = read_directory(settings).of(OVERSIGHT).sealing, SystemEntropy()

        def start_epoch(lane: bytes, epoch: int) -> DetailLane:
            return DetailLane.start(overseer, lane, epoch, entropy)

        self._store = Store(settings.main_url, settings.keys_url).connect()
        self._lane = Lane(CASEWORK, clock=SystemClock(), entropy=entropy, start_epoch=start_epoch)
        self._runner = GroupRunner(self._store, {CASEWORK: self._lane})
        self._chain = psycopg.connect(settings.database_url)
        self.acknowledged: dict[bytes, float] = {}
        self._written = 0
        self.audited()  # announces the lane

    def close(self) -> None:
        self._store.close()
        self._chain.close()

    def _work(self) -> None:
        self._store.main.raw.execute("INSERT INTO bench_work (body) VALUES (%s)", (b"x" * 200,))
        time.sleep(WORK)

    def _run(self, work: Callable[[Any], None]) -> None:
        job = Job(CASEWORK, work)
        self._runner.run((job,))
        if job.error is not None:
            raise BenchFailed(f"a writer failed: {job.error}")

    def _append(self, detail: Detail | None) -> None:
        def work(uow: Any) -> None:
            uow.audit.append(EVENT, detail)
            self._work()

        self._run(work)

    def _session_detail(self) -> Detail | None:
        before, self._written = self._written, self._written + 1
        return None if before % _LOOKS else _DETAIL

    def audited(self) -> None:
        self._append(self._session_detail())

    def stored(self) -> None:
        def work(uow: Any) -> None:
            entry = uow.audit.append(EVENT, self._session_detail())
            uow.audit.write(_NAMED, {"body": b"x" * 200, "entry": entry.raw})
            time.sleep(WORK)

        self._run(work)

    def stored_unaudited(self) -> None:
        def work(uow: Any) -> None:
            uow.audit.write(_UNNAMED, {"body": b"x" * 200})
            time.sleep(WORK)

        self._run(work)

    def detailed(self) -> None:
        self._append(_DETAIL)
        self.acknowledged[self.newest()] = time.monotonic()

    def newest(self) -> bytes:
        """The id of the entry written last."""
        return self._lane.lane + (self._lane.number - 1).to_bytes(8, "big")

    def unaudited(self) -> None:
        self._run(lambda _: self._work())

    def chained(self) -> None:
        """The head is read and locked, the entry made on it and written, then the work is done."""
        with self._chain.transaction():
            (head,) = self._chain.execute("SELECT head FROM bench_chain FOR UPDATE").fetchone() or (b"",)
            body = entry_of(0, b"\0" * 8, bytes(head))
            self._chain.execute("INSERT INTO bench_chained (body) VALUES (%s)", (body,))
            self._chain.execute("UPDATE bench_chain SET head = %s", (sha256(body).digest(),))
            self._chain.execute("INSERT INTO bench_work (body) VALUES (%s)", (b"x" * 200,))
            time.sleep(WORK)


#: The writer of this process, once it is one of the crowd.
_own: list[_Writer] = []


def _become(settings: Settings) -> None:
    _own.append(_Writer(settings))


def _act_until(act: str, end: float) -> int:
    """Act until a moment of the machine's monotonic clock, which its processes share. Returns how often."""
    done, work = 0, getattr(_own[0], act)
    while time.monotonic() < end:
        work()
        done += 1
    return done


def _acknowledged() -> dict[bytes, float]:
    return _own[0].acknowledged


def _forget() -> None:
    _own[0].acknowledged.clear()


class _Crowd:
    """Eight processes with a writer each, as zones' processes are: no interpreter's lock is shared."""

    def __init__(self, settings: Settings) -> None:
        fresh = multiprocessing.get_context("spawn")
        self._each = [
            ProcessPoolExecutor(1, mp_context=fresh, initializer=_become, initargs=(settings,)) for _ in range(WRITERS)
        ]
        self.act("audited", 0.0)  # all are there

    def act(self, act: str, seconds: float) -> int:
        """All act for so long; how often together."""
        end = time.monotonic() + seconds
        return sum(each.result() for each in [one.submit(_act_until, act, end) for one in self._each])

    def forget(self) -> None:
        for each in [one.submit(_forget) for one in self._each]:
            each.result()

    def acknowledged(self) -> dict[bytes, float]:
        found: dict[bytes, float] = {}
        for each in [one.submit(_acknowledged) for one in self._each]:
            found |= each.result()
        return found

    def close(self) -> None:
        for one in self._each:
            one.shutdown()


class _Watch(threading.Thread):
    """Looks at the outbox and notes when it first saw each entry gone."""

    def __init__(self, url: str) -> None:
        super().__init__(name="watch", daemon=True)
        self._url = url
        self._over = threading.Event()
        self.looks: list[tuple[float, frozenset[bytes]]] = []

    def run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._over.wait(_POLL):
                rows = connection.execute("SELECT entry_id FROM log.outbox").fetchall()
                self.looks.append((time.monotonic(), frozenset(bytes(row[0]) for row in rows)))

    def stop(self) -> None:
        self._over.set()
        self.join()

    def lags(self, acknowledged: dict[bytes, float]) -> list[float]:
        """Seconds from each commit to the first look that no longer found it."""
        waiting, found = dict(acknowledged), list[float]()
        for moment, there in self.looks:
            gone = [entry for entry, at in waiting.items() if at <= moment and entry not in there]
            found += [moment - waiting.pop(entry) for entry in gone]
        if waiting:
            raise BenchFailed(f"{len(waiting)} entries never came into the tree")
        return found


def _crowd_figures(effort: Effort, chance: random.Random) -> dict[str, Summary]:
    with throwaway_postgres() as server, tempfile.TemporaryDirectory(prefix="parefeu-bench-") as folder:
        settings = _installation(server, Path(folder) / "home")
        with psycopg.connect(settings.database_url, autocommit=True) as admin, _sequencer(settings):
            admin.execute("CREATE TABLE bench_work (id bigserial PRIMARY KEY, body bytea)")
            admin.execute(
                "CREATE TABLE bench_named (id bigserial PRIMARY KEY, body bytea, "
                "entry_id bytea NOT NULL REFERENCES log.entries)"
            )
            admin.execute("CREATE TABLE bench_chained (id bigserial PRIMARY KEY, body bytea)")
            admin.execute("CREATE TABLE bench_chain (head bytea)")
            admin.execute("INSERT INTO bench_chain VALUES ('')")
            crowd, alone = _Crowd(settings), _Writer(settings)
            try:
                found = _rounds(crowd, admin, effort, chance)
                lags = _lags(crowd, settings, admin, effort)
                found["audit_log.postgres.lag_p99"] = Summary(
                    quantile(lags, 0.99), quantile(lags, 0.25), quantile(lags, 0.75), len(lags)
                )
                size = _bytes_over_plain_row(settings, alone, admin, effort)
                found["audit_log.postgres.bytes_over_plain_row"] = summarise([size])
            finally:
                alone.close()
                crowd.close()
    return found


def _rounds(
    crowd: _Crowd, admin: psycopg.Connection[Any], effort: Effort, chance: random.Random
) -> dict[str, Summary]:  # fmt: skip
    def slice_of(act: str) -> Slice:
        def run() -> dict[str, float]:
            _drained(admin)
            began = time.monotonic()
            count = crowd.act(act, effort.log_seconds)
            return {"seconds": (time.monotonic() - began) / count}

        return run

    cases = {
        "ours": "audited", "dearest": "detailed", "stored": "stored", "bare": "unaudited",
        "stored_bare": "stored_unaudited", "chain": "chained",
    }  # fmt: skip
    rounds = run_rounds(
        {name: slice_of(act) for name, act in cases.items()}, rounds=effort.log_rounds, slices=1, chance=chance
    )

    def over(case: str, *, under: str) -> Summary:
        return ratio(rounds, over=(case, "seconds"), under=(under, "seconds"))

    return {
        "audit_log.postgres.share_of_unaudited": over("bare", under="ours"),
        "audit_log.postgres.share_with_a_row": over("stored_bare", under="stored"),
        "audit_log.postgres.share_all_detailed": over("bare", under="dearest"),
        "audit_log.postgres.chain_over_ours": over("chain", under="dearest"),
    }


def _lags(crowd: _Crowd, settings: Settings, admin: psycopg.Connection[Any], effort: Effort) -> list[float]:
    """Seconds that each entry waited while all write, watched."""
    crowd.forget()
    watch = _Watch(settings.database_url)
    watch.start()
    crowd.act("detailed", effort.log_rounds * effort.log_seconds / 2)
    _drained(admin)
    time.sleep(3 * _POLL)
    watch.stop()
    return watch.lags(crowd.acknowledged())


def _drained(admin: psycopg.Connection[Any]) -> None:
    """Nothing of the slice before is left to be sequenced."""
    for _ in range(400):
        row = admin.execute("SELECT EXISTS (SELECT FROM log.outbox)").fetchone()
        if row is not None and not row[0]:
            return
        time.sleep(0.05)
    raise BenchFailed("the sequencer takes nothing")


def _bytes_over_plain_row(settings: Settings, writer: _Writer, admin: psycopg.Connection[Any], effort: Effort) -> float:
    """Bytes of both databases that one entry adds, over one row that holds the same entry and detail in clear."""
    count = max(effort.log_entries // 400, 500)
    tables = ("entries", "leaves", "tiles", "checkpoints")
    with psycopg.connect(settings.keystore_url, autocommit=True) as keystore:

        def size() -> int:
            total = 0
            for connection, schema, names in ((admin, "log", tables), (keystore, "keystore", ("details",))):
                for name in names:
                    # Packed: what is measured is what an entry needs, not how full the last page happens to be.
                    connection.execute(f"VACUUM FULL {schema}.{name}".encode())
                    row = connection.execute("SELECT pg_total_relation_size(%s)", (f"{schema}.{name}",)).fetchone()
                    total += row[0] if row else 0
            return total

        before = size()
        for _ in range(count):
            writer._run(lambda uow: uow.audit.append(EVENT, _DETAIL))
        _drained(admin)
        ours = size() - before
        admin.execute("CREATE TABLE bench_plain (id bigserial PRIMARY KEY, body text, detail text)")
        last = writer.newest()  # the sequencer's own entries are shorter
        row = admin.execute("SELECT body FROM log.entries WHERE entry_id = %s", (last,)).fetchone()
        body, detail = bytes(row[0] if row else b"").decode(), json.dumps(_DETAIL._asdict())
        admin.execute(
            "INSERT INTO bench_plain (body, detail) SELECT %s, %s FROM generate_series(1, %s)", (body, detail, count)
        )
        admin.execute("VACUUM FULL bench_plain")
        plain = admin.execute("SELECT pg_total_relation_size('bench_plain')").fetchone()
    return ours / (plain[0] if plain else 1)


def _installation(server: Postgres, home: Path) -> Settings:
    main, keys = server.create_database("bench_log"), server.create_database("bench_log_keys")
    settings = Settings(home=home, partners=("caritas",), database_url=main, keystore_url=keys)
    pin = create_instance(settings, settings.zones, SystemClock(), SystemEntropy())
    if not (settings.log_home / "key").exists():
        create_log_key(settings, "", SystemClock(), SystemEntropy())
    installation.prepare(settings.main_url, settings.keys_url, pin)
    return settings


@contextmanager
def _sequencer(settings: Settings) -> Iterator[None]:
    """The program that keeps the log, as an operator starts it."""
    command = [sys.executable, "-c", "from gateway.cli import main; main()", "audit", "sequence"]
    environment = {
        "PAREFEU_HOME": str(settings.home), "PAREFEU_PARTNERS": '["caritas"]',
        "PAREFEU_DATABASE_URL": settings.database_url, "PAREFEU_KEYSTORE_URL": settings.keystore_url,
    }  # fmt: skip
    with tempfile.TemporaryFile() as sink:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=sink, stderr=sink)
        try:
            yield
            if process.poll() is not None:
                sink.seek(0)
                raise BenchFailed(f"the sequencer ended: {sink.read()[-2000:].decode('utf-8', 'replace')}")
        finally:
            process.terminate()
            process.wait(30)
