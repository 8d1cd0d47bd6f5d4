"""Invitations are appointments and steps at once: the case moves with them, or neither happens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.stage_people import BOOKING, CONFLICT, DAY, People, booked
from tests.api.support import counts, entries, since
from tests.crash.checks import faults
from tests.flow_paths import Paths
from tests.house import CASE, Caller, House
from vault.cases.flow import State, Step

INVITATION: dict[str, Any] = BOOKING | {"occasion": "invitation", "leaflet": "2026-1"}


def invite(caller: Caller, case: str, **changed: Any) -> Any:
    return caller.post(f"/cases/{case}/appointments", json=INVITATION | changed)


def invited(caller: Caller, case: str, **changed: Any) -> str:
    reply = invite(caller, case, **changed)
    assert reply.status_code == 201, reply.text
    assert reply.json()["state"] == "invited"
    return f"/cases/{case}/appointments/{reply.json()['appointment']}"


def at(house: House, text: str) -> None:
    house.clock.moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    for login in list(house.tokens):
        house.renew(login)


def missed_thrice(house: House) -> tuple[str, list[str]]:
    """A case that is being closed because nobody came, and the addresses of the missed invitations."""
    paths = Paths(house)
    case, missed = paths.case_in(State.TRIAGED), []
    for day in (DAY, "2026-11-24", "2026-12-01"):
        missed.append(invited(house.client("desk"), case, starts_at=f"{day}T09:00"))
        at(house, f"{day}T08:31")
        house.client("desk").post(f"{missed[-1]}/attendance", json={"status": "no_show"})
    paths.take(case, Step.SEND_CONSEQUENCES_LETTER)
    paths.take(case, Step.BEGIN_CLOSING, outcome="NO_SHOW")
    return case, missed


def state(house: House, case: str) -> str:
    found: str = house.client("head").get(f"/cases/{case}").json()["state"]
    return found


def test_an_invitation_moves_the_case_on_and_its_day_stands_in_the_steps(house: House) -> None:
    case = Paths(house).case_in(State.TRIAGED)
    before = len(entries(house))
    invited(house.client("desk"), case)
    asked = [(entry["action"], entry["kind"]) for entry in since(house, before) if entry["role"] == "desk_officer"]
    assert asked == [("write", "appointment"), ("invite", "case")]
    taken = house.client("coach").get(f"/cases/{case}/steps").json()
    assert f"{DAY} fr 2026-1" in str(taken)
    assert faults(house.settings) == []


def test_a_step_that_is_refused_undoes_the_appointment(house: House) -> None:
    case = Paths(house).case_in(State.OQT_NOTIFIED)
    before = counts(house)
    reply = invite(house.client("desk"), case, despite_clashes=True)
    assert (reply.status_code, reply.json()["type"]) == (409, "urn:problem-type:parefeu:illegal_step")
    assert counts(house) == before
    guided = house.open_case(house.client("coach"))
    assert invite(house.client("coach"), guided).status_code == 409, "who is guided is not invited"
    assert faults(house.settings) == []


def test_before_the_intake_there_are_only_invitations_and_one_at_a_time(lite_house: House) -> None:
    case = Paths(lite_house).case_in(State.TRIAGED)
    desk = lite_house.client("desk")
    interview = invite(desk, case, occasion="interview")
    assert (interview.status_code, interview.json()["issues"][0]["name"]) == (400, "occasion")
    assert invite(desk, case, leaflet="").status_code == 400
    invited(desk, case)
    again = invite(desk, case, starts_at="2026-11-19T09:00")
    assert (again.status_code, again.json()["type"]) == (409, "urn:problem-type:parefeu:conflict")


def test_a_case_without_a_coach_is_not_invited(lite_house: House) -> None:
    paths = Paths(lite_house)
    case = paths.open()
    assert paths.take(case, Step.TRIAGE, coach=None) is State.TRIAGED
    desk = lite_house.client("desk")
    assert invite(desk, case).json()["clashes"] == ["no_coach"]
    assert invite(desk, case, despite_clashes=True).json()["reason"] == "coach_missing"
    People(lite_house, lambda: case).profile("coach")
    assert desk.post(f"/cases/{case}/assignment", json={}).json()["coach"] == "Coach"
    invited(desk, case)


def test_absence_excuse_and_reinvitation_go_their_way(house: House) -> None:
    """No-show, invited again, excused late, a new day that counts as no absence."""
    case = Paths(house).case_in(State.TRIAGED)
    first = invited(house.client("desk"), case)
    at(house, f"{DAY}T08:31")
    absent = house.client("desk").post(f"{first}/attendance", json={"status": "no_show"})
    assert (absent.status_code, absent.json()["state"]) == (200, "no_show")
    second = invited(house.client("desk"), case, starts_at="2026-11-24T09:00")
    at(house, "2026-11-24T08:31")
    desk = house.client("desk")
    desk.post(f"{second}/attendance", json={"status": "no_show"})
    assert desk.post(f"{second}/attendance", json={"status": "excused"}).json()["state"] == "no_show"
    invited(desk, case, starts_at="2026-12-01T09:00")
    steps = [line["taken"] for line in _taken(house, case)]
    assert steps[1:] == ["invite", "record_absence", "invite", "record_absence", "excuse_absence"]
    assert faults(house.settings) == []


def _next(house: House, login: str, case: str) -> str | None:
    """What the overview puts first for this case."""
    lines = house.client(login).get("/overview").json()["cases"]
    found: str | None = next(line["next"] for line in lines if line["reference"] == case)
    return found


def test_an_excuse_counts_whenever_it_comes_even_between_the_two_signatures(house: House) -> None:
    """Else somebody whose absence was excused is handed over as one who never came."""
    paths = Paths(house)
    case, missed = missed_thrice(house)
    late = house.client("desk").post(f"{missed[0]}/attendance", json={"status": "excused"})
    assert (late.status_code, late.json()["state"]) == (200, "closing_noncollab")
    assert _next(house, "head", case) is None, "nobody is led to a hand-over that is refused"
    for step in (Step.SIGN_CLOSING, Step.HAND_OVER):
        refused = paths.send(case, step)
        assert (refused.status_code, refused.json()["reason"]) == (409, "reinvitations_left"), step
        assert refused.json()["possible"] == ["resume", "close"]
    assert paths.take(case, Step.RESUME) is State.NO_SHOW
    again = paths.send(case, Step.BEGIN_CLOSING, outcome="NO_SHOW")
    assert again.json()["reason"] == "reinvitations_left"
    offered = {line["step"]: line["possible"] for line in _steps(house, case)["steps"]}
    assert (offered["invite"], offered["begin_closing"]) == (True, False)
    assert _next(house, "coach", case) == "invite"
    counted = house.client("head").get("/figures?from=2026-01-01&to=2027-01-01&by=region").json()["whole"]
    assert counted["no_shows"] == 2
    invited(house.client("desk"), case, starts_at="2026-12-08T09:00")
    assert faults(house.settings) == []


def test_an_invitation_is_moved_with_the_step_that_gives_a_new_day(house: House) -> None:
    case = Paths(house).case_in(State.TRIAGED)
    desk = house.client("desk")
    first = invited(desk, case)
    body = {name: value for name, value in INVITATION.items() if name != "occasion"}
    same_day = desk.post(f"{first}/move", json=body | {"starts_at": f"{DAY}T10:00"})
    assert same_day.status_code == 201
    assert [line["taken"] for line in _taken(house, case)][-1] == "invite", "the day stands already"
    later = f"/cases/{case}/appointments/{same_day.json()['appointment']}"
    assert desk.post(f"{later}/move", json=body | {"starts_at": "2026-11-19T10:00"}).status_code == 201
    assert [line["taken"] for line in _taken(house, case)][-1] == "excuse_absence"
    assert faults(house.settings) == []


def test_a_cancelled_invitation_is_booked_again(lite_house: House) -> None:
    case = Paths(lite_house).case_in(State.TRIAGED)
    desk = lite_house.client("desk")
    assert desk.post(f"{invited(desk, case)}/cancel").json()["state"] == "invited"
    invited(desk, case)
    assert [line["taken"] for line in _taken(lite_house, case)][-1] == "invite"


@pytest.mark.parametrize("end", [Step.CLOSE, Step.HAND_OVER])
def test_nobody_is_expected_any_more_once_a_case_has_ended(house: House, end: Step) -> None:
    """Neither by the desk, by name, nor in the coach's calendar; and the desk's time is free for somebody else."""
    paths = Paths(house)
    case = paths.case_in(State.CLOSING_NONCOLLAB)
    coach = house.client("coach")
    begun = booked(coach, case, starts_at="2026-11-03T10:30")
    ahead = booked(coach, case)
    house.clock.move(minutes=45)  # the first one has begun
    paths.take(case, end)
    desk = house.client("desk")
    for day in ("2026-11-03", DAY):
        lines = desk.get(f"/desks/brussels-1/day?day={day}").json()["appointments"]
        assert [line["appointment"] for line in lines] == ([begun["appointment"]] if day != DAY else []), day
    assert f"{DAY}T09:00" in str(desk.get(f"/desks/brussels-1/free?day={DAY}").json()["free"])
    lines = coach.get(f"/cases/{case}/appointments").json()["appointments"]
    assert {line["appointment"]: line["status"] for line in lines} == {
        begun["appointment"]: "booked", ahead["appointment"]: "cancelled",
    }  # fmt: skip
    assert faults(house.settings) == []


def test_the_coachs_meeting_begins_the_intake_and_the_desk_only_lets_in(house: House) -> None:
    cases = [Paths(house).case_in(State.TRIAGED) for _ in range(2)]
    one, other = (
        invited(house.client("desk"), case, starts_at=f"{DAY}T{hour}:00", despite_clashes=True)
        for case, hour in zip(cases, ("09", "10"), strict=True)
    )
    at(house, f"{DAY}T09:05")
    let_in = house.client("desk").post(f"{one}/attendance", json={"status": "attended"})
    assert (let_in.json()["status"], let_in.json()["state"]) == ("attended", "invited")
    met = house.client("coach").post(f"{other}/attendance", json={"status": "attended", "company": ["lawyer"]})
    assert (met.status_code, met.json()["state"]) == (200, "intake")
    assert "lawyer interpreter:not_needed" in str(_taken(house, cases[1])[-1])
    assert faults(house.settings) == []


def test_who_walks_in_is_received_and_the_invitation_that_was_out_ends(house: House) -> None:
    case = Paths(house).case_in(State.TRIAGED)
    desk = house.client("desk")
    invited(desk, case)
    closed = desk.post(f"/cases/{case}/walk-in", json={"desk": "brussels-1"})
    assert (closed.status_code, closed.json()["clashes"]) == (409, ["desk_closed"]), "it is Tuesday"
    at(house, "2026-11-04T08:30")  # a Wednesday, 9:30 in Belgium
    desk = house.client("desk")
    second = desk.post(f"/cases/{case}/walk-in", json={"desk": "brussels-2"})
    assert second.json()["clashes"] == ["desk_closed"], "the other desk takes appointments only"
    came = desk.post(f"/cases/{case}/walk-in", json={"desk": "brussels-1", "company": ["trusted_person"]})
    assert (came.status_code, came.json()["state"], came.json()["status"]) == (201, "intake", "attended")
    lines = house.client("coach").get(f"/cases/{case}/appointments").json()["appointments"]
    assert [(line["occasion"], line["status"]) for line in lines] == [
        ("walk_in", "attended"), ("invitation", "moved"),
    ]  # fmt: skip
    at(house, "2026-11-04T11:00")
    late = Paths(house).case_in(State.TRIAGED)
    assert house.client("desk").post(f"/cases/{late}/walk-in", json={"desk": "brussels-1"}).status_code == 409
    assert faults(house.settings) == []


def test_a_conflict_of_interest_holds_for_coaches_named_with_a_step(lite_house: House) -> None:
    paths = Paths(lite_house)
    case = paths.open()
    head, desk = lite_house.client("head"), lite_house.client("desk")
    lite_house.client("coach")
    who = lite_house.staff["coach"].id.hex()
    head.post(f"/cases/{case}/conflicts", json=CONFLICT | {"coach": who})
    refused = paths.send(case, Step.TRIAGE, "desk", coach="coach")
    assert (refused.status_code, refused.json()["obstacles"]) == (409, [])
    assert "onflict" not in refused.text.replace("urn:problem-type", ""), "colleagues do not learn why"
    assert desk.get(f"/cases/{case}").json()["state"] == "oqt_notified"


def test_unaccompanied_minors_are_refused_at_opening_and_at_revision(house: House) -> None:
    coach = house.client("coach")
    child = {"family_name": "Inventé", "given_names": "Mineur", "birth_date": "2012-01-01"}
    before = counts(house)
    refused = coach.post("/cases", json=CASE | {"people": [child]})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:problem-type:parefeu:unaccompanied_minor")
    assert "Guardianship Service" in refused.json()["detail"]
    assert "Mineur" not in refused.text
    assert counts(house) == before
    adult = CASE["people"][0]
    case = house.open_case(coach, people=[adult, child | {"relation": "child"}])
    body = {"ov_number": CASE["ov_number"], "based_on": 1}
    left_alone = coach.put(f"/cases/{case}/identity", json=body | {"people": [child]})
    assert left_alone.json()["type"] == "urn:problem-type:parefeu:unaccompanied_minor"
    partner = coach.put(f"/cases/{case}/identity", json=body | {"people": [adult, child | {"relation": "partner"}]})
    assert partner.status_code == 422
    assert coach.put(f"/cases/{case}/identity", json=body | {"people": [adult]}).status_code == 200


def test_families_get_a_coach_for_families_whatever_the_file_says(lite_house: House) -> None:
    coach, head = lite_house.client("coach"), lite_house.client("head")
    child = {"family_name": "Inventé", "given_names": "Mineur", "birth_date": "2012-01-01", "relation": "child"}
    facts = CASE["facts"] | {"minors": False}
    alone = lite_house.open_case(coach, facts=facts)
    family = lite_house.open_case(coach, facts=facts, people=[CASE["people"][0], child])
    lodged = lite_house.open_case(coach, facts=facts, place="open_return_place")
    kinds = [head.get(f"/cases/{case}/assignment").json()["coach_type"] for case in (alone, family, lodged)]
    assert kinds == ["individuals", "families", "open_return"]


def _taken(house: House, case: str) -> list[dict[str, Any]]:
    """The steps that a case took, in order."""
    found: list[dict[str, Any]] = _steps(house, case)["taken"]
    return found


def _steps(house: House, case: str) -> dict[str, Any]:
    found: dict[str, Any] = house.client("coach").get(f"/cases/{case}/steps").json()
    return found


def test_who_has_no_known_address_is_not_invited_by_post_unnoticed(lite_house: House) -> None:
    case = Paths(lite_house).case_in(State.TRIAGED, place="no_known_address")
    desk = lite_house.client("desk")
    assert invite(desk, case).json()["clashes"] == ["no_address"]
    assert invite(desk, case, despite_clashes=True).json()["clashes"] == ["no_address"]
    met = lite_house.open_case(lite_house.client("coach"), place="no_known_address")
    asked = BOOKING | {"starts_at": f"{DAY}T10:00"}
    assert lite_house.client("coach").post(f"/cases/{met}/appointments/clashes", json=asked).json()["clashes"] == []


def test_a_desk_where_people_live_is_for_those_who_live_there(lite_house: House) -> None:
    coach = lite_house.client("coach")
    there = BOOKING | {"desk": "brussels-open-return-1", "starts_at": f"{DAY}T13:00"}
    found = []
    for place in ("known_address", "open_return_place"):
        case = lite_house.open_case(coach, place=place)
        found.append(coach.post(f"/cases/{case}/appointments/clashes", json=there).json()["clashes"])
    assert found == [["open_return_place"], []]
