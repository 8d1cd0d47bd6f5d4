"""A region's figures on the screen: the numbers of the API, in words, for the head of the region alone."""

from __future__ import annotations

import re

import pytest

from gateway.pages import words
from tests.house import House
from tests.pages.visiting import Visitor
from vault.statistics.measures import DEFINITIONS


def test_the_page_shows_what_the_interface_counts(lite_house: House) -> None:
    coach, head = lite_house.client("coach"), lite_house.client("head")
    lite_house.open_case(coach)
    lite_house.step(coach, lite_house.open_case(coach, ov_number="8123450"), "close", outcome="STAY_OBTAINED")
    told = head.get("/figures?from=2026-01-01&to=2026-11-04&by=outcome").json()
    page = Visitor(lite_house, "head").look("/figures?from=2026-01-01&until=2026-11-03&by=outcome")
    rows = dict(re.findall(r'<th scope="row">([^<]+?) <span.*?</th><td data-label="Region">([^<]*)</td>', page))
    assert int(rows["Opened"]) == told["whole"]["opened"] == 2
    assert int(rows["Ended"]) == told["whole"]["ended"] == 1
    assert len(rows) == len(DEFINITIONS)
    assert "Opened: 2</text>" in page
    assert "not for publication" in page


@pytest.mark.parametrize(
    "query", ["from=2026-12-01&until=2026-01-01", "from=1990-01-01", "by=postcode&until=2026-11-03"]
)
def test_a_period_that_cannot_be_meant_is_told(lite_house: House, query: str) -> None:
    page = Visitor(lite_house, "head").look(f"/figures?{query}", 200 if "by=" in query else 422)
    assert ("There is a problem" in page) is ("by=" not in query)


def test_nobody_else_counts(lite_house: House) -> None:
    for login in ("coach", "desk"):
        Visitor(lite_house, login).look("/figures", 403)
    Visitor(lite_house, "head").look("/figures?from=soon", 400)


def test_every_figure_has_a_name_and_says_what_it_counts() -> None:
    shown = {name for name in DEFINITIONS if not name.startswith("ended_")}
    assert set(words.WORDS["figure"]) == set(words.WORDS["counted"]) == shown
    assert {one.unit.value for one in DEFINITIONS.values()} == set(words.WORDS["figure_unit"])
