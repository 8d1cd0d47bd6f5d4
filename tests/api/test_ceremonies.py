"""Re-identification by ceremony, driven through the interface: three zones, two signatures, two shares, minutes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from gateway.settings import Settings
from tests.api.support import comparable, entries, since
from tests.asked import CEREMONY, agreed, ask_ceremony, begin, begun, end, evidence, named, opened, sign_for, taken
from tests.house import FOLLOW_UP, STAFF, House, house_on
from vault.storage import tables as t
from vault.usecases.sweep import sweep
from vault.vocabulary import CASEWORK, Role

WHO = {"family_name": "Diallo", "given_names": "Aminata", "birth_date": "1991-04-12", "nationality": "GN"}


def row_of(house: House) -> dict[str, Any]:
    with house.services.store.main.engine.connect() as connection:
        return dict(connection.execute(select(t.ceremonies)).mappings().one())


def read(house: House, ceremony: str, login: str = "officer") -> Any:
    return house.client(login).get(f"/ceremonies/{ceremony}")


def open_it(house: House, ceremony: str, login: str = "dpo") -> Any:
    return house.client(login).post(f"/ceremonies/{ceremony}/opening")


def stands(house: House, number: str, login: str = "officer") -> str:
    found: str = house.client(login).get(f"/access-requests/{number}").json()["standing"]
    return found


def test_a_ceremony_goes_its_way_through_three_zones(house: House) -> None:
    pseudonym = named(house)
    number = ask_ceremony(house, pseudonym)
    seen = taken(house, number)
    assert (seen["manner"], seen["minutes"], seen["hours"]) == ("ceremony", 5, 0)
    assert seen["asked_for"] == list(WHO)
    assert sign_for(house, number, "dpo").json()["standing"] == "open"
    assert house.client("head").post(f"/access-requests/{number}/ceremony").status_code == 409, "one word is none"
    assert sign_for(house, number, "head").json()["standing"] == "ready"
    assert house.client("head").post(f"/access-requests/{number}/grant").status_code == 409, "nor is it a grant"
    ceremony = begin(house, number)
    assert stands(house, number) == "begun"
    assert read(house, ceremony).status_code == 404, "the second share is still oversight's"
    reply = open_it(house, ceremony)
    assert (reply.status_code, reply.json()["standing"]) == (201, "granted")
    told = read(house, ceremony).json()
    assert {name: told[name] for name in WHO} == WHO
    assert (told["pseudonym"], told["purpose"], told["minutes"]) == (pseudonym, "oqt_follow_up", 5)
    assert set(told) & {"address", "aliases", "national_number", "procedure_pending"} == set()
    assert stands(house, number) == "granted"
    assert open_it(house, ceremony).status_code == 409
    assert end(house, ceremony).status_code == 201
    assert read(house, ceremony).status_code == 404
    assert stands(house, number) == "revoked"


def test_each_act_is_an_entry_before_what_it_allows(lite_house: House) -> None:
    house = lite_house
    for login in ("officer", "dpo", "head"):
        house.client(login)
    number = agreed(house)
    before = len(entries(house))
    ceremony = begin(house, number)
    open_it(house, ceremony)
    read(house, ceremony)
    end(house, ceremony, "dpo", "misused")
    told = [(e["zone"], e["action"], e["kind"], e["outcome"]) for e in since(house, before)]
    assert told == [
        ("casework", "read", "access_request", ""),
        ("casework", "release", "ceremony", "follow_up"),
        ("casework", "release_begun", "ceremony", "follow_up"),
        ("casework", "released", "ceremony", "follow_up"),
        ("oversight", "read", "access_form", ""),
        ("oversight", "sign", "ceremony", "follow_up"),
        ("follow_up", "read", "ceremony", ""),
        ("oversight", "close", "ceremony", "misused"),
        ("casework", "swept", "ceremony", ""),
    ]
    log = {e["action"]: e for e in since(house, before) if e["kind"] == "ceremony"}
    assert log["sign"]["subject"] == log["release_begun"]["subject"] == log["read"]["subject"] != ""
    assert log["sign"]["count"] == 5, "for how many minutes"
    assert "Diallo" not in json.dumps(entries(house))
    row = row_of(house)
    assert row["decision"].hex() == log["release_begun"]["entry"]
    assert row["opened_decision"].hex() == log["sign"]["entry"]


def test_the_second_share_is_not_let_go_in_the_transaction_that_says_so(lite_house: House) -> None:
    """Between the two halves the entry is committed, and follow-up still has nothing."""
    from gateway.auth.sessions import hash_token
    from vault.ids import ReleaseId
    from vault.usecases import ceremony as ceremonies
    from vault.usecases import sign_in
    from vault.usecases.answering import desk_of
    from vault.vocabulary import OVERSIGHT

    house = lite_house
    number = begun(house)
    hashed, desk = hash_token(house.tokens["dpo"]), desk_of(house.services.access[OVERSIGHT], None)
    before = len(entries(house))
    leave = house.services.worker.run(
        OVERSIGHT,
        lambda uow: ceremonies.authorise_opening(
            uow, sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock), ReleaseId.parse(number), desk
        ),
    )
    assert [e["action"] for e in since(house, before)] == ["read", "sign"]
    assert row_of(house)["opened_share"] == b""
    assert read(house, number).status_code == 404
    house.services.worker.run(
        OVERSIGHT,
        lambda uow: ceremonies.let_go(uow, sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock), leave, desk),
    )
    assert read(house, number).status_code == 200


# -- signatures --------------------------------------------------------------------------------------


def test_without_ones_own_listed_signature_nobody_approves(lite_house: House) -> None:
    house = lite_house
    number = ask_ceremony(house)
    shown = taken(house, number)
    good, others = evidence(house, shown, "head"), evidence(house, shown, "far_head")
    for body in (
        {}, {"evidence": others}, {"evidence": good | {"login": "far_head"}},
        {"evidence": good | {"signed_at": "2026-01-01T00:00:00+00:00"}}, {"evidence": others | {"login": "head"}},
        {"evidence": good, "fields": ["family_name"]},
    ):  # fmt: skip
        reply = house.client("head").post(f"/access-requests/{number}/approval", json={"based_on": 1} | body)
        assert reply.status_code == 400, body
    assert sign_for(house, number, "head").status_code == 201
    assert sign_for(house, number, "head").status_code == 409, "one function signs once"


def test_where_the_office_lists_no_keys_there_is_no_ceremony(sqlite_settings: Settings) -> None:
    """The shipped file: everything can be asked, and nothing is told."""
    with house_on(sqlite_settings.model_copy(update={"access_file": None})) as house:
        number = ask_ceremony(house)
        taken(house, number)
        for login in ("head", "dpo"):
            assert sign_for(house, number, login).status_code == 400
        assert house.client("head").post(f"/access-requests/{number}/ceremony").status_code == 409


def test_a_signature_for_a_grant_is_none_for_a_ceremony(lite_house: House) -> None:
    """The form's digest says of which manner it is."""
    house = lite_house
    number = ask_ceremony(house)
    shown = taken(house, number)
    from base64 import b64decode, b64encode

    canonical = b64decode(shown["canonical"]).replace(b"parefeu/ceremony-form/1", b"parefeu/access-form/01X")
    forged = evidence(house, shown | {"canonical": b64encode(canonical).decode()}, "head")
    body = {"based_on": 1, "evidence": forged}
    assert house.client("head").post(f"/access-requests/{number}/approval", json=body).status_code == 400


# -- rows past the program ---------------------------------------------------------------------------


def _write(house: House, statement: str, **values: Any) -> None:
    with house.services.store.main.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_approvals_that_the_databases_owner_inserts_begin_nothing(lite_house: House) -> None:
    house = lite_house
    number = ask_ceremony(house)
    taken(house, number)
    assert sign_for(house, number, "head").status_code == 201
    _write(
        house,
        "INSERT INTO access_answers SELECT request_id, 2, 'oversight', version, act, 'dpo', :who, at, fields, code, "
        "digest, delegate, evidence, told_to, signature, entry_id FROM access_answers",
        who=house.hire("dpo").id.raw,
    )
    assert house.client("head").get(f"/access-requests/{number}").json()["missing"] == ["dpo"]
    assert house.client("head").post(f"/access-requests/{number}/ceremony").status_code == 409


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("minutes = 60", 409), ("requester = zeroblob(16)", 409), ("share = zeroblob(1200)", 500),
        ("share_signature = zeroblob(3374)", 500), ("open_until = open_until + 3600000000", 500),
        ("decision = (SELECT entry_id FROM staff LIMIT 1)", 409), ("policy = zeroblob(32)", 500),
        ("key_id = zeroblob(16)", 500),
    ],
)  # fmt: skip
def test_oversight_lets_no_share_go_that_casework_did_not_send_so(lite_house: House, change: str, status: int) -> None:
    house = lite_house
    ceremony = begun(house)
    _write(house, f"UPDATE ceremonies SET {change}, entry_id = (SELECT entry_id FROM staff LIMIT 1)")
    assert open_it(house, ceremony).status_code == status
    assert row_of(house)["opened_at"] is None
    assert read(house, ceremony).status_code in (404, 500)


@pytest.mark.parametrize(
    "change",
    [
        "expires_at = expires_at + 3600000000", "opened_share = share, opened_signature = share_signature",
        "minutes = 60", "opened_decision = decision", "reader = 'follow_up', requester = zeroblob(16)",
    ],
)  # fmt: skip
def test_no_row_that_was_altered_opens(lite_house: House, change: str) -> None:
    house = lite_house
    ceremony = opened(house)
    _write(house, f"UPDATE ceremonies SET {change}, entry_id = (SELECT entry_id FROM staff LIMIT 1)")
    reply = read(house, ceremony)
    assert reply.status_code in (404, 500)
    assert "Diallo" not in reply.text


def test_a_ceremony_that_was_ended_stays_ended_whatever_is_written(lite_house: House) -> None:
    """Its first share is destroyed with it: rows alone bring nothing back."""
    house = lite_house
    ceremony = opened(house)
    kept = row_of(house)
    assert end(house, ceremony).status_code == 201
    assert row_of(house)["opened_share"] == b""
    _write(
        house,
        "UPDATE ceremonies SET ended_at = NULL, erased_at = NULL, opened_share = :share, "
        "entry_id = (SELECT entry_id FROM staff LIMIT 1)",
        share=kept["opened_share"],
    )
    assert read(house, ceremony).status_code == 410


# -- time and ending ---------------------------------------------------------------------------------


def test_it_ends_to_the_second(lite_house: House) -> None:
    house = lite_house
    ceremony = opened(house)
    ends = row_of(house)["expires_at"]
    assert ends - row_of(house)["opened_at"] == timedelta(minutes=5)
    house.clock.moment = ends - timedelta(seconds=1)
    assert read(house, ceremony).status_code == 200
    house.clock.moment = ends
    gone = read(house, ceremony)
    assert comparable(gone) == comparable(read(house, "ab" * 16))
    assert read(house, ceremony).status_code == 404, "and never again"


def test_what_nobody_opened_in_time_is_over(lite_house: House) -> None:
    house = lite_house
    number = agreed(house)
    ceremony = begin(house, number)
    house.clock.moment = row_of(house)["open_until"]
    assert open_it(house, ceremony).status_code == 409
    assert stands(house, number) == "ended"
    assert house.client("head").post(f"/access-requests/{number}/ceremony").status_code == 409, "it is begun once"


@pytest.mark.parametrize("who", ["head", "dpo", "time", "unopened"])
def test_the_first_share_of_what_is_over_is_destroyed(house: House, who: str) -> None:
    ceremony = begun(house) if who == "unopened" else opened(house)
    key = bytes(row_of(house)["key_id"])
    if who in ("head", "dpo"):
        assert end(house, ceremony, who).status_code == 201
        assert end(house, ceremony, who).status_code == 409
        assert row_of(house)["ended_by"] == {"head": "casework", "dpo": "oversight"}[who]
    else:
        house.clock.move(minutes=61)
        casework = house.services.casework
        assert casework is not None
        assert house.services.worker.run(CASEWORK, lambda uow: sweep(uow, casework)) == 1
        assert house.services.worker.run(CASEWORK, lambda uow: sweep(uow, casework)) == 0
    with house.services.store.keystore.engine.connect() as connection:
        wraps = {bytes(row["key_id"]): bytes(row["wrap"]) for row in connection.execute(select(t.wraps)).mappings()}
    assert wraps[key] == b""
    assert row_of(house)["erased_at"] is not None
    assert read(house, ceremony).status_code == 404


# -- who may -----------------------------------------------------------------------------------------


def test_nobody_else_reads_it_and_no_other_head_ends_it(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house = lite_house
    monkeypatch.setitem(STAFF, "other_officer", (FOLLOW_UP, Role.FOLLOW_UP_OFFICER, ""))
    ceremony = opened(house)
    nobody = comparable(read(house, "ab" * 16))
    assert comparable(read(house, ceremony, "other_officer")) == nobody
    assert end(house, ceremony, "far_head").status_code == 404
    assert comparable(end(house, ceremony, "far_head")) == comparable(end(house, "ab" * 16, "far_head"))
    assert house.client("auditor").post(f"/ceremonies/{ceremony}/opening").status_code == 403
    assert house.client("coach").post(f"/ceremonies/{ceremony}/end", json={"reason": "misused"}).status_code == 403
    # A row that names somebody else opens for nobody: for whom it is stands inside, under the seal.
    _write(
        house, "UPDATE ceremonies SET requester = :who, entry_id = (SELECT entry_id FROM staff LIMIT 1)",
        who=house.staff["other_officer"].id.raw,
    )  # fmt: skip
    assert read(house, ceremony, "other_officer").status_code == 500
    assert read(house, ceremony).status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"minutes": 0}, {"minutes": 16}, {"minutes": 61}, {"minutes": "5"}, {"pseudonym": "8.123.456"},
        {"pseudonym": ["F-1", "F-2"]}, {"pseudonym": ""}, {"basis": "because"}, {"reason": "court"},
        {"hours": 1}, {"fields": ["address"]}, {"purpose": "coaching"}, {"pseudonym": "C-0000-0000-0000-0000"},
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(lite_house: House, changed: dict[str, Any]) -> None:
    body = CEREMONY | {"pseudonym": "F-0000-0000-0000-0000-0000-0000-00X"} | changed
    assert lite_house.client("officer").post("/ceremonies", json=body).status_code == 400


def test_a_question_back_is_answered_with_fewer_minutes(lite_house: House) -> None:
    house = lite_house
    number = ask_ceremony(house)
    taken(house, number)
    body = {"based_on": 1, "question": "why_so_long"}
    assert house.client("dpo").post(f"/access-requests/{number}/question", json=body).status_code == 201
    officer = house.client("officer")
    for wrong in ({"hours": 1}, {"fields": ["family_name"]}, {"minutes": 16}):
        assert officer.post(f"/access-requests/{number}/explanation", json=wrong).status_code == 400
    assert officer.post(f"/access-requests/{number}/explanation", json={"minutes": 3}).status_code == 201
    for login in ("head", "dpo"):
        assert sign_for(house, number, login).status_code == 201
    ceremony = begin(house, number)
    open_it(house, ceremony)
    assert read(house, ceremony).json()["minutes"] == 3


def test_the_person_is_told_afterwards(lite_house: House) -> None:
    house = lite_house
    coach, head = house.client("coach"), house.client("head")
    case = house.open_case(coach)
    sheet = house.hand_over(coach, head, case)
    pseudonym = house.client("officer").get(f"/sheets/{sheet}").json()["pseudonym"]
    ceremony = opened(house, pseudonym)
    for _ in range(2):
        assert read(house, ceremony).status_code == 200
    release = coach.post(f"/cases/{case}/access-report").json()["release"]
    reply = house.client("dpo").get(f"/access-reports/{release}", params={"lang": "en"}).json()
    found = {
        (line["manner"], line["category"], line["function"], line["recipient"]): line["count"]
        for day in reply["report"]["days"]
        for line in day["lines"]
    }
    assert found["reidentified", "identity", "regional_head", "follow_up"] == 1
    assert found["consulted", "identity", "follow_up_officer", ""] == 2
    assert found["step", "identity", "dpo", ""] == 1
    assert "Told who you are" in reply["text"]
