"""Load, absence, assignment and conflicts of interest through the interface, on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from tests.api.stage_people import ABSENCE, CONFLICT, PROFILE, People, booked
from tests.api.support import comparable, counts, entries, since
from tests.crash.checks import faults
from tests.flow_paths import Paths
from tests.house import CASE, UNKNOWN_CASE, Caller, House
from vault.cases.flow import Step
from vault.storage import tables as t

WHY = "Un parent éloigné, nommé Grèbe-Huppé, habite la même maison."


def people(house: House) -> People:
    return People(house, lambda: house.open_case(house.client("coach")))


def id_of(house: House, login: str) -> str:
    house.client(login)
    return house.staff[login].id.hex()


def coach_name(head: Caller, case: str) -> str:
    told: str = head.get(f"/cases/{case}/assignment").json()["coach"]
    return told


def away(house: House, login: str = "coach", **changed: Any) -> str:
    """An absence that began today."""
    body = ABSENCE | {"first_day": "2026-11-03", "last_day": "2026-11-13"} | changed
    reply = house.client("head").post(f"/coaches/{id_of(house, login)}/absences", json=body)
    assert reply.status_code == 201, reply.text
    found: str = reply.json()["absence"]
    return found


def test_a_head_sees_the_load_of_each_coach_and_no_case(house: House) -> None:
    coach, head = house.client("coach"), house.client("head")
    house.client("colleague")
    case = house.open_case(coach)
    house.open_case(coach)
    closed = house.open_case(coach)
    house.step(coach, closed, "close", outcome="STAY_OBTAINED")
    people(house).profile("coach")
    booked(coach, case, starts_at="2026-11-05T09:00")
    booked(coach, case, starts_at="2026-11-17T09:00")
    told = head.get("/coaches")
    lines = {line["name"]: line for line in told.json()["coaches"]}
    assert set(lines) == {"Coach", "Colleague"}
    assert (lines["Coach"]["load"], lines["Coach"]["appointments"], lines["Coach"]["capacity"]) == (2, 1, 40)
    assert lines["Coach"]["types"] == ["families", "individuals"]
    assert (lines["Colleague"]["load"], lines["Colleague"]["capacity"], lines["Colleague"]["types"]) == (0, None, [])
    assert case not in told.text
    assert house.client("far_head").get("/coaches").json()["coaches"] == []


def test_a_case_is_given_by_kind_region_and_load_and_the_choice_is_explained(house: House) -> None:
    coach, head, made = house.client("coach"), house.client("head"), people(house)
    case = house.open_case(coach)
    reply = head.post(f"/cases/{case}/assignment", json={})
    assert (reply.status_code, reply.json()["type"]) == (409, "urn:problem-type:parefeu:not_assignable")
    made.profile("coach")
    busy, free = made.profile("colleague"), made.profile("third_coach")
    house.open_case(house.client("colleague"))
    told = head.get(f"/cases/{case}/assignment").json()
    assert (told["coach"], told["coach_type"], told["history"]) == ("Coach", "families", [])
    assert [(line["name"], line["rank"], line["load"]) for line in told["considered"]] == [
        ("Third Coach", 1, 0), ("Colleague", 2, 1),
    ]  # fmt: skip
    given = head.post(f"/cases/{case}/assignment", json={}).json()
    assert (given["coach"], given["cause"]) == ("Third Coach", "chosen")
    assert given["explanation"] == "families: load 0/40, least of 2"
    assert coach.get(f"/cases/{case}").status_code == 404, "it is not theirs any more"
    assert house.client("third_coach").get(f"/cases/{case}").status_code == 200
    named = head.post(f"/cases/{case}/assignment", json={"coach": busy}).json()
    assert (named["coach"], named["cause"], named["explanation"]) == ("Colleague", "named", "named")
    again = head.post(f"/cases/{case}/assignment", json={"coach": busy})
    assert again.status_code == 409
    assert head.post(f"/cases/{case}/assignment", json={"coach": id_of(house, "far_coach")}).status_code == 409
    history = head.get(f"/cases/{case}/assignment").json()["history"]
    assert [(line["number"], line["before"], line["coach"]) for line in history] == [
        (1, "Coach", "Third Coach"), (2, "Third Coach", "Colleague"),
    ]  # fmt: skip
    assert free != busy
    assert faults(house.settings) == []


def test_a_head_may_name_a_coach_who_is_full_or_away_and_it_stands_in_the_history(lite_house: House) -> None:
    head, made = lite_house.client("head"), people(lite_house)
    case, who = made.case(), made.profile("colleague")
    head.put(f"/coaches/{who}", json=PROFILE | {"types": ["open_return"], "capacity": 1})
    lite_house.open_case(lite_house.client("colleague"))
    away(lite_house, "colleague")
    given = head.post(f"/cases/{case}/assignment", json={"coach": who}).json()
    assert given["explanation"] == "named other_type absent full"


def test_the_desk_has_a_first_coach_chosen_and_no_more(lite_house: House) -> None:
    desk, made = lite_house.client("desk"), people(lite_house)
    case, who = made.case(), made.profile("colleague")
    before = counts(lite_house)
    for body in ({}, {"coach": who}, {"region": "liege"}):
        reply = desk.post(f"/cases/{case}/assignment", json=body)
        assert (reply.status_code, reply.json()["reasons"]) == (403, ["needs_head"])
    assert counts(lite_house) == before


def test_a_case_moves_to_another_region_once_nobody_waits_for_it_here(house: House) -> None:
    coach, head, far = house.client("coach"), house.client("head"), house.client("far_head")
    case = house.open_case(coach)
    told = booked(coach, case)
    assert head.post(f"/cases/{case}/assignment", json={"region": "liege"}).status_code == 409
    coach.post(f"/cases/{case}/appointments/{told['appointment']}/cancel")
    assert far.get(f"/cases/{case}").status_code == 404
    who = id_of(house, "far_coach")
    far.put(f"/coaches/{who}", json=PROFILE)
    moved = head.post(f"/cases/{case}/assignment", json={"region": "liege"}).json()
    assert moved["coach"] == "Far Coach"
    assert head.get(f"/cases/{case}").status_code == 404
    assert far.get(f"/cases/{case}").json()["region"] == "liege"
    assert house.client("far_coach").get(f"/cases/{case}/identity").status_code == 200
    assert faults(house.settings) == []


# -- holidays and leaves ----------------------------------------------------------------------------------


def test_a_caseload_is_handed_over_for_a_holiday_and_comes_back(house: House) -> None:
    coach, head, made = house.client("coach"), house.client("head"), people(house)
    cases = [house.open_case(coach) for _ in range(3)]
    note = house.write_note(coach, cases[0])
    ended = house.open_case(coach)
    house.step(coach, ended, "close", outcome="OTHER")
    stand_in = made.profile("colleague")
    absence = away(house)
    log = len(entries(house))
    handed = head.post(f"/absences/{absence}/hand-over", json={"coach": stand_in})
    assert (handed.status_code, handed.json()["moved"], handed.json()["left"]) == (200, 3, 0)
    written = since(house, log)
    assert len({entry["subject"] for entry in written if entry["kind"] == "assignment"}) == 3, "each case's own entry"
    for case in cases:
        assert coach.get(f"/cases/{case}").status_code == 404, "who is away reads nothing"
        assert house.client("colleague").get(f"/cases/{case}").status_code == 200
    assert house.client("colleague").get(f"/cases/{cases[0]}/notes/{note}").status_code == 200
    assert coach.get(f"/cases/{ended}").status_code == 200, "what is closed stays"
    back = head.post(f"/absences/{absence}/return")
    assert (back.json()["moved"], back.json()["left"]) == (3, 0)
    assert [coach.get(f"/cases/{case}").status_code for case in cases] == [200, 200, 200]
    assert house.client("colleague").get(f"/cases/{cases[0]}").status_code == 404
    assert head.post(f"/absences/{absence}/return").status_code == 409
    assert head.post(f"/absences/{absence}/hand-over", json={}).status_code == 409
    assert faults(house.settings) == []


def test_what_was_given_to_somebody_else_meanwhile_or_is_in_conflict_stays(house: House) -> None:
    coach, head, made = house.client("coach"), house.client("head"), people(house)
    given, barred, closed, kept = (house.open_case(coach) for _ in range(4))
    colleague, third = made.profile("colleague"), made.profile("third_coach")
    absence = away(house)
    assert head.post(f"/absences/{absence}/hand-over", json={"coach": colleague}).json()["moved"] == 4
    head.post(f"/cases/{given}/assignment", json={"coach": third})
    head.post(f"/cases/{barred}/conflicts", json=CONFLICT | {"coach": id_of(house, "coach")})
    house.step(house.client("colleague"), closed, "close", outcome="OTHER")
    back = head.post(f"/absences/{absence}/return").json()
    assert (back["moved"], back["left"]) == (2, 2)
    names = [coach_name(head, case) for case in (given, barred, closed, kept)]
    assert names == ["Third Coach", "Colleague", "Coach", "Coach"]
    assert faults(house.settings) == []


def test_without_a_named_stand_in_cases_spread_by_load_and_what_nobody_can_take_stays(house: House) -> None:
    coach, head, made = house.client("coach"), house.client("head"), people(house)
    cases = [house.open_case(coach) for _ in range(5)]
    for login, capacity in (("colleague", 2), ("third_coach", 2)):
        who = made.profile(login)
        head.put(f"/coaches/{who}", json=PROFILE | {"capacity": capacity})
    made.profile("coach")
    absence = away(house)
    handed = head.post(f"/absences/{absence}/hand-over", json={}).json()
    assert (handed["moved"], handed["left"]) == (4, 1)
    names = sorted(coach_name(head, case) for case in cases)
    assert names == ["Coach", "Colleague", "Colleague", "Third Coach", "Third Coach"]


def test_a_caseload_that_is_handed_over_ahead_goes_to_who_is_there_when_the_holiday_begins(lite_house: House) -> None:
    coach, head, made = lite_house.client("coach"), lite_house.client("head"), people(lite_house)
    case = lite_house.open_case(coach)
    made.profile("colleague")
    made.profile("third_coach")
    lite_house.open_case(lite_house.client("third_coach"))  # the colleague has less, and is away at the same time
    at_once = {"first_day": "2026-12-21", "last_day": "2026-12-31"}
    away(lite_house, "colleague", **at_once)
    ahead = away(lite_house, **at_once)
    assert head.post(f"/absences/{ahead}/hand-over", json={}).json()["moved"] == 1
    assert coach_name(head, case) == "Third Coach"


def test_nothing_goes_back_to_a_coach_who_has_left(lite_house: House) -> None:
    head, made = lite_house.client("head"), people(lite_house)
    case, stand_in = made.case(), made.profile("colleague")
    absence = away(lite_house)
    assert head.post(f"/absences/{absence}/hand-over", json={"coach": stand_in}).json()["moved"] == 1
    entry = bytes.fromhex(entries(lite_house)[0]["entry"])
    with lite_house.services.store.main.engine.connect() as connection:
        connection.execute(update(t.staff).where(t.staff.c.login == "coach").values(entry_id=entry, active=0))
        connection.commit()
    back = head.post(f"/absences/{absence}/return").json()
    assert (back["moved"], back["left"], coach_name(head, case)) == (0, 1, "Colleague")


def test_an_absent_coach_is_given_no_case_and_is_back_on_the_day_after(lite_house: House) -> None:
    head, made = lite_house.client("head"), people(lite_house)
    made.profile("colleague")
    away(lite_house, "colleague")
    case = made.case()
    told = head.get(f"/cases/{case}/assignment").json()["considered"]
    assert [line["obstacles"] for line in told] == [["absent"]]
    assert head.post(f"/cases/{case}/assignment", json={}).json()["obstacles"] == ["absent"]
    lite_house.clock.move(days=11)
    lite_house.renew("head")
    assert lite_house.client("head").post(f"/cases/{case}/assignment", json={}).json()["coach"] == "Colleague"


def test_an_absence_that_cannot_be_meant_or_overlaps_is_refused(lite_house: House) -> None:
    head = lite_house.client("head")
    path = f"/coaches/{id_of(lite_house, 'coach')}/absences"
    away(lite_house)
    bad: tuple[tuple[dict[str, Any], int], ...] = (
        ({"first_day": "2026-11-13"}, 409), ({"first_day": "2026-10-01", "last_day": "2026-11-03"}, 409),
        ({"first_day": "2026-10-01", "last_day": "2026-12-31"}, 409),
        ({"first_day": "2026-12-11", "last_day": "2026-12-01"}, 400),
        ({"first_day": "2026-12-01", "last_day": "2027-12-31"}, 400), ({"first_day": "0001-01-01"}, 400),
        ({"kind": "illness"}, 400), ({"first_day": 20261201}, 400), ({"why": "mariage"}, 400),
    )  # fmt: skip
    for changed, status in bad:
        assert head.post(path, json=ABSENCE | changed).status_code == status, changed
    assert head.post(path, json=ABSENCE | {"first_day": "2026-11-14", "last_day": None}).status_code == 201
    (line,) = head.get("/coaches").json()["coaches"]
    assert [one["first_day"] for one in line["absences"]] == ["2026-11-03", "2026-11-14"]
    assert line["absent"] is True


def test_an_absence_of_another_region_is_as_unknown_as_none(lite_house: House) -> None:
    absence, far = away(lite_house), lite_house.client("far_head")
    nowhere = "ab" * 16
    for tail, body in (("hand-over", {}), ("return", None)):
        foreign = far.post(f"/absences/{absence}/{tail}", json=body)
        assert foreign.status_code == 404
        assert comparable(foreign) == comparable(far.post(f"/absences/{nowhere}/{tail}", json=body))
    stand_in = id_of(lite_house, "far_coach")
    reply = lite_house.client("head").post(f"/absences/{absence}/hand-over", json={"coach": stand_in})
    assert reply.status_code == 404, "a stand-in is of the region"
    own = id_of(lite_house, "coach")
    assert lite_house.client("head").post(f"/absences/{absence}/hand-over", json={"coach": own}).status_code == 400


# -- conflicts of interest --------------------------------------------------------------------------------


def test_a_declared_conflict_takes_the_case_away_at_once_and_for_good(house: House) -> None:
    coach, head, made = house.client("coach"), house.client("head"), people(house)
    case, own = made.case(), made.profile("coach")
    made.profile("colleague")
    told = coach.post(f"/cases/{case}/conflicts", json={"reason": WHY})
    assert told.status_code == 201
    assert told.json()["declared"] is True
    assert "Colleague" not in told.text, "who took it over is no business of theirs"
    assert coach.get(f"/cases/{case}").status_code == 404
    assert house.client("colleague").get(f"/cases/{case}").status_code == 200
    refused = head.post(f"/cases/{case}/assignment", json={"coach": own})
    assert (refused.status_code, refused.json()["obstacles"]) == (409, ["conflict_of_interest"])
    absence = away(house, "colleague")
    handed = head.post(f"/absences/{absence}/hand-over", json={"coach": own}).json()
    assert (handed["moved"], handed["left"]) == (0, 1), "not even for a holiday"
    assert faults(house.settings) == []


def test_why_is_told_to_the_head_and_to_nobody_else(house: House) -> None:
    coach, head, made = house.client("coach"), house.client("head"), people(house)
    case = made.case()
    made.profile("colleague")
    coach.post(f"/cases/{case}/conflicts", json={"reason": WHY})
    own = id_of(house, "coach")
    (line,) = head.get(f"/cases/{case}/conflicts").json()["conflicts"]
    assert (line["name"], line["declared_by"], line["withdrawn_at"]) == ("Coach", "Coach", None)
    assert "reason" not in line
    assert head.get(f"/cases/{case}/conflicts/{own}").json()["reason"] == WHY
    colleague = house.client("colleague")
    seen = [
        colleague.get(path).text
        for path in (f"/cases/{case}", "/cases", f"/cases/{case}/appointments", f"/cases/{case}/identity")
    ]
    assert not any("onflict" in text or "Grèbe" in text or "Coach" in text.replace('"coach"', "") for text in seen[:1])
    for caller in (colleague, house.client("desk"), coach):
        assert caller.get(f"/cases/{case}/conflicts").status_code == 403
        assert caller.get(f"/cases/{case}/conflicts/{own}").status_code == 403
        assert caller.get(f"/cases/{case}/assignment").status_code == 403
    far = house.client("far_head")
    foreign = far.get(f"/cases/{case}/conflicts/{own}")
    assert comparable(foreign) == comparable(far.get(f"/cases/{UNKNOWN_CASE}/conflicts/{own}"))
    nobody = head.get(f"/cases/{case}/conflicts/{id_of(house, 'colleague')}")
    assert nobody.status_code == 404
    log = str(entries(house))
    assert "Grèbe" not in log
    assert faults(house.settings) == []


def test_where_nobody_can_take_the_case_it_waits_without_a_coach(house: House) -> None:
    coach, head, made = house.client("coach"), house.client("head"), people(house)
    case = made.case()
    assert coach.post(f"/cases/{case}/conflicts", json={"reason": WHY}).status_code == 201
    assert coach.get(f"/cases/{case}").status_code == 404
    assert coach_name(head, case) == ""
    assert case in [line["reference"] for line in head.get("/cases").json()["cases"]]
    made.profile("colleague")
    assert house.client("desk").post(f"/cases/{case}/assignment", json={}).json()["coach"] == "Colleague"
    assert faults(house.settings) == []


def test_a_head_declares_and_lifts_a_conflict_and_a_coach_lifts_none(house: House) -> None:
    coach, head, made = house.client("coach"), house.client("head"), people(house)
    case, colleague = made.case(), made.profile("colleague")
    path = f"/cases/{case}/conflicts"
    assert head.post(path, json=CONFLICT | {"coach": colleague}).status_code == 201
    assert coach_name(head, case) == "Coach", "it was not theirs"
    assert head.post(f"/cases/{case}/assignment", json={"coach": colleague}).status_code == 409
    assert coach.delete(f"{path}/{colleague}").status_code == 403
    assert coach.post(path, json=CONFLICT | {"coach": colleague}).status_code == 403, "a coach speaks for themself"
    assert head.delete(f"{path}/{colleague}").status_code == 200
    assert head.delete(f"{path}/{colleague}").status_code == 404
    assert head.post(f"/cases/{case}/assignment", json={"coach": colleague}).json()["coach"] == "Colleague"
    assert head.post(path, json=CONFLICT | {"coach": colleague, "reason": WHY}).status_code == 201, "declared again"
    assert head.get(f"{path}/{colleague}").json()["reason"] == WHY
    assert coach_name(head, case) != "Colleague"
    for bad in ({"reason": "x"}, {"reason": "x" * 501}, {"reason": WHY, "coach": id_of(house, "desk")}, {}):
        assert head.post(path, json=bad).status_code == 400
    assert faults(house.settings) == []


def test_a_coach_named_with_a_step_stands_in_the_history(house: House) -> None:
    paths, head = Paths(house), house.client("head")
    case = paths.open()
    paths.take(case, Step.TRIAGE)
    people(house).profile("colleague")
    assert head.post(f"/cases/{case}/assignment", json={}).json()["coach"] == "Colleague"
    paths.take(case, Step.INVITE, "desk", coach="coach")
    lines = head.get(f"/cases/{case}/assignment").json()["history"]
    assert [(line["number"], line["before"], line["coach"], line["cause"], line["explanation"]) for line in lines] == [
        (1, "", "Coach", "step", "triage"),
        (2, "Coach", "Colleague", "chosen", "families: load 0/40, least of 1"),
        (3, "Colleague", "Coach", "step", "invite"),
    ]
    assert faults(house.settings) == []


def test_a_case_that_triage_sends_to_another_region_leaves_its_coach_behind(house: House) -> None:
    """Whoever was chosen before is a coach of this region: there the case waits for one of that region."""
    paths, desk = Paths(house), house.client("desk")
    case = paths.open()
    People(house, lambda: case).profile("colleague")
    assert desk.post(f"/cases/{case}/assignment", json={}).json()["coach"] == "Colleague"
    paths.take(case, Step.TRIAGE, coach=None, region="liege")
    assert house.client("colleague").get(f"/cases/{case}/identity").status_code == 404
    told = house.client("far_head").get(f"/cases/{case}/assignment").json()
    assert told["coach"] == ""
    lines = [(line["before"], line["coach"], line["cause"], line["explanation"]) for line in told["history"]]
    assert lines[1:] == [("Colleague", "", "step", "triage")]
    assert faults(house.settings) == []


def test_a_new_place_leaves_coach_and_kind_as_they_are_unless_it_is_an_open_return_place(house: House) -> None:
    """A family stays one although the file knows of no minors; and nobody changes hands for having lost an address."""
    coach, head, made = house.client("coach"), house.client("head"), people(house)
    child = {"family_name": "Inventé", "given_names": "Mineur", "birth_date": "2012-01-01", "relation": "child"}
    facts = CASE["facts"] | {"minors": False}
    case = house.open_case(coach, facts=facts, people=[CASE["people"][0], child])
    made.profile("colleague")
    path = f"/cases/{case}/assignment"
    for place in ("reception", "no_known_address", "known_address"):
        told = head.post(path, json={"place": place})
        assert (told.status_code, told.json()["coach"], told.json()["explanation"]) == (200, "Coach", "place")
        assert head.get(path).json()["coach_type"] == "families"
    assert head.post(path, json={"place": "known_address"}).json()["coach"] == "Colleague", "it asks to choose again"
    moved = head.post(path, json={"place": "reception", "coach": made.profile("third_coach")})
    assert (moved.json()["coach"], head.get(path).json()["coach_type"]) == ("Third Coach", "families")
    assert faults(house.settings) == []


def test_who_moves_into_an_open_return_place_gets_its_coach(house: House) -> None:
    coach, head = house.client("coach"), house.client("head")
    case = house.open_case(coach, facts=CASE["facts"] | {"minors": False})
    for login, kinds in (("colleague", ["individuals", "families"]), ("third_coach", ["open_return"])):
        head.put(f"/coaches/{id_of(house, login)}", json={"types": kinds, "capacity": 5})
    path = f"/cases/{case}/assignment"
    lodged = head.post(path, json={"place": "open_return_place"}).json()
    assert (lodged["coach"], lodged["explanation"]) == ("Third Coach", "open_return: load 0/5, least of 1")
    left = head.post(path, json={"place": "known_address"}).json()
    assert (left["coach"], left["explanation"]) == ("Colleague", "individuals: load 0/5, least of 1")
    same = head.post(path, json={"coach": id_of(house, "colleague"), "coach_type": "families"})
    assert (same.status_code, head.get(path).json()["coach_type"]) == (200, "families"), "a child was found"
    assert head.post(path, json={"coach": id_of(house, "colleague"), "coach_type": "families"}).status_code == 409
    house.hire("desk")
    for body in ({"place": "reception"}, {"coach_type": "families"}):
        assert house.client("desk").post(path, json=body).status_code == 403
    assert faults(house.settings) == []


def test_what_was_confided_is_handed_to_another_coach_by_no_step(lite_house: House) -> None:
    """A new invitation or a walk-in can name whoever meets the person first; later on a head gives a case away."""
    house, paths = lite_house, Paths(lite_house)
    coach = house.client("coach")
    case = house.open_case(coach)
    note = house.write_note(coach, case)
    people(house).profile("colleague")
    paths.take(case, Step.CLOSE, "coach")
    paths.take(case, Step.REOPEN, "coach")
    for login in ("desk", "coach"):
        refused = paths.send(case, Step.WALK_IN, login, coach="colleague")
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "access_denied"), refused.text
    house.clock.move(days=1)
    for login in ("desk", "coach", "colleague", "head"):
        house.renew(login)
    paths.take(case, Step.RECORD_ABSENCE, "desk")
    for login in ("desk", "coach"):
        assert paths.send(case, Step.INVITE, login, coach="colleague").status_code == 403
    assert house.client("colleague").get(f"/cases/{case}/notes/{note}").status_code == 404
    assert paths.send(case, Step.INVITE, "desk", coach="coach").status_code == 201, "its own coach can be named"
    head = house.client("head")
    given = head.post(f"/cases/{case}/assignment", json={"coach": id_of(house, "colleague")})
    assert given.json()["coach"] == "Colleague"
