"""Nothing leaves a zone at the hands of a session that an identity provider began, before its bearer stepped up."""

from __future__ import annotations

from tests.api.stage import calls
from tests.federation import entered, stepped_up
from tests.house import House
from vault.access.enforcement import lets_out
from vault.vocabulary import Action, Kind


def letting_out(house: House) -> dict[str, set[tuple[str, str]]]:
    """By operation: what leaves, of every route by which something leaves."""
    found = {}
    for operations in house.app.get("/openapi.json").json()["paths"].values():
        for described in operations.values():
            asks = described.get("x-parefeu") or {}
            every = [(asks["action"], asks["kind"]), *asks.get("also", ())] if asks.get("action") else []
            out = {(action, kind) for action, kind in every if lets_out(Action(action), Kind(kind))}
            if out:
                found[described["operationId"]] = out
    return found


def test_every_route_that_lets_something_out_wants_it(lite_house: House) -> None:
    house, plausible = lite_house, calls(lite_house)
    found = letting_out(house)
    assert {one for out in found.values() for one in out} == {
        ("release", kind) for kind in ("outcome_sheet", "referral", "grant", "ceremony", "disclosure", "access_report")
    } | {("sign", "ceremony")}
    for operation in found:
        call = plausible[operation]()
        subject = f"employee of {call.login}"
        token = entered(house, call.login, subject)
        headers = {"authorization": f"Bearer {token}"}
        refused = house.app.request(call.method, call.path, headers=headers, **call.payload)
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "step_up_needed"), operation
        stepped_up(house, call.login, token, subject)
        reply = house.app.request(call.method, call.path, headers=headers, **call.payload)
        assert reply.status_code == call.status, (operation, reply.text)
