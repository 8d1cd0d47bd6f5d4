"""What the tests of emergencies share: a colleague asks, a head opens."""

from __future__ import annotations

from typing import Any, Final

from tests.house import House

ASK: Final[dict[str, Any]] = {"cause": "health", "reason": "L'hôpital appelle, elle a perdu connaissance"}


def ask(house: House, case: str, login: str = "colleague", **changed: Any) -> str:
    """An emergency about this case that waits; its number."""
    reply = house.client(login).post(f"/cases/{case}/emergencies", json=ASK | changed)
    assert reply.status_code == 201, reply.text
    number: str = reply.json()["emergency"]
    return number


def act(house: House, number: str, what: str, login: str = "head", status: int = 201) -> dict[str, Any]:
    reply = house.client(login).post(f"/emergencies/{number}/{what}")
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json()
    return found


def opened(house: House, case: str, login: str = "colleague", second: str = "head") -> str:
    """An emergency that is open; its number."""
    number = ask(house, case, login)
    act(house, number, "opening", second)
    return number
