"""Appointments by pages: booked after a warning, moved, settled, cancelled; a coach's week, a desk's day, a walk-in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from tests.api.stage_people import DAY
from tests.crash.checks import faults
from tests.flow_paths import Paths
from tests.house import House
from tests.pages.visiting import Visitor
from vault.cases.flow import State

FORM: Final = {
    "occasion": "interview", "day": DAY, "time": "09:00", "minutes": "30", "channel": "desk", "desk": "brussels-1",
    "language": "fr", "leaflet": "2026-1",
}  # fmt: skip


@pytest.fixture
def case(lite_house: House) -> str:
    return lite_house.open_case(lite_house.client("coach"))


def at(house: House, text: str, *logins: str) -> list[Visitor]:
    """Set the clock (UTC); pages of those who sign in again."""
    house.clock.moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    for login in logins:
        house.client(login)
        house.renew(login)
    return [Visitor(house, login) for login in logins]


def newest(house: House, case: str, login: str = "coach") -> dict[str, Any]:
    line: dict[str, Any] = house.client(login).get(f"/cases/{case}/appointments").json()["appointments"][-1]
    return line


def test_an_appointment_is_booked_moved_and_cancelled_by_pages(lite_house: House, case: str) -> None:
    coach, path = Visitor(lite_house, "coach"), f"/cases/{case}/appointments"
    assert "No appointment yet." in coach.look(path)
    assert "Nothing stands in the way." in coach.send(f"{path}/new", 200, **FORM, _look="yes")
    coach.send(f"{path}/new", **FORM)
    first = newest(lite_house, case)["appointment"]
    assert 'value="09:00"' in coach.look(f"{path}/{first}/move")
    coach.send(f"{path}/{first}/move", **FORM | {"time": "10:00"})
    second = newest(lite_house, case)
    assert (second["starts_at"], second["before"]) == (f"{DAY}T10:00+01:00", first)
    coach.look(f"{path}/{first}/move", 404)
    coach.send(path, appointment=second["appointment"], act="cancelled")
    page = coach.look(path)
    assert all(word in page for word in ("Moved", "Cancelled"))
    assert faults(lite_house.settings) == []


def test_the_form_proposes_a_day_that_is_worked_the_last_desk_and_the_length_that_was(
    lite_house: House, case: str
) -> None:
    [coach] = at(lite_house, "2026-11-13T09:00", "coach")  # a Friday
    path = f"/cases/{case}/appointments"
    assert 'value="2026-11-16"' in coach.look(f"{path}/new")
    coach.send(f"{path}/new", **FORM | {"minutes": "90"})
    assert re.search('value="brussels-1" *selected', coach.look(f"{path}/new"))
    moved = coach.look(f"{path}/{newest(lite_house, case)['appointment']}/move")
    assert re.search('name="minutes"[^>]* value="90"', moved)
    written = coach.look(f"/cases/{case}/letters/new/invitation")
    assert f'value="{DAY}"' in written
    assert 'value="09:00"' in written


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"time": "09:10"}, "begin and end at its fixed times"),
        ({"minutes": "45"}, "begin and end at its fixed times"),
        ({"day": "2026-11-02"}, "This time is over."),
        ({"day": "2028-01-03"}, "too far ahead"),
    ],
)
def test_a_time_that_cannot_be_booked_says_why(lite_house: House, case: str, told: dict[str, str], why: str) -> None:
    assert why in Visitor(lite_house, "coach").send(f"/cases/{case}/appointments/new", 422, **FORM | told)


def test_whether_somebody_came_is_asked_from_the_day_on(lite_house: House, case: str) -> None:
    coach, path = Visitor(lite_house, "coach"), f"/cases/{case}/appointments"
    coach.send(f"{path}/new", **FORM)
    page = coach.look(path)
    assert 'value="excused"' in page
    assert 'value="attended"' not in page
    [coach] = at(lite_house, f"{DAY}T08:10", "coach")
    assert 'value="attended"' in coach.look(path)


def test_what_stands_in_the_way_is_said_and_booked_only_when_it_is_meant(lite_house: House, case: str) -> None:
    coach, path = Visitor(lite_house, "coach"), f"/cases/{case}/appointments"
    holiday = FORM | {"day": "2026-12-25"}
    assert "It is a public holiday." in coach.send(f"{path}/new", 200, **holiday, _look="yes")
    page = coach.send(f"{path}/new", 422, **holiday)
    assert "It is a public holiday." in page
    assert "It is meant all the same." in page
    assert lite_house.client("coach").get(path).json()["appointments"] == []
    coach.send(f"{path}/new", **holiday, despite="yes")
    colleague = Visitor(lite_house, "colleague")
    theirs = lite_house.open_case(lite_house.client("colleague"))
    taken = colleague.send(f"/cases/{theirs}/appointments/new", 422, **holiday, despite="yes")
    assert "the desk is taken then" in taken


@pytest.mark.parametrize(
    "changed",
    [{"day": ""}, {"day": "soon"}, {"time": "25:00"}, {"time": ""}, {"minutes": "x"}, {"minutes": "9999"},
     {"minutes": "1"}, {"desk": ""}, {"desk": "../etc"}, {"desk": "liege-1"}, {"channel": "pigeon"},
     {"occasion": "party"}, {"occasion": "walk_in"}, {"day": "2026-11-02"}, {"interpreter": "Madame Une"},
     {"interpreting": "arabic"}, {"language": "ar"}],
)  # fmt: skip
def test_a_booking_that_cannot_be_meant_comes_back_as_it_was(
    lite_house: House, case: str, changed: dict[str, str]
) -> None:
    coach, path = Visitor(lite_house, "coach"), f"/cases/{case}/appointments"
    page = coach.send(f"{path}/new", 422, **FORM | changed)
    assert "There is a problem" in page
    assert lite_house.client("coach").get(path).json()["appointments"] == []


def test_a_coachs_week_shows_whom_they_expect_and_what_became_of_it(lite_house: House, case: str) -> None:
    coach = Visitor(lite_house, "coach")
    coach.send(f"/cases/{case}/appointments/new", **FORM)
    coach.send(f"/cases/{case}/appointments/new", **FORM | {"desk": "brussels-2"}, despite="yes")
    page = coach.look(f"/calendar?week={DAY}")
    assert page.count("Aminata Diallo") == 2
    assert page.count("two at once") == 2
    assert "Nobody is expected." in coach.look("/calendar")
    first = lite_house.client("coach").get(f"/cases/{case}/appointments").json()["appointments"][0]["appointment"]
    early = coach.send(f"/cases/{case}/appointments", 422, appointment=first, act="attended")
    assert "There is a problem" in early, "nobody has come before the hour"
    (coach,) = at(lite_house, f"{DAY}T09:10", "coach")
    coach.send(f"/cases/{case}/appointments", appointment=first, act="attended", company=["lawyer"])
    assert "Came" in coach.look(f"/calendar?week={DAY}")
    for week in ("soon", "0001-01-01", "9999-12-31"):
        coach.look(f"/calendar?week={week}", 400)


def test_a_coach_opens_the_day_with_who_is_expected_when_and_nobodys_name(lite_house: House, case: str) -> None:
    coach = Visitor(lite_house, "coach")
    coach.send(f"/cases/{case}/appointments/new", **FORM, interpreting="ti", despite="yes")
    assert "Interview" not in coach.look("/").partition("Your open cases")[0], "not today"
    (coach, head) = at(lite_house, f"{DAY}T06:00", "coach", "head")
    home = coach.look("/").partition("Your open cases")[0]
    assert "09:00 Interview" in home
    assert case in home.replace('…<span class="govuk-visually-hidden"> ', "")
    assert "Diallo" not in home
    assert "09:00 Interview" not in head.look("/")
    week = coach.look("/calendar")
    assert "interpreted: Tigrinya" in week
    assert "Guichet 1 / Loket 1" in week
    assert "brussels-1" not in week
    rows = lite_house.client("colleague").get("/overview").json()["cases"]
    assert rows == [], "of one's own cases alone"


def test_the_desk_receives_invites_and_notes_who_stayed_away(lite_house: House) -> None:
    house = lite_house
    case = Paths(house).case_in(State.TRIAGED)
    desk = Visitor(house, "desk")
    assert "Nobody is expected." in desk.look("/day")
    desk.send(f"/cases/{case}/appointments/new", **FORM | {"occasion": "invitation"})
    other_day = desk.look(f"/day?day={DAY}")
    assert "09:00–09:30" in other_day
    assert "Diallo" not in other_day, "names are shown on the day itself"
    (desk,) = at(house, f"{DAY}T09:45", "desk")
    today = desk.look("/day")
    assert "Diallo" in today
    which = re.search(r'name="appointment" value="([0-9a-f]{32})"', today)
    assert which is not None
    back = desk.send(f"/cases/{case}/appointments", appointment=which[1], act="no_show", _return="day")
    assert back.startswith("/day?")
    assert "Did not come" in desk.look("/day")
    assert house.client("desk").get(f"/cases/{case}").json()["state"] == "no_show"
    assert faults(house.settings) == []


def test_who_walks_in_is_received_where_the_desk_is_open_for_that(lite_house: House) -> None:
    case = Paths(lite_house).case_in(State.TRIAGED)
    desk = Visitor(lite_house, "desk")
    closed = desk.send(f"/cases/{case}/walk-in", 422, desk="brussels-1")
    assert "The desk is closed then." in closed
    assert "There is a problem" in desk.send(f"/cases/{case}/walk-in", 422)
    (desk,) = at(lite_house, "2026-11-04T08:30", "desk")
    desk.send(f"/cases/{case}/walk-in", desk="brussels-1", company=["trusted_person", "somebody"])
    line = newest(lite_house, case, "desk")
    assert (line["occasion"], line["status"]) == ("walk_in", "attended")


def test_appointments_of_others_answer_like_none(lite_house: House, case: str) -> None:
    coach, colleague, head = (Visitor(lite_house, login) for login in ("coach", "colleague", "head"))
    coach.send(f"/cases/{case}/appointments/new", **FORM)
    which = newest(lite_house, case)["appointment"]
    for path in (f"/cases/{case}/appointments", f"/cases/{case}/appointments/{which}/move"):
        colleague.look(path, 404)
    colleague.send(f"/cases/{case}/appointments", 404, appointment=which, act="cancelled")
    own = lite_house.open_case(lite_house.client("colleague"))
    colleague.send(f"/cases/{own}/appointments", 404, appointment=which, act="cancelled")
    head.look("/calendar", 403)
    colleague.look("/day", 403)
    assert newest(lite_house, case)["status"] == "booked"
