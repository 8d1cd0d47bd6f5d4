"""Erasing a case on the screen: a head asks, the data protection officer answers, each in two presses."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from gateway.pages import words
from gateway.pages.erasures import as_shipped
from gateway.retention_rules import load_retention_rules
from tests.api.support import entries, since
from tests.erasures import approved, ask, carry_out, closed_case, full_case, rows
from tests.house import UNKNOWN_CASE, House
from tests.pages.visiting import Visitor
from vault.lifecycle.erasure import Refusal, Standing
from vault.lifecycle.holds import WHY, Hold
from vault.storage import tables as t

SURE = {"sure": "yes"}


def older(house: House, days: int) -> None:
    house.clock.move(days=days)
    for login in list(house.tokens):
        house.renew(login)


def numbers(house: House) -> list[str]:
    return [row["erasure_id"].hex() for row in rows(house, t.erasures)]


def test_a_case_is_erased_by_two_people_in_two_presses_each(house: House) -> None:
    case = closed_case(house)
    place = f"/cases/{case}/erasure"
    head, dpo = Visitor(house, "head"), Visitor(house, "dpo")
    assert "No closed case of your region is due" in head.look("/erasures")
    assert place in head.look(f"/cases/{case}"), "the case's own page leads there"
    page = head.look(place)
    assert "Right to erasure, upon the request of the person (GDPR, art. 17(1))" in page
    assert "Diallo" not in page
    assert "There is a problem" in head.send(place, 422)
    assert "There is a problem" in head.send(place, 422, ground="nonsense", **SURE)
    sure = head.send(place, 200, ground="person_asks")
    assert "Ask that this case be erased?" in sure
    assert "nobody can undo it" in sure
    assert numbers(house) == [], "the first press asks nothing"
    assert head.send(place, ground="person_asks", **SURE) == f"{place}?done=erasure_asked"
    assert "waits for the data protection officer" in head.look("/erasures")
    assert "Somebody asked for this already" in head.send(place, 422, ground="unlawful", **SURE)
    [number] = numbers(house)

    assert "1 request to erase a case waits for your answer" in dpo.look("/")
    assert number in dpo.look("/erasures")
    there = f"/erasures/{number}"
    page = dpo.look(there)
    asked = rows(house, t.erasures)[0]["asked_by"]
    for told in ("L-", asked, "Right to erasure, upon the request of the person (GDPR, art. 17(1))"):
        assert told in page, told
    assert case not in page
    assert "There is a problem" in dpo.send(there, 422)
    assert "There is a problem" in dpo.send(there, 422, said="later", **SURE)
    sure = dpo.send(there, 200, said="approved")
    assert "Agree that this case be erased?" in sure
    assert rows(house, t.erasure_words) == [], "the first press says nothing"
    assert carry_out(house) == 0
    assert dpo.send(there, said="approved", **SURE) == f"{there}?done=erasure_approved"
    assert "This was answered already" in dpo.send(there, 422, said="still_needed", **SURE)
    assert "waits for your answer" not in dpo.look("/")
    assert number not in dpo.look("/erasures")
    assert number in dpo.look("/erasures?all=1")
    assert "agreed: it will be erased" in head.look(place)
    assert carry_out(house) == 1
    assert case not in head.look("/erasures")
    assert head.status(place) == head.status(f"/cases/{UNKNOWN_CASE}/erasure") == 404


@pytest.mark.parametrize("code", [code.value for code in Refusal])
def test_the_officer_refuses_with_a_code_and_the_head_may_ask_again(lite_house: House, code: str) -> None:
    house, case = lite_house, closed_case(lite_house)
    head, dpo = Visitor(house, "head"), Visitor(house, "dpo")
    head.send(f"/cases/{case}/erasure", ground="ordered", **SURE)
    [number] = numbers(house)
    assert "Refuse that this case be erased?" in dpo.send(f"/erasures/{number}", 200, said=code)
    dpo.send(f"/erasures/{number}", said=code, **SURE)
    assert [row["code"] for row in rows(house, t.erasure_words)] == [code]
    for page in (dpo.look(f"/erasures/{number}"), dpo.look("/erasures?all=1")):
        assert words.WORDS["erasure_refusal"][code] in page
    assert carry_out(house) == 0
    place = f"/cases/{case}/erasure"
    for page in (head.look(place), head.look("/erasures")):
        assert "the data protection officer refused" in page
        assert words.WORDS["erasure_refusal"][code] in page, "the head is told why"
    head.send(place, ground="person_asks", **SURE)
    assert len(numbers(house)) == 2
    for page in (head.look(place), head.look("/erasures")):
        assert words.WORDS["erasure_refusal"][code] not in page, "it was asked anew"


def test_what_is_not_due_is_told_and_listed_by_a_later_day(lite_house: House) -> None:
    house, case = lite_house, closed_case(lite_house)
    head, place = Visitor(house, "head"), f"/cases/{case}/erasure"
    assert "only once it is due" in head.look(place)
    for form in ({}, SURE):
        assert "This ground can be used only once the case is due." in head.send(
            place, 422, ground="retention_over", **form
        )
    assert case not in head.look("/erasures")
    assert case in head.look("/erasures?by=2028-11-03")
    assert head.status("/erasures?by=soon") == 400
    older(house, 731)
    head = Visitor(house, "head")
    assert place in head.look("/erasures")
    assert "only once it is due" not in head.look(place)
    head.send(place, ground="retention_over", **SURE)
    assert len(numbers(house)) == 1


def test_what_holds_a_case_is_said_in_words_and_nothing_is_asked(lite_house: House) -> None:
    house, coach = lite_house, lite_house.client("coach")
    case = full_case(house)
    house.refer(coach, case)
    assert coach.post(f"/cases/{case}/steps/close", json={"outcome": "STAY_OBTAINED"}).status_code == 201
    head, place = Visitor(house, "head"), f"/cases/{case}/erasure"
    for page in (
        head.look(place),
        head.look("/erasures?by=2030-01-01"),
        head.send(place, 422, ground="person_asks", **SURE),
    ):
        assert WHY[Hold.REFERRAL] in page
    assert "Something holds this case" in page or "Something holds this case" in head.send(
        place, 422, ground="person_asks"
    )
    assert "<form" not in head.look(place).partition("<main")[2].partition("</main")[0], "there is nothing to press"
    assert numbers(house) == []


def test_nobody_else_has_these_pages_and_no_other_region(lite_house: House) -> None:
    house, case = lite_house, closed_case(lite_house)
    living = full_case(house)
    assert ask(house, case).status_code == 201
    [number] = numbers(house)
    head, far = Visitor(house, "head"), Visitor(house, "far_head")
    head.look(f"/cases/{UNKNOWN_CASE}/erasure", 404)
    head.send(f"/cases/{UNKNOWN_CASE}/erasure", 404, ground="person_asks", **SURE)
    told = set()
    for wanted in (case, living, UNKNOWN_CASE):
        place = f"/cases/{wanted}/erasure"
        told.add(_alike(far.look(place, 404), wanted))
        told.add(_alike(far.send(place, 404, ground="person_asks", **SURE), wanted))
    assert len(told) == 1
    assert case not in far.look("/erasures?by=2030-01-01")
    for login, status in (("far_head", 404), ("coach", 403), ("colleague", 404), ("desk", 404)):
        stranger = Visitor(house, login)
        assert stranger.status(f"/cases/{case}/erasure") in {status, 403}, login
        assert "Have it erased" not in stranger.look("/"), login
        if login != "far_head":
            stranger.look("/erasures", 403)
    assert far.status(f"/cases/{case}/erasure") == 404
    for login in ("auditor", "operator"):
        stranger = Visitor(house, login)
        stranger.look("/erasures", 403)
        stranger.look(f"/erasures/{number}", 403)
        stranger.send(f"/erasures/{number}", 403, said="approved", **SURE)
        assert "waits for your answer" not in stranger.look("/")
    Visitor(house, "dpo").look(f"/erasures/{'0' * 32}", 404)
    assert rows(house, t.erasure_words) == []


def _alike(page: str, case: str) -> str:
    """A page without what names the look and the case that was asked for."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "", page.replace(case, ""))


def test_a_case_that_is_not_closed_says_that_this_holds_it_and_offers_nothing_to_press(lite_house: House) -> None:
    house, case = lite_house, full_case(lite_house)
    head, place = Visitor(house, "head"), f"/cases/{case}/erasure"
    for page in (head.look(place), head.send(place, 422, ground="person_asks", **SURE)):
        assert WHY[Hold.OPEN] in page
        assert "<form" not in page.partition("<main")[2].partition("</main")[0]
        assert "Due on" not in page
    assert "Something holds this case" in page
    assert case not in head.look("/erasures?by=2030-01-01"), "the list is of closed cases"
    assert place not in head.look(f"/cases/{case}"), "nor does the case's own page lead there"
    assert numbers(house) == []


def test_what_was_agreed_about_a_case_that_was_reopened_since_is_not_said_to_go_by_itself(lite_house: House) -> None:
    house, case = lite_house, closed_case(lite_house)
    approved(house, case)
    head, place = Visitor(house, "head"), f"/cases/{case}/erasure"
    assert "It is erased by itself" in head.look(place)
    house.step(house.client("coach"), case, "reopen", day="2026-11-20", language="fr", leaflet="2026-1")
    page = head.look(place)
    assert WHY[Hold.OPEN] in page
    assert "It is erased by itself" not in page
    assert carry_out(house) == 0
    assert "lapsed: the case was reopened" in head.look(place)


DUE = {
    "en": ("1 closed case may be kept no longer: it", "2 closed cases may be kept no longer: they"),
    "fr": ("1 dossier clos ne peut plus être conservé", "2 dossiers clos ne peuvent plus être conservés"),
    "nl": ("1 afgesloten dossier mag niet", "2 afgesloten dossiers mogen niet"),
    "de": ("1 geschlossene Akte darf nicht", "2 geschlossene Akten dürfen nicht"),
}


def test_a_heads_first_page_counts_what_is_due_and_waits_for_nobody_else(lite_house: House) -> None:
    house = lite_house
    case, *_ = closed_case(house), closed_case(house), full_case(house)
    head = Visitor(house, "head")

    def told(visitor: Visitor, language: str = "en") -> str:
        visitor.headers["cookie"] = visitor.headers["cookie"][:-2] + language
        page = visitor.look("/")
        line = re.search(r'<a class="govuk-link" href="/pages/casework/erasures">([^<]+)</a>', page)
        return line.group(1) if line else ""

    assert told(head) == "", "closed, and not due"
    assert ask(house, case).status_code == 201
    assert told(head) == ""
    house.clock.move(days=731)
    for login in list(house.tokens):
        house.renew(login)
    head, far = Visitor(house, "head"), Visitor(house, "far_head")
    for language, (one, _) in DUE.items():
        assert told(head, language).startswith(one), f"{language}: the other waits for the officer's word"
    number = numbers(house)[0]
    assert house.client("dpo").post(f"/erasures/{number}/refuse", json={"code": "ground_not_met"}).status_code == 201
    for language, (_, both) in DUE.items():
        assert told(head, language).startswith(both), language
    assert told(far) == told(Visitor(house, "coach")) == ""
    for row in house.client("head").get("/erasures").json()["cases"]:
        approved(house, row["reference"], "retention_over")
    assert told(head) == ""


def test_a_forged_request_is_marked_counts_for_nobody_and_is_not_answered(lite_house: House) -> None:
    house, case = lite_house, closed_case(lite_house)
    assert ask(house, case).status_code == 201
    [number] = numbers(house)
    house.services.store.main.raw.execute("UPDATE erasures SET ground = 'ordered', entry_id = ?", (_another(house),))
    dpo = Visitor(house, "dpo")
    assert "waits for your answer" not in dpo.look("/")
    for page in (dpo.look("/erasures"), dpo.look(f"/erasures/{number}")):
        assert "forged" in page
    assert "There is a problem" in dpo.send(f"/erasures/{number}", 422, said="approved", **SURE)
    assert rows(house, t.erasure_words) == []


def _another(house: House) -> bytes:
    [entry] = house.services.store.main.raw.execute(
        "SELECT entry_id FROM entries WHERE entry_id NOT IN (SELECT entry_id FROM erasures) LIMIT 1"
    ).fetchone()
    found: bytes = entry
    return found


def test_looking_is_logged_and_the_log_is_asked_for_a_count_when_one_comes_in_alone(lite_house: House) -> None:
    house, case = lite_house, closed_case(lite_house)
    head, dpo = Visitor(house, "head"), Visitor(house, "dpo")

    def looks(visitor: Visitor, path: str) -> list[Any]:
        before = len(entries(house))
        visitor.look(path)
        return [(e["action"], e["purpose"]) for e in since(house, before) if e["kind"] == "erasure"]

    for path in ("/erasures", f"/cases/{case}/erasure", "/"):
        assert looks(head, path) == [("list", "case_administration")], path
    assert looks(dpo, "/erasures") == looks(dpo, "/") == [("list", "data_protection")]
    assert looks(dpo, "/?decision=deny") == looks(Visitor(house, "auditor"), "/") == []


@pytest.mark.parametrize("language", ["fr", "nl", "de"])
def test_the_pages_speak_four_languages_and_keep_what_was_chosen(lite_house: House, language: str) -> None:
    house, case = lite_house, closed_case(lite_house)
    head, place = Visitor(house, "head"), f"/cases/{case}/erasure"
    page = head.send(place, 200, ground="unlawful", sure="yes", _language=language)
    assert {"fr": "Oui, demander l'effacement", "nl": "Ja, vragen dat het wordt gewist",
            "de": "Ja, die Löschung beantragen"}[language] in html.unescape(page)  # fmt: skip
    assert 'name="ground" value="unlawful"' in page
    assert numbers(house) == [], "another language asks for nothing"
    chosen = head.send(place, 200, ground="ordered", _language=language)
    assert 'value="ordered" checked' in chosen
    assert "/erasure" in chosen


def test_every_code_has_its_word_and_an_offices_own_text_stands_as_written() -> None:
    grounds = load_retention_rules().grounds
    assert {code: ground.text for code, ground in grounds.items()} == words.WORDS["erasure_ground"]
    assert not as_shipped("ordered", "Our own text")
    assert set(words.WORDS["erasure_hold"]) == {*map(str, Hold)}
    assert set(words.WORDS["erasure_standing"]) == {*map(str, Standing), "forged"}
    assert set(words.WORDS["erasure_refusal"]) == {*map(str, Refusal)}
    assert set(words.WORDS["erasure_said"]) == {*map(str, Refusal), "approved"}
