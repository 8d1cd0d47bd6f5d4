"""Erasing a case through the interface: who asks, who agrees, what holds, and what every road answers afterwards."""

from __future__ import annotations

from tests.erasures import approved, ask, carry_out, closed_case, erase, full_case, rows
from tests.house import House
from vault.storage import tables as t


def test_a_case_is_erased_when_its_head_asked_and_the_officer_agreed(house: House) -> None:
    case, other = closed_case(house), full_case(house)
    number = approved(house, case)
    [asked] = house.client("dpo").get("/erasures").json()["erasures"]
    assert (asked["erasure"], asked["standing"], asked["cause"]) == (number, "approved", "person_asks")
    assert carry_out(house) == 1
    [stone] = rows(house, t.tombstones)
    assert stone["done_at"] is not None
    [buried] = rows(house, t.buried_cases)
    assert buried["case_id"] == stone["case_id"]
    raw = stone["case_id"]
    for table in t.main.sorted_tables:
        if "case_id" in table.c and table.name not in ("cases", "data_keys", "tombstones", "buried_keys", "erasure_cases"):
            assert not [row for row in rows(house, table) if row["case_id"] == raw], table.name
    keys = {row["key_id"] for row in rows(house, t.buried_keys)}
    wraps = {row["key_id"]: row["wrap"] for row in rows(house, t.wraps)}
    assert keys
    assert all(wraps[key] == b"" for key in keys)
    assert all(wraps[row["key_id"]] for row in rows(house, t.data_keys) if row["case_id"] != raw)
    coach = house.client("coach")
    assert coach.get(f"/cases/{other}").status_code == 200
    assert coach.get(f"/cases/{case}").status_code == 404
