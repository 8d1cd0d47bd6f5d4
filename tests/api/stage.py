"""A plausible request for every route, as the member of staff whom the rules let make it.

Each request has a case of its own in the state it needs, so that they can be sent in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.house import CASE, House

NOTE: Final[dict[str, Any]] = {"text": "Elle a parlé de sa sœur.", "language": "fr", "template": "interview"}
DRAFT: Final[dict[str, Any]] = {"text": "Elle a parlé de sa sœur Kadi.", "language": "fr"}
CLOSING: Final[dict[str, Any]] = {"step": "begin_closing", "outcome": "REFUSED", "explained": True}
CONSENT: Final[dict[str, Any]] = {"partner": "caritas", "fields": ["family_name"], "expires_on": "2026-12-31"}


@dataclass(frozen=True)
class Call:
    """One request. path: from the root."""

    login: str
    method: str
    path: str
    status: int
    json: Any = None


@dataclass
class Stage:
    """Makes what a request needs."""

    house: House
    made: dict[str, str] = field(default_factory=dict)

    def case(self, *, closing: bool = False, consented: bool = False, closed: bool = False) -> str:
        coach = self.house.client("coach")
        case = self.house.open_case(coach)
        if consented:
            assert coach.post(f"/cases/{case}/consents", json=CONSENT).status_code == 201
        if closing:
            assert coach.post(f"/cases/{case}/close", json=CLOSING).status_code == 200
        if closed:
            done = {"step": "close", "outcome": "STAY_OBTAINED"}
            assert coach.post(f"/cases/{case}/close", json=done).status_code == 200
        return case

    def noted(self) -> tuple[str, str]:
        case = self.case()
        return case, self.house.write_note(self.house.client("coach"), case)

    def named(self) -> tuple[str, dict[str, str]]:
        """A case whose note names its person in two forms, and somebody else; stand-ins by what they mean."""
        coach, case = self.house.client("coach"), self.case()
        self.house.write_note(coach, case, "Vu Aminata Diallo et son amie Kadi. Aminata revient.")
        rows = coach.get(f"/cases/{case}/stand-ins").json()["stand_ins"]
        return case, {row["text"]: row["token"] for row in rows}

    def sheet(self) -> str:
        """The follow-up service's release."""
        return self.house.hand_over(self.house.client("coach"), self.house.client("head"), self.case())

    def oversight_sheet(self) -> str:
        """Oversight's copy: its id stands in the entry that began the release."""
        self.sheet()
        trail = self.house.client("auditor").get("/entries?limit=50").json()["entries"]
        found: str = next(e["object"] for e in trail if e["action"] == "release_begun" and e["outcome"] == "oversight")
        return found

    def referral(self, partner: str) -> str:
        return self.house.refer(self.house.client("coach"), self.case(), partner)

    def entry(self) -> str:
        self.case()
        found: str = self.house.client("auditor").get("/entries?limit=1").json()["entries"][0]["entry"]
        return found


def _casework(stage: Stage) -> dict[str, Callable[[], Call]]:
    base = "/casework/cases"

    def on_case(login: str, method: str, tail: str, status: int, json: Any = None, **state: bool) -> Callable[[], Call]:
        return lambda: Call(login, method, f"{base}/{stage.case(**state)}{tail}", status, json)

    def on_note(method: str, tail: str, status: int, json: Any = None) -> Callable[[], Call]:
        def make() -> Call:
            case, note = stage.noted()
            return Call("coach", method, f"{base}/{case}/notes/{note}{tail}", status, json)

        return make

    def on_named(tail: str, body: Callable[[dict[str, str]], Any]) -> Callable[[], Call]:
        def make() -> Call:
            case, tokens = stage.named()
            return Call("coach", "POST", f"{base}/{case}/stand-ins{tail}", 200, body(tokens))

        return make

    identity = {"people": CASE["people"], "ov_number": CASE["ov_number"], "based_on": 1}
    return {
        "casework_open_case": lambda: Call("coach", "POST", base, 201, CASE),
        "casework_list_cases": lambda: Call("coach", "GET", base, 200),
        "casework_find_case": lambda: Call(
            "coach", "POST", "/casework/find", 200, {"field": "ov_number", "value": "8123456"}
        ),
        "casework_search_notes": lambda: Call("coach", "POST", "/casework/search", 200, {"word": "sœur"}),
        "casework_read_case": on_case("coach", "GET", "", 200),
        "casework_read_identity": on_case("coach", "GET", "/identity", 200),
        "casework_revise_identity": on_case("coach", "PUT", "/identity", 200, identity),
        "casework_read_contact": on_case("coach", "GET", "/contact", 200),
        "casework_revise_contact": on_case("coach", "PUT", "/contact", 200, CASE["contact"] | {"based_on": 1}),
        "casework_give_notice": on_case("coach", "POST", "/notice", 201, {"language": "nl", "leaflet": "2026-2"}),
        "casework_close_case": on_case("coach", "POST", "/close", 200, CLOSING),
        "casework_reopen_case": on_case("coach", "POST", "/reopen", 200, {"step": "reopen"}, closed=True),
        "casework_hand_over": on_case("head", "POST", "/hand-over", 201, closing=True),
        "casework_record_consent": on_case("coach", "POST", "/consents", 201, CONSENT),
        "casework_refer": on_case(
            "coach", "POST", "/referrals", 201, {"partner": "caritas", "need": "shelter"}, consented=True
        ),
        "casework_list_notes": on_case("coach", "GET", "/notes", 200),
        "casework_write_note": on_case("coach", "POST", "/notes", 201, NOTE),
        "casework_revise_note": on_note("PUT", "", 200, NOTE | {"based_on": 1}),
        "casework_review_note": on_case("coach", "POST", "/note-review", 200, DRAFT),
        "casework_rescan_note": on_note("POST", "/rescan", 200),
        "casework_list_stand_ins": on_case("coach", "GET", "/stand-ins", 200),
        "casework_merge_stand_ins": on_named(
            "/merge", lambda tokens: {"token": tokens["Kadi"], "into": tokens["Aminata Diallo"]}
        ),
        "casework_split_stand_in": on_named(
            "/split", lambda tokens: {"token": tokens["Aminata Diallo"], "forms": ["Aminata"]}
        ),
        "casework_note_versions": on_note("GET", "/versions", 200),
        "casework_note_version": on_note("GET", "/versions/1", 200),
        "casework_reveal_note": on_note("POST", "/reveal", 200, {"reason": "rendez-vous à confirmer"}),
        "casework_read_note": on_note("GET", "", 200),
    }


def calls(house: House) -> dict[str, Callable[[], Call]]:
    """Operation id to a maker of its plausible request. Session routes and health ask nothing and are not here."""
    stage = Stage(house)
    found = _casework(stage) | {
        "follow_up_list_sheets": lambda: Call("officer", "GET", "/follow-up/sheets", 200),
        "follow_up_read_sheets": lambda: Call("officer", "GET", f"/follow-up/sheets/{stage.sheet()}", 200),
        "oversight_list_entries": lambda: Call("auditor", "GET", "/oversight/entries", 200),
        "oversight_read_entry": lambda: Call("auditor", "GET", f"/oversight/entries/{stage.entry()}", 200),
        "oversight_read_detail": lambda: Call("auditor", "GET", f"/oversight/entries/{stage.entry()}/detail", 200),
        "oversight_read_sheets": lambda: Call("auditor", "GET", f"/oversight/sheets/{stage.oversight_sheet()}", 200),
    }
    for name in ("caritas", "fedasil"):
        found |= {
            f"partner_{name}_list_referrals": lambda name=name: Call(name, "GET", f"/partner/{name}/referrals", 200),
            f"partner_{name}_read_referrals": lambda name=name: Call(
                name, "GET", f"/partner/{name}/referrals/{stage.referral(name)}", 200
            ),
        }
    return found
