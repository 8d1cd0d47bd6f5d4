"""Erasures for every route: a case that its coach closed, and what its head asked about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests import erasures
from tests.house import House


def erasure_calls(house: House, call: Callable[..., Any]) -> dict[str, Any]:
    """call: makes a `Call`."""

    def ask() -> Any:
        case = erasures.closed_case(house)
        return call("head", "POST", f"/casework/cases/{case}/erasure", 201, {"ground": "person_asks"})

    def said(tail: str, body: dict[str, Any] | None = None) -> Any:
        number = erasures.ask(house, erasures.closed_case(house)).json()["erasure"]
        return call("dpo", "POST", f"/oversight/erasures/{number}/{tail}", 201, body)

    return {
        "casework_list_due": lambda: call("head", "GET", "/casework/erasures", 200),
        "casework_ask_erasure": ask,
        "oversight_list_erasures": lambda: call("dpo", "GET", "/oversight/erasures", 200),
        "oversight_approve_erasure": lambda: said("approve"),
        "oversight_refuse_erasure": lambda: said("refuse", {"code": "still_needed"}),
    }


#: Who may, as in `test_who_may`.
ERASURE_TABLE: Final[dict[str, tuple[int, int, int, int, int]]] = {
    "casework_list_due": (403, 403, 403, 200, 200),
    "casework_ask_erasure": (403, 403, 403, 201, 404),
}
