"""Gated access, driven through the interface: asking, answering, granting, reading, taking back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from gateway.access_rules import load_access_rules
from gateway.settings import Settings
from tests.api.support import comparable, entries, since
from tests.asked import ASK, approve, approved, ask, grant, granted, revoke, taken
from tests.house import CASE, FOLLOW_UP, STAFF, House, house_on
from vault.pseudonyms import Pseudonym, domain_of
from vault.storage import tables as t
from vault.usecases.casework import parse_reference
from vault.vocabulary import Role

ADMIN_CONTACT = CASE["contact"] | {"provenance": "admin"}
OFFICER = "/access-requests"


def names(house: House, release: str, login: str = "officer") -> dict[str, Any]:
    """The fields that hold something."""
    reply = house.client(login).get(f"/grants/{release}")
    assert reply.status_code == 200, reply.text
    told: dict[str, Any] = reply.json()
    return {name: told[name] for name in told["granted"]}


def stands(house: House, number: str, login: str = "officer") -> str:
    found: str = house.client(login).get(f"{OFFICER}/{number}").json()["standing"]
    return found


def rows(house: House, table: Any) -> list[dict[str, Any]]:
    store = house.services.store
    database = store.keystore if table.schema == t.KEYSTORE_SCHEMA else store.main
    with database.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def test_a_request_goes_its_way_from_asking_to_reading(house: House) -> None:
    case = house.open_case(house.client("coach"))
    number = ask(house)
    seen = taken(house, number)
    assert seen["reference"] == case
    assert seen["asked_for"] == ["family_name", "procedure_pending"]
    assert (seen["missing"], seen["asked_by"]) == (["regional_head", "dpo"], "Officer")
    assert "Diallo" not in json.dumps(seen)
    form = house.client("dpo").get(f"{OFFICER}/{number}")
    assert form.json()["asked_for"] == seen["asked_for"]
    assert form.json()["canonical"] == seen["canonical"], "both are asked about the same form, byte for byte"
    assert "8123456" not in form.text
    assert approve(house, number, "dpo")["standing"] == "open"
    assert approve(house, number, "head")["standing"] == "ready"
    assert stands(house, number) == "open", "who asks is told of no approval"
    release = grant(house, number)
    told = house.client("officer").get(f"/grants/{release}").json()
    assert (told["family_name"], told["procedure_pending"]) == ("Diallo", False)
    assert told["granted"] == ["family_name", "procedure_pending"]
    assert (told["given_names"], told["birth_date"], told["address"]) == (None, None, None)
    own = house.client("officer").get(f"{OFFICER}/{number}").json()
    assert (own["standing"], own["grant"]) == ("granted", release)
    assert revoke(house, release).status_code == 201
    assert house.client("officer").get(f"/grants/{release}").status_code == 404
    assert stands(house, number) == "revoked"


def test_every_step_is_logged_and_the_person_can_be_told(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    for login in ("officer", "dpo", "head"):
        house.client(login)
    before = len(entries(house))
    release = granted(house)
    names(house, release)
    revoke(house, release)
    told = [(e["zone"], e["action"], e["kind"], e["outcome"]) for e in since(house, before)]
    assert told == [
        ("follow_up", "create", "access_request", "filed"),
        ("casework", "list", "access_request", ""),
        ("casework", "read", "access_request", ""),
        ("oversight", "sign", "access_form", "approved"),
        ("casework", "sign", "access_request", "approved"),
        ("casework", "read", "access_request", ""),
        ("casework", "release", "grant", "follow_up"),
        ("casework", "release_begun", "grant", "follow_up"),
        ("casework", "released", "grant", "follow_up"),
        ("follow_up", "read", "grant", ""),
        ("casework", "close", "grant", "no_longer_needed"),
        ("casework", "swept", "grant", ""),
    ]
    log = {e["action"]: e for e in since(house, before) if e["kind"] == "grant"}
    assert log["read"]["subject"] == log["release_begun"]["subject"] != ""
    assert log["read"]["subject"] != log["released"]["subject"], "each zone names the case as it knows it"
    assert all(len(e["config"]) == 64 for e in since(house, before) if e["action"] in ("create", "sign", "close"))
    assert ASK["reason"] not in json.dumps(entries(house)), "why stands in the sealed detail alone"


# -- what is told to who asks ------------------------------------------------------------------------


def test_the_receipt_does_not_tell_whether_there_is_a_case(lite_house: House) -> None:
    """Known, handed over, unknown; by number, by reference, by pseudonym: one answer, of one size, on one road."""
    house = lite_house
    coach = house.client("coach")
    sheet = house.hand_over(coach, house.client("head"), house.open_case(coach))
    house.open_case(coach, ov_number="8123457", oqt_reference="OQT-2026-7")
    pseudonym = house.client("officer").get(f"/sheets/{sheet}").json()["pseudonym"]
    nobody = Pseudonym(domain_of(FOLLOW_UP), bytes(16)).text
    replies = []
    for by, value in (
        ("ov_number", "8123457"), ("ov_number", "9999999"), ("oqt_reference", "OQT-2026-7"),
        ("oqt_reference", "OQT-2026-8"), ("pseudonym", pseudonym), ("pseudonym", nobody),
    ):  # fmt: skip
        before = len(entries(house))
        replies.append(house.client("officer").post(OFFICER, json=ASK | {"about": {"by": by, "value": value}}))
        assert [(e["action"], e["decision"]) for e in since(house, before)] == [("create", "allow")]
    assert {reply.status_code for reply in replies} == {201}
    assert len({len(reply.content) for reply in replies}) == 1
    assert len({json.dumps(sorted(reply.headers.items())) for reply in replies}) == 1
    assert {frozenset(reply.json()) for reply in replies} == {
        frozenset({"request", "version", "filed_at", "due_at", "standing"})
    }
    sizes = {len(bytes(row["sealed"])) for row in rows(house, t.access_copies) if row["reader"] == "casework"}
    assert len(sizes) == 1, "padded: the length of a name tells nothing"


def test_a_case_is_found_by_follow_ups_name_for_it_from_the_hand_over_on_and_no_sooner(house: House) -> None:
    """In one look-up of the index: a made-up name does not make casework walk through all its cases."""
    coach, head = house.client("coach"), house.client("head")
    case = house.open_case(coach)
    casework = house.services.casework
    assert casework is not None
    name = casework.pseudonyms.token(domain_of(FOLLOW_UP), parse_reference(case)).text
    about = {"by": "pseudonym", "value": name}
    assert taken(house, ask(house, about=about))["reference"] is None
    house.hand_over(coach, head, case)
    assert taken(house, ask(house, about=about))["reference"] == case
    marks = [row["token"] for row in rows(house, t.blind_index)]
    assert len(marks) == len(set(marks))


def test_a_request_about_nobody_is_answered_like_any_other(lite_house: House) -> None:
    """Every head sees it and can say the same of it, so that neither word nor silence tells."""
    house = lite_house
    number = ask(house, about={"by": "ov_number", "value": "9.999.999"})
    for head in ("head", "far_head"):
        assert taken(house, number, head)["reference"] is None
    approve(house, number, "dpo")
    assert approve(house, number, "far_head")["standing"] == "ready"
    refused = house.client("head").post(f"{OFFICER}/{number}/grant")
    assert (refused.status_code, refused.json()["detail"]) == (409, "there is no such case: nothing can be granted")
    assert stands(house, number) == "open"
    body = {"based_on": 1, "reason": "nothing_to_give"}
    assert house.client("head").post(f"{OFFICER}/{number}/refusal", json=body).status_code == 201
    about_somebody = ask(house, about={"by": "ov_number", "value": "8123456"})
    house.open_case(house.client("coach"))
    taken(house, about_somebody)
    assert house.client("head").post(f"{OFFICER}/{about_somebody}/refusal", json=body).status_code == 201
    told = [house.client("officer").get(f"{OFFICER}/{one}").json() for one in (number, about_somebody)]
    for one in told:
        for name in ("request", "designation", "filed_at", "due_at"):
            one.pop(name)
    assert told[0] == told[1]
    assert told[0]["refused_for"] == "nothing_to_give"


def test_nobody_sees_another_officers_request_or_grant(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house = lite_house
    monkeypatch.setitem(STAFF, "other_officer", (FOLLOW_UP, Role.FOLLOW_UP_OFFICER, ""))
    house.open_case(house.client("coach"))
    release = granted(house)
    number = rows(house, t.access_requests)[0]["request_id"].hex()
    other = house.client("other_officer")
    assert other.get(OFFICER).json()["requests"] == []
    for path, nobody in (
        (f"{OFFICER}/{number}", f"{OFFICER}/{'ab' * 16}"),
        (f"/grants/{release}", f"/grants/{'ab' * 16}"),
    ):
        reply = other.get(path)
        assert reply.status_code == 404
        assert comparable(reply) == comparable(other.get(nobody))
    assert other.post(f"{OFFICER}/{number}/explanation", json={"hours": 2}).status_code == 404
    # A row that names somebody else opens for nobody: for whom it is stands inside, under the seal.
    with house.services.store.main.engine.begin() as connection:
        connection.execute(
            text("UPDATE grants SET requester = :who, entry_id = (SELECT entry_id FROM staff LIMIT 1)"),
            {"who": house.staff["other_officer"].id.raw},
        )
    assert other.get(f"/grants/{release}").status_code == 500
    assert house.client("officer").get(f"/grants/{release}").status_code == 404


# -- approving ---------------------------------------------------------------------------------------


def test_only_what_both_functions_approved_goes(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"), contact=ADMIN_CONTACT)
    number = ask(house, fields=["family_name", "birth_date", "address", "procedure_pending"])
    taken(house, number)
    approve(house, number, "dpo", fields=["family_name", "address"])
    approve(house, number, "head", fields=["address", "birth_date", "procedure_pending"])
    seen = house.client("head").get(f"{OFFICER}/{number}").json()
    assert seen["releasable"] == ["address", "procedure_pending"]
    found = names(house, grant(house, number))
    assert found == {"address": "rue des Tilleuls-Inventés 14, 1000 Bruxelles", "procedure_pending": False}


def test_one_function_alone_lets_no_identity_go(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    for login in ("head", "dpo"):
        number = ask(house)
        taken(house, number)
        approve(house, number, login)
        refused = house.client("head").post(f"{OFFICER}/{number}/grant")
        assert refused.status_code == 409
        assert "not ready" in refused.json()["detail"]
        again = house.client(login).post(f"{OFFICER}/{number}/approval", json={"based_on": 1})
        assert again.status_code == 409, "and one function approves once"
    assert rows(house, t.grants) == []
    alone = ask(house, fields=["procedure_pending"])
    taken(house, alone)
    assert house.client("dpo").post(f"{OFFICER}/{alone}/approval", json={"based_on": 1}).status_code == 409
    approve(house, alone, "head")
    assert names(house, grant(house, alone)) == {"procedure_pending": False}


def test_an_address_that_somebody_told_is_never_given(lite_house: House) -> None:
    """Asked for, approved by everybody: the official file has none, so there is none. The canary of the whole way."""
    house = lite_house
    house.open_case(house.client("coach"))  # its contact was told in an interview
    release = granted(house, fields=["address", "family_name"])
    assert names(house, release) == {"family_name": "Diallo", "address": None}
    assert "Tilleuls" not in house.client("officer").get(f"/grants/{release}").text
    for word in ("Tilleuls", "mésange", "0499", "amie", "Mimi"):
        assert word not in house.client("officer").get(f"/grants/{release}").text


@pytest.mark.parametrize("by", ["ov_number", "oqt_reference"])
def test_a_number_that_was_corrected_lets_nobody_elses_identity_go(lite_house: House, by: str) -> None:
    """The case is found by it still; whoever bears it is somebody else, and it is them that was asked about."""
    house, coach = lite_house, lite_house.client("coach")
    typed = {"ov_number": "8123456", "oqt_reference": "OQT-2026-00001"}
    meant = {"ov_number": "8123457", "oqt_reference": "OQT-2026-00002"}
    case = house.open_case(coach, **typed)
    number = approved(house, about={"by": by, "value": typed[by]})
    corrected = {"people": CASE["people"], **typed, by: meant[by], "based_on": 1}
    assert coach.put(f"/cases/{case}/identity", json=corrected).status_code == 200
    assert house.client("head").post(f"{OFFICER}/{number}/grant").status_code == 409
    assert rows(house, t.grants) == []
    right = approved(house, about={"by": by, "value": meant[by]})
    assert names(house, grant(house, right))["family_name"] == "Diallo"


@pytest.mark.parametrize(
    "field", ["notes", "phone", "whereabouts_note", "aliases", "email", "national_number", "*", ""]
)
def test_what_is_not_on_the_list_cannot_be_asked_for(lite_house: House, field: str) -> None:
    reply = lite_house.client("officer").post(OFFICER, json=ASK | {"fields": [field]})
    assert reply.status_code == 400
    assert rows(lite_house, t.access_requests) == []


def test_a_question_back_voids_what_was_approved_before(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    number = ask(house, fields=["family_name", "nationality"])
    taken(house, number)
    approve(house, number, "head")
    asked = house.client("dpo").post(
        f"{OFFICER}/{number}/question", json={"based_on": 1, "question": "why_these_fields"}
    )
    assert asked.json()["standing"] == "asked_back"
    own = house.client("officer").get(f"{OFFICER}/{number}").json()
    assert (own["standing"], [one["code"] for one in own["questions"]]) == ("asked_back", ["why_these_fields"])
    assert house.client("dpo").post(f"{OFFICER}/{number}/approval", json={"based_on": 1}).status_code == 409
    more = house.client("officer").post(f"{OFFICER}/{number}/explanation", json={"fields": ["address"]})
    assert more.status_code == 400, "an answer asks for less, never for something else"
    reply = house.client("officer").post(
        f"{OFFICER}/{number}/explanation", json={"fields": ["family_name"], "reason": "Le nom figure sur le billet"}
    )
    assert (reply.status_code, reply.json()["version"]) == (201, 2)
    assert house.client("officer").post(f"{OFFICER}/{number}/explanation", json={"hours": 1}).status_code == 409
    stale = house.client("dpo").post(f"{OFFICER}/{number}/approval", json={"based_on": 1})
    assert (stale.status_code, stale.json()["current"]) == (409, 2)
    seen = house.client("head").get(f"{OFFICER}/{number}").json()
    assert (seen["version"], seen["missing"]) == (2, ["regional_head", "dpo"])
    for login in ("head", "dpo"):
        approve(house, number, login, based_on=2)
    assert names(house, grant(house, number)) == {"family_name": "Diallo"}


def test_a_head_of_another_region_answers_what_was_handed_on(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    number = ask(house)
    taken(house, number)
    far = house.client("far_head")
    assert far.get(f"{OFFICER}/{number}").status_code == 404
    body = {"based_on": 1, "to": "coach"}
    assert house.client("head").post(f"{OFFICER}/{number}/delegation", json=body).status_code == 400
    assert house.client("head").post(f"{OFFICER}/{number}/delegation", json=body | {"to": "head"}).status_code == 400
    assert (
        house.client("head").post(f"{OFFICER}/{number}/delegation", json=body | {"to": "far_head"}).status_code == 201
    )
    assert [one["request"] for one in far.get(OFFICER).json()["requests"]] == [number]
    approve(house, number, "far_head")
    approve(house, number, "dpo")
    assert names(house, grant(house, number, "far_head"))["family_name"] == "Diallo"


def test_one_refusal_ends_a_request(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    number = approved(house)
    body = {"based_on": 1, "reason": "disproportionate"}
    assert house.client("dpo").post(f"{OFFICER}/{number}/refusal", json=body).status_code == 201
    assert house.client("head").post(f"{OFFICER}/{number}/grant").status_code == 409
    assert house.client("head").post(f"{OFFICER}/{number}/refusal", json=body).status_code == 409
    own = house.client("officer").get(f"{OFFICER}/{number}").json()
    assert (own["standing"], own["refused_for"]) == ("refused", "disproportionate")
    assert (
        house.client("head").post(f"{OFFICER}/{number}/refusal", json=body | {"reason": "because"}).status_code == 400
    )


def test_a_request_is_granted_once(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    number = approved(house)
    grant(house, number)
    assert house.client("head").post(f"{OFFICER}/{number}/grant").status_code == 409
    assert len(rows(house, t.grants)) == 1


def test_an_answer_that_nobody_signed_does_not_count(lite_house: House) -> None:
    """Whoever writes the database turns the head's approval into the officer's own zone's, or the DPO's."""
    house = lite_house
    house.open_case(house.client("coach"))
    number = ask(house)
    taken(house, number)
    approve(house, number, "head")
    with house.services.store.main.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO access_answers SELECT request_id, 2, 'oversight', version, act, 'dpo', :who, at, fields, "
                "code, digest, delegate, evidence, told_to, signature, entry_id FROM access_answers"
            ),
            {"who": bytes(16)},
        )
    seen = house.client("head").get(f"{OFFICER}/{number}").json()
    assert [(one["function"], one["sound"]) for one in seen["answers"]] == [("regional_head", True), ("dpo", False)]
    assert seen["missing"] == ["dpo"]
    assert house.client("head").post(f"{OFFICER}/{number}/grant").status_code == 409


# -- time --------------------------------------------------------------------------------------------


def test_a_grant_ends_to_the_second(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    release = granted(house, hours=1)
    ends = rows(house, t.grants)[0]["expires_at"]
    house.clock.moment = ends - timedelta(seconds=1)
    assert house.client("officer").get(f"/grants/{release}").status_code == 200
    house.clock.moment = ends
    gone = house.client("officer").get(f"/grants/{release}")
    assert comparable(gone) == comparable(house.client("officer").get(f"/grants/{'ab' * 16}"))
    number = rows(house, t.access_requests)[0]["request_id"].hex()
    assert stands(house, number) == "ended"


def test_a_request_lapses_and_approvers_are_reminded_before(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    number = approved(house)
    assert [one["answer_soon"] for one in house.client("head").get(OFFICER).json()["requests"]] == [False]
    house.clock.move(days=8)
    for login in ("head", "dpo", "officer"):
        house.renew(login)
    for login in ("head", "dpo"):
        assert [one["answer_soon"] for one in house.client(login).get(OFFICER).json()["requests"]] == [True]
    house.clock.move(days=2)
    for login in ("head", "dpo", "officer"):
        house.renew(login)
    assert house.client("head").post(f"{OFFICER}/{number}/grant").status_code == 409
    assert (
        house.client("dpo").post(f"{OFFICER}/{number}/question", json={"based_on": 1, "question": "why"}).status_code
        == 409
    )
    assert stands(house, number) == "lapsed"


@pytest.mark.parametrize("how", ["revoked", "ended"])
def test_the_key_of_a_grant_that_is_over_is_destroyed(house: House, how: str) -> None:
    house.open_case(house.client("coach"))
    release = granted(house, hours=1)
    key = bytes(rows(house, t.grants)[0]["key_id"])
    if how == "revoked":
        assert revoke(house, release).status_code == 201
        assert revoke(house, release).status_code == 409
    else:
        house.clock.move(hours=2)
        from vault.usecases.sweep import sweep
        from vault.vocabulary import CASEWORK

        casework = house.services.casework
        assert casework is not None
        assert house.services.worker.run(CASEWORK, lambda uow: sweep(uow, casework)) == 1
        assert house.services.worker.run(CASEWORK, lambda uow: sweep(uow, casework)) == 0
    wraps = {bytes(row["key_id"]): bytes(row["wrap"]) for row in rows(house, t.wraps)}
    assert wraps[key] == b""
    assert sum(wrap == b"" for wrap in wraps.values()) == 1
    assert rows(house, t.grants)[0]["erased_at"] is not None
    assert house.client("officer").get(f"/grants/{release}").status_code == 404


# -- limits ------------------------------------------------------------------------------------------


def test_a_person_files_so_many_requests_a_day_and_no_more(sqlite_settings: Settings) -> None:
    """The shipped rules. The day is Belgium's, and what is refused leaves nothing but its entry."""
    shipped = sqlite_settings.model_copy(update={"access_file": None})
    with house_on(shipped) as house:
        for number in range(load_access_rules().per_day):
            ask(house, about={"by": "ov_number", "value": f"900000{number}"})
        before = len(entries(house))
        reply = house.client("officer").post(OFFICER, json=ASK)
        assert (reply.status_code, reply.json()["type"].rpartition(":")[2]) == (429, "budget_spent")
        assert [(e["action"], e["outcome"], e["count"]) for e in since(house, before)] == [
            ("create", "budget_spent", 0)
        ]
        assert len(rows(house, t.access_requests)) == load_access_rules().per_day
        house.clock.move(hours=9)  # 19:00 in Brussels
        assert house.client("officer").post(OFFICER, json=ASK).status_code == 429
        house.clock.move(hours=6)
        house.renew("officer")
        assert house.client("officer").post(OFFICER, json=ASK).status_code == 201


@pytest.mark.parametrize(
    "changed",
    [
        {"about": [ASK["about"], ASK["about"]]}, {"about": {"by": "ov_number", "value": "8123456,8123457"}},
        {"about": {"by": "ov_number", "value": "*"}}, {"about": {"by": "family_name", "value": "Diallo"}},
        {"about": {"by": "pseudonym", "value": "C-0000-0000-0000-0000-0000-0000-00X"}}, {"fields": []},
        {"fields": ["family_name", "family_name"]}, {"basis": "because"}, {"reason": "court"}, {"reason": "x" * 600},
        {"reason": "une raison\navec un retour"}, {"hours": 0}, {"hours": 73}, {"hours": 1.5}, {"purpose": "coaching"},
        {"people": 2}, {"reason": "une raison \x00 nulle"}, {"reason": "demi \ud800 caractère"},
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(lite_house: House, changed: dict[str, Any]) -> None:
    client = lite_house.client("officer")
    reply = client.post(
        OFFICER, content=json.dumps(ASK | changed).encode(), headers={"content-type": "application/json"}
    )
    assert reply.status_code == 400, reply.text
    assert rows(lite_house, t.access_requests) == rows(lite_house, t.access_copies) == []


def test_a_damaged_copy_hides_no_other_request(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    broken, whole = ask(house), ask(house)
    with house.services.store.main.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE access_copies SET sealed = zeroblob(300), entry_id = (SELECT entry_id FROM staff LIMIT 1) "
                "WHERE request_id = :number"
            ),
            {"number": bytes.fromhex(broken)},
        )
    for login in ("head", "dpo"):
        seen = {one["request"]: one["standing"] for one in house.client(login).get(OFFICER).json()["requests"]}
        assert seen == {broken: "damaged", whole: "open"}
        assert house.client(login).get(f"{OFFICER}/{broken}").status_code == 500
