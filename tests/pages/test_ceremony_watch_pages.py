"""Ceremonies on the auditor's pages: listed until they are reviewed, with signatures that a file lets others check."""

from __future__ import annotations

import json
import re

from gateway.approver_key import check
from gateway.pages import words
from tests import asked
from tests.house import House
from tests.pages.visiting import Visitor
from vault.oversight.ceremonies import Course


def test_an_auditor_finds_a_ceremony_its_signatures_and_the_way_to_its_review(lite_house: House) -> None:
    house = lite_house
    ceremony = asked.opened(house)
    auditor = Visitor(house, "auditor")
    waiting = auditor.look("/ceremonies")
    assert f"/ceremonies/{ceremony}" in waiting
    [entry] = set(re.findall(r"/reviews/new\?entry=([0-9a-f]{32})&origin=ceremony", waiting))
    page = auditor.look(f"/ceremonies/{ceremony}")
    assert asked.CEREMONY["reason"] in page
    assert "Diallo" not in page
    assert page.count(">yes</td>") == 6, "two approvals, three things that hold of each"
    assert "Warning:" not in page
    kept = json.loads(auditor.look(f"/ceremonies/{ceremony}/file"))
    assert {one.login for one in check(kept) if one.fingerprint} == {"dpo", "head"}
    where = auditor.send("/reviews/new", entry=entry, origin="ceremony", reason="").partition("?")[0]
    assert where in auditor.look("/ceremonies")
    dpo = Visitor(house, "dpo")
    assert f"/ceremonies/{ceremony}" in dpo.look("/ceremonies?all=1")
    dpo.look(where, 404)
    dpo.send("/reviews/new", 404, entry=entry, origin="ceremony", reason="")


def test_an_approval_that_does_not_hold_is_said_on_the_page(lite_house: House) -> None:
    house = lite_house
    ceremony = asked.opened(house)
    database = house.services.store.main.raw
    database.execute(
        "UPDATE access_answers SET evidence = x'', entry_id = (SELECT min(entry_id) FROM entries) "
        "WHERE function = 'regional_head'"
    )
    page = Visitor(house, "auditor").look(f"/ceremonies/{ceremony}")
    assert "Touch nothing" in page
    assert page.count('<strong class="govuk-tag govuk-tag--red">no</strong>') == 3


def test_every_course_of_a_ceremony_has_a_word() -> None:
    assert {course.value for course in Course} == set(words.WORDS["ceremony_course"])
