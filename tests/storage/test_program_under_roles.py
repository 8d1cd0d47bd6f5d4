"""The program behind the store wall: every zone's process under its own database role, with its own keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.pg import Postgres
from gateway.auth.passwords import hash_password
from gateway.clock import SystemEntropy
from tests.attacks.walled import ZONES, walled
from tests.house import CARITAS, CASE, FEDASIL, STAFF, House, furnish, house_on, make_keys
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone


@pytest.fixture
def houses(postgres: Postgres, tmp_path: Path) -> Iterator[dict[Zone, House]]:
    """A process of each zone, in this process: each under its own role with its own keys."""
    settings = make_keys(tmp_path / "home")
    with walled(postgres) as made:
        furnish(settings.model_copy(update={"database_url": made.main, "keystore_url": made.keys}))
        contexts = {zone: house_on(made.settings(settings, zone)) for zone in ZONES}
        opened = {zone: context.__enter__() for zone, context in contexts.items()}
        try:
            yield opened
        finally:
            for context in contexts.values():
                context.__exit__(None, None, None)


def test_one_case_from_end_to_end_with_every_zone_under_its_own_role(houses: dict[Zone, House]) -> None:
    casework = houses[CASEWORK]
    coach, head = casework.client("coach"), casework.client("head")
    case = casework.open_case(coach)
    note = casework.write_note(coach, case)
    revised = {"text": "Deuxième version.", "language": "fr", "template": "intake", "based_on": 1}
    assert coach.put(f"/cases/{case}/notes/{note}", json=revised).status_code == 200
    assert coach.get(f"/cases/{case}/notes/{note}").json()["text"] == "Deuxième version."
    assert coach.post("/find", json={"field": "ov_number", "value": CASE["ov_number"]}).json()["cases"] != []
    assert coach.post("/search", json={"word": "version"}).json()["notes"] != []
    referral = casework.refer(coach, case)
    sheet = casework.hand_over(coach, head, case)
    officer, auditor = houses[FOLLOW_UP].client("officer"), houses[OVERSIGHT].client("auditor")
    assert officer.get(f"/sheets/{sheet}").json()["ov_number"] == CASE["ov_number"]
    assert houses[CARITAS].client("caritas").get(f"/referrals/{referral}").json()["family_name"] == "Diallo"
    assert houses[FEDASIL].client("fedasil").get(f"/referrals/{referral}").status_code == 404
    entries = auditor.get("/entries?limit=500").json()["entries"]
    assert {entry["zone"] for entry in entries} == {str(zone) for zone in ZONES}
    for entry in entries:
        assert auditor.get(f"/entries/{entry['entry']}/detail").status_code == 200


@pytest.mark.parametrize("login", ["coach", "officer", "caritas", "auditor"])
def test_signing_in_works_under_each_role(houses: dict[Zone, House], login: str) -> None:
    house = houses[STAFF[login][0]]
    house.hire(login, password=hash_password("correct horse battery", SystemEntropy()))
    client = house.client(login)
    wrong = {"login": login, "password": "wrong", "code": "000000"}
    assert [client.post("/session", json=wrong).status_code for _ in range(8)][-1] == 429
    house.clock.move(minutes=30)
    right = {"login": login, "password": "correct horse battery", "code": house.code(login)}
    assert client.post("/session", json=right).status_code == 201
    assert client.get("/session").status_code == 200
    assert client.delete("/session").status_code == 204
    assert client.get("/session").status_code == 401
