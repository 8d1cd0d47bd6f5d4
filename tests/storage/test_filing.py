"""The log's search columns: filed later, complete at every look, and never more than the entries say."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway import background
from gateway.background import Pace
from gateway.settings import Settings
from tests.api.support import entries
from tests.crash.checks import faults
from tests.house import House, house_on
from tests.patience import PATIENCE
from tests.storage.test_worker import gather, read
from vault.audit.events import FILED_FIELDS
from vault.audit.reading import EntryFilter
from vault.errors import LogBeingFiled, StoreBusy
from vault.storage import filing, trail
from vault.storage import tables as t
from vault.storage.filing import OwnFiling
from vault.storage.store import Database
from vault.storage.worker import Worker
from vault.vocabulary import CASEWORK, OVERSIGHT


def filed(house: House) -> int:
    with house.services.store.main.engine.connect() as connection:
        found: int = connection.execute(select(func.count()).select_from(t.filed)).scalar_one()
        return found


def look(house: House, **wanted: Any) -> list[str]:
    found = house.services.worker.run(OVERSIGHT, lambda uow: uow.trail.entries(EntryFilter(**wanted)).entries)
    return [entry.id.hex() for entry in found]


def test_a_look_finds_what_was_written_the_moment_before(house: House) -> None:
    look(house)  # oversight's lane is open
    for turn in range(3):
        asyncio.run(gather(house, *(read(f"{turn} {n}") for n in range(4))))
        written = [entry["entry"] for entry in entries(house)]
        assert sorted(look(house, limit=500)) == sorted(written)
        assert filed(house) == len(written)
    assert faults(house.settings) == []


def test_a_look_by_actor_and_case_finds_those_alone(house: House) -> None:
    coach = house.client("coach")
    cases = [house.open_case(coach) for _ in range(2)]
    for case in cases:
        assert coach.get(f"/cases/{case}").status_code == 200
    everything = entries(house)
    for field in ("actor", "subject"):
        for value in {entry[field] for entry in everything if entry[field]}:
            wanted = [entry["entry"] for entry in everything if entry[field] == value]
            assert sorted(look(house, limit=500, **{field: value})) == sorted(wanted)


def test_paging_shows_every_entry_once_and_newest_first(house: House) -> None:
    asyncio.run(gather(house, *(read(str(n)) for n in range(20))))
    seen: list[str] = []
    before = None
    while page := house.services.worker.run(
        OVERSIGHT, lambda uow, before=before: uow.trail.entries(EntryFilter(limit=7, before=before)).entries
    ):
        seen += [entry.id.hex() for entry in page]
        before = page[-1].id
    moments = {entry["entry"]: (entry["at"], entry["entry"]) for entry in entries(house)}
    assert seen == sorted(moments, key=moments.__getitem__, reverse=True)


def test_filing_in_small_steps_ends_where_one_large_step_does(house: House) -> None:
    asyncio.run(gather(house, *(read(str(n)) for n in range(10))))
    look(house)
    asyncio.run(gather(house, *(read(f"more {n}") for n in range(10))))
    before = filed(house)
    steps = []
    while not steps or steps[-1] == 3:
        steps.append(house.services.worker.run(OVERSIGHT, lambda uow: uow.trail.file(3)))
        assert faults(house.settings) == []
    assert steps == [3, 3, 3, 1]
    assert filed(house) == before + 10 == len(entries(house))


def test_too_much_at_once_is_said_with_how_far_it_is_and_goes_on_by_itself(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(gather(house, *(read(str(n)) for n in range(4))))
    look(house)
    before = filed(house)
    asyncio.run(gather(house, *(read(f"more {n}") for n in range(9))))
    monkeypatch.setattr(filing, "BEFORE_A_LOOK", 4)
    with pytest.raises(LogBeingFiled, match=f"{before} of {before + 9} entries") as told:
        look(house)
    assert (told.value.filed, told.value.unfiled) == (before, 9)
    assert filed(house) == before, "a refused look writes nothing"
    serve_until(house, lambda: filed(house) == len(entries(house)))
    assert len(look(house, limit=500)) == len(entries(house))
    assert faults(house.settings) == []


def serve_until(
    house: House, enough: Callable[[], bool], meanwhile: Callable[[], Any] = lambda: None, pace: Pace | None = None
) -> Pace:
    """The background of a process that serves oversight, until enough is done; it must end when it is told to."""
    pace = pace or Pace()

    async def serve() -> None:
        task = asyncio.create_task(background.file_the_log(house.services.worker, pace))
        for _ in range(1000):
            meanwhile()
            await asyncio.sleep(0.01)
            if enough():
                break
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(serve())
    assert enough()
    return pace


def test_a_process_files_when_nobody_waits(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "BATCH", 3)
    asyncio.run(gather(house, *(read(str(n)) for n in range(9))))
    pace = serve_until(house, lambda: filed(house) == len(entries(house)))
    assert pace.a_second != Pace().a_second, "how fast it goes is measured"
    assert faults(house.settings) == []


def test_filing_goes_on_whatever_befell_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = [RuntimeError("nobody foresaw this"), StoreBusy("later")]
    file = background._file

    def file_or_fail(limit: int, uow: Any) -> int:
        if failing:
            raise failing.pop()
        return file(limit, uow)

    monkeypatch.setattr(background, "_file", file_or_fail)
    monkeypatch.setattr(background, "_PAUSE", 0.01)
    asyncio.run(gather(house, *(read(str(n)) for n in range(9))))
    serve_until(house, lambda: filed(house) == len(entries(house)))
    assert failing == []
    assert faults(house.settings) == []


def test_a_process_that_is_always_busy_files_all_the_same(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_BUSY_PAUSE", 0.01)
    monkeypatch.setattr(background, "_PIECE", 2)
    monkeypatch.setattr(Worker, "idle", property(lambda _: False))
    asyncio.run(gather(lite_house, *(read(str(n)) for n in range(6))))
    written = len(entries(lite_house))
    sizes = pieces(monkeypatch)
    serve_until(lite_house, lambda: filed(lite_house) >= written)
    assert set(sizes) == {2}, "whoever comes waits for little pieces only"


def test_whoever_was_refused_a_look_is_filed_for_in_whole_batches(
    lite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_PIECE", 2)
    monkeypatch.setattr(background, "_BUSY_PAUSE", 0.01)
    monkeypatch.setattr(background, "BATCH", 4)
    monkeypatch.setattr(Worker, "idle", property(lambda _: False))
    monkeypatch.setattr(filing, "BEFORE_A_LOOK", 1)
    asyncio.run(gather(lite_house, *(read(str(n)) for n in range(6))))
    auditor = lite_house.client("auditor")
    refused = auditor.get("/entries")
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    pace = lite_house.services.filing_pace
    written = len(entries(lite_house))
    sizes = pieces(monkeypatch)
    serve_until(lite_house, lambda: filed(lite_house) >= written, pace=pace)
    assert set(sizes) == {4}


def pieces(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How much was asked to be filed, each time."""
    asked: list[int] = []
    honest = filing.file_entries

    def file(tx: filing.Filing, limit: int) -> int:
        asked.append(limit)
        return honest(tx, limit)

    monkeypatch.setattr(trail, "file_entries", file)
    return asked


def test_a_busy_log_does_not_end_the_filing(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_PAUSE", 0.01)
    worker = lite_house.services.worker
    asyncio.run(gather(lite_house, *(read(str(n)) for n in range(6))))
    turns: list[int] = []

    def refuse_at_first() -> None:
        turns.append(1)
        worker.limit = 0 if len(turns) < 5 else 512

    serve_until(lite_house, lambda: filed(lite_house) == len(entries(lite_house)), refuse_at_first)


def test_two_processes_that_file_the_same_lanes_do_no_harm(postgres_settings: Settings) -> None:
    """Both begin with the same entries; the second waits for the first, finds its rows there, and goes on."""
    with house_on(postgres_settings) as house:
        asyncio.run(gather(house, *(read(str(n)) for n in range(20))))
        own = [connected(house) for _ in range(2)]
        one, other = own
        one.begin()
        assert filing.file_entries(OwnFiling(one), 7) == 7
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(OwnFiling(other).batch, 12)
            with pytest.raises(TimeoutError):
                second.result(0.2)
            one.commit()
            assert second.result(5) == 12
        assert filed(house) == 12
        assert OwnFiling(one).batch(2) == 2
        assert filed(house) == 14, "the place never goes back"
        for database in own:
            database.close()
        assert len(look(house, limit=500)) == len(entries(house)) == filed(house)
        assert faults(house.settings) == []


def connected(house: House) -> Database:
    database = Database(house.services.store.main.engine)
    database.connect()
    return database


def test_whoever_dies_while_filing_leaves_whole_batches(house_settings: Settings) -> None:
    with house_on(house_settings) as house:
        for turn in range(12):
            asyncio.run(gather(house, *(read(f"{turn} {n}") for n in range(32))))
        written = len(entries(house))
    place = [str(house_settings.home), house_settings.database_url, house_settings.keystore_url]
    for batches in (2, 4):
        done = subprocess.run(
            [sys.executable, "-c", DIES, *place, str(batches)], cwd=ROOT, timeout=PATIENCE, check=False
        )
        assert done.returncode == -signal.SIGKILL
        assert faults(house_settings) == []
    with house_on(house_settings) as house:
        assert filed(house) == 2 * 50 + 4 * 50, "what was committed stays, what was not is not there"
        assert len(look(house, limit=500)) >= written
        assert faults(house_settings) == []


ROOT = Path(__file__).parents[2]
#: Files so many batches, and is killed in the middle of the next: after its rows, before its commit.
DIES = """
import os, signal, sys
from gateway.settings import Settings
from vault.storage import filing, trail
from vault.storage.store import Database, make_engine

home, main, keys, batches = sys.argv[1:]
settings = Settings(home=home, database_url=main, keystore_url=keys)
database = Database(make_engine(settings.main_url))
database.connect()
own = filing.OwnFiling(database)
for _ in range(int(batches)):
    assert own.batch(50) == 50
database.begin()
assert filing.file_entries(own, 50) == 50
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_is_filed_needs_its_entry(house: House) -> None:
    house.services.worker.run(CASEWORK, read("one"))
    look(house)
    with house.services.store.main.engine.connect() as connection, pytest.raises(Exception, match=r"(?i)foreign key"):
        connection.execute(
            t.filed.insert().values(entry_id=bytes(16), at=house.clock.now(), **dict.fromkeys(FILED_FIELDS, ""))
        )


class Counting(OwnFiling):
    """Counts what is asked of the database."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.asked = 0

    def read(self, statement: Any) -> Any:
        self.asked += 1
        return super().read(statement)


def test_lanes_of_killed_processes_cost_a_look_nothing_and_one_that_goes_on_is_found(house: House) -> None:
    house.services.worker.run(CASEWORK, read("one"))
    look(house)
    own = Counting(connected(house))
    filing.file_before_a_look(own)
    before = own.asked
    rows = [bytes([0xEE, 0, 0, 0, 0, 0, *number.to_bytes(2, "big")]) for number in range(300)]
    body = b"{}"
    with house.services.store.main.engine.begin() as connection:
        now = house.clock.now()
        connection.execute(t.lanes.insert(), [{"lane": row, "zone": "casework", "opened_at": now} for row in rows])
        connection.execute(t.entries.insert(), [{"entry_id": row + bytes(8), "body": body} for row in rows])
    asked = own.asked
    assert own.batch() == len(rows)
    assert own.asked - asked > len(rows), "each has something new"
    asked = own.asked
    filing.file_before_a_look(own)
    assert own.asked - asked == before == 1
    risen = rows[150] + (1).to_bytes(8, "big")
    with house.services.store.main.engine.begin() as connection:
        connection.execute(t.entries.insert().values(entry_id=risen, body=body))
    assert risen.hex() in look(house, limit=500)
    own._database.close()
