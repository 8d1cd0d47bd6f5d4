"""Lawful exceptions by pages: filed, seen in the queue, let go, taken note of, told, read, taken back, stopped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.exception_rules import load_exception_rules
from tests import excepted
from tests.api.support import counts, entries, since
from tests.house import UNKNOWN_CASE, House
from tests.pages.visiting import Visitor

#: A form as the page sends it.
FORM: Final[dict[str, Any]] = {
    "basis": "court_order/partner:fedasil", "items": ["family_name", "address"],
    "reason": "Ordonnance du juge d'instruction du 2 novembre", "hours": "72", "ground": "", "until": "",
}  # fmt: skip


@pytest.fixture
def house(lite_house: House) -> House:
    lite_house.client("coach")
    return lite_house


@pytest.fixture
def case(house: House) -> str:
    return house.open_case(house.client("coach"))


def test_an_exception_goes_its_whole_way_by_pages_but_for_the_signatures(house: House, case: str) -> None:
    coach, head, dpo, court = (Visitor(house, login) for login in ("coach", "head", "dpo", "fedasil"))
    at = f"/cases/{case}/exceptions"
    for page in (coach, head):
        assert at in page.look(f"/cases/{case}"), "reached from the case"
    assert "This case has none" in coach.look(at)
    place = coach.send(f"{at}/new", **FORM)
    assert place == f"{at}?done=exception_filed"
    shown = coach.look(at)
    assert all(text in shown for text in ("Fedasil", "Order of a court", "Family name", "Before the approvers"))
    assert "it lapses, and nothing leaves" in shown
    number = excepted.lines(house, case)[0]["request"]
    assert "Look at it, and answer" in head.look(at)
    for login in ("dpo", "head"):
        assert excepted.sign_for(house, number, login).status_code == 201
    assert "to send" in head.look("/requests")
    assert 'href="#disclose"' in head.look(f"/requests/{number}")
    head.send(f"/requests/{number}", act="disclose", based_on="1")
    waiting = dpo.look("/requests").partition('">Over <')[0]
    assert number in waiting, "what is to be noted waits"
    assert 'href="#acknowledge"' in dpo.look(f"/requests/{number}")
    dpo.send(f"/requests/{number}", act="acknowledge", based_on="1")
    assert number not in dpo.look("/requests").partition('">Over <')[0]
    assert f"{at}/{number}/told" in head.look(f"/requests/{number}")
    assert number in head.look("/requests").partition('">Over <')[0], "the person is to be told"
    told = coach.look(f"{at}/{number}/told")
    assert all(text in told for text in ("Family name, Address", "is to be told by", "Fedasil"))
    assert coach.send(f"{at}/{number}/told") == f"{at}?done=exception_told"
    assert "The person was told on" in coach.look(at)
    assert "no button" not in coach.send(f"{at}/{number}/told", 422)
    release = excepted.lines(house, case)[0]["disclosure"]
    assert f"/disclosures/{release}" in court.look("/disclosures")
    assert "Given by law" in court.look("/")
    before = len(entries(house))
    assert "Diallo" not in court.look(f"/disclosures/{release}"), "shown after a click"
    assert since(house, before) == []
    shown = court.send(f"/disclosures/{release}", 200)
    assert all(text in shown for text in ("Diallo", "rue des Tilleuls", "Order of a court", "days left"))
    assert "Aminata" not in shown
    assert [(e["action"], e["object"]) for e in since(house, before)] == [("read", release)]
    form = {"act": "take_back", "based_on": "1", "grant": release, "manner": "exception"}
    assert "There is a problem" in dpo.send(f"/requests/{number}", 422, **form, cause="")
    dpo.send(f"/requests/{number}", **form, cause="misused")
    court.send(f"/disclosures/{release}", 404)
    assert "Taken back" in court.look("/disclosures")
    assert "it was misused" in dpo.look(f"/requests/{number}").lower()
    for page in (coach, head):
        assert "the recipient finds nothing any more" in page.look(at)


def test_single_facts_are_shown_after_a_click_by_code_and_date_and_leave_by_code(house: House, case: str) -> None:
    coach, at = Visitor(house, "coach"), f"/cases/{case}/exceptions/new"
    fact = excepted.fact_of(house, case)
    stay = {"code": "avenue", "value": "9ter", "status": "considered"}
    excepted.fact_of(house, case, compartment="stay-analysis", **stay)
    over = excepted.fact_of(house, case, value="addiction", holds=False)
    before = len(entries(house))
    page = coach.look(at)
    assert "Show the single facts" in page
    assert fact not in page
    assert {e["action"] for e in since(house, before)} == {"list"}, "nothing is opened to look at the form"
    page = coach.send(at, 200, **FORM | {"_facts": "show", "items": ["birth_date"]})
    assert "There is a problem" not in page
    assert f'value="sensitive_fact:{fact}"' in page
    assert "protected matters: Health" in page
    assert 'value="birth_date" checked' in page, "what was ticked and typed stays"
    assert "Ordonnance du juge" in page
    for hidden in ("confié", "pregnancy", "Pregnancy", over, "stay_fact", "9ter"):
        assert hidden not in page
    assert {e["kind"] for e in since(house, before) if e["action"] == "read"} == {
        "whereabouts", "sensitive_fact", "return_fact",
    }  # fmt: skip
    coach.send(at, **FORM | {"items": [f"sensitive_fact:{fact}"]})
    number = excepted.lines(house, case)[0]["request"]
    for login in ("dpo", "head"):
        assert excepted.sign_for(house, number, login).status_code == 201
    release = excepted.disclose(house, number)
    shown = Visitor(house, "fedasil").send(f"/disclosures/{release}", 200)
    assert all(text in shown for text in ("Health", "Pregnancy", "protected matters"))
    assert "confié" not in shown


def test_a_head_names_fields_and_is_shown_no_single_fact(house: House, case: str) -> None:
    fact, at = excepted.fact_of(house, case), f"/cases/{case}/exceptions/new"
    head = Visitor(house, "head")
    page = head.look(at)
    assert "Single facts are named by the coach" in page
    assert "Show the single facts" not in page
    assert fact not in head.send(at, 200, **FORM | {"_facts": "show"})
    head.send(at, **FORM)
    assert [line["standing"] for line in excepted.lines(house, case)] == ["open"]


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"basis": ""}, "basis", "Choose who gets it"), ({"basis": "court_order/x"}, "basis", "Choose"),
        ({"basis": "imminent_danger/partner:fedasil"}, "basis", "Choose"),
        ({"basis": "court_order/partner:caritas"}, "basis", "Choose"),
        ({"items": []}, "items", "Tick at least one item"), ({"items": ["family_name"] * 13}, "items", "Tick"),
        ({"items": [f"sensitive_fact:{'ab' * 16}"]}, "items", "none of this case"),
        ({"items": ["note"]}, "items", "none of this case"), ({"reason": ""}, "reason", "name nobody"),
        ({"reason": "Le juge veut savoir où vit Diallo"}, "reason", "name nobody"),
        ({"reason": "court"}, "reason", "10 to 500"), ({"hours": ""}, "hours", "whole number"),
        ({"hours": "x"}, "hours", "whole number"), ({"hours": "337"}, "hours", "no more than"),
        ({"ground": "secret_inquiry"}, "until", "or neither"), ({"until": "2026-12-31"}, "ground", "or neither"),
        ({"ground": "because", "until": "2026-12-31"}, "ground", "or neither"),
        ({"ground": "secret_inquiry", "until": "2020-12-31"}, "until", "not past"),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_used_says_what_to_do_and_keeps_what_was_typed(
    house: House, case: str, changed: dict[str, Any], field: str, says: str
) -> None:
    rows = counts(house)
    sent = FORM | changed
    page = Visitor(house, "coach").send(f"/cases/{case}/exceptions/new", 422, **sent)
    assert "There is a problem" in page
    [link] = re.findall(rf'<a href="#{field}">([^<]*)</a>', page)
    assert says in link
    assert f'id="{field}"' in page
    assert counts(house) == rows
    for name in ("reason", "hours", "until"):
        assert sent[name] in page
    if sent["basis"] == FORM["basis"]:
        assert f'value="{sent["basis"]}" selected' in page
    for item in set(sent["items"]) & set(FORM["items"]):
        assert f'value="{item}" checked' in page


def test_where_the_file_lists_nobody_the_page_says_so(house: House, case: str) -> None:
    shipped = Path(load_exception_rules.__code__.co_filename).parent / "exceptions.toml"
    house.settings = house.settings.model_copy(update={"exceptions_file": shipped})
    house.reopen()
    for login in ("coach", "head"):
        page = Visitor(house, login).look(f"/cases/{case}/exceptions/new")
        assert "lists nobody who may be given anything" in page
        assert 'name="items"' not in page


def test_pages_of_a_case_are_for_its_people_and_a_foreign_case_reads_like_none(house: House, case: str) -> None:
    number, release = excepted.disclosed(house, case)
    for login, status in (("desk", 403), ("colleague", 404), ("far_head", 404)):
        page = Visitor(house, login)
        for path in ("", "/new", f"/{number}/told"):
            assert page.status(f"/cases/{case}/exceptions{path}") == status
            assert page.status(f"/cases/{UNKNOWN_CASE}/exceptions{path}") == status
        assert "Order of a court" not in page.send(f"/cases/{case}/exceptions/new", status, **FORM)
        page.send(f"/cases/{case}/exceptions/{number}/told", status)
    other = house.open_case(house.client("coach"), ov_number="8123457")
    Visitor(house, "coach").look(f"/cases/{other}/exceptions/{number}/told", 404)
    assert "Nothing can be opened now" in Visitor(house, "caritas").look("/disclosures")
    Visitor(house, "caritas").send(f"/disclosures/{release}", 404)


def test_a_recipient_without_a_protocol_is_told_so(house: House, case: str) -> None:
    excepted.disclosed(house, case)
    house.client("fedasil")
    house.settings = house.settings.model_copy(update={"protocols_file": None})
    house.reopen()
    page = Visitor(house, "fedasil").look("/disclosures")
    assert "no published protocol" in page
    assert "/pages/partner/fedasil/withdrawals" in page, "the way on is shown"


def test_the_days_that_count_are_explained_while_a_notice_is_forbidden_and_late(house: House, case: str) -> None:
    number, _ = excepted.disclosed(house, case, silence=excepted.SILENCE)
    at = f"/cases/{case}/exceptions"
    page = Visitor(house, "coach").look(at)
    assert all(text in page for text in ("must not be told", "Secrecy of a criminal inquiry", "31 December 2026"))
    assert f"{number}/told" not in page
    assert "must not be told yet" in Visitor(house, "coach").look(f"{at}/{number}/told")
    Visitor(house, "coach").send(f"{at}/{number}/told", 422)
    house.clock.move(days=100)
    for login in ("coach", "head"):
        house.renew(login)
    page = Visitor(house, "coach").look(at)
    assert "should have been told by" in page
    assert f"{number}/told" in page
    assert "the person was not told" in Visitor(house, "head").look("/requests")


def test_an_approvers_question_and_refusal_are_told_to_who_filed(house: House, case: str) -> None:
    first, second = excepted.file(house, case), excepted.file(house, case)
    Visitor(house, "dpo").send(f"/requests/{first}", act="ask", based_on="1", question="why_so_long")
    Visitor(house, "dpo").send(f"/requests/{second}", act="refuse", based_on="1", reason="disproportionate")
    page = Visitor(house, "coach").look(f"/cases/{case}/exceptions")
    assert all(text in page for text in ("Why for so long?", "File it anew", "It asks for too much."))


def test_an_exception_goes_its_way_by_the_approvers_pages(lite_house: House) -> None:
    house = lite_house
    case = house.open_case(house.client("coach"))
    number = excepted.file(house, case, silence=excepted.SILENCE)
    head, dpo = Visitor(house, "head"), Visitor(house, "dpo")
    for page in (head, dpo):
        assert "lawful exception" in page.look("/requests")
        shown = page.look(f"/requests/{number}")
        assert all(
            text in shown for text in ("partner:fedasil", "Family name", "Order of a court", "Secrecy of a criminal")
        )
        assert "A lawful exception needs your own signature" in shown
        assert "Diallo" not in shown, "names of items, never what stands in them"
    assert case in head.look(f"/requests/{number}")
    assert case not in dpo.look(f"/requests/{number}")
    for login in ("dpo", "head"):
        assert excepted.sign_for(house, number, login).status_code == 201
    assert "Send the items" not in dpo.look(f"/requests/{number}")
    head.send(f"/requests/{number}", act="disclose", based_on="1")
    assert "take note" in dpo.look("/requests")
    dpo.send(f"/requests/{number}", act="acknowledge", based_on="1")
    assert "took note" in dpo.look(f"/requests/{number}")
    assert "must not be told yet" in head.look(f"/requests/{number}")
    release = excepted.lines(house, case)[0]["disclosure"]
    assert excepted.read(house, release).status_code == 200
    form = {"act": "take_back", "based_on": "1", "grant": release, "manner": "exception", "cause": "misused"}
    head.send(f"/requests/{number}", **form)
    assert excepted.read(house, release).status_code == 404


def test_a_protocol_that_is_missing_is_said_there(lite_house: House) -> None:
    house = lite_house
    number = excepted.signed(house, house.open_case(house.client("coach")))
    house.settings = house.settings.model_copy(update={"protocols_file": None})
    house.reopen()
    told = Visitor(house, "head").send(f"/requests/{number}", 422, act="disclose", based_on="1")
    assert "No published protocol with that body covers this" in told
