"""Every page about a case, for every role of casework: shown, or refused in so many words, never broken."""

from __future__ import annotations

import pytest

from tests.house import CASE, House
from tests.pages.visiting import Visitor
from vault.cases.flow import Step

#: What somebody at a desk is for.
AT_A_DESK = {"", "/appointments", "/appointments/new", "/letters", "/walk-in", "/steps/triage"}


def test_whoever_works_at_a_desk_sees_the_case_that_they_opened(lite_house: House) -> None:
    api = lite_house.client("desk")
    told = {"origin": "order", "facts": {"annex": "13", "notified_on": "2026-11-03"}}
    case = api.post("/cases", json=CASE | told).json()["reference"]
    desk = Visitor(lite_house, "desk")
    page = desk.look(f"/cases/{case}")
    assert "Triage" in page
    assert "Appointments" in page
    assert "Diallo" not in page
    for path in AT_A_DESK - {"/walk-in"}:
        desk.look(f"/cases/{case}{path}")
    desk.send(f"/cases/{case}/steps/triage", criterion="ADDRESS")
    assert "Invite" in desk.look(f"/cases/{case}")
    desk.look(f"/cases/{case}/walk-in")


@pytest.mark.parametrize("login", ["coach", "desk", "head"])
def test_no_page_of_a_case_breaks_for_anybody(lite_house: House, login: str) -> None:
    coach, head = lite_house.client("coach"), lite_house.client("head")
    lite_house.client(login)
    told = {"origin": "order", "facts": {"annex": "13", "notified_on": "2026-11-03"}}
    pending = lite_house.client("desk").post("/cases", json=CASE | told).json()["reference"]
    active, closed = lite_house.open_case(coach), lite_house.open_case(coach)
    lite_house.write_note(coach, active)
    lite_house.hand_over(coach, head, closed)
    visitor = Visitor(lite_house, login)
    paths = [
        "", "/documents", "/documents/new", "/notes/new", "/tasks/new", "/appointments", "/appointments/new",
        "/walk-in", "/referrals", "/referrals/new", "/withdrawal", "/letters", "/exceptions", "/exceptions/new",
        *(f"/steps/{step.value.replace('_', '-')}" for step in Step),
        *(f"/letters/new/{name}" for name in ("invitation", "reminder", "closing")),
    ]  # fmt: skip
    broken = {}
    for case in (pending, active, closed):
        for path in paths:
            status = visitor.status(f"/cases/{case}{path}")
            if status not in {200, 303, 403, 404, 409}:
                broken[path] = status
    assert broken == {}
    assert visitor.status(f"/cases/{pending if login == 'desk' else active}") == 200
