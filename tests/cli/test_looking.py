"""The demo and the tour, whole; and the log that a server writes."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from gateway.cli.home import settings_of
from gateway.cli.logs import told as told_of
from gateway.cli.output import as_called
from gateway.demo.orders import EXAMPLE_FILE, FOLDER
from gateway.demo.people import BY_LOGIN, token_for
from gateway.demo.setup import Demo
from gateway.demo.tour import play_tour
from gateway.demo.welcome import SHOWN, examples, print_welcome
from tests.cli.kit import Shell
from tests.house import House, house_on, prefix_of
from vault.cases.calendar import belgian_day
from vault.cases.flow import State
from vault.errors import ConfigurationError
from vault.vocabulary import CASEWORK


def test_the_demo_is_made_and_used_again_and_production_refuses_it(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "demo-home"
    assert "17 cases" in shell.ok("demo", "--home", home, "--only-make").out
    demo = Demo.load(home)
    shell.ok("doctor", "--home", home)
    _orders_can_be_taken_in(shell, home, demo)
    _every_state_has_a_case(home, demo)
    shell.ok("demo", "--home", home, "--only-make")
    assert Demo.load(home).password == demo.password
    assert (home / "sign-ins.json").stat().st_mode & 0o077 == 0
    assert len(shell.ok("demo", "--home", home, "--code", "amina").out.strip()) == 6
    _examples_hold(home, demo)
    monkeypatch.setenv("PAREFEU_ENVIRONMENT", "production")
    with pytest.raises(ConfigurationError, match="demo"):
        settings_of(home).check()


def _orders_can_be_taken_in(shell: Shell, home: Path, demo: Demo) -> None:
    """By the command that the welcome prints: nothing is written before --write, and nothing twice."""
    path, where = home / FOLDER / EXAMPLE_FILE, ("--home", home)
    code = shell.ok("demo", *where, "--code", "nele").out.strip()
    shell.ok("sign-in", "nele", "--zone", "casework", *where, typed=f"{demo.password}\n{code}\n")
    statuses = {}
    for name, words in {"look": (), "write": ("--write",), "again": ("--write",)}.items():
        ran = shell.run("file", "import", path, *words, *where)
        assert ran.code == 1, ran.err  # somebody must look at two of them
        statuses[name] = [row[1] for row in ran.rows]
    assert statuses["look"] == [*["new"] * 4, "passed_on", "new", "invalid", "invalid"]
    assert statuses["write"] == [*["triaged"] * 4, "passed_on", "waiting", "invalid", "invalid"]
    assert statuses["again"] == [*["same"] * 4, "passed_on", "same", "invalid", "invalid"]
    waiting = {row[0] for row in shell.ok("file", "missing", *where).rows}
    own = next(case.reference for case in demo.cases if case.slug == "order_without_criterion")
    assert own in waiting
    assert len(waiting) == 2


def _every_state_has_a_case(home: Path, demo: Demo) -> None:
    """By the state that the vault itself says, to whom the welcome names; and the desk expects somebody."""
    found = {}
    with house_on(settings_of(home)) as house:
        house.clock.move(days=60)
        for case in demo.cases:
            assert BY_LOGIN[case.coach].zone == CASEWORK
            headers = {"authorization": f"Bearer {token_for(house.services, case.coach, timedelta(hours=1))}"}
            reply = house.app.get(f"/casework/cases/{case.reference}", headers=headers)
            assert reply.status_code == 200, case.slug
            found[case.slug] = reply.json()["state"]
            assert found[case.slug] == case.state
        expected = _expected(house)
    assert set(found.values()) == {state.value for state in State} - {State.ERASED.value}
    assert expected == 7


def _expected(house: House) -> int:
    """How many people the desks of Brussels receive within ten days from now."""
    token = token_for(house.services, "nele", timedelta(hours=1))
    today, count = belgian_day(datetime.now(UTC)), 0
    for desk in ("brussels-1", "brussels-2"):
        for ahead in range(10):
            path = f"/casework/desks/{desk}/day?day={today + timedelta(days=ahead)}"
            reply = house.app.get(path, headers={"authorization": f"Bearer {token}"})
            count += len(reply.json()["appointments"])
    return count


def _examples_hold(home: Path, demo: Demo) -> None:
    """What the welcome says is allowed is, and what it says is refused is."""
    with house_on(settings_of(home)) as house:
        house.clock.move(days=60)
        tokens = {login: token_for(house.services, login, timedelta(hours=1)) for login in SHOWN}
        for login in SHOWN:
            allowed, refused = examples(login, demo)
            headers = {"authorization": f"Bearer {tokens[login]}"}
            assert house.app.get(allowed, headers=headers).status_code == 200, login
            assert house.app.get(refused, headers=headers).status_code in {401, 403, 404}, login
            assert allowed.startswith(prefix_of(BY_LOGIN[login].zone))
    print_welcome(demo, "http://127.0.0.1:1", str(home), tokens)


def test_a_folder_that_is_no_demo_is_left_alone(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    shell.refused("configuration_error", "demo", "--home", tmp_path / "mine", "--fresh", "--only-make")
    assert (tmp_path / "mine" / "letter.txt").exists()


def test_the_tour_shows_that_nothing_opens(shell: Shell) -> None:
    screen = io.StringIO()
    pauses: list[int] = []
    console = Console(file=screen, width=100, highlight=False)
    found = play_tour(None, shell.hooks, pause=lambda: pauses.append(1), console=console)
    assert [str(one.zone) for one in found] == ["follow_up", "partner:caritas", "partner:fedasil", "oversight"]
    for one in found:
        assert one.confided == 0
        assert one.beyond == 0
        assert one.of("notes").tries > 0
        assert one.of("data keys of cases").opened == 0
    # The attack itself works: what was released to a zone, it opens.
    assert [one.of("outcome sheets").opened for one in found] == [1, 0, 0, 1]
    assert [one.of("referrals").opened for one in found] == [0, 1, 0, 0]
    assert found[3].of("audit details").opened == found[3].of("audit details").there > 0
    text = screen.getvalue()
    assert "0 hits" in text
    assert len(pauses) == 9
    # The file of orders: looked at, taken in, and once more without effect; what is refused says why.
    for told in ("families", "open_return", "passed_on", "Guardianship", "triaged", "waiting", "same"):
        assert told in text, told


def test_the_log_takes_codes_and_drops_everything_else() -> None:
    lines = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(told_of(record))

    log = logging.getLogger("parefeu.test")
    log.propagate = False
    log.addHandler(Keep())
    try:
        log.error("failed for %s", "Aminata Diallo", extra={"code": "not_found", "name_typed": "Aminata", "size": 3})
        log.error("failed", extra={"code": "Aminata Diallo confided"})
        log.error("Aminata Diallo é")
        try:
            int("Aminata Diallo")
        except ValueError:
            log.exception("failed")
    finally:
        log.handlers.clear()
    written = json.dumps(lines)
    assert "Aminata" not in written
    assert lines[0]["event"] == "failed for …"
    assert (lines[0]["code"], lines[0]["size"]) == ("not_found", 3)
    assert "code" not in lines[1]
    assert lines[3]["fault"] == "ValueError"


def test_commands_are_named_as_the_user_calls_them(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who started it with `./run` has no `parefeu` to type."""
    assert "`parefeu init`" in shell.refused("keyring_missing", "serve").err
    monkeypatch.setenv("PAREFEU_CALLED_AS", "./run")
    told = shell.refused("keyring_missing", "serve").err
    assert told.startswith("parefeu: ")
    assert "`./run init`" in told
    assert as_called("parefeu: see parefeu-home or /opt/bin/parefeu serve, or `parefeu db check`") == (
        "parefeu: see parefeu-home or /opt/bin/parefeu serve, or `./run db check`"
    )
