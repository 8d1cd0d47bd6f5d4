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
        "/walk-in", "/coach", "/referrals", "/referrals/new", "/withdrawal", "/letters", "/exceptions",
        "/exceptions/new", "/erasure",
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


def test_a_head_gives_a_case_to_another_coach_and_the_desk_has_a_first_one_chosen(lite_house: House) -> None:
    house = lite_house
    for login in ("coach", "colleague"):
        house.client(login)
    case = house.open_case(house.client("coach"))
    head, known = Visitor(house, "head"), house.staff["colleague"].id.hex()
    page = head.look(f"/cases/{case}/coach")
    assert "It is with Coach." in page
    assert "nobody said what cases they take" in page
    assert "Diallo" not in page
    refused = head.send(f"/cases/{case}/coach", 422, coach="choose")
    assert "This case cannot be given so" in refused
    assert '<div class="govuk-inset-text">nobody said what cases they take' in refused
    head.send(f"/cases/{case}/coach", coach=known)
    assert "It is with Colleague." in head.look(f"/cases/{case}/coach")
    assert "named by a head" in head.look(f"/cases/{case}/coach")
    assert house.client("coach").get(f"/cases/{case}").status_code == 404
    profile = {"types": ["individuals", "families"], "capacity": 9}
    assert house.client("head").put(f"/coaches/{known}", json=profile).status_code == 200
    told = {"origin": "order", "facts": {"annex": "13", "notified_on": "2026-11-03"}, "ov_number": "8123470"}
    pending = house.client("desk").post("/cases", json=CASE | told).json()["reference"]
    desk = Visitor(house, "desk")
    desk.send(f"/cases/{pending}/steps/triage", criterion="ADDRESS")
    assert "Have a coach chosen" in desk.look(f"/cases/{pending}")
    desk.send(f"/cases/{pending}/coach")
    assert "It is with Colleague." in head.look(f"/cases/{pending}/coach")
    assert desk.look(f"/cases/{pending}/coach")
    house.client("far_head")
    for stranger in ("coach", "far_head"):
        Visitor(house, stranger).look(f"/cases/{pending}/coach", 404)
