"""Lawful exceptions by command: filed, signed for with one's own key, let go, read, taken note of, told, taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.kit import HouseGateway, Shell, signed_in
from tests.excepted import disclosed, sign_for
from tests.house import House

ASKED = ("--basis", "court_order", "--to", "partner:fedasil", "--item", "family_name", "--hours", "24")
WHY = ("--reason", "Ordonnance du juge d'instruction")


@pytest.fixture
def court(shell: Shell, lite_house: House) -> Shell:
    shell.hooks.gateway = HouseGateway(lite_house)
    return shell


def test_an_exception_goes_its_way_by_command(court: Shell, lite_house: House) -> None:
    house = lite_house
    case = house.open_case(house.client("coach"))
    signed_in(house, "coach")
    number = court.ok("exception", "file", case, *ASKED, *WHY).out.split("\t")[0]
    assert court.ok("exception", "list", case).rows[0][:4] == [number, "court_order", "partner:fedasil", "open"]
    for login in ("dpo", "head"):
        assert sign_for(house, number, login).status_code == 201
    for login in ("head", "dpo", "fedasil"):
        signed_in(house, login)
    shown = court.ok("access", "show", number, "--zone", "oversight").out
    assert "partner:fedasil" in shown
    assert case not in shown
    release, to, _ = court.ok("exception", "disclose", number).out.split("\t")
    assert to == "partner:fedasil"
    assert [row[0] for row in court.ok("exception", "received").rows] == [release]
    assert "Diallo" in court.ok("exception", "read", release).out
    assert court.ok("exception", "acknowledge", number).out == f"{number}\tacknowledged\n"
    signed_in(house, "coach")
    assert court.ok("exception", "told", case, number).out == f"{number}\ttold\n"
    signed_in(house, "head")
    back = court.ok("exception", "revoke", release, "--reason", "misused", "--zone", "casework").out
    assert back.startswith(f"{release}\trevoked at")
    court.refused("not_found", "exception", "read", release)
    assert court.ok("exception", "received").rows == []
    assert [row[0] for row in court.ok("exception", "received", "--ended").rows] == [release]


def test_the_officer_stops_one_by_the_same_command(court: Shell, lite_house: House) -> None:
    house = lite_house
    _, release = disclosed(house, house.open_case(house.client("coach")))
    for login in ("dpo", "fedasil"):
        signed_in(house, login)
    assert "Diallo" in court.ok("exception", "read", release).out
    stopped = court.ok("exception", "revoke", release, "--reason", "given_by_mistake").out
    assert stopped.startswith(f"{release}\trevoked at")
    court.refused("not_found", "exception", "read", release)


def test_a_silence_is_said_whole_or_not_at_all(court: Shell, lite_house: House) -> None:
    case = lite_house.open_case(lite_house.client("coach"))
    signed_in(lite_house, "coach")
    assert court.run("exception", "file", case, *ASKED, *WHY, "--ground", "secret_inquiry").code == 2
    silence = ("--ground", "secret_inquiry", "--until", "2026-12-31")
    court.ok("exception", "file", case, *ASKED, *WHY, *silence)
    court.refused(
        "invalid_input", "exception", "file", case, *ASKED, *WHY, "--ground", "because", "--until", "2026-12-31"
    )


def test_the_bases_are_shown_and_a_file_that_says_too_much_is_refused(shell: Shell, tmp_path: Path) -> None:
    told = shell.ok("exception", "bases", "--json").json
    assert {row["basis"]: row["recipients"] for row in told["bases"]}["court_order"] == "partner:fedasil"
    assert len(told["digest"]) == 64
    file = tmp_path / "own.toml"
    text = (Path(__file__).parents[1] / "exceptions.toml").read_text("utf-8")
    file.write_text(text.replace("partner:fedasil", "follow_up"), "utf-8")
    shell.refused("configuration_error", "exception", "bases", "--file", file)
