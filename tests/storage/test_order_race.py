"""Two take in one order at once: one case, whatever runs beside whatever; the other asks again, and then knows.

On PostgreSQL two processes serve one database: here, two services with a connection each. On SQLite there is one
process; there the two wait in one group.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from gateway.api.order_models import OrderBody
from gateway.auth.sessions import hash_token
from gateway.settings import Settings
from gateway.wiring import Services
from tests.crash.checks import faults
from tests.crash.snapshot import look
from tests.house import House, house_on
from tests.orders import fresh_order
from tests.patience import PATIENCE
from tests.storage.test_booking_race import beside
from vault.errors import Conflict, VaultError
from vault.usecases import orders, sign_in
from vault.vocabulary import CASEWORK


def work(house: House, services: Services, body: dict[str, Any]) -> Callable[[Any], Any]:
    """The use case, as the desk."""
    house.client("desk")
    hashed = hash_token(house.tokens["desk"])
    cmd = orders.TakeIn(OrderBody.model_validate(body).order())

    def job(uow: Any) -> Any:
        actor = sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock)
        return orders.take_in(uow, actor, cmd, services.casework)

    return job


def test_of_two_in_one_group_the_second_finds_the_first(house: House) -> None:
    body = fresh_order()

    async def both() -> list[Any]:
        jobs = [work(house, house.services, body) for _ in range(2)]
        return await asyncio.gather(*(house.services.worker.submit(CASEWORK, job) for job in jobs))

    first, second = asyncio.run(both())
    assert (first["status"], second["status"]) == ("triaged", "same")
    assert len(look(house.settings)["cases"]) == 1
    assert faults(house.settings) == []


def test_of_two_processes_one_takes_it_in_each_time(postgres_settings: Settings) -> None:
    with house_on(postgres_settings) as house, beside(house) as other:
        for turn in range(1, 6):
            body, told = fresh_order(), list[Any]()
            pairs = [(services, work(house, services, body)) for services in (house.services, other)]
            barrier = threading.Barrier(2, timeout=PATIENCE)

            def act(services: Services, job: Callable[[Any], Any], told: list[Any] = told,
                    barrier: threading.Barrier = barrier) -> None:  # fmt: skip
                barrier.wait()
                try:
                    told.append(services.worker.run(CASEWORK, job)["status"])
                except VaultError as refused:
                    told.append(type(refused))

            threads = [threading.Thread(target=act, args=pair) for pair in pairs]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert told.count("triaged") == 1, told
            assert len(told) == 2
            assert set(told) <= {"triaged", "same", Conflict}
            assert house.services.worker.run(CASEWORK, work(house, house.services, body))["status"] == "same"
            assert len(look(house.settings)["cases"]) == turn
        assert faults(house.settings) == []
