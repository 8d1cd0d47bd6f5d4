"""Emergencies through the interface: asked, opened by another, looked at for minutes, reviewed, counted."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from gateway.settings import Settings
from tests.api.stage import JUDGED
from tests.api.support import comparable, counts, entries, since
from tests.emergencies import ASK, act, ask, opened
from tests.house import House, house_on

Json = dict[str, Any]


@pytest.fixture
def case(house: House) -> str:
    for login in ("colleague", "third_coach", "head", "dpo", "auditor"):
        house.client(login)
    found: str = house.open_case(house.client("coach"))
    return found


@pytest.fixture
def lite_case(lite_house: House) -> str:
    for login in ("colleague", "third_coach", "head", "dpo", "auditor"):
        lite_house.client(login)
    found: str = lite_house.open_case(lite_house.client("coach"))
    return found


def look(house: House, number: str, what: str = "identity", login: str = "colleague") -> Any:
    return house.client(login).get(f"/emergencies/{number}/{what}")


def queue(house: House, login: str = "dpo", **query: str) -> list[Json]:
    reply = house.client(login).get("/emergencies", params=query)
    assert reply.status_code == 200, reply.text
    found: list[Json] = reply.json()["emergencies"]
    return found


def test_a_colleague_sees_who_and_where_once_another_person_opened_it(house: House, case: str) -> None:
    number = ask(house, case)
    assert look(house, number).status_code == 404, "asking shows nothing"
    seen = house.client("third_coach").get(f"/emergencies/{number}").json()
    assert (seen["reason"], seen["asked_by"], seen["reference"]) == (ASK["reason"], "Colleague", case)
    assert "Diallo" not in json.dumps(seen)
    act(house, number, "opening", "colleague", 404)
    assert act(house, number, "opening", "third_coach")["standing"] == "open"
    who, where = look(house, number).json(), look(house, number, "contact").json()
    assert who["people"][0]["family_name"] == "Diallo"
    assert set(who["people"][0]) == {"family_name", "given_names", "birth_date", "relation"}
    assert where["phone"] == "0499 00 00 11"
    for login in ("third_coach", "coach", "head"):
        assert look(house, number, login=login).status_code == 404, "it is open for who asked, and for nobody else"
    assert house.client("colleague").get(f"/cases/{case}/identity").status_code == 404, "for an emergency alone"
    assert house.client("colleague").get(f"/cases/{case}/notes").status_code == 404
    house.clock.move(minutes=30)
    gone = look(house, number)
    assert comparable(gone) == comparable(look(house, "0" * 32))
    assert gone.status_code == 404


def test_the_end_binds_the_very_next_look(house: House, case: str) -> None:
    number = opened(house, case)
    assert look(house, number).status_code == 200
    assert act(house, number, "end")["standing"] == "ended"
    assert look(house, number).status_code == 404
    act(house, number, "end", status=409)
    act(house, number, "opening", status=409)


def test_two_who_open_at_once_open_it_once(house: House, case: str) -> None:
    number = ask(house, case)
    replies: list[int] = []

    def go(login: str) -> None:
        replies.append(house.client(login).post(f"/emergencies/{number}/opening").status_code)

    threads = [threading.Thread(target=go, args=(login,)) for login in ("head", "third_coach")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    first, second = sorted(replies)
    assert (first, second in (404, 409)) == (201, True), "who comes second is told that it waits no more, or nothing"


def test_a_head_sees_who_and_not_where(lite_house: House, lite_case: str) -> None:
    number = opened(lite_house, lite_case, "head", "colleague")
    assert look(lite_house, number, login="head").status_code == 200
    assert look(lite_house, number, "contact", "head").status_code == 403


def test_who_is_not_concerned_learns_of_no_emergency(lite_house: House, lite_case: str) -> None:
    """That somebody is ill is told to the one who may open it, and to no colleague afterwards."""
    house, number = lite_house, opened(lite_house, lite_case)
    assert house.client("third_coach").get(f"/emergencies/{number}").status_code == 404
    assert house.client("third_coach").get("/emergencies").json()["emergencies"] == []
    for login, many in (("colleague", 1), ("head", 1), ("far_coach", 0), ("far_head", 0)):
        assert len(house.client(login).get("/emergencies").json()["emergencies"]) == many
    assert house.client("far_coach").get(f"/emergencies/{number}").status_code == 404


def test_nobody_asks_for_their_own_case_or_without_a_reason(lite_house: House, lite_case: str) -> None:
    house, rows = lite_house, counts(lite_house)
    path = f"/cases/{lite_case}/emergencies"
    assert house.client("coach").post(path, json=ASK).status_code == 409
    for wrong in ({"reason": "vite"}, {"cause": "curiosity"}, {"reason": "x" * 501}, {"reason": "a\x00" * 12}):
        assert house.client("colleague").post(path, json=ASK | wrong).status_code == 400, wrong
    assert counts(house) == rows


def test_it_lapses_and_a_refusal_is_final(lite_house: House, lite_case: str) -> None:
    house = lite_house
    late, refused = ask(house, lite_case), ask(house, lite_case)
    act(house, refused, "refusal")
    act(house, refused, "opening", status=409)
    house.clock.move(minutes=60)
    act(house, late, "opening", status=409)
    standings = [row["standing"] for row in house.client("head").get("/emergencies").json()["emergencies"]]
    assert standings == ["refused", "lapsed"]
    assert look(house, late).status_code == look(house, refused).status_code == 404


def test_each_person_has_so_many_a_month_whether_or_not_they_are_opened(sqlite_settings: Settings) -> None:
    shipped = sqlite_settings.model_copy(update={"break_glass_file": None})
    with house_on(shipped) as house:
        case = house.open_case(house.client("coach"))
        left = []
        for _ in range(3):
            reply = house.client("colleague").post(f"/cases/{case}/emergencies", json=ASK)
            left.append(reply.json()["left"])
        assert left == [2, 1, 0]
        spent = house.client("colleague").post(f"/cases/{case}/emergencies", json=ASK)
        assert (spent.status_code, spent.json()["type"].rpartition(":")[2]) == (429, "budget_spent")
        assert ask(house, case, "third_coach"), "a budget is one person's"
        house.clock.move(days=28)
        house.renew("colleague")
        assert ask(house, case), "another month"


def test_every_act_and_look_is_logged_and_explained(lite_house: House, lite_case: str) -> None:
    house = lite_house
    before = len(entries(house))
    number = opened(house, lite_case)
    look(house, number), look(house, number, "contact"), act(house, number, "end"), look(house, number)
    told = [(e["action"], e["kind"], e["purpose"], e["outcome"], e["decision"]) for e in since(house, before)]
    assert told == [
        ("create", "break_glass", "case_administration", "health", "allow"),
        ("sign", "break_glass", "case_administration", "opened", "allow"),
        ("read", "identity", "emergency", "", "allow"),
        ("read", "contact", "emergency", "", "allow"),
        ("close", "break_glass", "case_administration", "ended", "allow"),
        ("read", "identity", "emergency", "refused", "deny"),
    ]
    assert len({e["subject"] for e in since(house, before)}) == 1
    assert ASK["reason"] not in json.dumps(entries(house)), "why stands in the sealed detail alone"
    looks = [e["entry"] for e in since(house, before) if e["purpose"] == "emergency" and e["decision"] == "allow"]
    for entry in looks:
        found = house.client("auditor").get(f"/entries/{entry}/explanation").json()
        assert found["missing"] == [], found
    asked = since(house, before)[0]["entry"]
    assert house.client("dpo").get(f"/entries/{asked}/detail").json()["reason"] == ASK["reason"]


def test_the_detection_rule_finds_each_use(lite_house: House, lite_case: str) -> None:
    house = lite_house
    look(house, opened(house, lite_case))
    day = {"since": "2026-11-03T00:00:00Z", "until": "2026-11-04T00:00:00Z"}
    found = house.client("dpo").get("/findings", params=day).json()["findings"]
    assert [(row["rule"], row["role"], row["counted"]) for row in found if row["rule"] == "break_glass"] == [
        ("break_glass", "coach", 1)
    ]


def test_each_one_is_reviewed_by_two_of_oversight_within_days(house: House, case: str) -> None:
    number = opened(house, case)
    assert look(house, number).status_code == 200
    ask(house, case)
    waiting, [due] = queue(house), queue(house, waiting="true")
    assert [row["standing"] for row in waiting] == ["asked", "opened"]
    assert (due["emergency"], due["looks"], due["cause"], due["due_on"]) == (number, 1, "health", "2026-11-10")
    assert (due["stage"], due["overdue"]) == (None, False)
    review = (
        house.client("dpo").post("/reviews", json={"entry": due["entry"], "origin": "break_glass"}).json()["review"]
    )
    body = {"based_on": 1, **JUDGED}
    assert house.client("dpo").post(f"/reviews/{review}/decision", json=body).status_code == 201
    sign = {"based_on": 2, "move": "sign"}
    assert house.client("dpo").post(f"/reviews/{review}/signature", json=sign).status_code >= 400, "a second person"
    assert [(row["stage"], row["review"]) for row in queue(house, waiting="true")] == [("decided", review)]
    house.clock.move(days=8)
    for login in ("dpo", "auditor"):
        house.renew(login)
    assert [row["overdue"] for row in queue(house, waiting="true")] == [True]
    assert house.client("auditor").post(f"/reviews/{review}/signature", json=sign).status_code == 201
    assert house.client("auditor").post(f"/reviews/{review}/close", json={"based_on": 3}).status_code == 201
    assert queue(house, waiting="true") == []
    assert [row["stage"] for row in queue(house, "auditor") if row["emergency"] == number] == ["closed"]


def test_what_is_published_tells_no_small_number(lite_house: House, lite_case: str) -> None:
    house = lite_house
    for _ in range(5):
        opened(house, lite_case)
    ask(house, lite_case)
    reply = house.client("dpo").get("/emergencies/counts").json()
    assert all(row["opened"] is None for row in reply["quarters"]), "a quarter that runs is not told"
    house.clock.move(days=70)
    house.renew("dpo")
    told = house.client("dpo").get("/emergencies/counts").json()
    assert told["smallest_told"] == 5
    assert told["quarters"][-1] == {"period": "2026-Q4", "opened": 5, "not_opened": None}
    assert [row["period"] for row in told["quarters"]][:2] == ["2025-Q1", "2025-Q2"]


def test_the_person_is_told_that_it_was_an_emergency(lite_house: House, lite_case: str) -> None:
    house = lite_house
    look(house, opened(house, lite_case))
    release = house.client("coach").post(f"/cases/{lite_case}/access-report").json()["release"]
    report = house.client("dpo").get(f"/access-reports/{release}", params={"lang": "en"})
    assert report.status_code == 200, report.text
    assert "emergency" in report.text
