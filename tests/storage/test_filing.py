"""The log's search columns: filed later, complete at every look, and never more than the entries say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway import background
from tests.api.support import entries
from tests.crash.checks import faults
from tests.house import House
from tests.storage.test_worker import gather, read
from vault.audit.events import FILED_FIELDS
from vault.audit.reading import EntryFilter
from vault.errors import StoreBusy
from vault.storage import filing
from vault.storage import tables as t
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


def test_too_much_at_once_is_said_and_then_caught_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing, "BEFORE_A_LOOK", 4)
    asyncio.run(gather(house, *(read(str(n)) for n in range(6))))
    with pytest.raises(StoreBusy, match="ask again"):
        look(house)
    assert filed(house) == 0, "a refused look writes nothing"
    monkeypatch.undo()
    assert len(look(house, limit=500)) == len(entries(house))


def test_a_process_files_when_nobody_waits(house: House) -> None:
    asyncio.run(gather(house, *(read(str(n)) for n in range(6))))

    async def serve_for_a_moment() -> None:
        task = asyncio.create_task(background.file_the_log(house.services.worker))
        for _ in range(500):
            await asyncio.sleep(0.01)
            if filed(house) == len(entries(house)):
                break
        task.cancel()

    asyncio.run(serve_for_a_moment())
    assert filed(house) == len(entries(house))
    assert faults(house.settings) == []


def test_what_is_filed_needs_its_entry(house: House) -> None:
    house.services.worker.run(CASEWORK, read("one"))
    look(house)
    with house.services.store.main.engine.connect() as connection, pytest.raises(Exception, match=r"(?i)foreign key"):
        connection.execute(
            t.filed.insert().values(entry_id=bytes(16), at=house.clock.now(), **dict.fromkeys(FILED_FIELDS, ""))
        )
