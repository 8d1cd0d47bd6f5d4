"""`parefeu erasure`: from a dry run to the confirmation, each word by whom it belongs to."""

from __future__ import annotations

from tests.cli.kit import Shell, signed_in
from tests.erasures import carry_out, closed_case, full_case, rows
from tests.house import UNKNOWN_CASE, House
from vault.storage import tables as t


def test_the_rules_and_the_holds_need_no_vault(shell: Shell) -> None:
    told = shell.ok("erasure", "rules", "--json").json
    assert told["months"]["narrative"] == 24
    assert {each["ground"] for each in told["grounds"]} >= {"retention_over", "person_asks"}
    assert "withdraw it first" in shell.ok("erasure", "holds").out


def test_a_head_sees_what_is_due_asks_and_the_officer_agrees(lite_house: House, desk: Shell) -> None:
    case = closed_case(lite_house)
    signed_in(lite_house, "head")
    signed_in(lite_house, "dpo")
    assert desk.ok("erasure", "due", "--json").json["cases"] == []
    [line] = desk.ok("erasure", "due", "--by", "2029-01-01", "--json").json["cases"]
    assert line["reference"] == case
    assert rows(lite_house, t.erasures) == [], "a dry run"
    desk.refused("erasure_held", "erasure", "ask", case, "--ground", "retention_over")
    number = desk.ok("erasure", "ask", case, "--ground", "person_asks").out.split("\t")[0]
    desk.refused("conflict", "erasure", "ask", case, "--ground", "person_asks")
    [asked] = desk.ok("erasure", "asked", "--json").json["erasures"]
    assert asked["erasure"] == number
    assert "approved" in desk.ok("erasure", "approve", number).out
    assert carry_out(lite_house) == 1
    desk.refused("not_found", "erasure", "ask", case, "--ground", "person_asks")
    [asked] = desk.ok("erasure", "asked", "--json").json["erasures"]
    assert asked["standing"] == "approved", "oversight sees its own word; that it is done stands in the log"


def test_due_with_ask_asks_for_what_nothing_holds(lite_house: House, desk: Shell) -> None:
    closed_case(lite_house)
    lite_house.clock.move(days=800)
    for login in ("head", "dpo"):
        lite_house.renew(login)
        signed_in(lite_house, login)
    [asked] = desk.ok("erasure", "due", "--ask", "retention_over", "--json").json["asked"]
    assert desk.ok("erasure", "due", "--ask", "retention_over", "--json").json["asked"] == []
    assert "refused" in desk.ok("erasure", "refuse", asked["erasure"], "--code", "still_needed").out
    [line] = desk.ok("erasure", "due", "--json").json["cases"]
    assert (line["standing"], line["refused_for"]) == ("refused", "still_needed")
    assert "still_needed" in desk.ok("erasure", "due").out


def test_an_open_case_says_what_holds_it_and_an_unknown_one_nothing(lite_house: House, desk: Shell) -> None:
    case = full_case(lite_house)
    signed_in(lite_house, "head")
    told = desk.refused("erasure_held", "erasure", "ask", case, "--ground", "person_asks")
    assert "not erased now: open" in told.err
    desk.refused("not_found", "erasure", "ask", UNKNOWN_CASE, "--ground", "person_asks")
