"""What was told does not leave, also when a record is authentic and everything else is in order."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.auth.sessions import hash_token
from tests.asked import approved
from tests.house import CASE, House
from vault.access.enforcement import Permit
from vault.cases.people import Identity, Person
from vault.pseudonyms import domain_of
from vault.storage import tables as t
from vault.usecases import sign_in
from vault.usecases.casework import parse_reference
from vault.usecases.open_case import record_for
from vault.vocabulary import CASEWORK, FOLLOW_UP, Action, Kind, Provenance, Purpose


def may_confide(house: House, case: str) -> Permit:
    """The coach's permit to write the identity of an open case."""
    casework, wanted = house.services.casework, parse_reference(case)
    assert casework is not None
    hashed = hash_token(house.tokens["coach"])

    def job(uow: Any) -> Permit:
        actor = sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock)
        return casework.ask(
            uow, actor, Action.WRITE, Kind.IDENTITY, uow.cases.get(wanted), purpose=Purpose.COACHING,
            asked=record_for(wanted, Kind.IDENTITY, casework).hex(),
        )  # fmt: skip

    permit: Permit = house.services.worker.run(CASEWORK, job)
    return permit


def confide_identity(house: House, case: str, permit: Permit | None = None) -> None:
    """Seal another version of the identity, as something that was told: no screen does that, a mistake could."""
    casework, wanted = house.services.casework, parse_reference(case)
    assert casework is not None
    allowed = permit or may_confide(house, case)

    def job(uow: Any) -> None:
        casework.keeper.write(
            uow, allowed, kind=Kind.IDENTITY, case=wanted, record=record_for(wanted, Kind.IDENTITY, casework),
            version=2, plaintext=Identity((Person("Confié", "Nom"),), "9999999", "OQT-DIT-1").encode(),
            author=allowed.actor, at=house.clock.now(), provenance=Provenance.INTERVIEW,
        )  # fmt: skip

    house.services.worker.run(CASEWORK, job)


def releases(house: House) -> int:
    with house.services.store.main.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(t.releases)).scalar_one())


@pytest.fixture
def confided(lite_house: House) -> tuple[House, str]:
    case = lite_house.open_case(lite_house.client("coach"), contact=CASE["contact"] | {"provenance": "admin"})
    return lite_house, case


def test_a_number_that_was_told_is_on_no_sheet(confided: tuple[House, str]) -> None:
    house, case = confided
    coach, head = house.client("coach"), house.client("head")
    house.begin_closing(coach, case)
    confide_identity(house, case)
    before = releases(house)
    reply = head.post(f"/cases/{case}/steps/hand-over")
    assert (reply.status_code, reply.json()["type"].rpartition(":")[2]) == (500, "provenance_refused")
    assert "9999999" not in reply.text
    assert releases(house) == before, "neither copy left"
    assert coach.get(f"/cases/{case}").json()["state"] != "handed_over"
    assert house.client("officer").get("/sheets").json()["sheets"] == []


def test_upon_a_number_nothing_goes_once_the_official_file_bears_none(confided: tuple[House, str]) -> None:
    """Whether the case is the one that was asked about can be held against the official file alone."""
    house, case = confided
    request = approved(house)
    confide_identity(house, case)
    before = releases(house)
    reply = house.client("head").post(f"/access-requests/{request}/grant")
    assert (reply.status_code, "no identity" in reply.json()["detail"]) == (409, True)
    assert releases(house) == before


def test_a_name_that_was_told_is_in_no_grant(confided: tuple[House, str]) -> None:
    house, case = confided
    permit = may_confide(house, case)
    house.hand_over(house.client("coach"), house.client("head"), case)  # whose sheet would be refused afterwards
    confide_identity(house, case, permit)
    casework = house.services.casework
    assert casework is not None
    name = casework.pseudonyms.token(domain_of(FOLLOW_UP), parse_reference(case)).text
    request = approved(house, about={"by": "pseudonym", "value": name})
    reply = house.client("head").post(f"/access-requests/{request}/grant")
    assert reply.status_code == 201, reply.text
    told = house.client("officer").get(f"/grants/{reply.json()['grant']}").json()
    assert told["family_name"] is None, "the official file has none any more"
    assert "Confié" not in str(told)


def test_a_partner_gets_what_the_person_agreed_to_wherever_it_comes_from(confided: tuple[House, str]) -> None:
    house, case = confided
    confide_identity(house, case)
    release = house.refer(house.client("coach"), case, "caritas")
    assert house.client("caritas").get(f"/referrals/{release}").json()["family_name"] == "Confié"
