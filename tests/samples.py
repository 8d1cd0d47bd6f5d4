"""What the tests of samples share: a head has a case drawn, reads it, says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gateway.auth.sessions import hash_token
from tests.house import STAFF, House
from vault.cases.case_samples import draw
from vault.ids import CaseId
from vault.usecases import case_samples, sign_in
from vault.usecases.casework import Casework, parse_reference
from vault.vocabulary import CASEWORK

ASK: Final[dict[str, Any]] = {"reason": "quality", "explanation": "Contrôle mensuel de la qualité des notes"}
FINDING: Final[dict[str, Any]] = {"finding": "Notes claires, conclusions expliquées"}


def ask(house: House, login: str = "head", **changed: Any) -> dict[str, Any]:
    """A sample that runs: its receipt."""
    reply = house.client(login).post("/samples", json=ASK | changed)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def drawn(house: House, login: str = "head", **changed: Any) -> str:
    """A sample that runs, of whichever case; its number."""
    number: str = ask(house, login, **changed)["sample"]
    return number


def done(house: House, number: str, login: str = "head", status: int = 201) -> dict[str, Any]:
    reply = house.client(login).post(f"/samples/{number}/end", json=FINDING)
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json()
    return found


class _Loaded:
    """The program's chance, but for one lot."""

    def __init__(self, house: House, seed: bytes) -> None:
        self._rest, self._seed, self._asked = house.services.casework.entropy, seed, 0  # type: ignore[union-attr]

    def bytes(self, count: int) -> bytes:
        self._asked += 1
        return self._seed if self._asked == 2 else self._rest.bytes(count)  # the sample's number, then the seed


def lot_on(house: House, login: str, case: CaseId) -> Callable[[], Casework]:
    """Casework of which the next lot falls on this case, as long as the same ones can be drawn: the lot is cast,
    outside, until it falls there. Call it for each use case that draws."""
    casework = house.services.casework
    assert casework is not None
    region = STAFF[login][2]

    def listed(uow: Any) -> list[CaseId]:
        found: list[CaseId] = uow.case_samples.listed(region, None, case_samples._DRAWN_FROM)
        return found

    names = sorted(casework.subject(one) for one in house.services.worker.run(CASEWORK, listed))
    place = names.index(casework.subject(case))
    seeds = (number.to_bytes(16) for number in range(100_000))
    seed = next(seed for seed in seeds if draw(names, seed).place == place)
    return lambda: replace(casework, entropy=_Loaded(house, seed))


def of(house: House, case: str, login: str = "head", explanation: str = ASK["explanation"]) -> str:
    """A sample of this very case. Its number."""
    house.client(login)
    hashed, loaded = hash_token(house.tokens[login]), lot_on(house, login, parse_reference(case))

    def job(uow: Any) -> Any:
        actor = sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock)
        return case_samples.ask(uow, actor, case_samples.Ask("quality", explanation), loaded())

    number: str = house.services.worker.run(CASEWORK, job)["sample"]
    return number
