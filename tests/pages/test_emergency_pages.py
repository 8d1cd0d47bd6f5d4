"""Emergencies on the screen: asked with a reason, opened by a second person, looked at for minutes, reviewed by two."""

from __future__ import annotations

import re

from gateway.pages import words
from tests import emergencies
from tests.api.support import entries, since
from tests.house import House
from tests.pages.visiting import Visitor
from vault.cases.break_glass import Cause, Standing
from vault.oversight.emergencies import How

REASON = "L'hôpital appelle, elle a perdu connaissance"


def test_an_emergency_goes_its_way_on_the_pages(lite_house: House) -> None:
    house = lite_house
    case = house.open_case(house.client("coach"))
    colleague, head = Visitor(house, "colleague"), Visitor(house, "head")
    form = {"reference": case, "cause": "health", "reason": REASON}
    assert "There is a problem" in colleague.send("/emergencies", 422, **(form | {"reason": "Vite"}))
    assert "There is a problem" in colleague.send("/emergencies", 422, **(form | {"reference": "C-1"}))
    where = colleague.send("/emergencies", **form).partition("?")[0]
    assert REASON in head.look(where)
    assert 'value="open"' not in colleague.look(where), "nobody opens their own"
    colleague.send(where, 404, act="open")
    colleague.send(where, 404, act="identity")
    head.send(where, act="open")
    before = len(entries(house))
    page = colleague.send(where, 200, act="identity")
    assert "Aminata Diallo" in re.sub(r"\s+", " ", page)
    [seen] = [e for e in since(house, before) if e["purpose"] == "emergency"]
    assert (seen["kind"], seen["decision"]) == ("identity", "allow")
    assert "Tilleuls-Inventés" in colleague.send(where, 200, act="contact")
    assert "Diallo" not in colleague.look(where), "looking again is another look"
    head.send(where, 404, act="identity")
    colleague.send(where, act="end")
    colleague.send(where, 404, act="identity")
    assert where in colleague.look("/emergencies")
    for login in ("desk", "far_head"):
        Visitor(house, login).look(where, 403 if login == "desk" else 404)


def test_oversight_reviews_what_was_opened_and_sees_what_may_be_published(lite_house: House) -> None:
    house = lite_house
    case = house.open_case(house.client("coach"))
    emergencies.ask(house, case)
    emergencies.opened(house, case)
    dpo = Visitor(house, "dpo")
    waiting = dpo.look("/emergencies")
    [entry] = set(re.findall(r"/reviews/new\?entry=([0-9a-f]{32})&origin=break_glass", waiting))
    assert dpo.look("/emergencies?all=1").count("waits for a second person") == 1
    assert "fewer than 5" in waiting
    where = dpo.send("/reviews/new", entry=entry, origin="break_glass", reason="").partition("?")[0]
    assert where in dpo.look("/emergencies")


def test_every_code_of_an_emergency_has_a_word() -> None:
    assert set(words.WORDS["cause"]) == {str(cause) for cause in Cause}
    assert set(words.WORDS["emergency_standing"]) == {*map(str, Standing), *map(str, How)}
