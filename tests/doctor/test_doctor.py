"""The doctor finds every way in which an installation can be broken by SQL, names that and nothing else, and says
nothing of what was confided. A sound installation is sound."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from bench.pg import Postgres
from gateway.cli.doctoring import CHECKS, DATABASES, DIRECTORY, NAMES, ROOTS, SAMPLE, look, sample_of, try_sample
from gateway.settings import Settings
from tests.api.stage import calls
from tests.cli.kit import Shell
from tests.crash.checks import faults
from tests.doctor.estate import CANARY, Estate, furnish_estate, past_the_program
from tests.doctor.sabotage import SABOTAGE, Break
from tests.house import STAFF, House, furnish, house_on, make_keys, sqlite_home
from vault.doctor.checks import Findings, Severity
from vault.doctor.explained import EXPLAINED_BY, LEAVES
from vault.storage import tables as t
from vault.vocabulary import OVERSIGHT, Role

Copy = Callable[[], Estate]
#: Found by looking at files, not at rows; each has a test of its own, below, in tests/roots or in test_unnamed_trees.
_OF_FILES = {DIRECTORY.name, ROOTS.name, DATABASES.name, SAMPLE.name, NAMES.name}


@pytest.fixture(scope="module")
def lite_estate(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    return furnish_estate(sqlite_home(sqlite_template, tmp_path_factory.mktemp("estate") / "home"))


@pytest.fixture(scope="module")
def postgres_estate(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    home = make_keys(tmp_path_factory.mktemp("estate") / "home").home
    urls = [postgres.create_database(f"doctor_{which}") for which in ("main", "keystore")]
    settings = Settings(home=home, database_url=urls[0], keystore_url=urls[1])
    furnish(settings)
    return furnish_estate(settings)


@pytest.fixture(params=["sqlite", "postgres"])
def estate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Estate]:
    """A copy of the furnished installation, to be broken."""
    if request.param == "sqlite":
        found: Estate = request.getfixturevalue("lite_estate")
        home = tmp_path / "copy"
        shutil.copytree(found.settings.home, home)
        yield replace(found, settings=Settings(home=home), cases=dict(found.cases))
        return
    found, server = request.getfixturevalue("postgres_estate"), request.getfixturevalue("postgres")
    names = ("doctor_main", "doctor_keystore")
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        for name in names:
            # Nobody may be in what is copied: a vacuum, or a connection whose end is slow to arrive.
            admin.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", (name,))
            admin.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name} STRATEGY FILE_COPY".encode())
        urls = [server.url(f"{name}_copy") for name in names]
        settings = found.settings.model_copy(update={"database_url": urls[0], "keystore_url": urls[1]})
        yield replace(found, settings=settings, cases=dict(found.cases))
        for name in names:
            admin.execute(f"DROP DATABASE {name}_copy WITH (FORCE)".encode())


def named(findings: Findings) -> set[str]:
    return {finding.check.name for finding in findings}


def told(findings: Findings) -> list[tuple[str, str]]:
    return [(finding.check.name, finding.what) for finding in findings]


def test_a_sound_installation_is_sound(estate: Estate) -> None:
    assert told(look(estate.settings, estate.clock)) == []


@pytest.mark.parametrize(("check", "done"), SABOTAGE, ids=[f"{name}-{done.__name__[1:]}" for name, done in SABOTAGE])
def test_what_is_broken_is_found_and_nothing_else(estate: Estate, check: str, done: Break) -> None:
    with past_the_program(estate) as past:
        done(past)
    found = look(estate.settings, estate.clock)
    assert named(found) == {check}, told(found)
    assert found.sound == all(finding.check.severity is Severity.REMARK for finding in found)
    assert CANARY not in json.dumps([finding.values() for finding in found])


def test_every_check_has_a_way_to_be_broken() -> None:
    assert {name for name, _ in SABOTAGE} | _OF_FILES == {check.name for check in CHECKS}


def test_every_check_says_what_holds_why_and_what_to_do() -> None:
    for check in CHECKS:
        assert all(len(text) > 15 for text in (check.holds, check.why, check.advice)), check.name
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_every_check_stands_in_the_operators_page() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text("utf-8")
    assert [check.name for check in CHECKS if f"`{check.name}`" not in page] == []


def test_every_table_that_names_an_entry_is_explained() -> None:
    naming = {
        table.name for table in t.main.sorted_tables if "entry_id" in table.c and table.schema != "log"
    }  # fmt: skip
    assert set(EXPLAINED_BY) == naming
    assert {table for table, _ in LEAVES.values()} <= naming


def test_everything_that_can_be_asked_for_leaves_a_sound_installation(house: House) -> None:
    for make in calls(house).values():
        call = make()
        house.client(call.login)
        reply = house.app.request(
            call.method, call.path, headers={"authorization": f"Bearer {house.tokens[call.login]}"}, **call.payload
        )
        assert reply.status_code == call.status, (call, reply.text)
    assert told(look(house.settings, house.clock)) == []
    assert faults(house.settings) == [], "every row is explained by its entry"


def test_entries_that_wait_for_long_are_found(estate: Estate) -> None:
    estate.clock.move(hours=2)
    assert named(look(estate.settings, estate.clock)) == {"log_outbox"}
    estate.clock.move(hours=-2)


def test_a_directory_that_was_changed_is_found_before_anything_else(estate: Estate) -> None:
    document = estate.settings.home / "directory.json"
    document.chmod(0o600)
    content = document.read_bytes()
    document.write_bytes(content.replace(b"casework", b"caseworK", 1))
    try:
        assert named(look(estate.settings, estate.clock)) == {DIRECTORY.name}
    finally:
        document.write_bytes(content)


def test_a_database_that_is_gone_is_found(estate: Estate) -> None:
    settings = estate.settings
    if settings.sqlite:
        (settings.home / "main.db").unlink()
    else:
        settings = settings.model_copy(update={"database_url": settings.database_url.replace("_copy", "_nowhere")})
    assert named(look(settings, estate.clock)) == {DATABASES.name}


def test_a_damaged_page_is_found(lite_house: House) -> None:
    file = lite_house.settings.home / "keystore.db"
    lite_house.close()
    content = bytearray(file.read_bytes())
    content[4096:4200] = b"\xff" * 104
    file.write_bytes(content)
    assert named(look(lite_house.settings, lite_house.clock)) == {DATABASES.name}


def test_a_sample_opens_and_the_log_says_so(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STAFF, "newcomer", (OVERSIGHT, Role.DPO, ""))
    sample, findings = sample_of(estate.settings, 40), Findings()
    assert 10 < len(sample) <= 40
    with house_on(estate.settings) as house:
        house.clock.moment = estate.clock.moment
        try_sample(house.services, sample, findings, lambda *_: None)
        assert told(findings) == []
        assert house.client("newcomer").get("/entries?limit=1").status_code == 200
        entries = house.client("newcomer").get("/entries?limit=20").json()["entries"]
    examined = [(entry["kind"], entry["count"]) for entry in entries if entry["action"] == "examined"]
    assert examined == [("record", len(sample))]


def test_a_sample_finds_what_was_exchanged(estate: Estate) -> None:
    with past_the_program(estate) as past:
        sealed = past.one(t.records.c.sealed, t.records.c.kind == "note")
        past.change(t.records, t.records.c.case_id == past.case("far"), t.records.c.kind == "contact", sealed=sealed)
    findings = Findings()
    with house_on(estate.settings) as house:
        try_sample(house.services, sample_of(estate.settings, 10_000), findings, lambda *_: None)
    assert [(finding.check.name, finding.count) for finding in findings] == [(SAMPLE.name, 1)]
    assert CANARY not in json.dumps([finding.values() for finding in findings])


def test_the_command_says_so_and_exits_with_its_code(shell: Shell, lite_estate: Estate, tmp_path: Path) -> None:
    home = tmp_path / "copy"
    shutil.copytree(lite_estate.settings.home, home)
    shell.hooks.clock = lite_estate.clock
    ran = shell.ok("doctor", "--home", home, "--open", "20")
    assert ran.out.startswith("sound: ")
    copy = replace(lite_estate, settings=Settings(home=home), cases=dict(lite_estate.cases))
    with past_the_program(copy) as past:
        past.change(t.staff, t.staff.c.login == "officer", login="coach")
    ran = shell.run("doctor", "--home", home)
    assert ran.code == 3
    assert all(word in ran.out for word in ("separate_duties", "casework", "follow_up"))
    found = shell.run("doctor", "--home", home, "--json").json
    assert not found["sound"]
    assert [one["check"] for one in found["findings"]] == ["separate_duties"]
    assert {"holds", "why", "advice", "places"} <= set(found["findings"][0])


def test_the_command_lists_what_it_checks(shell: Shell) -> None:
    listed = shell.ok("doctor", "--list", "--json").json["checks"]
    assert [one["check"] for one in listed] == [check.name for check in CHECKS]
