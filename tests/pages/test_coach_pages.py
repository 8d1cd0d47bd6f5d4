"""A head writes down an absence, looks what would become of the cases, hands them over once, and gives them back."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.api.stage_people import CONFLICT, PROFILE, booked
from tests.api.support import entries, since
from tests.crash.checks import faults
from tests.house import House
from tests.pages.visiting import Visitor

FREE = {"types": ["individuals", "families", "open_return"], "capacity": 40}


def id_of(house: House, login: str) -> str:
    house.client(login)
    return house.staff[login].id.hex()


def away(house: House, head: Visitor, login: str = "coach", **changed: str) -> str:
    """The address of an absence that begins today, written down by page."""
    told = {"act": "absence", "kind": "holiday", "first_day": "2026-11-03", "last_day": "2026-11-13"} | changed
    where = head.send(f"/coaches/{id_of(house, login)}", **told)
    assert where.endswith("?done=absence")
    return where.partition("?")[0]


def button(page: str) -> dict[str, str]:
    """What the button that hands over sends."""
    plan = re.search(r'name="plan" value="([0-9a-f]{64})"', page)
    to = re.search(r'name="coach" value="([0-9a-f]*)"', page)
    assert plan is not None
    assert to is not None
    return {"act": "hand-over", "plan": plan[1], "coach": to[1]}


def line(page: str, case: str) -> str:
    """The row of a case, without its tags."""
    [row] = [one for one in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if case in one]
    return " ".join(re.sub("<[^>]*>", " ", row).split())


def whose(house: House, case: str) -> str:
    found: str = house.client("head").get(f"/cases/{case}/assignment").json()["coach"]
    return found


@pytest.fixture
def head(lite_house: House) -> Visitor:
    for login in ("coach", "colleague", "head"):
        lite_house.client(login)
    return Visitor(lite_house, "head")


def free(house: House, *logins: str) -> None:
    for login in logins:
        assert house.client("head").put(f"/coaches/{id_of(house, login)}", json=FREE).status_code == 200


def test_the_list_says_what_each_coach_takes_has_and_when_they_are_away(lite_house: House, head: Visitor) -> None:
    house, coach = lite_house, id_of(lite_house, "coach")
    house.open_case(house.client("coach"))
    page = head.look("/coaches")
    assert "nobody said what cases they take" in page
    assert head.send(f"/coaches/{coach}", act="profile", types=["families", "individuals"], capacity="30")
    absence = away(house, head, last_day="")
    page = head.look("/coaches")
    assert "1 / 30" in page
    assert "away today" in page
    assert "until they return" in page
    assert "cases not handed over" in page
    assert f'href="/pages/casework{absence}"' in page
    assert "Diallo" not in page + head.look(f"/coaches/{coach}") + head.look(absence)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"act": "absence", "kind": "holiday", "first_day": ""}, "This must be filled in."),
        ({"act": "absence", "kind": "holiday", "first_day": "2026-02-30"}, "This cannot be used as it is."),
        ({"act": "absence", "kind": "holiday", "first_day": "86400"}, "This cannot be used as it is."),
        ({"act": "absence", "kind": "sick", "first_day": "2026-11-09"}, "This cannot be used as it is."),
        ({"act": "absence", "kind": "leave", "first_day": "2026-11-09", "last_day": "2026-11-08"}, "Last day away:"),
        ({"act": "absence", "kind": "leave", "first_day": "2026-11-09", "last_day": "2029-11-08"}, "Last day away:"),
        ({"act": "profile", "capacity": "10"}, "Kinds of case: This must be filled in."),
        ({"act": "profile", "types": "families", "capacity": "none"}, "Cases at a time: This cannot be used"),
        ({"act": "profile", "types": "families", "capacity": "0"}, "Cases at a time: This cannot be used"),
        ({"act": "profile", "types": "everybody", "capacity": "5"}, "Kinds of case: This cannot be used"),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field(
    lite_house: House, head: Visitor, told: dict[str, str], says: str
) -> None:
    before = len(entries(lite_house))
    page = head.send(f"/coaches/{id_of(lite_house, 'coach')}", 422, **told)
    assert says in page
    assert lite_house.client("head").get("/coaches").json()["coaches"][0]["absences"] == []
    assert [one for one in since(lite_house, before) if one["action"] == "write"] == []


def test_an_absence_over_another_one_is_refused_in_words(lite_house: House, head: Visitor) -> None:
    away(lite_house, head)
    told = {"act": "absence", "kind": "leave", "first_day": "2026-11-10", "last_day": "2026-12-10"}
    page = head.send(f"/coaches/{id_of(lite_house, 'coach')}", 422, **told)
    assert "already covers some of these days" in page


def test_what_was_looked_at_is_what_happens_and_only_once(lite_house: House, head: Visitor) -> None:
    house, coach = lite_house, lite_house.client("coach")
    free(house, "colleague")
    goes, barred = house.open_case(coach), house.open_case(coach)
    colleague = id_of(house, "colleague")
    house.client("head").post(f"/cases/{barred}/conflicts", json=CONFLICT | {"coach": colleague})
    absence = away(house, head)
    before = len(entries(house))
    page = head.look(absence)
    assert "1 case would be handed over · 1 case would stay" in page
    assert line(page, goes).endswith("would be handed over Colleague –")
    assert "would stay: nobody can take it" in line(page, barred)
    assert "conflict of interest" in line(page, barred)
    assert CONFLICT["reason"] not in page
    assert [whose(house, case) for case in (goes, barred)] == ["Coach", "Coach"], "looking moves nothing"
    looked = [one for one in since(house, before) if one["kind"] == "coach" and one["action"] == "write"]
    assert [one["outcome"] for one in looked] == ["would_be_handed_over"]
    sends = button(page)
    assert head.send(absence, **sends) == f"{absence}?done=caseload"
    assert [whose(house, case) for case in (goes, barred)] == ["Colleague", "Coach"]
    report = head.look(f"{absence}?done=caseload")
    assert line(report, goes).endswith("handed over Colleague –")
    assert "would stay" in line(report, barred)
    # The same form again, as a double click or the back button sends it.
    counted = len(house.client("head").get(f"/cases/{goes}/assignment").json()["history"])
    assert head.send(absence, **sends) == f"{absence}?done=caseload"
    assert len(house.client("head").get(f"/cases/{goes}/assignment").json()["history"]) == counted
    assert head.send(absence, act="back") == f"{absence}?done=caseload_back"
    assert whose(house, goes) == "Coach"
    assert head.send(absence, act="back") == f"{absence}?done=caseload_back", "twice ends it once"
    assert line(head.look(absence), goes).endswith("given back Colleague –")
    assert faults(house.settings) == []


def test_a_plan_that_is_another_one_by_now_moves_nothing(lite_house: House, head: Visitor) -> None:
    house, coach = lite_house, lite_house.client("coach")
    free(house, "colleague")
    first = house.open_case(coach)
    absence = away(house, head)
    sends = button(head.look(absence))
    second = house.open_case(coach)
    page = head.send(absence, 422, **sends)
    assert "Somebody changed this in the meantime" in page
    assert "2 cases would be handed over" in page
    assert [whose(house, case) for case in (first, second)] == ["Coach", "Coach"]
    assert head.send(absence, 422, act="hand-over", coach="", plan="")
    assert whose(house, first) == "Coach", "without a look nothing moves"
    head.send(absence, **button(page))
    assert [whose(house, case) for case in (first, second)] == ["Colleague", "Colleague"]


def test_a_named_stand_in_gets_all_but_a_conflict_and_what_is_overridden_is_said(
    lite_house: House, head: Visitor
) -> None:
    house, coach = lite_house, lite_house.client("coach")
    colleague = id_of(house, "colleague")
    given, barred = house.open_case(coach), house.open_case(coach)
    house.client("head").post(f"/cases/{barred}/conflicts", json=CONFLICT | {"coach": colleague})
    absence = away(house, head)
    assert "Nobody can take them now" in head.look(absence)
    page = head.look(f"{absence}?to={colleague}")
    assert "nobody said what cases they take" in line(page, given)
    assert "conflict of interest" in line(page, barred)
    head.send(absence, **button(page))
    assert [whose(house, case) for case in (given, barred)] == ["Colleague", "Coach"]
    head.look(f"{absence}?to={id_of(house, 'coach')}", 400)
    head.look(f"{absence}?to={id_of(house, 'far_coach')}", 404)


def test_where_nobody_else_works_that_is_said(lite_house: House) -> None:
    house = lite_house
    case = house.open_case(house.client("coach"))
    house.client("head")
    head = Visitor(house, "head")
    page = head.look(away(house, head))
    assert line(page, case).endswith("would stay: nobody can take it – no other coach works in the region")
    assert 'name="plan"' not in page


def test_an_appointment_at_the_same_time_is_said_and_forbids_nothing(lite_house: House, head: Visitor) -> None:
    house, coach, colleague = lite_house, lite_house.client("coach"), lite_house.client("colleague")
    free(house, "colleague")
    case, other = house.open_case(coach), house.open_case(colleague)
    told: dict[str, Any] = {"channel": "telephone", "desk": "", "starts_at": "2026-11-05T10:00", "minutes": 60}
    booked(coach, case, **told)
    booked(colleague, other, **told | {"starts_at": "2026-11-05T10:30"})
    says = "1 appointment at the same time as another one of theirs"
    page = head.look(f"/cases/{case}/coach")
    assert says in page
    assert "10:" not in page, "a head sees loads, and no appointment of anybody"
    absence = away(house, head)
    page = head.look(absence)
    assert says in line(page, case)
    head.send(absence, **button(page))
    assert whose(house, case) == "Colleague"
    api = house.client("head")
    [seen] = api.get(f"/cases/{case}/assignment").json()["considered"]
    assert seen["at_once"] == 0, "the one who is away has nothing else then"


def test_no_other_role_and_no_other_region_sees_or_sends_any_of_it(lite_house: House, head: Visitor) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    absence, coach = away(house, head), id_of(house, "coach")
    for login in ("coach", "desk", "far_head"):
        visitor = Visitor(house, login)
        for path in (absence, f"/coaches/{coach}"):
            assert visitor.status(path) in {403, 404}, (login, path)
        for told in ({"act": "absence", "kind": "leave", "first_day": "2027-01-04"}, {"act": "profile", **PROFILE}):
            visitor.send(f"/coaches/{coach}", 404 if login == "far_head" else 403, **told)
        visitor.send(absence, 404 if login == "far_head" else 403, act="back")
        visitor.send(absence, 404 if login == "far_head" else 403, act="hand-over", coach="", plan="")
    far = Visitor(house, "far_head").look("/coaches")
    assert coach not in far
    assert "The region has no coach." in far
    assert head.look(absence)
    head.look(f"/absences/{'0' * 32}", 404)
    head.look("/absences/nothing", 400)


def test_a_look_by_the_interface_tells_what_the_page_tells(lite_house: House, head: Visitor) -> None:
    house, coach, api = lite_house, lite_house.client("coach"), lite_house.client("head")
    free(house, "colleague")
    case = house.open_case(coach)
    which = away(house, head).removeprefix("/absences/")
    seen = api.post(f"/absences/{which}/hand-over", json={"look": True}).json()
    assert (seen["moved"], seen["left"], seen["over"]) == (1, 0, False)
    assert seen["cases"] == [
        {"reference": case, "becomes": "goes", "coach": "Colleague", "obstacles": [], "at_once": 0}
    ]
    stale = api.post(f"/absences/{which}/hand-over", json={"plan": "0" * 64})
    assert (stale.status_code, stale.json()["type"]) == (409, "urn:problem-type:parefeu:conflict")
    assert api.post(f"/absences/{which}/hand-over", json={"plan": seen["plan"]}).json()["cases"] == seen["cases"]


def test_appointments_of_a_suspended_case_stand_with_a_remark(lite_house: House) -> None:
    house, coach = lite_house, lite_house.client("coach")
    house.client("desk")
    case = house.open_case(coach)
    # At a desk, today: both the coach's week and the desk's day show it.
    booked(coach, case, starts_at="2026-11-03T15:00")
    mark = "the guidance is suspended"
    coachs = ("/", "/calendar", f"/cases/{case}", f"/cases/{case}/appointments")
    pages = [(Visitor(house, "desk"), "/day"), *((Visitor(house, "coach"), path) for path in coachs)]
    for visitor, path in pages:
        assert mark not in visitor.look(path).lower(), path
    house.step(house.client("head"), case, "suspend", reason="new_procedure")
    for visitor, path in pages:
        assert mark in visitor.look(path).lower(), path
    Visitor(house, "desk").send(f"/cases/{case}/appointments", act="cancelled", appointment=the_one(house, case))
    for visitor, path in pages:
        assert mark not in visitor.look(path).lower(), path


def the_one(house: House, case: str) -> str:
    [row] = house.client("coach").get(f"/cases/{case}/appointments").json()["appointments"]
    found: str = row["appointment"]
    return found
