"""Two asks at the edge of a month's budget, two ends of one sample: one wins, whatever runs beside whatever.

On PostgreSQL two processes serve one database: here, two services with a connection each. On SQLite there is one
process; there the two wait in one group.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.auth.sessions import hash_token
from gateway.settings import Settings
from gateway.wiring import Services
from tests.crash.checks import faults
from tests.crash.snapshot import look
from tests.house import House, house_on
from tests.patience import PATIENCE
from tests.samples import ASK, drawn
from tests.storage.test_booking_race import beside
from vault.errors import BudgetSpent, Conflict, NotFound, VaultError
from vault.ids import CaseSampleId
from vault.usecases import case_samples, sign_in
from vault.vocabulary import CASEWORK

EDGE = (Path(__file__).parents[1] / "case_samples.toml").read_text("utf-8").replace("month = 50", "month = 2")
FINDING = "Notes claires et complètes"
#: What the head does, at one of the services.
Act = Callable[[Any, Any, Services], Any]


@contextmanager
def at_the_edge(settings: Settings, folder: Path) -> Iterator[tuple[House, str]]:
    """A head who has one case left of two, and a sample that runs."""
    (folder / "edge.toml").write_text(EDGE, "utf-8")
    with house_on(settings.model_copy(update={"samples_file": folder / "edge.toml"})) as house:
        house.open_case(house.client("coach"))
        yield house, drawn(house)


def asking(uow: Any, actor: Any, services: Services) -> Any:
    assert services.casework is not None
    return case_samples.ask(uow, actor, case_samples.Ask(ASK["reason"], ASK["explanation"]), services.casework)


def ending(number: str) -> Act:
    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        return case_samples.end(uow, actor, CaseSampleId.parse(number), FINDING, services.casework)

    return act


def as_head(house: House, services: Services, act: Act) -> Callable[[Any], Any]:
    hashed = hash_token(house.tokens["head"])
    return lambda uow: act(uow, sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock), services)


def in_one_group(house: House, act: Act) -> list[Any]:
    async def both() -> list[Any]:
        jobs = [as_head(house, house.services, act) for _ in range(2)]
        submitted = (house.services.worker.submit(CASEWORK, job) for job in jobs)
        return await asyncio.gather(*submitted, return_exceptions=True)

    return asyncio.run(both())


def in_two_processes(house: House, other: Services, act: Act) -> list[Any]:
    told: list[Any] = []
    ready = threading.Barrier(2, timeout=PATIENCE)

    def run(services: Services) -> None:
        job = as_head(house, services, act)
        ready.wait()
        try:
            told.append(services.worker.run(CASEWORK, job))
        except VaultError as refused:
            told.append(refused)

    threads = [threading.Thread(target=run, args=(services,)) for services in (house.services, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return told


def won_once(told: list[Any], lost: tuple[type[VaultError], ...]) -> bool:
    return len(told) == 2 and sum(isinstance(e, dict) for e in told) == 1 and any(isinstance(e, lost) for e in told)


def test_of_two_asks_in_one_group_one_is_drawn(house_settings: Settings, tmp_path: Path) -> None:
    with at_the_edge(house_settings, tmp_path) as (house, _):
        assert won_once(in_one_group(house, asking), (BudgetSpent,))
        assert len(look(house.settings)["case_samples"]) == 2
        assert faults(house.settings) == []


def test_of_two_asks_of_two_processes_one_is_drawn(postgres_settings: Settings, tmp_path: Path) -> None:
    with at_the_edge(postgres_settings, tmp_path) as (house, _), beside(house) as other:
        assert won_once(in_two_processes(house, other, asking), (BudgetSpent, Conflict))
        assert len(look(house.settings)["case_samples"]) == 2
        other.close()
        assert faults(house.settings) == []


@pytest.mark.parametrize("turn", range(3))
def test_a_sample_that_two_processes_end_is_ended_once(postgres_settings: Settings, tmp_path: Path, turn: int) -> None:
    with at_the_edge(postgres_settings, tmp_path) as (house, number), beside(house) as other:
        assert won_once(in_two_processes(house, other, ending(number)), (Conflict, NotFound)), turn
        assert len(look(house.settings)["case_sample_ends"]) == 1
        other.close()
        assert faults(house.settings) == []


def test_a_sample_that_one_group_ends_twice_is_ended_once(house_settings: Settings, tmp_path: Path) -> None:
    with at_the_edge(house_settings, tmp_path) as (house, number):
        assert won_once(in_one_group(house, ending(number)), (NotFound, Conflict))
        assert len(look(house.settings)["case_sample_ends"]) == 1
        assert faults(house.settings) == []
