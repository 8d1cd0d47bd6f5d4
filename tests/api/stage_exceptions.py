"""Lawful exceptions for every route: each of a case of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final

from tests import excepted
from tests.house import House


def _case(house: House) -> str:
    return house.open_case(house.client("coach"), ov_number=f"7{secrets.randbelow(10**7):07}")


def exception_calls(house: House, call: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    """call: makes a `Call`."""

    def notice() -> Any:
        case = _case(house)
        number, _ = excepted.disclosed(house, case)
        return call("coach", "POST", f"/casework/cases/{case}/exceptions/{number}/notice", 201)

    def of_case(method: str, status: int, *body: Any) -> Any:
        return call("coach", method, f"/casework/cases/{_case(house)}/exceptions", status, *body)

    def given() -> str:
        return excepted.disclosed(house, _case(house))[1]

    return {
        "casework_file_exception": lambda: of_case("POST", 201, excepted.FILE),
        "casework_list_exceptions": lambda: of_case("GET", 200),
        "casework_record_exception_notice": notice,
        "casework_disclose": lambda: call(
            "head", "POST", f"/casework/access-requests/{excepted.signed(house, _case(house))}/disclosure", 201
        ),
        "casework_revoke_disclosure": lambda: call(
            "head", "POST", f"/casework/disclosures/{given()}/revocation", 201, {"reason": "misused"}
        ),
        "oversight_acknowledge_exception": lambda: call(
            "dpo", "POST",
            f"/oversight/access-requests/{excepted.disclosed(house, _case(house))[0]}/acknowledgement", 201,
        ),
        "oversight_stop_disclosure": lambda: call(
            "dpo", "POST", f"/oversight/disclosures/{given()}/revocation", 201, {"reason": "misused"}
        ),
        **_recipients(house, call),
    }  # fmt: skip


def _recipients(house: House, call: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    """Fedasil and Caritas stand in for authorities."""

    def read(name: str) -> Any:
        given_to = {"recipient": f"partner:{name}", "basis": "offence_report"}
        release = excepted.disclosed(house, _case(house), **given_to)[1]
        return call(name, "GET", f"/partner/{name}/disclosures/{release}", 200)

    found: dict[str, Callable[[], Any]] = {}
    for name in ("fedasil", "caritas"):
        found[f"partner_{name}_read_disclosure"] = lambda name=name: read(name)
        found[f"partner_{name}_list_disclosures"] = lambda name=name: call(
            name, "GET", f"/partner/{name}/disclosures", 200
        )
    return found


#: Who may, as in `test_who_may`.
EXCEPTION_TABLE: Final[dict[str, tuple[int, int, int, int, int]]] = {
    "casework_file_exception": (201, 404, 403, 201, 404),
    "casework_list_exceptions": (200, 404, 403, 200, 404),
    "casework_record_exception_notice": (201, 404, 403, 201, 404),
    "casework_disclose": (403, 403, 403, 201, 404),
    "casework_revoke_disclosure": (403, 403, 403, 201, 404),
}
