"""Lawful exceptions on the approvers' pages: seen in the queue, let go, taken note of, taken back."""

from __future__ import annotations

from tests import excepted
from tests.house import House
from tests.pages.visiting import Visitor


def test_an_exception_goes_its_way_by_the_approvers_pages(lite_house: House) -> None:
    house = lite_house
    case = house.open_case(house.client("coach"))
    number = excepted.file(house, case, silence=excepted.SILENCE)
    head, dpo = Visitor(house, "head"), Visitor(house, "dpo")
    for page in (head, dpo):
        assert "lawful exception" in page.look("/requests")
        shown = page.look(f"/requests/{number}")
        assert all(text in shown for text in ("partner:fedasil", "Family name", "Order of a court", "secret_inquiry"))
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
