"""Requests of gated access for every route: each about a case of its own, found by a number of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests import asked
from tests.house import House


@dataclass
class Access:
    house: House

    def about(self) -> dict[str, Any]:
        """A case that nobody else's number finds, and how a request names it."""
        number = f"7{secrets.randbelow(10**7):07}"
        self.house.open_case(self.house.client("coach"), ov_number=number)
        return {"by": "ov_number", "value": number}

    def filed(self) -> str:
        """A request that casework took in."""
        number = asked.ask(self.house, about=self.about())
        asked.taken(self.house, number)
        return number

    def asked_back(self) -> str:
        number = self.filed()
        reply = self.house.client("dpo").post(
            f"/access-requests/{number}/question", json={"based_on": 1, "question": "why"}
        )
        assert reply.status_code == 201, reply.text
        return number

    def ready(self) -> str:
        return asked.approved(self.house, about=self.about())

    def granted(self) -> str:
        return asked.granted(self.house, about=self.about())

    def case_named(self) -> str:
        """Follow-up's name of a case of its own."""
        return asked.named(self.house, ov_number=f"7{secrets.randbelow(10**7):07}")


def access_calls(house: House, call: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    """call: makes a `Call`."""
    made = Access(house)
    answers: dict[str, tuple[str, dict[str, Any]]] = {
        "approve": ("approval", {"based_on": 1}),
        "refuse": ("refusal", {"based_on": 1, "reason": "not_necessary"}),
        "question": ("question", {"based_on": 1, "question": "why"}),
    }
    found: dict[str, Callable[[], Any]] = {
        "follow_up_file_access_request": lambda: call(
            "officer", "POST", "/follow-up/access-requests", 201, asked.ASK | {"about": made.about()}
        ),
        "follow_up_list_access_requests": lambda: call("officer", "GET", "/follow-up/access-requests", 200),
        "follow_up_read_access_request": lambda: call(
            "officer", "GET", f"/follow-up/access-requests/{made.filed()}", 200
        ),
        "follow_up_explain_access_request": lambda: call(
            "officer", "POST", f"/follow-up/access-requests/{made.asked_back()}/explanation", 201, {"hours": 2}
        ),
        "follow_up_read_grant": lambda: call("officer", "GET", f"/follow-up/grants/{made.granted()}", 200),
        "casework_delegate_access_request": lambda: call(
            "head", "POST", f"/casework/access-requests/{made.filed()}/delegation", 201,
            {"based_on": 1, "to": _other_head(house)},
        ),
        "casework_grant_access_request": lambda: call(
            "head", "POST", f"/casework/access-requests/{made.ready()}/grant", 201
        ),
        "casework_revoke_grant": lambda: call(
            "head", "POST", f"/casework/grants/{made.granted()}/revocation", 201, {"reason": "misused"}
        ),
    }  # fmt: skip
    found |= _ceremony_calls(made, call)
    for zone, login in (("casework", "head"), ("oversight", "dpo")):
        base = f"/{zone}/access-requests"
        found |= {
            f"{zone}_list_access_requests": lambda base=base, login=login: call(login, "GET", base, 200),
            f"{zone}_read_access_request": lambda base=base, login=login: call(
                login, "GET", f"{base}/{made.filed()}", 200
            ),
        }
        for name, (tail, body) in answers.items():
            found[f"{zone}_{name}_access_request"] = lambda base=base, login=login, tail=tail, body=body: call(
                login, "POST", f"{base}/{made.filed()}/{tail}", 201, body
            )
    return found


def _ceremony_calls(made: Access, call: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    house = made.house
    end = {"reason": "misused"}
    return {
        "follow_up_ask_ceremony": lambda: call(
            "officer", "POST", "/follow-up/ceremonies", 201, asked.CEREMONY | {"pseudonym": made.case_named()}
        ),
        "follow_up_read_ceremony": lambda: call(
            "officer", "GET", f"/follow-up/ceremonies/{asked.opened(house, made.case_named())}", 200
        ),
        "casework_begin_ceremony": lambda: call(
            "head", "POST", f"/casework/access-requests/{asked.agreed(house, made.case_named())}/ceremony", 201
        ),
        "casework_end_ceremony": lambda: call(
            "head", "POST", f"/casework/ceremonies/{asked.opened(house, made.case_named())}/end", 201, end
        ),
        "oversight_open_ceremony": lambda: call(
            "dpo", "POST", f"/oversight/ceremonies/{asked.begun(house, made.case_named())}/opening", 201
        ),
        "oversight_list_ceremonies": lambda: call("auditor", "GET", "/oversight/ceremonies", 200),
        "oversight_read_ceremony_evidence": lambda: call(
            "auditor", "GET", f"/oversight/ceremonies/{asked.opened(house, made.case_named())}", 200
        ),
        "oversight_end_ceremony": lambda: call(
            "dpo", "POST", f"/oversight/ceremonies/{asked.opened(house, made.case_named())}/end", 201, end
        ),
    }


def _other_head(house: House) -> str:
    house.client("far_head")
    return "far_head"


#: Who may, as in `test_who_may`. A delegation to the head of another region would let that head in: refused first.
ACCESS_TABLE: Final[dict[str, tuple[int, int, int, int, int]]] = {
    "casework_list_access_requests": (403, 403, 403, 200, 200),
    **{
        f"casework_{name}": (403, 403, 403, status, 404)
        for name, status in (
            ("read_access_request", 200), ("approve_access_request", 201), ("refuse_access_request", 201),
            ("question_access_request", 201), ("delegate_access_request", 201), ("grant_access_request", 201),
            ("revoke_grant", 201), ("begin_ceremony", 201), ("end_ceremony", 201),
        )
    },
}  # fmt: skip
