"""Requests for access and grants about a case whose people, words and whereabouts are marked, one for each route."""

from __future__ import annotations

from typing import Any, Final

from tests import asked, excepted
from tests.house import House
from vault.pseudonyms import Pseudonym, domain_of
from vault.vocabulary import FOLLOW_UP

#: Of a case that was handed over, and whose address somebody told in confidence: that field is asked for everywhere.
_ABOUT: Final[dict[str, Any]] = {
    "about": {"by": "ov_number", "value": "8123457"}, "fields": ["nationality", "address", "procedure_pending"],
}  # fmt: skip
ACCESS_PARAMETERS: Final = ("number", "grant", "ceremony", "disclosure")
_APPROVAL: Final = {"based_on": 1}
_REFUSAL: Final = {"based_on": 1, "reason": "not_necessary"}
_QUESTION: Final = {"based_on": 1, "question": "why"}
ACCESS_BODIES: Final[dict[str, Any]] = {
    "follow_up_file_access_request": asked.ASK | _ABOUT,
    "follow_up_explain_access_request": {"hours": 3},
    "casework_delegate_access_request": {"based_on": 1, "to": "far_head"},
    "casework_revoke_grant": {"reason": "misused"},
    "follow_up_ask_ceremony": asked.CEREMONY | {"pseudonym": Pseudonym(domain_of(FOLLOW_UP), bytes(16)).text},
    "casework_end_ceremony": {"reason": "misused"},
    "oversight_end_ceremony": {"reason": "misused"},
    "casework_file_exception": excepted.FILE,
    "casework_revoke_disclosure": {"reason": "misused"},
    "oversight_stop_disclosure": {"reason": "misused"},
} | {
    f"{zone}_{name}_access_request": body
    for zone in ("casework", "oversight")
    for name, body in (("approve", _APPROVAL), ("refuse", _REFUSAL), ("question", _QUESTION))
}


def plant_access(house: House) -> dict[str, str]:
    """By the beginning of their path: what stands for its parameter."""
    house.client("far_head")

    def waiting() -> str:
        number = asked.ask(house, **_ABOUT)
        asked.taken(house, number)
        return number

    explained = waiting()
    reply = house.client("dpo").post(f"/access-requests/{explained}/question", json=_QUESTION)
    assert reply.status_code == 201
    sheet = house.client("officer").get("/sheets").json()["sheets"][0]["release"]
    name = house.client("officer").get(f"/sheets/{sheet}").json()["pseudonym"]
    return {
        "/casework/access-requests/{number}/ceremony": asked.agreed(house, name),
        "/casework/ceremonies/{ceremony}/end": asked.opened(house, name),
        "/oversight/ceremonies/{ceremony}/end": asked.opened(house, name),
        "/oversight/ceremonies/{ceremony}/opening": asked.begun(house, name),
        "/oversight/ceremonies/{ceremony}": asked.opened(house, name),
        "/follow-up/ceremonies/{ceremony}": asked.opened(house, name),
        "/follow-up/access-requests/{number}/explanation": explained,
        "/casework/access-requests/{number}/grant": asked.approved(house, **_ABOUT),
        "/casework/grants/{grant}/revocation": asked.granted(house, **_ABOUT),
        "/follow-up/grants/{grant}": asked.granted(house, **_ABOUT),
        **{f"/casework/access-requests/{{number}}/{tail}": waiting() for tail in ("approval", "refusal", "question")},
        **{f"/oversight/access-requests/{{number}}/{tail}": waiting() for tail in ("approval", "refusal", "question")},
        "/casework/access-requests/{number}/delegation": waiting(),
        "/access-requests/{number}": waiting(),
    }


def plant_exceptions(house: House, case: str, fact: str) -> dict[str, str]:
    """By the beginning of their path, as above. fact: of the case, with marked words in its free text."""
    items = ["given_names", "address", f"sensitive_fact:{fact}"]

    def given(**changed: Any) -> tuple[str, str]:
        return excepted.disclosed(house, case, items=items, **changed)

    return {
        "/casework/access-requests/{number}/disclosure": excepted.signed(house, case, items=items),
        "/casework/disclosures/{disclosure}/revocation": given()[1],
        "/partner/fedasil/disclosures/{disclosure}": given()[1],
        "/partner/caritas/disclosures/{disclosure}": given(recipient="partner:caritas", basis="offence_report")[1],
        "/oversight/access-requests/{number}/acknowledgement": given()[0],
        "/oversight/disclosures/{disclosure}/revocation": given()[1],
        "/casework/cases/{case}/exceptions/{number}/notice": given()[0],
    }
