"""Findings, samples and reviews by command, by the two people of oversight."""

from __future__ import annotations

import pytest

from tests.api.support import entries
from tests.cli.kit import Shell, signed_in
from tests.house import House

DAY = "2026-11-03"


@pytest.fixture
def looked(desk: Shell, lite_house: House) -> Shell:
    """A coach looked at a case; a colleague tried five times to."""
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    lite_house.write_note(coach, case)
    for _ in range(5):
        lite_house.client("colleague").get(f"/cases/{case}")
    signed_in(lite_house, "auditor")
    return desk


def test_findings_are_listed_and_reviewed_by_two(looked: Shell, lite_house: House) -> None:
    ran = looked.ok("audit", "findings", "--day", DAY)
    ((day, rule, role, actor, _, counted, _, entry, review),) = ran.rows
    assert (day, rule, role, counted, review) == (DAY, "denied_attempts", "coach", "5", "")
    assert actor == lite_house.staff["colleague"].log_name
    assert "1 findings in" in ran.err
    number = looked.ok("audit", "review", "open", entry, "--origin", rule, "--reason", "Cinq refus.").out.strip()
    based = iter(range(1, 9))

    def act(name: str, *words: str) -> str:
        return looked.ok("audit", "review", name, number, "--based-on", str(next(based)), *words).out

    act("ask", "--reason", "Que cherchiez-vous ?")
    assert act("answer", "--reason", "Un homonyme.") == "opened\tversion 3\n"
    act("decide", "--reason", "Erreur.", "--judgement", "appropriate", "--code", "error")
    looked.refused("not_found", "audit", "review", "sign", number, "--based-on", "4")
    signed_in(lite_house, "dpo")
    act("give-back", "--reason", "Qui est l'homonyme ?")
    act("decide", "--reason", "Vérifié.", "--judgement", "policy_breach", "--code", "error")
    signed_in(lite_house, "auditor")
    act("sign")
    assert act("close").startswith("closed")
    shown = looked.ok("audit", "review", "show", number).out
    assert "Que cherchiez-vous ?" in shown
    assert "policy_breach:error" in shown
    (row,) = looked.ok("audit", "review", "list", "--stage", "closed").rows
    assert (row[1], row[3], row[-1]) == ("closed", "policy_breach", number)
    rules = {line[0]: line for line in looked.ok("audit", "detection").rows}
    assert rules["denied_attempts"][3:8] == ["1", "0", "1", "0", "1.0"]
    looked.refused("stale_version", "audit", "review", "close", number, "--based-on", "3")
    looked.refused("illegal_step", "audit", "review", "close", number, "--based-on", "8")


def test_a_sample_is_drawn_and_the_log_says_so(looked: Shell, lite_house: House) -> None:
    ran = looked.ok("audit", "sample", "--since", f"{DAY}T00:00:00Z", "--until", f"{DAY}T23:00:00Z")
    drawn = [entry for entry in entries(lite_house) if entry["kind"] == "sample"]
    assert (len(ran.rows), drawn[0]["object"] in ran.err) == (drawn[0]["count"], True)


def test_a_period_is_named(looked: Shell) -> None:
    for words in ((), ("--since", DAY), ("--day", "yesterday")):
        looked.refused("invalid_input", "audit", "findings", *words)
