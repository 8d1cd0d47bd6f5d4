"""The page that opens a case says beside each field what is wrong with it, whoever of the family it is about."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from tests.house import House
from tests.pages.visiting import Visitor

FORM: Final = {
    "count": "3", "origin": "walk_in", "place": "known_address", "region": "brussels", "language": "fr",
    "provenance": "admin", "people-0-given_names": "Aminata", "people-0-family_name": "Diallo",
    "people-0-relation": "head", "people-2-given_names": "Awa", "people-2-family_name": "Diallo",
    "people-2-relation": "child",
}  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"term_days": "30 dagen"}, "Term in days"),
        ({"term_end": "31/12/2026"}, "End of the term for leaving"),
        ({"notified_on": "yesterday"}, "Notified on"),
        ({"phone": "0" * 2001}, "Telephone"),
        ({"people-2-national_number": "93.05.18-223.62"}, "National number (Person 3)"),
        ({"people-2-birth_date": "2019"}, "Born on (Person 3)"),
        ({"people-2-given_names": "Awa\x7fB"}, "(Person 3)"),
        ({"people-2-given_names": ""}, "Given names (Person 3)"),
        ({"ov_number": "12"}, "OV/SP number"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(lite_house: House, wrong: dict[str, Any], told: str) -> None:
    page = Visitor(lite_house, "coach").send("/open", 422, **FORM | wrong)
    summary = re.search(r"error-summary__list.*?</ul>", page, re.DOTALL)
    assert summary is not None
    [(field, label)] = re.findall(r'<li><a href="#([^"]+)">(.*?)</a></li>', summary[0])
    assert told in label
    assert summary[0].count("<li>") == 1
    assert f'id="{field}"' in page
    assert f'id="{field}-fault"' in page
    for name, value in (FORM | wrong).items():
        assert not isinstance(value, str) or value in page, name
