"""Emergencies for every route: a colleague asks about the coach's case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests import emergencies
from tests.house import House


def emergency_calls(house: House, case: Callable[[], str], call: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    """case: makes one. call: makes a `Call`."""

    def asked() -> str:
        house.client("coach")
        return emergencies.ask(house, case())

    def opened() -> str:
        return emergencies.opened(house, case())

    path = "/casework/emergencies"
    return {
        "casework_ask_emergency": lambda: call(
            "colleague", "POST", f"/casework/cases/{case()}/emergencies", 201, emergencies.ASK
        ),
        "casework_list_emergencies": lambda: call("colleague", "GET", path, 200),
        "casework_read_emergency": lambda: call("head", "GET", f"{path}/{asked()}", 200),
        "casework_open_emergency": lambda: call("head", "POST", f"{path}/{asked()}/opening", 201),
        "casework_refuse_emergency": lambda: call("head", "POST", f"{path}/{asked()}/refusal", 201),
        "casework_end_emergency": lambda: call("head", "POST", f"{path}/{opened()}/end", 201),
        "casework_emergency_identity": lambda: call("colleague", "GET", f"{path}/{opened()}/identity", 200),
        "casework_emergency_contact": lambda: call("colleague", "GET", f"{path}/{opened()}/contact", 200),
        "oversight_list_emergency_uses": lambda: call("auditor", "GET", "/oversight/emergencies", 200),
        "oversight_read_log_figures": lambda: call(
            "auditor", "GET", "/oversight/log-figures?from=2026-11-02&to=2026-11-04", 200
        ),
        "oversight_read_operation": lambda: call("operator", "GET", "/oversight/operation", 200),
        "oversight_count_emergency_uses": lambda: call("auditor", "GET", "/oversight/emergencies/counts", 200),
    }


#: Who may, as in `test_who_may`: the case's own coach, the colleague who asks, desk, head, another region's head.
#: 0: once somebody did it, nobody else can; a coach asks for no case of their own.
EMERGENCY_TABLE: Final[dict[str, tuple[int, int, int, int, int]]] = {
    "casework_ask_emergency": (0, 201, 403, 201, 404),
    "casework_list_emergencies": (200, 200, 403, 200, 200),
    "casework_read_emergency": (200, 200, 403, 200, 404),
    "casework_open_emergency": (0, 404, 403, 201, 404),
    "casework_refuse_emergency": (0, 0, 403, 201, 404),
    "casework_end_emergency": (404, 0, 403, 201, 404),
    "casework_emergency_identity": (404, 200, 403, 404, 404),
    "casework_emergency_contact": (404, 200, 403, 403, 403),
}
