"""Simulated years: through the real use cases, legal to the last step, the same for the same seed; and the doctor finds
nothing wrong with what they leave behind."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.cli.doctoring import look
from gateway.cli.simulate import fill
from gateway.settings import Settings
from gateway.simulation.plan import Doing, beginnings, life
from gateway.simulation.standing import MARK, Plan, Standing, kept
from policies.firewall import LiveFirewall
from tests.cli.conftest import user
from tests.cli.kit import Shell
from tests.house import house_on, shipped_firewall
from tests.unit.crypto.kit import WeakFileRoot
from vault.cases.calendar import BRUSSELS, Calendar, belgian_day
from vault.errors import ConfigurationError
from vault.statistics.measures import By, Period, Table, Told
from vault.storage import tables as t
from vault.storage.store import make_engine
from vault.storage.survey import SqlSurvey
from vault.vocabulary import Decision, Facts, Question

__all__ = ["user"]
END: Final = date(2026, 11, 25)
FIRST: Final = date(2026, 8, 10)
PARTS: Final[dict[str, Any]] = {"root": WeakFileRoot, "firewall": shipped_firewall()}
CALENDAR: Final = Calendar()


def plan(cases: int, seed: int, first: date = FIRST) -> Plan:
    return Plan(seed=seed, cases=cases, first=first, end=END)


@dataclass
class Noon:
    """The day after the simulation's end."""

    def now(self) -> datetime:
        return datetime(2026, 11, 25, 12, tzinfo=UTC)


def histories(settings_: Settings) -> list[tuple[tuple[str, str, str], ...]]:
    """Every case's steps with day and note, ids left out, in one order."""
    with SqlSurvey(settings_.main_url, settings_.keys_url) as survey:
        return sorted(
            tuple((event.step.value, belgian_day(event.at).isoformat(), event.note) for event in file.events)
            for file in survey.case_files()
        )


def test_a_few_hundred_cases_and_the_doctor_finds_nothing(house_settings: Settings) -> None:
    done, standing = fill(house_settings, PARTS, plan(200, 5), lambda *_: None)
    assert standing is None  # nothing waits: it ran to its end
    assert (done.cases, done.steps > 700, done.notes > 90, done.facts > 5) == (200, True, True, True)
    assert [(finding.check.name, finding.what) for finding in look(house_settings, Noon())] == []
    table = Table(Period(FIRST, END), By.REGION)
    with SqlSurvey(house_settings.main_url, house_settings.keys_url) as survey:
        steps: Counter[str] = Counter()
        for file in survey.case_files():
            assert file.case is not None
            table.add(Told(file.case, file.events))
            steps.update(event.step.value for event in file.events)
    assert sum(steps.values()) == done.steps
    assert len(steps) >= 15
    counts = table.whole.counts
    assert (counts["opened"], counts["no_shows"] > 20, counts["attended"] > 20) == (200, True, True)
    assert counts["handed_over"] == steps["hand_over"] > 0
    assert len(table.groups) == 5
    with house_on(house_settings) as house:  # an ordinary server serves what was simulated
        house.clock.moment = Noon().now()
        assert house.client("auditor").get("/entries?limit=1").status_code == 200


def test_one_seed_gives_one_story_and_another_gives_another(
    sqlite_settings: Settings, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Any
) -> None:
    stories = []
    for seed in (3, 3, 4):
        home = tmp_path_factory.mktemp("seeded") / "home"
        shutil.copytree(sqlite_template, home)
        made = Settings(home=home)
        fill(made, PARTS, plan(15, seed, date(2026, 10, 15)), lambda *_: None)
        stories.append(histories(made))
    assert stories[0] == stories[1] != stories[2]
    assert sqlite_settings.home != home


def test_one_that_is_stopped_goes_on_to_the_same_story(
    house_settings: Settings, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Any
) -> None:
    whole = Settings(home=tmp_path_factory.mktemp("whole") / "home")
    shutil.copytree(sqlite_template, whole.home)
    planned = plan(40, 7)
    done, _ = fill(whole, PARTS, planned, lambda *_: None)

    standing: Standing | None = None
    stops = 0
    while stops == 0 or standing is not None:
        batches = iter(range(40))
        so_far, standing = fill(
            house_settings, PARTS, planned, lambda *_: None, standing=standing,
            stop=lambda batches=batches: next(batches, None) is None,
        )  # fmt: skip
        if standing is not None:
            stops += 1
            assert kept(house_settings.home) == standing
            assert (so_far.cases, so_far.steps) == (standing.done.cases, standing.done.steps)
    assert stops >= 3
    assert (so_far.cases, so_far.steps, so_far.notes, so_far.facts) == (done.cases, done.steps, done.notes, done.facts)
    assert histories(house_settings) == histories(whole)
    assert [(finding.check.name, finding.what) for finding in look(house_settings, Noon())] == []
    with pytest.raises(ConfigurationError, match="ran to its end"):
        kept(house_settings.home)


def test_one_that_was_killed_or_spoilt_does_not_go_on(sqlite_settings: Settings) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(sqlite_settings, PARTS, plan(10, 1), die)
    with pytest.raises(ConfigurationError, match="was killed"):
        kept(sqlite_settings.home)
    (sqlite_settings.home / MARK).write_text('{"version":1,"plan":{}}')
    with pytest.raises(ConfigurationError, match="cannot be read"):
        kept(sqlite_settings.home)
    with pytest.raises(ConfigurationError, match="only an empty one"):
        fill(sqlite_settings, PARTS, plan(10, 1), lambda *_: None)


def test_the_command_stops_in_good_order_at_a_signal_and_goes_on(user: Any, sqlite_settings: Settings) -> None:
    from gateway.cli.home import Hooks

    class Impatient(LiveFirewall):
        """Ends the program, as an operator would, in the middle of some batch."""

        asked = 0

        def decide(self, question: Question, facts: Facts) -> Decision:
            self.asked += 1
            if self.asked == 30:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().decide(question, facts)

    hasty = Shell(Hooks(root=WeakFileRoot, firewall=Impatient(shipped_firewall())))
    shell = Shell(Hooks(root=WeakFileRoot, firewall=shipped_firewall()))
    words = ("simulate", "--home", sqlite_settings.home)
    first = hasty.ok(*words, "--seed", "2", "--cases", "12", "--years", "1", "--until", "2026-11-25", "--json").json
    assert (first["finished"], first["reached"] < "2026-11-25") == (False, True)
    shell.refused("invalid_input", *words, "--continue", "--seed", "3")
    second = shell.ok(*words, "--continue", "--json").json
    assert (second["finished"], second["reached"], second["seed"]) == (True, "2026-11-25", 2)
    assert (second["cases"], second["steps"] > first["steps"]) == (12, True)
    shell.refused("configuration_error", *words, "--continue")


def test_a_vault_that_holds_anything_is_refused(sqlite_settings: Settings) -> None:
    with house_on(sqlite_settings) as house:
        house.hire("auditor")
    with pytest.raises(ConfigurationError, match="only an empty one"):
        fill(sqlite_settings, PARTS, plan(10, 1), lambda *_: None)
    engine = make_engine(sqlite_settings.main_url)
    with engine.connect() as connection:
        assert connection.execute(select(t.staff.c.login)).scalars().all() == ["auditor"]
    engine.dispose()
    assert not (sqlite_settings.home / MARK).exists()


def test_production_refuses_a_simulated_home(sqlite_settings: Settings) -> None:
    (sqlite_settings.home / MARK).touch()
    strict = Settings(home=sqlite_settings.home, environment="production")
    with pytest.raises(ConfigurationError, match="simulate"):
        strict.check()


def test_the_command_fills_and_tells_its_rate(user: Any, sqlite_settings: Settings) -> None:
    from gateway.cli.home import Hooks

    shell = Shell(Hooks(root=WeakFileRoot, firewall=shipped_firewall()))
    words = ("simulate", "--home", sqlite_settings.home, "--seed", "2", "--cases", "12", "--years", "1")
    told = shell.ok(*words, "--until", "2026-11-25", "--json").json
    assert (told["cases"], told["until"], told["seed"]) == (12, "2026-11-25", 2)
    assert told["steps_per_second"] > 0
    shell.refused("configuration_error", *words)
    verified = shell.ok("audit", "verify", "--home", sqlite_settings.home, "--json").json
    assert [origin.rpartition("/")[2] for origin in verified["logs"]] == ["2025h2", "2026h1", "2026h2"]
    years = {moment[:4] for moment in (verified["from"], verified["to"])}
    assert years == {"2025", "2026"}


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_a_life_runs_forward_within_office_hours(seed: int, cases: int) -> None:
    first = date(2024, 2, 1)
    begun = list(beginnings(seed, cases, first, first + timedelta(days=60), CALENDAR))
    assert [one.number for one in begun] == list(range(1, cases + 1))
    assert [one.at for one in begun] == sorted(one.at for one in begun)
    for one in begun:
        assert CALENDAR.worked(belgian_day(one.at))
        before = one.at
        for act in life(seed, one, CALENDAR):
            assert act.at > before
            assert act.doing is not Doing.OPEN
            local = act.at.astimezone(BRUSSELS)
            assert local.hour >= 9
            before = act.at
