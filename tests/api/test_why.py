"""Explained refusals: what is missing and who could help, in four languages, and nothing about any case."""

from __future__ import annotations

import re
import secrets

import pytest

from tests.api.stage import Stage
from tests.api.support import RecordingFirewall, entries, since
from tests.crash.hooks import watched
from tests.house import STAFF, House, house_on
from vault.ids import CaseId
from vault.usecases.casework import reference

WHY_NOT = "a regional head reads notes of a sample alone and asks for one with a reason"
ASKED = "?action=read&kind=note&purpose=coaching"


def test_a_coach_hears_on_what_it_depends_and_who_could_help(lite_house: House) -> None:
    told = lite_house.client("colleague").get(f"/why{ASKED}").json()
    assert told["possible"] is True
    ways, give, alike = told["sentences"]
    assert ways.startswith("A coach may read notes for coaching, ")
    assert "once the case is closed" in ways
    assert ways.endswith(", if the case is assigned to the person who asks.")
    assert give == "Assigning a case is up to the regional head."
    assert alike == "An unknown case and one that is not for you get the same answer: it does not say which exists."


@pytest.mark.parametrize(
    ("language", "says", "task"),
    [
        ("en", "No rule lets a desk officer do this", "It is the task of: a coach."),
        ("fr", "Aucune règle ne permet cela à un agent d'accueil", "C'est la tâche de\u00a0: un coach."),
        ("nl", "Geen enkele regel staat dit toe aan een onthaalmedewerker", "Dit is de taak van: een coach."),
        ("de", "Keine Regel erlaubt dies für eine Empfangskraft", "Das ist die Aufgabe von: ein Coach."),
    ],
)
def test_whoever_never_may_hears_whose_task_it_is(lite_house: House, language: str, says: str, task: str) -> None:
    told = lite_house.client("desk").get(f"/why{ASKED}&language={language}").json()
    assert told["possible"] is False
    assert told["sentences"][0].startswith(says)
    assert told["sentences"][1] == task


def test_no_answer_names_a_rule_or_depends_on_a_case(lite_house: House) -> None:
    before = {login: lite_house.client(login).get("/why").json() for login in STAFF}
    Stage(lite_house).sheet()
    Stage(lite_house).referral("caritas")
    ids = {rule.id for rule in RecordingFirewall().current.table.source.rules}
    for login, told in before.items():
        assert lite_house.client(login).get("/why").json() == told, "the same, whatever happened meanwhile"
        assert told["possible"] is True
        assert not any(rule in " ".join(told["sentences"]) for rule in ids)


def test_explaining_looks_at_the_session_and_nothing_else(house_settings: object) -> None:
    with watched() as steps, house_on(house_settings) as house:  # type: ignore[arg-type]
        officer = house.client("officer")
        before = len(entries(house))
        steps.said.clear()
        for query in ("", ASKED, "?kind=outcome_sheet&language=fr"):
            assert officer.get(f"/why{query}").status_code == 200
        assert not [said for said in steps.said if re.search(r"\b(casework|cases|releases)\b", said)]
        assert since(house, before) == []


def test_strange_words_are_refused_and_strangers_too(lite_house: House) -> None:
    coach = lite_house.client("coach")
    for query in ("?action=devour", "?kind=diary", "?purpose=curiosity", "?language=eo"):
        assert coach.get(f"/why{query}").status_code == 400, query
    assert lite_house.app.get("/casework/why").status_code == 401
    officer = {"authorization": f"Bearer {lite_house.client('officer').token}"}
    assert lite_house.app.get("/casework/why", headers=officer).status_code == 401


def test_the_data_protection_officer_sees_which_rules(lite_house: House) -> None:
    house = lite_house
    coach, colleague = house.client("coach"), house.client("colleague")
    case = house.open_case(coach)
    note = house.write_note(coach, case)
    assert colleague.get(f"/cases/{case}/notes/{note}").status_code == 404
    refused = entries(house)[-1]
    assert house.client("head").get(f"/cases/{case}/notes").status_code == 403
    forbidden = entries(house)[-1]
    dpo = house.client("dpo")
    told = dpo.get(f"/entries/{refused['entry']}/why?language=nl").json()
    assert (told["decision"], told["rule"], told["current"]) == ("deny", "", True)
    assert told["would_allow"] == {"cw-11": "a coach reads the notes of their own case"}
    assert told["sentences"][0].startswith("Een coach mag notities lezen voor begeleiding")
    told = dpo.get(f"/entries/{forbidden['entry']}/why").json()
    assert (told["rule"], told["rule_says"]) == ("cw-73", WHY_NOT)
    assert told["would_allow"] == {}


def test_only_oversight_explains_entries_and_looking_is_logged(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    entry = next(each for each in entries(house) if each["kind"] == "notice")
    auditor = house.client("auditor")
    before = len(entries(house))
    assert auditor.get(f"/entries/{entry['entry']}/why").status_code == 200
    assert [each["kind"] for each in since(house, before)] == ["audit_entry"]
    token = {"authorization": f"Bearer {house.client('coach').token}"}
    assert house.app.get(f"/oversight/entries/{entry['entry']}/why", headers=token).status_code == 401
    opened = next(each for each in entries(house) if each["action"] == "lane_opened")
    for unknown in (opened["entry"], secrets.token_hex(16)):
        assert auditor.get(f"/entries/{unknown}/why").status_code == 404
    assert auditor.get(f"/entries/{reference(CaseId(bytes(16)))}/why").status_code == 400
