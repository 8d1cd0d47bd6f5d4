"""The pages of gated access: asked, answered by two, let go, read after a click, taken back; what they never say."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from tests.asked import ask, granted, named, sign_for, taken
from tests.house import House
from tests.pages.visiting import Visitor

NUMBER: Final = "7.500.002"
FORM: Final = {
    "naming": "ov_number", "value": NUMBER, "fields": ["family_name", "procedure_pending"], "basis": "oqt_execution",
    "reason": "Pour réserver un vol", "hours": "24",
}  # fmt: skip


@pytest.fixture
def house(lite_house: House) -> House:
    lite_house.open_case(lite_house.client("coach"), ov_number=NUMBER)
    return lite_house


def test_a_request_goes_its_way_by_pages(house: House) -> None:
    officer, head, dpo = (Visitor(house, login) for login in ("officer", "head", "dpo"))
    assert "What cannot be asked, and why" in officer.look("/")
    place = officer.send("/requests/new", **FORM).partition("?")[0]
    assert "Before the approvers" in officer.look(place)
    assert re.search("(9|10) days left", officer.look("/"))
    number = place.rpartition("/")[2]
    assert number in head.look("/requests")
    assert number in dpo.look("/requests")
    seen = {who: page.look(f"/requests/{number}") for who, page in (("head", head), ("dpo", dpo))}
    assert "7500002" in seen["head"]
    assert "7500002" not in seen["dpo"]
    assert not any("Diallo" in text for text in seen.values()), "names of fields, never what stands in them"
    form = {"act": "approve", "based_on": "1", "fields": ["family_name", "procedure_pending"]}
    dpo.send(f"/requests/{number}", **form)
    assert "Let them go" not in head.look(f"/requests/{number}")
    head.send(f"/requests/{number}", **form)
    assert "Before the approvers" in officer.look(place), "approvals are not told"
    head.send(f"/requests/{number}", act="let_go", based_on="1")
    grant = re.search(r"/grants/([0-9a-f]{32})", officer.look("/"))
    assert grant is not None
    hidden = officer.look(f"/grants/{grant[1]}")
    assert "Diallo" not in hidden, "shown after a click, which is logged"
    shown = officer.send(f"/grants/{grant[1]}", 200)
    assert all(text in shown for text in ("Diallo", "Granted", "hours left"))
    assert "Aminata" not in shown
    head.send(f"/requests/{number}", act="take_back", based_on="1", grant=grant[1], cause="misused")
    officer.send(f"/grants/{grant[1]}", 404)
    assert "Taken back" in officer.look("/")


def test_a_page_about_nobody_and_one_about_somebody_read_alike(house: House) -> None:
    officer = Visitor(house, "officer")
    texts = []
    for value in (NUMBER, "7.599.999"):
        place = officer.send("/requests/new", **FORM | {"value": value})
        taken(house, place.partition("?")[0].rpartition("/")[2])
        texts.append(re.sub(r"[0-9a-f]{32}|7\d{6}|\d\d:\d\d", "", officer.look(place)))
    assert texts[0] == texts[1]


def test_a_question_is_answered_on_the_page(house: House) -> None:
    officer, head, dpo = (Visitor(house, login) for login in ("officer", "head", "dpo"))
    number = ask(house, about={"by": "ov_number", "value": NUMBER})
    taken(house, number)
    dpo.send(f"/requests/{number}", act="ask", based_on="1", question="why_so_long")
    assert "Why for so long?" in officer.look(f"/requests/{number}")
    body = {"fields": ["procedure_pending"], "basis": "oqt_execution", "reason": "Pour réserver un vol", "hours": "2"}
    officer.send(f"/requests/{number}", **body)
    stale = head.send(f"/requests/{number}", 422, act="approve", based_on="1", fields=["procedure_pending"])
    assert "Somebody changed this in the meantime" in stale
    head.send(f"/requests/{number}", act="refuse", based_on="2", reason="other_means")
    assert "It can be known by other means." in officer.look(f"/requests/{number}")


@pytest.mark.parametrize(
    "changed", [{"value": "12"}, {"fields": []}, {"reason": "court"}, {"hours": "x"}, {"hours": "999"}, {"basis": ""}]
)
def test_a_form_that_cannot_be_used_comes_back_as_it_was(house: House, changed: dict[str, Any]) -> None:
    officer = Visitor(house, "officer")
    sent = FORM | changed
    page = officer.send("/requests/new", 422, **sent)
    assert "There is a problem" in page
    assert f'value="{sent["value"]}"' in page
    assert house.client("officer").get("/access-requests").json()["requests"] == []


def test_nothing_must_be_approved_without_choosing(house: House) -> None:
    head = Visitor(house, "head")
    number = ask(house, about={"by": "ov_number", "value": NUMBER})
    page = head.look("/requests") and head.look(f"/requests/{number}")
    assert 'name="fields" type="checkbox" value="family_name">' in page, "nothing is ticked"
    for act in ("approve", "refuse", "ask", "delegate"):
        assert "There is a problem" in head.send(f"/requests/{number}", 422, act=act, based_on="1")
    head.send(f"/requests/{number}", 404, act="devour", based_on="1")


def test_only_approvers_see_the_queue_and_only_the_asker_the_grant(house: House) -> None:
    release = granted(house, about={"by": "ov_number", "value": NUMBER})
    for login in ("coach", "desk", "auditor"):
        Visitor(house, login).look("/requests", 403)
    Visitor(house, "officer").send(f"/grants/{'ab' * 16}", 404)
    assert "Diallo" in Visitor(house, "officer").send(f"/grants/{release}", 200)


def test_a_ceremony_goes_its_way_by_pages_but_for_the_signatures(house: House) -> None:
    pseudonym = named(house)
    officer, head, dpo = (Visitor(house, login) for login in ("officer", "head", "dpo"))
    form = {"value": pseudonym, "basis": "oqt_execution", "reason": "Au guichet de l'aéroport", "minutes": "5"}
    assert "There is a problem" in officer.send("/requests/ceremony", 422, **form | {"minutes": "99"})
    place = officer.send("/requests/ceremony", **form).partition("?")[0]
    number = place.rpartition("/")[2]
    assert "ceremony" in head.look("/requests")
    for who, page in (("head", head), ("dpo", dpo)):
        seen = page.look(f"/requests/{number}")
        assert "A ceremony needs your own signature" in seen
        assert "for 5 minutes" in seen
        assert 'value="approve"' not in seen
        assert sign_for(house, number, who).status_code == 201
    head.send(f"/requests/{number}", act="begin", based_on="1")
    assert "The ceremony has begun." in officer.look(place)
    ceremony = re.search(r'name="grant" value="([0-9a-f]{32})"', dpo.look(f"/requests/{number}"))
    assert ceremony is not None
    dpo.send(f"/requests/{number}", act="open", based_on="1", grant=ceremony[1])
    assert f"/ceremonies/{ceremony[1]}" in officer.look("/")
    assert "Diallo" not in officer.look(f"/ceremonies/{ceremony[1]}"), "shown after a click, which is logged"
    shown = officer.send(f"/ceremonies/{ceremony[1]}", 200)
    assert all(text in shown for text in ("Diallo", "Aminata", "4 minutes left"))
    assert 'value="take_back"' not in head.look(f"/requests/{number}")
    dpo.send(f"/requests/{number}", act="end", based_on="1", grant=ceremony[1], cause="misused")
    officer.send(f"/ceremonies/{ceremony[1]}", 404)


def _undecided(page: str) -> str:
    """The part of a head's first page that says which requests wait for them."""
    found = re.search(r"Requests that wait for your decision.*?<h2", page, re.DOTALL)
    assert found is not None
    return found[0]


def test_a_heads_first_page_says_which_requests_wait_for_them(house: House) -> None:
    head = Visitor(house, "head")
    assert "(0)" in _undecided(head.look("/"))
    assert "No request waits for your decision." in _undecided(head.look("/"))
    number = ask(house, about={"by": "ov_number", "value": NUMBER})
    told = _undecided(head.look("/"))
    assert "(1)" in told, "taken in by this look: nobody needs to have opened the list before"
    assert f'/requests/{number}"' in told
    assert all(word in told for word in ("runs out on", "Before the approvers"))
    assert "Diallo" not in told
    form = {"act": "approve", "based_on": "1", "fields": ["family_name", "procedure_pending"]}
    head.send(f"/requests/{number}", **form)
    assert number not in _undecided(head.look("/")), "it waits for another function now"
    Visitor(house, "dpo").send(f"/requests/{number}", **form)
    assert number in _undecided(head.look("/")), "a head lets go what both approved"
    head.send(f"/requests/{number}", act="let_go", based_on="1")
    assert number not in _undecided(head.look("/"))


def test_what_was_asked_back_waits_for_who_asked(house: House) -> None:
    head = Visitor(house, "head")
    number = ask(house, about={"by": "ov_number", "value": NUMBER})
    assert number in _undecided(head.look("/"))
    head.send(f"/requests/{number}", act="ask", based_on="1", question="why")
    assert number not in _undecided(head.look("/"))


def test_a_head_elsewhere_and_a_coach_are_not_told(house: House) -> None:
    number = ask(house, about={"by": "ov_number", "value": NUMBER})
    Visitor(house, "head").look("/")
    assert number not in Visitor(house, "far_head").look("/")
    assert "Requests that wait" not in Visitor(house, "coach").look("/")
