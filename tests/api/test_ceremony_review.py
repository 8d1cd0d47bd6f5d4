"""Ceremonies as oversight reviews them: each is listed, its signatures are held once more, and no party reviews it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from gateway.approver_key import check
from tests import asked
from tests.api.support import entries, since
from tests.house import OVERSIGHT, STAFF, House
from vault.storage import tables as t
from vault.vocabulary import Role

Json = dict[str, Any]


@pytest.fixture
def second_auditor(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(STAFF, "second_auditor", (OVERSIGHT, Role.AUDITOR, ""))
    return "second_auditor"


def queue(house: House, login: str = "auditor", **query: str) -> list[Json]:
    found: list[Json] = house.client(login).get("/ceremonies", params=query).json()["ceremonies"]
    return found


def held(house: House, ceremony: str, login: str = "auditor") -> Json:
    reply = house.client(login).get(f"/ceremonies/{ceremony}")
    assert reply.status_code == 200, reply.text
    found: Json = reply.json()
    return found


def test_each_ceremony_is_listed_with_how_far_it_came(house: House) -> None:
    ceremony = asked.begun(house)
    [row] = queue(house)
    assert (row["ceremony"], row["course"], row["due_on"], row["looks"]) == (ceremony, "begun", None, 0)
    assert queue(house, waiting="true") == [], "nobody read anything: nothing is to be reviewed"
    assert house.client("dpo").post(f"/ceremonies/{ceremony}/opening").status_code == 201
    asked_for = house.client("officer").get(f"/ceremonies/{ceremony}").json()
    [row] = queue(house, "dpo", waiting="true")
    assert (row["course"], row["minutes"], row["looks"], row["stage"]) == ("opened", 5, 1, None)
    assert (row["subject"], row["reader"]) == (asked_for["pseudonym"], "follow_up")
    assert row["due_on"] == "2026-11-10"
    assert row["begun_by"] == house.staff["head"].log_name
    assert row["opened_by"] == house.staff["dpo"].log_name
    opening = next(e for e in entries(house) if (e["action"], e["kind"]) == ("sign", "ceremony"))
    assert row["entry"] == opening["entry"], "what a review is about"
    house.clock.move(days=9)
    for login in ("auditor", "dpo"):
        house.renew(login)
    assert queue(house)[0]["overdue"] is True
    asked.end(house, ceremony, "dpo", "misused")
    assert queue(house)[0]["course"] == "ended"
    assert house.client("auditor").get("/ceremonies", params={"since": "2024-01-01T00:00:00Z"}).status_code == 400


def test_both_approvals_are_held_against_their_signatures_and_can_be_checked_elsewhere(
    lite_house: House, tmp_path: Path
) -> None:
    house = lite_house
    ceremony = asked.opened(house)
    house.client("auditor")  # whose coming is no look
    before = len(entries(house))
    found = held(house, ceremony)
    assert found["trusted"] is True
    assert [(s["function"], s["login"]) for s in found["signatures"]] == [("dpo", "dpo"), ("regional_head", "head")]
    assert all(s["own"] and s["zone"] and s["listed"] and s["counts"] for s in found["signatures"])
    assert (found["purpose"], found["basis"], found["minutes"]) == ("oqt_follow_up", "oqt_execution", 5)
    assert found["reason"] == asked.CEREMONY["reason"]
    assert (found["asked_by"], found["manner"]) == ("Officer", "ceremony")
    assert "Diallo" not in json.dumps(found)
    [look] = since(house, before)
    assert (look["action"], look["kind"], look["object"]) == ("read", "ceremony_use", ceremony)
    elsewhere = check(json.loads(json.dumps(found)))
    assert {(one.function, one.fingerprint) for one in elsewhere} == {
        (s["function"], s["fingerprint"]) for s in found["signatures"]
    }
    changed = found | {"answers": [one | {"fields": ["family_name"]} for one in found["answers"]]}
    assert {one.fingerprint for one in check(changed)} == {""}


@pytest.mark.parametrize(
    ("column", "value", "own", "zone"),
    [("evidence", b"", False, False), ("code", "other", True, False), ("digest", bytes(32), False, False)],
)
def test_an_approval_that_somebody_changed_is_told_and_not_trusted(
    lite_house: House, column: str, value: object, own: bool, zone: bool
) -> None:
    house = lite_house
    ceremony = asked.opened(house)
    with house.services.store.main.engine.connect() as connection:
        named = connection.execute(select(t.entries.c.entry_id).order_by(t.entries.c.entry_id).limit(1)).scalar_one()
        changed = update(t.access_answers).where(t.access_answers.c.function == "regional_head")
        connection.execute(changed.values({column: value, "entry_id": named}))
        connection.commit()
    found = held(house, ceremony)
    assert found["trusted"] is False
    [touched] = [s for s in found["signatures"] if s["function"] == "regional_head"]
    assert (touched["own"], touched["zone"], touched["counts"]) == (own, zone, False)
    [other] = [s for s in found["signatures"] if s["function"] == "dpo"]
    assert other["counts"] is True


def test_a_ceremony_whose_rows_are_gone_is_listed_all_the_same(lite_house: House) -> None:
    """Its two entries are in the log: hiding the rows hides nothing."""
    house = lite_house
    ceremony = asked.opened(house)
    with house.services.store.main.engine.connect() as connection:
        connection.execute(text("PRAGMA foreign_keys=OFF"))
        connection.execute(t.ceremonies.delete())
        connection.commit()
    [row] = queue(house)
    found = held(house, ceremony)
    assert (row["ceremony"], found["trusted"], found["signatures"]) == (ceremony, False, [])
    assert (found["reason"], found["canonical"]) == (None, None)


def test_nobody_reviews_a_ceremony_that_they_had_a_part_in(house: House, second_auditor: str) -> None:
    ceremony = asked.opened(house)
    [row] = queue(house)
    opening = {"entry": row["entry"], "origin": "ceremony"}
    assert house.client("dpo").post("/reviews", json=opening).status_code == 404, "who let the share go"
    review = house.client("auditor").post("/reviews", json=opening).json()["review"]
    decision = {"based_on": 1, "reason": "Pour un vol.", "judgement": "appropriate", "reason_code": "case_work"}
    path = f"/reviews/{review}"
    assert house.client("dpo").post(f"{path}/decision", json=decision).status_code == 404
    assert house.client("dpo").get(path).status_code == 404
    assert review not in house.client("dpo").get("/reviews").text
    assert house.client("auditor").post(f"{path}/decision", json=decision).status_code == 201
    sign = {"based_on": 2, "move": "sign"}
    assert house.client("dpo").post(f"{path}/signature", json=sign).status_code == 404
    assert house.client("auditor").post(f"{path}/signature", json=sign).status_code == 404, "nor who decided"
    assert house.client(second_auditor).post(f"{path}/signature", json=sign).status_code == 201
    assert house.client("auditor").post(f"{path}/close", json={"based_on": 3}).status_code == 201
    assert queue(house, waiting="true") == []
    [row] = [each for each in queue(house) if each["ceremony"] == ceremony]
    assert (row["stage"], row["overdue"]) == ("closed", False)


def test_who_approved_and_did_not_open_has_a_part_as_well(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else of that function let the share go: whoever signed for it reviews it no more than they do."""
    house = lite_house
    monkeypatch.setitem(STAFF, "deputy", (OVERSIGHT, Role.DPO, ""))
    ceremony = asked.begun(house)
    assert house.client("deputy").post(f"/ceremonies/{ceremony}/opening").status_code == 201
    [row] = queue(house)
    about = {"entry": row["entry"], "origin": "ceremony"}
    for login, status in (("deputy", 404), ("dpo", 404), ("auditor", 201)):
        assert house.client(login).post("/reviews", json=about).status_code == status, login
    request = next(e for e in entries(house) if e["outcome"] == "ceremony")
    about = {"entry": request["entry"], "origin": "by_hand"}
    assert house.client("dpo").post("/reviews", json=about).status_code == 404, "the request is the same ceremony"


def test_no_other_role_sees_any(lite_house: House) -> None:
    ceremony = asked.opened(lite_house)
    for login in ("head", "officer", "coach"):
        for path in ("/ceremonies", f"/ceremonies/{ceremony}"):
            reply = lite_house.client(login).get(f"//oversight{path}")
            assert reply.status_code == 401, "a session of one zone is none of another"
    assert lite_house.client("auditor").get(f"/ceremonies/{'0' * 32}").status_code == 404
