"""Where one is signed in, and signing out elsewhere, by page."""

from __future__ import annotations

import re

from tests.house import House
from tests.pages.visiting import Visitor


def test_a_session_that_nobody_knows_is_ended_on_the_page(lite_house: House) -> None:
    elsewhere = Visitor(lite_house, "coach")
    lite_house.clock.move(minutes=1)
    lite_house.renew("coach")
    coach = Visitor(lite_house, "coach")
    page = coach.look("/sessions")
    assert page.count("since") == 2
    found = re.search(r'name="session" value="([0-9a-f]+)"', page)
    assert found is not None
    coach.send("/sessions", session=found[1])
    elsewhere.look("/sessions", 303)
    assert "End all others" not in coach.look("/sessions")


def test_all_others_are_ended_on_the_page(lite_house: House) -> None:
    others = []
    for _ in range(2):
        others.append(Visitor(lite_house, "auditor"))
        lite_house.clock.move(minutes=1)
        lite_house.renew("auditor")
    auditor = Visitor(lite_house, "auditor")
    auditor.send("/sessions")
    for other in others:
        other.look("/sessions", 303)
    auditor.look("/sessions")
