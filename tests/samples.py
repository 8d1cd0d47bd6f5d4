"""What the tests of samples share: a head has a case drawn, reads it, says what came of it."""

from __future__ import annotations

from typing import Any, Final

from tests.house import House

ASK: Final[dict[str, Any]] = {"reason": "quality", "explanation": "Contrôle mensuel de la qualité des notes"}
FINDING: Final[dict[str, Any]] = {"finding": "Notes claires, conclusions expliquées"}


def ask(house: House, login: str = "head", **changed: Any) -> dict[str, Any]:
    """A sample that runs: its receipt."""
    reply = house.client(login).post("/samples", json=ASK | changed)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def drawn(house: House, login: str = "head", **changed: Any) -> str:
    """A sample that runs; its number."""
    number: str = ask(house, login, **changed)["sample"]
    return number


def done(house: House, number: str, login: str = "head", status: int = 201) -> dict[str, Any]:
    reply = house.client(login).post(f"/samples/{number}/end", json=FINDING)
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json()
    return found
