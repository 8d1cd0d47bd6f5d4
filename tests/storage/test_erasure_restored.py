"""The restore drill: whichever of the two databases is put back from before an erasure, the case is erased again before
the first request; and an erasure that was cut short goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from bench.pg import Postgres
from gateway.cli.home import Hooks
from gateway.clock import SystemEntropy
from gateway.settings import Settings
from gateway.wiring import build
from policies.firewall import LiveFirewall
from tests.api.support import entries
from tests.api.test_erasures import everything, left_of, wrong
from tests.cli.kit import Shell
from tests.erasures import approved, carry_out, closed_case, erase, rows
from tests.house import House, MovableClock, house_on, shipped_firewall
from tests.unit.crypto.kit import WeakFileRoot
from vault.errors import ErasurePending
from vault.storage import tables as t
from vault.usecases.casework import parse_reference
from vault.usecases.erasing import begin_next, go_on
from vault.vocabulary import CASEWORK


@dataclass
class Backup:
    """Copies of both databases, and the way to put one back while nobody serves."""

    settings: Settings
    server: Postgres | None
    kept: dict[str, Any] = field(default_factory=dict)

    def take(self) -> None:
        for which, name in (("main", "main.db"), ("keystore", "keystore.db")):
            if self.server is None:
                place = self.settings.home / name
                with closing(sqlite3.connect(place)) as source, closing(sqlite3.connect(":memory:")) as copy:
                    source.backup(copy)
                    self.kept[which] = copy.serialize()
            else:
                database = self._name(which)
                self.kept[which] = f"{database}_kept"
                self._copy(database, self.kept[which])

    def put_back(self, which: str) -> None:
        if self.server is None:
            name = f"{which}.db"
            for rest in ("-wal", "-shm"):
                (self.settings.home / f"{name}{rest}").unlink(missing_ok=True)
            (self.settings.home / name).write_bytes(self.kept[which])
        else:
            self._copy(self.kept[which], self._name(which))

    def forget(self) -> None:
        if self.server is not None:
            with psycopg.connect(self.server.url("postgres"), autocommit=True) as admin:
                for name in self.kept.values():
                    admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())

    def _name(self, which: str) -> str:
        url = self.settings.database_url if which == "main" else self.settings.keystore_url
        return str(make_url(url).database)

    def _copy(self, source: str, target: str) -> None:
        assert self.server is not None
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)".encode())
            admin.execute(
                b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'" % source.encode()
            )
            admin.execute(f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY FILE_COPY".encode())


@pytest.fixture
def backup(house_settings: Settings, request: pytest.FixtureRequest) -> Iterator[Backup]:
    server = None if not house_settings.database_url else request.getfixturevalue("postgres")
    made = Backup(house_settings, server)
    yield made
    made.forget()


def _erased_after_backup(backup: Backup) -> tuple[bytes, MovableClock]:
    with house_on(backup.settings) as house:
        case = everything(house)
        house.close()
        backup.take()
        house.reopen()
        erase(house, case)
        return parse_reference(case).raw, house.clock


@contextmanager
def _started(settings: Settings, clock: MovableClock) -> Iterator[House]:
    services = build(
        settings, clock=clock, entropy=SystemEntropy(), root=WeakFileRoot, firewall=LiveFirewall(shipped_firewall())
    )
    house = House(settings, clock, services)
    try:
        yield house
    finally:
        house.close()


@pytest.mark.parametrize("which", ["main", "keystore"])
def test_a_database_from_before_is_erased_again_before_anybody_is_served(backup: Backup, which: str) -> None:
    raw, clock = _erased_after_backup(backup)
    backup.put_back(which)
    with _started(backup.settings, clock) as house:  # nobody has asked for anything yet
        assert left_of(house, raw) == []
        assert not [row for row in rows(house, t.wraps) if row["wrap"]]
        assert [row["case_id"] for row in rows(house, t.buried_cases)] == [raw]
        assert [row["done_at"] is not None for row in rows(house, t.tombstones)] == [True]
        assert rows(house, t.releases) == []
        replayed = [e["outcome"] for e in entries(house) if e["action"] == "erasure_replayed"]
        assert replayed == [which]
        assert wrong(house) == []


@pytest.mark.parametrize("house_settings", ["postgres"], indirect=True)  # a zone alone needs PostgreSQL
def test_a_zone_without_casework_keys_does_not_start_before(backup: Backup) -> None:
    _, clock = _erased_after_backup(backup)
    backup.put_back("keystore")
    apart = backup.settings.model_copy(update={"zone": "follow_up"})
    parts: dict[str, Any] = {
        "clock": clock, "entropy": SystemEntropy(), "root": WeakFileRoot, "firewall": LiveFirewall(shipped_firewall()),
    }  # fmt: skip
    with pytest.raises(ErasurePending, match="Start casework first"):
        build(apart, **parts)
    build(backup.settings.model_copy(update={"zone": "casework"}), **parts).close()
    build(apart, **parts).close()


def test_the_doctor_finds_a_database_from_before(backup: Backup) -> None:
    _erased_after_backup(backup)
    backup.put_back("keystore")
    house = House(backup.settings, MovableClock(), None)  # type: ignore[arg-type] # nobody serves
    found = wrong(house)
    assert any(line.startswith("tombstones: the keystore does not know") for line in found)
    assert any(line.startswith("erased_cases: a key of an erased case") for line in found)


@pytest.mark.parametrize("house_settings", ["sqlite"], indirect=True)  # the commands are the same on both
def test_both_from_before_need_the_list_that_was_kept_apart(backup: Backup, tmp_path: Path) -> None:
    raw, clock = _erased_after_backup(backup)
    shell, home = Shell(Hooks(root=WeakFileRoot, clock=clock)), ("--home", backup.settings.home)
    kept = tmp_path / "erased.txt"
    kept.write_text(shell.ok("erasure", "list", *home).out)
    for which in ("main", "keystore"):
        backup.put_back(which)
    with _started(backup.settings, clock) as house:
        assert left_of(house, raw) != [], "nothing in either database knows: nobody can erase it again by itself"
    assert "1 erased again" in shell.ok("erasure", "replay", kept, *home).out
    assert "0 erased again" in shell.ok("erasure", "replay", kept, *home).out
    with _started(backup.settings, clock) as house:
        assert left_of(house, raw) == []
        assert not [row for row in rows(house, t.wraps) if row["wrap"]]


@pytest.mark.parametrize("steps", range(5))
def test_an_erasure_that_was_cut_short_goes_on_at_the_next_start(house: House, steps: int) -> None:
    case = closed_case(house)
    approved(house, case)
    casework, run = house.services.casework, house.services.worker.run
    post = house.services.correspondence[CASEWORK]
    if steps:
        begun = run(CASEWORK, lambda uow: begin_next(uow, casework, post))
        assert begun is not None
        for _ in range(steps - 1):
            run(CASEWORK, lambda uow: go_on(uow, begun, casework))
        coach = house.client("coach")
        assert coach.get(f"/cases/{case}").status_code == 404, "from the tombstone on it is gone"
    unfinished = [line for line in wrong(house) if line.startswith("tombstones")]
    assert bool(unfinished) is (0 < steps < 4)
    house.reopen()
    raw = parse_reference(case).raw
    if not steps:
        assert carry_out(house) == 1
    assert left_of(house, raw) == []
    assert wrong(house) == []
