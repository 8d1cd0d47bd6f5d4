"""Appointments, desks, coaches and calendars, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.api.stage_people import DAY, People
from tests.cli.kit import UNKNOWN, Shell, signed_in
from tests.crash.checks import faults
from tests.house import CASE, House

WHY = "Connaît la famille Grèbe."
WHEN = ("--at", f"{DAY}T09:00", "--minutes", "30", "--language", "fr", "--desk", "brussels-1")


@pytest.fixture
def case(desk: Shell, lite_house: House) -> str:
    """A case of `coach`."""
    signed_in(lite_house, "coach")
    Path("case.json").write_text(json.dumps(CASE), "utf-8")
    return desk.ok("case", "open", "case.json").out.strip()


def booked(desk: Shell, case: str, *more: str) -> str:
    return desk.ok("appointment", "book", case, "interview", *WHEN, *more).out.split("\t")[0]


def test_an_appointment_is_looked_for_booked_moved_and_kept(desk: Shell, case: str) -> None:
    when = [word for word in WHEN if word not in {"--language", "fr"}]
    assert "desk\tbrussels-1" in desk.ok("appointment", "look", case, *when).out
    first = booked(desk, case, "--interpreter", "TOLK-77", "--interpreting", "ti")
    desk.refused("clash", "appointment", "book", case, "interview", *WHEN)
    second = desk.ok(
        "appointment", "move", case, first, "--at", f"{DAY}T10:00", "--language", "fr", "--desk", "brussels-2"
    ).out
    assert second.split("\t")[1:] == [f"{DAY}T10:00+01:00", "booked", "intake\n"]
    rows = desk.ok("appointment", "list", case, "--json").json["appointments"]
    assert [(row["status"], row["desk"], row["interpreting"]) for row in rows] == [
        ("moved", "brussels-1", "ti"), ("booked", "brussels-2", "ti"),
    ]  # fmt: skip
    assert desk.ok("appointment", "cancel", case, second.split("\t")[0]).out.split("\t")[2] == "cancelled"
    assert desk.ok("appointment", "excused", case, booked(desk, case)).out.split("\t")[2] == "excused"
    assert desk.run("appointment", "book", case, "walk_in", *WHEN).code == 2
    desk.refused("not_found", "appointment", "list", UNKNOWN)


def test_who_came_is_recorded_and_names_are_asked_for(desk: Shell, case: str, lite_house: House) -> None:
    one = booked(desk, case)
    desk.refused("invalid_input", "appointment", "absent", case, one)
    words = ("appointment", "record-company", case, one, "--with", "lawyer", "--interpreter", "TOLK-77")
    assert desk.run(*words, typed="Me Inventée\nBarreau\n").code == 0
    shown = desk.ok("appointment", "company", case, one, "--json").json
    assert (shown["attendees"][0]["name"], shown["interpreter"], shown["version"]) == ("Me Inventée", "TOLK-77", 1)
    assert CASE["people"][0]["family_name"] in desk.ok("appointment", "expected", DAY).out
    walked = desk.ok("appointment", "walk-in", case, "--desk", "brussels-1", "--with", "lawyer", "--despite-clashes")
    assert walked.out.split("\t")[2] == "attended"
    assert faults(lite_house.settings) == []


def test_desks_show_their_hours_free_times_and_whom_they_receive(desk: Shell, case: str, lite_house: House) -> None:
    booked(desk, case)
    assert desk.ok("desk", "free", "brussels-1", DAY, "--json").json["free"][0] == f"{DAY}T09:30+01:00"
    assert "wednesday 09:00-12:00" in desk.ok("desk", "list").out
    signed_in(lite_house, "desk")
    (row,) = desk.ok("desk", "day", "brussels-1", DAY, "--json").json["appointments"]
    assert (row["reference"], row["family_name"]) == (case, None), "names are for the day itself"
    desk.refused("invalid_input", "desk", "day", "brussels-9", DAY)


def test_an_offices_own_list_is_checked_without_a_vault(desk: Shell) -> None:
    shown = desk.ok("desk", "organisation", "--json").json
    assert {row["region"] for row in shown["desks"]} == {"brussels", "antwerp", "liege", "ghent", "charleroi"}
    assert f"digest {shown['digest']}" in desk.ok("desk", "organisation").out
    Path("own.toml").write_text("[agenda]\n[organisation]\ncell_minutes = 7\n", "utf-8")
    desk.refused("configuration_error", "desk", "organisation", "--file", "own.toml")


def test_a_head_says_what_coaches_take_and_hands_their_cases_over(desk: Shell, case: str, lite_house: House) -> None:
    for login in ("colleague", "head"):
        signed_in(lite_house, login)
    for name in ("Coach", "colleague"):
        assert "families" in desk.ok("coach", "profile", name, "--type", "families", "--capacity", "12").out
    desk.ok("coach", "profile", "Colleague", "--type", "individuals", "--type", "families", "--capacity", "12")
    absence = desk.ok("coach", "away", "Coach", "--from", "2026-11-03", "--until", "2026-11-13").out.strip()
    assert desk.ok("coach", "absences").rows[0][0] == absence
    assert desk.ok("coach", "hand-over", absence, "--to", "Colleague").out == "Coach\t1 moved\t0 left\n"
    told = desk.ok("coach", "of", case, "--json").json
    assert (told["coach"], told["history"][-1]["cause"]) == ("Colleague", "absence")
    assert desk.ok("coach", "returned", absence).out == "Coach\t1 moved\t0 left\n"
    assert desk.ok("coach", "assign", case, "--to", "Colleague").out.split("\t")[1] == "Colleague"
    assert desk.run("coach", "profile", "Nobody", "--type", "families", "--capacity", "1").code == 2
    assert [row[1] for row in desk.ok("coach", "list").rows] == ["Coach", "Colleague"]
    assert faults(lite_house.settings) == []


def test_a_conflict_of_interest_is_declared_explained_to_the_head_and_lifted(
    desk: Shell, case: str, lite_house: House
) -> None:
    People(lite_house, lambda: case).profile("colleague")
    assert desk.run("coach", "conflict", case, typed=f"{WHY}\n").code == 0
    desk.refused("not_found", "case", "identity", case)
    signed_in(lite_house, "head")
    assert desk.ok("coach", "conflicts", case).rows[0][1] == "Coach"
    assert WHY in desk.ok("coach", "why", case, "Coach").out
    assert "lifted" in desk.ok("coach", "lift", case, "Coach").out
    assert faults(lite_house.settings) == []


def test_a_calendar_address_is_made_listed_and_revoked(desk: Shell, case: str, lite_house: House) -> None:
    booked(desk, case)
    made = desk.ok("calendar", "make", "--json").json
    feed = lite_house.app.get(made["address"])
    assert feed.status_code == 200
    assert b"BEGIN:VEVENT" in feed.content
    (row,) = desk.ok("calendar", "list").rows
    assert row[0] == made["feed"]
    assert desk.ok("calendar", "make").out.startswith("/casework/calendar/")
    desk.ok("calendar", "revoke", made["feed"])
    assert lite_house.app.get(made["address"]).status_code == 404
    desk.refused("not_found", "calendar", "revoke", made["feed"])
