"""The program behind the store wall: every zone's process under its own database role, with its own keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bench.pg import Postgres
from gateway.auth.passwords import hash_password
from gateway.clock import SystemEntropy
from tests import excepted
from tests.attacks.walled import ZONES, houses_of, walled
from tests.house import CARITAS, CASE, FEDASIL, STAFF, House, make_keys
from vault.storage import tables as t
from vault.usecases import granting
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone


@pytest.fixture
def houses(postgres: Postgres, tmp_path: Path) -> Iterator[dict[Zone, House]]:
    """A process of each zone, in this process: each under its own role with its own keys."""
    settings = make_keys(tmp_path / "home")
    with walled(postgres) as made, houses_of(made, settings) as opened:
        yield opened


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
    ended = casework.consent(coach, case)
    caritas = houses[CARITAS].client("caritas")
    gone = casework.send(coach, case, ended)
    casework.answer(caritas, gone, "Nous avons vu Aminata Diallo.")
    [waiting] = casework.waiting(coach)
    taken = coach.post(f"/cases/{case}/referrals/{ended}/answers/{waiting['answer']}")
    assert taken.json()["message"] == "Nous avons vu [PERSONNE-1]."
    casework.withdraw(coach, case, ended)
    assert caritas.get(f"/referrals/{gone}").status_code == 404
    assert [line["release"] for line in caritas.get("/referrals").json()["referrals"]] == [referral]
    watched = houses[OVERSIGHT].client("dpo").get("/withdrawals?overdue=false").json()["withdrawals"]
    assert [(line["release"], line["authentic"], line["receipt"]) for line in watched] == [(gone, True, None)]
    assert caritas.post(f"/withdrawals/{gone}/receipt", json={"outcome": "deleted"}).status_code == 201
    assert caritas.get("/withdrawals").json()["withdrawals"][0]["receipt"] == "deleted"
    assert coach.get("/withdrawals?overdue=false").json()["withdrawals"][0]["receipt"] == "deleted"
    sheet = casework.hand_over(coach, head, case)
    officer, auditor = houses[FOLLOW_UP].client("officer"), houses[OVERSIGHT].client("auditor")
    assert officer.get(f"/sheets/{sheet}").json()["ov_number"] == CASE["ov_number"]
    assert houses[CARITAS].client("caritas").get(f"/referrals/{referral}").json()["family_name"] == "Diallo"
    assert houses[FEDASIL].client("fedasil").get(f"/referrals/{referral}").status_code == 404
    entries = auditor.get("/entries?limit=500").json()["entries"]
    assert {entry["zone"] for entry in entries} == {str(zone) for zone in ZONES}
    for entry in entries:
        assert auditor.get(f"/entries/{entry['entry']}/detail").status_code == 200


def test_a_lawful_exception_goes_from_zone_to_zone_under_their_own_roles(houses: dict[Zone, House]) -> None:
    """Casework files, oversight and casework sign, the recipient reads, casework destroys the recipient's key."""
    casework, court = houses[CASEWORK], houses[FEDASIL].client("fedasil")
    case = casework.open_case(casework.client("coach"))
    number = excepted.file(casework, case)
    for zone, login in ((OVERSIGHT, "dpo"), (CASEWORK, "head")):
        assert excepted.sign_for(houses[zone], number, login).status_code == 201
    release = excepted.disclose(casework, number)
    assert court.get(f"/disclosures/{release}").json()["family_name"] == "Diallo"
    assert houses[CARITAS].client("caritas").get(f"/disclosures/{release}").status_code == 404
    assert houses[FOLLOW_UP].client("officer").get(f"/grants/{release}").status_code == 404
    assert excepted.acknowledge(houses[OVERSIGHT], number).status_code == 201
    assert excepted.told(casework, case, number).status_code == 201
    assert excepted.revoke(casework, release).status_code == 201
    assert court.get(f"/disclosures/{release}").status_code == 404
    assert [line["notice"] for line in excepted.lines(casework, case)] == ["given"]


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


def test_what_oversight_stops_is_hidden_from_its_recipient_before_its_key_is_destroyed(
    houses: dict[Zone, House],
) -> None:
    """Three processes: oversight holds no key of casework's, so the key waits for casework. The rows do not."""
    casework, court = houses[CASEWORK], houses[FEDASIL].client("fedasil")
    number = excepted.file(casework, casework.open_case(casework.client("coach")))
    for zone, login in ((OVERSIGHT, "dpo"), (CASEWORK, "head")):
        assert excepted.sign_for(houses[zone], number, login).status_code == 201
    release = excepted.disclose(casework, number)
    assert court.get(f"/disclosures/{release}").status_code == 200
    raw, database = bytes.fromhex(release), houses[FEDASIL].services.store

    def seen() -> tuple[int, int]:
        """What an owner of the recipient's process finds past the program: copies, and keys that are there."""
        copy, wrap = t.releases.c.release_id == raw, func.length(t.wraps.c.wrap) > 0
        with database.main.engine.connect() as main, database.keystore.engine.connect() as keys:
            return (
                main.execute(select(func.count()).select_from(t.releases).where(copy)).scalar_one(),
                keys.execute(select(func.count()).select_from(t.wraps).where(wrap)).scalar_one(),
            )

    assert seen() == (1, 1)
    assert excepted.revoke(houses[OVERSIGHT], release, "dpo").status_code == 201
    assert court.get(f"/disclosures/{release}").status_code == 404
    assert seen() == (0, 1), "the key is there, and nothing to open with it"
    service = casework.services.casework
    assert service is not None
    assert casework.services.worker.run(CASEWORK, lambda uow: granting.destroy_keys(uow, service)) == 1
    assert seen() == (0, 0)
    assert court.get("/disclosures").json()["disclosures"] == []
    (over,) = court.get("/disclosures?ended=true").json()["disclosures"]
    assert (over["disclosure"], over["standing"], over["pseudonym"]) == (release, "revoked", None)
    assert excepted.revoke(casework, release).status_code == 409
