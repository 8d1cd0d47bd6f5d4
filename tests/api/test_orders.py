"""Orders from the official file: whole or not at all, once, where they belong; nothing is told of other regions."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from sqlalchemy import select

from gateway.settings import Settings
from tests.api.stage_people import People
from tests.api.support import comparable, counts, entries, since
from tests.crash.checks import faults
from tests.crash.hooks import watched
from tests.house import CASE, Caller, House, house_on
from tests.orders import CHILD, HEAD, ORDER, fresh_order
from vault.storage import tables as t


def take(caller: Caller, body: dict[str, Any], **how: bool) -> dict[str, Any]:
    reply = caller.post("/orders", json=body | how)
    assert reply.status_code == 200, reply.text
    told: dict[str, Any] = reply.json()
    return told


def rows(house: House) -> dict[str, int]:
    """How many rows there are of everything but the log."""
    return {table: count for table, count in counts(house).items() if table not in {"entries", "outbox", "lanes"}}


def identity(house: House, reference: str) -> dict[str, Any]:
    """Who the people are, as the coach reads it to whom the head gives the case."""
    coach = house.client("coach")
    given = house.client("head").post(f"/cases/{reference}/assignment", json={"coach": house.staff["coach"].id.hex()})
    assert given.status_code == 200, given.text
    found: dict[str, Any] = coach.get(f"/cases/{reference}/identity").json()
    return found


def test_an_order_opens_and_triages_its_case(house: House) -> None:
    desk, before = house.client("desk"), len(entries(house))
    told = take(desk, ORDER | {"people": [HEAD, CHILD]})
    assert told == {
        "status": "triaged", "reference": told["reference"], "state": "triaged", "version": 2, "region": "brussels",
        "coach_type": "families", "criterion": "ADDRESS", "missing": [], "differing": [],
    }  # fmt: skip
    assert [(e["action"], e["kind"], e["outcome"]) for e in since(house, before)] == [
        ("create", "order", "triaged"), ("create", "case", "opened"), ("entrusted", "case", "brussels"),
        ("triage", "case", "triage"),
    ]  # fmt: skip
    found = identity(house, told["reference"])
    assert [person["relation"] for person in found["people"]] == ["head", "child"]
    contact = house.client("coach").get(f"/cases/{told['reference']}/contact").json()
    assert (contact["address"], contact["provenance"]) == ("rue des Tilleuls-Inventés 14, 1000 Bruxelles", "admin")
    status = house.client("coach").get(f"/cases/{told['reference']}").json()
    assert (status["origin"], status["notified_on"], status["term_end"]) == ("order", "2026-10-28", "2026-11-27")
    assert faults(house.settings) == []


def test_the_same_order_again_changes_nothing_and_another_content_is_told(house: House) -> None:
    desk, first = house.client("desk"), take(house.client("desk"), ORDER)
    before = rows(house)
    again = take(desk, ORDER | {"oqt_reference": " oqt-2026 / 1 "})
    assert (again["status"], again["reference"], again["version"]) == ("same", first["reference"], 2)
    for changed in ({"procedure_pending": True}, {"people": [HEAD, CHILD]}, {"street": "ailleurs 1"}):
        told = take(desk, ORDER | changed)
        assert (told["status"], told["reference"], told["version"]) == ("differs", first["reference"], 2)
        assert take(desk, ORDER | changed, complete=True)["status"] == "differs", "a case that was triaged stays"
    assert rows(house) == before
    assert take(desk, ORDER)["status"] == "same"


def test_the_facts_of_the_official_file_are_brought_up_to_date_and_nothing_else(house: House) -> None:
    desk, body = house.client("desk"), fresh_order()
    told = take(desk, body)
    identity(house, told["reference"])  # it has a coach now: version 3
    fresh = body | {"procedure_pending": True, "fitness_check": True, "term_end": "2026-12-15"}
    assert take(desk, fresh)["differing"] == ["facts"]
    assert take(desk, fresh | {"phone": "02 000 00 00"}, update=True)["differing"] == ["household", "facts"]
    assert take(desk, fresh, update=True, look=True)["status"] == "updated"
    before = len(entries(house))
    done = take(desk, fresh, update=True)
    assert (done["status"], done["version"], done["state"]) == ("updated", 4, "triaged")
    assert [(e["action"], e["kind"], e["outcome"]) for e in since(house, before)] == [("write", "order", "updated")]
    status = house.client("coach").get(f"/cases/{told['reference']}").json()
    assert (status["procedure_pending"], status["term_end"], status["version"]) == (True, "2026-12-15", 4)
    assert take(desk, fresh, update=True)["status"] == "same"
    house.step(house.client("coach"), told["reference"], "close", outcome="OTHER")
    assert take(desk, body, update=True)["status"] == "differs", "what is closed stays as it ended"
    assert faults(house.settings) == []


def test_one_spelling_for_what_looks_the_same(lite_house: House) -> None:
    desk = lite_house.client("desk")
    person = HEAD | {"family_name": "Né  Àbidjan", "given_names": "A\u200cB"}
    assert take(desk, ORDER | {"people": [person]})["status"] == "triaged"
    apart = {name: unicodedata.normalize("NFD", value) for name, value in person.items()}
    apart["family_name"] = apart["family_name"].replace("  ", "\u00a0")
    assert take(desk, ORDER | {"people": [apart]})["status"] == "same"


@pytest.mark.parametrize("char", ["\u202e", "\u200b", "\ufeff", "\n", "\x7f", "\u2028", "\ue000", "\U000e0041"])
def test_what_nobody_can_see_is_refused_and_not_repeated(lite_house: House, char: str) -> None:
    desk, before = lite_house.client("desk"), rows(lite_house)
    reply = desk.post("/orders", json=ORDER | {"people": [HEAD | {"given_names": f"Secretword{char}"}]})
    assert reply.status_code == 400
    assert reply.json()["issues"][0]["name"] == "people.0.given_names"
    assert "Secretword" not in reply.text
    assert rows(lite_house) == before


MISSING: dict[str, dict[str, Any]] = {
    "criterion": {"criterion": ""},
    "region": {"postcode": "", "place": "no_known_address"},
    "address": {"street": ""},
    "birth_date": {"people": [HEAD | {"birth_date": None}]},
}


def test_what_is_missing_is_told_and_the_case_waits_until_it_is_completed(house: House) -> None:
    desk, made = house.client("desk"), {}
    for code, changed in MISSING.items():
        body = fresh_order(**changed)
        told = take(desk, body)
        assert (told["status"], told["state"], told["missing"]) == ("waiting", "oqt_notified", [code])
        assert take(desk, body)["status"] == "same"
        made[code] = (body, told["reference"])
    listed = desk.get("/orders").json()
    assert {line["reference"]: line["missing"] for line in listed["orders"]} == {
        reference: [code] for code, (_, reference) in made.items()
    }
    assert listed["complete"]
    assert {line["reference"] for line in house.client("head").get("/orders?limit=2").json()["orders"]} < {
        reference for _, reference in made.values()
    }
    for body, reference in made.values():
        whole = ORDER | {"oqt_reference": body["oqt_reference"], "ov_number": "8.765.432"}
        assert take(desk, whole)["status"] == "differs", "only who says so completes"
        assert take(desk, body | {"annex": "12"}, complete=True)["status"] == "differs", "something is missing still"
        told = take(desk, whole, complete=True)
        assert (told["status"], told["reference"], told["state"]) == ("completed", reference, "triaged")
        assert take(desk, whole, complete=True)["status"] == "same"
        assert len(desk.post("/find", json={"field": "ov_number", "value": "8765432"}).json()["cases"]) >= 1
    assert desk.get("/orders").json()["orders"] == []
    found = identity(house, made["birth_date"][1])
    assert (found["version"], found["people"][0]["birth_date"]) == (2, "1991-04-12")
    assert faults(house.settings) == []


def test_the_postcode_or_the_file_names_the_region_and_the_criterion_the_coach(lite_house: House) -> None:
    desk = lite_house.client("desk")
    transfer = take(desk, fresh_order(annex="26quater", criterion="TRANSFER", postcode="3000"))
    assert (transfer["region"], transfer["coach_type"]) == ("brussels", "individuals")
    named = take(desk, fresh_order(region="brussels", postcode="4000"))
    assert (named["status"], named["region"]) == ("triaged", "brussels")
    centre = take(
        desk, fresh_order(place="open_return_place", criterion="OPEN_RETURN", street="", postcode="", region="brussels")
    )
    assert (centre["status"], centre["coach_type"]) == ("triaged", "open_return")
    minors = take(desk, fresh_order(minors=True))
    assert minors["coach_type"] == "families", "the official file knows of minors"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"criterion": "NONE_SUCH"}, "criterion"),
        ({"criterion": "UNACCOMPANIED_MINOR"}, "criterion"),
        ({"criterion": "TRANSFER"}, "criterion"),  # annex 13 is no transfer
        ({"criterion": "FAMILY"}, "criterion"),  # nobody is a minor
        ({"criterion": "OPEN_RETURN"}, "criterion"),  # an address
        ({"annex": "99"}, "annex"),
        ({"notified_on": "2026-11-04"}, "notified_on"),  # tomorrow
        ({"oqt_reference": "?"}, "oqt_reference"),
        ({"people": [HEAD, HEAD]}, "people"),
        ({"postcode": "04000"}, "postcode"),
        ({"region": "namur"}, "region"),
        ({"language": None}, "language"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_cannot_be_meant_is_refused_whole(lite_house: House, changed: dict[str, Any], field: str) -> None:
    desk, before = lite_house.client("desk"), rows(lite_house)
    reply = desk.post("/orders", json=ORDER | changed)
    assert reply.status_code == 400, reply.text
    assert reply.json()["issues"][0]["name"] == field
    assert rows(lite_house) == before


def test_no_case_is_opened_for_an_unaccompanied_minor(lite_house: House) -> None:
    desk, before = lite_house.client("desk"), rows(lite_house)
    for look in (True, False):
        reply = desk.post("/orders", json=ORDER | {"people": [HEAD | {"birth_date": "2010-01-01"}], "look": look})
        assert reply.status_code == 422
        assert "Guardianship Service" in reply.json()["detail"]
    assert rows(lite_house) == before


def test_another_regions_order_is_passed_on_and_the_answer_tells_nothing_more(house: House) -> None:
    desk, far = house.client("desk"), house.client("far_head")
    body = fresh_order(postcode="4000")
    looked = take(desk, body, look=True)
    first = take(desk, body)
    assert first == looked
    assert (first["status"], first["reference"], first["state"], first["region"]) == ("passed_on", None, None, "liege")
    (line,) = far.get("/cases").json()["cases"]
    assert line["state"] == "triaged"
    assert desk.get(f"/cases/{line['reference']}").status_code == 404
    before = rows(house)
    assert take(desk, body) == first, "known or not, the answer is the same"
    assert take(desk, body | {"minors": True})["status"] == "passed_on"
    assert rows(house) == before
    waiting = take(desk, fresh_order(postcode="4000", criterion=""))
    assert (waiting["status"], waiting["reference"], waiting["missing"]) == ("passed_on", None, ["criterion"])
    assert len(far.get("/orders").json()["orders"]) == 1
    assert desk.get("/orders").json()["orders"] == []
    assert faults(house.settings) == []


def test_an_order_whose_case_lies_elsewhere_cannot_be_taken_in_here(lite_house: House) -> None:
    house = lite_house
    desk, body = house.client("desk"), fresh_order(postcode="4000")
    take(desk, body)
    here, fresh = body | {"postcode": "1000"}, fresh_order()
    before = rows(house)
    for complete in (False, True):
        reply = desk.post("/orders", json=here | {"complete": complete})
        assert reply.status_code == 409
        assert "liege" not in reply.text
        assert "C-" not in reply.text
    assert rows(house) == before
    with_case = take(desk, here, look=True)
    assert with_case == take(desk, fresh, look=True), "who only looks is told nothing of other regions"
    assert with_case["status"] == "new"


def test_looking_takes_the_same_statements_for_a_foreign_order_and_for_none(house_settings: Settings) -> None:
    with watched() as steps, house_on(house_settings) as house:
        desk, body = house.client("desk"), fresh_order(postcode="4000")
        take(desk, body)
        told = []
        for asked in (fresh_order(), body | {"postcode": "1000"}, fresh_order()):
            steps.said.clear()
            take(desk, asked, look=True)
            told.append(list(steps.said))
        assert told[1] == told[2]
        assert len(told[1]) > 3


def test_an_order_that_is_completed_for_another_region_is_entrusted_there(house: House) -> None:
    """Its coach of this region keeps nothing of it; the log says where it lies, by which later looks are explained."""
    desk, body = house.client("desk"), fresh_order(**MISSING["region"])
    case = take(desk, body)["reference"]
    People(house, lambda: case).profile("colleague")
    assert desk.post(f"/cases/{case}/assignment", json={}).json()["coach"] == "Colleague"
    before = len(entries(house))
    there = ORDER | {"oqt_reference": body["oqt_reference"], "postcode": "4000"}
    assert take(desk, there, complete=True)["status"] == "completed"
    said = [e for e in since(house, before) if e["action"] == "entrusted"]
    assert [(e["object"], e["outcome"]) for e in said] == [("", "liege")]
    assert house.client("colleague").get(f"/cases/{case}/identity").status_code == 404
    assert house.client("far_head").get(f"/cases/{case}/assignment").json()["coach"] == ""
    assert faults(house.settings) == []


def test_a_case_that_was_typed_by_hand_is_found_and_left_alone(lite_house: House) -> None:
    desk = lite_house.client("desk")
    facts = CASE["facts"] | {"notified_on": "2026-10-28"}
    typed = desk.post("/cases", json=CASE | {"oqt_reference": "OQT/77", "origin": "order", "facts": facts})
    assert typed.status_code == 201, typed.text
    before = rows(lite_house)
    told = take(desk, ORDER | {"oqt_reference": "oqt/77"}, complete=True)
    assert (told["status"], told["reference"]) == ("known", typed.json()["reference"])
    assert rows(lite_house) == before


def test_looking_writes_nothing_but_its_entry(lite_house: House) -> None:
    desk, before, entry = lite_house.client("desk"), rows(lite_house), len(entries(lite_house))
    assert take(desk, ORDER, look=True)["status"] == "new"
    assert rows(lite_house) == before
    (one,) = since(lite_house, entry)
    assert (one["action"], one["kind"], one["outcome"]) == ("create", "order", "would_be_new")


def test_a_refusal_of_the_role_is_the_same_for_a_known_order_and_for_none(lite_house: House) -> None:
    take(lite_house.client("desk"), ORDER)
    for login in ("coach", "head", "far_head"):
        caller = lite_house.client(login)
        known, unknown = caller.post("/orders", json=ORDER), caller.post("/orders", json=fresh_order())
        assert known.status_code == 403
        assert comparable(known) == comparable(unknown)


def test_a_walk_in_before_triage_is_no_order_that_waits(lite_house: House) -> None:
    desk = lite_house.client("desk")
    lite_house.client("coach")
    told = take(desk, fresh_order(criterion=""))
    lite_house.step(desk, told["reference"], "walk_in", coach="coach")
    assert desk.get("/orders").json()["orders"] == []
    assert take(desk, fresh_order(oqt_reference="OQT-X"), complete=True)["status"] == "triaged"


def test_what_is_kept_beside_the_case_names_nobody(lite_house: House) -> None:
    take(lite_house.client("desk"), fresh_order(oqt_reference="OQT-SECRET/1", criterion=""))
    with lite_house.services.store.main.engine.connect() as connection:
        (row,) = connection.execute(select(t.orders)).mappings().all()
    assert [len(row[name]) for name in ("mark", "household", "facts")] == [32, 32, 32]
    assert row["missing"] == "criterion"
    assert b"SECRET" not in row["mark"] + row["household"] + row["facts"]
