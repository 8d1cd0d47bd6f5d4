"""Oversight asks, the asked person answers inside the vault, and a head may learn which case a log's pseudonym is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.stage import JUDGED, Stage
from tests.api.support import entries, since
from tests.api.test_reviewing_looks import act, opened
from tests.house import House
from vault.review_questions import QuestionCode

Json = dict[str, Any]


def look_of(house: House, login: str, **said: str) -> Json:
    """The newest allowed look of somebody."""
    wanted = {"decision": "allow", "actor": house.staff[login].log_name, **said}
    return [each for each in entries(house) if all(each[name] == value for name, value in wanted.items())][-1]


def questions(house: House, login: str) -> list[Json]:
    reply = house.client(login).get("/questions")
    assert reply.status_code == 200, reply.text
    found: list[Json] = reply.json()["questions"]
    return found


def answer(house: House, login: str, question: str, text: str = "Mon dossier.", status: int = 201) -> None:
    reply = house.client(login).post(f"/questions/{question}/answer", json={"answer": text})
    assert reply.status_code == status, reply.text


def test_whoever_looked_is_asked_and_answers_and_two_others_decide(house: House) -> None:
    case = Stage(house).case()
    house.client("coach").get(f"/cases/{case}/identity")
    look = look_of(house, "coach", kind="identity")
    review = opened(house, look["entry"])
    asked = act(house, "auditor", review, "notes", based_on=1, move="ask", reason="La nuit ?", asks="why_then")
    [found] = questions(house, "coach")
    assert (found["asks"], found["kind"], found["subject"]) == ("why_then", "identity", look["subject"])
    assert (found["question"], found["answered_at"]) == (asked["entry"], None)
    assert questions(house, "colleague") == questions(house, "head") == []
    before = len(entries(house))
    answer(house, "coach", found["question"], "Appel d'un hôpital.")
    written = since(house, before)[-1]
    assert (written["kind"], written["subject"], written["outcome"]) == ("review_question", f"R-{review}", "answer")
    assert questions(house, "coach")[0]["answered_at"]
    told = house.client("dpo").get(f"/reviews/{review}").json()
    assert (told["stage"], told["version"], told["strays"]) == ("opened", 3, 0)
    assert [(one["move"], one["role"], one["reason"]) for one in told["acts"]] == [
        ("ask", "auditor", "La nuit ?"), ("answer", "coach", "Appel d'un hôpital."),
    ]  # fmt: skip
    act(house, "auditor", review, "decision", based_on=3, **JUDGED)
    act(house, "auditor", review, "signature", status=404, based_on=4, move="sign")
    assert act(house, "dpo", review, "signature", based_on=4, move="sign")["stage"] == "signed"
    page = house.client("auditor").get("/explanations", params={"unexplained": "true"}).json()
    assert page["explanations"] == []


def test_a_question_is_answered_once_and_by_nobody_else(lite_house: House) -> None:
    house = lite_house
    question = Stage(house).asked_about()
    for login in ("colleague", "head", "desk"):
        answer(house, login, question, status=404)
    answer(house, "coach", "0" * 32, status=404)
    answer(house, "coach", question)
    answer(house, "coach", question, status=409)
    for text in ("", " ", "x" * 4001, "a\x00b"):
        answer(house, "coach", question, text, status=400)


def test_an_answer_after_the_decision_changes_nothing_but_is_kept(lite_house: House) -> None:
    house = lite_house
    question = Stage(house).asked_about()
    [review] = house.client("dpo").get("/reviews").json()["reviews"]
    act(house, "dpo", review["review"], "decision", based_on=2, **JUDGED)
    answer(house, "coach", question, "Trop tard.")
    told = house.client("dpo").get(f"/reviews/{review['review']}").json()
    assert (told["stage"], told["version"], told["strays"]) == ("decided", 3, 1)


@pytest.mark.parametrize(
    "said",
    [
        {"asks": "how_are_you"}, {"asks": "why_then", "move": "answer"}, {"to": "a-" + "0" * 24},
        {"asks": "why_then", "to": "a-" + "0" * 24}, {"asks": "why_then", "to": "coach"},
    ],
)  # fmt: skip
def test_what_is_no_question_is_refused(lite_house: House, said: Json) -> None:
    review = Stage(lite_house).review()
    body = {"based_on": 1, "move": "ask", "reason": "Pourquoi ?", **said}
    act(lite_house, "auditor", review, "notes", status=400, **body)
    assert lite_house.client("auditor").get(f"/reviews/{review}").json()["version"] == 1


def test_who_is_not_of_casework_is_asked_outside(lite_house: House) -> None:
    lite_house.client("officer").get(f"/sheets/{Stage(lite_house).sheet()}")
    review = opened(lite_house, look_of(lite_house, "officer")["entry"])
    body = {"based_on": 1, "move": "ask", "reason": "Pourquoi ?"}
    act(lite_house, "auditor", review, "notes", status=400, asks=QuestionCode.FOR_WHOM.value, **body)
    act(lite_house, "auditor", review, "notes", **body)


def test_a_head_is_asked_whose_case_it_is_and_the_log_shows_that_they_looked(lite_house: House) -> None:
    """The pseudonym leads nowhere but for whoever has the case within reach, by a step that is decided and logged."""
    house = lite_house
    case = Stage(house).case()
    house.client("coach").get(f"/cases/{case}")
    house.client("head").get(f"/cases/{case}")
    look = look_of(house, "coach", kind="case", action="read")
    review = opened(house, look["entry"])
    head = house.staff["head"].log_name
    act(
        house, "auditor", review, "notes", based_on=1, move="ask", reason="Elle doit être prévenue.", asks="whose_case",
        to=head,
    )  # fmt: skip
    [found] = questions(house, "head")
    assert (found["asks"], found["subject"]) == ("whose_case", look["subject"])
    asked = {"field": "log_name", "value": found["subject"]}
    before = len(entries(house))
    assert [each["reference"] for each in house.client("head").post("/find", json=asked).json()["cases"]] == [case]
    [written] = since(house, before)
    assert (written["rule"], written["subject"], written["outcome"]) == ("cw-24", look["subject"], "log_name")
    before = len(entries(house))
    house.client("far_head"), house.client("colleague")
    for login in ("far_head", "colleague"):
        assert house.client(login).post("/find", json=asked).json() == {"cases": []}
    assert {each["subject"] for each in since(house, before) if each["action"] == "search"} == {""}
    answer(house, "head", found["question"], "La personne est prévenue.")
    page = house.client("auditor").get("/explanations", params={"unexplained": "true"}).json()
    assert page["explanations"] == []
    assert house.client("head").post("/find", json={"field": "log_name", "value": case}).status_code == 400
