"""Oversight asks by command, and whoever is asked lists, finds the case and answers by command."""

from __future__ import annotations

import pytest

from tests.cli.kit import UNKNOWN, Shell, signed_in
from tests.house import House


@pytest.fixture
def asked(desk: Shell, lite_house: House) -> tuple[Shell, str, str]:
    """A shell, a case, and a review of its coach's look, in which the auditor asked whose case it is."""
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    coach.get(f"/cases/{case}/identity")
    signed_in(lite_house, "auditor")
    name = lite_house.staff["coach"].log_name
    ((_, *look),) = desk.ok("audit", "list", "--actor", name, "--kind", "identity", "--action", "read").rows
    entry = next(word for word in look if len(word) == 32)
    review = desk.ok("audit", "review", "open", entry, "--origin", "by_hand").out.strip()
    words = ("--based-on", "1", "--reason", "Vérifier.", "--question", "whose_case")
    desk.ok("audit", "review", "ask", review, *words)
    return desk, case, review


def test_a_question_is_listed_its_case_found_and_answered_once(
    asked: tuple[Shell, str, str], lite_house: House
) -> None:
    desk, case, review = asked
    signed_in(lite_house, "coach")
    ((number, code, _, action, kind, subject, _, answered),) = desk.ok("questions", "list").rows
    assert (code, action, kind, answered) == ("whose_case", "read", "identity", "")
    assert case in desk.ok("case", "find", "--log-name", subject).out
    done = desk.ok("questions", "answer", number, typed="Le dossier d'une famille que je suis.\n")
    assert done.out.endswith("answered\n")
    desk.refused("conflict", "questions", "answer", number, "--text", "Encore.")
    assert desk.ok("questions", "list").rows[0][-1]
    signed_in(lite_house, "auditor")
    shown = desk.ok("audit", "review", "show", review).out
    assert "Le dossier d'une famille que je suis." in shown


def test_who_was_not_asked_sees_answers_and_finds_nothing(asked: tuple[Shell, str, str], lite_house: House) -> None:
    desk, case, _ = asked
    signed_in(lite_house, "coach")
    ((number, *_, subject, _, _),) = desk.ok("questions", "list").rows
    signed_in(lite_house, "colleague")
    assert desk.ok("questions", "list").rows == []
    assert case not in desk.ok("case", "find", "--log-name", subject).out
    desk.refused("not_found", "questions", "answer", number, "--text", "Moi ?")
    for wrong in (UNKNOWN, "L-NOPE"):
        assert desk.run("case", "find", "--log-name", wrong).code == 1
    assert desk.run("case", "find", "--log-name", subject, "--ov", "8123456").code != 0


def test_a_question_goes_by_a_code_that_is_known_to_somebody_of_casework(
    asked: tuple[Shell, str, str], lite_house: House
) -> None:
    desk, _, review = asked
    signed_in(lite_house, "auditor")
    ask = ("audit", "review", "ask", review, "--based-on", "2", "--reason", "Pourquoi ?")
    desk.refused("invalid_input", *ask, "--question", "how_are_you")
    desk.refused("invalid_input", *ask, "--question", "why_then", "--to", lite_house.staff["auditor"].log_name)
