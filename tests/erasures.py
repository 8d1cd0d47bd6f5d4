"""Erasures in tests: a case with something of everything, and the way from asking to its end."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select

from gateway.eraser import erase_all
from tests.house import House
from tests.recorded import record_fact, set_task
from vault.storage import tables as t
from vault.storage.store import make_engine

#: What stands in the sealed records of such a case, and nowhere else.
NAME, NUMBER = "Diallo", "93051822361"


def closed_case(house: House, outcome: str = "STAY_OBTAINED") -> str:
    """A closed case with notes, facts, a task, a referral that ended, and its numbers in the index."""
    coach = house.client("coach")
    case = full_case(house)
    reply = coach.post(f"/cases/{case}/steps/close", json={"outcome": outcome})
    assert reply.status_code == 201, reply.text
    return case


def full_case(house: House) -> str:
    coach = house.client("coach")
    case = house.open_case(coach)
    house.write_note(coach, case)
    record_fact(coach, case, "sensitive", code="health", value="pregnancy")
    set_task(coach, case)
    return case


def ask(house: House, case: str, ground: str = "person_asks", login: str = "head") -> Any:
    return house.client(login).post(f"/cases/{case}/erasure", json={"ground": ground})


def approved(house: House, case: str, ground: str = "person_asks") -> str:
    reply = ask(house, case, ground)
    assert reply.status_code == 201, reply.text
    number: str = reply.json()["erasure"]
    said = house.client("dpo").post(f"/erasures/{number}/approve")
    assert said.status_code == 201, said.text
    return number


def carry_out(house: House) -> int:
    return asyncio.run(erase_all(house.services))


def erase(house: House, case: str, ground: str = "person_asks") -> str:
    number = approved(house, case, ground)
    assert carry_out(house) == 1
    return number


def rows(house: House, table: Any) -> list[dict[str, Any]]:
    url = house.settings.keys_url if table.metadata is t.keys else house.settings.main_url
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]
    finally:
        engine.dispose()
