"""Two at once want one desk at one time: one wins, the other is told, whatever runs beside whatever.

On PostgreSQL two processes serve one database: here, two services with a connection each. On SQLite there is one
process; there the two wait in one group.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.auth.sessions import hash_token
from gateway.clock import SystemEntropy
from gateway.settings import Settings
from gateway.wiring import Services, build
from tests.crash.checks import faults
from tests.crash.snapshot import look
from tests.house import House, house_on, shipped_firewall
from tests.unit.crypto.kit import WeakFileRoot
from vault.cases.appointments import Channel, Occasion, Slot
from vault.errors import Clash, SlotTaken, VaultError
from vault.ids import CaseId
from vault.usecases import appointments, sign_in
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK

START = datetime(2026, 11, 17, 8, tzinfo=UTC)


def booking(cells: int = 1, later: int = 0, desk: str = "brussels-1") -> appointments.Booking:
    begin = START + later * timedelta(minutes=30)
    slot = Slot(begin, begin + cells * timedelta(minutes=30), Channel.DESK, desk)
    return appointments.Booking(slot, "fr", despite=True)


def work(
    house: House, services: Services, login: str, case: CaseId, wanted: appointments.Booking
) -> Callable[[Any], Any]:
    """The use case, as that member of staff."""
    hashed = hash_token(house.tokens[login])
    cmd = appointments.Book(case, Occasion.INTERVIEW, wanted)

    def job(uow: Any) -> Any:
        actor = sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock)
        return appointments.book(uow, actor, cmd, services.casework)

    return job


def cases(house: House, count: int) -> list[CaseId]:
    return [parse_reference(house.open_case(house.client("coach"))) for _ in range(count)]


@contextmanager
def beside(house: House) -> Iterator[Services]:
    """A second process on the same database."""
    services = build(
        house.settings, clock=house.clock, entropy=SystemEntropy(), root=WeakFileRoot, firewall=shipped_firewall()
    )
    try:
        yield services
    finally:
        services.close()


def held(house: House) -> list[bytes]:
    return [bytes(row["appointment_id"]) for row in look(house.settings)["desk_cells"] if row["appointment_id"]]


def test_of_two_in_one_group_one_wins(house: House) -> None:
    first, second = cases(house, 2)
    submit = house.services.worker.submit

    async def both() -> list[Any]:
        jobs = [work(house, house.services, "coach", case, booking(2)) for case in (first, second)]
        return await asyncio.gather(*(submit(CASEWORK, job) for job in jobs), return_exceptions=True)

    won, lost = asyncio.run(both())
    assert won["status"] == "booked"
    assert isinstance(lost, SlotTaken)
    assert len(held(house)) == 2
    assert faults(house.settings) == []


def test_of_two_processes_one_wins_each_time(postgres_settings: Settings) -> None:
    with house_on(postgres_settings) as house, beside(house) as other:
        mine = cases(house, 12)
        barrier = threading.Barrier(2)
        results: dict[int, list[Any]] = {0: [], 1: []}

        def run(number: int, services: Services) -> None:
            for turn in range(6):
                job = work(house, services, "coach", mine[2 * turn + number], booking(2, 2 * turn, "brussels-2"))
                barrier.wait()
                try:
                    results[number].append(services.worker.run(CASEWORK, job)["status"])
                except VaultError as refused:
                    results[number].append(refused.code)

        threads = [threading.Thread(target=run, args=pair) for pair in ((0, house.services), (1, other))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for pair in zip(results[0], results[1], strict=True):
            assert sorted(pair) == ["booked", "slot_taken"]
        assert len(held(house)) == 12
        other.close()
        assert faults(house.settings) == []


def test_groups_that_wait_for_each_other_crosswise_end_with_one_winner_each(postgres_settings: Settings) -> None:
    """Two groups of two bookings in opposite order: the database breaks the circle, the worker runs each alone."""
    with house_on(postgres_settings) as house, beside(house) as other:
        mine = cases(house, 4)
        wanted = [booking(1, 0), booking(1, 4)]
        barrier = threading.Barrier(2)
        results: list[Any] = []

        def run(services: Services, order: tuple[int, int], own: list[CaseId]) -> None:
            jobs = [work(house, services, "coach", case, wanted[n]) for case, n in zip(own, order, strict=True)]

            async def together() -> list[Any]:
                submit = services.worker.submit
                return await asyncio.gather(
                    *(submit(CASEWORK, job, quick=False) for job in jobs), return_exceptions=True
                )

            barrier.wait()
            results.extend(asyncio.run(together()))

        threads = [
            threading.Thread(target=run, args=(house.services, (0, 1), mine[:2])),
            threading.Thread(target=run, args=(other, (1, 0), mine[2:])),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        won = [one for one in results if isinstance(one, dict)]
        lost = [one for one in results if not isinstance(one, dict)]
        assert len(won) == 2
        assert [type(one) for one in lost] == [SlotTaken, SlotTaken]
        assert len(set(held(house))) == 2
        other.close()
        assert faults(house.settings) == []


def test_a_clash_is_no_lock_and_a_lost_slot_can_be_tried_elsewhere(lite_house: House) -> None:
    first, second = cases(lite_house, 2)
    run = lite_house.services.worker.run
    run(CASEWORK, work(lite_house, lite_house.services, "coach", first, booking()))
    careful = appointments.Booking(booking().slot, "fr")
    for wanted, refusal in ((careful, Clash), (booking(), SlotTaken)):
        with pytest.raises(refusal):
            run(CASEWORK, work(lite_house, lite_house.services, "coach", second, wanted))
    assert run(CASEWORK, work(lite_house, lite_house.services, "coach", second, booking(1, 1)))["status"] == "booked"
