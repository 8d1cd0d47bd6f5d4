"""Lawful exceptions: named items of one case, upon a listed basis, to one body, upon two people's own signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.api.support import comparable, counts, entries, since
from tests.asked import ASK, approved, granted
from tests.asked import ask as ask_access
from tests.crash.checks import faults
from tests.excepted import (
    FILE,
    SILENCE,
    acknowledge,
    disclose,
    disclosed,
    fact_of,
    file,
    lines,
    read,
    revoke,
    sign_for,
    signed,
    told,
)
from tests.house import UNKNOWN_CASE, House

NOBODYS = "ab" * 16


@pytest.fixture
def case(house: House) -> str:
    return house.open_case(house.client("coach"))


@pytest.fixture
def lite_case(lite_house: House) -> str:
    return lite_house.open_case(lite_house.client("coach"))


def _code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["type"].rpartition(":")[2]


# -- the whole way -----------------------------------------------------------------------------------


def test_named_items_leave_upon_two_signatures_and_are_read_by_their_recipient_alone(house: House, case: str) -> None:
    fact = fact_of(house, case)
    items = ["family_name", "address", f"sensitive_fact:{fact}"]
    number = file(house, case, items=items)
    assert [line["standing"] for line in lines(house, case)] == ["open"]
    for login in ("dpo", "head"):  # in the queue of both at once, whoever files
        (row,) = house.client(login).get("/access-requests").json()["requests"]
        assert (row["request"], row["manner"], row["recipient"]) == (number, "exception", "partner:fedasil")
    for login in ("dpo", "head"):
        assert sign_for(house, number, login).status_code == 201
    release = disclose(house, number)
    seen = read(house, release).json()
    assert (seen["family_name"], seen["address"]) == ("Diallo", "rue des Tilleuls-Inventés 14, 1000 Bruxelles")
    assert seen["sensitive_fact"] == [{"code": "health", "value": "pregnancy", "status": "", "on": ""}]
    assert (seen["basis"], seen["purpose"]) == ("court_order", "legal_obligation")
    assert [seen[name] for name in ("given_names", "birth_date", "phone", "whereabouts", "return_fact")] == [None] * 5
    assert "confié" not in read(house, release).text, "no words that somebody said"
    assert case not in read(house, release).text
    (listed,) = house.client("fedasil").get("/disclosures").json()["disclosures"]
    assert listed["disclosure"] == release
    assert listed["pseudonym"] == seen["pseudonym"]
    assert acknowledge(house, number).status_code == 201
    assert told(house, case, number).status_code == 201
    (line,) = lines(house, case)
    assert (line["standing"], line["notice"]) == ("granted", "given")
    assert line["acknowledged_at"] is not None
    assert faults(house.settings) == []


def test_every_step_is_logged_with_what_it_rests_on(lite_house: House, lite_case: str) -> None:
    house = lite_house
    before = len(entries(house))
    number, release = disclosed(house, lite_case)
    read(house, release)
    acknowledge(house, number)
    told(house, lite_case, number)
    revoke(house, release)
    acts = {
        (e["action"], e["kind"], e["outcome"], e["purpose"])
        for e in since(house, before)
        if e["object"] in {number, release} and e["decision"] == "allow"
    }
    assert {
        ("create", "disclosure", "filed", "case_administration"),
        ("sign", "access_form", "approved", "data_protection"),
        ("sign", "access_request", "approved", "case_administration"),
        ("release", "disclosure", "partner:fedasil", "case_administration"),
        ("release_begun", "disclosure", "partner:fedasil", "legal_obligation"),
        ("released", "disclosure", "partner:fedasil", "case_administration"),
        ("read", "disclosure", "", "legal_obligation"),
        ("write", "access_form", "acknowledged", "data_protection"),
        ("write", "disclosure", "notified", "case_administration"),
        ("close", "disclosure", "misused", "case_administration"),
    } <= acts
    digest = house.services.access[next(iter(house.services.access))].exceptions.digest.hex()
    assert any(e["action"] == "create" and e["config"] == digest for e in since(house, before))
    assert "Diallo" not in str(since(house, before))


# -- who ---------------------------------------------------------------------------------------------


def test_nobody_but_the_cases_own_people_files_one(lite_house: House, lite_case: str) -> None:
    house = lite_house
    for login in ("colleague", "far_coach", "far_head"):
        reply = house.client(login).post(f"/cases/{lite_case}/exceptions", json=FILE)
        unknown = house.client(login).post(f"/cases/{UNKNOWN_CASE}/exceptions", json=FILE)
        assert reply.status_code == 404
        assert comparable(reply) == comparable(unknown)
        listing = house.client(login).get(f"/cases/{lite_case}/exceptions")
        assert comparable(listing) == comparable(house.client(login).get(f"/cases/{UNKNOWN_CASE}/exceptions"))
    assert house.client("desk").post(f"/cases/{lite_case}/exceptions", json=FILE).status_code == 403
    assert house.client("head").post(f"/cases/{lite_case}/exceptions", json=FILE).status_code == 201


#: Bodies that are well formed: what of them the office's file lists is for those who may file to know.
_ASKED = (
    {}, {"basis": "offence_report", "recipient": "partner:caritas"}, {"basis": "imminent_danger"},
    {"basis": "because"}, {"recipient": "partner:caritas"}, {"recipient": "partner:nobody"},
    {"recipient": "follow_up"}, {"recipient": "oversight"}, {"hours": 337},
    {"silence": {"ground": "secret_inquiry", "until": "2026-12-31"}},
    {"silence": {"ground": "because", "until": "2026-12-31"}},
    {"silence": {"ground": "secret_inquiry", "until": "2030-01-01"}},
    {"items": [f"sensitive_fact:{NOBODYS}"]}, {"reason": "Le juge veut savoir où vit Diallo"},
)  # fmt: skip


def test_nobody_learns_what_the_file_lists_by_asking_for_what_they_may_not_file(
    lite_house: House, lite_case: str
) -> None:
    """Each role of casework, each way of not being allowed: one answer whatever is named, and one entry each."""
    house = lite_house
    never, elsewhere = ("desk",), ("colleague", "third_coach", "far_coach", "far_head")
    for login in (*never, *elsewhere, "coach", "head"):
        house.client(login)
    rows = counts(house)
    for login in (*never, *elsewhere, "coach", "head"):
        cases = (UNKNOWN_CASE,) if login in ("coach", "head") else (lite_case, UNKNOWN_CASE)
        client, before = house.client(login), len(entries(house))
        answers = [client.post(f"/cases/{case}/exceptions", json=FILE | each) for case in cases for each in _ASKED]
        told = [comparable(reply) for reply in answers]
        assert told == [told[0]] * len(told), login
        assert told[0][0] == (403 if login in never else 404)
        written = since(house, before)
        assert len(written) == len(answers), "each attempt is an entry, and one"
        assert {(e["action"], e["kind"], e["decision"], e["outcome"]) for e in written} == {
            ("create", "disclosure", "deny", "refused")
        }
    assert counts(house) == rows


def test_who_files_does_not_approve_and_one_signature_is_none(lite_house: House, lite_case: str) -> None:
    house = lite_house
    number = file(house, lite_case, "head")
    assert _code(sign_for(house, number, "head")) == (409, "conflict"), "whoever filed it"
    assert sign_for(house, number, "dpo").status_code == 201
    assert _code(house.client("head").post(f"/access-requests/{number}/disclosure")) == (409, "conflict")
    assert sign_for(house, number, "dpo").status_code == 409, "nor one function twice"
    # A coach approves nothing, and lets nothing go.
    assert house.client("coach").post(f"/access-requests/{number}/disclosure").status_code == 403
    assert house.client("coach").post(f"/access-requests/{number}/approval", json={"based_on": 1}).status_code == 403


def test_an_approval_without_a_listed_persons_own_signature_does_not_count(lite_house: House, lite_case: str) -> None:
    house = lite_house
    number = file(house, lite_case)
    for login in ("dpo", "head"):
        reply = house.client(login).post(f"/access-requests/{number}/approval", json={"based_on": 1})
        assert _code(reply) == (400, "invalid_input")
    other = house.client("head").get(f"/access-requests/{number}").json()
    assert other["missing"] == ["regional_head", "dpo"]
    # A signature for another exception is none for this one, and a part of it is none of it.
    second = file(house, lite_case, items=["family_name"])
    shown = house.client("head").get(f"/access-requests/{second}").json()
    assert sign_for(house, number, "head", fields=["identity"]).status_code == 400
    assert shown["canonical"] != other["canonical"]


def test_a_request_of_another_manner_goes_by_its_own_way(lite_house: House, lite_case: str) -> None:
    house = lite_house
    number, request = signed(house, lite_case), approved(house)
    head = house.client("head")
    assert _code(head.post(f"/access-requests/{number}/grant")) == (409, "conflict")
    assert _code(head.post(f"/access-requests/{number}/ceremony")) == (409, "conflict")
    assert _code(head.post(f"/access-requests/{request}/disclosure")) == (409, "conflict")
    release = disclose(house, number)
    given = head.post(f"/access-requests/{request}/grant").json()["grant"]
    assert head.post(f"/grants/{release}/revocation", json={"reason": "misused"}).status_code == 404
    assert revoke(house, given).status_code == 404
    assert revoke(house, release).status_code == 201


def test_follow_up_can_neither_name_nor_file_nor_receive_an_exception(lite_house: House, lite_case: str) -> None:
    house = lite_house
    reply = house.client("coach").post(f"/cases/{lite_case}/exceptions", json=FILE | {"recipient": "follow_up"})
    assert _code(reply) == (400, "invalid_input")
    number, release = disclosed(house, lite_case)
    officer = house.client("officer")
    assert officer.get(f"/disclosures/{release}").status_code in {404, 405}
    mine = officer.get(f"/access-requests/{number}")
    assert comparable(mine) == comparable(officer.get(f"/access-requests/{NOBODYS}"))
    assert officer.get("/access-requests").json()["requests"] == []
    assert officer.get(f"/grants/{release}").status_code == 404
    about = {"by": "reference", "value": lite_case}
    assert officer.post("/access-requests", json=ASK | {"about": about}).status_code == 400


# -- what --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"basis": "imminent_danger"}, 400), ({"basis": "because"}, 400), ({"recipient": "partner:caritas"}, 400),
        ({"recipient": "oversight"}, 400), ({"recipient": "casework"}, 400), ({"recipient": "partner:"}, 400),
        ({"items": []}, 400), ({"items": ["family_name", "family_name"]}, 400), ({"items": ["note"]}, 400),
        ({"items": [f"note:{NOBODYS}"]}, 400), ({"items": [f"stay_fact:{NOBODYS}"]}, 400),
        ({"items": [f"fact:{NOBODYS}"]}, 400), ({"items": [f"sensitive_fact:{NOBODYS}"]}, 400),
        ({"items": ["whereabouts_note"]}, 400), ({"items": ["aliases"]}, 400), ({"items": ["family_name"] * 13}, 400),
        ({"hours": 0}, 400), ({"hours": 337}, 400), ({"reason": "court"}, 400), ({"reason": "Une\nligne de trop"}, 400),
        ({"reason": "Le juge veut savoir où vit Diallo"}, 400),
        ({"silence": {"ground": "because", "until": "2026-12-31"}}, 400),
        ({"silence": {"ground": "secret_inquiry", "until": "2026-11-02"}}, 400),
        ({"silence": {"ground": "secret_inquiry", "until": "2028-12-31"}}, 400),
        ({"silence": {"ground": "secret_inquiry"}}, 400), ({"more": 1}, 400),
    ],
)  # fmt: skip
def test_what_the_offices_file_does_not_list_is_refused_before_anything_is_written(
    lite_house: House, lite_case: str, changed: dict[str, Any], status: int
) -> None:
    rows = counts(lite_house)
    reply = lite_house.client("coach").post(f"/cases/{lite_case}/exceptions", json=FILE | changed)
    assert reply.status_code == status, reply.text
    assert counts(lite_house) == rows


def test_an_item_is_of_this_case_when_it_is_filed_and_when_it_leaves(lite_house: House, lite_case: str) -> None:
    house, coach = lite_house, lite_house.client("coach")
    elsewhere = fact_of(house, house.open_case(coach, ov_number="8123457"))
    body = FILE | {"items": [f"sensitive_fact:{elsewhere}"]}
    assert _code(coach.post(f"/cases/{lite_case}/exceptions", json=body)) == (400, "invalid_input")
    own = fact_of(house, lite_case)
    body = FILE | {"items": [f"whereabouts:{own}"]}
    assert coach.post(f"/cases/{lite_case}/exceptions", json=body).status_code == 400, "under another compartment"


def test_one_person_files_a_few_a_day(lite_house: House, lite_case: str, tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "exceptions.toml").read_text("utf-8")
    own = tmp_path / "own.toml"
    own.write_text(text.replace("per_day = 1000", "per_day = 1"), "utf-8")
    lite_house.settings = lite_house.settings.model_copy(update={"exceptions_file": own})
    lite_house.reopen()
    file(lite_house, lite_case)
    reply = lite_house.client("coach").post(f"/cases/{lite_case}/exceptions", json=FILE)
    assert _code(reply) == (429, "budget_spent")


def test_nothing_flows_without_a_protocol_with_that_body_for_this_purpose(lite_house: House, lite_case: str) -> None:
    """The tests' protocols name every category but the shipped ones name no legal obligation at all."""
    house = lite_house
    number = signed(house, lite_case)
    house.settings = house.settings.model_copy(update={"protocols_file": None})
    house.reopen()
    assert _code(house.client("head").post(f"/access-requests/{number}/disclosure")) == (409, "protocol_missing")
    assert house.client("fedasil").get("/referrals").status_code == 200, "for referrals there is one"
    assert _code(house.client("fedasil").get("/disclosures")) == (409, "protocol_missing")


# -- how long ----------------------------------------------------------------------------------------


def test_it_opens_to_the_second_and_nobody_elses_number_opens(lite_house: House, lite_case: str) -> None:
    house = lite_house
    _, release = disclosed(house, lite_case)
    for login in ("caritas", "fedasil"):
        house.client(login)
    assert comparable(read(house, release, "caritas")) == comparable(read(house, NOBODYS, "caritas"))
    assert read(house, release).status_code == 200
    house.clock.move(hours=71, minutes=59)
    house.renew("fedasil")
    assert read(house, release).status_code == 200
    house.clock.move(minutes=1)
    assert comparable(read(house, release)) == comparable(read(house, NOBODYS))
    assert house.client("fedasil").get("/disclosures").json()["disclosures"] == []


def test_what_was_taken_back_is_not_there_any_more_and_has_no_key(house: House, case: str) -> None:
    _, release = disclosed(house, case)
    assert read(house, release).status_code == 200
    for login in ("far_head", "coach", "auditor"):
        assert revoke(house, release, login).status_code in {403, 404, 405}
    assert revoke(house, release).status_code == 201
    assert comparable(read(house, release)) == comparable(read(house, NOBODYS))
    assert _code(revoke(house, release)) == (409, "conflict")
    assert [line["standing"] for line in lines(house, case)] == ["revoked"]
    assert faults(house.settings) == []


def test_the_officer_stops_what_left_and_the_recipients_next_look_finds_nothing(house: House, case: str) -> None:
    number, release = disclosed(house, case)
    assert read(house, release).status_code == 200
    before = len(entries(house))
    for login in ("auditor", "operator"):
        assert revoke(house, release, login).status_code == 403
    reply = revoke(house, release, "dpo")
    assert (reply.status_code, reply.json()["standing"]) == (201, "revoked")
    assert comparable(read(house, release)) == comparable(read(house, NOBODYS))
    assert house.client("fedasil").get("/disclosures").json()["disclosures"] == []
    (gone,) = house.client("fedasil").get("/disclosures?ended=true").json()["disclosures"]
    assert (gone["disclosure"], gone["standing"]) == (release, "revoked")
    assert gone["ended_at"] == reply.json()["revoked_at"]
    for login in ("dpo", "head"):
        assert _code(revoke(house, release, login)) == (409, "conflict"), "once"
        shown = house.client(login).get(f"/access-requests/{number}").json()
        assert (shown["standing"], shown["revoked_at"]) == ("revoked", reply.json()["revoked_at"])
        (word,) = [each for each in shown["answers"] if each["act"] == "stopped"]
        assert (word["function"], word["code"], word["sound"]) == ("dpo", "misused", True)
    assert [line["standing"] for line in lines(house, case)] == ["revoked"]
    closed = [
        e for e in since(house, before) if (e["action"], e["kind"], e["outcome"]) == ("close", "disclosure", "misused")
    ]
    assert [(e["role"], e["object"], e["decision"], e["rule"]) for e in closed] == [("dpo", release, "allow", "ov-38")]
    assert faults(house.settings) == [], "its key is destroyed"


def test_nothing_but_a_live_exception_is_stopped(lite_house: House, lite_case: str) -> None:
    house = lite_house
    given = granted(house)
    for number in (given, NOBODYS, signed(house, lite_case)):
        assert comparable(revoke(house, number, "dpo")) == comparable(revoke(house, NOBODYS, "dpo"))
    assert house.client("officer").get(f"/grants/{given}").status_code == 200
    _, release = disclosed(house, lite_case)
    house.clock.move(hours=72)
    for login in ("dpo", "fedasil"):
        house.renew(login)
    assert _code(revoke(house, release, "dpo")) == (409, "conflict"), "its time is over"
    (gone,) = house.client("fedasil").get("/disclosures?ended=true").json()["disclosures"]
    assert (gone["standing"], gone["ended_at"]) == ("ended", gone["expires_at"])
    assert faults(house.settings) == []


def test_an_exception_that_nobody_signs_lapses_and_a_refused_one_is_over(lite_house: House, lite_case: str) -> None:
    house = lite_house
    refused, lapsed = file(house, lite_case), file(house, lite_case)
    body = {"based_on": 1, "reason": "disproportionate"}
    assert house.client("dpo").post(f"/access-requests/{refused}/refusal", json=body).status_code == 201
    assert _code(sign_for(house, refused, "head")) == (409, "conflict")
    house.clock.move(days=5)
    for login in ("coach", "head", "dpo"):
        house.renew(login)
    assert {line["request"]: line["standing"] for line in lines(house, lite_case)} == {
        refused: "refused", lapsed: "lapsed",
    }  # fmt: skip
    assert _code(sign_for(house, lapsed, "head")) == (409, "conflict")


# -- telling -----------------------------------------------------------------------------------------


def test_the_officer_takes_note_once_of_what_left_and_nobody_else_does(lite_house: House, lite_case: str) -> None:
    house = lite_house
    number = signed(house, lite_case)
    assert _code(acknowledge(house, number)) == (409, "conflict"), "nothing left yet"
    disclose(house, number)
    (row,) = house.client("dpo").get("/access-requests").json()["requests"]
    assert row["acknowledge"] is True
    assert row["acknowledge_by"] is not None
    assert acknowledge(house, number, "auditor").status_code == 403
    assert house.client("head").post(f"/access-requests/{number}/acknowledgement").status_code in {404, 405}
    assert acknowledge(house, number).status_code == 201
    assert _code(acknowledge(house, number)) == (409, "conflict")
    (row,) = house.client("dpo").get("/access-requests").json()["requests"]
    assert row["acknowledge"] is False
    plain = ask_access(house)
    assert _code(acknowledge(house, plain)) == (409, "conflict"), "of an exception alone"


def test_the_person_is_to_be_told_within_days_and_it_is_said_when_that_is_late(
    lite_house: House, lite_case: str
) -> None:
    house = lite_house
    number = signed(house, lite_case)
    assert _code(told(house, lite_case, number)) == (409, "conflict"), "nothing left yet"
    disclose(house, number)
    assert [line["notice"] for line in lines(house, lite_case)] == ["due"]
    house.clock.move(days=30)
    for login in ("coach", "head", "dpo", "colleague"):
        house.renew(login)
    assert [line["notice"] for line in lines(house, lite_case, "head")] == ["overdue"]
    elsewhere = house.open_case(house.client("coach"), ov_number="8123457")
    assert told(house, elsewhere, number).status_code == 404, "it is about another case"
    assert told(house, lite_case, number, "colleague").status_code == 404
    assert told(house, lite_case, number).status_code == 201
    assert _code(told(house, lite_case, number)) == (409, "conflict")
    assert [line["notice"] for line in lines(house, lite_case)] == ["given"]


def test_a_notice_that_is_forbidden_is_due_once_its_day_is_over(lite_house: House, lite_case: str) -> None:
    house = lite_house
    number, _ = disclosed(house, lite_case, silence=SILENCE)
    (line,) = lines(house, lite_case)
    assert (line["notice"], line["silence"], line["silent_until"]) == ("forbidden", "secret_inquiry", "2026-12-31")
    assert _code(told(house, lite_case, number)) == (409, "conflict")
    house.clock.move(days=59)
    for login in ("coach", "head"):
        house.renew(login)
    assert [line["notice"] for line in lines(house, lite_case)] == ["due"]
    assert told(house, lite_case, number).status_code == 201


def _report(house: House, case: str, **period: str) -> dict[str, Any]:
    asked = house.client("coach").post(f"/cases/{case}/access-report").json()["release"]
    reply = house.client("dpo").get(f"/access-reports/{asked}", params=period)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()["report"]
    return found


def test_the_persons_report_counts_what_is_forbidden_and_shows_it_from_that_day_on(
    lite_house: House, lite_case: str
) -> None:
    house = lite_house
    before = _report(house, lite_case)
    _, release = disclosed(house, lite_case, silence=SILENCE)
    assert read(house, release).status_code == 200
    silent = _report(house, lite_case)
    lately = [line for day in silent["days"] for line in day["lines"]]
    assert not any("fedasil" in str(line) or line["purpose"] == "legal_obligation" for line in lately)
    withheld = {each["reason"]: each["count"] for each in silent["withheld"]}
    assert withheld["notice_forbidden"] >= 6
    assert before["withheld"] == []
    house.clock.move(days=59)
    for login in ("coach", "dpo"):
        house.renew(login)
    open_ = _report(house, lite_case)
    shown = [line for day in open_["days"] for line in day["lines"]]
    passed = [line for line in shown if line["manner"] == "passed_on" and line["purpose"] == "legal_obligation"]
    assert [line["recipient"] for line in passed] == ["partner:fedasil"]
    assert open_["withheld"] == []


def test_what_is_forbidden_is_kept_back_from_a_report_that_begins_after_it_was_filed(
    lite_house: House, lite_case: str
) -> None:
    """The entry that names the day stands before the period; those of the recipient's looks, in it, do not name it."""
    house = lite_house
    _, release = disclosed(house, lite_case, silence=SILENCE)
    since = entries(house)[-1]["at"]
    assert read(house, release).status_code == 200
    whole, lately = _report(house, lite_case), _report(house, lite_case, since=since)
    assert not any("partner" in line["service"] for day in lately["days"] for line in day["lines"])
    assert {each["reason"] for each in lately["withheld"]} == {"notice_forbidden"}
    assert 0 < lately["withheld"][0]["count"] < whole["withheld"][0]["count"]


def test_what_was_tried_upon_a_ground_and_came_to_nothing_is_kept_back_like_what_was_filed(
    lite_house: House, lite_case: str
) -> None:
    house, coach = lite_house, lite_house.client("coach")
    named = FILE | {"reason": "Le juge veut savoir où vit Diallo"}

    def attempt(**changed: Any) -> None:
        assert _code(coach.post(f"/cases/{lite_case}/exceptions", json=named | changed)) == (400, "invalid_input")

    attempt(silence=SILENCE)
    report = _report(house, lite_case)
    assert report["refused"] == 0
    assert {each["reason"]: each["count"] for each in report["withheld"]} == {"notice_forbidden": 1}
    attempt()
    attempt(silence=SILENCE | {"ground": "because"})
    attempt(silence=SILENCE | {"until": "2029-12-31"})
    assert _report(house, lite_case)["refused"] == 3, "a ground that is none keeps nothing back"
    assert {e["outcome"] for e in entries(house) if (e["action"], e["kind"]) == ("create", "disclosure")} == {
        "invalid_input withheld_until=2026-12-31", "invalid_input",
    }  # fmt: skip


# -- rows ------------------------------------------------------------------------------------------


def test_grants_and_exceptions_stand_beside_each_other(lite_house: House, lite_case: str) -> None:
    house = lite_house
    given = granted(house)
    _, release = disclosed(house, lite_case)
    assert house.client("officer").get(f"/grants/{given}").status_code == 200
    assert house.client("fedasil").get(f"/disclosures/{given}").status_code == 404
    assert read(house, release).status_code == 200
    assert faults(house.settings) == []
