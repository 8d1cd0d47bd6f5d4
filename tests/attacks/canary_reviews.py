"""Reviews of a look at a marked case, one for each route; what is written in them is somebody's own words, unmarked."""

from __future__ import annotations

from typing import Any

from tests import recorded
from tests.api.stage import JUDGED
from tests.house import House

REVIEW_QUERIES: dict[str, dict[str, Any]] = {
    "oversight_list_findings": {"params": recorded.LOG_DAY},
    "oversight_export_evidence": {"params": {"kind": "review_case"}},
    "oversight_read_log_figures": {"params": {"from": "2026-11-02", "to": "2026-11-09"}},
}


def review_bodies(entry: str) -> dict[str, Any]:
    """A good body for every operation on reviews: the auditor decides, and of another one closes it."""
    return {
        "oversight_draw_sample": recorded.LOG_DAY,
        "oversight_open_review": {"entry": entry, "origin": "by_hand"},
        "oversight_note_in_review": {"based_on": 1, "move": "ask", "reason": "Pourquoi ?"},
        "casework_answer_question": {"answer": "Une erreur."},
        "oversight_decide_review": {"based_on": 1, **JUDGED},
        "oversight_sign_review": {"based_on": 2, "move": "sign"},
        "oversight_close_review": {"based_on": 3},
        "casework_ask_erasure": {"ground": "person_asks"},
        "oversight_refuse_erasure": {"code": "still_needed"},
    }


def plant_reviews(house: House, entry: str) -> dict[str, str]:
    """By the beginning of their path: what stands for its parameter."""
    auditor, dpo = house.client("auditor"), house.client("dpo")

    def opened(*, decided: bool = False, signed: bool = False) -> str:
        review: str = auditor.post("/reviews", json={"entry": entry, "origin": "by_hand"}).json()["review"]
        if decided:
            reply = auditor.post(f"/reviews/{review}/decision", json={"based_on": 1, **JUDGED})
            assert reply.status_code == 201, reply.text
        if signed:
            reply = dpo.post(f"/reviews/{review}/signature", json={"based_on": 2, "move": "sign"})
            assert reply.status_code == 201, reply.text
        return review

    ask = {"based_on": 1, "move": "ask", "reason": "Pourquoi ?", "asks": "why_this_case"}
    asked = auditor.post(f"/reviews/{opened()}/notes", json=ask)
    assert asked.status_code == 201, asked.text
    return {
        "/questions/{question}": asked.json()["entry"],
        "/reviews/{review}/notes": opened(),
        "/reviews/{review}/decision": opened(),
        "/reviews/{review}/signature": opened(decided=True),
        "/reviews/{review}/close": opened(decided=True, signed=True),
        "/reviews/{review}": opened(),
    }
