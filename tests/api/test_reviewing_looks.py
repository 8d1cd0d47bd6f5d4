"""Findings, samples and reviews through the interface: two people of oversight, a coach who strays, and the log."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update

from tests import recorded
from tests.api.stage import JUDGED, Stage
from tests.api.support import entries, since
from tests.house import House
from vault.oversight.detecting import RuleName
from vault.storage import tables as t
from vault.usecases import detection

Json = dict[str, Any]


def findings(house: House, login: str = "auditor") -> list[Json]:
    reply = house.client(login).get("/findings", params=recorded.LOG_DAY)
    assert reply.status_code == 200, reply.text
    found: list[Json] = reply.json()["findings"]
    return found


def opened(house: House, entry: str, login: str = "auditor", **said: Any) -> str:
    reply = house.client(login).post("/reviews", json={"entry": entry, "origin": "by_hand", **said})
    assert reply.status_code == 201, reply.text
    review: str = reply.json()["review"]
    return review


def act(house: House, login: str, review: str, path: str, status: int = 201, **body: Any) -> Json:
    reply = house.client(login).post(f"/reviews/{review}/{path}", json=body)
    assert reply.status_code == status, reply.text
    found: Json = reply.json()
    return found


@pytest.fixture
def planted(house: House) -> House:
    """A colleague who wrote themself into a case behind the program's back, and looked."""
    case, note = Stage(house).noted()
    colleague = house.client("colleague")
    house.client("auditor"), house.client("dpo")
    with house.services.store.main.engine.connect() as connection:
        entry = connection.execute(select(t.entries.c.entry_id).order_by(t.entries.c.entry_id)).scalars().first()
        connection.execute(update(t.cases).values(coach=house.staff["colleague"].id.raw, entry_id=entry))
        connection.commit()
    assert colleague.get(f"/cases/{case}/notes/{note}").status_code == 200
    return house


def test_a_look_that_nothing_explains_is_found_reviewed_and_counted(planted: House) -> None:
    house = planted
    (found,) = [each for each in findings(house) if each["rule"] == "outside_caseload"]
    assert (found["actor"], found["role"]) == (house.staff["colleague"].log_name, "coach")
    assert (found["counted"], found["review"]) == (1, None)
    review = opened(house, found["entry"], origin=found["rule"], reason="Dossier d'une autre équipe.")
    assert [each["review"] for each in findings(house) if each["rule"] == "outside_caseload"] == [review]
    act(house, "auditor", review, "notes", based_on=1, move="ask", reason="Pourquoi ce dossier ?")
    act(house, "dpo", review, "notes", based_on=2, move="answer", reason="Par curiosité.")
    judged = {"judgement": "breach", "reason_code": "curiosity", "reason": "Sans lien avec le dossier."}
    assert act(house, "auditor", review, "decision", based_on=3, **judged)["stage"] == "decided"
    act(house, "dpo", review, "signature", based_on=4, move="sign")
    assert act(house, "auditor", review, "close", based_on=5)["stage"] == "closed"
    told = house.client("dpo").get(f"/reviews/{review}").json()
    assert (told["stage"], told["judgement"], told["strays"]) == ("closed", "breach", 0)
    assert told["reason"] == "Dossier d'une autre équipe."
    assert [(one["move"], one["reason"]) for one in told["acts"]] == [
        ("ask", "Pourquoi ce dossier ?"), ("answer", "Par curiosité."), ("decide", "Sans lien avec le dossier."),
        ("sign", ""), ("close", ""),
    ]  # fmt: skip
    rules = {rule["rule"]: rule for rule in house.client("auditor").get("/detection-rules").json()["rules"]}
    assert set(rules) == {*RuleName, "sample", "by_hand", "ceremony"}
    mine = rules["outside_caseload"]
    assert (mine["opened"], mine["precision"], mine["judged"]["breach"]) == (1, 1.0, 1)
    assert rules["after_hours"]["figures"] == {"at_least": 3, "begins": "06:30", "ends": "20:00"}


def test_what_is_written_in_a_review_is_sealed_and_its_acts_are_codes(house: House) -> None:
    entry = Stage(house).asked()
    before = len(entries(house))
    review = opened(house, entry, reason="Un mot secret.")
    act(house, "auditor", review, "decision", based_on=1, **JUDGED)
    said = since(house, before)
    assert "secret" not in json.dumps(said)
    opening, decision = [each for each in said if each["kind"] == "review_case"]
    look = next(each for each in entries(house) if each["entry"] == entry)
    assert (opening["object"], opening["subject"], opening["outcome"]) == (entry, look["subject"], "by_hand")
    assert (decision["subject"], decision["outcome"]) == (f"R-{review}", "decide:appropriate:case_work")
    assert opening["config"] == house.services.oversight.detection.digest.hex()  # type: ignore[union-attr]


def test_a_second_person_signs_or_gives_back(house: House) -> None:
    review = Stage(house).review(decided=True)
    act(house, "dpo", review, "signature", 404, based_on=2, move="sign")
    act(house, "dpo", review, "close", 409, based_on=2)
    act(house, "auditor", review, "signature", based_on=2, move="give_back", reason="Demandez d'abord.")
    assert house.client("dpo").get(f"/reviews/{review}").json()["judgement"] is None
    act(house, "auditor", review, "decision", based_on=3, **JUDGED)
    act(house, "auditor", review, "signature", 404, based_on=4, move="sign")
    act(house, "dpo", review, "signature", based_on=4, move="sign")


def test_who_saw_an_older_version_decides_nothing(house: House) -> None:
    review = Stage(house).review()
    act(house, "auditor", review, "notes", based_on=1, move="ask", reason="Pourquoi ?")
    act(house, "dpo", review, "decision", 409, based_on=1, **JUDGED)
    told = house.client("auditor").get(f"/reviews/{review}").json()
    assert (told["stage"], told["version"], told["strays"]) == ("asked", 2, 0)


def test_nobody_reviews_their_own_look_nor_sees_its_review(house: House) -> None:
    auditor, dpo = house.client("auditor"), house.client("dpo")
    auditor.get("/entries")
    own = house.staff["auditor"].log_name
    look = [e for e in entries(house) if (e["actor"], e["kind"]) == (own, "audit_entry")][-1]
    mine = {"entry": look["entry"], "origin": "by_hand"}
    refused = auditor.post("/reviews", json=mine)
    nothing = auditor.post("/reviews", json=mine | {"entry": secrets.token_hex(16)})
    assert (refused.status_code, nothing.status_code) == (404, 404)
    review = opened(house, look["entry"], "dpo")
    assert [row["review"] for row in dpo.get("/reviews").json()["reviews"]] == [review]
    assert auditor.get("/reviews").json()["reviews"] == []
    assert auditor.get(f"/reviews/{review}").status_code == 404
    for path, body in (
        ("notes", {"move": "ask", "reason": "?"}), ("decision", JUDGED), ("signature", {"move": "sign"}), ("close", {})
    ):  # fmt: skip
        act(house, "auditor", review, path, 404, based_on=1, **body)
    assert dpo.get(f"/reviews/{review}").json()["version"] == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("decision", {**JUDGED, "judgement": "fine"}),
        ("decision", {**JUDGED, "reason_code": "whim"}),
        ("decision", {**JUDGED, "reason": "  "}),
        ("notes", {"move": "ask", "reason": ""}),
        ("notes", {"move": "decide", "reason": "x"}),
        ("notes", {"move": "ask", "reason": "a\x00b"}),
        ("notes", {"move": "ask", "reason": "x" * 4_001}),
        ("signature", {"move": "close"}),
        ("close", {"judgement": "breach"}),
    ],
)
def test_what_is_no_act_is_refused_and_leaves_nothing(lite_house: House, path: str, body: Json) -> None:
    review = Stage(lite_house).review()
    act(lite_house, "auditor", review, path, 400, based_on=1, **body)
    assert lite_house.client("auditor").get(f"/reviews/{review}").json()["version"] == 1


def test_reviews_are_opened_about_decisions_alone(lite_house: House) -> None:
    house = lite_house
    house.client("coach")
    auditor = house.client("auditor")
    started = next(e["entry"] for e in entries(house) if e["action"] == "service_token_issued")
    for wanted in (started, "0" * 32):
        assert auditor.post("/reviews", json={"entry": wanted, "origin": "by_hand"}).status_code == 404
    entry = Stage(house).asked()
    assert auditor.post("/reviews", json={"entry": entry, "origin": "envy"}).status_code == 400
    assert auditor.get(f"/reviews/{entry}").status_code == 404


def test_reviews_are_paged_and_found_by_stage(house: House) -> None:
    stage = Stage(house)
    entry = stage.asked()
    numbers = [opened(house, entry) for _ in range(5)]
    act(house, "auditor", numbers[2], "decision", based_on=1, **JUDGED)
    seen: list[str] = []
    page: Json = {"next": "", "complete": False}
    while not page["complete"]:
        page = house.client("dpo").get("/reviews", params={"limit": 2, "before": page["next"] or ""}).json()
        seen += [row["review"] for row in page["reviews"]]
    assert seen == numbers[::-1]
    found = house.client("dpo").get("/reviews", params={"stage": "decided"}).json()["reviews"]
    assert [row["review"] for row in found] == [numbers[2]]


def test_a_sample_follows_from_the_seed_that_the_log_names(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    for _ in range(12):
        coach.get(f"/cases/{case}")
    auditor = house.client("auditor")
    before = len(entries(house))
    reply = auditor.post("/samples", json=recorded.LOG_DAY)
    assert reply.status_code == 201, reply.text
    sample = reply.json()
    assert len(sample["entries"]) == 6
    assert sample["looks"] >= 12
    (drawn,) = since(house, before)
    assert (drawn["kind"], drawn["object"], drawn["count"]) == ("sample", sample["seed"], 6)
    assert drawn["outcome"] == f"of:{sample['looks']}"
    again = house.client("auditor").post("/samples", json=recorded.LOG_DAY).json()
    assert again["seed"] != sample["seed"]
    (one,) = [opened(house, sample["entries"][0]["entry"], origin="sample")]
    assert house.client("dpo").get(f"/reviews/{one}").json()["origin"] == "sample"


def test_a_run_is_logged_with_the_rules_digest_and_its_period(house: House) -> None:
    Stage(house).noted()
    dpo = house.client("dpo")
    before = len(entries(house))
    reply = dpo.get("/findings", params=recorded.LOG_DAY)
    (run,) = since(house, before)
    assert (run["kind"], run["outcome"], run["config"]) == ("finding", "detected", reply.json()["config"])
    detail = house.client("auditor").get(f"/entries/{run['entry']}/detail").json()
    assert "since=2026-11-03" in detail["reason"]


def test_a_closed_case_and_refusals_are_found(house: House) -> None:
    stage = Stage(house)
    sheet_case = stage.case()
    colleague = house.client("colleague")
    for _ in range(5):
        assert colleague.get(f"/cases/{sheet_case}").status_code == 404
    found = [each for each in findings(house) if each["rule"] == "denied_attempts"]
    assert [(each["actor"], each["counted"]) for each in found] == [(house.staff["colleague"].log_name, 5)]


@pytest.mark.parametrize(
    "period",
    [
        {"since": "2026-11-03T00:00:00Z", "until": "2026-11-03T00:00:00Z"},
        {"since": "2026-11-03T00:00:00Z", "until": "2026-12-05T00:00:00Z"},
        {"since": "2026-11-04T00:00:00Z", "until": "2026-11-03T00:00:00Z"},
        {"since": "2026-11-03T00:00:00Z"},
        {"since": "0001-01-02T00:00:00Z", "until": "0001-01-05T00:00:00Z"},
        {"since": "9999-12-30T00:00:00Z", "until": "9999-12-31T23:59:59-14:00"},
        {"since": "then", "until": "now"},
    ],
)
def test_a_period_that_is_none_is_refused(lite_house: House, period: Json) -> None:
    auditor = lite_house.client("auditor")
    assert auditor.get("/findings", params=period).status_code == 400
    assert auditor.post("/samples", json=period).status_code == 400


def test_too_long_a_period_says_so(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    Stage(lite_house).noted()
    monkeypatch.setattr(detection, "MOST_LINES", 3)
    monkeypatch.setattr(detection, "MOST_LOOKS", 1)
    auditor = lite_house.client("auditor")
    assert "shorter period" in auditor.get("/findings", params=recorded.LOG_DAY).text
    assert "shorter period" in auditor.post("/samples", json=recorded.LOG_DAY).text


def test_a_day_is_held_against_the_days_before_it(house: House) -> None:
    """Through the store: six quiet days, then a day on which one coach goes through many cases."""
    from tests.log.kit import jump

    coach = house.client("coach")
    cases = [house.open_case(coach, ov_number=f"81234{number:02}") for number in range(16)]
    house.clock.move(days=1)
    for _ in range(6):
        jump(house, days=1)
        assert house.client("coach").get(f"/cases/{cases[0]}").status_code == 200
    jump(house, days=1)
    for case in cases:
        house.client("coach").get(f"/cases/{case}")
        house.clock.move(minutes=5)
    today = house.clock.now().date()
    period = {"since": f"{today}T00:00:00Z", "until": f"{today}T23:59:59Z"}
    house.client("auditor")
    reply = house.client("auditor").get("/findings", params=period).json()["findings"]
    (found,) = [each for each in reply if each["rule"] == "volume_own"]
    assert (found["counted"], found["usual"]) == (
        16,
        3.1,
    )  # six days of one case, and the day on which sixteen were opened


@pytest.mark.parametrize("late", [1, 16])
def test_what_was_opened_after_midnight_is_what_the_search_before_it_led_to(house: House, late: int) -> None:
    """late: minutes. A quarter of an hour counts, also into the next day, which has no finding by it."""
    coach = house.client("coach")
    case = house.open_case(coach)
    house.clock.moment = datetime(2026, 11, 3, 22, 59, tzinfo=UTC)  # 23:59 in Brussels
    house.renew("coach")
    for _ in range(8):
        assert house.client("coach").post("/find", json={"field": "ov_number", "value": "8123499"}).status_code == 200
    house.clock.move(minutes=1 + late)
    assert house.client("coach").get(f"/cases/{case}").status_code == 200
    house.renew("auditor")
    midnight = datetime(2026, 11, 3, 23, tzinfo=UTC)
    period = {"since": (midnight - timedelta(days=1)).isoformat(), "until": midnight.isoformat()}
    found = house.client("auditor").get("/findings", params=period).json()["findings"]
    assert [each["counted"] for each in found if each["rule"] == "search_only"] == ([] if late < 15 else [8])


@pytest.mark.parametrize("login", ["coach", "head", "officer", "caritas"])
def test_nobody_outside_oversight_reviews(lite_house: House, login: str) -> None:
    lite_house.client(login)
    headers = {"authorization": f"Bearer {lite_house.tokens[login]}"}
    for path in (
        f"/oversight/findings?{urlencode(recorded.LOG_DAY)}",
        "/oversight/detection-rules",
        "/oversight/reviews",
    ):
        assert lite_house.app.get(path, headers=headers).status_code == 401
