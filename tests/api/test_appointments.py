"""Appointments through the interface: the desk's time is never shared, clashes are told, names stay sealed."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.stage_people import ABSENCE, BOOKING, CALL, CONFLICT, DAY, NEW, booked
from tests.api.support import counts, entries, since
from tests.crash.checks import faults
from tests.house import CASE, Caller, House

NAME = "Maître Hirondelle-Inventée"


def book(caller: Caller, case: str, **changed: Any) -> Any:
    return caller.post(f"/cases/{case}/appointments", json=NEW | changed)


def one_of(case: str, told: dict[str, Any]) -> str:
    return f"/cases/{case}/appointments/{told['appointment']}"


def at(house: House, text: str) -> None:
    """Set the clock (UTC) and sign everybody in again: a session does not last for days."""
    house.clock.moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    for login in list(house.tokens):
        house.renew(login)


def test_an_appointment_is_booked_listed_moved_and_cancelled(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    told = booked(coach, case, minutes=60)
    assert (told["starts_at"], told["ends_at"]) == ("2026-11-17T09:00+01:00", "2026-11-17T10:00+01:00")
    assert (told["desk"], told["status"], told["clashes"]) == ("brussels-1", "booked", [])
    new = coach.post(f"{one_of(case, told)}/move", json=BOOKING | {"starts_at": f"{DAY}T10:00"})
    assert new.status_code == 201, new.text
    lines = coach.get(f"/cases/{case}/appointments").json()["appointments"]
    assert [(line["status"], line["before"]) for line in lines] == [("moved", None), ("booked", told["appointment"])]
    assert booked(coach, case, starts_at=f"{DAY}T09:30")["status"] == "booked", "the old time is free again"
    assert coach.post(f"{one_of(case, new.json())}/cancel").json()["status"] == "cancelled"
    assert booked(coach, case, starts_at=f"{DAY}T10:00")["status"] == "booked"
    assert faults(house.settings) == []


def test_a_slot_that_is_taken_is_a_clear_conflict_and_nothing_is_written(house: House) -> None:
    coach, colleague = house.client("coach"), house.client("colleague")
    mine, theirs = house.open_case(coach), house.open_case(colleague)
    booked(coach, mine, minutes=60)
    before, log = counts(house), len(entries(house))
    for changed in ({}, {"minutes": 60}, {"starts_at": f"{DAY}T09:30"}, {"starts_at": f"{DAY}T08:30", "minutes": 60}):
        reply = book(colleague, theirs, despite_clashes=True, **changed)
        assert (reply.status_code, reply.json()["type"]) == (409, "urn:problem-type:parefeu:slot_taken"), changed
    assert counts(house) == before
    assert {entry["outcome"] for entry in since(house, log)} == {"slot_taken"}
    assert booked(colleague, theirs, starts_at=f"{DAY}T10:00")["status"] == "booked"
    assert booked(colleague, theirs, desk="brussels-2", despite_clashes=True)["status"] == "booked"
    assert faults(house.settings) == []


@pytest.mark.parametrize(
    ("changed", "clash"),
    [
        ({"starts_at": "2026-11-11T14:00"}, ["holiday"]),
        ({"starts_at": "2026-11-11T10:00"}, ["walk_in_hours", "holiday"]),
        ({"starts_at": "2026-12-25T10:00"}, ["holiday"]),
        ({"starts_at": "2026-11-21T10:00"}, ["desk_closed"]),
        ({"starts_at": "2026-11-17T11:30", "minutes": 60}, ["desk_closed"]),
        ({"starts_at": "2026-11-17T18:00"}, ["desk_closed"]),
        ({"starts_at": "2026-11-18T10:00"}, ["walk_in_hours"]),
        ({"starts_at": "2026-11-18T11:30", "minutes": 30}, ["walk_in_hours"]),
        ({"starts_at": "2026-11-18T13:00"}, []),
        ({"starts_at": "2026-11-18T10:00", "channel": "telephone", "desk": ""}, []),
        ({"starts_at": "2026-11-17T22:30", "channel": "video", "desk": ""}, []),
    ],
)
def test_closed_desks_holidays_and_walk_in_hours_are_told(
    lite_house: House, changed: dict[str, Any], clash: list[str]
) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    asked = coach.post(f"/cases/{case}/appointments/clashes", json=BOOKING | changed)
    assert (asked.status_code, asked.json()["clashes"]) == (200, clash)
    reply = book(coach, case, **changed)
    if clash:
        assert (reply.status_code, reply.json()["clashes"]) == (409, clash)
        reply = book(coach, case, despite_clashes=True, **changed)
    assert (reply.status_code, reply.json()["clashes"]) == (201, clash)


def test_two_appointments_of_a_coach_a_person_or_an_interpreter_at_once_are_told(house: House) -> None:
    coach, colleague = house.client("coach"), house.client("colleague")
    first, second, other = house.open_case(coach), house.open_case(coach), house.open_case(colleague)
    words = {"interpreter": "ti-07", "interpreting": "ti"}
    booked(coach, first, minutes=60, **words)

    def clash(caller: Caller, case: str, **changed: Any) -> list[str]:
        asked = caller.post(f"/cases/{case}/appointments/clashes", json=BOOKING | {"desk": "brussels-2"} | changed)
        found: list[str] = asked.json()["clashes"]
        return found

    assert clash(coach, second) == ["coach_busy"]
    assert clash(coach, first) == ["coach_busy", "person_busy"]
    assert clash(colleague, other) == []
    assert clash(colleague, other, interpreter=" TI-07", interpreting="ti") == ["interpreter_busy"]
    assert clash(colleague, other, interpreter="TI-08", interpreting="ti") == []
    assert clash(coach, second, starts_at=f"{DAY}T10:00") == []
    assert clash(coach, second, starts_at=f"{DAY}T08:30", minutes=60) == ["coach_busy", "desk_closed"]


def test_a_moved_appointment_does_not_clash_with_itself(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    told = booked(coach, case, minutes=60, interpreter="TI-07", interpreting="ti")
    reply = coach.post(f"{one_of(case, told)}/move", json=BOOKING | {"starts_at": f"{DAY}T09:30"})
    assert (reply.status_code, reply.json()["clashes"]) == (201, [])
    lines = coach.get(f"/cases/{case}/appointments").json()["appointments"]
    assert [line["interpreting"] for line in lines] == ["ti", "ti"], "the interpreter comes with it"
    kept = coach.get(f"/cases/{case}/appointments/{reply.json()['appointment']}/attendees").json()
    assert kept["interpreter"] == "TI-07"


def test_an_absent_coach_is_a_warning(lite_house: House) -> None:
    coach, head = lite_house.client("coach"), lite_house.client("head")
    case = lite_house.open_case(coach)
    who = lite_house.staff["coach"].id.hex()
    away = ABSENCE | {"first_day": DAY, "last_day": DAY}
    assert head.post(f"/coaches/{who}/absences", json=away).status_code == 201
    assert book(coach, case).json()["clashes"] == ["coach_absent"]
    assert book(coach, case, starts_at="2026-11-19T09:00").status_code == 201


def test_an_appointment_lies_in_the_region_of_the_case(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    for desk, says in (("liege-1", "in another region"), ("atlantis-1", "no such desk")):
        reply = book(coach, case, desk=desk)
        assert reply.status_code == 400
        assert says in reply.json()["detail"]


BAD: dict[str, dict[str, Any]] = {
    "a time that is none": {"starts_at": "2026-11-31T09:00"},
    "a time in words": {"starts_at": "tomorrow"},
    "a time with seconds": {"starts_at": f"{DAY}T09:00:30"},
    "a time in another script": {"starts_at": "٢٠٢٦-11-17T09:00"},
    "a time as a number": {"starts_at": 1794906000},
    "the year one": {"starts_at": "0001-01-01T00:00"},
    "the year nine thousand": {"starts_at": "9999-12-31T23:59"},
    "a time off the grid": {"starts_at": f"{DAY}T09:10"},
    "minutes off the grid": {"minutes": 40},
    "a time that the clocks skip": {"starts_at": "2027-03-28T02:30", "channel": "telephone", "desk": ""},
    "a time past": {"starts_at": "2026-11-02T09:00"},
    "a time far ahead": {"starts_at": "2028-11-02T09:00"},
    "minutes below nought": {"minutes": -30},
    "a day long": {"minutes": 1440},
    "over midnight": {"starts_at": f"{DAY}T23:30", "minutes": 60, "channel": "telephone", "desk": ""},
    "a call at a desk": {"channel": "telephone"},
    "a desk that is none": {"desk": "../etc"},
    "a visit without a desk": {"desk": ""},
    "an unknown occasion": {"occasion": "party"},
    "an unknown language": {"language": "eo"},
    "a leaflet of words": {"leaflet": "il a peur"},
    "an interpreter without a language": {"interpreter": "TI-07"},
    "a language without shape": {"interpreting": "Tigrinya"},
    "an interpreter by name": {"interpreter": "Mme Hirondelle", "interpreting": "ti"},
    "a truth in words": {"despite_clashes": "yes"},
    "an unknown field": {"colour": "red"},
    "a walk-in with an appointment": {"occasion": "walk_in"},
}


def test_what_cannot_be_meant_is_not_booked(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    before = counts(lite_house)
    for name, changed in BAD.items():
        reply = book(coach, case, **changed)
        assert reply.status_code == 400, (name, reply.text)
        assert "Hirondelle" not in reply.text
    assert counts(lite_house) == before


def test_an_offset_means_the_same_moment(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    for written in (f"{DAY}T08:00Z", f"{DAY}T09:00+01:00", f"{DAY}T03:00-05:00"):
        told = booked(coach, case, starts_at=written)
        assert told["starts_at"] == f"{DAY}T09:00+01:00"
        coach.post(f"{one_of(case, told)}/cancel")


def test_who_came_is_recorded_after_the_time_and_not_before(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    told = booked(coach, case)
    early = coach.post(f"{one_of(case, told)}/attendance", json={"status": "no_show"})
    assert early.status_code == 400
    at(house, f"{DAY}T08:29")  # 09:29 in Belgium
    coach = house.client("coach")
    assert coach.post(f"{one_of(case, told)}/attendance", json={"status": "no_show"}).status_code == 400
    at(house, f"{DAY}T08:30")
    coach = house.client("coach")
    absent = coach.post(f"{one_of(case, told)}/attendance", json={"status": "no_show"})
    assert (absent.status_code, absent.json()["status"]) == (200, "no_show")
    late = coach.post(f"{one_of(case, told)}/attendance", json={"status": "excused"})
    assert late.json()["status"] == "excused", "the excuse came later"
    again = coach.post(f"{one_of(case, told)}/attendance", json={"status": "attended"})
    assert (again.status_code, again.json()["type"]) == (409, "urn:problem-type:parefeu:conflict")
    assert faults(house.settings) == []


def test_who_came_along_is_sealed_and_only_roles_stand_in_the_row(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    told = booked(coach, case, interpreter="TI-07-QUETZAL", interpreting="ti")
    people = [{"role": "lawyer", "name": NAME, "organisation": "Barreau de Nulle-Part"}]
    path = f"{one_of(case, told)}/attendees"
    body = {"attendees": people, "interpreter": "TI-07-QUETZAL", "based_on": 1}
    stale = coach.put(path, json=body | {"based_on": 0})
    assert (stale.status_code, stale.json()["current"]) == (409, 1)
    assert coach.put(path, json=body).status_code == 200
    read = coach.get(path).json()
    assert (read["attendees"], read["interpreter"], read["version"]) == (people, "TI-07-QUETZAL", 2)
    (line,) = coach.get(f"/cases/{case}/appointments").json()["appointments"]
    assert line["company"] == ["interpreter", "lawyer"]
    lite_house.services.store.main.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for name in ("main.db", "keystore.db"):
        raw = (lite_house.settings.home / name).read_bytes()
        for word in (NAME, "Hirondelle", "Nulle-Part", "QUETZAL"):
            assert word.encode() not in raw, (name, word)
    with sqlite3.connect(lite_house.settings.home / "main.db") as connection:
        (row,) = connection.execute("SELECT company, length(interpreter) FROM appointments").fetchall()
    connection.close()
    assert row == ("interpreter,lawyer", 16)


def test_an_interpreter_who_is_named_later_and_is_busy_then_is_told(lite_house: House) -> None:
    """The clash shows across cases and coaches, and only while there is still somebody else to be asked."""
    coach, colleague = lite_house.client("coach"), lite_house.client("colleague")
    booked(colleague, lite_house.open_case(colleague), interpreter="TI-07", interpreting="ti", desk="brussels-2")
    case = lite_house.open_case(coach)
    told = booked(coach, case)
    path, body = f"{one_of(case, told)}/attendees", {"attendees": [], "interpreter": "ti-07", "based_on": 0}
    refused = coach.put(path, json=body)
    assert (refused.status_code, refused.json()["clashes"]) == (409, ["interpreter_busy"])
    assert coach.get(path).json()["version"] == 0, "nothing was written"
    meant = coach.put(path, json=body | {"despite_clashes": True})
    assert (meant.status_code, meant.json()["clashes"]) == (200, ["interpreter_busy"])
    again = coach.put(path, json=body | {"based_on": 1})
    assert (again.status_code, again.json()["clashes"]) == (200, []), "said already"
    booked(colleague, lite_house.open_case(colleague), **CALL | {
        "starts_at": f"{DAY}T09:00", "interpreter": "TI-08", "interpreting": "ti",
    })  # fmt: skip
    at(lite_house, f"{DAY}T08:01")
    begun = lite_house.client("coach").put(path, json=body | {"interpreter": "TI-08", "based_on": 2})
    assert (begun.status_code, begun.json()["clashes"]) == (200, []), "who came is who came"


@pytest.mark.parametrize("field", ["name", "organisation"])
@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\n", "\t", "\x00", "\x7f"], ids=ascii)
def test_who_came_along_has_no_name_that_shows_otherwise_than_it_is(lite_house: House, field: str, sign: str) -> None:
    coach = lite_house.client("coach")
    told = booked(coach, case := lite_house.open_case(coach))
    path, person = f"{one_of(case, told)}/attendees", {"role": "lawyer", "name": NAME, "organisation": "Barreau"}
    reply = coach.put(path, json={"attendees": [person | {field: f"Nulle{sign}Part"}], "based_on": 0})
    assert reply.status_code == 400
    assert [issue["name"] for issue in reply.json()["issues"]] in (["attendees"], [None]), reply.text
    assert coach.get(path).json()["version"] == 0
    persian = coach.put(path, json={"attendees": [person | {field: "نمی\u200cدانم"}], "based_on": 0})
    assert persian.status_code == 200  # a joiner is part of how a name is written


def test_an_appointment_of_another_case_is_none_of_this_one(lite_house: House) -> None:
    coach, colleague = lite_house.client("coach"), lite_house.client("colleague")
    case, other = lite_house.open_case(coach), lite_house.open_case(coach)
    foreign = lite_house.open_case(colleague)
    told = booked(coach, case)
    for caller, of in ((coach, other), (colleague, foreign)):
        path = f"/cases/{of}/appointments/{told['appointment']}"
        assert caller.post(f"{path}/cancel").status_code == 404
        assert caller.post(f"{path}/move", json=CALL).status_code == 404
        assert caller.post(f"{path}/attendance", json={"status": "excused"}).status_code == 404
        assert caller.get(f"{path}/attendees").status_code == 404
        assert caller.put(f"{path}/attendees", json={"attendees": [], "based_on": 0}).status_code == 404


# -- days and desks ---------------------------------------------------------------------------------------


def test_a_coach_expects_people_by_name_and_only_their_own(house: House) -> None:
    coach, colleague = house.client("coach"), house.client("colleague")
    person = CASE["people"][0] | {"family_name": "Barry", "given_names": "Oumou"}
    mine, theirs = house.open_case(coach), house.open_case(colleague, people=[person])
    booked(coach, mine)
    booked(coach, mine, starts_at="2026-11-19T09:00")
    cancelled = booked(coach, mine, starts_at=f"{DAY}T11:00")
    coach.post(f"{one_of(mine, cancelled)}/cancel")
    booked(colleague, theirs, starts_at=f"{DAY}T10:00")
    assert [line["family_name"] for line in coach.get(f"/days?day={DAY}").json()["appointments"]] == ["Diallo"]
    assert [line["family_name"] for line in colleague.get(f"/days?day={DAY}").json()["appointments"]] == ["Barry"]
    assert len(coach.get(f"/days?day={DAY}&days=3").json()["appointments"]) == 2
    assert coach.get("/days?day=2026-11-18").json()["appointments"] == []


def test_a_desk_sees_names_on_the_day_and_times_on_other_days(house: House) -> None:
    coach, desk = house.client("coach"), house.client("desk")
    case = house.open_case(coach)
    booked(coach, case, interpreter="TI-07", interpreting="ti")
    path = f"/desks/brussels-1/day?day={DAY}"
    (line,) = desk.get(path).json()["appointments"]
    assert (line["family_name"], line["given_names"], line["reference"]) == (None, None, case)
    at(house, f"{DAY}T07:00")
    (line,) = house.client("desk").get(path).json()["appointments"]
    assert (line["family_name"], line["given_names"], line["coach"]) == ("Diallo", "Aminata", "Coach")
    assert set(line) == {
        "starts_at", "ends_at", "reference", "appointment", "occasion", "status", "family_name", "given_names",
        "language", "interpreting", "coach", "suspended",
    }  # fmt: skip
    look = [entry for entry in entries(house) if entry["kind"] == "day_list"][-1]
    assert (look["action"], look["count"], look["role"]) == ("list", 1, "desk_officer")


def test_the_desks_day_is_belgiums_and_not_utcs(lite_house: House) -> None:
    """At half past eleven in the evening, UTC, the next day has begun in Belgium."""
    coach, _ = lite_house.client("coach"), lite_house.client("desk")
    case = lite_house.open_case(coach)
    booked(coach, case, despite_clashes=True, starts_at="2026-11-18T00:00")
    path = "/desks/brussels-1/day?day=2026-11-18"
    at(lite_house, f"{DAY}T22:59")
    assert lite_house.client("desk").get(path).json()["appointments"][0]["family_name"] is None
    at(lite_house, f"{DAY}T23:00")
    assert lite_house.client("desk").get(path).json()["appointments"][0]["family_name"] == "Diallo"
    assert lite_house.client("desk").get(f"/desks/brussels-1/day?day={DAY}").json()["appointments"] == []
    assert lite_house.client("desk").get("/desks/brussels-1/day?day=9999-12-31").status_code == 400


def test_free_times_leave_out_what_is_taken_walk_in_hours_holidays_and_the_past(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)

    def free(day: str, desk: str = "brussels-1") -> list[str]:
        reply = coach.get(f"/desks/{desk}/free?day={day}")
        assert reply.status_code == 200, reply.text
        return [moment[11:16] for moment in reply.json()["free"]]

    assert len(free(DAY)) == 14
    booked(coach, case, minutes=90)
    assert free(DAY)[:3] == ["10:30", "11:00", "11:30"]
    assert free("2026-11-18")[0] == "13:00", "people walk in before"
    assert free("2026-11-18", "brussels-2")[0] == "09:00"
    assert free("2026-11-11") == []
    assert free("2026-11-21") == []
    assert free("2026-11-03")[0] == "10:30", "the clock stands just after ten"


def test_a_region_sees_its_own_desks(lite_house: House) -> None:
    told = lite_house.client("desk").get("/desks").json()["desks"]
    assert {desk["region"] for desk in told} == {"brussels"}
    assert all(desk["open_now"] for desk in told if desk["desk"] == "brussels-1")
    assert [desk["walk_in"] for desk in told if desk["desk"] == "brussels-1"] == [["wednesday 09:00-12:00"]]
    assert {desk["region"] for desk in lite_house.client("far_head").get("/desks").json()["desks"]} == {"liege"}


def test_the_desk_never_reaches_content_by_an_appointment(lite_house: House) -> None:
    coach, desk = lite_house.client("coach"), lite_house.client("desk")
    case = lite_house.open_case(coach)
    told = booked(coach, case)
    coach.put(
        f"{one_of(case, told)}/attendees",
        json={"attendees": [{"role": "trusted_person", "name": NAME}], "based_on": 0},
    )
    seen = desk.get(f"/cases/{case}/appointments").text + desk.get(f"/desks/brussels-1/day?day={DAY}").text
    assert "Hirondelle" not in seen
    assert "trusted_person" not in seen, "who comes along is no business of the desk's"
    assert "Diallo" not in seen
    assert desk.get(f"{one_of(case, told)}/attendees").status_code == 403
    assert desk.post(f"/cases/{case}/conflicts", json=CONFLICT).status_code == 403
