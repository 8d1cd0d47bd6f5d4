"""Requests made out of the description, right and wrong, to every operation of every zone: none is answered with 500.

Within a budget of processor time: each operation once, then all of them again and again until the budget is spent.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.generation import GenerationMode

from tests.api.decision_client import asker
from tests.house import STAFF, House

pytestmark = pytest.mark.long

#: Seconds of this process.
BUDGET: Final = 20.0
#: Requests at a time to one operation.
AT_ONCE: Final = 4


def test_no_route_answers_500_to_anything_made_from_its_description(lite_house: House) -> None:
    house = lite_house
    tokens = _tokens(house)
    schema = schemathesis.openapi.from_dict(house.app.get("/openapi.json").json())
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 100
    strategies = {
        (operation.method, operation.path, mode): operation.as_strategy(generation_mode=mode)
        for operation in operations
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        if mode is GenerationMode.POSITIVE or _can_be_asked_wrongly(operation.definition.raw)
    }
    statuses: Counter[int] = Counter()
    ended: list[str] = []
    began, turn = time.process_time(), 0
    while turn == 0 or time.process_time() - began < BUDGET:
        for (method, path, mode), strategy in strategies.items():
            if turn and time.process_time() - began > BUDGET:
                break
            _try(house, strategy, tokens, turn, statuses, ended)
            assert ended == [], (method, path, mode)
        turn += 1
    assert statuses.total() > len(operations)
    assert statuses[200] > 0
    assert statuses[400] > 0


def _can_be_asked_wrongly(described: dict[str, Any]) -> bool:
    """Whether anything that an operation takes may be of a wrong shape. Any text is a reference of the right shape:
    to look for another one takes a second of each operation that takes nothing else, and finds none."""
    parameters = described.get("parameters", ())
    return "requestBody" in described or any(
        one["in"] != "path" or one["schema"].keys() - {"type", "title"} for one in parameters
    )


def _try(
    house: House, strategy: Any, tokens: dict[str, str], turn: int, statuses: Counter[int], ended: list[str]
) -> None:  # fmt: skip
    """A few requests of one operation, with the token of somebody whom its zone knows."""

    @seed(turn)
    @settings(
        max_examples=AT_ONCE if turn else 2, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=strategy)
    def send(case: Any) -> None:
        given_ = case.as_transport_kwargs(base_url="https://parefeu.test")
        headers = {str(name): str(value) for name, value in dict(given_.pop("headers", None) or {}).items()}
        headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        zone = next((prefix for prefix in tokens if str(case.path).startswith(prefix)), "")
        if zone:
            headers["authorization"] = f"Bearer {tokens[zone]}"
        if case.path.endswith("/session") and case.method.upper() == "DELETE":
            headers.pop("authorization", None)  # nobody is signed out before the others are through
        given_.pop("cookies", None)
        if isinstance(given_.get("data"), bytes | str):
            given_["content"] = given_.pop("data")
        reply = house.app.request(headers=_sendable(headers), **given_)
        statuses[reply.status_code] += 1
        if reply.status_code >= 500:
            ended.append(f"{case.method} {case.path}: {reply.status_code} {reply.text[:200]}")

    send()


def _sendable(headers: dict[str, str]) -> dict[bytes, bytes]:
    """Whatever was made up, as bytes: a client would refuse to send some of it."""
    return {
        name.encode("latin-1", "replace"): value.encode("latin-1", "replace").replace(b"\n", b"").replace(b"\r", b"")
        for name, value in headers.items()
    }


def _tokens(house: House) -> dict[str, str]:
    """By path: the decision points' clients first, then a member of each zone's staff. And a case to find."""
    people = {"/casework": "coach", "/follow-up": "officer", "/oversight": "auditor"}
    people |= {f"/partner/{name}": name for name in ("caritas", "fedasil")}
    house.open_case(house.client("coach"))
    found: dict[str, str] = {}
    for prefix, login in people.items():
        found[f"{prefix}/access/v1"] = asker(house, STAFF[login][0], login="system").token
    for prefix, login in people.items():
        house.client(login)
        found[prefix] = house.tokens[login]
    return found
