"""Conformance fixtures at the decision point of a namespace: the shapes of the working group's Todo, Search and
certification scenarios, with names of our own. What each case must give is worked out here from the scenario's rules,
not from the policy files under test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.settings import Settings
from tests.api.decision_client import Asker, asker, vault_question
from tests.api.support import entries, since
from tests.house import House, house_on
from tests.policies.test_namespace import FOLDERS
from vault.errors import PolicyRejected
from vault.vocabulary import CASEWORK, FOLLOW_UP

_KNOWN: Final = json.loads((FOLDERS / "search/attributes.json").read_text())
USERS: Final[dict[str, dict[str, Any]]] = _KNOWN["subjects"]["user"]
RECORDS: Final[dict[str, dict[str, str]]] = _KNOWN["resources"]["record"]
TODO_ROLES: Final = {
    "s-1": {"admin", "evil_genius"}, "s-2": {"editor"}, "s-3": {"editor"}, "s-4": {"viewer"}, "s-5": {"viewer"},
}  # fmt: skip
TODO_MAIL: Final = {"s-1": "ines@garden.example", "s-2": "milo@garden.example", "s-3": "suze@yard.example"}


@pytest.fixture
def beside(sqlite_settings: Settings, tmp_path: Path) -> Iterator[House]:
    """A house with the three namespaces in casework's zone."""
    folder = tmp_path / "namespaces"
    shutil.copytree(FOLDERS, folder / "casework")
    with house_on(sqlite_settings.model_copy(update={"namespaces_dir": folder})) as house:
        yield house


def _question(user: str, action: str, kind: str, resource: str, **properties: Any) -> dict[str, Any]:
    target: dict[str, Any] = {"type": kind, "id": resource}
    if properties:
        target["properties"] = properties
    return {"subject": {"type": "user", "id": user}, "action": {"name": action}, "resource": target}


def test_the_todo_scenario(beside: House) -> None:
    todo = asker(beside, below="/namespaces/todo")
    asked = 0
    for user, roles in TODO_ROLES.items():
        writes = not roles <= {"viewer"}
        cases = [
            (_question(user, "can_read_user", "user", "suze@yard.example"), True),
            (_question(user, "can_read_todos", "todo", "todo-1"), True),
            (_question(user, "can_create_todo", "todo", "todo-1"), writes),
        ]
        for owner in ("milo@garden.example", "ines@garden.example", "joke@yard.example"):
            own = writes and TODO_MAIL.get(user) == owner
            about = ("todo", f"of {owner}")
            cases += [
                (_question(user, "can_update_todo", *about, ownerID=owner), own or "evil_genius" in roles),
                (_question(user, "can_delete_todo", *about, ownerID=owner), own or "admin" in roles),
            ]
        for question, expected in cases:
            assert todo.ask("evaluation", question)["decision"] is expected, question
            asked += 1
        batch = {
            "subject": {"type": "user", "id": user}, "action": {"name": "can_update_todo"},
            "evaluations": [{"resource": question["resource"]} for question, _ in cases[3::2]],
        }  # fmt: skip
        told = todo.ask("evaluations", batch)["evaluations"]
        assert [answer["decision"] for answer in told] == [expected for _, expected in cases[3::2]]
    assert asked == 45


def _may(user: str, action: str, record: str) -> bool:
    """The scenario's six sentences."""
    person, thing = USERS[user], RECORDS[record]
    owner, manager = thing["owner"] == user, person["role"] == "manager"
    department = thing["department"] == person["department"]
    return {
        "view": owner or department or manager, "edit": owner or (manager and department), "delete": owner,
    }[action]  # fmt: skip


def test_the_search_scenario(beside: House) -> None:
    search = asker(beside, below="/namespaces/search")
    actions = ("view", "edit", "delete")
    for action in actions:
        for record in RECORDS:
            body = {
                "subject": {"type": "user"}, "action": {"name": action}, "resource": {"type": "record", "id": record}
            }  # fmt: skip
            found = {line["id"] for line in search.ask("search/subject", body)["results"]}
            assert found == {user for user in USERS if _may(user, action, record)}, (action, record)
        for user in USERS:
            body = {"subject": {"type": "user", "id": user}, "action": {"name": action}, "resource": {"type": "record"}}
            results = search.ask("search/resource", body)["results"]
            assert {line["type"] for line in results} <= {"record"}
            assert [line["id"] for line in results] == [record for record in RECORDS if _may(user, action, record)]
    for user in USERS:
        for record in RECORDS:
            body = {"subject": {"type": "user", "id": user}, "resource": {"type": "record", "id": record}}
            found = [line["name"] for line in search.ask("search/action", body)["results"]]
            assert found == [action for action in actions if _may(user, action, record)]


def test_pages_of_a_namespace_are_whole_and_in_order(beside: House) -> None:
    search = asker(beside, below="/namespaces/search")
    body = {"subject": {"type": "user", "id": "ada"}, "action": {"name": "view"}, "resource": {"type": "record"}}
    whole = search.ask("search/resource", body)
    assert whole["page"] == {"next_token": "", "count": len(RECORDS)}
    found, page = [], {"limit": 5}
    while True:
        told = search.ask("search/resource", body | {"page": page})
        found += told["results"]
        if not told["page"]["next_token"]:
            break
        page = {"limit": 5, "token": told["page"]["next_token"]}
    assert found == whole["results"]


ALICE: Final = {"type": "user", "id": "alice"}
BOB: Final = {"type": "user", "id": "bob"}


def test_the_certification_fixture(beside: House) -> None:
    records = asker(beside, below="/namespaces/records")

    def decision(subject: Any, action: Any, resource: str, **properties: Any) -> bool:
        named = action if isinstance(action, dict) else {"name": action}
        target = {"type": "record", "id": resource} | ({"properties": properties} if properties else {})
        told: bool = records.ask("evaluation", {"subject": subject, "action": named, "resource": target})["decision"]
        return told

    assert decision(ALICE, "read", "record-1")
    assert decision(ALICE, "write", "record-1")
    assert decision(BOB, "read", "record-1")
    assert not decision(BOB, "write", "record-1")
    assert not decision(ALICE, "write", "record-2", status="archived")
    assert decision(BOB | {"properties": {"role": "admin"}}, "write", "record-2", status="archived")
    assert decision(ALICE, {"name": "delete", "properties": {"soft": True}}, "record-1")
    assert not decision(ALICE, {"name": "delete", "properties": {"soft": False}}, "record-1")

    read = {"subject": {"type": "user"}, "action": {"name": "read"}, "resource": {"type": "record", "id": "record-1"}}
    plain = records.ask("search/subject", read)
    assert {line["id"] for line in plain["results"]} == {"alice", "bob"}
    assert records.ask("search/subject", read | {"subject": ALICE}) == plain, "an id of what is sought is ignored"
    assert records.ask("search/subject", read | {"context": {"time": "2026-01-01T00:00Z"}}) == plain
    write = {"action": {"name": "write"}}
    archived = {"type": "record", "id": "record-2", "properties": {"status": "archived"}}
    who = records.ask("search/subject", write | {"subject": {"type": "user"}, "resource": archived})
    assert who["results"] == [{"type": "user", "id": "bob"}]
    what = records.ask("search/resource", write | {"subject": BOB, "resource": {"type": "record", "id": "ignored"}})
    assert what["results"] == [{"type": "record", "id": "record-2"}]
    how = records.ask("search/action", {"subject": BOB, "resource": archived})
    assert {"name": "write"} in how["results"]
    for place, body in (
        (
            "search/action",
            {"subject": {"type": "user", "id": "nobody"}, "resource": {"type": "record", "id": "record-1"}},
        ),
        ("search/subject", read | {"subject": {"type": "spaceship"}}),
        ("search/resource", write | {"subject": ALICE, "resource": {"type": "spaceship"}}),
    ):
        assert records.ask(place, body)["results"] == []
    for place, body in (
        ("search/subject", read | {"resource": {"type": "record"}}),
        ("search/resource", read | {"resource": {"type": "record"}}),
        ("search/action", {"subject": {"type": "user"}, "resource": {"type": "record", "id": "record-1"}}),
    ):
        assert records.send(place, body).status_code == 400, place


def test_a_namespace_is_asked_by_its_zones_clients_and_every_answer_is_logged(beside: House) -> None:
    records, stranger = asker(beside, below="/namespaces/records"), asker(beside, FOLLOW_UP)
    question = {"subject": ALICE, "action": {"name": "read"}, "resource": {"type": "record", "id": "record-1"}}
    assert (
        Asker(beside, stranger.token, CASEWORK, "/namespaces/records").send("evaluation", question).status_code == 401
    )
    assert (
        Asker(beside, records.token, FOLLOW_UP, "/namespaces/records").send("evaluation", question).status_code == 404
    )
    before = len(entries(beside))
    items = [{}, {"subject": BOB}, {"action": {"name": "write"}, "subject": BOB}, {"resource": 7}]
    told = records.ask("evaluations", question | {"evaluations": items})["evaluations"]
    assert [answer["decision"] for answer in told] == [True, True, False, False]
    records.ask("search/subject", question)
    written = since(beside, before)
    assert [entry["decision"] for entry in written] == ["allow", "allow", "deny", "deny", "none"]
    assert {(entry["kind"], entry["object"], entry["action"]) for entry in written} == {
        ("namespace", "records", "evaluate")
    }
    assert [entry["rule"] for entry in written] == ["line-1", "line-2", "", "", ""]
    assert written[-1]["count"] == 2
    for wrong in ({"page": {"token": "MTI"}}, {"page": {"limit": -1}}):
        assert records.send("search/subject", question | wrong).status_code == 400


def test_neither_policy_answers_for_the_other(beside: House) -> None:
    beside.client("coach")
    case = beside.open_case(beside.client("coach"))
    records, vault = asker(beside, below="/namespaces/records"), asker(beside, login="other")
    question = vault_question("coach", "read", "note", case, "coaching")
    assert vault.ask("evaluation", question)["decision"] is True
    assert records.ask("evaluation", question)["decision"] is False
    foreign = {"subject": ALICE, "action": {"name": "read"}, "resource": {"type": "record", "id": "record-1"}}
    assert vault.ask("evaluation", foreign)["decision"] is False


def test_each_namespace_has_its_metadata(beside: House) -> None:
    told = beside.app.get("/.well-known/authzen-configuration/casework/namespaces/todo").json()
    assert told["policy_decision_point"] == "https://parefeu.test/casework/namespaces/todo"
    assert told["search_action_endpoint"] == ("https://parefeu.test/casework/namespaces/todo/access/v1/search/action")


def test_a_broken_namespace_keeps_the_process_from_starting(sqlite_settings: Settings, tmp_path: Path) -> None:
    shutil.copytree(FOLDERS / "todo", tmp_path / "n/casework/todo")
    (tmp_path / "n/casework/todo/policy.csv").write_text("role,act\n")
    with pytest.raises(PolicyRejected), house_on(sqlite_settings.model_copy(update={"namespaces_dir": tmp_path / "n"})):
        raise AssertionError("it started")
