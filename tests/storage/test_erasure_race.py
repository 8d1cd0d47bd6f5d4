"""Two processes that erase at once, and two heads that ask at once: each case is asked for, and erased, once."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import Any

import pytest

from gateway.auth.sessions import hash_token
from gateway.eraser import erase_all
from gateway.settings import Settings
from gateway.wiring import Services
from tests.api.support import entries
from tests.crash.checks import faults
from tests.erasures import approved, closed_case, rows
from tests.house import House, house_on
from tests.storage.test_booking_race import beside
from vault.errors import Conflict, VaultError
from vault.storage import tables as t
from vault.usecases import erasing, sign_in
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK


def at_once(*works: Any) -> list[Any]:
    """Each in a thread of its own, begun together: what it returned, or why it was refused."""
    told: list[Any] = []
    ready = threading.Barrier(len(works), timeout=60)

    def run(work: Any) -> None:
        ready.wait()
        try:
            told.append(work())
        except VaultError as refused:
            told.append(refused)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return told


@pytest.mark.parametrize("turn", range(3))
def test_what_two_processes_erase_is_erased_once(postgres_settings: Settings, turn: int) -> None:
    with house_on(postgres_settings) as house:
        cases = [closed_case(house) for _ in range(3)]
        for case in cases:
            approved(house, case)
        with beside(house) as other:
            told = at_once(*(lambda s=s: asyncio.run(erase_all(s)) for s in (house.services, other)))
        assert all(isinstance(each, int) for each in told), (turn, told)
        acts = [e["action"] for e in entries(house)]
        assert [acts.count(act) for act in ("erasure_begun", "erased", "erasure_lapsed")] == [3, 3, 0]
        assert {row["case_id"] for row in rows(house, t.tombstones)} == {parse_reference(case).raw for case in cases}
        assert faults(house.settings) == []


def test_of_two_heads_who_ask_at_once_one_has_asked(postgres_settings: Settings) -> None:
    with house_on(postgres_settings) as house, beside(house) as other:
        case = parse_reference(closed_case(house))
        house.client("head")

        def asking(services: Services) -> Any:
            def job(uow: Any) -> Any:
                actor = sign_in.authenticate(uow, hash_token(house.tokens["head"]), "10.0.0.7", house.clock)
                assert services.casework is not None
                post = services.correspondence[CASEWORK]
                return erasing.ask(uow, actor, case, "person_asks", services.casework, post)

            return services.worker.run(CASEWORK, job)

        told = at_once(partial(asking, house.services), partial(asking, other))
        assert sum(isinstance(each, dict) for each in told) == sum(isinstance(each, Conflict) for each in told) == 1
        assert len(rows(house, t.erasures)) == 1


def test_the_house_has_one_writer_on_sqlite(lite_house: House) -> None:
    """There the two wait for each other in one process."""
    case = closed_case(lite_house)
    approved(lite_house, case)

    async def both() -> list[int]:
        return await asyncio.gather(*(erase_all(lite_house.services) for _ in range(2)))

    assert sum(asyncio.run(both())) >= 1
    acts = [e["action"] for e in entries(lite_house)]
    assert [acts.count(act) for act in ("erasure_begun", "erased")] == [1, 1]
