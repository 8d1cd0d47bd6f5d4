"""Recovery codes: shown once, each good once, in place of the six digits and of nothing else."""

from __future__ import annotations

from typing import Any

from tests.api.support import entries
from tests.crash.checks import faults
from tests.house import House, prefix_of
from tests.passkeys import PASSWORD, fresh_code, hire
from vault.vocabulary import CASEWORK


def make(house: House, login: str = "coach", **changed: str) -> Any:
    body = {"password": PASSWORD, "code": fresh_code(house, login)} | changed
    return house.client(login).post("/recovery-codes", json=body)


def sign_in(house: House, code: str, password: str = PASSWORD, login: str = "coach") -> Any:
    body = {"login": login, "password": password, "code": code}
    return house.app.post(f"{prefix_of(CASEWORK)}/session", json=body)


def test_a_code_signs_in_once_and_its_owner_is_told(house: House) -> None:
    hire(house, "coach")
    coach = house.client("coach")
    assert coach.get("/recovery-codes").json() == {"left": 0, "made_at": None, "used": []}
    made = make(house)
    codes = made.json()["codes"]
    assert made.status_code == 201
    assert len(set(codes)) == 10
    typed = codes[3].lower().replace("-", " ").replace("0", "o").replace("1", "i")
    reply = sign_in(house, typed)
    assert reply.status_code == 201
    assert len(reply.json()["recovery_codes_used"]) == 1
    assert sign_in(house, codes[3]).status_code == 401, "it was used"
    assert coach.get("/recovery-codes").json()["left"] == 9
    again = sign_in(house, fresh_code(house, "coach")).json()
    assert again["recovery_codes_used"] == reply.json()["recovery_codes_used"], "told at the next sign-in, however"
    assert "recovery_codes_used" not in sign_in(house, fresh_code(house, "coach")).json(), "and no more after that"
    acts = [(entry["action"], entry["count"]) for entry in entries(house) if "recovery" in entry["action"]]
    assert acts == [("recovery_codes_made", 10), ("recovery_code_used", 9)]
    assert faults(house.settings) == []


def test_a_code_stands_for_no_password_and_for_nobody_else(lite_house: House) -> None:
    house = lite_house
    hire(house, "coach", "colleague")
    [first, second, *_] = make(house).json()["codes"]
    assert sign_in(house, first, "wrong, but long enough").status_code == 401
    assert sign_in(house, first, login="colleague").status_code == 401
    assert sign_in(house, first).status_code == 201
    assert make(house, code=second).status_code == 201, "it proves as much where a code is asked again"


def test_a_new_set_voids_the_old_one(lite_house: House) -> None:
    house = lite_house
    hire(house, "coach")
    old, new = make(house).json()["codes"], make(house).json()["codes"]
    assert not set(old) & set(new)
    assert sign_in(house, old[0]).status_code == 401
    assert sign_in(house, new[0]).status_code == 201


def test_a_set_needs_password_and_code_again(lite_house: House) -> None:
    house = lite_house
    hire(house, "coach")
    kept = make(house).json()["codes"]
    house.clock.move(minutes=20)
    assert make(house, password="wrong, but long enough").status_code == 401
    assert make(house, code="123").status_code == 401
    assert sign_in(house, kept[0]).status_code == 201, "a refused request voids nothing"


def test_no_code_lies_in_the_database(lite_house: House) -> None:
    house = lite_house
    hire(house, "coach")
    codes = make(house).json()["codes"]
    house.close()
    stored = b"".join(path.read_bytes() for path in house.settings.home.glob("*.db*"))
    house.reopen()
    for code in codes:
        assert code.encode() not in stored
        assert code.replace("-", "").encode() not in stored
