"""What a change of the rules would have meant for decisions that were taken."""

from __future__ import annotations

from dataclasses import replace

from policies.compiler import Table, compile_table
from policies.lines import Source
from policies.recorded import Recorded, replay

READ_NOTE = Recorded("coach", "read", "note", "coaching", True, "cw-11")
REFUSED_NOTE = Recorded("coach", "read", "note", "coaching", False, "")
REFERRED = Recorded("coach", "release", "referral", "coaching", True, "cw-18")
REFUSED_REFERRAL = Recorded("coach", "release", "referral", "coaching", False, "")


def _changed(source: Source, rule_id: str, **change: object) -> Table:
    rules = tuple(
        replace(rule, **change) if rule.id == rule_id else rule for rule in source.rules  # type: ignore[arg-type]
    )  # fmt: skip
    return compile_table(replace(source, rules=rules))


def test_the_same_policy_changes_nothing_that_was_decided(table: Table) -> None:
    tallies = {READ_NOTE: 5, REFUSED_NOTE: 3, REFERRED: 2, REFUSED_REFERRAL: 1}
    told = replay(table, table, tallies)
    assert (told.same, told.differs, told.may_differ, told.unknown, told.lines) == (11, 0, 0, 0, ())


def test_a_rule_that_goes_differs_for_every_time_it_answered(source: Source, table: Table) -> None:
    rules = tuple(rule for rule in source.rules if rule.id != "cw-11")
    told = replay(table, compile_table(replace(source, rules=rules)), {READ_NOTE: 5, REFUSED_NOTE: 3, REFERRED: 2})
    assert (told.same, told.differs, told.may_differ) == (5, 5, 0)
    assert told.lines == ("5 x coach, read note, coaching, allowed by cw-11: differs",)


def test_a_phase_or_fact_that_is_needed_besides_may_differ(source: Source, table: Table) -> None:
    narrower = _changed(source, "cw-11", states=("active",))
    assert replay(table, narrower, {READ_NOTE: 4}).may_differ == 4
    assert replay(table, _changed(source, "cw-11", need="own+consent"), {READ_NOTE: 4}).may_differ == 4


def test_a_widening_may_turn_refusals(source: Source, table: Table) -> None:
    wider = _changed(source, "cw-18", need="own")
    told = replay(table, wider, {REFERRED: 2, REFUSED_REFERRAL: 7})
    assert (told.same, told.may_differ) == (2, 7)


def test_other_fields_in_the_answer_differ(source: Source, table: Table) -> None:
    assert replay(table, _changed(source, "cw-11", release="note_list"), {READ_NOTE: 4}).differs == 4


def test_what_the_old_policy_cannot_have_decided_is_unknown(table: Table) -> None:
    told = replay(
        table,
        table,
        {
            Recorded("decision_client", "read", "note", "coaching", False, ""): 2,
            Recorded("coach", "read", "note", "coaching", True, "cw-999"): 3,
            Recorded("", "lane_opened", "lane", "", False, ""): 4,
        },
    )
    assert (told.unknown, told.same) == (9, 0)
