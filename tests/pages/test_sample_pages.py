"""Samples on the screen: drawn with a reason, read with stand-ins, done with a finding; the coach is told."""

from __future__ import annotations

import pytest

from gateway.case_sample_rules import load_case_sample_rules
from gateway.pages import words
from gateway.settings import Settings
from tests.api.support import entries, since
from tests.house import House, house_on
from tests.pages.visiting import Visitor
from tests.recorded import record_fact
from tests.samples import drawn
from vault.cases.case_samples import Standing
from vault.cases.facts import codes_of
from vault.vocabulary import Kind

FORM = {"reason": "quality", "explanation": "Contrôle mensuel de la qualité des notes", "coach": ""}


def test_a_sample_goes_its_way_on_the_pages(lite_house: House) -> None:
    house = lite_house
    coach = house.client("coach")
    case = house.open_case(coach)
    note = house.write_note(coach, case)
    record_fact(coach, case, "stay-analysis", detail="Vu Aminata Diallo au guichet")
    head = Visitor(house, "head")
    assert "None." in head.look("/samples")
    for wrong in (
        {"explanation": ""},
        {"explanation": "vite"},
        {"reason": ""},
        {"explanation": "tel 0499 00 00 11, vite"},
    ):
        refused = head.send("/samples", 422, **(FORM | wrong))
        assert "There is a problem" in refused
    assert "no number or address of anybody" in refused
    where = head.send("/samples", **FORM).partition("?")[0]
    page = head.look(where)
    for shown in (case, "Coach", FORM["explanation"], "1 case", f"{where}/notes/{note}", "in 7 days"):
        assert shown in page, shown
    assert "Diallo" not in page
    before = len(entries(house))
    text = head.look(f"{where}/notes/{note}")
    assert "[PERSONNE-1]" in text
    assert "Diallo" not in text
    [seen] = [e for e in since(house, before) if e["kind"] == "note"]
    assert (seen["action"], seen["purpose"]) == ("read", "supervision")
    stay = head.send(where, 200, act="stay")
    assert "Way to a right of residence" in stay
    assert "[PERSONNE-1]" in stay
    assert "Diallo" not in stay
    assert "Vu [" not in head.look(where), "the facts stand in the answer to the pressed button alone"
    assert "There is a problem" in head.send(where, 422, act="done", finding="")
    assert "There is a problem" in head.send(where, 422, act="done", finding="vite")
    head.send(where, 404, act="everything")
    head.send(where, act="done", finding="Notes claires, conclusions expliquées")
    after = head.look(where)
    assert "Notes claires, conclusions expliquées" in after
    assert note not in after
    head.look(f"{where}/notes/{note}", 404)
    head.send(where, 404, act="stay")
    assert "done" in head.look("/samples")


def test_the_coach_is_told_on_the_first_page_and_the_cases(lite_house: House) -> None:
    house = lite_house
    case = house.open_case(house.client("coach"))
    other = house.open_case(house.client("colleague"), ov_number="8123457")
    house.client("head")
    drawn(house, coach=house.staff["coach"].id.hex(), reason="complaint")
    coach = Visitor(house, "coach")
    for page in (coach.look("/"), coach.look(f"/cases/{case}")):
        assert "Drawn by lot for your head" in page
        assert "Regional head · After a complaint" in page
        assert "Contrôle mensuel" not in page
    colleague = Visitor(house, "colleague")
    for path in ("/", f"/cases/{other}"):
        assert "Drawn by lot for your head" not in colleague.look(path)
    assert "Drawn by lot for your head" not in Visitor(house, "head").look(f"/cases/{case}")
    house.clock.move(days=20)
    house.renew("coach")
    coach = Visitor(house, "coach")
    assert "Drawn by lot for your head" not in coach.look("/")
    assert "its time is over" in coach.look(f"/cases/{case}")


def test_nobody_but_a_head_has_these_pages(lite_house: House) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    house.client("desk")
    number = drawn(house)
    house.client("far_head")
    for login, status in (("coach", 403), ("desk", 403), ("far_head", 404)):
        Visitor(house, login).look(f"/samples/{number}", status)
    for login in ("coach", "desk"):
        Visitor(house, login).look("/samples", 403)


def test_what_is_too_few_or_spent_is_said_on_the_page(sqlite_settings: Settings) -> None:
    with house_on(sqlite_settings.model_copy(update={"samples_file": None})) as house:
        house.client("coach")
        head = Visitor(house, "head")
        assert "So few cases are active there" in head.send("/samples", 422, **FORM)
        for number in range(3):
            house.open_case(house.client("coach"), ov_number=f"812345{number}")
        for _ in range(4):
            head.send("/samples", **FORM)
        assert "as many cases drawn this month as one head may" in head.look("/samples")
        assert "as many cases drawn this month as one head may" in head.send("/samples", 422, **FORM)


@pytest.mark.parametrize("language", ["fr", "nl", "de"])
def test_the_pages_speak_four_languages(lite_house: House, language: str) -> None:
    house = lite_house
    house.open_case(house.client("coach"))
    house.client("head")
    number = drawn(house)
    head = Visitor(house, "head")
    head.headers["cookie"] = head.headers["cookie"].replace("language=en", f"language={language}")
    page = head.look(f"/samples/{number}")
    assert {"fr": "Terminer l'échantillon", "nl": "De steekproef beëindigen", "de": "Die Stichprobe beenden"}[
        language
    ] in page.replace("&#39;", "'")


def test_every_code_of_a_sample_has_a_word() -> None:
    assert set(words.WORDS["sample_reason"]) == set(load_case_sample_rules().reasons)
    assert set(words.WORDS["sample_standing"]) == {*map(str, Standing)}
    known = {*words.WORDS["fact_value"], *words.WORDS["avenue"]}
    for kind in (Kind.STAY_FACT, Kind.RETURN_FACT):
        for code in codes_of(kind):
            assert code.code in words.WORDS["fact_code"]
            assert {*code.values, *code.statuses} <= known
