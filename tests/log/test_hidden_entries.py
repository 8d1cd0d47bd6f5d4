"""Whoever owns a zone's database role puts entries into its lanes before their time. No look at the log misses one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.cli.doctoring import look
from tests.api.support import entries
from tests.house import House
from tests.log.kit import Keeper
from vault.storage import filing
from vault.storage import tables as t

LAST = (1 << 64) - 1


def put(house: House, lane: str, number: int, body: bytes, *, run: int = 1) -> None:
    entry = bytes.fromhex(lane) + number.to_bytes(8, "big")
    with house.services.store.main.engine.begin() as connection:
        connection.execute(t.entries.insert().values(entry_id=entry, body=body))
        connection.execute(t.outbox.insert().values(entry_id=entry, epoch=0, detail=None, run=run))


def well_made(example: dict[str, Any], number: int, **words: Any) -> bytes:
    own = {"entry": example["lane"] + number.to_bytes(8, "big").hex(), "number": number}
    return json.dumps({**example, **own, **words}, sort_keys=True, separators=(",", ":")).encode()


def found(house: House, **asked: Any) -> list[str]:
    heard = house.client("auditor").get("/entries", params={"limit": 200, **asked})
    assert heard.status_code == 200, heard.text
    return [line["entry"] for line in heard.json()["entries"]]


@pytest.mark.parametrize("number", [400, LAST])
def test_an_entry_ahead_of_a_lane_hides_none_of_those_that_come(keeper: Keeper, number: int) -> None:
    """What its coaches open afterwards must stay findable."""
    house = keeper.house
    coach, auditor = house.client("coach"), house.client("auditor")
    case = house.open_case(coach)
    example = next(entry for entry in reversed(entries(house)) if entry["subject"] and entry["zone"] == "casework")
    keeper.turn()
    found(house)
    put(house, example["lane"], number, well_made(example, number, zone="follow_up", action="unheard_of"))
    found(house)
    for _ in range(2):  # in one turn, and in another
        keeper.turn()
        assert coach.get(f"/cases/{case}").status_code == 200
        assert coach.get(f"/cases/{case}").status_code == 200
    keeper.turn()
    reads = [each["entry"] for each in entries(house) if (each["action"], each["kind"]) == ("read", "case")]
    assert len(reads) == 4
    assert set(found(house, action="read", kind="case")) == set(reads)
    assert {*found(house)} >= {each["entry"] for each in entries(house) if each["zone"] == "casework"}
    assert auditor.get("/log-state").json()["gaps"] > 0, "and it is said"
    assert not [fault for fault in look(house.settings, house.clock) if fault.check.name == "log_filing"]


@pytest.mark.parametrize("restarted", [False, True])
def test_what_comes_after_the_end_of_a_lane_is_found_and_said(keeper: Keeper, restarted: bool) -> None:
    """A process that was taken over says that its lane is over, and goes on in it."""
    house = keeper.house
    coach = house.client("coach")
    house.open_case(coach)
    example = next(entry for entry in reversed(entries(house)) if entry["subject"] and entry["zone"] == "casework")
    own = example | {"lane": "5a" * 8, "zone": "follow_up", "previous": "00" * 32}
    with house.services.store.main.engine.begin() as connection:
        connection.execute(
            t.lanes.insert().values(lane=bytes.fromhex(own["lane"]), zone="follow_up", opened_at=house.clock.now())
        )
    put(house, own["lane"], 0, well_made(own, 0, action="lane_closed"))
    keeper.turn()
    found(house)
    if restarted:
        keeper.move(keeper.store)
    for number in (1, 2):
        put(house, own["lane"], number, well_made(own, number, action="read", kind="outcome_sheet"))
        keeper.turn()
        assert len([each for each in found(house) if each.startswith(own["lane"])]) == number + 1
    assert house.client("auditor").get("/log-state").json()["gaps"] > 0


def test_a_number_that_nobody_counted_to_keeps_no_look_waiting(house: House) -> None:
    coach = house.client("coach")
    house.open_case(coach)
    example = next(entry for entry in reversed(entries(house)) if entry["zone"] == "casework")
    found(house)
    number = filing.BEFORE_A_LOOK * 3
    put(house, example["lane"], number, well_made(example, number, action="unheard_of"))
    assert found(house)
