"""Erasing a case through the interface: who asks, who agrees, what holds, and what every road answers afterwards."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.doctoring import look
from tests import asked, emergencies, excepted, samples
from tests.api.support import entries, since
from tests.erasures import approved, ask, carry_out, closed_case, erase, full_case, rows
from tests.house import UNKNOWN_CASE, House
from tests.orders import fresh_order
from tests.recorded import attach
from vault.doctor.checks import Severity
from vault.lifecycle.erasure import Refusal
from vault.storage import tables as t
from vault.usecases.casework import parse_reference
from vault.usecases.erasing import begin_next, go_on
from vault.vocabulary import CASEWORK

KEPT = {"cases", "data_keys", "tombstones", "buried_keys", "erasure_cases"}


def left_of(house: House, raw: bytes) -> list[str]:
    """Tables that still name the case, besides those that say that it is gone."""
    tables = [table for table in t.main.sorted_tables if "case_id" in table.c and table.name not in KEPT]
    return [table.name for table in tables if any(row["case_id"] == raw for row in rows(house, table))]


def wrong(house: House) -> list[str]:
    """What the doctor says is wrong. That entries wait for a tree is not: no keeper of the log runs here."""
    found = [each for each in look(house.settings, house.clock) if each.check.severity is Severity.FAULT]
    return [f"{each.check.name}: {each.what}" for each in found if not each.check.name.startswith("log_")]


def everything(house: House) -> str:
    """A closed case that partners and follow-up heard of as well."""
    coach = house.client("coach")
    case = full_case(house)
    attach(coach, case)
    release = house.refer(coach, case)
    house.answer(house.client("caritas"), release)
    grant = asked.granted(house)
    assert house.client("officer").get(f"/grants/{grant}").status_code == 200
    house.hand_over(coach, house.client("head"), case)
    house.clock.move(days=90)
    for login in list(house.tokens):
        house.renew(login)
    return case


def test_a_case_is_erased_when_its_head_asked_and_the_officer_agreed(house: House) -> None:
    case, other = closed_case(house), full_case(house)
    before = len(entries(house))
    number = approved(house, case)
    [told] = house.client("dpo").get("/erasures").json()["erasures"]
    assert (told["erasure"], told["standing"], told["cause"]) == (number, "approved", "person_asks")
    assert carry_out(house) == 1
    raw = parse_reference(case).raw
    [stone] = rows(house, t.tombstones)
    assert (stone["case_id"], stone["done_at"] is not None) == (raw, True)
    assert [row["case_id"] for row in rows(house, t.buried_cases)] == [raw]
    assert left_of(house, raw) == []
    keys = {row["key_id"] for row in rows(house, t.buried_keys)}
    wraps = {row["key_id"]: row["wrap"] for row in rows(house, t.wraps)}
    assert keys >= {row["key_id"] for row in rows(house, t.data_keys) if row["case_id"] == raw} != set()
    assert all(wraps[key] == b"" for key in keys)
    assert all(wraps[row["key_id"]] for row in rows(house, t.data_keys) if row["case_id"] != raw)
    said = [(e["action"], e["count"]) for e in since(house, before) if e["action"].startswith("eras")]
    assert said == [("erasure_begun", 1), ("erased", len(keys) + 1)]
    assert house.client("coach").get(f"/cases/{other}").status_code == 200
    assert wrong(house) == []


def test_all_that_other_zones_had_of_it_goes_as_well(house: House) -> None:
    case = everything(house)
    raw = parse_reference(case).raw
    [sheet] = house.client("officer").get("/sheets").json()["sheets"]
    erase(house, case)
    assert left_of(house, raw) == []
    for table in (
        t.releases, t.answers, t.grants, t.access_requests, t.access_copies, t.access_answers, t.attachment_chunks,
        t.referral_events,
    ):  # fmt: skip
        assert rows(house, table) == [], table.name
    assert not [row for row in rows(house, t.wraps) if row["wrap"]]
    officer = house.client("officer")
    assert officer.get("/sheets").json()["sheets"] == []
    unknown = officer.get(f"/sheets/{'0' * 32}")
    gone = officer.get(f"/sheets/{sheet['release']}")
    assert (
        (gone.status_code, gone.json()["type"])
        == (unknown.status_code, unknown.json()["type"])
        == (404, gone.json()["type"])
    )
    assert officer.get("/access-requests").json()["requests"] == []
    assert house.client("dpo").get("/access-requests").json()["requests"] == []
    assert house.client("head").get("/access-requests").json()["requests"] == []
    assert house.client("caritas").get("/referrals").json()["referrals"] == []
    assert wrong(house) == []


ROADS = ("", "/identity", "/contact", "/notes", "/facts/sensitive", "/attachments/sensitive", "/tasks", "/referrals",
         "/steps", "/deadlines", "/exceptions", "/appointments", "/stand-ins", "/letters")  # fmt: skip


@pytest.mark.parametrize("login", ["coach", "head", "desk"])
def test_every_road_to_it_answers_as_to_one_that_never_was(house: House, login: str) -> None:
    case = closed_case(house)
    erase(house, case)
    caller = house.client(login)
    for road in ROADS:
        gone, never = caller.get(f"/cases/{case}{road}"), caller.get(f"/cases/{UNKNOWN_CASE}{road}")
        told = [{k: v for k, v in each.json().items() if k != "instance"} for each in (gone, never)]
        assert (gone.status_code, told[0]) == (never.status_code, told[1]), road
    assert caller.get("/cases").json()["cases"] == []


def test_it_is_found_by_no_number_and_asked_for_in_vain(house: House) -> None:
    case = closed_case(house)
    coach = house.client("coach")
    search = {"field": "ov_number", "value": "8.123.456"}
    assert [hit["reference"] for hit in coach.post("/find", json=search).json()["cases"]] == [case]
    erase(house, case)
    assert coach.post("/find", json=search).json()["cases"] == []
    number = asked.ask(house)
    assert asked.taken(house, number)["reference"] is None
    again = ask(house, case)
    assert again.status_code == ask(house, UNKNOWN_CASE).status_code == 404


HELD: dict[str, Any] = {
    "open": lambda house: full_case(house),
    "referral": lambda house: _closed_with(house, lambda coach, case: house.refer(coach, case)),
    "receipt": lambda house: _closed_with(house, lambda coach, case: _withdrawn(house, coach, case)),
    "request": lambda house: _closed_with(house, lambda coach, case: asked.taken(house, asked.ask(house))),
    "copy": lambda house: _closed_with(house, lambda coach, case: asked.granted(house)),
    "notice": lambda house: _closed_with(house, lambda coach, case: _untold(house, case)),
    "emergency": lambda house: _closed_with(house, lambda coach, case: emergencies.opened(house, case)),
    "sample": lambda house: _closed_with(house, lambda coach, case: samples.of(house, case)),
    "report": lambda house: _closed_with(house, lambda coach, case: _reported(coach, case)),
}


def _closed_with(house: House, what: Any) -> str:
    coach = house.client("coach")
    case = full_case(house)
    what(coach, case)
    assert coach.post(f"/cases/{case}/steps/close", json={"outcome": "STAY_OBTAINED"}).status_code == 201
    return case


def _withdrawn(house: House, coach: Any, case: str) -> None:
    referral = house.consent(coach, case)
    house.send(coach, case, referral)
    house.withdraw(coach, case, referral)


def _untold(house: House, case: str) -> None:
    """A lawful exception that was taken back, and of which the person has not heard."""
    _, disclosure = excepted.disclosed(house, case)
    assert excepted.revoke(house, disclosure).status_code == 201


def _reported(coach: Any, case: str) -> None:
    assert coach.post(f"/cases/{case}/access-report").status_code == 201


@pytest.mark.parametrize("hold", HELD)
def test_what_still_runs_holds_it(house: House, hold: str) -> None:
    case = HELD[hold](house)
    before = len(entries(house))
    reply = ask(house, case)
    assert (reply.status_code, reply.json()["holds"]) == (409, [hold])
    assert rows(house, t.erasures) == []
    said = [(e["action"], e["outcome"]) for e in since(house, before) if e["kind"] == "erasure"]
    assert said == [("create", "erasure_held")]


def _pending(house: House) -> str:
    opened = house.client("desk").post("/orders", json=fresh_order())
    assert opened.status_code == 200, opened.text
    [case] = house.client("head").get("/cases").json()["cases"]
    reference: str = case["reference"]
    return reference


def _suspended(house: House) -> str:
    case = full_case(house)
    house.step(house.client("head"), case, "suspend", reason="new_procedure")
    return case


def _closing(house: House) -> str:
    case = full_case(house)
    house.begin_closing(house.client("coach"), case)
    return case


OPEN: dict[str, Any] = {"pending": _pending, "active": full_case, "suspended": _suspended, "closing": _closing}


@pytest.mark.parametrize("phase", OPEN)
def test_a_case_that_is_not_closed_is_held_for_its_head_and_unknown_to_another(lite_house: House, phase: str) -> None:
    """Its own head sees where it stands anyway; who may not see it is answered as about no case, in the same words."""
    house = lite_house
    case, closed = OPEN[phase](house), closed_case(house)
    for ground in ("person_asks", "retention_over", "ordered"):
        reply = ask(house, case, ground)
        assert (reply.status_code, reply.json()["type"].rpartition(":")[2]) == (409, "erasure_held"), ground
        assert (reply.json()["holds"], reply.json()["detail"]) == (["open"], "not erased now: open")
    assert ask(house, case, "because").status_code == 400
    told = []
    for wanted in (case, closed, UNKNOWN_CASE):
        reply = ask(house, wanted, login="far_head")
        told.append((reply.status_code, {k: v for k, v in reply.json().items() if k != "instance"}))
    assert told[0][0] == 404
    assert told[0] == told[1] == told[2]
    assert ask(house, case, login="coach").status_code == ask(house, UNKNOWN_CASE, login="coach").status_code == 403
    assert rows(house, t.erasures) == []


def test_a_row_that_calls_an_approved_case_open_keeps_it(lite_house: House) -> None:
    """The state is asked again when it begins, also where the moment of closing is the one that was signed."""
    case = closed_case(lite_house)
    approved(lite_house, case)
    main = lite_house.services.store.main.raw
    for state, erased in (("follow_up", 0), ("closed", 1)):
        [entry] = main.execute(
            "SELECT entry_id FROM entries WHERE entry_id NOT IN (SELECT entry_id FROM cases) LIMIT 1"
        ).fetchone()
        main.execute("UPDATE cases SET state = ?, entry_id = ?", (state, entry))
        assert carry_out(lite_house) == erased, state
    assert len(rows(lite_house, t.tombstones)) == 1


def test_a_partners_receipt_ends_the_wait_for_it(house: House) -> None:
    """Two referrals to one partner: each receipt is waited for, until its own day at the latest."""
    coach = house.client("coach")
    case = full_case(house)
    sent = []
    for _ in range(2):
        referral = house.consent(coach, case)
        sent.append(house.send(coach, case, referral))
        house.withdraw(coach, case, referral)
    assert coach.post(f"/cases/{case}/steps/close", json={"outcome": "STAY_OBTAINED"}).status_code == 201
    caritas = house.client("caritas")
    for release, outcome in zip(sent, ("deleted", "kept_by_law"), strict=True):
        assert ask(house, case).json()["holds"] == ["receipt"], "one is still to come"
        given = caritas.post(f"/withdrawals/{release}/receipt", json={"outcome": outcome})
        assert given.status_code == 201, given.text
    [line] = house.client("head").get("/erasures", params={"by": "2030-01-01"}).json()["cases"]
    assert line["holds"] == []
    erase(house, case)
    assert wrong(house) == []


def test_a_receipt_that_its_partner_did_not_sign_ends_no_wait(lite_house: House) -> None:
    house, coach, case = lite_house, lite_house.client("coach"), full_case(lite_house)
    referral = house.consent(coach, case)
    release = house.send(coach, case, referral)
    house.withdraw(coach, case, referral)
    assert coach.post(f"/cases/{case}/steps/close", json={"outcome": "STAY_OBTAINED"}).status_code == 201
    given = house.client("caritas").post(f"/withdrawals/{release}/receipt", json={"outcome": "deleted"})
    assert given.status_code == 201, given.text
    main = house.services.store.main.raw
    for outcome, holds in (("kept_by_law", ["receipt"]), ("deleted", [])):
        [entry] = main.execute(
            "SELECT entry_id FROM entries WHERE entry_id NOT IN (SELECT entry_id FROM receipts) LIMIT 1"
        ).fetchone()
        [own] = main.execute("SELECT entry_id FROM receipts").fetchone()
        main.execute("UPDATE receipts SET outcome = ?, entry_id = ?", (outcome, entry))
        main.execute("UPDATE receipts SET entry_id = ?", (own,))
        [line] = house.client("head").get("/erasures", params={"by": "2030-01-01"}).json()["cases"]
        assert (line["reference"], line["holds"]) == (case, holds), outcome


@pytest.mark.parametrize("code", [code.value for code in Refusal])
def test_the_head_who_asked_is_told_the_code_of_a_refusal_until_it_is_asked_again(lite_house: House, code: str) -> None:
    house, head = lite_house, lite_house.client("head")
    case, other = closed_case(house), closed_case(house)

    def told() -> dict[str, Any]:
        lines = head.get("/erasures", params={"by": "2030-01-01"}).json()["cases"]
        return {line["reference"]: (line["standing"], line["refused_for"]) for line in lines}

    number = ask(house, case).json()["erasure"]
    approved(house, other)
    assert told() == {case: ("asked", None), other: ("approved", None)}
    reply = house.client("dpo").post(f"/erasures/{number}/refuse", json={"code": code})
    assert reply.status_code == 201, reply.text
    assert told() == {case: ("refused", code), other: ("approved", None)}
    assert house.client("far_head").get("/erasures", params={"by": "2030-01-01"}).json()["cases"] == []
    assert ask(house, case, "ordered").status_code == 201
    assert told()[case] == ("asked", None)


def test_retention_waits_until_the_case_is_due_and_a_dry_run_changes_nothing(lite_house: House) -> None:
    house, head = lite_house, lite_house.client("head")
    case = closed_case(house)
    assert ask(house, case, "retention_over").json()["holds"] == ["not_due"]
    assert head.get("/erasures").json()["cases"] == []
    [line] = head.get("/erasures", params={"by": "2028-11-03"}).json()["cases"]
    assert (line["reference"], line["due_on"], line["holds"]) == (case, "2028-11-03", [])
    assert {"narrative", "sensitive", "identity"} <= set(line["compartments"])
    assert rows(house, t.erasures) == []
    house.clock.move(days=731)
    for login in list(house.tokens):
        house.renew(login)
    erase(house, case, "retention_over")
    assert ask(house, case, "nonsense").status_code == 404
    assert house.client("head").get("/erasures").json()["cases"] == []


def test_who_may_not_ask_or_agree(lite_house: House) -> None:
    case = closed_case(lite_house)
    assert ask(lite_house, case, login="coach").status_code == 403
    assert ask(lite_house, case, login="far_head").status_code == 404, "somebody else's region"
    assert ask(lite_house, case, "because").status_code == 400
    number = ask(lite_house, case).json()["erasure"]
    assert ask(lite_house, case).status_code == 409, "asked already"
    for login in ("auditor", "operator"):
        assert lite_house.client(login).post(f"/erasures/{number}/approve").status_code == 403
    dpo = lite_house.client("dpo")
    assert dpo.post(f"/erasures/{'0' * 32}/approve").status_code == 404
    assert dpo.post(f"/erasures/{number}/refuse", json={"code": "still_needed"}).status_code == 201
    assert dpo.post(f"/erasures/{number}/approve").status_code == 409, "said once"
    assert carry_out(lite_house) == 0
    assert rows(lite_house, t.tombstones) == []
    assert ask(lite_house, case).status_code == 201, "it may be asked again"


def test_a_case_that_was_reopened_is_not_erased_upon_what_was_said_before(house: House) -> None:
    case = closed_case(house)
    number = approved(house, case)
    coach = house.client("coach")
    house.step(coach, case, "reopen", day="2026-11-20", language="fr", leaflet="2026-1")
    assert carry_out(house) == 0
    assert coach.get(f"/cases/{case}").status_code == 200
    assert rows(house, t.erasure_cases)[0]["lapsed_at"] is not None
    assert house.client("dpo").get("/erasures").json()["erasures"][0]["erasure"] == number
    assert wrong(house) == []


@pytest.mark.parametrize("planted", ["word", "request", "case"])
def test_rows_that_nobody_signed_erase_nothing(lite_house: House, planted: str) -> None:
    """Whoever writes the main database cannot make casework destroy keys."""
    case, other = closed_case(lite_house), closed_case(lite_house)
    number = ask(lite_house, case).json()["erasure"]
    raw = bytes.fromhex(number)
    main = lite_house.services.store.main.raw
    if planted == "word":
        entry = main.execute("SELECT entry_id FROM erasures").fetchone()[0]
        main.execute(
            "INSERT INTO erasure_words VALUES (?, 'oversight', 'casework', 'approved', '', ?, 1, ?, ?)",
            (raw, bytes(16), bytes(3374), entry),
        )
    else:
        assert lite_house.client("dpo").post(f"/erasures/{number}/approve").status_code == 201
        [entry] = main.execute(
            "SELECT entry_id FROM entries WHERE entry_id NOT IN (SELECT entry_id FROM erasures) LIMIT 1"
        ).fetchone()
        if planted == "case":
            main.execute("UPDATE erasure_cases SET case_id = ?, entry_id = ?", (parse_reference(other).raw, entry))
        else:
            main.execute("UPDATE erasures SET ground = 'ordered', entry_id = ?", (entry,))
    assert carry_out(lite_house) == 0
    assert rows(lite_house, t.tombstones) == []
    told = lite_house.client("dpo").get("/erasures").json()["erasures"][0]["standing"]
    assert (told == "forged") is (planted == "request")


def test_no_page_of_a_file_remembers_it(lite_house: House) -> None:
    """Wraps, blind indexes and sealed notes are in no byte of either database and its write-ahead log."""
    case = closed_case(lite_house)
    raw = parse_reference(case).raw
    marked = [row["token"] for row in rows(lite_house, t.blind_index) if row["case_id"] == raw]
    marked += [row["sealed"][:48] for row in rows(lite_house, t.records) if row["case_id"] == raw]
    keys = {row["key_id"] for row in rows(lite_house, t.data_keys) if row["case_id"] == raw}
    marked += [row["wrap"][:48] for row in rows(lite_house, t.wraps) if row["key_id"] in keys]

    def there() -> int:
        files = [path.read_bytes() for path in Path(lite_house.settings.home).iterdir() if ".db" in path.name]
        return sum(any(mark in content for content in files) for mark in marked)

    assert there() == len(marked) > 10
    erase(lite_house, case)
    lite_house._readers.clear()
    lite_house.client("coach").get("/cases")
    assert there() == 0


def test_what_stays_open_elsewhere_is_told_in_the_log_and_the_log_is_whole(lite_house: House) -> None:
    """The log keeps who looked at the case, by its name there: erasing hides no trace."""
    case = closed_case(lite_house)
    before = entries(lite_house)
    erase(lite_house, case)
    after = entries(lite_house)
    assert after[: len(before)] == before
    begun = next(e for e in after if e["action"] == "erasure_begun")
    looks = [e for e in before if e["subject"] == begun["subject"]]
    assert len(looks) > 3


def test_from_the_tombstone_on_nothing_is_written_and_two_at_once_erase_once(house: House) -> None:
    """Between the tombstone and the end a coach who still has the page open writes, drafts and reopens in vain."""
    case, coach = closed_case(house), house.client("coach")
    approved(house, case)
    casework, post = house.services.casework, house.services.correspondence[CASEWORK]
    assert casework is not None
    run = house.services.worker.run
    begun = run(CASEWORK, partial(begin_next, casework=casework, post=post))
    assert begun == parse_reference(case)
    assert run(CASEWORK, partial(begin_next, casework=casework, post=post)) is None, "it has begun already"
    note = {"text": "Vu encore.", "language": "fr", "template": "intake"}
    day = {"day": "2026-11-20", "language": "fr", "leaflet": "2026-1"}
    for path, body in ((f"/cases/{case}/notes", note), (f"/cases/{case}/steps/reopen", day)):
        gone = coach.post(path, json=body)
        never = coach.post(path.replace(case, UNKNOWN_CASE), json=body)
        assert gone.status_code == never.status_code == 404, path
    before = len(rows(house, t.records))
    assert carry_out(house) == 1
    assert run(CASEWORK, partial(go_on, case=begun, casework=casework)), "again: nothing is left to do"
    assert len(rows(house, t.records)) < before
    assert [e["action"] for e in entries(house)].count("erased") == 1
