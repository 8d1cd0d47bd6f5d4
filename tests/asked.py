"""What the tests of gated access share: a request and the way to a grant."""

from __future__ import annotations

from typing import Any, Final

from tests.house import House

Json = dict[str, Any]

ASK: Final[Json] = {
    "about": {"by": "ov_number", "value": "8.123.456"},
    "fields": ["family_name", "procedure_pending"],
    "basis": "oqt_execution",
    "reason": "Reservation d'un vol, identité à confirmer",
    "hours": 24,
}


def ask(house: House, login: str = "officer", **changed: Any) -> str:
    """File a request; its number."""
    reply = house.client(login).post("/access-requests", json=ASK | changed)
    assert reply.status_code == 201, reply.text
    number: str = reply.json()["request"]
    return number


def taken(house: House, number: str, head: str = "head") -> Json:
    """As it lies before the head once the list was looked at."""
    assert house.client(head).get("/access-requests").status_code == 200
    found: Json = house.client(head).get(f"/access-requests/{number}").json()
    return found


def approve(house: House, number: str, login: str, **changed: Any) -> Json:
    reply = house.client(login).post(f"/access-requests/{number}/approval", json={"based_on": 1} | changed)
    assert reply.status_code == 201, reply.text
    found: Json = reply.json()
    return found


def approved(house: House, **changed: Any) -> str:
    """A request that both functions approved; its number."""
    number = ask(house, **changed)
    taken(house, number)
    approve(house, number, "dpo")
    approve(house, number, "head")
    return number


def grant(house: House, number: str, head: str = "head") -> str:
    reply = house.client(head).post(f"/access-requests/{number}/grant")
    assert reply.status_code == 201, reply.text
    release: str = reply.json()["grant"]
    return release


def granted(house: House, **changed: Any) -> str:
    """A live grant of the case that `House.open_case` opens; its number."""
    return grant(house, approved(house, **changed))


def revoke(house: House, release: str, login: str = "head", reason: str = "no_longer_needed") -> Any:
    return house.client(login).post(f"/grants/{release}/revocation", json={"reason": reason})
