"""Figures of the log through the interface: counted by the database, day by day, as the entries themselves say."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gateway.pages import words
from tests.api.support import entries, since
from tests.house import House
from tests.pages.visiting import Visitor
from vault.cases.calendar import BRUSSELS
from vault.oversight.log_figures import LONGEST, Measure, Step
from vault.usecases import log_figures as counting

LOOKING = {"read", "list", "search", "reveal"}


@pytest.fixture
def busy(house: House) -> House:
    """Looks by day and night over a change of the clock, a refusal, a search that opens nothing and one that does."""
    house.clock.moment = datetime(2026, 10, 23, 9, tzinfo=UTC)
    for login in ("coach", "colleague"):
        house.client(login)
    case = house.open_case(house.client("coach"))
    house.client("colleague").get(f"/cases/{case}")
    house.client("coach").post("/search", json={"word": "maison"})
    house.clock.move(minutes=30)
    house.client("coach").post("/search", json={"word": "maison"})
    house.client("coach").get(f"/cases/{case}")
    for day, hour in ((24, 21), (24, 23), (25, 0), (25, 1), (25, 22), (26, 5), (26, 19)):
        house.clock.moment = datetime(2026, 10, day, hour, 30, tzinfo=UTC)
        house.renew("coach")
        assert house.client("coach").get(f"/cases/{case}").status_code == 200
    house.clock.moment = datetime(2026, 11, 3, 9, tzinfo=UTC)
    for login in ("auditor", "dpo"):
        house.renew(login)
    return house


def told(
    house: House, login: str = "auditor", first: str = "2026-10-23", to: str = "2026-10-28", step: str = "day"
) -> Any:
    return house.client(login).get("/log-figures", params={"from": first, "to": to, "step": step})


def expected(house: House, first: date, end: date) -> Counter[tuple[str, str, str]]:
    """The same from the entries' own bytes."""
    found: Counter[tuple[str, str, str]] = Counter()
    for body in entries(house):
        there = datetime.fromisoformat(body["at"]).astimezone(BRUSSELS)
        if not first <= there.date() < end:
            continue
        day = there.date().isoformat()
        if body["decision"] == "deny":
            found["refused", day, body["role"]] += 1
        if body["decision"] == "allow" and body["action"] in LOOKING:
            for measure, group in (("by_zone", "zone"), ("by_role", "role"), ("by_purpose", "purpose")):
                found[measure, day, body[group]] += 1
            late = there.weekday() > 4 or not (6, 30) <= (there.hour, there.minute) < (20, 0)
            if late and body["role"] in ("coach", "desk_officer", "regional_head", "follow_up_officer"):
                found["after_hours", day, body["role"]] += 1
    return found


def test_what_is_counted_is_what_the_entries_say_also_when_the_clock_changes(busy: House) -> None:
    before = len(entries(busy))
    reply = told(busy)
    assert reply.status_code == 200, reply.text
    rows = {(r["measure"], r["period"], r["group"]): r["count"] for r in reply.json()["rows"]}
    searched = {key: count for key, count in rows.items() if key[0] == "search_only"}
    counted = {key: count for key, count in rows.items() if count and key[0] not in ("search_only", "emergency")}
    assert counted == dict(expected(busy, date(2026, 10, 23), date(2026, 10, 28)))
    assert sum(searched.values()) == 1, "the second search was followed by a look at the case"
    assert rows["after_hours", "2026-10-25", "coach"] == 4, "night in Brussels, on both sides of the change"
    [entry] = since(busy, before)
    assert (entry["action"], entry["kind"], entry["outcome"]) == ("read", "log_figures", "day")


def test_weeks_add_up_to_what_their_days_are(busy: House) -> None:
    days, weeks = told(busy, to="2026-11-02").json(), told(busy, "dpo", to="2026-11-02", step="week").json()
    assert days["entries"] == weeks["entries"]
    for measure in Measure:
        of_days, of_weeks = (
            sum(row["count"] for row in each["rows"] if row["measure"] == measure) for each in (days, weeks)
        )
        assert of_days == of_weeks


@pytest.mark.parametrize(
    ("first", "to", "step"),
    [("2026-10-23", "2026-10-23", "day"), ("2026-01-01", "2026-10-28", "day"), ("2024-01-01", "2026-10-28", "week"),
     ("1980-01-01", "1980-01-02", "day")],
)  # fmt: skip
def test_a_period_that_is_none_or_too_long_is_refused(lite_house: House, first: str, to: str, step: str) -> None:
    assert told(lite_house, first=first, to=to, step=step).status_code == 400


def test_a_day_with_too_much_is_refused_and_others_come_in_between(
    lite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    lite_house.client("auditor").get("/entries")
    monkeypatch.setattr(counting, "MOST_A_DAY", 1)
    reply = told(lite_house, first="2026-11-03", to="2026-11-04")
    assert (reply.status_code, reply.json()["issues"][0]["name"]) == (400, "to")
    page = Visitor(lite_house, "auditor").look("/log-figures?from=2026-11-03&until=2026-11-03", 422)
    assert "Ask for fewer days" in page


def test_no_other_role_counts(lite_house: House) -> None:
    for login in ("coach", "head", "officer"):
        assert lite_house.client(login).get("//oversight/log-figures?from=2026-11-01&to=2026-11-03").status_code == 401


def test_each_chart_has_a_table_of_the_same_numbers(lite_house: House) -> None:
    house = lite_house
    coach = house.client("coach")
    case = house.open_case(coach)
    coach.get(f"/cases/{case}/identity")
    house.client("colleague").get(f"/cases/{case}")
    page = Visitor(house, "auditor").look("/log-figures?from=2026-11-02&until=2026-11-03&step=day")
    rows = told(house, first="2026-11-02", to="2026-11-04").json()["rows"]
    by_role = sum(row["count"] for row in rows if (row["measure"], row["group"]) == ("by_role", "coach"))
    assert by_role > 0
    assert f">Coach: {by_role}</text>" in page
    assert f'<td data-label="Coach"><strong>{by_role}</strong></td>' in page
    assert page.count('<svg role="img"') == page.count("</table>") == len({row["measure"] for row in rows})
    assert "style=" not in page
    weeks = Visitor(house, "dpo").look("/log-figures")
    assert "Week from" in weeks
    Visitor(house, "auditor").look("/log-figures?from=soon", 400)
    assert Visitor(house, "auditor").look("/log-figures?from=2020-01-01", 422)


def test_every_code_of_a_figure_has_a_word() -> None:
    for group, codes in (("log_measure", Measure), ("log_counted", Measure), ("log_step", Step)):
        assert set(words.WORDS[group]) == {str(code) for code in codes}
    assert set(LONGEST) == set(Step)
    assert timedelta(days=LONGEST[Step.WEEK]) > timedelta(days=365)
