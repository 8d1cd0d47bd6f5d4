"""The operator's look: how every process lives, how old keys are, how far the log lags; nothing of a case or person."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gateway.log.running import announce
from gateway.pages import words
from gateway.pages.operation import troubles
from gateway.sweeper import tell
from gateway.timetable_rules import load_timetable
from tests.api.support import entries, since
from tests.cli.kit import HouseGateway, Shell, signed_in
from tests.house import STAFF, House
from tests.log.test_keeper import keeper_of, let_go
from tests.pages.visiting import Visitor
from tests.storage.test_rotating import rotated
from vault.audit.log_events import details_erased, heartbeat
from vault.oversight.timetable import Duty
from vault.storage import filing
from vault.storage.detail_erasure import DetailErasure
from vault.storage.store import Database, make_engine
from vault.usecases.soundness import try_records
from vault.usecases.sweep import sweep
from vault.vocabulary import CASEWORK, OVERSIGHT

Json = dict[str, Any]


def told(house: House, login: str = "operator") -> Json:
    reply = house.client(login).get("/operation")
    assert reply.status_code == 200, reply.text
    found: Json = reply.json()
    return found


def test_an_operator_sees_what_processes_say_of_themselves(house: House) -> None:
    case = house.open_case(house.client("coach"))
    house.client("operator")
    announce(house.services)
    house.clock.move(days=3)
    house.renew("operator")
    house.services.worker.run(CASEWORK, lambda uow: uow.audit.append(heartbeat(), None))
    before = len(entries(house))
    found = told(house)
    zones = {zone["zone"]: zone for zone in found["zones"]}
    assert set(zones) == {"casework", "follow_up", "oversight", "partner:caritas", "partner:fedasil"}
    mine = zones["casework"]
    assert (mine["key_version"], mine["keys_days"], mine["served_here"]) == (1, 3, True)
    assert mine["started_at"].startswith("2026-11-03")
    assert mine["alive_at"].startswith("2026-11-06")
    assert zones["follow_up"]["alive_at"] is None
    assert mine["policy"] == found["policy"] == house.services.firewall.digest.hex()
    assert found["store"] == ("SQLite" if house.settings.sqlite else "PostgreSQL")
    assert (found["directory"]["serial"], found["directory"]["days"]) == (1, 3)
    assert (found["log"]["size"], found["gaps"], found["erased"], found["swept_at"]) == (0, 0, None, None)
    [look] = since(house, before)
    assert (look["action"], look["kind"], look["decision"]) == ("read", "operation", "allow")
    assert look["config"] == found["timetable"]["digest"] == load_timetable().digest.hex()
    everything = json.dumps(found)
    names = {entry[name] for entry in entries(house) for name in ("actor", "subject") if entry[name]}
    assert not [name for name in (case, *names) if name in everything]


def test_what_was_swept_erased_and_signed_is_dated(lite_house: House) -> None:
    house = lite_house
    keeper = keeper_of(house)
    announce(house.services)
    house.client("operator")
    house.services.worker.run(OVERSIGHT, lambda uow: uow.audit.append(details_erased("before:x", 7, "retention"), None))
    house.clock.move(seconds=20)
    keeper.turn()
    keeper.show()
    found = told(house)
    assert found["erased"]["count"] == 7
    assert found["log"]["size"] > 0
    assert found["log"]["quorum"] == "none_asked"
    assert house.services.worker.run(CASEWORK, lambda uow: sweep(uow, house.services.casework)) == 0
    let_go(keeper)


def test_what_cannot_be_searched_yet_is_told_and_does_not_stop_the_look(
    lite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    lite_house.open_case(lite_house.client("coach"))
    lite_house.client("operator")
    monkeypatch.setattr(filing, "BEFORE_A_LOOK", 2)
    found = told(lite_house)
    assert found["log"] is None
    assert found["filing"]["filed"] == 0
    assert found["filing"]["unfiled"] > 2
    assert {line["state"] for line in found["timetable"]["lines"] if line["duty"] != "keys"} == {"unknown"}
    assert troubles(found) == ["filing"]
    assert "parefeu audit file" in Visitor(lite_house, "operator").look("/")


def test_the_timetable_says_what_was_done_when_it_is_due_and_how(lite_house: House) -> None:
    house = lite_house
    announce(house.services)
    house.client("operator")
    lines = lines_of(house)
    assert [line["zone"] for line in lines if line["duty"] == "keys"] == [
        str(entry.zone) for entry in house.services.directory.entries
    ]
    keys = lines[0]
    assert (keys["done_at"][:10], keys["due_on"], keys["state"], keys["command"]) == (
        "2026-11-03", "2028-11-03", "in_time", "parefeu keys rotate --zone casework",
    )  # fmt: skip
    assert {line["command"] for line in lines[1:] if line["duty"] == "keys"} == {None}
    sweeping, examining = (next(one for one in lines if one["duty"] == name) for name in ("sweep", "examination"))
    assert (sweeping["done_at"], sweeping["due_on"], sweeping["command"]) == (None, "2026-11-05", "parefeu db sweep")
    assert (examining["due_on"], examining["state"]) == ("2026-12-03", "in_time")
    house.clock.move(days=40)
    house.renew("operator")
    assert late(house) == {"sweep", "examination"}
    page = Visitor(house, "operator").look("/")
    assert "Nobody sweeps" in page
    assert "parefeu doctor --open 500" in page
    asyncio.run(tell(house.services, 0))
    house.services.worker.run(CASEWORK, lambda uow: try_records(uow, [], house.services.casework))
    assert late(house) == set()
    assert "Nobody sweeps" not in Visitor(house, "operator").look("/")


def test_caseworks_keys_count_from_the_last_rotation(lite_house: House) -> None:
    house = lite_house
    announce(house.services)
    house.client("operator")
    house.clock.move(days=800)
    house.renew("operator")
    assert {line["zone"] for line in lines_of(house) if line["state"] == "late" and line["duty"] == "keys"} == {
        str(entry.zone) for entry in house.services.directory.entries
    }
    rotated(house)
    casework = lines_of(house)[0]
    assert (casework["zone"], casework["done_at"][:10], casework["state"]) == ("casework", "2029-01-11", "in_time")


def test_details_are_dated_by_the_oldest_that_is_stored(lite_house: House) -> None:
    house = lite_house
    announce(house.services)
    house.client("operator")
    assert one_of(house, "details") == (None, "2037-05-03", "in_time")
    house.clock.move(days=3900)
    house.renew("operator")
    assert one_of(house, "details")[2] == "late"
    until = house.clock.now()
    keystore = Database(make_engine(house.settings.keys_url))
    erasure = DetailErasure(keystore, before=until)
    what = details_erased(f"before:{until.isoformat()}", erasure.count(), "retention")
    house.services.worker.run(OVERSIGHT, lambda uow: uow.audit.append(what, None))
    someone = details_erased("actor:x", 1, "asked")
    house.services.worker.run(OVERSIGHT, lambda uow: uow.audit.append(someone, None))
    assert one_of(house, "details")[2] == "late", "said, and not done: what is stored counts"
    with house.services.exclusive():
        erasure.carry_out()
        keystore.close()
    done, due, state = one_of(house, "details")
    assert (done[:10], state) == (until.isoformat()[:10], "in_time")
    assert due > "2047"


def lines_of(house: House) -> list[Json]:
    found: list[Json] = told(house)["timetable"]["lines"]
    return found


def late(house: House) -> set[str]:
    return {line["duty"] for line in lines_of(house) if line["state"] == "late"}


def one_of(house: House, duty: str) -> tuple[Any, Any, Any]:
    return next((one["done_at"], one["due_on"], one["state"]) for one in lines_of(house) if one["duty"] == duty)


def test_an_operator_reaches_nothing_else_and_nobody_else_this(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    entry = entries(house)[-1]["entry"]
    for path in (
        "/entries", f"/entries/{entry}", f"/entries/{entry}/detail", "/log-state", "/detection-rules", "/reviews",
        "/emergencies", "/ceremonies", "/log-figures?from=2026-11-02&to=2026-11-03", "/sheets", "/staff-passkeys",
        "/access-requests",
    ):  # fmt: skip
        assert house.client("operator").get(path).status_code in (403, 404), path
    for login in ("auditor", "dpo"):
        assert house.client(login).get("/operation").status_code == 403
    for login in ("coach", "officer", "caritas"):
        assert house.client(login).get("//oversight/operation").status_code == 401
    assert STAFF["operator"][0] == OVERSIGHT


def test_the_page_is_the_operators_first_and_only_one(lite_house: House) -> None:
    house = lite_house
    announce(house.services)
    operator = Visitor(house, "operator")
    page = operator.look("/")
    assert "How it runs" in page
    assert "The log has no tree yet" in page
    assert "How whole it is" not in page, "the log's state is not the operator's to judge"
    denied = [e for e in entries(house) if e["decision"] == "deny"]
    assert denied == [], "looking at one's own page asks for nothing that is refused"
    for path in ("/unexplained", "/log-state", "/reviews", "/ceremonies", "/log-figures", "/passkeys"):
        operator.look(path, 403)
    assert "Who looked at what" in Visitor(house, "auditor").look("/")


def test_it_is_told_by_command(lite_house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    signed_in(lite_house, "operator")
    shell = Shell()
    shell.hooks.gateway = HouseGateway(lite_house)
    out = shell.ok("health").out
    assert "store\tSQLite" in out
    assert "directory_serial\t1" in out
    assert "due.1.duty\tkeys" in out
    assert "timetable_version\tshipped-1" in out
    assert shell.ok("health", "--json").json["policy"] == lite_house.services.firewall.digest.hex()


def test_every_trouble_has_a_word() -> None:
    late = [{"duty": duty.value, "state": "late"} for duty in Duty]
    worst: Json = {"log": None, "gaps": 1, "zones": [{"started_at": None}], "timetable": {"lines": late}}
    lagging = {"size": 0, "waiting": 3, "lag_seconds": None, "quorum": "unknown"}
    found = {*troubles(worst), *troubles(worst | {"log": lagging})}
    assert found == set(words.WORDS["trouble"])
