"""Other systems ask the firewall: what they learn, what they do not, and what the log says of it."""

from __future__ import annotations

import secrets
from typing import Any, Final

import pytest

from gateway.api.authzen import where_to_ask
from gateway.api.authzen_bodies import MOST_EVALUATIONS
from gateway.gate import Gate
from gateway.settings import Settings
from tests.api.decision_client import Asker, asker, vault_question
from tests.api.stage import Stage, calls
from tests.api.stage_people import SECRET_ADDRESS
from tests.api.support import SwitchableFirewall, counts, entries, explode, logged, since
from tests.crash.hooks import watched
from tests.house import CARITAS, STAFF, House, house_on
from vault.ids import CaseId
from vault.usecases.casework import reference
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Action, Kind, Purpose, Zone

pytestmark = pytest.mark.long

ADMIN: Final = "case_administration"


def nowhere() -> str:
    return reference(CaseId(secrets.token_bytes(16)))


def hire(house: House, *logins: str) -> None:
    for login in logins or tuple(STAFF):
        house.client(login)


# -- what is answered --------------------------------------------------------------------------------


def test_the_answer_is_the_one_that_the_person_would_get(house: House) -> None:
    hire(house)
    archive, case = asker(house), Stage(house).case()
    asked = {
        ("coach", "read", "note", "coaching"): True,
        ("colleague", "read", "note", "coaching"): False,
        ("head", "read", "note", "coaching"): False,
        ("head", "read", "case", ADMIN): True,
        ("far_head", "read", "case", ADMIN): False,
        ("desk", "read", "case", ADMIN): True,
        ("coach", "read", "note", "emergency"): False,
        ("coach", "read", "outcome_sheet", ADMIN): False,
        ("officer", "read", "note", "oqt_follow_up"): False,
        ("nobody", "read", "note", "coaching"): False,
    }
    for (login, action, kind, purpose), expected in asked.items():
        assert archive.decision(login, action, kind, case, purpose) is expected, (login, kind)
    stays = house.app.get("/casework/cases/" + case, headers={"authorization": f"Bearer {house.tokens['head']}"})
    assert stays.status_code == 200


def test_every_question_gets_the_answer_of_the_route(lite_house: House) -> None:
    """Each role, each kind, reading one's own, a colleague's and a far case: endpoint and interface agree."""
    hire(lite_house)
    archive = asker(lite_house)
    case = Stage(lite_house).case()
    routes = {"case": "", "identity": "/identity", "contact": "/contact", "task": "/tasks", "fact": "/facts/narrative"}
    for login in ("coach", "colleague", "far_coach", "desk", "head", "far_head"):
        for kind, tail in routes.items():
            purpose = ADMIN if kind == "case" else "coaching"
            reply = lite_house.client(login).get(f"/cases/{case}{tail}")
            assert archive.decision(login, "read", kind, case, purpose) is (reply.status_code == 200), (login, kind)


def test_a_yes_says_which_fields_may_be_shown(lite_house: House) -> None:
    hire(lite_house, "desk")
    archive, case = asker(lite_house), Stage(lite_house).case()
    told = archive.ask("evaluation", vault_question("desk", "read", "case", case, ADMIN))
    (obligation,) = told["context"]["obligations"]
    assert obligation["properties"]["fields"] == dict.fromkeys(
        ("reference", "state", "language", "opened_on", "opened_at"), "clear"
    )


def test_what_a_caller_claims_changes_nothing(lite_house: House) -> None:
    hire(lite_house, "colleague")
    archive, case = asker(lite_house), Stage(lite_house).case()
    question = vault_question("colleague", "read", "note", case, "coaching", own="true", consent="true", grant="true")
    claims = {"own": True, "coach": "colleague", "region": "brussels", "role": "coach", "phase": "active"}
    for part in ("subject", "resource", "action"):
        question[part]["properties"] = claims
    assert archive.ask("evaluation", question)["decision"] is False


def test_facts_are_those_of_the_moment(house: House) -> None:
    hire(house, "head", "far_head")
    archive, case = asker(house), Stage(house).case(closing=True)
    signing = ("release", "outcome_sheet", case, ADMIN)
    assert archive.decision("head", *signing) is True
    assert archive.decision("far_head", *signing) is False
    assert archive.decision("coach", *signing) is False
    consenting, _ = Stage(house).proposed(agreed=True)
    assert archive.decision("coach", "release", "referral", consenting, "coaching", recipient="caritas") is True
    assert archive.decision("coach", "release", "referral", consenting, "coaching", recipient="fedasil") is False
    assert archive.decision("coach", "release", "referral", consenting, "coaching") is False
    taken_back, ended = Stage(house).proposed(agreed=True)
    house.withdraw(house.client("coach"), taken_back, ended)
    assert archive.decision("coach", "release", "referral", taken_back, "coaching", recipient="caritas") is False
    house.clock.move(days=80)
    token = Asker(house, asker(house, login="later").token, CASEWORK)
    assert token.decision("coach", "release", "referral", consenting, "coaching", recipient="caritas") is False


def test_lists_and_searches_are_asked_about_as_such(lite_house: House) -> None:
    hire(lite_house, "coach", "head")
    archive = asker(lite_house)
    assert archive.decision("coach", "list", "case", "*", ADMIN) is True
    assert archive.decision("head", "search", "case", "*", ADMIN) is True
    assert archive.decision("head", "search", "note", "*", "coaching") is False
    assert archive.decision("coach", "read", "note", "*", "coaching") is False


def test_a_question_without_a_purpose_or_with_a_strange_word_is_refused(lite_house: House) -> None:
    hire(lite_house, "coach")
    archive, case = asker(lite_house), Stage(lite_house).case()
    whole = vault_question("coach", "read", "note", case, "coaching")
    assert archive.ask("evaluation", whole)["decision"] is True
    for changed in (
        {"context": {}}, {"context": {"purpose": 7}}, {"context": {"purpose": "curiosity"}},
        {"action": {"name": "devour"}}, {"resource": {"type": "diary", "id": case}},
        {"subject": {"type": "user", "id": "coach"}}, {"resource": {"type": "note", "id": case[:-1]}},
    ):  # fmt: skip
        assert archive.ask("evaluation", whole | changed)["decision"] is False, changed


# -- the walls ---------------------------------------------------------------------------------------


#: What oversight may read without any fact.
_OF_NO_CASE: Final = (
    Kind.AUDIT_ENTRY, Kind.AUDIT_DETAIL, Kind.LOG_STATE, Kind.FINDING, Kind.EMERGENCY_USE, Kind.CEREMONY_USE,
    Kind.LOG_FIGURES, Kind.OPERATION,
)  # fmt: skip


def test_a_zones_decision_point_knows_what_its_zone_knows(house: House) -> None:
    hire(house)
    stage = Stage(house)
    case, sheet, referral = stage.case(), stage.sheet(), stage.referral("caritas")
    follow_up, caritas, oversight = (asker(house, zone) for zone in (FOLLOW_UP, CARITAS, OVERSIGHT))
    assert follow_up.decision("officer", "read", "outcome_sheet", sheet, "oqt_follow_up") is True
    assert follow_up.decision("officer", "list", "outcome_sheet", "*", "oqt_follow_up") is True
    assert follow_up.decision("officer", "read", "outcome_sheet", referral, "oqt_follow_up") is False
    assert caritas.decision("caritas", "read", "referral", referral, "referral") is True
    assert caritas.decision("caritas", "read", "referral", sheet, "referral") is False
    ended = stage.withdrawn("caritas")
    assert caritas.decision("caritas", "read", "referral", ended, "referral") is False
    assert oversight.decision("dpo", "list", "audit_entry", "*", "data_protection") is True
    assert oversight.decision("auditor", "read", "outcome_sheet", sheet, "access_review") is False
    kinds = [kind for kind in Kind if kind not in (Kind.OUTCOME_SHEET, Kind.REFERRAL, *_OF_NO_CASE)]
    for point in (follow_up, caritas, oversight):
        for login in STAFF:
            asked = [vault_question(login, "read", kind, case, purpose) for kind in kinds for purpose in Purpose]
            for start in range(0, len(asked), MOST_EVALUATIONS):
                batch = asked[start : start + MOST_EVALUATIONS]
                told = point.ask("evaluations", {"evaluations": batch})["evaluations"]
                assert [question for question, answer in zip(batch, told, strict=True) if answer["decision"]] == []
    house.clock.move(days=400)
    late = asker(house, CARITAS, login="late")
    assert late.decision("caritas", "read", "referral", referral, "referral") is False


def test_follow_up_reads_no_table_of_casework(house_settings: Settings) -> None:
    with watched() as steps, house_on(house_settings) as house:
        hire(house, "officer", "coach")
        case = Stage(house).case()
        follow_up = asker(house, FOLLOW_UP)
        steps.said.clear()
        for kind in Kind:
            for resource in (case, "*", secrets.token_hex(16)):
                follow_up.decision("officer", "read", kind, resource, "oqt_follow_up")
            for what in ("subject", "resource", "action"):
                follow_up.ask(f"search/{what}", vault_question("officer", "read", kind, case, "oqt_follow_up"))
        assert len(steps.said) > 100
        touched = [said for said in steps.said if any(name in said for name in ("cases", "records", "consents"))]
        assert touched == []


def test_nobody_else_asks_and_a_client_does_nothing_else(lite_house: House) -> None:
    house = lite_house
    hire(house)
    archive, case = asker(house), Stage(house).case()
    question = vault_question("coach", "read", "note", case, "coaching")
    before = logged(house)
    strangers = [*(house.tokens[login] for login in STAFF), asker(house, FOLLOW_UP).token, "0" * 64, "nonsense", ""]
    for token in strangers:
        for path in ("evaluation", "evaluations", "search/subject", "search/resource", "search/action"):
            reply = Asker(house, token, CASEWORK).send(path, question)
            assert reply.status_code == 401, (token, path)
    assert all(entry["action"] in ("staff_added", "service_token_issued") for entry in since(house, before))
    for name, make in calls(house).items():
        if name == SECRET_ADDRESS:
            continue
        call = make()
        headers = {"authorization": f"Bearer {archive.token}"}
        reply = house.app.request(call.method, call.path, headers=headers, **call.payload)
        assert reply.status_code == 401, name
    for path in ("/casework/session", "/casework/templates"):
        assert house.app.get(path, headers={"authorization": f"Bearer {archive.token}"}).status_code == 401


def test_a_client_cannot_sign_in_and_ends_with_its_token(lite_house: House) -> None:
    archive = asker(lite_house)
    body = {"login": "archive", "password": "$argon2id$none", "code": "123456"}
    assert lite_house.app.post("/casework/session", json=body).status_code == 401
    lite_house.clock.move(hours=11)
    assert archive.send("evaluation", vault_question("coach", "read", "note", "*", "coaching")).status_code == 401


# -- nothing about existence -------------------------------------------------------------------------


def _refusal(reply: Any) -> tuple[Any, ...]:
    told = reply.json()
    for context in [told.get("context")] + [each.get("context") for each in told.get("evaluations", ())]:
        if context:
            assert len(context.pop("evaluation_id")) == 32
            assert len(context.pop("evaluated_at")) == 25
    return reply.status_code, told, dict(reply.headers), len(reply.content)


def test_unknown_and_forbidden_are_the_same_refusal_on_the_same_road(house_settings: Settings) -> None:
    with watched() as steps, house_on(house_settings) as house:
        hire(house, "coach", "colleague", "desk")
        archive, case = asker(house), Stage(house).proposed(agreed=True)[0]
        archive.decision("colleague", "read", "note", nowhere(), "coaching")
        for kind, action in (("note", "read"), ("identity", "write"), ("referral", "release"), ("task", "read")):
            told = []
            for resource in (case, nowhere()):
                steps.said.clear()
                question = vault_question("colleague", action, kind, resource, "coaching", recipient="caritas")
                told.append((_refusal(archive.send("evaluation", question)), list(steps.said)))
            assert told[0] == told[1], kind
        answers = {
            str(_refusal(archive.send("evaluation", vault_question(*words))))
            for words in (
                ("colleague", "read", "note", case, "coaching"), ("desk", "read", "note", case, "coaching"),
                ("nobody", "read", "note", case, "coaching"), ("coach", "read", "note", case, "emergency"),
                ("coach", "read", "diary", case, "coaching"), ("officer", "read", "note", nowhere(), "coaching"),
                ("coach", "read", "note", "C-nothing", "coaching"), ("archive", "read", "note", case, "coaching"),
            )
        }  # fmt: skip
        assert len(answers) == 1, "whatever stands in the way, the refusal is the same"


def test_searches_about_an_unknown_case_find_nobody_on_the_same_road(house_settings: Settings) -> None:
    with watched() as steps, house_on(house_settings) as house:
        hire(house, "coach", "colleague")
        archive, case = asker(house), Stage(house).case()
        for what, subject in (("subject", ""), ("action", "colleague")):
            told = []
            for resource in (case, nowhere()):
                question = vault_question(subject or "coach", "sign", "note", resource, "coaching")
                steps.said.clear()
                reply = archive.send(f"search/{what}", question)
                told.append((reply.json(), list(steps.said)))
            assert told[0] == told[1], what
            assert told[0][0]["results"] == []


def test_a_refusal_tells_a_machine_where_to_ask_if_there_is_such_a_place(sqlite_settings: Settings) -> None:
    settings = sqlite_settings.model_copy(update={"access_request_url": "https://asking.example/requests"})
    with house_on(settings) as house:
        hire(house, "colleague")
        archive, case = asker(house), Stage(house).case()
        for resource in (case, nowhere()):
            told = archive.ask("evaluation", vault_question("colleague", "read", "note", resource, "coaching"))
            context = told["context"]
            assert context["reason"] == "not_allowed"
            assert context["access_request"]["endpoint"] == "https://asking.example/requests"
            assert context["access_request"]["expires_at"] > context["evaluated_at"]
            assert entries(house)[-1]["entry"] == context["evaluation_id"]


@pytest.mark.parametrize(
    ("zone", "own", "office", "told"),
    [
        ("follow_up", "https://vault.example", "", "https://vault.example/follow-up/access-requests"),
        ("follow_up", "https://vault.example", "https://asking.example", "https://asking.example"),
        ("follow_up", "", "", ""),
        ("casework", "https://vault.example", "", ""),
        ("partner:caritas", "https://vault.example", "", ""),
    ],
)
def test_the_place_to_ask_is_our_own_where_the_zone_can_ask(
    lite_house: House, zone: str, own: str, office: str, told: str
) -> None:
    lite_house.services.settings = lite_house.settings.model_copy(
        update={"public_url": own, "access_request_url": office}
    )
    assert where_to_ask(Gate(Zone.parse(zone), lite_house.services)) == told
    if told.startswith(own) and own:
        path = told.removeprefix(own)
        assert path in lite_house.app.get("/openapi.json").json()["paths"], "there is such a route"


# -- batches -----------------------------------------------------------------------------------------


def test_a_batch_goes_on_stops_at_the_first_no_or_at_the_first_yes(lite_house: House) -> None:
    hire(lite_house, "coach")
    archive, case = asker(lite_house), Stage(lite_house).case()
    kinds = ("note", "audit_entry", "task")
    body: dict[str, Any] = {
        "subject": {"type": "staff", "id": "coach"},
        "action": {"name": "read"},
        "context": {"purpose": "coaching"},
        "evaluations": [{"resource": {"type": kind, "id": case}} for kind in kinds],
    }
    for semantic, expected in (
        (None, [True, False, True]), ("execute_all", [True, False, True]), ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ):  # fmt: skip
        options = {"options": {"evaluations_semantic": semantic}} if semantic else {}
        before = logged(lite_house)
        told = archive.ask("evaluations", body | options)
        assert [answer["decision"] for answer in told["evaluations"]] == expected, semantic
        assert "decision" not in told
        assert [entry["outcome"] for entry in since(lite_house, before)] == ["evaluated"] * len(expected)


def test_an_item_overrides_a_default_whole_and_a_broken_item_is_a_no(lite_house: House) -> None:
    hire(lite_house, "coach")
    archive, case = asker(lite_house), Stage(lite_house).case()
    whole = vault_question("coach", "read", "note", case, "coaching")
    items = [
        {}, {"context": {}}, {"subject": {"type": "staff"}}, "text", {"action": {"name": "list"}}, {"resource": None},
        {"resource": {"type": "note"}},
    ]  # fmt: skip
    told = archive.ask("evaluations", whole | {"evaluations": items})["evaluations"]
    assert [answer["decision"] for answer in told] == [True, False, False, False, True, False, False]
    assert told[2]["context"]["reason"] == "unreadable"
    assert archive.ask("evaluations", whole)["decision"] is True
    assert archive.ask("evaluations", whole | {"evaluations": []})["decision"] is True


# -- searches ----------------------------------------------------------------------------------------


def _all_pages(archive: Asker, what: str, question: dict[str, Any], limit: int) -> list[str]:
    found, token = [], ""
    for _ in range(40):
        told = archive.ask(f"search/{what}", question | {"page": {"limit": limit, "token": token}})
        assert len(told["results"]) <= limit
        assert told["page"]["count"] == len(told["results"])
        found += [line["id"] for line in told["results"]]
        token = told["page"]["next_token"]
        if not token:
            return found
    raise AssertionError("the pages never end")


def test_searches_find_what_an_evaluation_allows_and_no_more(house: House) -> None:
    hire(house)
    archive = asker(house)
    mine = [house.open_case(house.client("coach"), ov_number=f"812346{n}") for n in range(5)]
    theirs = house.open_case(house.client("colleague"), ov_number="8123477")
    cases = vault_question("coach", "read", "note", "ignored", "coaching")
    for limit in (1, 2, 5, 100):
        assert _all_pages(archive, "resource", cases, limit) == mine[::-1], limit
    region = vault_question("head", "read", "case", "ignored", ADMIN)
    assert set(_all_pages(archive, "resource", region, 4)) == {*mine, theirs}
    people = vault_question("ignored", "read", "case", theirs, ADMIN)
    assert _all_pages(archive, "subject", people, 1) == ["colleague", "desk", "head"]
    assert _all_pages(archive, "subject", vault_question("x", "read", "note", theirs, "coaching"), 9) == ["colleague"]
    actions = archive.ask("search/action", vault_question("colleague", "x", "note", theirs, "coaching"))["results"]
    allowed = [action for action in Action if archive.decision("colleague", action, "note", theirs, "coaching")]
    assert [line["name"] for line in actions] == allowed
    assert {"read", "list", "write", "reveal"} <= set(allowed)


def test_a_search_in_a_receiving_zone_finds_what_was_sent_to_it(house: House) -> None:
    hire(house)
    stage = Stage(house)
    sheets = [stage.sheet() for _ in range(3)]
    referral = stage.referral("caritas")
    question = vault_question("officer", "read", "outcome_sheet", "x", "oqt_follow_up")
    assert _all_pages(asker(house, FOLLOW_UP), "resource", question, 2) == sheets[::-1]
    asked = vault_question("caritas", "read", "referral", "x", "referral")
    assert _all_pages(asker(house, CARITAS), "resource", asked, 2) == [referral]
    elsewhere = vault_question("caritas", "read", "note", "x", "referral")
    assert _all_pages(asker(house, CARITAS, login="other"), "resource", elsewhere, 2) == []


def test_a_page_belongs_to_its_search(lite_house: House) -> None:
    hire(lite_house)
    archive = asker(lite_house)
    for number in range(3):
        lite_house.open_case(lite_house.client("coach"), ov_number=f"812346{number}")
    question = vault_question("coach", "read", "note", "x", "coaching")
    token = archive.ask("search/resource", question | {"page": {"limit": 1}})["page"]["next_token"]
    assert token
    other = vault_question("colleague", "read", "note", "x", "coaching")
    for body, page in (
        (other, {"token": token}), (question, {"token": token[:-2]}), (question, {"token": "é"}),
        (question, {"token": 7}), (question, {"limit": -1}), (question, {"limit": True}), (question, []),
    ):  # fmt: skip
        assert archive.send("search/resource", body | {"page": page}).status_code == 400, page
    assert archive.send("search/subject", question | {"page": {"token": token}}).status_code == 400
    assert archive.ask("search/resource", question | {"page": {"token": token}})["page"]["count"] == 2
    nothing = archive.ask("search/resource", question | {"page": {"limit": 0}})
    assert (nothing["results"], bool(nothing["page"]["next_token"])) == ([], True)


# -- the log -----------------------------------------------------------------------------------------


def test_every_evaluation_leaves_an_entry_and_nothing_else(house: House) -> None:
    hire(house, "colleague", "auditor")
    archive, case = asker(house), Stage(house).case()
    rows, before = counts(house), logged(house)
    headers = {"x-request-id": "req-17"}
    archive.send("evaluation", vault_question("colleague", "read", "note", case, "coaching"), headers=headers)
    archive.send("evaluation", vault_question("nobody", "devour", "diary", "Diallo", "hunger"), headers=headers)
    archive.send("search/subject", vault_question("x", "read", "case", case, ADMIN), headers=headers)
    refused, strange, searched = since(house, before)
    assert counts(house) == rows
    assert (refused["action"], refused["kind"], refused["decision"]) == ("read", "note", "deny")
    assert (refused["outcome"], refused["role"], refused["purpose"]) == ("evaluated", "decision_client", "coaching")
    assert refused["object"] == house.staff["colleague"].log_name
    assert refused["actor"] != refused["object"]
    assert refused["subject"].startswith("L-")
    assert refused["policy"] == house.services.firewall.digest.hex()
    assert (strange["action"], strange["kind"], strange["purpose"]) == ("evaluate", "unknown", "")
    assert "Diallo" not in str(strange)
    assert (searched["outcome"], searched["count"], searched["decision"]) == ("searched_subjects", 1, "none")
    detail = house.client("auditor").get(f"/entries/{refused['entry']}/detail").json()
    assert (detail["actor_name"], detail["reason"]) == ("Archive of documents", "request req-17")


def test_a_firewall_that_breaks_says_no_to_every_question(sqlite_settings: Settings) -> None:
    firewall = SwitchableFirewall()
    with house_on(sqlite_settings, firewall) as house:
        hire(house)
        archive, case = asker(house), Stage(house).case()
        firewall.answer = explode
        assert archive.decision("coach", "read", "note", case, "coaching") is False
        assert entries(house)[-1]["rule"] == "error"
        for what in ("subject", "resource", "action"):
            told = archive.ask(f"search/{what}", vault_question("coach", "read", "note", case, "coaching"))
            assert told["results"] == [], what
