"""Lawful exceptions: items, the person's notice to the microsecond, and files that do not load."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.exception_rules import load_exception_rules
from vault.cases.exceptions import ITEM_FACTS, MOST_ITEMS, NoticeStanding, Silence, kinds_of, notice_of, parse_items
from vault.errors import ConfigurationError, InvalidInput
from vault.vocabulary import KIND_COMPARTMENT, Compartment, Kind, Zone

SHIPPED = (Path(__file__).parents[2] / "gateway" / "exceptions.toml").read_text("utf-8")
RULES = load_exception_rules(Path(__file__).parents[1] / "exceptions.toml")
LEFT = datetime(2026, 11, 3, 9, tzinfo=UTC)
ONE = "ab" * 16


def test_as_shipped_nobody_receives_anything() -> None:
    rules = load_exception_rules(Path(__file__).parents[2] / "gateway" / "exceptions.toml")
    assert all(basis.recipients == () for basis in rules.bases.values())
    for basis in rules.bases:
        with pytest.raises(InvalidInput):
            rules.check(basis, Zone.parse("partner:fedasil"))


def test_no_item_is_of_narrative_or_of_stay_analysis() -> None:
    compartments = {KIND_COMPARTMENT[kind] for kind in ITEM_FACTS}
    assert not compartments & {Compartment.NARRATIVE, Compartment.STAY_ANALYSIS}
    for kind in Kind:
        if kind not in ITEM_FACTS:
            with pytest.raises(InvalidInput):
                parse_items([f"{kind.value}:{ONE}"])


@pytest.mark.parametrize(
    "items",
    [
        [], ["family_name", "family_name"], ["Family_name"], ["family_name "], ["whereabouts_note"], ["ov_number"],
        ["sensitive_fact"], ["sensitive_fact:"], [f"sensitive_fact:{ONE}0"], [f"sensitive_fact:{ONE.upper()}"],
        [f"sensitive_fact:{ONE}\n"], [f"return_fact:{number:032x}" for number in range(MOST_ITEMS + 1)],
    ],
)  # fmt: skip
def test_what_is_no_item_is_refused(items: list[str]) -> None:
    with pytest.raises(InvalidInput):
        parse_items(items)


def test_items_stand_in_one_order_however_they_were_named() -> None:
    facts = [f"sensitive_fact:{ONE}", f"return_fact:{ONE}"]
    expected = ("family_name", "address", *sorted(facts))
    assert parse_items([*facts, "address", "family_name"]) == expected
    assert kinds_of(expected) == ("identity", "contact", "return_fact", "sensitive_fact")


@pytest.mark.parametrize(
    ("after", "standing"),
    [
        (timedelta(), NoticeStanding.DUE),
        (timedelta(days=30) - timedelta(microseconds=1), NoticeStanding.DUE),
        (timedelta(days=30), NoticeStanding.OVERDUE),
    ],
)
def test_the_person_is_to_be_told_within_days_of_its_leaving(after: timedelta, standing: NoticeStanding) -> None:
    assert notice_of(None, LEFT, None, RULES, LEFT + after).standing is standing
    assert notice_of(None, LEFT, LEFT + after, RULES, LEFT + after).standing is NoticeStanding.GIVEN


def test_a_silence_ends_at_midnight_in_belgium_and_the_days_begin_there() -> None:
    silence = Silence("secret_inquiry", date(2026, 12, 31))
    end = datetime(2026, 12, 31, 23, tzinfo=UTC)
    tick = timedelta(microseconds=1)
    assert notice_of(silence, LEFT, None, RULES, end - tick).standing is NoticeStanding.FORBIDDEN
    assert notice_of(silence, LEFT, None, RULES, end) == (NoticeStanding.DUE, end + timedelta(days=30))
    assert notice_of(silence, LEFT, None, RULES, end + timedelta(days=30)).standing is NoticeStanding.OVERDUE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("recipients = []", 'recipients = ["follow_up"]'), ("recipients = []", 'recipients = ["oversight"]'),
        ("recipients = []", 'recipients = ["casework"]'), ("recipients = []", 'recipients = ["nobody"]'),
        ("recipients = []", 'recipients = ["partner:a", "partner:a"]'), ("recipients = []", ""),
        ("per_day = 3", "per_day = 0"), ("per_day = 3", "per_day = 1001"),
        ("longest_hours = 336", "longest_hours = 745"),
        ("notice_within_days = 30", "notice_within_days = 0"), ("notice_within_days = 30", "notice_within_days = 91"),
        ("longest_silence_days = 366", "longest_silence_days = 0"), ("per_day = 3", 'per_day = "3"'),
        ("[basis.publicity]", "[basis.Publicity]"), ("[basis.publicity]", "[basis.court_order]"),
        ("[ground.secret_inquiry]", "[grounds.secret_inquiry]"), ('version = "shipped-1"', ""),
    ],
)  # fmt: skip
def test_a_file_that_allows_more_than_could_be_lawful_does_not_load(tmp_path: Path, old: str, new: str) -> None:
    assert old in SHIPPED
    file = tmp_path / "own.toml"
    file.write_text(SHIPPED.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigurationError, match=r"own\.toml"):
        load_exception_rules(file)
