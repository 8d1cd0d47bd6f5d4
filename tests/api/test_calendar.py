"""The calendar feed: times and places, nobody's name, a secret that can be revoked at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import update

from tests.api.stage_people import DAY, booked
from tests.api.support import comparable, counts, entries, since
from tests.house import House
from vault.storage import tables as t

WORDS = {"fr": "Rendez-vous", "nl": "Afspraak", "de": "Termin", "en": "Appointment"}


def make(house: House, login: str = "coach", language: str = "fr") -> dict[str, Any]:
    reply = house.client(login).post("/calendar", json={"language": language})
    assert reply.status_code == 201, reply.text
    told: dict[str, Any] = reply.json()
    return told


def fetch(house: House, address: str) -> Any:
    """As a calendar program does: no session, no cookie."""
    return house.app.get(address)


def events(house: House, address: str) -> list[Any]:
    reply = fetch(house, address)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/calendar")
    return list(Calendar.from_ical(reply.text).walk("VEVENT"))


def test_a_calendar_has_times_and_places_and_nobody(house: House) -> None:
    coach, colleague = house.client("coach"), house.client("colleague")
    case, other = house.open_case(coach), house.open_case(colleague)
    told = booked(coach, case, minutes=60, interpreter="TI-07", interpreting="ti")
    booked(coach, case, starts_at=f"{DAY}T14:00", channel="telephone", desk="")
    booked(colleague, other, starts_at=f"{DAY}T10:00")
    address = make(house)["address"]
    first, second = events(house, address)
    assert first.decoded("dtstart") == datetime(2026, 11, 17, 8, tzinfo=UTC)
    assert first.decoded("dtend") == datetime(2026, 11, 17, 9, tzinfo=UTC)
    assert (str(first["class"]), str(first["summary"])) == ("PRIVATE", "Rendez-vous")
    assert str(first["location"]) == "Bruxelles / Brussel, Guichet 1 / Loket 1"
    assert str(second["location"]) == "telephone"
    text = fetch(house, address).text
    staff, ids = house.staff["coach"], (case, told["appointment"])
    for word in ("Diallo", "Aminata", "Coach", staff.id.hex(), staff.log_name, "TI-07", "tigr", "ti\r", *ids):
        assert word.lower() not in text.lower(), word
    assert {name for event in (first, second) for name in event} == {
        "UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "SUMMARY", "LOCATION", "CLASS", "TRANSP",
    }  # fmt: skip


@pytest.mark.parametrize("language", WORDS)
def test_the_few_words_are_in_the_language_that_was_asked_for(lite_house: House, language: str) -> None:
    coach = lite_house.client("coach")
    booked(coach, lite_house.open_case(coach))
    (event,) = events(lite_house, make(lite_house, language=language)["address"])
    assert str(event["summary"]) == WORDS[language]


def test_an_event_keeps_its_name_while_it_stands_and_goes_when_it_is_cancelled_or_moved(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    told = booked(coach, case)
    feed, another = make(lite_house), make(lite_house)
    uid = str(events(lite_house, feed["address"])[0]["uid"])
    assert str(events(lite_house, feed["address"])[0]["uid"]) == uid
    assert str(events(lite_house, another["address"])[0]["uid"]) != uid, "two addresses cannot be joined by it"
    path = f"/cases/{case}/appointments/{told['appointment']}"
    body = {"starts_at": f"{DAY}T11:00", "minutes": 30, "desk": "brussels-1", "language": "fr"}
    coach.post(f"{path}/move", json=body)
    (moved,) = events(lite_house, feed["address"])
    assert moved.decoded("dtstart") == datetime(2026, 11, 17, 10, tzinfo=UTC)


def test_a_case_that_changes_hands_takes_its_appointments_along(lite_house: House) -> None:
    coach, head = lite_house.client("coach"), lite_house.client("head")
    lite_house.client("colleague")
    case = lite_house.open_case(coach)
    booked(coach, case)
    mine, theirs = make(lite_house)["address"], make(lite_house, "colleague")["address"]
    who = lite_house.staff["colleague"].id.hex()
    assert head.post(f"/cases/{case}/assignment", json={"coach": who}).status_code == 200
    assert events(lite_house, mine) == []
    assert len(events(lite_house, theirs)) == 1


def test_a_revoked_an_expired_and_an_unknown_address_are_the_same_nothing(house: House) -> None:
    house.client("coach")
    revoked, expired = make(house), make(house)
    unknown = f"/casework/calendar/{'ab' * 32}/agenda.ics"
    nothing = comparable(fetch(house, unknown))
    assert nothing[0] == 404
    assert house.client("coach").delete(f"/calendar/{revoked['feed']}").json()["revoked"] is True
    assert comparable(fetch(house, revoked["address"])) == nothing
    assert len(events(house, expired["address"])) == 0
    house.clock.move(days=181)
    before = len(entries(house))
    assert comparable(fetch(house, expired["address"])) == nothing
    for bad in ("ab", "AB" * 32, "zz" * 32, "..", "%00" * 64):
        assert fetch(house, f"/casework/calendar/{bad}/agenda.ics").status_code == 404
    assert since(house, before) == []


def test_whoever_left_or_became_something_else_has_no_calendar(lite_house: House) -> None:
    lite_house.client("coach")
    address = make(lite_house)["address"]
    assert fetch(lite_house, address).status_code == 200
    entry = bytes.fromhex(entries(lite_house)[0]["entry"])
    for change in ({"role": "desk_officer"}, {"role": "coach", "active": 0}):
        with lite_house.services.store.main.engine.connect() as connection:
            connection.execute(update(t.staff).where(t.staff.c.login == "coach").values(entry_id=entry, **change))
            connection.commit()
        assert fetch(lite_house, address).status_code == 404
        entry = bytes.fromhex(entries(lite_house)[1]["entry"])


def test_every_fetch_is_decided_and_logged_as_the_coachs_look(lite_house: House) -> None:
    coach = lite_house.client("coach")
    booked(coach, lite_house.open_case(coach))
    made = make(lite_house)
    before = len(entries(lite_house))
    fetch(lite_house, made["address"])
    (entry,) = since(lite_house, before)
    assert (entry["action"], entry["kind"], entry["decision"], entry["count"]) == ("read", "calendar", "allow", 1)
    assert (entry["actor"], entry["session"]) == (lite_house.staff["coach"].log_name, made["feed"])
    assert entry["subject"] == "", "it is about no case"
    detail = lite_house.client("auditor").get(f"/entries/{entry['entry']}/detail").json()
    assert detail["actor_name"] == "Coach"


def test_the_secret_is_stored_as_a_hash_and_shown_once(lite_house: House) -> None:
    lite_house.client("coach")
    made = make(lite_house)
    secret = made["address"].split("/")[3]
    listed = lite_house.client("coach").get("/calendar")
    assert secret not in listed.text
    assert [feed["feed"] for feed in listed.json()["calendars"]] == [made["feed"]]
    lite_house.services.store.main.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw = (lite_house.settings.home / "main.db").read_bytes()
    assert secret.encode() not in raw
    assert bytes.fromhex(secret) not in raw


def test_an_address_is_its_coachs_alone_and_few_are_live_at_once(lite_house: House) -> None:
    lite_house.client("coach")
    made = [make(lite_house) for _ in range(5)]
    before = counts(lite_house)
    refused = lite_house.client("coach").post("/calendar", json={"language": "fr"})
    assert refused.status_code == 409
    foreign = lite_house.client("colleague").delete(f"/calendar/{made[0]['feed']}")
    unknown = lite_house.client("colleague").delete(f"/calendar/{'ab' * 16}")
    assert comparable(foreign) == comparable(unknown)
    assert {name: rows for name, rows in counts(lite_house).items() if "feed" in name} == {
        name: rows for name, rows in before.items() if "feed" in name
    }
    assert lite_house.client("coach").delete(f"/calendar/{made[0]['feed']}").status_code == 200
    assert lite_house.client("coach").delete(f"/calendar/{made[0]['feed']}").status_code == 404
    make(lite_house)


def test_summer_time_moves_no_event_on_the_wall(lite_house: House) -> None:
    lite_house.clock.moment = datetime(2027, 3, 1, 9, tzinfo=UTC)
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    for day in ("2027-03-26", "2027-03-30"):
        booked(coach, case, starts_at=f"{day}T09:00")
    before, after = (event.decoded("dtstart") for event in events(lite_house, make(lite_house)["address"]))
    assert after - before == timedelta(days=4) - timedelta(hours=1)
