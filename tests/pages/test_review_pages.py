"""The auditor's pages that examine: findings, samples, reviews by two people, and the page of whoever is asked."""

from __future__ import annotations

import re

import pytest

from gateway.pages import words
from tests.api.stage import Stage
from tests.api.support import entries, since
from tests.house import House
from tests.pages.visiting import Visitor
from vault.oversight.reviewing import ORIGINS, Judgement, Move, ReasonCode
from vault.oversight.reviewing import Stage as ReviewStage
from vault.review_questions import QuestionCode

DAYS = "since=2026-11-03&until=2026-11-03"


@pytest.fixture
def refused(lite_house: House) -> House:
    """A colleague tried five times to look at a case that its coach looks at."""
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    coach.get(f"/cases/{case}/identity")
    for _ in range(5):
        lite_house.client("colleague").get(f"/cases/{case}")
    return lite_house


def look(house: House) -> str:
    """The entry of the coach's look at who somebody is."""
    found: str = [e for e in entries(house) if (e["action"], e["kind"]) == ("read", "identity")][-1]["entry"]
    return found


def opened(house: House, login: str = "auditor", origin: str = "by_hand") -> str:
    """The path of a review that was opened on a page."""
    asked = Visitor(house, login)
    entry = look(house)
    assert entry in asked.look(f"/reviews/new?entry={entry}&origin={origin}")
    where = asked.send("/reviews/new", entry=entry, origin=origin, reason="La nuit.")
    return where.partition("?")[0]


def version(page: str) -> str:
    [found] = set(re.findall(r'name="based_on" value="(\d+)"', page))
    return str(found)


def test_a_finding_is_shown_with_its_rule_and_leads_to_its_review(refused: House) -> None:
    auditor = Visitor(refused, "auditor")
    page = auditor.look(f"/findings?{DAYS}")
    assert "Refused again and again" in page
    assert "at least 12; 10 minutes" in page
    assert refused.staff["colleague"].log_name in page
    [(entry, origin)] = set(re.findall(r"/reviews/new\?entry=([0-9a-f]{32})&origin=(\w+)", page))
    assert origin == "denied_attempts"
    where = auditor.send("/reviews/new", entry=entry, origin=origin, reason="")
    assert where.endswith("?done=review_opened")
    again = auditor.look(f"/findings?{DAYS}")
    assert where.partition("?")[0] in again
    told = {row["rule"]: row for row in refused.client("auditor").get("/detection-rules").json()["rules"]}
    for rule in told:
        assert words.WORDS["finding"][rule] in again
    assert told["denied_attempts"]["opened"] == 1


@pytest.mark.parametrize(
    "days", ["since=2026-01-01&until=2026-11-03", "since=soon", "since=2026-11-04&until=2026-11-01"]
)
def test_days_that_cannot_be_looked_through_are_told(lite_house: House, days: str) -> None:
    page = Visitor(lite_house, "auditor").look(f"/findings?{days}", 422)
    assert "There is a problem" in page
    assert "The rules, and how often each was right" in page


def test_a_sample_is_drawn_by_pressing_and_by_nothing_else(refused: House) -> None:
    dpo = Visitor(refused, "dpo")
    before = len(entries(refused))
    assert "Drawn:" not in dpo.look("/samples")
    assert not [e for e in since(refused, before) if e["kind"] == "sample"]
    page = dpo.send("/samples", 200, since="2026-11-03", until="2026-11-03")
    [drawn] = [e for e in since(refused, before) if e["kind"] == "sample"]
    assert drawn["object"] in page
    assert page.count("origin=sample") == drawn["count"] > 0
    assert "There is a problem" in dpo.send("/samples", 422, since="2026-01-01", until="2026-11-03")


def test_two_people_review_a_look_and_the_one_who_looked_answers(refused: House) -> None:
    auditor, dpo, coach = (Visitor(refused, login) for login in ("auditor", "dpo", "coach"))
    where = opened(refused)
    assert "waits for your answer" not in coach.look("/")
    page = auditor.look(where)
    ask = {"act": "ask", "based_on": version(page), "asks": "why_then", "to": ""}
    assert "There is a problem" in auditor.send(where, 422, **ask, ask_reason=" ")
    assert auditor.send(where, **ask, ask_reason="Pourquoi à 23 h ?").endswith("done=review_asked")
    assert "1 question of oversight waits for your answer" in coach.look("/")
    [question] = re.findall(r"/questions/[0-9a-f]{32}", coach.look("/questions"))
    shown = coach.look(question)
    assert "Why at that time?" in shown
    assert "23 h" not in shown, "no word of oversight reaches casework"
    assert Stage(refused).made == {}
    found = coach.send(question, 200, act="find")
    assert re.search(r"/cases/C-[0-9A-Z-]+", found)
    assert "There is a problem" in coach.send(question, 422, answer=" ")
    assert coach.send(question, answer="L'hôpital a appelé.").startswith("/questions?done=")
    assert "Answered on" in coach.look(question)
    assert "hôpital" not in coach.look(question) + coach.look("/questions")
    page = dpo.look(where)
    assert "L'hôpital a appelé." in page
    decide = {"act": "decide", "based_on": version(page), "judgement": "appropriate", "reason_code": "case_work"}
    assert "There is a problem" in dpo.send(where, 422, **(decide | {"judgement": ""}), decide_reason="Urgence.")
    assert dpo.send(where, **decide, decide_reason="Urgence.").endswith("done=review_decided")
    assert "You decided this: somebody else must sign it." in dpo.look(where)
    assert 'value="sign"' not in dpo.look(where)
    dpo.send(where, 404, act="sign", based_on=version(auditor.look(where)))
    assert auditor.send(where, act="sign", based_on=version(auditor.look(where))).endswith("done=review_signed")
    assert auditor.send(where, act="close", based_on=version(auditor.look(where))).endswith("done=review_closed")
    assert "review over" in auditor.look("/reviews?stage=closed")
    assert "unexplained: 0." in auditor.look("/unexplained")


def test_who_saw_an_older_state_of_a_review_changes_nothing(refused: House) -> None:
    auditor = Visitor(refused, "auditor")
    where = opened(refused)
    old = version(auditor.look(where))
    auditor.send(where, act="ask", based_on=old, asks="", ask_reason="Par téléphone.")
    page = auditor.send(where, 422, act="answer", based_on=old, answer_reason="Elle ne sait plus.")
    assert "Somebody changed this in the meantime" in page
    assert "Elle ne sait plus." in page, "nothing typed is lost"
    auditor.send(where, act="answer", based_on=version(page), answer_reason="Elle ne sait plus.")
    page = auditor.send(where, 422, act="ask", based_on="3", asks="why_then", to="a-" + "0" * 24, ask_reason="Et ?")
    assert "The vault asks members of the guidance service alone" in page
    auditor.send(where, 404, act="burn", based_on="3")


def test_nobody_reviews_themself(refused: House) -> None:
    auditor = Visitor(refused, "auditor")
    auditor.look("/")
    own = [e for e in entries(refused) if e["role"] == "auditor" and e["kind"] == "audit_entry"][-1]["entry"]
    auditor.send("/reviews/new", 404, entry=own, origin="by_hand", reason="")
    where = Visitor(refused, "dpo").send("/reviews/new", entry=own, origin="by_hand", reason="").partition("?")[0]
    auditor.look(where, 404)
    assert where not in auditor.look("/reviews")
    assert where in Visitor(refused, "dpo").look("/reviews")


def test_what_is_asked_of_one_is_nobody_elses(refused: House) -> None:
    Stage(refused).asked_about()
    [question] = re.findall(r"/questions/[0-9a-f]{32}", Visitor(refused, "coach").look("/questions"))
    for login in ("colleague", "head", "desk"):
        Visitor(refused, login).look(question, 404)
        Visitor(refused, login).send(question, 404, answer="Moi ?")
        assert question not in Visitor(refused, login).look("/questions")
    for path in ("/findings", "/reviews", "/reviews/new"):
        Visitor(refused, "coach").look(path, 404)
    Visitor(refused, "coach").look("/samples", 403)  # casework's own, of cases: a head's


def test_every_code_of_a_review_has_a_word() -> None:
    for group, codes in (
        ("finding", ORIGINS), ("review_stage", ReviewStage), ("review_move", Move), ("judgement", Judgement),
        ("reason_code", ReasonCode), ("asks", QuestionCode),
    ):  # fmt: skip
        assert set(words.WORDS[group]) == {str(code) for code in codes}, group
