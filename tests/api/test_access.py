"""Gated access, driven through the interface: asking, answering, granting, reading, taking back."""

from __future__ import annotations

from tests.asked import ASK, approve, approved, ask, grant, granted, revoke, taken
from tests.house import House


def test_a_request_goes_its_way_from_asking_to_reading(house: House) -> None:
    case = house.open_case(house.client("coach"))
    number = ask(house)
    seen = taken(house, number)
    assert seen["reference"] == case
    assert seen["asked_for"] == ["family_name", "procedure_pending"]
    assert seen["missing"] == ["regional_head", "dpo"]
    assert approve(house, number, "dpo")["standing"] == "open"
    assert approve(house, number, "head")["standing"] == "ready"
    release = grant(house, number)
    told = house.client("officer").get(f"/grants/{release}").json()
    assert (told["family_name"], told["procedure_pending"]) == ("Diallo", False)
    assert told["granted"] == ["family_name", "procedure_pending"]
    assert (told["given_names"], told["birth_date"], told["address"]) == (None, None, None)
    own = house.client("officer").get(f"/access-requests/{number}").json()
    assert (own["standing"], own["grant"]) == ("granted", release)
    assert revoke(house, release).status_code == 201
    assert house.client("officer").get(f"/grants/{release}").status_code == 404
