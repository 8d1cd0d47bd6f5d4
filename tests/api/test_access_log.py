"""Oversight's desk: search by every word, explanations from the log alone, and how whole the log is."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final

import pytest
from sqlalchemy import select, update

from tests import asked
from tests.api.stage import Stage
from tests.api.support import entries, since
from tests.house import House
from tests.orders import fresh_order
from vault.storage import tables as t
from vault.storage import trail

WORDS: Final = ("actor", "subject", "role", "zone", "purpose", "decision", "rule", "action", "kind")
Json = dict[str, Any]


@pytest.fixture
def told(house: House) -> House:
    """A house with a case that went its whole way, a refused look and a referral."""
    stage = Stage(house)
    stage.noted()
    stage.sheet()
    house.client("officer").get(f"/sheets/{stage.sheet()}")
    release = stage.referral("caritas")
    house.client("caritas").get(f"/referrals/{release}")
    house.client("colleague").get(f"/cases/{stage.case()}")
    house.client("coach").get("/cases")
    house.client("auditor")
    return house


def referrals_and_orders(stage: Stage) -> None:
    """Answers, withdrawals of one and of all with a receipt, and an order, each by whom it is up to."""
    house, coach = stage.house, stage.house.client("coach")
    case, referral, answer = stage.answered(taken=True)
    assert coach.get(f"/cases/{case}/referrals/{referral}/answers/{answer}").status_code == 200
    assert house.client("head").post(f"/cases/{case}/withdraw").status_code == 200
    release = stage.withdrawn("caritas")
    receipt = house.client("caritas").post(f"/withdrawals/{release}/receipt", json={"outcome": "deleted"})
    assert receipt.status_code == 201, receipt.text
    order = fresh_order()
    for body in (order, order, order | {"notified_on": "2026-10-29", "update": True}):
        reply = house.client("desk").post("/orders", json=body)
        assert reply.status_code == 200, reply.text


def search(house: House, **wanted: Any) -> Json:
    reply = house.client("auditor").get("/entries", params=wanted)
    assert reply.status_code == 200, reply.text
    found: Json = reply.json()
    return found


def walk(house: House, path: str = "/entries", name: str = "entries", **wanted: Any) -> list[Json]:
    """All pages. Looks that this walk itself writes down are newer than where it began."""
    found: list[Json] = []
    before = ""
    while True:
        reply = house.client("auditor").get(path, params={**wanted, "before": before})
        assert reply.status_code == 200, reply.text
        page = reply.json()
        found += page[name]
        if page["complete"]:
            assert page["next"] is None
            return found
        before = page["next"]


def test_every_word_finds_exactly_the_entries_that_say_it(told: House) -> None:
    everything = entries(told)
    for field in WORDS:
        for value in sorted({entry[field] for entry in everything if entry[field]}):
            wanted = {entry["entry"] for entry in everything if entry[field] == value}
            found = {entry["entry"] for entry in walk(told, limit=500, until=everything[-1]["at"], **{field: value})}
            assert found == wanted - {everything[-1]["entry"]}, (field, value)


def test_words_hold_together_however_few_lines_one_look_goes_through(
    told: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "LOOKED_THROUGH", 5)
    everything = entries(told)
    wanted = [e for e in everything if (e["role"], e["decision"], e["zone"]) == ("coach", "deny", "casework")]
    asked = {"role": "coach", "decision": "deny", "zone": "casework", "limit": 2, "until": everything[-1]["at"]}
    found = walk(told, **asked)
    assert [entry["entry"] for entry in found] == [entry["entry"] for entry in wanted][::-1]
    assert len(found) >= 1


def test_a_page_that_holds_nothing_still_says_where_to_go_on(told: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "LOOKED_THROUGH", 3)
    page = search(told, role="follow_up_officer", purpose="oqt_follow_up", limit=1)
    assert (page["entries"], page["complete"]) == ([], False)
    assert walk(told, role="follow_up_officer", purpose="oqt_follow_up", limit=1)


def test_pages_stay_stable_while_the_log_grows(told: House) -> None:
    everything = entries(told)
    first = search(told, limit=5, until=everything[-1]["at"])
    house, seen = told, [entry["entry"] for entry in first["entries"]]
    while not first["complete"]:
        house.client("coach").get("/cases")
        first = search(house, limit=5, until=everything[-1]["at"], before=first["next"])
        seen += [entry["entry"] for entry in first["entries"]]
    assert seen == [entry["entry"] for entry in everything[:-1]][::-1]


def test_what_was_looked_for_is_written_down_sealed(told: House) -> None:
    actor = told.staff["coach"].log_name
    before = len(entries(told))
    search(told, actor=actor, decision="deny", since="2026-11-01T00:00:00Z")
    (look,) = since(told, before)
    assert (look["action"], look["kind"], look["rule"]) == ("list", "audit_entry", "ov-01")
    assert actor not in {look["object"], look["subject"], look["outcome"]}
    detail = told.client("auditor").get(f"/entries/{look['entry']}/detail").json()
    assert detail["reason"] == f"actor={actor} decision=deny since=2026-11-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "asked", [{"limit": 0}, {"limit": 501}, {"role": "x" * 61}, {"rule": "a\x00b"}, {"since": "then"}, {"before": "x"}]
)
def test_what_cannot_be_searched_for_is_refused(lite_house: House, asked: Json) -> None:
    assert lite_house.client("auditor").get("/entries", params=asked).status_code == 400


def test_a_page_from_an_entry_that_never_was_is_empty(lite_house: House) -> None:
    page = search(lite_house, before="0" * 32)
    assert (page["entries"], page["complete"]) == ([], True)


# -- explanations ----------------------------------------------------------------------------------------


def test_every_honest_look_is_explained(told: House) -> None:
    referrals_and_orders(Stage(told))
    found = walk(told, "/explanations", "explanations", limit=200)
    assert [one for one in found if not one["explained"]] == []
    bases = {each["basis"] for one in found for each in one["evidence"]}
    assert bases >= {"role", "no_case", "assignment", "region", "second_signature", "consent", "release"}
    known = {entry["entry"] for entry in entries(told)}
    assert {each["entry"] for one in found for each in one["evidence"]} <= known | {None}
    accesses = [e for e in entries(told) if e["decision"] == "allow" and not e["action"].startswith("release")]
    assert {one["entry"]["entry"] for one in found} >= {e["entry"] for e in accesses if e["kind"] == "note"}


def test_grants_and_reviews_are_explained_too(lite_house: House) -> None:
    lite_house.open_case(lite_house.client("coach"))
    release = asked.granted(lite_house)
    assert lite_house.client("officer").get(f"/grants/{release}").status_code == 200
    Stage(lite_house).review(decided=True, signed=True)
    found = walk(lite_house, "/explanations", "explanations", limit=200)
    assert [one for one in found if not one["explained"]] == []
    bases = {each["basis"] for one in found for each in one["evidence"]}
    assert bases >= {"approval", "release", "review", "region"}


def test_a_planted_row_makes_a_look_that_the_log_contradicts(house: House) -> None:
    """Whoever can write rows makes themself the coach of a case: the look is allowed, and nothing explains it."""
    case, note = Stage(house).noted()
    colleague = house.client("colleague")
    with house.services.store.main.engine.connect() as connection:
        entry = connection.execute(select(t.entries.c.entry_id).order_by(t.entries.c.entry_id)).scalars().first()
        connection.execute(update(t.cases).values(coach=house.staff["colleague"].id.raw, entry_id=entry))
        connection.commit()
    assert colleague.get(f"/cases/{case}/notes/{note}").status_code == 200
    page = house.client("auditor").get("/explanations", params={"unexplained": "true"}).json()
    (found,) = page["explanations"]
    assert page["unexplained"] == 1
    assert found["entry"]["actor"] == house.staff["colleague"].log_name
    (missing,) = found["missing"]
    assert (missing["fact"], missing["lack"]) == ("own", "contradicted")
    said = next(e for e in entries(house) if e["entry"] == missing["entry"])
    assert (said["action"], said["object"]) == ("entrusted", house.staff["coach"].log_name)
    one = house.client("auditor").get(f"/entries/{found['entry']['entry']}/explanation").json()
    assert one == found


def test_a_look_by_a_policy_that_was_not_kept_is_unexplained(
    lite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway.api import access_log

    entry = Stage(lite_house).asked()
    monkeypatch.setattr(access_log.KeptNeeds, "in_force", lambda *_: None)
    found = lite_house.client("auditor").get(f"/entries/{entry}/explanation").json()
    assert [(one["fact"], one["lack"]) for one in found["missing"]] == [(None, "rule_unknown")]


def test_a_case_that_moves_is_explained_before_and_after(lite_house: House) -> None:
    house = lite_house
    coach, colleague, head = (house.client(login) for login in ("coach", "colleague", "head"))
    case = house.open_case(coach)
    assert coach.get(f"/cases/{case}").status_code == 200
    body = {"coach": house.staff["colleague"].id.hex()}
    given = head.post(f"/cases/{case}/assignment", json=body)
    assert given.status_code in {200, 201}, given.text
    assert colleague.get(f"/cases/{case}").status_code == 200
    assert coach.get(f"/cases/{case}").status_code == 404
    said = [e for e in entries(house) if e["action"] == "entrusted"]
    assert [(e["object"], e["outcome"]) for e in said] == [
        (house.staff["coach"].log_name, "brussels"), (house.staff["colleague"].log_name, "brussels")
    ]  # fmt: skip
    assert [one for one in walk(house, "/explanations", "explanations") if not one["explained"]] == []


@pytest.mark.parametrize("login", ["coach", "head", "officer", "caritas"])
def test_nobody_else_reaches_the_desk(lite_house: House, login: str) -> None:
    lite_house.client(login)
    headers = {"authorization": f"Bearer {lite_house.tokens[login]}"}
    for path in ("/oversight/entries", "/oversight/explanations", "/oversight/log-state"):
        assert lite_house.app.get(path, headers=headers).status_code == 401


@pytest.mark.parametrize("entry", ["0" * 32, "signed_in"])
def test_what_was_no_look_has_no_explanation(lite_house: House, entry: str) -> None:
    lite_house.client("coach")
    if entry == "signed_in":
        entry = next(e["entry"] for e in entries(lite_house) if e["action"] == "service_token_issued")
    assert lite_house.client("auditor").get(f"/entries/{entry}/explanation").status_code == 404


# -- how whole the log is --------------------------------------------------------------------------------


def test_a_log_without_a_tree_says_so(house: House) -> None:
    found = house.client("dpo").get("/log-state").json()
    assert (found["size"], found["cosigned_size"], found["gaps"], found["verified"]) == (0, None, 0, None)
    assert found["waiting"] > 0


@pytest.mark.parametrize("login", ["auditor", "dpo"])
def test_a_check_elsewhere_is_written_down_even_if_it_disagrees(house: House, login: str) -> None:
    body = {"origin": "log.example/2026h2", "size": 3, "root": b64encode(bytes(32)).decode(), "verdict": "sound"}
    before = len(entries(house))
    reply = house.client(login).post("/log-state/verifications", json=body)
    assert (reply.status_code, reply.json()["agrees"]) == (201, False)
    entry = since(house, before)[-1]
    assert (entry["action"], entry["kind"], entry["outcome"]) == ("write", "log_state", "sound:differs")
    assert entry["object"] == f"log.example/2026h2@3:{bytes(32).hex()}"
    shown = house.client("auditor").get("/log-state").json()["verified"]
    assert (shown["entry"], shown["role"], shown["agrees"]) == (entry["entry"], login, False)


@pytest.mark.parametrize(
    "changed",
    [
        {"root": "AAAA"}, {"root": "A" * 44}, {"size": -1}, {"size": "3"}, {"verdict": "fine"}, {"origin": "a b"},
        {"origin": 'a"b@1:c'}, {"more": 1},
    ],
)  # fmt: skip
def test_what_is_no_check_is_refused_and_leaves_nothing(lite_house: House, changed: Json) -> None:
    body = {"origin": "log.example/2026h2", "size": 3, "root": b64encode(bytes(32)).decode(), "verdict": "sound"}
    auditor = lite_house.client("auditor")
    reply = auditor.post("/log-state/verifications", json=body | changed)
    assert reply.status_code == 400, reply.text
    assert "verified" not in reply.text
    assert auditor.get("/log-state").json()["verified"] is None
