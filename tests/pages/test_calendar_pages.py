"""Calendar addresses and who came along, without scripts."""

from __future__ import annotations

import re

import pytest

from tests.api.stage_people import NEW, People
from tests.api.support import entries
from tests.house import House
from tests.pages.visiting import Visitor


def acts(house: House) -> list[tuple[str, str, str]]:
    return [(one["action"], one["kind"], one["outcome"]) for one in entries(house)]


def test_an_address_is_made_shown_once_and_revoked(lite_house: House) -> None:
    coach = Visitor(lite_house, "coach")
    assert "/calendar/programs" in coach.look("/calendar")
    page = coach.send("/calendar/programs", 200, language="nl")
    [address] = re.findall(r"https?://[^<]*/casework/calendar/[0-9a-f]{64}/agenda[.]ics", page)
    path = "/casework" + address.partition("/casework")[2]
    assert lite_house.app.get(path).status_code == 200
    page = coach.look("/calendar/programs")
    assert address.rpartition("/calendar/")[2] not in page
    [feed] = re.findall(r'name="revoke" value="([0-9a-f]+)"', page)
    assert coach.send("/calendar/programs", revoke=feed) == "/calendar/programs?done=calendar_revoked"
    assert lite_house.app.get(path).status_code == 404
    assert "/calendar/programs" not in Visitor(lite_house, "desk").look("/day")
    Visitor(lite_house, "desk").send("/calendar/programs", 403, language="nl")


def test_a_sixth_address_is_refused_in_words(lite_house: House) -> None:
    coach = Visitor(lite_house, "coach")
    for _ in range(5):
        coach.send("/calendar/programs", 200, language="fr")
    assert "revoke one first" in coach.send("/calendar/programs", 422, language="fr")


@pytest.fixture
def booked(lite_house: House) -> tuple[Visitor, str]:
    """The coach, and the page of an appointment of theirs."""
    opened = lite_house.open_case(lite_house.client("coach"))
    case, appointment = People(lite_house, lambda: opened).appointment()
    return Visitor(lite_house, "coach"), f"/cases/{case}/appointments/{appointment}/company"


def test_names_are_behind_a_click_and_what_is_written_is_sealed(lite_house: House, booked: tuple[Visitor, str]) -> None:
    coach, at = booked
    page = coach.look(at)
    assert 'name="name"' not in page
    assert ("read", "attendees", "") not in acts(lite_house)
    assert 'name="based_on" value="0"' in coach.send(at, 200, _show="1")
    assert ("read", "attendees", "") in acts(lite_house)
    lines = {"role": ["lawyer", "trusted_person"], "name": ["Me Fatou Sow", ""], "organisation": ["Barreau", ""]}
    assert "done=company" in coach.send(at, based_on="0", interpreter="1234", **lines)
    page = coach.send(at, 200, _show="1")
    assert 'value="Me Fatou Sow"' in page
    assert 'value="1234"' in page
    assert 'name="based_on" value="1"' in page
    assert "Sow" not in coach.look(at)


def test_two_who_write_see_both(booked: tuple[Visitor, str]) -> None:
    coach, at = booked
    first = {"role": ["lawyer"], "name": ["Me Sow"], "organisation": [""]}
    coach.send(at, based_on="0", **first)
    second = first | {"name": ["Me Dubois"]}
    page = coach.send(at, 422, based_on="0", **second)
    assert "Somebody else wrote this meanwhile" in page
    assert "Me Sow" in page
    assert 'value="Me Dubois"' in page
    assert 'name="based_on" value="1"' in page
    coach.send(at, based_on="1", **second)


def test_an_interpreter_who_is_busy_then_is_said_before_anything_is_kept(
    lite_house: House, booked: tuple[Visitor, str]
) -> None:
    coach, at = booked
    colleague = lite_house.client("colleague")
    other = lite_house.open_case(colleague)
    taken = NEW | {"desk": "brussels-2", "interpreter": "TI-07", "interpreting": "ti"}
    assert colleague.post(f"/cases/{other}/appointments", json=taken).status_code == 201
    line = {"role": ["lawyer"], "name": ["Me Sow"], "organisation": [""]}
    page = coach.send(at, 422, based_on="0", interpreter="TI-07", **line)
    assert 'name="despite"' in page
    assert 'value="Me Sow"' in page
    assert "done=company" in coach.send(at, based_on="0", interpreter="TI-07", despite="yes", **line)


@pytest.mark.parametrize(
    "typed",
    [
        {"based_on": "x", "name": ["A"], "role": ["lawyer"], "organisation": [""]},
        {"based_on": "0", "name": ["A" * 5000], "role": ["lawyer"], "organisation": [""]},
        {"based_on": "0", "name": ["A"], "role": ["spy"], "organisation": [""]},
        {"based_on": "0", "name": ["A\x07B"], "role": ["lawyer"], "organisation": [""]},
        {"based_on": "0", "name": ["A"] * 11, "role": ["lawyer"] * 11, "organisation": [""] * 11},
        {"based_on": "0", "name": [""], "role": ["lawyer"], "organisation": ["Barreau"]},
    ],
)
def test_what_cannot_be_used_comes_back_as_it_was(booked: tuple[Visitor, str], typed: dict[str, object]) -> None:
    coach, at = booked
    page = coach.send(at, 422, **typed)
    assert "There is a problem" in page


def test_more_lines_keep_what_was_typed(booked: tuple[Visitor, str]) -> None:
    coach, at = booked
    names = [f"Me {number}" for number in range(3)]
    page = coach.send(at, 200, _more="1", based_on="0", name=names, role=["lawyer"] * 3, organisation=[""] * 3)
    assert page.count('name="organisation"') == 6
    assert all(f'value="{name}"' in page for name in names)


def test_an_appointment_of_another_case_is_none_of_this_one(lite_house: House, booked: tuple[Visitor, str]) -> None:
    coach, at = booked
    other = lite_house.open_case(lite_house.client("coach"), ov_number="8123459")
    elsewhere = f"/cases/{other}/appointments/" + at.partition("/appointments/")[2]
    coach.look(elsewhere, 404)
    coach.send(elsewhere, 404, _show="1")
    coach.send(elsewhere, 404, based_on="0", role=["lawyer"], name=["Me Sow"], organisation=[""])


def test_nobody_else_sees_or_writes_them(lite_house: House, booked: tuple[Visitor, str]) -> None:
    _, at = booked
    for login in ("colleague", "far_coach"):
        Visitor(lite_house, login).look(at, 404)
        Visitor(lite_house, login).send(at, 404, _show="1")
    for login in ("head", "desk"):
        Visitor(lite_house, login).send(at, 403, _show="1")
