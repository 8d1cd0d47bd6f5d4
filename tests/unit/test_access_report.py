"""Entries told to the person: what a line joins, what is counted only, when a day begins, and in which words."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.report_words import load_report_words
from vault.audit.reading import Place
from vault.errors import ConfigurationError
from vault.ids import EntryId
from vault.oversight.access_report import Withholding, summarise

SHIPPED = Path(__file__).resolve().parents[2] / "gateway" / "texts" / "access_report.toml"
NOW = datetime(2026, 11, 10, tzinfo=UTC)
WITHHELD = (Withholding("auditor", "access_review", "check_under_way"),)


def entry(number: int, at: str = "2026-11-03T09:00:00+00:00", **changed: Any) -> tuple[EntryId, dict[str, Any]]:
    body = {
        "at": at, "action": "read", "kind": "note", "role": "coach", "zone": "casework", "purpose": "coaching",
        "decision": "allow", "count": 1, "outcome": "",
    }  # fmt: skip
    return EntryId(bytes(8) + number.to_bytes(8, "big")), body | changed


def told(
    *entries: tuple[EntryId, dict[str, Any]], leaves: bool = True, now: datetime = NOW
) -> dict[str, Any]:  # fmt: skip
    places = {each: Place("log.example/2026h2", number) for number, (each, _) in enumerate(entries)} if leaves else {}
    report = summarise(entries, places, WITHHELD, now)
    return {
        "days": [day.values() for day in report.days], "consultations": report.consultations,
        "refused": report.refused, "unsequenced": report.unsequenced,
        "withheld": [{"reason": reason, "count": count} for reason, count in report.withheld],
    }  # fmt: skip


def test_equal_looks_of_a_day_are_one_line_with_their_places_in_the_log() -> None:
    later = entry(3, "2026-11-03T12:00:00+00:00", purpose="case_administration")
    found = told(entry(1), entry(2, "2026-11-03T11:30:00+00:00"), later)
    ((day),) = found["days"]
    first, second = day["lines"]
    assert (first["count"], first["first"], first["last"]) == (2, "10:00", "12:30")
    assert first["leaves"] == [{"origin": "log.example/2026h2", "indexes": [0, 1]}]
    assert second["purpose"] == "case_administration"
    assert found["consultations"] == 3


def test_the_hour_that_the_clock_strikes_twice_is_told_in_the_order_in_which_it_passed() -> None:
    """On 25 October 2026 it is 02:30 twice in Brussels: at 00:30 and at 01:30 of UTC."""
    early, late = (entry(n, f"2026-10-25T0{n}:{minute}:00+00:00") for n, minute in ((0, 50), (1, 10)))
    other = entry(2, "2026-10-25T01:05:00+00:00", purpose="case_administration")
    ((day),) = told(early, late, other)["days"]
    assert [(line["purpose"], line["first"], line["last"]) for line in day["lines"]] == [
        ("coaching", "02:50", "02:10"), ("case_administration", "02:05", "02:05"),
    ]  # fmt: skip


def test_what_must_not_be_told_yet_is_counted_whoever_looked_and_shown_from_that_day_on() -> None:
    """Everything about the exception and its copy, whichever entry says so, and nothing else."""
    filed = entry(1, action="create", kind="disclosure", object="aa", outcome="filed withheld_until=2026-11-30")
    looked = entry(2, action="read", kind="access_request", object="aa", role="regional_head")
    left = entry(3, action="release_begun", kind="disclosure", object="bb",
                 outcome="partner:police withheld_until=2026-11-30", purpose="legal_obligation")  # fmt: skip
    read = entry(4, kind="disclosure", object="bb", role="partner_agent", zone="partner:police")
    other = entry(5, object="cc")
    for now, shown, withheld in (
        (NOW, 1, [{"reason": "notice_forbidden", "count": 4}]),
        (datetime(2026, 11, 30, 23, tzinfo=UTC) - timedelta(microseconds=1), 1,
         [{"reason": "notice_forbidden", "count": 4}]),
        (datetime(2026, 11, 30, 23, tzinfo=UTC), 5, []),
    ):  # fmt: skip
        found = told(filed, looked, left, read, other, now=now)
        assert (found["consultations"], found["withheld"]) == (shown, withheld)
        assert ("police" in str(found["days"])) is (shown == 5)


@pytest.mark.parametrize(
    ("at", "day", "clock"),
    [
        ("2026-11-03T22:59:59+00:00", "2026-11-03", "23:59"),
        ("2026-11-03T23:00:00+00:00", "2026-11-04", "00:00"),
        ("2026-07-03T21:59:59+00:00", "2026-07-03", "23:59"),
        ("2026-07-03T22:00:00+00:00", "2026-07-04", "00:00"),
        ("2026-10-25T00:30:00+00:00", "2026-10-25", "02:30"),  # the hour that comes twice
        ("2026-10-25T01:30:00+00:00", "2026-10-25", "02:30"),
    ],
)
def test_a_day_begins_at_midnight_where_the_person_lives(at: str, day: str, clock: str) -> None:
    ((found),) = told(entry(1, at))["days"]
    assert (found["day"], found["lines"][0]["first"]) == (day, clock)


@pytest.mark.parametrize(
    ("changed", "manner", "category", "recipient"),
    [
        ({}, "consulted", "narrative", ""),
        ({"action": "reveal"}, "names_restored", "narrative", ""),
        ({"action": "write", "kind": "sensitive_fact"}, "recorded", "sensitive", ""),
        ({"action": "create", "kind": "case"}, "recorded", "status", ""),
        ({"action": "close", "kind": "case"}, "step", "status", ""),
        ({"action": "a_step_of_tomorrow", "kind": "a_kind_of_tomorrow"}, "step", "", ""),
        ({"action": "release_begun", "kind": "referral", "outcome": "partner:caritas"}, "passed_on", "contact",
         "partner:caritas"),
        ({"action": "released", "kind": "referral"}, "step", "contact", ""),
        ({"action": "release_withdrawn", "kind": "referral", "outcome": "partner:caritas"}, "taken_back", "contact",
         "partner:caritas"),
        ({"action": "release_withdrawn", "kind": "referral", "outcome": "partner:caritas reader_held_on"},
         "taken_back", "contact", "partner:caritas"),
        ({"action": "answer_taken", "kind": "referral_answer"}, "recorded", "narrative", ""),
        ({"action": "review"}, "consulted", "narrative", ""),
    ],
)  # fmt: skip
def test_each_entry_is_told_by_what_was_done_with_which_kind_of_data(
    changed: dict[str, Any], manner: str, category: str, recipient: str
) -> None:
    ((line),) = told(entry(1, **changed))["days"][0]["lines"]
    assert (line["manner"], line["category"], line["recipient"]) == (manner, category, recipient)


def test_what_showed_nothing_or_is_withheld_is_counted_only() -> None:
    found = told(
        entry(1, decision="deny"), entry(2, count=0, outcome="erased"),
        entry(3, role="auditor", purpose="access_review"),
        entry(4, role="auditor", purpose="access_review", decision="deny"),
    )  # fmt: skip
    assert (found["days"], found["consultations"], found["refused"]) == ([], 0, 2)
    assert found["withheld"] == [{"reason": "check_under_way", "count": 2}]


def test_what_no_tree_holds_yet_is_said() -> None:
    assert told(entry(1), leaves=False)["unsequenced"] == 1


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("fr", "Transmis à organisation partenaire Caritas\u00a0: adresse et coordonnées – coach"),
        ("nl", "Doorgegeven aan partnerorganisatie Caritas: adres en contactgegevens – coach"),
        ("de", "Weitergegeben an Partnerorganisation Caritas: Adresse und Kontaktdaten – Coach"),
        ("en", "Passed on to partner organisation Caritas: address and contact details – coach"),
    ],
)
def test_every_language_has_its_own_words(language: str, says: str) -> None:
    lines = [entry(number) for number in range(1, 9)]
    lines.append(entry(9, action="release_begun", kind="referral", outcome="partner:caritas"))
    lines += [entry(10, role="auditor", purpose="access_review"), entry(11, decision="deny")]
    report = told(*lines) | {
        "release": "ab" * 16, "made_at": "2026-11-04T09:00:00+00:00", "since": None,
        "until": "2026-11-04T23:30:00+00:00",
        "checkpoint": {"origin": "log.example/2026h2", "size": 12, "root": "cm9vdA=="},
    }  # fmt: skip
    text = load_report_words().text(report, language)
    assert says in text
    assert "0, 1, 2, 3, 4, 5 …" in text
    assert "log.example/2026h2" in text
    assert "05.11.2026" in text or "05/11/2026" in text
    assert "{" not in text
    unsigned = load_report_words().text(report | {"checkpoint": None, "days": [], "unsequenced": 2}, language)
    assert "log.example" not in unsigned


@pytest.mark.parametrize(
    ("language", "together", "apart"),
    [
        ("fr", "3 fois, à 07:11 –", "2 fois, de 07:11 à 07:12 –"),
        ("nl", "3 keer, om 07:11 –", "2 keer, van 07:11 tot 07:12 –"),
        ("de", "3 Mal, um 07:11 –", "2 Mal, von 07:11 bis 07:12 –"),
        ("en", "3 times, at 07:11 –", "2 times, from 07:11 to 07:12 –"),
    ],
)
def test_looks_of_one_minute_are_told_at_that_minute(language: str, together: str, apart: str) -> None:
    report = told(
        *(entry(n, f"2026-11-03T06:11:0{n}+00:00") for n in range(3)),
        *(entry(3 + n, f"2026-11-03T06:1{1 + n}:30+00:00", purpose="case_administration") for n in range(2)),
    ) | {
        "release": "ab" * 16, "made_at": "2026-11-04T09:00:00+00:00", "since": None,
        "until": "2026-11-04T23:30:00+00:00", "checkpoint": None,
    }  # fmt: skip
    text = load_report_words().text(report, language)
    assert together in text
    assert apart in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('consulted = "Consulté"\n', ""),
        ('consulted = "Consulté"', 'consulted = ""'),
        ('consulted = "Consulté"', "consulted = 3"),
        ('consulted = "Consulté"', 'consulted = "Consulté {name}"'),
        ('title = "Who consulted your case"', 'title = "Who {who}"'),
        ('{size} entries', '{size!r} entries'),
        ('reason = "check_under_way"', 'reason = "another"'),
        ('role = "auditor"', 'role = "somebody"'),
        ("version = 4", 'version = "1"'),
        ("version = 4", "version = 4\nmore = 2"),
        ("[de]", "[es]"),
        ("[nl.reason]", "[nl.reason"),
    ],
)  # fmt: skip
def test_words_that_would_fail_in_a_report_stop_the_start(tmp_path: Path, old: str, new: str) -> None:
    text = SHIPPED.read_text("utf-8")
    assert old in text
    (tmp_path / SHIPPED.name).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigurationError):
        load_report_words(tmp_path)


def test_an_offices_own_words_are_used(tmp_path: Path) -> None:
    shutil.copy(SHIPPED, tmp_path)
    own = tmp_path / SHIPPED.name
    own.write_text(own.read_text("utf-8").replace("Who consulted your case", "Ours"), "utf-8")
    assert load_report_words(tmp_path).sentences["en"]["title"] == "Ours"
    assert load_report_words(tmp_path / "..").sentences["en"]["title"] == "Who consulted your case"
