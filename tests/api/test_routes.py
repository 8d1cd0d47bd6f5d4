"""Every route declares what it asks of the firewall, and asks exactly that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route

from gateway.settings import Settings
from tests.api.stage import Call, calls
from tests.api.stage_people import SECRET_ADDRESS
from tests.api.support import RecordingFirewall, SwitchableFirewall, counts, deny, explode, logged, since
from tests.house import House, house_on
from vault.vocabulary import ROLE_ZONE, Action, Kind, Purpose, Question, Role, Zone, ZoneKind

pytestmark = pytest.mark.long

PAGES = "/pages"
_WORDS = ("zone", "action", "kind", "purpose")
#: Declared, and asked only at times: here, when an order that was taken in before is brought up to date.
AT_TIMES = {"casework_take_in_order": {("write", "order", "case_administration")}}


def _app(house: House) -> FastAPI:
    app = house.app.app
    assert isinstance(app, FastAPI)
    return app


def _routes(house: House) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """Method, path, declaration and operation id of every route of the running application but its own description."""
    document = _app(house).openapi()["paths"]
    for route in _app(house).routes:
        if route.path == "/" or route.path.startswith(PAGES):  # they ask through the same gate: tests/pages
            continue
        # A router that was included keeps routes of its own, built once more when it is first asked: none is.
        assert isinstance(route, Route | APIRoute), f"an unknown sort of route: {route!r}"
        for method in sorted((route.methods or set()) - {"HEAD"}):
            if route.path == "/openapi.json":
                continue
            told = document.get(route.path, {}).get(method.lower(), {})
            asks = told.get("x-parefeu")  # the description leaves out what is null
            yield method, route.path, dict.fromkeys(_WORDS) | asks if asks else {}, told.get("operationId", "")


def _send(house: House, call: Call, token: str | None = None) -> Any:
    headers = {"authorization": f"Bearer {token}"} if token is not None else {}
    return house.app.request(call.method, call.path, **call.payload, headers=headers)


@pytest.fixture
def recorder(sqlite_settings: Settings) -> Iterator[tuple[House, RecordingFirewall]]:
    firewall = RecordingFirewall()
    with house_on(sqlite_settings, firewall) as house:
        yield house, firewall


@pytest.fixture
def switched(sqlite_settings: Settings) -> Iterator[tuple[House, SwitchableFirewall]]:
    firewall = SwitchableFirewall()
    with house_on(sqlite_settings, firewall) as house:
        yield house, firewall


def test_every_route_declares_what_it_asks(lite_house: House) -> None:
    seen = list(_routes(lite_house))
    assert len(seen) > 90
    for method, path, told, _ in seen:
        assert told, f"{method} {path} declares nothing"
        assert set(told) - {"also"} == set(_WORDS)
        if told["action"] is None:
            # A decision point asks what its caller asks: test_decision_points.
            none = (
                path.endswith(
                    (
                        "/session",
                        "/sessions",
                        "/sessions/{session}",
                        "/passkeys",
                        "/passkeys/{passkey}",
                        "/recovery-codes",
                        "/health",
                        "/templates",
                        "/why",
                    )
                )
                or "/access/v1/" in path
            )
            assert none or path.startswith("/.well-known/authzen-configuration"), f"{method} {path} asks nothing"
            continue
        Action(told["action"]), Kind(told["kind"]), Purpose(told["purpose"])
        zone = Zone.parse(told["zone"])
        assert path.startswith("/" + str(zone).replace(":", "/").replace("_", "-")), path


def test_the_hot_route_stands_in_the_description(lite_house: House) -> None:
    path = "/casework/cases/{case}/notes/{note}"
    told = _app(lite_house).openapi()["paths"][path]
    assert set(told) == {"get", "put"}
    assert told["get"]["x-parefeu"]["action"] == "read"


def test_operation_ids_are_unique_and_every_operation_may_answer_a_problem(lite_house: House) -> None:
    document = _app(lite_house).openapi()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    assert document["openapi"].startswith("3.1")
    for operation in operations:
        assert set(operation["responses"]) >= {"default"}
        assert "422" not in operation["responses"], "input is refused with 400"
        named = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
        path = next(p for p, found in document["paths"].items() if operation in found.values())
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_every_reference_of_the_description_leads_somewhere(lite_house: House) -> None:
    document = _app(lite_house).openapi()

    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for value in node.values():
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    for reference in walk(document):
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert target


def test_each_route_asks_the_question_it_declares(recorder: tuple[House, RecordingFirewall]) -> None:
    house, firewall = recorder
    declared = {name: told for _, _, told, name in _routes(house) if told["action"] is not None}
    makers = calls(house)
    assert set(makers) == set(declared), "a route without a plausible request, or the reverse"
    for name, make in makers.items():
        call = make()
        firewall.asked.clear()
        reply = _send(house, call, house.client(call.login).token)
        assert reply.status_code == call.status, (name, reply.text)
        told = declared[name]
        wanted = (told["action"], told["kind"], told["purpose"])
        asked = [(q.action.value, q.kind.value, q.purpose.value) for q in firewall.asked]
        assert asked[:1] == [wanted], name
        besides = {(action, kind, told["purpose"]) for action, kind in told.get("also", ())}
        assert set(asked) == ({wanted} | besides) - AT_TIMES.get(name, set()), name


def test_the_data_protection_officer_asks_for_her_own_purpose(recorder: tuple[House, RecordingFirewall]) -> None:
    house, firewall = recorder
    house.client("dpo").get("/entries")
    assert firewall.asked == [
        Question(Role.DPO, Action.LIST, Kind.AUDIT_ENTRY, Purpose.DATA_PROTECTION, firewall.asked[0].phase)
    ]


def test_no_route_answers_without_a_session(lite_house: House) -> None:
    requests = [make() for name, make in calls(lite_house).items() if name != SECRET_ADDRESS]
    zones = ("casework", "follow-up", "oversight", "partner/caritas", "partner/fedasil")
    requests += [Call("", method, f"/{zone}/session", 401) for zone in zones for method in ("GET", "DELETE")]
    before = logged(lite_house)
    tokens = (b"", b"Bearer " + b"0" * 64, b"Bearer nonsense", b"Bearer " + b"\xe9" * 64, b"Basic Y29hY2g6eA==")
    for call in requests:
        for token in tokens:
            headers = {b"authorization": token} if token else {}
            reply = lite_house.app.request(call.method, call.path, **call.payload, headers=headers)
            assert reply.status_code == 401, (call, reply.text)
            assert set(reply.json()) == {"type", "title", "status", "detail", "instance"}
    assert since(lite_house, before) == []


def test_no_route_answers_a_session_of_another_zone(lite_house: House) -> None:
    one_per_zone = {"casework": "coach", "follow_up": "officer", "oversight": "auditor"} | {
        f"partner:{name}": name for name in ("caritas", "fedasil")
    }
    for name, make in calls(lite_house).items():
        if name == SECRET_ADDRESS:
            continue
        call = make()
        own = call.path.split("/")[1].replace("-", "_")
        for zone, login in one_per_zone.items():
            if zone.partition(":")[0] == own and (own != "partner" or login == call.login):
                continue
            reply = _send(lite_house, call, lite_house.client(login).token)
            assert reply.status_code == 401, (call, login, reply.text)


@pytest.mark.parametrize("answer", [deny, explode], ids=["denies", "is broken"])
def test_a_firewall_that_denies_or_breaks_lets_nothing_out(
    switched: tuple[House, SwitchableFirewall], answer: Any
) -> None:
    house, firewall = switched
    for name, make in calls(house).items():
        call = make()
        token = house.client(call.login).token
        firewall.answer = answer
        before, rows = logged(house), counts(house)
        reply = _send(house, call, token)
        assert reply.status_code in {403, 404}, (name, reply.status_code)
        assert set(reply.json()) <= {"type", "title", "status", "detail", "instance", "reasons"}
        written = since(house, before)
        assert [entry["decision"] for entry in written] == ["deny"], name
        assert written[0]["actor"] == house.staff[call.login].log_name
        assert written[0]["rule"] == ("error" if answer is explode else "")
        assert counts(house) == rows, name
        firewall.answer = None


def test_roles_have_a_login_in_the_tests() -> None:
    """A role that no test signs in as would be tested by none."""
    from tests.house import STAFF

    assert {role for _, role, _ in STAFF.values()} == set(Role)
    assert {ROLE_ZONE[role] for role in Role} == set(ZoneKind)
