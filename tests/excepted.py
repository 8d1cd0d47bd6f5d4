"""What the tests of lawful exceptions share: one filed, signed for, let go. A partner stands in for a court."""

from __future__ import annotations

from typing import Any, Final

from tests import asked
from tests.house import House

Json = dict[str, Any]

RECIPIENT: Final = "fedasil"
FILE: Final[Json] = {
    "basis": "court_order",
    "recipient": "partner:fedasil",
    "items": ["family_name", "birth_date", "address"],
    "reason": "Ordonnance du juge d'instruction du 2 novembre",
    "hours": 72,
}
SILENCE: Final[Json] = {"ground": "secret_inquiry", "until": "2026-12-31"}


def fact_of(house: House, case: str, login: str = "coach", compartment: str = "sensitive", **changed: Any) -> str:
    """A recorded fact of the case; its number."""
    body = {
        "code": "health", "value": "pregnancy", "detail": "Ce qu'elle a confié.", "language": "fr",
        "provenance": "interview",
    } | changed  # fmt: skip
    reply = house.client(login).post(f"/cases/{case}/facts/{compartment}", json=body)
    assert reply.status_code == 201, reply.text
    found: str = reply.json()["record"]
    return found


def file(house: House, case: str, login: str = "coach", **changed: Any) -> str:
    """File one; the request's number."""
    reply = house.client(login).post(f"/cases/{case}/exceptions", json=FILE | changed)
    assert reply.status_code == 201, reply.text
    number: str = reply.json()["request"]
    return number


def sign_for(house: House, number: str, login: str, **changed: Any) -> Any:
    """Approve all that may be answered with one's own signature; the reply."""
    return asked.sign_for(house, number, login, "answerable", **changed)


def signed(house: House, case: str, **changed: Any) -> str:
    """One that both functions signed for; the request's number."""
    number = file(house, case, **changed)
    for login in ("dpo", "head"):
        reply = sign_for(house, number, login)
        assert reply.status_code == 201, reply.text
    return number


def disclose(house: House, number: str, login: str = "head") -> str:
    """Let it go; the disclosure's number."""
    reply = house.client(login).post(f"/access-requests/{number}/disclosure")
    assert reply.status_code == 201, reply.text
    release: str = reply.json()["disclosure"]
    return release


def disclosed(house: House, case: str, **changed: Any) -> tuple[str, str]:
    """One that left; the numbers of request and disclosure."""
    number = signed(house, case, **changed)
    return number, disclose(house, number)


def read(house: House, disclosure: str, login: str = RECIPIENT) -> Any:
    return house.client(login).get(f"/disclosures/{disclosure}")


def revoke(house: House, disclosure: str, login: str = "head", reason: str = "misused") -> Any:
    return house.client(login).post(f"/disclosures/{disclosure}/revocation", json={"reason": reason})


def told(house: House, case: str, number: str, login: str = "coach") -> Any:
    return house.client(login).post(f"/cases/{case}/exceptions/{number}/notice")


def acknowledge(house: House, number: str, login: str = "dpo") -> Any:
    return house.client(login).post(f"/access-requests/{number}/acknowledgement")


def lines(house: House, case: str, login: str = "coach") -> list[Json]:
    found: list[Json] = house.client(login).get(f"/cases/{case}/exceptions").json()["exceptions"]
    return found
