"""Who comes without a session leaves a count in the log, and cannot fill it."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway import turned_away
from gateway.app import create_app
from tests.api.stage import Stage
from tests.api.support import entries, since
from tests.crash.checks import faults
from tests.house import House
from tests.patience import until


def _counted(house: House, before: int) -> dict[tuple[str, str], int]:
    written = since(house, before)
    assert {(entry["action"], entry["kind"], entry["decision"]) for entry in written} <= {
        ("turned_away", "request", "deny")
    }
    return {(entry["zone"], entry["outcome"]): entry["count"] for entry in written}


def _flush(house: House) -> None:
    asyncio.run(house.app.app.turned_away.flush())


def test_requests_without_a_session_are_counted_and_not_written_one_by_one(house: House) -> None:
    case, note = Stage(house).noted()
    before = len(entries(house))
    dead = {"authorization": f"Bearer {'ab' * 32}"}
    for _ in range(7):
        assert house.app.get("/casework/cases").status_code == 401
        assert house.app.get(f"/casework/cases/{case}/notes/{note}", headers=dead).status_code == 401  # the hot path
        assert house.app.get("/partner/caritas/referrals", headers=dead).status_code == 401
    officer = house.client("officer")
    before = len(entries(house))
    assert officer.get("//casework/cases").status_code == 401  # a session of another zone is none here
    cookie = {"cookie": f"__Host-parefeu-casework={house.tokens['coach']}", "origin": "https://elsewhere.test"}
    refer = {"partner": "caritas", "need": "shelter", "fields": ["phone"]}
    assert house.app.post(f"/casework/cases/{case}/referrals", headers=cookie, json=refer).status_code == 403
    assert since(house, before) == []
    _flush(house)
    counted = _counted(house, before)
    assert counted == {
        ("casework", "not_signed_in"): 15, ("casework", "cross_site"): 1, ("partner:caritas", "not_signed_in"): 7,
    }  # fmt: skip
    _flush(house)
    assert _counted(house, before) == counted, "what was written is not counted again"
    assert faults(house.settings) == []


def test_what_nobody_foresaw_keeps_the_counts_and_those_of_no_other_zone(
    lite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(entries(lite_house))
    for path in ("/casework/cases", "/oversight/entries"):
        assert lite_house.app.get(path).status_code == 401
    written = turned_away.record_turned_away

    def fails_for_casework(uow: Any, **given: Any) -> None:
        if str(uow.zone) == "casework":
            raise RuntimeError("nobody foresaw this")
        written(uow, **given)

    with monkeypatch.context() as once:
        once.setattr(turned_away, "record_turned_away", fails_for_casework)
        _flush(lite_house)
    told = [entry for entry in since(lite_house, before) if entry["action"] == "turned_away"]
    assert [entry["zone"] for entry in told] == ["oversight"]
    _flush(lite_house)
    told = [entry for entry in since(lite_house, before) if entry["action"] == "turned_away"]
    assert sorted((entry["zone"], entry["count"]) for entry in told) == [("casework", 1), ("oversight", 1)]


def test_a_refused_sign_in_has_its_own_entry_and_a_throttled_one_is_counted(lite_house: House) -> None:
    wrong = {"login": "nobody", "password": "x", "code": "000000"}
    before = len(entries(lite_house))
    told = [lite_house.app.post("/casework/session", json=wrong).status_code for _ in range(9)]
    assert sorted(set(told)) == [401, 429]
    assert [entry["action"] for entry in since(lite_house, before)] == ["sign_in_refused"] * told.count(401)
    before = len(entries(lite_house))
    _flush(lite_house)
    assert _counted(lite_house, before) == {("casework", "sign_in_throttled"): told.count(429)}


def test_what_is_refused_after_the_question_is_not_counted_besides(lite_house: House) -> None:
    """It has an entry of its own, with its actor."""
    coach, colleague, desk = (lite_house.client(login) for login in ("coach", "colleague", "desk"))
    case = lite_house.open_case(coach)
    assert colleague.get(f"/cases/{case}").status_code == 404
    assert desk.get(f"/cases/{case}/identity").status_code == 403
    assert coach.get("/cases/not-a-reference").status_code == 400
    assert lite_house.app.get("/nowhere/at/all").status_code == 404
    before = len(entries(lite_house))
    _flush(lite_house)
    assert since(lite_house, before) == []


def test_counts_are_written_as_time_goes_by_and_when_the_process_ends(
    lite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turned_away, "WINDOW", 0.02)
    lite_house.app.get("/casework/cases")  # so that the lane is there
    before = len(entries(lite_house))
    application = create_app(lite_house.services)
    with TestClient(application, base_url="https://parefeu.test") as client:
        for _ in range(3):
            assert client.get("/casework/cases").status_code == 401

        def written() -> bool:
            client.get("/health")
            return sum(entry["count"] for entry in since(lite_house, before)) >= 3

        until(written)
        assert sum(entry["count"] for entry in since(lite_house, before)) == 3
        monkeypatch.setattr(turned_away, "WINDOW", 600.0)
        until(lambda: client.get("/health") and not application.turned_away._counts)
        assert client.get("/oversight/entries").status_code == 401
    assert _counted(lite_house, before)["oversight", "not_signed_in"] == 1


def test_counts_that_the_store_does_not_take_are_kept(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    lite_house.app.get("/casework/cases")
    before = len(entries(lite_house))
    run = lite_house.services.store.main.begin

    def fails(*_: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(lite_house.services.store.main, "begin", fails)
    _flush(lite_house)
    monkeypatch.setattr(lite_house.services.store.main, "begin", run)
    assert since(lite_house, before) == []
    _flush(lite_house)
    assert _counted(lite_house, before) == {("casework", "not_signed_in"): 1}


def test_whoever_hammers_the_door_does_not_fill_the_log(lite_house: House) -> None:
    lite_house.app.get("/casework/cases")
    before = len(entries(lite_house))
    for _ in range(300):
        lite_house.app.get("/casework/cases")
    _flush(lite_house)
    assert len(since(lite_house, before)) == 1
